//! A client's connection as the framework sees it, and what the front keeps of it between requests.
//!
//! The front owns a [`Link`] and lends it to the framework as a [`Connection`] for one request; however that request
//! ends, dropping the connection sends the link home. So the front, not the framework, decides what is closed, when,
//! and how gently.

use super::Limits;
use super::arrived::{Origin, Peer, TlsFacts, Traffic};
use super::head::Framing;
use super::stall::Stall;
use super::wire::Wire;
use async_trait::async_trait;
use bytes::{Buf, Bytes, BytesMut};
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType, l4::socket::SocketAddr,
};
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// Answers up to this size leave in one piece, head and body; of larger ones the head leaves with the first piece.
const UNSENT: usize = 16 * 1024;

/// What a body must bring in [`Limits::body_stall`], so that a byte a minute does not keep a connection.
const BODY_QUOTA: usize = 1024;

/// One client's connection: the socket and what was read or written ahead of it.
#[derive(Debug)]
pub(super) struct Link {
    wire: Wire,
    /// Read by the front, not yet by the framework: the head and what came with it.
    ahead: Bytes,
    /// How much of this request the framework may still read; `None` when only it can tell, by the chunks.
    remaining: Option<u64>,
    /// Written by the framework, not yet to the socket.
    unsent: BytesMut,
    /// Waiting for the client to read anything: while it does not, it holds an upstream connection too.
    unread: Stall,
    /// Waiting for the client to send its body.
    unheard: Stall,
    socket: Arc<SocketDigest>,
    tls: Option<Arc<SslDigest>>,
    traffic: Arc<Traffic>,
}

impl Link {
    pub(super) fn new(wire: Wire, origin: &Origin, limits: &Limits) -> Self {
        let socket = SocketDigest::from_raw_fd(wire.raw_fd());
        if let Peer::Inet(address) = origin.peer {
            // Known from accept; it would cost the framework a system call.
            let _ = socket.peer_addr.set(Some(SocketAddr::Inet(address)));
        }
        Self {
            wire,
            ahead: Bytes::new(),
            remaining: None,
            unsent: BytesMut::new(),
            unread: Stall::new(limits.write_stall, 1),
            unheard: Stall::new(limits.body_stall, BODY_QUOTA),
            socket: Arc::new(socket),
            tls: origin.tls.as_ref().map(|tls| Arc::new(digest(tls))),
            traffic: Arc::default(),
        }
    }

    pub(super) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Prepares the link for one request whose head, and whatever came with it, is `ahead`.
    pub(super) fn begin(
        &mut self,
        ahead: Bytes,
        head_length: usize,
        framing: Framing,
    ) -> Arc<Traffic> {
        let head_length = u64::try_from(head_length).unwrap_or(u64::MAX);
        self.traffic = Arc::new(Traffic::default());
        self.traffic
            .received
            .store(u64::try_from(ahead.len()).unwrap_or(u64::MAX), Relaxed);
        self.ahead = ahead;
        self.remaining = match framing {
            Framing::Length(length) => Some(head_length.saturating_add(length)),
            Framing::Chunked => None,
        };
        Arc::clone(&self.traffic)
    }

    /// Whether bytes were read that belong to no request so far.
    pub(super) fn has_more(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// Gives memory back while the connection is idle.
    pub(super) fn rest(&mut self) {
        self.ahead = Bytes::new();
        self.unsent = BytesMut::new();
        self.unread.rest();
        self.unheard.rest();
        self.remaining = None;
    }

    /// Lends the link; the receiver gets it back when the connection is dropped.
    pub(super) fn lend(self) -> (Box<Connection>, oneshot::Receiver<Self>) {
        let (home, returned) = oneshot::channel();
        let lent = Some((self, home));
        (Box::new(Connection { lent }), returned)
    }

    /// Writes `unsent` to the socket; what the socket itself holds back is not flushed.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let written = Pin::new(&mut self.wire).poll_write(cx, &self.unsent);
            let written = ready!(self.progress(cx, written))?;
            self.unsent.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Writes past the buffer: what is unsent and `data` in one call, as much as the socket takes.
    fn poll_write_through(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            let before = self.unsent.len();
            let pieces = [IoSlice::new(&self.unsent), IoSlice::new(data)];
            let written = match before {
                0 => Pin::new(&mut self.wire).poll_write(cx, data),
                _ => Pin::new(&mut self.wire).poll_write_vectored(cx, &pieces),
            };
            let written = ready!(self.progress(cx, written))?;
            self.unsent.advance(written.min(before));
            if written > before {
                return Poll::Ready(Ok(written.saturating_sub(before)));
            }
        }
    }

