//! The time by which locks are released, kept across restarts.

use super::{Gateway, clock};
use crate::state::{Note, Notes, StoreError};
use jiff::Timestamp;
use portcullis_core::controls::lock::{self, ClockState, Elapsed, Freeze, LockTime};
use prometheus::IntGauge;
use rustix::time::{ClockId, clock_gettime};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// How often what it knows becomes durable, where there are locks.
const PERIOD: Duration = Duration::from_secs(60);
/// How often it looks at the time by itself: a clock that stands wrong while nobody asks is noticed too.
const LOOK: Duration = Duration::from_secs(5);

/// Never goes back, and stands still while the wall clock is in doubt; see [`lock::LockClock`].
#[derive(Debug)]
pub(super) struct LockClock {
    kept: Mutex<Kept>,
    frozen: IntGauge,
}

#[derive(Debug)]
struct Kept {
    clock: lock::LockClock,
    /// When it was last looked at, by a clock that nobody can set; `None`: not since the start.
    looked: Option<Duration>,
}

impl LockClock {
    /// Goes on from what the store knows. A record that cannot be read stops all releases.
    pub(super) fn of(notes: &Notes, wall: Timestamp, frozen: IntGauge) -> Self {
        let read = |record: &bytes::Bytes| {
            let read = lock::LockClock::from_record(record);
            read.unwrap_or_else(|error| {
                tracing::error!("what is on record of the time of locks is lost: {error}");
                lock::LockClock::lost()
            })
        };
        let kept = notes.get(&Note::LockClock).map(read);
        let clock = Self {
            kept: Mutex::new(Kept {
                clock: kept.unwrap_or_else(|| lock::LockClock::new(wall)),
                looked: None,
            }),
            frozen,
        };
        // First, as a start that finds it frozen and one that freezes it are told once each.
        clock.tell();
        clock.now(wall);
        clock
    }

    /// The time, as far as it is believed.
    pub(super) fn now(&self, wall: Timestamp) -> LockTime {
        let mut kept = self.kept();
        let measured = measured();
        let elapsed = match kept.looked.replace(measured) {
            Some(before) => Elapsed::Measured(measured.saturating_sub(before)),
            None => Elapsed::Unmeasured,
        };
        let before = kept.clock.state();
        let time = kept.clock.observe(wall, elapsed);
        let froze = before == ClockState::Running && kept.clock.state() != before;
        drop(kept);
        if froze {
            self.tell();
        }
        time
    }

    /// Whether releases go on.
    pub(super) fn state(&self) -> ClockState {
        self.kept().clock.state()
    }

    /// An operator has looked.
    pub(super) fn acknowledge(&self, wall: Timestamp) {
        self.kept().clock.acknowledge(wall);
        self.tell();
    }

    fn record(&self) -> Vec<u8> {
        self.kept().clock.to_record()
    }

    fn tell(&self) {
        match self.state() {
            ClockState::Running => self.frozen.set(0),
            ClockState::Frozen { since, because } => {
                self.frozen.set(1);
                let why = match because {
                    Freeze::Jumped(to) => format!("the clock jumped to {to}"),
                    Freeze::Lost => "what was known of the time is lost".to_owned(),
                };
                tracing::error!(
                    %since,
                    "no lock is released any more: {why}; `portcullis locks acknowledge clock` once the clock is right"
                );
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Time since the machine started, sleep included.
fn measured() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

impl Gateway {
    /// Makes what is known of the time durable.
    pub(super) async fn keep_lock_clock(&self) -> Result<(), StoreError> {
        let record = self.lock_clock.record();
        self.store.note(Note::LockClock, Some(record.into())).await
    }

    /// The same as far as it can be, where there are locks: from time to time, and when the gateway stops.
    pub(super) async fn keep_time_of_locks(&self) {
        if !self.has_locks() {
            return;
        }
        self.lock_clock.now(clock::now());
        if let Err(error) = self.keep_lock_clock().await {
            tracing::warn!("the time of locks is not kept: {error}");
        }
    }

    /// Whether there may be locks.
    fn has_locks(&self) -> bool {
        let snapshot = self.snapshot.load();
        let mut records = snapshot.rules.buckets.iter().flat_map(|all| all.values());
        records.any(|record| record.settings.object_lock.is_some())
    }
}

/// Keeps the time each minute, and at once when it begins to be in doubt, for as long as the gateway lives.
pub(super) async fn keep(gateway: Weak<Gateway>) {
    let mut kept: Option<std::time::Instant> = None;
    let mut state = ClockState::Running;
    while let Some(gateway) = gateway.upgrade() {
        gateway.lock_clock.now(clock::now());
        let now = gateway.lock_clock.state();
        let due = kept.is_none_or(|at| at.elapsed() >= PERIOD) || now != state;
        if due {
            state = now;
            kept = Some(std::time::Instant::now());
            gateway.keep_time_of_locks().await;
        }
        drop(gateway);
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests;
