//! What of an upstream's answer a client may see. Pure.
//!
//! The gateway's own trouble with an upstream, its keys, its clock, the region it signs for, never reaches a client
//! as the upstream put it: it becomes an S3 error of the gateway's, and a log line that says what to change.

use super::client::UpstreamError;
use http::{HeaderMap, HeaderName, StatusCode};
use portcullis_core::s3::answer::S3Error;
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::xml;

/// The most bytes of an error document worth reading.
pub const FAULT_LIMIT: usize = 64 * 1024;

/// An error as an upstream reported it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// The `Code` element.
    pub code: String,
    /// The region that would have been right, where the upstream said so.
    pub region: Option<String>,
}

/// What becomes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Treatment {
    /// It is the client's.
    Pass,
    /// The client gets this instead, and the log the cause.
    Replace(S3Error, Cause),
}

/// What is wrong between gateway and upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The upstream does not accept the gateway's credentials, or does not let them do this.
    Credentials(String),
    /// Gateway and upstream disagree about the time; the code that says so.
    Clock(String),
    /// The bucket is in another region.
    Region {
        /// The code, or the status where there was none.
        code: String,
        /// The region that would be right, if it is known.
        region: Option<String>,
    },
    /// The upstream sent us elsewhere.
    Redirect(StatusCode),
}

impl Cause {
    /// One line for the log, for the upstream of this name: what is wrong and which setting to look at. Holds no key.
    pub fn explain(&self, upstream: &str) -> String {
        match self {
            Self::Credentials(code) => format!(
                "upstream `{upstream}` refused the gateway with `{code}`: check `upstreams.{upstream}.credentials` and what they may do there"
            ),
            Self::Clock(code) => format!(
                "upstream `{upstream}` refused the gateway with `{code}`: check the clocks of gateway and upstream"
            ),
            Self::Region { code, region } => {
                let known = region.as_ref().map(|region| format!(": {region}"));
                format!(
                    "upstream `{upstream}` refused the gateway with `{code}`, the bucket is in another region: set `upstreams.{upstream}.region{}`",
                    known.unwrap_or_default()
                )
            }
            Self::Redirect(status) => format!(
                "upstream `{upstream}` answered with the redirect {}: check `upstreams.{upstream}.endpoint`",
                status.as_u16()
            ),
        }
    }
}

/// What becomes of an answer of this status, whose body held `fault` (`None`: no body, or none that was read).
pub fn classify(status: StatusCode, fault: Option<&Fault>) -> Treatment {
    let region = fault.and_then(|fault| fault.region.clone());
    match fault.map(|fault| fault.code.as_str()) {
        Some(code @ ("RequestTimeTooSkewed" | "RequestExpired")) => {
            replace(ErrorCode::ServiceUnavailable, Cause::Clock(code.to_owned()))
        }
        Some(code) if TEMPORARY.contains(&code) => replace(
            ErrorCode::ServiceUnavailable,
            Cause::Credentials(code.to_owned()),
        ),
        Some(code) if CREDENTIALS.contains(&code) => replace(
            ErrorCode::InternalError,
            Cause::Credentials(code.to_owned()),
        ),
        Some(code) if ELSEWHERE.contains(&code) => elsewhere(code, region),
        _ => by_status(status, region),
    }
}

/// Codes of credentials that will be renewed: trying again helps.
const TEMPORARY: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "TokenRefreshRequired",
];

/// Codes by which an upstream refuses whoever signed, which is the gateway.
const CREDENTIALS: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AccountProblem",
    "AllAccessDisabled",
    "AuthorizationHeaderMissing",
    "CredentialsNotSupported",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingSecurityHeader",
    "NotSignedUp",
    "SignatureDoesNotMatch",
    "UnauthorizedAccess",
    "UnrecognizedClientException",
];

/// Codes by which an upstream says that the bucket is reached another way.
const ELSEWHERE: &[&str] = &[
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "Redirect",
    "TemporaryRedirect",
];

