//! Connecting, signing and sending: [`Client::open`] for bodies that stream, [`Client::send`] where the answer is read
//! whole because the gateway answers from what the upstream said.

use super::Upstream;
use super::call::Call;
use super::chunks::Frames;
use super::credentials::NoCredentials;
use super::peer::ResolveError;
use super::sign::{self, Body, SignError, UpstreamRequest};
use super::wire::Wire;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use pingora::connectors::TransportConnector;
use portcullis_core::admission::{Permit, Run};
use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The whole call, connecting included.
const DEADLINE: Duration = Duration::from_secs(300);
/// Addresses tried before a call fails to connect.
const CONNECT_ATTEMPTS: usize = 3;

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct UpstreamAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The body, without transfer coding.
    pub body: Bytes,
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// Nothing to sign with.
    #[error(transparent)]
    Credentials(#[from] NoCredentials),
    /// No signature.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// No address.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// No connection; nothing was sent.
    #[error("connecting failed")]
    Connect(#[source] Box<pingora::Error>),
    /// The connection broke or the answer is not HTTP. The request may have been carried out.
    #[error("the exchange broke off")]
    Broken(#[source] Box<pingora::Error>),
    /// The upstream called a request done of which it had only a part.
    #[error("the answer came before the end of the request")]
    Premature,
    /// The answer is longer than expected of the operation.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// The deadline passed. The request may have been carried out.
    #[error("no whole answer in {} seconds", .0.as_secs())]
    Deadline(Duration),
}

/// Makes connections to any upstream, each of which keeps its own idle ones.
pub struct Client {
    connector: TransportConnector,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// Reads the system's trusted certificates.
    pub fn new() -> Self {
        Self {
            connector: TransportConnector::new(None),
        }
    }

    /// Sends what `permit` allows to `upstream` with `body`, and reads the answer, whose body may have `limit` bytes.
    ///
    /// Connecting is tried at several addresses. A request that met a connection the upstream had just closed is
    /// sent once more if its method is idempotent.
    pub async fn send(
        &self,
        upstream: &Arc<Upstream>,
        permit: &Permit,
        body: Bytes,
        limit: usize,
        now: Timestamp,
    ) -> Result<UpstreamAnswer, UpstreamError> {
        let mut request = UpstreamRequest::of(permit, Body::whole(&body));
        let headers;
        if let Run::DeleteObjects { .. } = permit.run() {
            headers = checksummed(permit.headers(), &body);
            request.headers = &headers;
        }
        self.call(upstream, &request, body, limit, now).await
    }

    pub(super) async fn call(
        &self,
        upstream: &Arc<Upstream>,
        request: &UpstreamRequest<'_>,
        body: Bytes,
        limit: usize,
        now: Timestamp,
    ) -> Result<UpstreamAnswer, UpstreamError> {
        let exchange = self.exchange(upstream, request, body, limit, now);
        tokio::time::timeout(DEADLINE, exchange)
            .await
            .map_err(|_| UpstreamError::Deadline(DEADLINE))?
    }

    /// Connects and puts the head of what `permit` allows on its way; the bodies stream over the [`Call`].
    pub async fn open(
        &self,
        upstream: &Arc<Upstream>,
        permit: &Permit,
        reuse: Reuse,
        now: Timestamp,
    ) -> Result<Call, UpstreamError> {
        let body = Body::planned(permit.body(), permit.wrapping());
        let request = UpstreamRequest::of(permit, body);
        self.begin(upstream, &request, reuse, now).await
    }

    /// Sends what `permit` allows with `body` and waits for the head of the answer, whose body streams over the
    /// [`Call`]. The upstream may say nothing for `silence`, or as long as its settings say; repeated as by
    /// [`Client::send`].
    pub async fn ask(
        &self,
        upstream: &Arc<Upstream>,
        permit: &Permit,
        body: &Bytes,
        silence: Option<Duration>,
        now: Timestamp,
    ) -> Result<Call, UpstreamError> {
        let request = UpstreamRequest::of(permit, Body::whole(body));
        self.answered(upstream, &request, body, silence, now).await
    }

    async fn exchange(
        &self,
        upstream: &Arc<Upstream>,
        request: &UpstreamRequest<'_>,
        body: Bytes,
        limit: usize,
        now: Timestamp,
    ) -> Result<UpstreamAnswer, UpstreamError> {
        let mut call = self.answered(upstream, request, &body, None, now).await?;
        let body = call.read_all(limit).await?.into();
        let headers = call.headers().cloned().unwrap_or_default();
        let answer = UpstreamAnswer {
            status: call.status(),
            headers,
            body,
        };
        call.release().await;
        Ok(answer)
    }

    async fn answered(
        &self,
        upstream: &Arc<Upstream>,
        request: &UpstreamRequest<'_>,
        body: &Bytes,
        silence: Option<Duration>,
        now: Timestamp,
    ) -> Result<Call, UpstreamError> {
        let mut call = self.begin(upstream, request, Reuse::Allowed, now).await?;
        call.wait_at_most(silence);
        if let Err(error) = ask(&mut call, body).await {
            if !call.may_be_repeated(&error) {
                return Err(error);
            }
            call = self.begin(upstream, request, Reuse::Never, now).await?;
            call.wait_at_most(silence);
            ask(&mut call, body).await?;
        }
        Ok(call)
    }

    async fn begin(
        &self,
        upstream: &Arc<Upstream>,
        request: &UpstreamRequest<'_>,
        reuse: Reuse,
        now: Timestamp,
    ) -> Result<Call, UpstreamError> {
        let (head, chunks) = sign::head(request, upstream, &upstream.access()?, now)?;
        let frames = Frames::of(&request.body, chunks);
        let connection = self.connect(upstream, reuse).await?;
        Call::begin(Arc::clone(upstream), connection, head, frames).await
    }

    /// A connection, where it leads, and whether it was used before.
    async fn connect(
        &self,
        upstream: &Upstream,
        reuse: Reuse,
    ) -> Result<(Box<Wire>, SocketAddr, bool), UpstreamError> {
        let mut failed = None;
        for _ in 0..CONNECT_ATTEMPTS {
            let address = upstream.address().await?;
            let kept = match reuse {
                Reuse::Allowed => upstream.idle().take(address),
                Reuse::Never => None,
            };
            if let Some(wire) = kept {
                return Ok((wire, address, true));
            }
            match self.connector.new_stream(&upstream.peer(address)).await {
                Ok(stream) => return Ok((Box::new(Wire::new(stream)), address, false)),
                Err(error) => {
                    upstream.connect_failed();
                    failed = Some(error);
                }
            }
        }
        let none = || pingora::Error::new(pingora::ErrorType::ConnectError);
        Err(UpstreamError::Connect(failed.unwrap_or_else(none)))
    }
}

/// Whether a connection will do that carried other requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Yes; a new one if there is none.
    Allowed,
    /// Only a new one.
    Never,
}

/// Sends the body and waits for the final answer's head.
async fn ask(call: &mut Call, body: &Bytes) -> Result<(), UpstreamError> {
    let sent = match call.send(body).await {
        Ok(()) => call.complete().await,
        Err(error) => Err(error),
    };
    match sent {
        Err(error) if error.timed_out() => Err(error),
        // An upstream that refuses early answers and closes: its answer says more than our failing to write.
        Err(error) => call.answered().await.map_err(|_| error),
        Ok(()) => call.answered().await,
    }?;
    call.believable()
}

impl UpstreamError {
    /// One line for the log, with the causes. Holds nothing that the upstream said.
    pub fn explain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = match self {
            Self::Connect(error) | Self::Broken(error) => {
                text.push_str(": ");
                text.push_str(&wire_error(error));
                None
            }
            _ => self.source(),
        };
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }

    /// Whether the request reached the upstream, which may have carried it out.
    pub fn may_be_done(&self) -> bool {
        match self {
            Self::Credentials(_) | Self::Sign(_) | Self::Resolve(_) | Self::Connect(_) => false,
            Self::Broken(_) | Self::Premature | Self::TooLong(_) | Self::Deadline(_) => true,
        }
    }

    /// The upstream closed the connection before it said anything; it may not even have seen the request.
    pub(super) fn closed_before_answering(&self) -> bool {
        use pingora::ErrorType::{ConnectionClosed, ReadError, WriteError};
        match self {
            Self::Broken(error) => {
                matches!(error.etype(), ConnectionClosed | ReadError | WriteError)
            }
            _ => false,
        }
    }

    fn timed_out(&self) -> bool {
        matches!(self, Self::Broken(error) if *error.etype() == pingora::ErrorType::WriteTimedout)
    }
}

/// The framework's words; but for a head it cannot parse those are the head itself, whatever stands in it.
fn wire_error(error: &pingora::Error) -> String {
    match (error.etype(), &error.cause) {
        (pingora::ErrorType::InvalidHTTPHeader, Some(_)) => error.root_cause().to_string(),
        _ => error.to_string(),
    }
}

/// The headers for a document that the gateway wrote in the client's place: the client's checksums do not fit it.
fn checksummed(headers: &HeaderMap, body: &[u8]) -> HeaderMap {
    let stale = |name: &str| {
        name == "content-md5"
            || name == "x-amz-sdk-checksum-algorithm"
            || name.starts_with("x-amz-checksum-")
    };
    let mut headers: HeaderMap = headers
        .iter()
        .filter(|(name, _)| !stale(name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
    let digest = BASE64.encode(digest.as_ref());
    headers.extend(
        HeaderValue::try_from(digest)
            .map(|value| (HeaderName::from_static("x-amz-checksum-sha256"), value)),
    );
    headers
}

#[cfg(test)]
mod tests;
