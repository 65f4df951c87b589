use super::*;
use crate::controls::lock::{
    Bypass, ObjectLock, RecordedLock, RetainUntil, Retention, RetentionMode, may_destroy,
};
use proptest::prelude::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn start() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn measured(time: SignedDuration) -> Elapsed {
    Elapsed::Measured(time.unsigned_abs())
}

fn is_frozen(clock: &LockClock) -> bool {
    match clock.state() {
        ClockState::Running => false,
        ClockState::Frozen { .. } => true,
    }
}

/// Retained until so long after the start.
fn retained(time: SignedDuration) -> RecordedLock {
    ObjectLock {
        retention: Some(Retention {
            mode: RetentionMode::Compliance,
            until: RetainUntil::at(start() + time),
        }),
        legal_hold: None,
    }
    .into()
}

fn is_released(lock: &RecordedLock, now: LockTime) -> bool {
    may_destroy(lock, now, Bypass::NO).is_ok()
}

#[test]
fn a_clock_that_goes_as_measured_is_followed() {
    let mut clock = LockClock::new(start());
    let lock = retained(HOUR * 2);
    for hour in 1..=100 {
        let wall = start() + HOUR * hour;
        let now = clock.observe(wall, measured(HOUR));
        assert_eq!((now.release(), now.latest()), (wall, wall));
        assert_eq!(is_released(&lock, now), hour > 2);
    }
    assert_eq!(clock.state(), ClockState::Running);
}

#[test]
fn t36_clock_back_releases_nothing_earlier_and_nothing_anew() {
    let mut clock = LockClock::new(start());
    let now = clock.observe(start() + HOUR, measured(HOUR));
    assert_eq!(now.release(), start() + HOUR);
    let back = clock.observe(start() - HOUR * 1000, measured(SECOND));
    assert_eq!(back.release(), start() + HOUR);
    assert_eq!(back.latest(), start() + HOUR);
    // What was released stays so, what was not is not.
    assert!(is_released(&retained(HOUR - SECOND), back));
    assert!(!is_released(&retained(HOUR), back));
    assert!(!is_frozen(&clock));
    // Put right, it goes on at once.
    let right = start() + HOUR * 2;
    let now = clock.observe(right, measured(HOUR));
    assert_eq!(now.release(), right);
}

#[test]
fn t36_clock_forward_beyond_the_bound_freezes_releases() {
    let lock = retained(HOUR * 2);
    for (lead, frozen) in [
        (LARGEST_LEAD, false),
        (LARGEST_LEAD + SECOND, true),
        (LARGEST_LEAD * 1000, true),
    ] {
        let mut clock = LockClock::new(start());
        let wall = start() + SECOND + lead;
        let now = clock.observe(wall, measured(SECOND));
        assert_eq!(is_frozen(&clock), frozen, "{lead}");
        assert_eq!(is_released(&lock, now), !frozen, "{lead}");
        assert_eq!(now.latest(), wall);
    }
}

#[test]
fn t36_frozen_releases_wait_for_an_operator() {
    let lock = retained(HOUR * 2);
    let mut clock = LockClock::new(start());
    let jumped = start() + HOUR * 10_000;
    clock.observe(jumped, measured(SECOND));
    let frozen = ClockState::Frozen {
        since: start(),
        because: Freeze::Jumped(jumped),
    };
    assert_eq!(clock.state(), frozen);
    // Neither time nor a clock put right ends it.
    for hour in 1..100 {
        let now = clock.observe(start() + HOUR * hour, measured(HOUR));
        assert_eq!(now.release(), start());
        assert!(!is_released(&lock, now));
    }
    assert_eq!(clock.state(), frozen);
    // What counts is the time at which it is acknowledged, and not the one it had jumped to.
    clock.acknowledge(start() + HOUR);
    let now = clock.observe(start() + HOUR, measured(SignedDuration::ZERO));
    assert!(!is_released(&lock, now));
    let now = clock.observe(start() + HOUR * 3, measured(HOUR * 2));
    assert!(is_released(&lock, now));
}

