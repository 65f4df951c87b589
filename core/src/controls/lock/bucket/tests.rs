use super::*;
use crate::controls::lock::{Elapsed, LockClock};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

const MADE: &str = "2027-03-01T12:00:00Z";

fn configuration(period: Period) -> LockConfiguration {
    LockConfiguration {
        default: Some(DefaultRetention {
            mode: RetentionMode::Governance,
            period,
        }),
    }
}

#[track_caller]
fn check(period: Period, made: &str, until: &str) {
    let now = LockTime::certain(made.parse().unwrap());
    let lock = configuration(period).lock_for(now);
    let retention = lock.retention.unwrap();
    assert_eq!(retention.mode, RetentionMode::Governance);
    assert_eq!(retention.until.to_string(), until, "{period:?}");
    assert_eq!(lock.legal_hold, None);
}

#[test]
fn the_default_counts_from_when_a_version_is_made() {
    check(Period::Days(1), MADE, "2027-03-02T12:00:00.000Z");
    check(Period::Days(30), MADE, "2027-03-31T12:00:00.000Z");
    check(
        Period::Days(1),
        "2027-03-01T12:00:00.25Z",
        "2027-03-02T12:00:01.000Z",
    );
}

#[test]
fn a_year_is_365_days() {
    check(Period::Years(1), MADE, "2028-02-29T12:00:00.000Z");
    let years = configuration(Period::Years(Period::MOST_YEARS));
    let days = configuration(Period::Days(Period::MOST_DAYS));
    let now = LockTime::certain(MADE.parse().unwrap());
    assert_eq!(years.lock_for(now), days.lock_for(now));
}

#[test]
fn the_longest_at_the_end_of_time_does_not_overflow() {
    let end = LockTime::certain(Timestamp::MAX);
    for period in [Period::Days(u16::MAX), Period::Years(u16::MAX)] {
        let lock = configuration(period).lock_for(end);
        assert_eq!(lock.retention.unwrap().until, RetainUntil::MAX);
    }
}

#[test]
fn no_default_locks_nothing() {
    let now = LockTime::certain(MADE.parse().unwrap());
    let lock = LockConfiguration::default().lock_for(now);
    assert_eq!(lock, ObjectLock::none());
}

#[test]
fn t36_a_clock_in_doubt_does_not_shorten_the_default() {
    let start: Timestamp = MADE.parse().unwrap();
    let year = SignedDuration::from_hours(365 * 24);
    let measured = Elapsed::Measured(Duration::from_secs(1));
    let until = |clock: &mut LockClock, wall| {
        let lock = configuration(Period::Days(1)).lock_for(clock.observe(wall, measured));
        lock.retention.unwrap().until
    };
    // Back: from the latest that it was. Forward: from what the clock says, which may be right.
    let mut clock = LockClock::new(start);
    let day = |from| RetainUntil::days_after(from, 1);
    assert_eq!(until(&mut clock, start - year), day(start));
    assert_eq!(until(&mut clock, start + year), day(start + year));
}
