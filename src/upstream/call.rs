//! One request to an upstream while it is under way.
//!
//! [`Client::open`](super::client::Client::open) connects and sends the head; the body is then [sent](Call::send) piece
//! by piece, the answer's head [awaited](Call::answered) and its body [read](Call::read). Dropping a call cuts its
//! connection: an upstream that was told a length then has no complete body.

use super::Upstream;
use super::chunks::Frames;
use super::client::UpstreamError;
use super::wire::Wire;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode, Version};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::http::v1::client::HttpSession;
use pingora::{Error, ErrorType, ImmutStr};
use portcullis_core::sigv4::payload::{CellHash, Checksum};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How many interim answers are skipped before the upstream is given up.
const INTERIM: usize = 8;

/// A request that is under way.
pub struct Call {
    session: HttpSession,
    upstream: Arc<Upstream>,
    address: SocketAddr,
    method: Method,
    /// Bytes of the body that the head announced.
    announced: u64,
    /// What stands around the body's bytes.
    frames: Frames,
    /// How long a read may take.
    patience: Duration,
    reused: bool,
    interim: usize,
    answered: bool,
}

impl Call {
    /// Puts the head on its way over a connection to this address. `reused`: the connection carried other requests
    /// before.
    pub(super) async fn begin(
        upstream: Arc<Upstream>,
        (wire, address, reused): (Box<Wire>, SocketAddr, bool),
        head: RequestHeader,
        frames: Frames,
    ) -> Result<Self, UpstreamError> {
        let timeouts = upstream.settings().timeouts;
        let mut session = HttpSession::new(wire);
        session.write_timeout = Some(timeouts.write);
        let method = head.method.clone();
        let announced = announced(&head.headers);
        let begun = session.write_request_header(Box::new(head)).await;
        begun.map_err(UpstreamError::Broken)?;
        Ok(Self {
            session,
            upstream,
            address,
            method,
            announced,
            frames,
            patience: timeouts.read,
            reused,
            interim: 0,
            answered: false,
        })
    }

    /// Lets the upstream be silent for so long instead of as long as its settings say.
    pub(super) fn wait_at_most(&mut self, silence: Option<Duration>) {
        self.patience = silence.unwrap_or(self.patience);
    }

    /// Sends the next verified bytes of a body, in the frames that the head announced. `hashes` are those that their check
    /// came to.
    pub async fn pass(&mut self, data: Bytes, hashes: Vec<CellHash>) -> Result<(), UpstreamError> {
        if let Frames::None = self.frames {
            return self.send(&data).await;
        }
        for piece in self.frames.around(data, hashes) {
            self.send(&piece).await?;
        }
        Ok(())
    }

    /// Sends the last byte of a body that is verified, and what comes behind it: `trailer` came behind it here.
    pub async fn end(
        &mut self,
        last: Bytes,
        trailer: Option<&Checksum>,
    ) -> Result<(), UpstreamError> {
        self.pass(last, Vec::new()).await?;
        for piece in std::mem::take(&mut self.frames).end(trailer) {
            self.send(&piece).await?;
        }
        self.complete().await
    }

    /// Sends bytes as they are.
    pub(super) async fn send(&mut self, piece: &[u8]) -> Result<(), UpstreamError> {
        if !piece.is_empty() {
            self.session
                .write_body(piece)
                .await
                .map_err(UpstreamError::Broken)?;
        }
        Ok(())
    }

    /// Says that the body is complete.
    pub(super) async fn complete(&mut self) -> Result<(), UpstreamError> {
        self.session
            .finish_body()
            .await
            .map(|_| ())
            .map_err(UpstreamError::Broken)
    }

    /// Waits for the head of the final answer. May be dropped while it waits and called again.
    pub async fn answered(&mut self) -> Result<(), UpstreamError> {
        self.session.read_timeout = Some(self.patience);
        self.read_head().await
    }

    /// The same, for as long as it takes: an upstream that waits for the rest of a body is not late.
    pub async fn answered_early(&mut self) -> Result<(), UpstreamError> {
        self.session.read_timeout = None;
        self.read_head().await
    }