#[test]
fn t36_a_jump_that_was_right_is_taken_when_acknowledged() {
    let mut clock = LockClock::new(start());
    let jumped = start() + HOUR * 10_000;
    clock.observe(jumped, measured(SECOND));
    clock.acknowledge(jumped);
    let now = clock.observe(jumped, measured(SignedDuration::ZERO));
    assert_eq!(now.release(), jumped);
    assert!(!is_frozen(&clock));
    // From there the bound counts anew.
    clock.observe(jumped + LARGEST_LEAD, measured(SignedDuration::ZERO));
    assert!(!is_frozen(&clock));
    clock.observe(
        jumped + LARGEST_LEAD + SECOND,
        measured(SignedDuration::ZERO),
    );
    assert!(is_frozen(&clock));
}

#[test]
fn t36_an_acknowledgement_that_nothing_waits_for_changes_nothing() {
    let mut clock = LockClock::new(start());
    let before = clock;
    clock.acknowledge(start() + HOUR * 10_000);
    assert_eq!(clock, before);
}

#[test]
fn t36_small_steps_are_taken_together() {
    let mut clock = LockClock::new(start());
    let mut wall = start();
    for step in 1..=25 {
        wall += HOUR + SECOND;
        clock.observe(wall, measured(SECOND));
        assert_eq!(is_frozen(&clock), step > 24, "{step}");
    }
}

#[test]
fn t36_a_gap_nobody_measured_is_judged_alone() {
    let mut clock = LockClock::new(start());
    let mut wall = start();
    for _ in 0..10 {
        wall += LARGEST_LEAD;
        assert_eq!(clock.observe(wall, Elapsed::Unmeasured).release(), wall);
    }
    wall += LARGEST_LEAD + SECOND;
    clock.observe(wall, Elapsed::Unmeasured);
    assert!(is_frozen(&clock));
}

#[test]
fn t37_a_clock_that_is_lost_releases_nothing_until_acknowledged() {
    let mut clock = LockClock::lost();
    let now = clock.observe(start() + HOUR * 1000, Elapsed::Unmeasured);
    assert!(!is_released(&retained(-HOUR * 100_000), now));
    assert!(is_released(&RecordedLock::read(None), now));
    assert_eq!(now.latest(), start() + HOUR * 1000);
    clock.acknowledge(start());
    let now = clock.observe(start() + SECOND, measured(SECOND));
    assert!(is_released(&retained(SignedDuration::ZERO), now));
}

#[test]
fn nothing_overflows() {
    let mut clock = LockClock::new(Timestamp::MAX);
    let long = Elapsed::Measured(Duration::MAX);
    assert_eq!(
        clock.observe(Timestamp::MAX, long).release(),
        Timestamp::MAX
    );
    assert_eq!(
        clock.observe(Timestamp::MIN, long).release(),
        Timestamp::MAX
    );
    let mut clock = LockClock::new(Timestamp::MIN);
    let now = clock.observe(Timestamp::MAX, Elapsed::Unmeasured);
    assert_eq!(now.release(), Timestamp::MIN);
}

fn steps() -> impl Strategy<Value = Vec<(i64, u64)>> {
    proptest::collection::vec((-200_000i64..200_000, 0u64..100_000), 1..50)
}

proptest! {
    #[test]
    fn t36_the_time_of_release_never_goes_back_nor_far_ahead_of_what_was_measured(steps in steps()) {
        let mut clock = LockClock::new(start());
        let (mut wall, mut last, mut total) = (start(), start(), 0);
        for (step, elapsed) in steps {
            wall += SignedDuration::from_secs(step);
            total += elapsed;
            let elapsed = Elapsed::Measured(Duration::from_secs(elapsed));
            let now = clock.observe(wall, elapsed);
            prop_assert!(now.release() >= last);
            prop_assert!(now.latest() >= now.release() && now.latest() >= wall);
            prop_assert!(now.release() <= start() + Duration::from_secs(total) + LARGEST_LEAD);
            last = now.release();
        }
    }
}
