//! Small HTTP/1.1 servers that are not S3: connections, heads, bodies and times are bounded, and a connection carries one
//! request.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pingora::tls::TlsAcceptor;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Connections served at once; further ones wait in the listen queue.
pub(super) const CONNECTIONS: usize = 32;
/// For a request's head, and for a TLS handshake.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// For a request's body.
const BODY_TIME: Duration = Duration::from_secs(10);
/// Of a request's head; the least hyper accepts.
pub(super) const HEAD_SIZE: usize = 8192;
/// After a failed accept, which is most often a lack of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A request; its body is read by [`body`] or by nobody.
pub(super) type Request = http::Request<Incoming>;

/// What connections are accepted from.
pub(super) enum Socket {
    Tcp(TcpListener),
    Tls(TcpListener, TlsAcceptor),
    Unix(UnixListener),
}

/// A connection, whatever it runs over.
type Stream = Pin<Box<dyn Duplex>>;
trait Duplex: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Duplex for T {}

/// Answers every request by `handle` until `shutdown` completes. `name` is the listener's, for diagnostics; a connection is
/// cut after its `lifetime`.
pub(super) async fn serve<H, F>(
    name: &'static str,
    lifetime: Duration,
    socket: Socket,
    handle: H,
    shutdown: impl Future<Output = ()>,
) where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Text>> + Send + 'static,
{
    tokio::select! {
        () = shutdown => (),
        () = accept_all(name, lifetime, socket, Arc::new(handle)) => (),
    }
}

async fn accept_all<H, F>(name: &'static str, lifetime: Duration, socket: Socket, handle: Arc<H>)
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Text>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, tls)) => {
                    let served = connection(stream, tls, Arc::clone(&handle));
                    connections.spawn(timeout(lifetime, served));
                }
                Err(error) => {
                    tracing::warn!(%error, "the {name} listener cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => (),
        }
    }
}

impl Socket {
    async fn accept(&self) -> io::Result<(Accepted, Option<TlsAcceptor>)> {
        Ok(match self {
            Self::Tcp(listener) => (Accepted::Tcp(listener.accept().await?.0), None),
            Self::Tls(listener, tls) => {
                let (stream, _) = listener.accept().await?;
                (Accepted::Tcp(stream), Some(tls.clone()))
            }
            Self::Unix(listener) => (Accepted::Unix(listener.accept().await?.0), None),
        })
    }
}

enum Accepted {
    Tcp(tokio::net::TcpStream),
    Unix(tokio::net::UnixStream),
}

async fn connection<H, F>(accepted: Accepted, tls: Option<TlsAcceptor>, handle: Arc<H>)
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Text>> + Send + 'static,
{
    let stream: Stream = match (accepted, tls) {
        (Accepted::Unix(stream), _) => Box::pin(stream),
        (Accepted::Tcp(stream), None) => Box::pin(stream),
        (Accepted::Tcp(stream), Some(tls)) => match timeout(HEAD_TIME, tls.accept(stream)).await {
            Ok(Ok(stream)) => Box::pin(stream),
            Ok(Err(_)) | Err(_) => return,
        },
    };
    let service = service_fn(|request| {
        let answer = handle(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_SIZE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A caller that goes away or sends nonsense is no event.
    let _ = connection.await;
}

/// A body has more bytes than it may, or did not come in time.
pub(super) struct TooLong;

/// Reads the body of a request.
pub(super) async fn body(request: Request, limit: usize) -> Result<Bytes, TooLong> {
    let mut body = request.into_body();
    let read = async {
        let mut bytes = Vec::new();
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let data = frame.map_err(|_| TooLong)?.into_data().unwrap_or_default();
            if bytes.len() + data.len() > limit {
                return Err(TooLong);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.into())
    };
    timeout(BODY_TIME, read).await.map_err(|_| TooLong)?
}

pub(super) fn plain(status: StatusCode, body: &'static str) -> Response<Text> {
    text(status, "text/plain; charset=utf-8", body)
}

pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Response<Text> {
    text(status, "application/json", format!("{value}\n"))
}

pub(super) fn text(
    status: StatusCode,
    kind: &'static str,
    body: impl Into<Bytes>,
) -> Response<Text> {
    let mut response = Response::new(Text(Some(body.into())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A body that is at hand.
pub(super) struct Text(Option<Bytes>);

impl Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |data| data.len() as u64))
    }
}
