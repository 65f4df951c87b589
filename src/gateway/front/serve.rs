//! One connection from its first request to its end.

use super::connection::Link;
use super::head::{self, Framing, Refusal, Scan};
use super::wire::{HEAD_PIECE, Wire};
use super::{Arrived, Front, HeadSketch, Inner, Limits, Origin, Phase, Turn, reached};
use bytes::{Bytes, BytesMut};
use pingora::apps::HttpServerApp;
use pingora::protocols::http::ServerSession;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

/// What is read at once of what is thrown away.
const DISCARD_PIECE: usize = 8 * 1024;

/// Serves request after request until either side, the phase or a limit ends it.
pub(super) async fn serve<A>(front: Front<A>, wire: Wire, origin: Origin)
where
    A: HttpServerApp + Send + Sync + 'static,
{
    let inner = &*front.0;
    let limits = &inner.limits;
    let mut link = Link::new(wire, &origin, limits);
    let mut turn = Turn::First;
    loop {
        let mut head = BytesMut::new();
        if !begins(inner, &mut link, &mut head).await {
            return hang_up(link, limits).await;
        }
        let began = Instant::now();
        let deadline = began + limits.head_time;
        let read = timeout_at(deadline, read_head(&mut link, &mut head, limits)).await;
        let arrived = Arriving {
            origin,
            turn,
            began: began.into_std(),
        };
        match read.unwrap_or(Err(Refusal::Timeout)) {
            Err(refusal) => return arrived.refuse(inner, link, refusal, &head).await,
            Ok((length, framing)) => {
                let whole = Whole {
                    bytes: head.freeze(),
                    length,
                    framing,
                };
                match arrived.process(inner, link, whole).await {
                    Next::Keep(kept) => link = kept,
                    Next::Close(last) => return linger(last, limits).await,
                    Next::Gone => return,
                }
            }
        }
        link.rest();
        turn = Turn::Later;
    }
}

/// Waits for the first bytes of a request. False when none came: closed, idle for too long, or draining.
async fn begins<A>(inner: &Inner<A>, link: &mut Link, head: &mut BytesMut) -> bool {
    let first = timeout(inner.limits.idle, link.wire().read_first(head));
    tokio::select! {
        // A request that is already there is still served.
        biased;
        read = first => matches!(read, Ok(Ok(1..))),
        () = reached(&inner.phase, Phase::Draining) => false,
    }
}

/// Reads to the end of the head and checks it. What follows the head in `head` is its body, or nothing it may be.
async fn read_head(
    link: &mut Link,
    head: &mut BytesMut,
    limits: &Limits,
) -> Result<(usize, Framing), Refusal> {
    let mut scan = Scan::default();
    loop {
        let end = scan.advance(head)?;
        if end.unwrap_or(head.len()) > limits.head_bytes {
            return Err(Refusal::TooLarge);
        }
        if let Some(end) = end {
            let framing = head::check(head.get(..end).unwrap_or_default())?;
            return Ok((end, framing));
        }
        head.reserve(HEAD_PIECE);
        match link.wire().read_buf(head).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return Err(Refusal::Closed),
        }
    }
}

/// A head that passed the guard, and what was read with it.
struct Whole {
    bytes: Bytes,
    /// Of the head alone.
    length: usize,
    framing: Framing,
}

/// What is known of a request before its head is.
struct Arriving {
    origin: Origin,
    turn: Turn,
    began: std::time::Instant,
}

/// What is done with a connection after a request.
enum Next {
    Keep(Link),
    /// The request was the last; the client may still be sending.
    Close(Link),
    /// The framework kept the connection, which ends when it drops it.
    Gone,
}

impl Arriving {
    /// Has the refusal recorded, answers with what comes of it, and closes.
    async fn refuse<A>(self, inner: &Inner<A>, mut link: Link, refusal: Refusal, head: &[u8]) {
        let sketch = HeadSketch::read(self.origin, self.began, head);
        let answer = inner.refuser.refuse(refusal, &sketch);
        let written = timeout(inner.limits.linger, link.write_all(&answer)).await;
        if matches!(written, Ok(Ok(()))) {
            linger(link, &inner.limits).await;
        }
    }

    /// Lends the connection to the framework for one request.
    async fn process<A>(self, inner: &Inner<A>, mut link: Link, whole: Whole) -> Next
    where
        A: HttpServerApp + Send + Sync + 'static,
    {
        let arrived = Arrived {
            origin: self.origin,
            began: self.began,
            head: whole.bytes.slice(..whole.length),
            turn: self.turn,
            traffic: link.begin(whole.bytes, whole.length, whole.framing),
        };
        let (connection, mut returned) = link.lend();
        let mut session = ServerSession::new_http1(connection);
        session.set_connection_user_context(Some(Box::new(arrived)));
        let shutdown = inner.shutdown.subscribe();
        let reusable = inner
            .app
            .process_new_http(session, &shutdown)
            .await
            .is_some();
        match returned.try_recv() {
            Ok(link) if reusable => keep(inner, link).await,
            Ok(link) => Next::Close(link),
            Err(_) => Next::Gone,
        }
    }
}

/// Keeps a connection for another request, unless one was sent before this was answered: the framework's and our
/// reading of where the first ended need not be the client's.
async fn keep<A>(inner: &Inner<A>, mut link: Link) -> Next {
    if link.has_more() || *inner.phase.borrow() >= Phase::Draining {
        return Next::Close(link);
    }
    match link.flush().await {
        Ok(()) => Next::Keep(link),
        Err(_) => Next::Close(link),
    }
}

/// Closes a connection that has nothing in hand.
async fn hang_up(mut link: Link, limits: &Limits) {
    let _ = timeout(limits.linger, link.shutdown()).await;
}

/// Sends what is left and the end, then reads on for a while. Closing with bytes unread resets the connection, and
/// a reset can overtake the answer on its way to a client that is busy sending.
async fn linger(mut link: Link, limits: &Limits) {
    let closing = async {
        link.shutdown().await?;
        let mut discarded = 0;
        let mut piece = BytesMut::with_capacity(DISCARD_PIECE);
        while discarded < limits.linger_bytes {
            piece.clear();
            match link.wire().read_buf(&mut piece).await? {
                0 => break,
                read => discarded = discarded.saturating_add(read),
            }
        }
        io::Result::Ok(())
    };
    let _ = timeout(limits.linger, closing).await;
}
