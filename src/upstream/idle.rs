//! The connections to one upstream that wait for another request.

use super::wire::Wire;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// How many are kept; the oldest goes first.
const KEPT: usize = 256;

/// Between looks at what waits.
const SWEEP: Duration = Duration::from_secs(5);

/// Idle connections, the last used at the end.
#[derive(Debug)]
pub(super) struct Idle {
    timeout: Duration,
    kept: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    address: SocketAddr,
    wire: Box<Wire>,
    since: Instant,
}

impl Idle {
    /// Keeps each connection for at most `timeout`.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            kept: Mutex::default(),
        }
    }

    /// The connection to an address that was used last, if there is one that still serves.
    pub(super) fn take(&self, address: SocketAddr) -> Option<Box<Wire>> {
        loop {
            let mut candidate = {
                let mut kept = self.lock();
                let last = kept.iter().rposition(|kept| kept.address == address)?;
                kept.remove(last)
            };
            if candidate.since.elapsed() < self.timeout && candidate.wire.is_quiet() {
                return Some(candidate.wire);
            }
        }
    }

    /// Keeps a connection whose last exchange ended well.
    pub(super) fn keep(&self, address: SocketAddr, mut wire: Box<Wire>) {
        if !wire.is_quiet() {
            return;
        }
        let since = Instant::now();
        let mut kept = self.lock();
        // Closing takes a system call, so it happens after the lock is gone.
        let oldest = (kept.len() >= KEPT).then(|| kept.remove(0));
        kept.push(Kept {
            address,
            wire,
            since,
        });
        drop(kept);
        drop(oldest);
    }

    /// Closes what is too old or was closed by the upstream.
    pub(super) fn sweep(&self) {
        let serves = |kept: &mut Kept| kept.since.elapsed() < self.timeout && kept.wire.is_quiet();
        self.lock().retain_mut(serves);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what no longer serves every five seconds, until the owner is dropped.
pub(super) async fn maintain<T>(owner: &Weak<T>, of: fn(&T) -> &Idle) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(owner) = owner.upgrade() else { return };
        of(&owner).sweep();
    }
}

#[cfg(test)]
mod tests;
