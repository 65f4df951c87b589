use super::*;
use crate::controls::lock::{Bypass, Elapsed, LockTime, Protected, may_destroy};
use proptest::option;
use proptest::prelude::*;

fn lock() -> ObjectLock {
    ObjectLock {
        retention: Some(Retention {
            mode: RetentionMode::Governance,
            until: RetainUntil::parse("2030-01-01T00:00:00Z").unwrap(),
        }),
        legal_hold: Some(LegalHold::On),
    }
}

fn locks() -> impl Strategy<Value = ObjectLock> {
    let retention = (any::<bool>(), 0i64..253_402_300_000).prop_map(|(mode, second)| Retention {
        mode: if mode {
            RetentionMode::Compliance
        } else {
            RetentionMode::Governance
        },
        until: RetainUntil::at(Timestamp::from_second(second.min(253_402_207_200)).unwrap()),
    });
    let hold = prop_oneof![Just(LegalHold::On), Just(LegalHold::Off)];
    (option::of(retention), option::of(hold)).prop_map(|(retention, legal_hold)| ObjectLock {
        retention,
        legal_hold,
    })
}

#[track_caller]
fn refused(record: &str, expected: BadRecord) {
    let found = ObjectLock::from_record(record.as_bytes());
    assert_eq!(found, Err(expected.clone()), "{record}");
    let recorded = RecordedLock::read(Some(record.as_bytes()));
    assert_eq!(recorded, RecordedLock::Unreadable(expected));
    // Long after every retention.
    let now = LockTime::certain(Timestamp::MAX);
    let decided = may_destroy(&recorded, now, Bypass::NO);
    assert_eq!(decided, Err(Protected::Unreadable));
}

/// A record of these members whose checksum is right.
fn sealed(kind: &str, members: &[(&str, &str)]) -> String {
    let mut written = Members::default();
    for (name, text) in members {
        written.put(name, text);
    }
    String::from_utf8(written.seal(kind)).unwrap()
}

#[test]
fn a_record_is_a_line_of_json() {
    let expected = r#"{"check":"CHECK","hold":"ON","mode":"GOVERNANCE","until":"2030-01-01T00:00:00.000Z","version":"1"}"#;
    let record = String::from_utf8(lock().to_record()).unwrap();
    let check = record.get(10..18).unwrap();
    assert!(check.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(record, expected.replace("CHECK", check));
}

#[test]
fn no_record_is_no_lock() {
    let none = RecordedLock::Known(ObjectLock::none());
    assert_eq!(RecordedLock::read(None), none);
    assert_eq!(
        RecordedLock::read(Some(&ObjectLock::none().to_record())),
        none
    );
}

#[test]
fn t37_an_unreadable_record_is_locked() {
    for record in [
        "",
        "{}",
        "null",
        "[]",
        "\0",
        "{\"version\":1}",
        "{\"version\":\"1\"}",
    ] {
        refused(record, BadRecord::Unreadable);
    }
    let mut latin = lock().to_record();
    latin.push(0xff);
    assert_eq!(ObjectLock::from_record(&latin), Err(BadRecord::Unreadable));
}

#[test]
fn t37_a_truncated_record_is_locked() {
    let record = String::from_utf8(lock().to_record()).unwrap();
    for length in 0..record.len() {
        refused(record.get(..length).unwrap(), BadRecord::Unreadable);
    }
    refused(&format!("{record}{record}"), BadRecord::Unreadable);
    assert_eq!(ObjectLock::from_record(record.as_bytes()), Ok(lock()));
}

#[test]
fn t37_a_record_of_an_unknown_version_is_locked() {
    for version in ["2", "0", "", "1.0"] {
        let record = format!(r#"{{"version":"{version}","check":"00000000","event_hold":"ON"}}"#);
        refused(&record, BadRecord::Version(version.into()));
    }
}

#[test]
fn t37_a_record_that_says_more_or_less_than_we_know_is_locked() {
    let until = ("until", "2030-01-01T00:00:00Z");
    for members in [
        &[("mode", "GOVERNANCE")][..],
        &[until],
        &[("mode", "governance"), until],
        &[("mode", "GOVERNANCE"), ("until", "soon")],
        &[("hold", "on")],
        &[("event_hold", "ON")],
    ] {
        refused(&sealed("lock", members), BadRecord::Unreadable);
    }
    let right = sealed("lock", &[("mode", "GOVERNANCE"), until, ("hold", "ON")]);
    assert!(ObjectLock::from_record(right.as_bytes()).is_ok());
    // One kind of record is not taken for another.
    refused(&sealed("clock", &[("hold", "OFF")]), BadRecord::Damaged);
}

#[test]
fn t37_a_digit_that_rots_does_not_release() {
    let record = String::from_utf8(lock().to_record()).unwrap();
    refused(&record.replace("2030", "2020"), BadRecord::Damaged);
    refused(&record.replace("ON", "OFF"), BadRecord::Damaged);
}

#[test]
fn t37_nothing_is_stricter_than_what_cannot_be_read() {
    let unreadable = RecordedLock::Unreadable(BadRecord::Damaged);
    let known = RecordedLock::Known(lock());
    for (one, other) in [(&unreadable, &known), (&known, &unreadable)] {
        assert_eq!(one.clone().stricter(other.clone()), unreadable);
    }
}

#[test]
fn a_clock_is_kept_as_it_was() {
    let start: Timestamp = "2026-06-01T12:00:00.123456789Z".parse().unwrap();
    let mut jumped = LockClock::new(start);
    jumped.observe(Timestamp::MAX, Elapsed::Unmeasured);
    for clock in [LockClock::new(start), jumped, LockClock::lost()] {
        assert_eq!(LockClock::from_record(&clock.to_record()), Ok(clock));
    }
    let record = String::from_utf8(jumped.to_record()).unwrap();
    for length in 0..record.len() {
        assert!(LockClock::from_record(&record.as_bytes()[..length]).is_err());
    }
    let moved = record.replace("2026", "2036");
    let found = LockClock::from_record(moved.as_bytes());
    assert_eq!(found, Err(BadRecord::Damaged));
}

proptest! {
    #[test]
    fn what_is_written_reads_back(lock in locks()) {
        prop_assert_eq!(ObjectLock::from_record(&lock.to_record()), Ok(lock));
    }

    #[test]
    fn t37_no_damage_to_a_byte_weakens_a_lock(at: prop::sample::Index, byte: u8, lock in locks()) {
        let mut record = lock.to_record();
        let at = at.index(record.len());
        record[at] = byte;
        // Whatever reads is what was written, or nothing reads.
        let found = ObjectLock::from_record(&record);
        prop_assert!(found.is_err() || found == Ok(lock));
    }

    #[test]
    fn t37_no_bytes_panic(record: Vec<u8>) {
        prop_assert!(ObjectLock::from_record(&record).is_err());
        prop_assert!(LockClock::from_record(&record).is_err());
    }
}
