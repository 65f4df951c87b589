//! The socket below a connection: TCP, TLS over TCP, or a Unix socket.

use bytes::{BufMut, BytesMut};
use pingora::tls::ServerTlsStream;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, RawFd};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// What is read at once of a head; also what a connection with a request in it holds at least.
pub(super) const HEAD_PIECE: usize = 4 * 1024;

#[derive(Debug)]
pub(super) enum Wire {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<ServerTlsStream<TcpStream>>),
}

impl Wire {
    /// Waits for the first bytes of a request and reads them into `head`, which has no memory until they are there:
    /// an idle connection costs its socket and its task.
    pub(super) async fn read_first(&mut self, head: &mut BytesMut) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => loop {
                socket.readable().await?;
                if let Some(read) = read_now(socket, head).await {
                    return read;
                }
            },
            Self::Unix(socket) => loop {
                socket.readable().await?;
                if let Some(read) = read_now(socket, head).await {
                    return read;
                }
            },
            // A readable socket says nothing of plaintext, so one byte is waited for without a buffer.
            Self::Tls(stream) => {
                let mut first = [0; 1];
                let read = stream.read(&mut first).await?;
                head.reserve(HEAD_PIECE);
                head.put_slice(first.get(..read).unwrap_or_default());
                Ok(read)
            }
        }
    }

    pub(super) fn raw_fd(&self) -> RawFd {
        match self {
            Self::Tcp(socket) => socket.as_raw_fd(),
            Self::Unix(socket) => socket.as_raw_fd(),
            Self::Tls(stream) => stream.get_ref().0.as_raw_fd(),
        }
    }
}

/// Reads what is there; `None` and no memory if nothing is. A read this way leaves the reactor knowing that no more is
/// there, where `try_read` would have the next reader ask the system.
async fn read_now(
    socket: &mut (impl AsyncRead + Unpin),
    head: &mut BytesMut,
) -> Option<io::Result<usize>> {
    head.reserve(HEAD_PIECE);
    let mut read = pin!(socket.read_buf(head));
    let read = poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await;
    match read {
        Poll::Ready(read) => Some(read),
        Poll::Pending => {
            *head = BytesMut::new();
            None
        }
    }
}

/// Calls a method on whichever stream it is.
macro_rules! delegate {
    ($wire:expr, $stream:ident => $call:expr) => {
        match $wire.get_mut() {
            Wire::Tcp(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Wire::Unix(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Wire::Tls(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, stream => stream.poll_write(cx, data))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, stream => stream.poll_write_vectored(cx, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, stream => stream.poll_shutdown(cx))
    }
}
