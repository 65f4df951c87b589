//! Accepts connections, reads each request's head, and hands what is soundly framed to the framework.
//!
//! The framework would answer heads it cannot parse by itself, without error document and without record; it accepts
//! forms that other readers take for something else, and gives a kept-alive connection all the time in the world. So
//! the head is read here first: under a deadline, within a size, and through the guard in [`head`]. What passes is
//! replayed to the framework's session, and the connection comes back here after each request, to be kept or closed.
//!
//! Knows nothing of S3, policies or upstreams. Enter at [`Front`]; what its owner gives is an `HttpServerApp` for
//! the requests and a [`Refuser`] for the rest, what the app is given of a request is [`Arrived`].

mod arrived;
mod connection;
pub mod head;
mod listen;
mod serve;
mod stall;
pub mod tls;
mod wire;

pub use arrived::{Arrived, HeadSketch, Origin, Peer, Refuser, TlsFacts, Traffic, Turn};
pub use head::Refusal;
pub use listen::{Address, Bound, Listener, Secured};

use crate::record::metrics::ListenerMetrics;
use pingora::apps::HttpServerApp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// What a client may cost. The defaults are the shipped configuration's.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at a time over all listeners, handshakes included; more wait in the kernel's queue.
    pub connections: u32,
    /// The most bytes of a head, request line and blank line included.
    pub head_bytes: usize,
    /// From the first byte of a head to its last.
    pub head_time: Duration,
    /// From one request to the first byte of the next, and from the connection to the first.
    pub idle: Duration,
    /// From the connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// How long a body of known length may be waited for until its next kibibyte, or its end, is there.
    pub body_stall: Duration,
    /// How long a write may wait for the client to read anything at all.
    pub write_stall: Duration,
    /// How long a closed connection is still read, so that a client that is sending reads its answer before it sees
    /// a reset; also the limit for what is left to send.
    pub linger: Duration,
    /// The most bytes read so.
    pub linger_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head_bytes: 16 * 1024,
            head_time: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            handshake: Duration::from_secs(10),
            body_stall: Duration::from_secs(30),
            write_stall: Duration::from_secs(60),
            linger: Duration::from_secs(2),
            linger_bytes: 1024 * 1024,
        }
    }
}

/// Where the process is on its way out. It only moves forward.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Serving.
    #[default]
    Running,
    /// Told to stop, not ready any more, and serving all the same until nobody sends requests here.
    Stopping,
    /// Listeners and idle connections are closed, requests in hand go on.
    Draining,
    /// Whatever is left is cut.
    Ended,
}

/// The listeners' side of the gateway. A clone is the same front.
pub struct Front<A>(Arc<Inner<A>>);

struct Inner<A> {
    app: Arc<A>,
    refuser: Arc<dyn Refuser>,
    limits: Limits,
    phase: watch::Receiver<Phase>,
    /// The framework's own word for draining.
    shutdown: watch::Sender<bool>,
    /// How many listeners are open.
    listeners: watch::Sender<usize>,
    /// One permit for each connection, and one for each listener while it accepts.
    permits: Arc<Semaphore>,
}

impl<A> Clone for Front<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A> Front<A>
where
    A: HttpServerApp + Send + Sync + 'static,
{
    /// A front without listeners, which follows `phase`.
    pub fn new(
        app: Arc<A>,
        refuser: Arc<dyn Refuser>,
        limits: Limits,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        let permits = usize::try_from(limits.connections).unwrap_or(Semaphore::MAX_PERMITS);
        Self(Arc::new(Inner {
            app,
            refuser,
            limits,
            phase,
            shutdown: watch::Sender::new(false),
            listeners: watch::Sender::new(0),
            permits: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
        }))
    }

    /// Serves a listener until [`Phase::Draining`], counting its connections; the task ends when the listener is closed.
    pub fn serve(&self, listener: Listener, metrics: Arc<ListenerMetrics>) -> JoinHandle<()> {
        self.0.listeners.send_modify(|open| *open += 1);
        tokio::spawn(listen::accept(self.clone(), listener, metrics))
    }

    /// Resolves when every listener is closed and no connection is left, so not before [`Phase::Draining`].
    pub async fn drained(&self) {
        let inner = &self.0;
        // Neither is ever closed: both belong to the front.
        let _ = inner
            .listeners
            .subscribe()
            .wait_for(|open| *open == 0)
            .await;
        let _ = inner.permits.acquire_many(inner.limits.connections).await;
    }
}

/// Resolves when the phase is reached, also when whoever moved it is gone.
async fn reached(phase: &watch::Receiver<Phase>, at_least: Phase) {
    let _ = phase.clone().wait_for(|phase| *phase >= at_least).await;
}

#[cfg(test)]
mod tests;
