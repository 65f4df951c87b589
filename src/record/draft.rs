//! What is known of an exchange, while it runs and at its end.

use super::escape;
use super::id::{HostId, RequestId, RequestIds};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Version};
use jiff::Timestamp;
use portcullis_core::admission::{Labels, TlsVersion};
use portcullis_core::identity::{Account, CallerKind, Principal};
use portcullis_core::policy::Reason;
use portcullis_core::request::CopySource;
use portcullis_core::s3::xml::DeleteFailure;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What the gateway has learned of an exchange so far.
///
/// Begin it with [`Draft::new`] at arrival and fill what becomes known; whatever stays empty is `-` in the log.
#[derive(Debug)]
pub struct Draft {
    /// The id of the exchange.
    pub id: RequestId,
    /// The gateway's instance.
    pub instance: Arc<str>,
    /// Which policies were in force; empty if nothing was decided by them.
    pub revision: Arc<str>,
    /// When the head had been read.
    pub arrived: Timestamp,
    /// The listener's name in the configuration.
    pub listener: Arc<str>,
    /// The socket's peer.
    pub peer: IpAddr,
    /// `None` on a plain connection.
    pub tls: Option<Tls>,
    /// The request as it came.
    pub request: RequestLine,
    /// What admission found out.
    pub labels: Labels,
    /// Of a copy.
    pub copy: Option<CopyFrom>,
    /// Keys that the upstream did not delete, of DeleteObjects. Keys refused here are in `labels.items`.
    pub failures: Vec<DeleteFailure>,
    /// What was sent to the client.
    pub sent: Sent,
    /// Body bytes read from the client, after transfer coding.
    pub bytes_received: u64,
    /// Set once the exchange has an upstream.
    pub upstream: Option<UpstreamUse>,
    /// From the arrival to the last byte sent.
    pub total: Duration,
    /// From the request's last byte sent upstream to the first byte of its answer.
    pub turn_around: Option<Duration>,
}

impl Draft {
    /// A draft of an exchange of which nothing but its arrival is known.
    pub fn new(
        id: RequestId,
        arrived: Timestamp,
        peer: IpAddr,
        listener: Arc<str>,
        instance: Arc<str>,
    ) -> Self {
        Self {
            id,
            instance,
            revision: Arc::default(),
            arrived,
            listener,
            peer,
            tls: None,
            request: RequestLine::default(),
            labels: Labels::default(),
            copy: None,
            failures: Vec::new(),
            sent: Sent::default(),
            bytes_received: 0,
            upstream: None,
            total: Duration::ZERO,
            turn_around: None,
        }
    }

    /// A draft with the next id of `ids`.
    pub fn begin(
        ids: &RequestIds,
        arrived: Timestamp,
        peer: IpAddr,
        listener: Arc<str>,
        instance: Arc<str>,
    ) -> Self {
        Self::new(ids.next(arrived), arrived, peer, listener, instance)
    }
}

/// The request as it came; all empty when its head could not be read.
#[derive(Debug, Default)]
pub struct RequestLine {
    /// `None` when the head could not be read.
    pub method: Option<Method>,
    /// The target's bytes.
    pub target: LoggedUri,
    /// HTTP/1.0 or HTTP/1.1.
    pub version: Version,
    /// The Host header.
    pub host: Option<HeaderValue>,
    /// The Referer header.
    pub referer: Option<LoggedUri>,
    /// The User-Agent header.
    pub user_agent: Option<HeaderValue>,
}

/// A URI a client sent. It may carry a signature or a token, so it prints and is logged with those masked.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LoggedUri(pub Bytes);

impl fmt::Debug for LoggedUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(self.0.len());
        escape::uri(&mut text, &self.0);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl From<&HeaderValue> for LoggedUri {
    fn from(value: &HeaderValue) -> Self {
        Self(Bytes::copy_from_slice(value.as_bytes()))
    }
}

/// The TLS session of the client's connection.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Its version.
    pub version: TlsVersion,
    /// The cipher suite, by rustls's name.
    pub cipher: Cow<'static, str>,
}

/// The source of a copy.
#[derive(Debug, Clone)]
pub struct CopyFrom {
    /// Bucket, key and version copied from.
    pub source: CopySource,
    /// Who owns the source's bucket.
    pub owner: Option<Arc<Account>>,
}

/// What was sent to the client.
#[derive(Debug, Default)]
pub struct Sent {
    /// `None` when no status line was sent.
    pub status: Option<StatusCode>,
    /// The S3 error code in the answer.
    pub error_code: Option<Cow<'static, str>>,
    /// Body bytes.
    pub bytes: u64,
    /// The size of the whole object that was read, written or copied.
    pub object_size: Option<u64>,
}

