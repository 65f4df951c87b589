use super::*;
use jiff::Timestamp;
use proptest::option;
use proptest::prelude::*;

/// Around the times at which the locks below end.
fn seconds() -> impl Strategy<Value = i64> {
    1_000_000_000i64..1_000_000_010
}

fn instants() -> impl Strategy<Value = Timestamp> {
    (seconds(), 0..2i32)
        .prop_map(|(second, half)| Timestamp::new(second, half * 500_000_000).unwrap())
}

fn modes() -> impl Strategy<Value = RetentionMode> {
    prop_oneof![
        Just(RetentionMode::Governance),
        Just(RetentionMode::Compliance)
    ]
}

fn retentions() -> impl Strategy<Value = Retention> {
    (modes(), instants()).prop_map(|(mode, instant)| Retention {
        mode,
        until: RetainUntil::at(instant),
    })
}

fn locks() -> impl Strategy<Value = ObjectLock> {
    let holds = prop_oneof![Just(LegalHold::On), Just(LegalHold::Off)];
    (option::of(retentions()), option::of(holds)).prop_map(|(retention, legal_hold)| ObjectLock {
        retention,
        legal_hold,
    })
}

fn recorded() -> impl Strategy<Value = RecordedLock> {
    prop_oneof![
        9 => locks().prop_map(RecordedLock::Known),
        1 => Just(RecordedLock::Unreadable(BadRecord::Unreadable)),
    ]
}

const BYPASSED: Bypass = Bypass {
    header: BypassHeader::True,
    permission: BypassPermission::Held,
};

proptest! {
    #[test]
    fn the_stricter_of_two_is_a_least_upper_bound(a in locks(), b in locks(), c in locks()) {
        prop_assert_eq!(a.stricter(b), b.stricter(a));
        prop_assert_eq!(a.stricter(b).stricter(c), a.stricter(b.stricter(c)));
        prop_assert_eq!(a.stricter(a), a);
        prop_assert_eq!(a.stricter(ObjectLock::none()), a);
    }

    #[test]
    fn what_is_refused_for_either_is_refused_for_the_stricter(
        a in recorded(), b in recorded(), now in instants(), asked: bool,
    ) {
        let bypass = if asked { BYPASSED } else { Bypass::NO };
        let now = LockTime::certain(now);
        let both = a.clone().stricter(b.clone());
        let refused = |lock: &RecordedLock| may_destroy(lock, now, bypass).is_err();
        prop_assert!(refused(&both) || !refused(&a) && !refused(&b));
        let removal = |lock: &RecordedLock| may_change_retention(lock, None, now, bypass).is_err();
        prop_assert!(removal(&both) || !removal(&a) && !removal(&b));
    }

    #[test]
    fn no_change_that_is_allowed_without_bypass_makes_a_lock_weaker(
        old in retentions(), new in option::of(retentions()), now in instants(), later in instants(),
    ) {
        let lock = |retention| RecordedLock::Known(ObjectLock { retention, legal_hold: None });
        let now = LockTime::certain(now);
        let changed = may_change_retention(&lock(Some(old)), new, now, Bypass::NO).is_ok();
        if changed && old.is_active(now) {
            for bypass in [Bypass::NO, BYPASSED] {
                let may = |lock| may_destroy(&lock, LockTime::certain(later), bypass).is_ok();
                prop_assert!(may(lock(Some(old))) || !may(lock(new)));
            }
        }
    }
}

#[track_caller]
fn check_headers(lock: ObjectLock, expected: &[(&str, &str)]) {
    let found: Vec<_> = lock.headers().collect();
    let found: Vec<_> = found
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_lock_is_shown_in_headers() {
    check_headers(ObjectLock::none(), &[]);
    let retention = Retention {
        mode: RetentionMode::Compliance,
        until: RetainUntil::parse("2030-01-01T00:00:00Z").unwrap(),
    };
    let mode = ("x-amz-object-lock-mode", "COMPLIANCE");
    let until = (
        "x-amz-object-lock-retain-until-date",
        "2030-01-01T00:00:00.000Z",
    );
    let lock = |legal_hold| ObjectLock {
        retention: Some(retention),
        legal_hold,
    };
    check_headers(lock(None), &[mode, until]);
    let hold = |status| ("x-amz-object-lock-legal-hold", status);
    check_headers(lock(Some(LegalHold::On)), &[mode, until, hold("ON")]);
    let lifted = ObjectLock {
        legal_hold: Some(LegalHold::Off),
        ..ObjectLock::none()
    };
    check_headers(lifted, &[hold("OFF")]);
}

#[test]
fn names_are_those_of_s3_in_their_case() {
    for mode in RetentionMode::ALL {
        assert_eq!(RetentionMode::parse(mode.name()), Some(mode));
        assert_eq!(RetentionMode::parse(&mode.name().to_lowercase()), None);
    }
    for hold in LegalHold::ALL {
        assert_eq!(LegalHold::parse(hold.name()), Some(hold));
        assert_eq!(LegalHold::parse(&hold.name().to_lowercase()), None);
    }
}
