//! Whether two who keep the lock of a version say the same of it.

use super::{LegalHold, LockTime, ObjectLock};

/// What another says of a lock, by what is on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Agreement {
    /// The same, as far as it matters now.
    Agrees,
    /// It would release sooner, or bypass where we do not.
    Weaker,
    /// It would hold longer, or firmer.
    Stricter,
    /// Weaker in one part and stricter in another.
    Differs,
}

impl ObjectLock {
    /// Compares what is on record with what another says. A retention that is over and a hold that is off are none.
    pub fn agreement(self, other: Self, now: LockTime) -> Agreement {
        let (ours, theirs) = (self.in_force(now), other.in_force(now));
        let both = ours.stricter(theirs);
        match (both == ours, both == theirs) {
            (true, true) => Agreement::Agrees,
            (true, false) => Agreement::Weaker,
            (false, true) => Agreement::Stricter,
            (false, false) => Agreement::Differs,
        }
    }

    /// What of it protects the version now.
    pub fn in_force(self, now: LockTime) -> Self {
        Self {
            retention: self.retention.filter(|retention| retention.is_active(now)),
            legal_hold: self.legal_hold.filter(|hold| *hold == LegalHold::On),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controls::lock::{RetainUntil, Retention, RetentionMode};
    use RetentionMode::{Compliance, Governance};

    const NOW: &str = "2030-01-01T00:00:00Z";

    fn lock(retention: Option<(RetentionMode, &str)>, legal_hold: Option<LegalHold>) -> ObjectLock {
        let retention = retention.map(|(mode, until)| Retention {
            mode,
            until: RetainUntil::parse(until).unwrap(),
        });
        ObjectLock {
            retention,
            legal_hold,
        }
    }

    #[track_caller]
    fn check(ours: ObjectLock, theirs: ObjectLock, expected: Agreement) {
        let now = LockTime::certain(NOW.parse().unwrap());
        assert_eq!(ours.agreement(theirs, now), expected);
        let mirrored = match expected {
            Agreement::Agrees => Agreement::Agrees,
            Agreement::Weaker => Agreement::Stricter,
            Agreement::Stricter => Agreement::Weaker,
            Agreement::Differs => Agreement::Differs,
        };
        assert_eq!(theirs.agreement(ours, now), mirrored);
    }

    #[test]
    fn what_does_not_protect_is_the_same_as_nothing() {
        let over = lock(
            Some((Compliance, "2029-01-01T00:00:00Z")),
            Some(LegalHold::Off),
        );
        check(over, ObjectLock::none(), Agreement::Agrees);
        check(over, over, Agreement::Agrees);
    }

    #[test]
    fn another_that_holds_less_is_weaker() {
        let long = lock(Some((Governance, "2031-01-01T00:00:00Z")), None);
        check(long, ObjectLock::none(), Agreement::Weaker);
        let short = lock(Some((Governance, "2030-06-01T00:00:00Z")), None);
        check(long, short, Agreement::Weaker);
        let firm = lock(Some((Compliance, "2031-01-01T00:00:00Z")), None);
        check(firm, long, Agreement::Weaker);
        let held = lock(None, Some(LegalHold::On));
        check(held, ObjectLock::none(), Agreement::Weaker);
    }

    #[test]
    fn another_that_holds_longer_but_softer_differs() {
        let firm = lock(Some((Compliance, "2030-06-01T00:00:00Z")), None);
        let long = lock(Some((Governance, "2031-01-01T00:00:00Z")), None);
        check(firm, long, Agreement::Differs);
        check(firm, lock(None, Some(LegalHold::On)), Agreement::Differs);
    }
}
