//! How serving a request can fail once it was admitted, and what is said of it: to the client, in the record, in the
//! diagnostics.

use super::client::Gone;
use super::guard::Panicked;
use crate::record::{Ending, UpstreamError as UpstreamFault};
use crate::state::StoreError;
use crate::upstream::answer::{self, Cause};
use crate::upstream::client::UpstreamError;
use http::StatusCode;
use portcullis_core::admission;
use portcullis_core::form::FormError;
use portcullis_core::s3::answer::S3Error;
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::sigv4::payload::BodyError;

/// How serving a request can fail once it was admitted.
pub(super) enum Fault {
    /// The client went away, stalled, or is not to be understood.
    Client(Gone),
    /// The body is not what was announced.
    Body(BodyError),
    /// The body is no form, or not the one its fields announce.
    Form(FormError),
    /// The upstream did not answer, or not whole.
    Upstream(UpstreamError),
    /// The upstream answered what must not reach the client.
    Hidden(S3Error, Cause),
    /// The upstream answered what is not S3, with this status.
    Foreign(S3Error, StatusCode),
    /// The store could not make a change durable.
    Store(StoreError),
    /// What the upstream or the store says makes the request impossible.
    Refused(S3Error),
    /// A fault of ours in the code itself.
    Panicked(Panicked),
}

impl Fault {
    /// What the client is told, and what the record says. The cause goes to the diagnostics here.
    pub(super) fn explain(self, id: &str, upstream: &str) -> (Option<S3Error>, Ending) {
        match self {
            Self::Refused(error) => (Some(error), Ending::Refused),
            Self::Client(Gone::Closed) => (None, Ending::ClientAborted),
            Self::Client(Gone::TooSlow) => (
                Some(ErrorCode::RequestTimeout.into()),
                Ending::ClientAborted,
            ),
            Self::Client(Gone::Malformed) => {
                (Some(ErrorCode::BadRequest.into()), Ending::BodyRefused)
            }
            Self::Body(error) => (Some(admission::refuse_body(&error)), Ending::BodyRefused),
            Self::Form(error) => (Some(admission::refuse_form(&error)), Ending::BodyRefused),
            Self::Hidden(error, cause) => {
                tracing::error!(request = id, "{}", cause.explain(upstream));
                (
                    Some(error),
                    Ending::UpstreamFailed(UpstreamFault::Credentials),
                )
            }
            Self::Foreign(error, status) => {
                let status = status.as_u16();
                tracing::warn!(request = id, upstream, status, "the answer is not S3's");
                (
                    Some(error),
                    Ending::UpstreamFailed(UpstreamFault::Malformed),
                )
            }
            Self::Upstream(error) => {
                tracing::error!(request = id, upstream, "{}", error.explain());
                (
                    Some(answer::failure(&error)),
                    Ending::UpstreamFailed(kind(&error)),
                )
            }
            Self::Store(error) => {
                tracing::error!(request = id, "the store failed: {}", chain(&error));
                (Some(ErrorCode::ServiceUnavailable.into()), Ending::Failed)
            }
            Self::Panicked(Panicked(words)) => {
                // Quoted: the words may hold what a client sent.
                tracing::error!(request = id, panic = ?words, "serving this request panicked");
                (Some(ErrorCode::InternalError.into()), Ending::Failed)
            }
        }
    }
}

/// Which kind of trouble the record and the metrics count.
fn kind(error: &UpstreamError) -> UpstreamFault {
    use pingora::ErrorType as Type;
    let of = |error: &pingora::Error| match error.etype() {
        Type::TLSHandshakeFailure
        | Type::TLSHandshakeTimedout
        | Type::InvalidCert
        | Type::HandshakeError => UpstreamFault::Tls,
        Type::ConnectTimedout | Type::ReadTimedout | Type::WriteTimedout => UpstreamFault::Timeout,
        Type::InvalidHTTPHeader => UpstreamFault::Malformed,
        Type::ConnectRefused | Type::ConnectNoRoute | Type::ConnectError => UpstreamFault::Connect,
        _ => UpstreamFault::Closed,
    };
    match error {
        UpstreamError::Credentials(_) | UpstreamError::Sign(_) => UpstreamFault::NoCredentials,
        UpstreamError::Resolve(_) => UpstreamFault::Connect,
        UpstreamError::Connect(error) | UpstreamError::Broken(error) => of(error),
        UpstreamError::TooLong(_) | UpstreamError::Premature => UpstreamFault::Malformed,
        UpstreamError::Deadline(_) => UpstreamFault::Timeout,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
