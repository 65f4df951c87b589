//! Look-ups of the gateway's own, of facts that a decision depends on: never two of the same at once, and never more than an
//! upstream is meant to answer.
//!
//! What was found is never kept for later: tags of one version change at any time, also around the gateway. Only those who
//! wait share an answer, and only one whose look-up began after they came.

use crate::config::settings::LookUpLimits;
use crate::record::metrics::LookedUp;
use governor::clock::MonotonicClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long to wait for leave to ask.
const PATIENCE: Duration = Duration::from_secs(5);

/// The look-ups at one upstream.
#[derive(Debug)]
pub(super) struct LookUps<T> {
    limits: LookUpLimits,
    slots: Semaphore,
    rate: RateLimiter<NotKeyed, InMemoryState, MonotonicClock>,
    // INVARIANT: a turn is here as long as somebody holds it or waits for it.
    turns: Mutex<HashMap<Box<str>, Weak<Turn<T>>>>,
}

/// Those who look up the same go one after the other.
#[derive(Debug)]
struct Turn<T> {
    began: Mutex<u64>,
    /// The last that ended, with its number; `None`: it failed.
    ended: tokio::sync::Mutex<(u64, Option<T>)>,
}

/// Why nothing was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotFound<E> {
    /// Too many look-ups.
    Limited,
    /// This went wrong.
    Failed(E),
    /// The same went wrong for another, who says what.
    FailedElsewhere,
}

impl<T: Clone> LookUps<T> {
    /// None yet.
    pub(super) fn new(limits: LookUpLimits) -> Self {
        Self {
            limits,
            slots: Semaphore::new(limits.concurrent),
            rate: RateLimiter::direct(Quota::per_second(limits.per_second)),
            turns: Mutex::default(),
        }
    }

    /// What they are limited to.
    pub(super) fn limits(&self) -> LookUpLimits {
        self.limits
    }

    /// Finds out what `of` names by `ask`, or what another finds out whose look-up of the same begins after this call.
    ///
    /// # Errors
    /// If it would be too much for the upstream, or `ask` fails.
    pub(super) async fn find<E>(
        &self,
        of: &str,
        ask: impl Future<Output = Result<T, E>>,
    ) -> (Result<T, NotFound<E>>, LookedUp) {
        let turn = self.turn(of);
        let before = *lock(&turn.began);
        let mut ended = turn.ended.lock().await;
        let found = match &*ended {
            (number, found) if *number > before => match found {
                Some(found) => (Ok(found.clone()), LookedUp::Shared),
                None => (Err(NotFound::FailedElsewhere), LookedUp::Failed),
            },
            _ => {
                let number = {
                    let mut began = lock(&turn.began);
                    *began += 1;
                    *began
                };
                let found = self.ask(ask).await;
                *ended = (number, found.0.as_ref().ok().cloned());
                found
            }
        };
        drop(ended);
        drop(turn);
        self.forget(of);
        found
    }

    async fn ask<E>(
        &self,
        ask: impl Future<Output = Result<T, E>>,
    ) -> (Result<T, NotFound<E>>, LookedUp) {
        let limited = || (Err(NotFound::Limited), LookedUp::Limited);
        let Ok(Ok(_slot)) = timeout(PATIENCE, self.slots.acquire()).await else {
            return limited();
        };
        if self.rate.check().is_err() {
            return limited();
        }
        match ask.await {
            Ok(found) => (Ok(found), LookedUp::Asked),
            Err(error) => (Err(NotFound::Failed(error)), LookedUp::Failed),
        }
    }

    fn turn(&self, of: &str) -> Arc<Turn<T>> {
        let mut turns = lock(&self.turns);
        if let Some(turn) = turns.get(of).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::new(Turn {
            began: Mutex::new(0),
            ended: tokio::sync::Mutex::new((0, None)),
        });
        turns.insert(of.into(), Arc::downgrade(&turn));
        turn
    }

    /// Takes out what nobody waits for any more.
    fn forget(&self, of: &str) {
        let mut turns = lock(&self.turns);
        if turns.get(of).is_some_and(|turn| turn.strong_count() == 0) {
            turns.remove(of);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
