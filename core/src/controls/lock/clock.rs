//! The time by which locks are released.
//!
//! A clock that is set wrongly must not release anything: one that goes back is not followed, and one that gets further
//! ahead of the time that was measured than [`LARGEST_LEAD`] stops all releases until an operator has looked.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A clock may be so much ahead of what was measured, all its steps taken together. It is above what leap seconds, NTP
/// and a wrong time zone do, and below what a retention is worth.
pub const LARGEST_LEAD: SignedDuration = SignedDuration::from_hours(24);

/// The time at which a lock is judged. It has two sides, so that doubt about the clock is always for the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LockTime {
    release: Timestamp,
    latest: Timestamp,
}

/// Never goes back, and stands still while the wall clock cannot be believed.
///
/// Several gateways that share a store each keep their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LockClock {
    /// The latest time that was believed.
    pub(super) high_water: Timestamp,
    /// What the time is if only measured time counts. INVARIANT: `high_water` is never later than this and
    /// [`LARGEST_LEAD`], unless that is what was acknowledged.
    pub(super) reckoned: Timestamp,
    pub(super) frozen: Option<Freeze>,
}

/// Whether releases go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockState {
    /// They do.
    Running,
    /// They wait for [`LockClock::acknowledge`].
    Frozen {
        /// What is retained until this time or later stays.
        since: Timestamp,
        /// Why.
        because: Freeze,
    },
}

/// Why releases wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Freeze {
    /// The wall clock was suddenly at this time.
    Jumped(Timestamp),
    /// What was known of the time is lost.
    Lost,
}

/// How much time has passed since the last observation or acknowledgement, by a clock that cannot be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Elapsed {
    /// By a clock that also counts while the machine sleeps.
    Measured(Duration),
    /// Nobody measured: the machine was off. Such a gap is judged alone. Taken together, the gaps of a machine that is off
    /// every night would soon be more than [`LARGEST_LEAD`].
    Unmeasured,
}

impl LockTime {
    /// A time that is not in doubt.
    pub const fn certain(now: Timestamp) -> Self {
        Self {
            release: now,
            latest: now,
        }
    }

    /// The earliest that it may be: what is retained until then or later is not released.
    pub fn release(self) -> Timestamp {
        self.release
    }

    /// The latest that it may be: a new retention counts from then, and must reach beyond it.
    pub fn latest(self) -> Timestamp {
        self.latest
    }
}

impl LockClock {
    /// The first clock of a store, on the word of the wall clock.
    pub fn new(wall: Timestamp) -> Self {
        Self {
            high_water: wall,
            reckoned: wall,
            frozen: None,
        }
    }

    /// The clock of a store whose record of it cannot be read: releases nothing before it is acknowledged.
    pub fn lost() -> Self {
        Self {
            high_water: Timestamp::MIN,
            reckoned: Timestamp::MIN,
            frozen: Some(Freeze::Lost),
        }
    }

    /// The time, as far as it is believed.
    pub fn observe(&mut self, wall: Timestamp, elapsed: Elapsed) -> LockTime {
        if self.frozen.is_none() {
            self.advance(wall, elapsed);
        }
        LockTime {
            release: self.high_water,
            latest: self.high_water.max(wall),
        }
    }

    /// An operator has looked: the wall clock is right. Nothing happens if releases go on.
    pub fn acknowledge(&mut self, wall: Timestamp) {
        if self.frozen.take().is_some() {
            self.high_water = self.high_water.max(wall);
            self.reckoned = wall;
        }
    }

    /// Whether releases go on.
    pub fn state(&self) -> ClockState {
        match self.frozen {
            None => ClockState::Running,
            Some(because) => ClockState::Frozen {
                since: self.high_water,
                because,
            },
        }
    }

    fn advance(&mut self, wall: Timestamp, elapsed: Elapsed) {
        let measured = match elapsed {
            Elapsed::Measured(time) => time,
            Elapsed::Unmeasured => Duration::ZERO,
        };
        let added = self.reckoned.checked_add(measured);
        self.reckoned = added.unwrap_or(Timestamp::MAX);
        if wall.duration_since(self.reckoned) > LARGEST_LEAD {
            self.frozen = Some(Freeze::Jumped(wall));
            return;
        }
        self.high_water = self.high_water.max(wall);
        match elapsed {
            Elapsed::Measured(_) => (),
            Elapsed::Unmeasured => self.reckoned = self.reckoned.max(wall),
        }
    }
}

#[cfg(test)]
mod tests;
