//! A clock that runs only while the client is waited for.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep};

/// Fails a wait in which the client did not move `quota` bytes within `limit`.
///
/// Time in which nobody waits for the client does not count against it: a slow upstream is not its fault.
#[derive(Debug)]
pub(super) struct Stall {
    limit: Duration,
    quota: usize,
    /// Bytes moved since the clock was set.
    moved: usize,
    clock: Clock,
    /// Kept from one wait to the next, as most transfers wait often.
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    Stopped,
    Running,
    /// Stopped with so much left.
    Paused(Duration),
}

impl Stall {
    pub(super) fn new(limit: Duration, quota: usize) -> Self {
        Self {
            limit,
            quota,
            moved: 0,
            clock: Clock::Stopped,
            timer: None,
        }
    }

    /// The client moved some bytes, and is not waited for any more.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved = self.moved.saturating_add(bytes);
        if self.moved >= self.quota {
            self.reset();
        } else if self.clock == Clock::Running {
            let deadline = self.timer.as_ref().map(|timer| timer.deadline());
            let left = deadline.map_or(self.limit, |at| at.duration_since(Instant::now()));
            self.clock = Clock::Paused(left);
        }
    }

    /// Starts afresh with the next wait.
    pub(super) fn reset(&mut self) {
        self.moved = 0;
        self.clock = Clock::Stopped;
    }

    /// Gives its memory back.
    pub(super) fn rest(&mut self) {
        self.reset();
        self.timer = None;
    }

    /// The client is waited for: ready, with the error, when that took too long.
    pub(super) fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let left = match self.clock {
            Clock::Stopped => Some(self.limit),
            Clock::Paused(left) => Some(left),
            Clock::Running => None,
        };
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if let Some(left) = left {
            timer.as_mut().reset(Instant::now() + left);
            self.clock = Clock::Running;
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(ErrorKind::TimedOut.into())
    }
}