    async fn read_head(&mut self) -> Result<(), UpstreamError> {
        while !self.answered {
            self.session
                .read_response()
                .await
                .map_err(UpstreamError::Broken)?;
            self.answered = match self.status().as_u16() {
                100..=199 => false,
                200..=599 => true,
                status => return Err(malformed(format!("the status {status} is none"))),
            };
            self.interim += 1;
            if !self.answered && self.interim > INTERIM {
                return Err(malformed("too many interim answers"));
            }
        }
        self.head().map_or(Ok(()), one_reading)
    }

    /// Whether sending the same request once more cannot do anything twice: the upstream had closed a connection we
    /// kept before it said a word, and the method is safe, or the body it would have needed never left.
    pub fn may_be_repeated(&self, error: &UpstreamError) -> bool {
        let safe = matches!(self.method, Method::GET | Method::HEAD) || self.announced > 0;
        self.reused && safe && self.sent() == 0 && error.closed_before_answering()
    }

    /// Whether the whole body left. Otherwise the next head on this connection would be read as the rest of it.
    pub fn is_complete(&self) -> bool {
        self.sent() == self.announced
    }

    /// The final answer's status.
    pub fn status(&self) -> StatusCode {
        self.session.get_status().unwrap_or(StatusCode::BAD_GATEWAY)
    }

    /// The final answer's head, once [`Call::answered`].
    pub fn head(&self) -> Option<&ResponseHeader> {
        self.session.resp_header()
    }

    /// The final answer's headers.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.head().map(|head| &head.headers)
    }

    /// The next piece of the answer's body; `None` at its end. A body that ends short of its length is an error.
    pub async fn read(&mut self) -> Result<Option<&[u8]>, UpstreamError> {
        self.session.read_timeout = Some(self.patience);
        self.session
            .read_body_ref()
            .await
            .map_err(UpstreamError::Broken)
    }

    /// Reads the rest of the answer's body, at most `limit` bytes of it.
    pub async fn read_all(&mut self, limit: usize) -> Result<Vec<u8>, UpstreamError> {
        let mut body = Vec::new();
        while let Some(piece) = self.read().await? {
            if body.len() + piece.len() > limit {
                return Err(UpstreamError::TooLong(limit));
            }
            body.extend_from_slice(piece);
        }
        Ok(body)
    }

    /// Refuses a success that was said before the request was there: nothing can have come of it.
    pub fn believable(&self) -> Result<(), UpstreamError> {
        match self.status().as_u16() < 300 && !self.is_complete() {
            true => Err(UpstreamError::Premature),
            false => Ok(()),
        }
    }

    /// Bytes of the body that were sent.
    pub fn sent(&self) -> u64 {
        self.session.body_bytes_sent() as u64
    }

    /// Keeps the connection for another request, if this one ended well.
    pub async fn release(mut self) {
        if !self.is_complete() {
            return;
        }
        self.session.respect_keepalive();
        let Some(stream) = self.session.reuse().await else {
            return;
        };
        if let Ok(wire) = stream.into_any().downcast() {
            self.upstream.idle().keep(self.address, wire);
        }
    }
}

/// Refuses a head whose body one reader would end elsewhere than another: any transfer coding but `chunked` alone.
fn one_reading(head: &ResponseHeader) -> Result<(), UpstreamError> {
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = match (codings.next(), codings.next()) {
        (None, _) => return Ok(()),
        (Some(coding), None) => coding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    };
    if chunked && head.version == Version::HTTP_11 {
        return Ok(());
    }
    let error = Error::explain(
        ErrorType::InvalidHTTPHeader,
        "a transfer coding other than chunked",
    );
    Err(UpstreamError::Broken(error))
}

fn announced(headers: &HeaderMap) -> u64 {
    let length = headers.get(CONTENT_LENGTH);
    length
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or_default()
}

fn malformed(what: impl Into<ImmutStr>) -> UpstreamError {
    UpstreamError::Broken(Error::explain(ErrorType::InvalidHTTPHeader, what))
}