/// The upstream's part in an exchange.
#[derive(Debug, Clone)]
pub struct UpstreamUse {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// How often the request was sent.
    pub attempts: u32,
    /// Of its last answer.
    pub status: Option<StatusCode>,
    /// Its `x-amz-request-id`.
    pub request_id: Option<HeaderValue>,
    /// Its `x-amz-id-2`.
    pub id_2: Option<HeaderValue>,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// An answer was sent whole: the upstream's, or one the gateway composed for an allowed request.
    Answered,
    /// The gateway refused the request: not authenticated, not allowed, not implemented, not a legal request.
    Refused,
    /// The front refused the head: framing, limits, deadline.
    FrontRefused,
    /// The body did not match what was announced: hash, chunk signature, checksum or length.
    BodyRefused,
    /// The client went away before its answer was complete.
    ClientAborted,
    /// The upstream could not be asked, or did not answer whole.
    UpstreamFailed(UpstreamError),
    /// A fault of the gateway's own.
    Failed,
}

impl Ending {
    /// The name in records and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::FrontRefused => "front_refused",
            Self::BodyRefused => "body_refused",
            Self::ClientAborted => "client_aborted",
            Self::UpstreamFailed(_) => "upstream_failed",
            Self::Failed => "failed",
        }
    }
}

/// What went wrong with an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpstreamError {
    /// No connection: name look-up, refused, unreachable.
    Connect,
    /// The TLS handshake failed, or its certificate is not trusted.
    Tls,
    /// A deadline passed.
    Timeout,
    /// The connection ended before the answer was whole.
    Closed,
    /// The answer could not be understood.
    Malformed,
    /// It does not accept the gateway's credentials.
    Credentials,
    /// There are no credentials for it.
    NoCredentials,
}

impl UpstreamError {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Closed,
        Self::Malformed,
        Self::Credentials,
        Self::NoCredentials,
    ];

    /// The name in records and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Closed => "closed",
            Self::Malformed => "malformed",
            Self::Credentials => "credentials",
            Self::NoCredentials => "no_credentials",
        }
    }
}

/// The one record of an exchange that has ended.
#[derive(Debug)]
pub struct Record {
    /// All that became known.
    pub exchange: Draft,
    /// How it ended.
    pub ending: Ending,
    /// DeleteObjects: what became of each key.
    pub batch: Vec<BatchItem>,
    /// The `x-amz-id-2` of the answer.
    pub host_id: HostId,
}

/// What became of one key of DeleteObjects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// The key.
    pub key: Box<str>,
    /// The version asked for.
    pub version_id: Option<Box<str>>,
    /// As if the key had been deleted by a request of its own.
    pub status: Option<StatusCode>,
    /// Why it was not deleted.
    pub error_code: Option<Cow<'static, str>>,
    /// Why policies refused it.
    pub reason: Option<Arc<Reason>>,
}

impl Record {
    /// Who asked, as S3 writes it: the ARN of a user or role session, the canonical id of an account's root user, nothing
    /// for anonymous callers. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>
    pub fn requester(&self) -> Option<&str> {
        match &self.exchange.labels.principal {
            Principal::Anonymous => None,
            Principal::Service(name) => Some(name),
            Principal::Known(caller) => Some(match caller.kind {
                CallerKind::Root => &caller.account.canonical_id,
                CallerKind::User { .. }
                | CallerKind::RoleSession { .. }
                | CallerKind::FederatedUser { .. } => &caller.arn,
            }),
        }
    }
}

/// Closes a draft.
pub fn finish(mut draft: Draft, ending: Ending) -> Record {
    let batch = batch(&mut draft, ending);
    Record {
        host_id: draft.id.host_id(),
        exchange: draft,
        ending,
        batch,
    }
}

fn batch(draft: &mut Draft, ending: Ending) -> Vec<BatchItem> {
    let items = std::mem::take(&mut draft.labels.items);
    if items.is_empty() {
        return Vec::new();
    }
    let failures: HashMap<_, _> = std::mem::take(&mut draft.failures)
        .into_iter()
        .map(|failure| ((failure.key, failure.version_id), failure.code))
        .collect();
    // Unless the whole answer came, an allowed key shares the fate of the request.
    let passed = ending == Ending::Answered && draft.sent.error_code.is_none();
    let rest = if passed {
        (Some(StatusCode::NO_CONTENT), None)
    } else {
        (draft.sent.status, draft.sent.error_code.clone())
    };
    let outcome = |item: &portcullis_core::admission::Item| {
        if !item.allowed {
            return (Some(StatusCode::FORBIDDEN), Some("AccessDenied".into()));
        }
        let asked = (
            item.key.to_string(),
            item.version_id.as_deref().map(str::to_owned),
        );
        match failures.get(&asked) {
            Some(code) => (Some(status_of(code)), Some(Cow::Owned(code.clone()))),
            None => rest.clone(),
        }
    };
    items
        .into_iter()
        .map(|item| {
            let (status, error_code) = outcome(&item);
            BatchItem {
                key: item.key,
                version_id: item.version_id,
                status,
                error_code,
                reason: item.reason,
            }
        })
        .collect()
}

/// The status S3 gives an error code that can stand in a DeleteResult.
fn status_of(code: &str) -> StatusCode {
    match code {
        "AccessDenied" => StatusCode::FORBIDDEN,
        "NoSuchKey" | "NoSuchVersion" => StatusCode::NOT_FOUND,
        "InternalError" => StatusCode::INTERNAL_SERVER_ERROR,
        "ServiceUnavailable" | "SlowDown" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}
