//! A connection to an upstream, as an HTTP session gets it: what is written leaves when an answer is waited for, and an
//! answer is read in larger pieces than the session asks for. So a small request leaves in one packet with its body,
//! and a small answer is read in one go.

use async_trait::async_trait;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream,
    TimingDigest, UniqueID, UniqueIDType,
};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufStream, ReadBuf};

/// What is read at once; longer reads go past the buffer.
const AHEAD: usize = 8 * 1024;
/// What may wait to be sent.
const UNSENT: usize = 16 * 1024;

/// A connection with a little memory for both directions.
#[derive(Debug)]
pub(super) struct Wire(BufStream<Stream>);

impl Wire {
    pub(super) fn new(stream: Stream) -> Self {
        Self(BufStream::with_capacity(AHEAD, UNSENT, stream))
    }

    /// Whether another request may be sent: everything left, nothing came unasked, and the upstream has not closed as
    /// far as the reactor knows.
    pub(super) fn is_quiet(&mut self) -> bool {
        let cx = &mut Context::from_waker(Waker::noop());
        let sent = Pin::new(&mut self.0).poll_flush(cx);
        matches!(sent, Poll::Ready(Ok(()))) && Pin::new(&mut self.0).poll_fill_buf(cx).is_pending()
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A full socket is no reason not to read: the upstream may be unable to read before it has written. Nor is one
        // that failed: an upstream that refuses early answers and closes, and what it said is here to be read.
        let unsent = match Pin::new(&mut self.0).poll_flush(cx) {
            Poll::Ready(Err(error)) => Some(error),
            Poll::Ready(Ok(())) | Poll::Pending => None,
        };
        let before = buf.filled().len();
        let read = Pin::new(&mut self.0).poll_read(cx, buf);
        match (read, unsent) {
            (Poll::Ready(_), Some(error)) if buf.filled().len() == before => {
                Poll::Ready(Err(error))
            }
            (read, _) => read,
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, data)
    }

    /// Does nothing: reading flushes.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Closes without sending what still waits: a body that is given up must not become complete.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.0.get_mut()).poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Wire {
    async fn shutdown(&mut self) {
        self.0.get_mut().shutdown().await;
    }
}

impl UniqueID for Wire {
    fn id(&self) -> UniqueIDType {
        self.0.get_ref().id()
    }
}

impl Ssl for Wire {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        None
    }
}

impl GetTimingDigest for Wire {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Wire {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Wire {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        None
    }
}

impl Peek for Wire {}

#[cfg(test)]
mod tests;
