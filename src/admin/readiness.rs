//! Whether the gateway can serve, as named checks that their owners set.

use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All checks of the gateway. Cloning gives another handle to the same.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    checks: BTreeMap<Arc<str>, Result<(), String>>,
    stopping: bool,
}

/// The handle of one check. Dropping it leaves the check as it was last set.
#[derive(Debug, Clone)]
pub struct Check {
    name: Arc<str>,
    readiness: Readiness,
}

/// The state of every check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Every check is ok, there is one at least, and the gateway is not stopping.
    pub ready: bool,
    /// By name.
    pub checks: Vec<Status>,
}

/// The state of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The check's name.
    pub name: String,
    /// It passes.
    pub ok: bool,
    /// Why it does not; whoever may reach the health listener reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Readiness {
    /// No checks yet, so not ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// A check of this name. It fails until it is first set; one that exists keeps its state.
    pub fn check(&self, name: &str) -> Check {
        let name: Arc<str> = name.into();
        self.lock()
            .checks
            .entry(Arc::clone(&name))
            .or_insert_with(|| Err("starting".to_owned()));
        Check {
            name,
            readiness: self.clone(),
        }
    }

    /// Removes a check, e.g. of an upstream that is no longer configured.
    pub fn forget(&self, name: &str) {
        self.lock().checks.remove(name);
    }

    /// From now on not ready: no new work should be sent here.
    pub fn stopping(&self) {
        self.lock().stopping = true;
    }

    /// How things stand.
    pub fn report(&self) -> Report {
        let state = self.lock();
        let stopping = state.stopping.then(|| Status {
            name: "stopping".to_owned(),
            ok: false,
            reason: Some("the gateway is stopping".to_owned()),
        });
        let checks: Vec<_> = state
            .checks
            .iter()
            .map(|(name, state)| Status {
                name: name.to_string(),
                ok: state.is_ok(),
                reason: state.as_ref().err().cloned(),
            })
            .chain(stopping)
            .collect();
        Report {
            ready: !checks.is_empty() && checks.iter().all(|check| check.ok),
            checks,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Check {
    /// The check passes.
    pub fn ok(&self) {
        self.set(Ok(()));
    }

    /// The check fails, because of this; the reason may hold no secret.
    pub fn fail(&self, reason: impl Into<String>) {
        self.set(Err(reason.into()));
    }

    fn set(&self, state: Result<(), String>) {
        let mut known = self.readiness.lock();
        known.checks.insert(Arc::clone(&self.name), state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(readiness: &Readiness, ready: bool, reasons: &[&str]) {
        let report = readiness.report();
        assert_eq!(report.ready, ready);
        let found: Vec<_> = report
            .checks
            .iter()
            .filter_map(|check| check.reason.as_deref())
            .collect();
        assert_eq!(found, reasons);
    }

    #[test]
    fn nothing_checked_is_not_ready() {
        check(&Readiness::new(), false, &[]);
    }

    #[test]
    fn ready_when_every_check_passes() {
        let readiness = Readiness::new();
        let (policies, upstream) = (
            readiness.check("policies"),
            readiness.check("upstream lake"),
        );
        check(&readiness, false, &["starting", "starting"]);
        policies.ok();
        check(&readiness, false, &["starting"]);
        upstream.ok();
        check(&readiness, true, &[]);
        policies.fail("`policies/x.json` is broken");
        check(&readiness, false, &["`policies/x.json` is broken"]);
    }

    #[test]
    fn a_forgotten_check_no_longer_counts() {
        let readiness = Readiness::new();
        readiness.check("upstream old").fail("no answer");
        readiness.check("policies").ok();
        readiness.forget("upstream old");
        check(&readiness, true, &[]);
    }

    #[test]
    fn stopping_is_not_ready_whatever_the_checks_say() {
        let readiness = Readiness::new();
        let policies = readiness.check("policies");
        policies.ok();
        readiness.stopping();
        policies.ok();
        check(&readiness, false, &["the gateway is stopping"]);
    }
}
