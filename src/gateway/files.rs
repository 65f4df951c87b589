//! Takes over changed files by itself.
//!
//! What the last attempt to load was made from is looked at again and again. When some of it has become different and has
//! then stayed so from one look to the next, everything is loaded anew, once; what comes of the same state a second time
//! is known already.

use super::Gateway;
use crate::config::{Inputs, Lookout};
use std::sync::Weak;
use std::time::Duration;

/// How often it is asked whether files are to be watched again.
const UNWATCHED: Duration = Duration::from_secs(1);
/// After so many looks that each found something else, no quieter moment is waited for.
const PATIENCE: u32 = 10;

/// Watches until the gateway is gone.
pub(super) async fn watch(gateway: Weak<Gateway>) {
    let mut lookout = Lookout::default();
    let mut settling = Settling::default();
    while let Some((every, inputs)) = watched(&gateway).await {
        tokio::time::sleep(every.unwrap_or(UNWATCHED)).await;
        if every.is_none() {
            settling = Settling::default();
            continue;
        }
        let looked = tokio::task::spawn_blocking(move || {
            let now = lookout.look(&inputs);
            (lookout, inputs, now)
        });
        let Ok((returned, before, now)) = looked.await else {
            // It panicked: a fault of ours, which must not end the watch.
            lookout = Lookout::default();
            continue;
        };
        lookout = returned;
        let Some(state) = settling.next(&before, now) else {
            continue;
        };
        if let Some(gateway) = gateway.upgrade() {
            gateway.reload_if(&state).await;
        }
    }
}

/// How often to look at what; none if the gateway is gone.
async fn watched(gateway: &Weak<Gateway>) -> Option<(Option<Duration>, Inputs)> {
    let gateway = gateway.upgrade()?;
    let reloading = gateway.reloading.lock().await;
    Some((reloading.watch, reloading.tried.clone()))
}

/// A state of the files that is to be loaded.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has stayed as it is for a while.
    Settled(Inputs),
    /// It does not come to rest.
    Restless,
}

/// Waits until the files have come to rest: who writes several, or a long one, is not read in the middle of it.
#[derive(Debug, Default)]
struct Settling {
    last: Option<Inputs>,
    looks: u32,
}

impl Settling {
    /// Takes the next look at what was `before`. Gives the state that it is time to load.
    fn next(&mut self, before: &Inputs, now: Inputs) -> Option<State> {
        if now == *before {
            *self = Self::default();
            return None;
        }
        self.looks += 1;
        let state = match &self.last {
            Some(last) if *last == now => State::Settled(now),
            Some(_) if self.looks > PATIENCE => State::Restless,
            Some(_) | None => {
                self.last = Some(now);
                return None;
            }
        };
        *self = Self::default();
        Some(state)
    }
}

#[cfg(test)]
mod tests;