fn by_status(status: StatusCode, region: Option<String>) -> Treatment {
    match status.as_u16() {
        304 => Treatment::Pass,
        300..=399 if region.is_some() => elsewhere(status.as_str(), region),
        300..=399 => replace(ErrorCode::InternalError, Cause::Redirect(status)),
        // A HEAD answer has no code; the gateway had allowed the request, so it is the gateway who is refused.
        401 | 403 => replace(
            ErrorCode::InternalError,
            Cause::Credentials(status.as_str().to_owned()),
        ),
        _ => Treatment::Pass,
    }
}

fn elsewhere(code: &str, region: Option<String>) -> Treatment {
    let code = code.to_owned();
    replace(ErrorCode::InternalError, Cause::Region { code, region })
}

fn replace(code: ErrorCode, cause: Cause) -> Treatment {
    Treatment::Replace(S3Error::new(code), cause)
}

/// What a client gets for a call that had no answer. The details are for the log.
pub fn failure(error: &UpstreamError) -> S3Error {
    let code = match error {
        UpstreamError::Credentials(_)
        | UpstreamError::Resolve(_)
        | UpstreamError::Connect(_)
        | UpstreamError::Broken(_)
        | UpstreamError::Premature
        | UpstreamError::Deadline(_) => ErrorCode::ServiceUnavailable,
        UpstreamError::Sign(_) | UpstreamError::TooLong(_) => ErrorCode::InternalError,
    };
    S3Error::new(code)
}

/// What a client gets in place of an error that is no S3 document: the page of a proxy, or nothing at all.
pub fn foreign(status: StatusCode) -> S3Error {
    S3Error::new(match status.as_u16() {
        404 => ErrorCode::NoSuchKey,
        405 => ErrorCode::MethodNotAllowed,
        412 => ErrorCode::PreconditionFailed,
        413 => ErrorCode::EntityTooLarge,
        416 => ErrorCode::InvalidRange,
        429 => ErrorCode::SlowDown,
        501 => ErrorCode::NotImplemented,
        400..=499 => ErrorCode::InvalidRequest,
        502..=504 => ErrorCode::ServiceUnavailable,
        _ => ErrorCode::InternalError,
    })
}

/// What an upstream's error document, and the headers it came with, say is wrong. `None` if there is none.
pub fn fault(headers: &HeaderMap, error: Option<&xml::UpstreamError>) -> Option<Fault> {
    let header = headers
        .get("x-amz-bucket-region")
        .and_then(|value| name(value.as_bytes()));
    let Some(error) = error else {
        // A HEAD answer has no document, and says in a header alone where the bucket is.
        return header.map(|region| Fault {
            code: String::new(),
            region: Some(region),
        });
    };
    let element = error
        .region
        .as_ref()
        .and_then(|region| name(region.as_bytes()));
    Some(Fault {
        code: name(error.code.as_bytes())?,
        region: element.or(header),
    })
}

/// A code or region as upstreams write them; anything else would forge log lines.
fn name(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let fits = (1..=64).contains(&text.len()) && text.bytes().all(good);
    fits.then(|| text.to_owned())
}

/// Response headers that are the connection's, or that the gateway writes itself. Framing is not among them.
const DROPPED: &[&str] = &[
    "alt-svc",
    "connection",
    "keep-alive",
    "location",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "upgrade",
    "via",
    "x-amz-cf-id",
    "x-amz-cf-pop",
    "x-amz-id-2",
    "x-amz-request-id",
    "x-cache",
];

/// Prefixes of the same.
const DROPPED_PREFIXES: &[&str] = &["access-control-", "x-envoy-", "x-minio-", "x-rgw-"];

/// Whether a response header of an upstream is kept from the client.
pub fn is_dropped(name: &HeaderName) -> bool {
    let name = name.as_str();
    DROPPED.contains(&name)
        || DROPPED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests;
