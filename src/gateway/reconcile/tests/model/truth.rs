//! The rules once more, the versions that there are, and the steps that happen to them.

use super::super::{BEFORE, head, listing_of};
use crate::state::NULL_VERSION;
use jiff::{SignedDuration, Timestamp};
use portcullis_core::controls::lock::{
    LegalHold, ObjectLock, RetainUntil, Retention, RetentionMode,
};
use proptest::prelude::*;

pub(super) const KEYS: [&str; 2] = ["a", "b"];
pub(super) const GOVERNANCE: u8 = 0;
pub(super) const COMPLIANCE: u8 = 1;

/// Nothing of it is so late that the gateway settles it by itself.
pub(super) fn hour(number: i64) -> Timestamp {
    let begin: Timestamp = "2090-01-01T00:00:00Z".parse().unwrap();
    begin + SignedDuration::from_hours(number)
}

/// A lock: the mode and the last hour in which it holds, and the legal hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) retention: Option<(u8, i64)>,
    pub(super) hold: Option<bool>,
}

impl Lock {
    pub(super) fn active(self, now: i64) -> Option<(u8, i64)> {
        self.retention.filter(|(_, until)| now <= *until)
    }

    pub(super) fn is_protected(self, now: i64, bypass: bool) -> bool {
        self.hold == Some(true)
            || match self.active(now) {
                None => false,
                Some((COMPLIANCE, _)) => true,
                Some(_) => !bypass,
            }
    }

    pub(super) fn may_become(self, new: Option<(u8, i64)>, now: i64, bypass: bool) -> bool {
        match (self.active(now), new) {
            (None, _) => true,
            (Some((mode, until)), Some((new, later))) if new == mode && later >= until => true,
            (Some((mode, _)), _) => mode == GOVERNANCE && bypass,
        }
    }

    pub(super) fn real(self) -> ObjectLock {
        ObjectLock {
            retention: self.retention.map(real),
            legal_hold: self
                .hold
                .map(|on| if on { LegalHold::On } else { LegalHold::Off }),
        }
    }
}

pub(super) fn real((mode, until): (u8, i64)) -> Retention {
    let half = SignedDuration::from_mins(30);
    Retention {
        mode: RetentionMode::ALL[usize::from(mode)],
        until: RetainUntil::at(hour(until) + half),
    }
}

/// What becomes of a change, and who hears of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Answered(bool),
    Lost(bool),
    Crashed(bool),
}

impl Fate {
    pub(super) fn is_done(self) -> bool {
        let (Self::Answered(done) | Self::Lost(done) | Self::Crashed(done)) = self;
        done
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Write(usize, Lock, Fate),
    /// Of one of the versions that are there, if any.
    Destroy(usize, usize, bool, Fate),
    /// Without a version.
    Delete(usize, Fate),
    Retain(usize, usize, Option<(u8, i64)>, bool),
    Hold(usize, usize, bool),
    Wait(i64),
    Reopen,
    Reconcile,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let retention = || prop::option::of((GOVERNANCE..=COMPLIANCE, 0..40i64));
    let lock = (retention(), prop::option::of(any::<bool>()));
    let lock = lock.prop_map(|(retention, hold)| Lock { retention, hold });
    let fate = || {
        prop_oneof![
            4 => any::<bool>().prop_map(Fate::Answered),
            2 => any::<bool>().prop_map(Fate::Lost),
            1 => any::<bool>().prop_map(Fate::Crashed),
        ]
    };
    let key = || 0..KEYS.len();
    let which = || 0..8usize;
    let step = prop_oneof![
        6 => (key(), lock, fate()).prop_map(|(k, l, f)| Step::Write(k, l, f)),
        4 => (key(), which(), any::<bool>(), fate())
            .prop_map(|(k, w, b, f)| Step::Destroy(k, w, b, f)),
        2 => (key(), fate()).prop_map(|(k, f)| Step::Delete(k, f)),
        3 => (key(), which(), retention(), any::<bool>())
            .prop_map(|(k, w, r, b)| Step::Retain(k, w, r, b)),
        2 => (key(), which(), any::<bool>()).prop_map(|(k, w, on)| Step::Hold(k, w, on)),
        2 => (1..10i64).prop_map(Step::Wait),
        1 => Just(Step::Reopen),
        2 => Just(Step::Reconcile),
    ];
    prop::collection::vec(step, 0..30)
}

/// A version at the upstream.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) key: &'static str,
    pub(super) id: String,
    pub(super) at: i64,
    pub(super) lock: Lock,
}

#[derive(Debug, Default)]
pub(super) struct Upstream(pub(super) Vec<Version>);

impl Upstream {
    pub(super) fn of(&self, key: &str) -> Vec<Version> {
        let its = self.0.iter().filter(|version| version.key == key);
        its.cloned().collect()
    }

    pub(super) fn remove(&mut self, key: &str, id: &str) {
        self.0.retain(|it| it.key != key || it.id != id);
    }

    /// By the first line of a request.
    pub(super) fn answer(&self, asked: &str) -> String {
        let target = asked.split_whitespace().nth(1).unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let member = |name| query.split('&').find_map(|part| part.strip_prefix(name));
        let date = |version: &Version, form| hour(version.at).strftime(form).to_string();
        if let Some(key) = member("prefix=") {
            let versions = self.of(key).into_iter();
            let versions = versions.map(|it| (it.id.clone(), date(&it, "%Y-%m-%dT%H:%M:%SZ")));
            let versions: Vec<_> = versions.collect();
            let versions: Vec<_> = versions.iter().map(|(id, at)| (&**id, &**at)).collect();
            return listing_of(key, &versions);
        }
        let versions = self.of(path.rsplit('/').next().unwrap());
        let id = member("versionId=").unwrap_or(NULL_VERSION);
        match versions.iter().find(|version| version.id == id) {
            Some(found) => head("200 OK", &date(found, "%a, %d %b %Y %H:%M:%S GMT")),
            None => head("404 Not Found", BEFORE),
        }
    }
}