    /// Counts what was written, and fails when nothing was for too long.
    fn progress(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(ErrorKind::WriteZero.into())),
            Poll::Ready(Ok(count)) => {
                self.unread.moved(count);
                self.traffic
                    .sent
                    .fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Relaxed);
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.unread.poll_wait(cx).map(Err),
        }
    }

    /// After the end of a request only the end of the connection is of interest. A byte of a pipelined request is
    /// kept from the framework, which would give up the request in hand for it; the front then closes.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_more() {
            return Poll::Pending;
        }
        let mut byte = [0; 1];
        let mut probe = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.wire).poll_read(cx, &mut probe))?;
        if probe.filled().is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.ahead = Bytes::copy_from_slice(probe.filled());
        Poll::Pending
    }

    /// Fails when the body was waited for for too long. Where a chunked body ends, and with it the client's turn, is
    /// not known here; such a body has the framework's own timeout for each read.
    fn heard(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<()>>,
        read: usize,
    ) -> Poll<io::Result<()>> {
        match (polled, self.remaining) {
            (Poll::Pending, Some(_)) => self.unheard.poll_wait(cx).map(Err),
            (Poll::Pending, None) => Poll::Pending,
            (Poll::Ready(done), _) => {
                self.unheard.moved(read);
                Poll::Ready(done)
            }
        }
    }

    fn delivered(&mut self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.remaining = self.remaining.map(|left| left.saturating_sub(count));
    }
}

impl AsyncRead for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Whoever waits for the client must have sent what the client waits for. A full socket is no reason not to
        // read: the client may be unable to read before it has written.
        if let Poll::Ready(Err(error)) = self.as_mut().poll_flush(cx) {
            return Poll::Ready(Err(error));
        }
        if self.remaining == Some(0) {
            return self.poll_end(cx);
        }
        let before = buf.filled().len();
        if self.ahead.is_empty() {
            let polled = Pin::new(&mut self.wire).poll_read(cx, buf);
            let read = buf.filled().len().saturating_sub(before);
            ready!(self.heard(cx, polled, read))?;
            self.traffic
                .received
                .fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Relaxed);
        } else {
            let count = buf.remaining().min(self.ahead.len());
            buf.put_slice(&self.ahead.split_to(count));
        }
        self.delivered(buf.filled().len().saturating_sub(before));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Link {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.unsent.len().saturating_add(data.len()) <= UNSENT {
            self.unsent.extend_from_slice(data);
            return Poll::Ready(Ok(data.len()));
        }
        self.poll_write_through(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        match Pin::new(&mut self.wire).poll_flush(cx) {
            Poll::Ready(flushed) => {
                self.unread.reset();
                Poll::Ready(flushed)
            }
            Poll::Pending => self.unread.poll_wait(cx).map(Err),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

/// A lent [`Link`], in the form the framework takes connections.
#[derive(Debug)]
pub(super) struct Connection {
    /// Only `drop` takes it out.
    lent: Option<(Link, oneshot::Sender<Link>)>,
}

impl Connection {
    fn link(&self) -> Option<&Link> {
        self.lent.as_ref().map(|(link, _)| link)
    }

    fn poll_link<T>(
        mut self: Pin<&mut Self>,
        poll: impl FnOnce(Pin<&mut Link>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut self.lent {
            Some((link, _)) => poll(Pin::new(link)),
            None => Poll::Ready(Err(ErrorKind::NotConnected.into())),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some((link, home)) = self.lent.take() {
            // Nobody waits for it when the connection was cut; then it closes here.
            let _ = home.send(link);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_link(|link| link.poll_read(cx, buf))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_link(|link| link.poll_write(cx, data))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_link(|link| link.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The front closes; a close by the framework would cut off an answer to a client that still sends.
        self.poll_link(|link| link.poll_flush(cx))
    }
}

#[async_trait]
impl Shutdown for Connection {
    async fn shutdown(&mut self) {}
}

impl UniqueID for Connection {
    fn id(&self) -> UniqueIDType {
        self.link().map_or(-1, |link| link.wire.raw_fd())
    }
}

impl Ssl for Connection {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.link()?.tls.clone()
    }
}

impl GetTimingDigest for Connection {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Connection {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Connection {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        Some(Arc::clone(&self.link()?.socket))
    }
}

impl Peek for Connection {}

fn digest(tls: &TlsFacts) -> SslDigest {
    SslDigest::new(tls.cipher, tls.version_name(), None, None, Vec::new())
}
