//! Listeners, and the loop that accepts from one.

use super::wire::Wire;
use super::{Front, Origin, Peer, Phase, TlsFacts, reached, serve};
use crate::record::metrics::{Connected, ListenerMetrics};
use pingora::apps::HttpServerApp;
use pingora::tls::TlsAcceptor;
use rustls::ServerConfig;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{sleep, timeout};

/// Without descriptors there is nothing to accept with; connections in hand must end first.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where a listener is to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An address and port, in the clear; port 0 takes a free one.
    Tcp(SocketAddr),
    /// The same over TLS.
    Tls(SocketAddr, Secured),
    /// A path; a socket left behind there by a dead process is replaced.
    Unix(PathBuf),
}

/// The server's side of TLS for a listener.
#[derive(Clone)]
pub struct Secured(pub Arc<ServerConfig>);

impl fmt::Debug for Secured {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secured")
    }
}

impl PartialEq for Secured {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Secured {}

/// Where a listener does listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// With the port that was free, if 0 was asked.
    Tcp(SocketAddr),
    /// The socket's path.
    Unix(PathBuf),
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(out),
            Self::Unix(path) => write!(out, "unix:{}", path.display()),
        }
    }
}

/// A bound listener, for [`Front::serve`].
pub struct Listener {
    position: usize,
    socket: Socket,
    tls: Option<TlsAcceptor>,
    bound: Bound,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl fmt::Debug for Listener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Listener")
            .field("position", &self.position)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds; `position` is what requests by this listener will say in [`Origin::listener`].
    pub async fn bind(position: usize, address: Address) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => Self::inet(position, address, None).await,
            Address::Tls(address, Secured(config)) => {
                Self::inet(position, address, Some(TlsAcceptor::from(config))).await
            }
            Address::Unix(path) => Self::unix(position, path).await,
        }
    }

    /// The address it got.
    pub fn bound(&self) -> &Bound {
        &self.bound
    }

    async fn inet(
        position: usize,
        address: SocketAddr,
        tls: Option<TlsAcceptor>,
    ) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let bound = Bound::Tcp(socket.local_addr()?);
        Ok(Self {
            position,
            socket: Socket::Tcp(socket),
            tls,
            bound,
        })
    }

    async fn unix(position: usize, path: PathBuf) -> io::Result<Self> {
        remove_stale(&path).await?;
        Ok(Self {
            position,
            socket: Socket::Unix(UnixListener::bind(&path)?),
            tls: None,
            bound: Bound::Unix(path),
        })
    }
}

/// Removes a socket nobody listens to; anything else at the path is left for `bind` to fail on.
async fn remove_stale(path: &Path) -> io::Result<()> {
    match tokio::fs::symlink_metadata(path).await {
        Ok(found) if found.file_type().is_socket() => {}
        Ok(_) | Err(_) => return Ok(()),
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            tokio::fs::remove_file(path).await
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Accepts until draining. A connection beyond the limit is not accepted before another has ended.
pub(super) async fn accept<A>(front: Front<A>, listener: Listener, metrics: Arc<ListenerMetrics>)
where
    A: HttpServerApp + Send + Sync + 'static,
{
    tokio::select! {
        () = accept_all(&front, &listener, &metrics) => {}
        () = reached(&front.0.phase, Phase::Draining) => {}
    }
    let Listener { socket, bound, .. } = listener;
    drop(socket);
    if let Bound::Unix(path) = bound {
        let _ = tokio::fs::remove_file(path).await;
    }
    front.0.shutdown.send_replace(true);
    front.0.app.http_cleanup().await;
    front.0.listeners.send_modify(|open| *open -= 1);
}

async fn accept_all<A>(front: &Front<A>, listener: &Listener, metrics: &Arc<ListenerMetrics>)
where
    A: HttpServerApp + Send + Sync + 'static,
{
    loop {
        let Ok(permit) = Arc::clone(&front.0.permits).acquire_owned().await else {
            return;
        };
        match accept_one(&listener.socket).await {
            Ok(accepted) => {
                let held = Held {
                    connected: metrics.connected(),
                    permit,
                };
                let greeting = Greeting {
                    listener: listener.position,
                    tls: listener.tls.clone(),
                    metrics: Arc::clone(metrics),
                };
                let greeted = greeting.greet(front.clone(), accepted);
                tokio::spawn(until_ended(front.clone(), greeted, held));
            }
            // Gone between the kernel's accepting and ours.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, listener = listener.position, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

enum Accepted {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

async fn accept_one(socket: &Socket) -> io::Result<Accepted> {
    match socket {
        Socket::Tcp(socket) => {
            let (stream, peer) = socket.accept().await?;
            // Fails only for a connection that is gone, as its first read will find.
            let _ = stream.set_nodelay(true);
            Ok(Accepted::Tcp(stream, peer))
        }
        Socket::Unix(socket) => Ok(Accepted::Unix(socket.accept().await?.0)),
    }
}

/// What a connection holds as long as it lives, given back in this order: whoever waits for the last permit finds no
/// connection counted.
struct Held {
    connected: Connected,
    permit: OwnedSemaphorePermit,
}

/// Runs a connection to its end, or to the process's. What it holds goes with it.
async fn until_ended<A>(front: Front<A>, connection: impl Future<Output = ()>, held: Held) {
    tokio::select! {
        () = connection => {}
        () = reached(&front.0.phase, Phase::Ended) => {}
    }
    let Held { connected, permit } = held;
    drop(connected);
    drop(permit);
}

/// What a connection needs of its listener to begin.
struct Greeting {
    listener: usize,
    tls: Option<TlsAcceptor>,
    metrics: Arc<ListenerMetrics>,
}

impl Greeting {
    /// Makes a connection of what was accepted, with the handshake where there is one, and serves it.
    async fn greet<A>(self, front: Front<A>, accepted: Accepted)
    where
        A: HttpServerApp + Send + Sync + 'static,
    {
        let (wire, peer, tls) = match (accepted, &self.tls) {
            (Accepted::Unix(stream), _) => (Wire::Unix(stream), Peer::Unix, None),
            (Accepted::Tcp(stream, peer), None) => (Wire::Tcp(stream), Peer::Inet(peer), None),
            (Accepted::Tcp(stream, peer), Some(acceptor)) => {
                // Boxed, since every connection's task would else be as large as a handshake.
                let handshake = Box::pin(acceptor.accept(stream));
                match timeout(front.0.limits.handshake, handshake).await {
                    Ok(Ok(stream)) => {
                        let facts = TlsFacts::of(&stream);
                        (Wire::Tls(Box::new(stream)), Peer::Inet(peer), Some(facts))
                    }
                    Ok(Err(error)) => return self.note_failure(peer, &error),
                    Err(_) => return self.note_failure(peer, &"it took too long"),
                }
            }
        };
        let origin = Origin {
            listener: self.listener,
            peer,
            tls,
        };
        serve::serve(front, wire, origin).await;
    }

    fn note_failure(&self, peer: SocketAddr, error: &dyn fmt::Display) {
        self.metrics.handshake_failed();
        tracing::debug!(%error, %peer, listener = self.listener, "TLS handshake failed");
    }
}
