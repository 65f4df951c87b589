//! The client's side of one exchange: Pingora's HTTP/1 session behind the few verbs an exchange needs.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT, HeaderMap, TRANSFER_ENCODING};
use http::{Method, Version};
use pingora::apps::ReusedHttpStream;
use pingora::http::ResponseHeader;
use pingora::protocols::http::v1::server::HttpSession;
use pingora::server::ShutdownWatch;
use pingora::{Error, ErrorType};
use portcullis_core::request::Head;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// What a body in HTTP chunks must bring within the time allowed. The front sees to bodies of known length.
const QUOTA: usize = 1024;

/// The client's connection while one request on it is served.
pub(super) struct Client {
    session: HttpSession,
    patience: Duration,
    pace: Pace,
    invited: bool,
    last: bool,
    shutdown: ShutdownWatch,
}

/// How fast a body comes.
#[derive(Default)]
struct Pace {
    /// Bytes since there last were enough of them.
    moved: usize,
    /// How long they were waited for.
    waited: Duration,
}

/// Why the client's side ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// It closed or reset the connection.
    Closed,
    /// It neither sent nor took a byte within the time allowed, or next to nothing of its body.
    TooSlow,
    /// It broke the HTTP framing of its body, whose end is now anybody's guess.
    Malformed,
}

impl Client {
    /// `patience` bounds every single read and write of a body. After `shutdown` the answer says that it is the last.
    pub(super) fn new(
        mut session: HttpSession,
        patience: Duration,
        shutdown: ShutdownWatch,
    ) -> Self {
        session.set_read_timeout(Some(patience));
        session.set_write_timeout(Some(patience));
        session.set_total_drain_timeout(Some(patience));
        Self {
            session,
            patience,
            pace: Pace::default(),
            invited: false,
            last: false,
            shutdown,
        }
    }

    /// Parses the head, which the front has already read and checked. `false`: there is nothing to serve.
    pub(super) async fn read_head(&mut self) -> bool {
        matches!(self.session.read_request().await, Ok(Some(_)))
    }

    /// The request's head, with the bytes of its target untouched.
    pub(super) fn head(&self) -> Head<'_> {
        let header = self.session.req_header();
        Head {
            method: &header.method,
            raw_target: header.raw_path(),
            headers: &header.headers,
        }
    }

    /// The request's HTTP version.
    pub(super) fn version(&self) -> Version {
        self.session.req_header().version
    }

    /// The request's headers.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.session.req_header().headers
    }

    /// Asks for the body if the client waits to be asked (`Expect: 100-continue`).
    pub(super) async fn invite_body(&mut self) -> Result<(), Gone> {
        let expects = self
            .headers()
            .get(EXPECT)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        if self.invited || !expects {
            return Ok(());
        }
        self.invited = true;
        // Pingora takes any response before the end of the body, a 100 too, as a reason to close the connection.
        self.session
            .set_close_on_response_before_downstream_finish(false);
        let sent = self.session.write_continue_response().await;
        self.session
            .set_close_on_response_before_downstream_finish(true);
        sent.map_err(|error| gone(&error))
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn read(&mut self) -> Result<Option<Bytes>, Gone> {
        let read = match self.headers().contains_key(TRANSFER_ENCODING) {
            false => self.read_piece().await,
            true => self.read_in_time().await,
        };
        if read == Err(Gone::Malformed) {
            self.close_after();
        }
        read
    }

    async fn read_piece(&mut self) -> Result<Option<Bytes>, Gone> {
        let read = self.session.read_body_bytes().await;
        read.map_err(|error| gone(&error))
    }

    /// Lets no client keep a connection by a byte a minute.
    async fn read_in_time(&mut self) -> Result<Option<Bytes>, Gone> {
        let began = Instant::now();
        let left = self.patience.saturating_sub(self.pace.waited);
        let read = timeout(left, self.read_piece()).await;
        let piece = read.unwrap_or(Err(Gone::TooSlow))?;
        self.pace.waited += began.elapsed();
        self.pace.moved += piece.as_ref().map_or(0, Bytes::len);
        if self.pace.moved >= QUOTA {
            self.pace = Pace::default();
        }
        Ok(piece)
    }

    /// Whether the body was read to its end, so that [`Client::read`] would only say so.
    pub(super) fn has_read_body(&mut self) -> bool {
        self.session.is_body_done()
    }

    /// Makes the answer the last on its connection.
    pub(super) fn close_after(&mut self) {
        self.last = true;
    }

    /// Sends the response's head. The connection closes afterwards with body bytes of the request still to come, with
    /// nothing else to end the answer, and while the gateway stops.
    pub(super) async fn start(&mut self, head: ResponseHeader) -> Result<(), Gone> {
        self.session.respect_keepalive();
        if self.last || *self.shutdown.borrow() || !self.ends_itself(&head) {
            self.session.set_keepalive_reuses_remaining(Some(0));
        }
        self.session
            .write_response_header(Box::new(head))
            .await
            .map_err(|error| gone(&error))
    }

    fn ends_itself(&self, head: &ResponseHeader) -> bool {
        let bodiless = matches!(head.status.as_u16(), 204 | 304);
        let framed = [CONTENT_LENGTH, TRANSFER_ENCODING]
            .iter()
            .any(|name| head.headers.contains_key(name));
        framed || bodiless || self.head().method == Method::HEAD
    }

    /// Resolves when the client has closed. What was written so far is on its way meanwhile. To be called with the
    /// request's body read to its end.
    pub(super) async fn left(&mut self) -> Gone {
        match self.session.idle().await {
            Ok(0) | Err(_) => Gone::Closed,
            // A byte of a request that was sent too early is lost, and the connection with it.
            Ok(_) => {
                self.session.set_keepalive_reuses_remaining(Some(0));
                std::future::pending().await
            }
        }
    }

    /// Sends a piece of the response's body.
    pub(super) async fn write(&mut self, piece: &[u8]) -> Result<(), Gone> {
        // A reader of chunks gives an empty piece when a chunk's head came in two packets, and an empty chunk would
        // end the body here: the client would take the rest for the next answer.
        if piece.is_empty() {
            return Ok(());
        }
        match self.session.write_body(piece).await {
            Ok(_) => Ok(()),
            Err(error) => Err(gone(&error)),
        }
    }

    /// Ends the response.
    pub(super) async fn finish(&mut self) -> Result<(), Gone> {
        self.session
            .finish_body()
            .await
            .map(|_| ())
            .map_err(|error| gone(&error))
    }

    /// Bytes of the response's body that were sent.
    pub(super) fn sent(&self) -> u64 {
        self.session.body_bytes_sent() as u64
    }

    /// Bytes of the request's body that were read, framing not counted.
    pub(super) fn received(&self) -> u64 {
        self.session.body_bytes_read() as u64
    }

    /// The connection, if another request may follow on it.
    pub(super) async fn into_reusable(self) -> Option<ReusedHttpStream> {
        let reusable = self.session.reuse().await.ok().flatten()?;
        let (stream, _) = reusable.into_parts();
        Some(ReusedHttpStream::new(stream, None))
    }
}

fn gone(error: &Error) -> Gone {
    match error.etype() {
        ErrorType::ReadTimedout | ErrorType::WriteTimedout => Gone::TooSlow,
        ErrorType::Custom("InvalidChunk") => Gone::Malformed,
        _ if stalled(error) => Gone::TooSlow,
        _ => Gone::Closed,
    }
}

/// The front's own clocks end a read or write with an I/O error.
fn stalled(error: &Error) -> bool {
    let cause = error.root_cause().downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::TimedOut)
}
