use super::*;
use proptest::prelude::*;

#[track_caller]
fn reads(text: &str, shown: &str) {
    let found = RetainUntil::parse(text).map(|until| until.to_string());
    assert_eq!(found.as_deref(), Ok(shown), "{text}");
}

#[track_caller]
fn refused(text: &str) {
    assert_eq!(RetainUntil::parse(text), Err(BadDate), "{text}");
}

#[test]
fn the_forms_that_sdks_send_are_read() {
    reads("2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z");
    reads("2030-01-01T00:00:00.000Z", "2030-01-01T00:00:00.000Z");
    reads("2030-01-01T00:00:00.000000Z", "2030-01-01T00:00:00.000Z");
    reads("2030-01-01T02:30:00+02:30", "2030-01-01T00:00:00.000Z");
    reads("2029-12-31T16:00:00-0800", "2030-01-01T00:00:00.000Z");
    reads("20300101T000000Z", "2030-01-01T00:00:00.000Z");
    reads("2028-02-29T23:59:59Z", "2028-02-29T23:59:59.000Z");
}

#[test]
fn fractions_are_rounded_up() {
    reads("2030-01-01T00:00:00.000000001Z", "2030-01-01T00:00:01.000Z");
    reads("2029-12-31T23:59:59.999Z", "2030-01-01T00:00:00.000Z");
    reads("1969-12-31T23:59:58.5Z", "1969-12-31T23:59:59.000Z");
}

#[test]
fn forever_can_be_said_and_is_the_last_second() {
    reads("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z");
    reads("9999-12-31T23:59:59.5Z", "9999-12-31T23:59:59.000Z");
    reads("9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.000Z");
    let last = RetainUntil::parse("9999-12-31T23:59:59Z").unwrap();
    assert_eq!(last, RetainUntil::MAX);
    assert!(!last.has_passed(Timestamp::MAX));
}

#[test]
fn what_is_no_instant_is_refused() {
    for text in [
        "",
        "abc",
        "2030",
        "2030-01-01",
        "2030-01-01T00:00:00",
        "2030-01-01 00:00:00Z",
        "2030-01-01t00:00:00z",
        "2030-01-01T00:00:00Z ",
        "2030-02-30T00:00:00Z",
        "2030-01-01T25:00:00Z",
        "2030-01-01T00:00:00Z[Europe/Berlin]",
        "+002030-01-01T00:00:00Z",
        "-002030-01-01T00:00:00Z",
        "Tue, 01 Jan 2030 00:00:00 GMT",
        "1893456000",
    ] {
        refused(text);
    }
}

#[test]
fn the_second_itself_has_not_passed_and_is_not_to_come() {
    let until = RetainUntil::parse("2030-01-01T00:00:00Z").unwrap();
    for (now, passed, future) in [
        ("2029-12-31T23:59:59.999999999Z", false, true),
        ("2030-01-01T00:00:00Z", false, false),
        ("2030-01-01T00:00:00.000000001Z", true, false),
    ] {
        let now: Timestamp = now.parse().unwrap();
        assert_eq!(until.has_passed(now), passed, "{now}");
        assert_eq!(until.is_future(now), future, "{now}");
    }
}

#[test]
fn remaining_days_count_the_one_begun() {
    let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
    for (until, days) in [
        ("2026-06-01T12:00:00Z", 0),
        ("2026-06-01T12:00:01Z", 1),
        ("2026-06-02T12:00:00Z", 1),
        ("2026-06-02T12:00:01Z", 2),
        ("2026-07-01T12:00:00Z", 30),
        ("2026-05-31T12:00:00Z", -1),
    ] {
        let until = RetainUntil::parse(until).unwrap();
        assert_eq!(until.days_from(now), days, "{until}");
    }
}

#[test]
fn nothing_overflows() {
    let none = RetainUntil::days_after(Timestamp::MAX, 0);
    assert_eq!(none.to_string(), "9999-12-30T22:00:01.000Z");
    assert_eq!(
        RetainUntil::days_after(Timestamp::MAX, u32::MAX),
        RetainUntil::MAX
    );
    assert_eq!(
        RetainUntil::days_after(Timestamp::UNIX_EPOCH, u32::MAX),
        RetainUntil::MAX
    );
    let first = RetainUntil::at(Timestamp::MIN);
    assert!(first.has_passed(Timestamp::UNIX_EPOCH));
    assert_eq!(first.to_string(), "0000-01-01T00:00:00.000Z");
    assert_eq!(RetainUntil::parse(&first.to_string()), Ok(first));
    assert!(RetainUntil::MAX.days_from(Timestamp::MIN) > 0);
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(second in FIRST..=LAST) {
        let until = RetainUntil(second);
        prop_assert_eq!(RetainUntil::parse(&until.to_string()), Ok(until));
        prop_assert_eq!(until.as_second(), second);
    }

    #[test]
    fn it_never_lies_before_the_instant_it_is_made_of(
        second in -100i64..4_000_000_000, nanosecond in 0i32..1_000_000_000,
    ) {
        let instant = Timestamp::new(second, 0).unwrap() + SignedDuration::from_nanos(nanosecond.into());
        let until = RetainUntil::at(instant);
        prop_assert!(!until.has_passed(instant));
        prop_assert!(until.has_passed(instant + SignedDuration::from_secs(1)));
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = RetainUntil::parse(&text);
    }
}
