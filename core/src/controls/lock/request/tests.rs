use super::*;
use crate::controls::lock::{DefaultRetention, Period};
use http::{HeaderName, HeaderValue};

const DATE: &str = "2030-01-01T00:00:00Z";

fn now() -> LockTime {
    LockTime::certain("2026-06-01T12:00:00Z".parse().unwrap())
}

fn headers(sent: &[(&'static str, &str)]) -> HeaderMap {
    sent.iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            (HeaderName::from_static(name), value)
        })
        .collect()
}

#[track_caller]
fn read(sent: &[(&'static str, &str)]) -> LockRequest {
    LockRequest::from_headers(&headers(sent), now()).unwrap()
}

#[track_caller]
fn refused(sent: &[(&'static str, &str)], message: &str, details: &[(&'static str, &str)]) {
    let error = LockRequest::from_headers(&headers(sent), now()).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArgument, "{sent:?}");
    assert_eq!(error.message, message, "{sent:?}");
    let found: Vec<_> = error
        .details
        .iter()
        .map(|(name, text)| (*name, &**text))
        .collect();
    assert_eq!(found, details, "{sent:?}");
}

fn retention(mode: RetentionMode, until: &str) -> Retention {
    Retention {
        mode,
        until: RetainUntil::parse(until).unwrap(),
    }
}

fn bucket() -> LockConfiguration {
    LockConfiguration {
        default: Some(DefaultRetention {
            mode: RetentionMode::Compliance,
            period: Period::Days(1),
        }),
    }
}

#[test]
fn mode_and_date_and_hold_are_read() {
    assert!(read(&[]).is_none());
    let asked = read(&[(MODE, "GOVERNANCE"), (UNTIL, DATE)]);
    let expected = retention(RetentionMode::Governance, DATE);
    assert_eq!(asked.retention, Some(expected));
    assert_eq!(asked.legal_hold, None);
    let asked = read(&[(MODE, "COMPLIANCE"), (UNTIL, DATE), (HOLD, "ON")]);
    assert_eq!(asked.legal_hold, Some(LegalHold::On));
    let asked = read(&[(HOLD, "OFF")]);
    assert_eq!(asked.legal_hold, Some(LegalHold::Off));
    assert!(!asked.is_none());
}

#[test]
fn fields_of_a_form_are_read_alike() {
    let fields = [(MODE, "GOVERNANCE"), (UNTIL, DATE)];
    let found = LockRequest::read(
        |name| {
            fields
                .iter()
                .find(|field| field.0 == name)
                .map(|field| field.1)
        },
        now(),
    );
    assert_eq!(found, Ok(read(&fields)));
}

#[test]
fn mode_and_date_come_together() {
    let message =
        "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
    refused(&[(MODE, "GOVERNANCE")], message, &[("ArgumentName", UNTIL)]);
    refused(&[(MODE, "no mode")], message, &[("ArgumentName", UNTIL)]);
    refused(&[(UNTIL, DATE)], message, &[("ArgumentName", MODE)]);
    refused(
        &[(UNTIL, DATE), (HOLD, "ON")],
        message,
        &[("ArgumentName", MODE)],
    );
}

#[test]
fn values_are_those_of_s3() {
    let about = |name, value| [("ArgumentName", name), ("ArgumentValue", value)];
    for mode in ["governance", "GOVERNANCE ", "", "BAD-VALUE", "OFF"] {
        let sent = [(MODE, mode), (UNTIL, DATE)];
        refused(&sent, "Unknown wormMode directive.", &about(MODE, mode));
    }
    for hold in ["on", "true", "", "wrong"] {
        let message = "Legal Hold must be either of 'ON' or 'OFF'";
        refused(&[(HOLD, hold)], message, &about(HOLD, hold));
    }
    for date in ["abc", "", "2030-01-01", "Tue, 01 Jan 2030 00:00:00 GMT"] {
        let message = "The retain until date must be provided in ISO 8601 format";
        let sent = [(MODE, "GOVERNANCE"), (UNTIL, date)];
        refused(&sent, message, &about(UNTIL, date));
    }
}

#[test]
fn the_date_lies_in_the_future() {
    let message = "The retain until date must be in the future!";
    for date in [
        "2026-06-01T12:00:00Z",
        "2026-06-01T13:59:59+02:00",
        "2001-01-01T00:00:00Z",
    ] {
        let about = [("ArgumentName", UNTIL), ("ArgumentValue", date)];
        refused(&[(MODE, "COMPLIANCE"), (UNTIL, date)], message, &about);
    }
    let asked = read(&[(MODE, "COMPLIANCE"), (UNTIL, "2026-06-01T12:00:01Z")]);
    assert!(asked.retention.is_some());
}

#[test]
fn what_is_sent_twice_is_refused() {
    let message = "The header was sent more than once";
    for (name, value) in [(MODE, "GOVERNANCE"), (UNTIL, DATE), (HOLD, "ON")] {
        let about = [("ArgumentName", name), ("ArgumentValue", value)];
        refused(&[(name, value), (name, value)], message, &about);
    }
}

#[test]
fn an_event_hold_is_not_promised() {
    for name in EVENT_HOLD {
        let sent = [(name, "ON"), (MODE, "GOVERNANCE"), (UNTIL, DATE)];
        let error = LockRequest::from_headers(&headers(&sent), now()).unwrap_err();
        assert_eq!(error.code, ErrorCode::NotImplemented, "{name}");
    }
}

#[test]
fn a_bucket_without_lock_takes_none() {
    for sent in [
        &[(HOLD, "OFF")][..],
        &[(HOLD, "ON")],
        &[(MODE, "GOVERNANCE"), (UNTIL, DATE)],
    ] {
        let error = read(sent).lock(None, now()).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidRequest);
        assert_eq!(error.message, "Bucket is missing Object Lock Configuration");
    }
    assert_eq!(read(&[]).lock(None, now()), Ok(ObjectLock::none()));
    assert_eq!(
        read(&[]).lock(Some(&LockConfiguration::default()), now()),
        Ok(ObjectLock::none())
    );
}

/// A copy, an upload in parts and a form ask through the same headers; that a copy's source is locked is nowhere asked.
#[test]
fn t38_the_default_applies_to_whatever_asks_for_no_retention() {
    let default = retention(RetentionMode::Compliance, "2026-06-02T12:00:00Z");
    let lock = |sent| read(sent).lock(Some(&bucket()), now()).unwrap();
    assert_eq!(lock(&[]).retention, Some(default));
    assert_eq!(lock(&[]).legal_hold, None);
    // A hold adds to the default.
    let held = lock(&[(HOLD, "ON")]);
    assert_eq!(held.retention, Some(default));
    assert_eq!(held.legal_hold, Some(LegalHold::On));
    // A retention replaces it, be it weaker.
    let own = lock(&[(MODE, "GOVERNANCE"), (UNTIL, "2026-06-01T12:00:01Z")]);
    let expected = retention(RetentionMode::Governance, "2026-06-01T12:00:01Z");
    assert_eq!(own.retention, Some(expected));
}

#[track_caller]
fn check_conditions(asked: LockRequest, expected: &[(&str, &str)]) {
    let found = asked.conditions(now());
    let found: Vec<_> = found
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn conditions_see_what_is_asked_for() {
    check_conditions(read(&[]), &[]);
    check_conditions(
        read(&[
            (MODE, "GOVERNANCE"),
            (UNTIL, "2026-06-11T12:00:01Z"),
            (HOLD, "OFF"),
        ]),
        &[
            ("s3:object-lock-mode", "GOVERNANCE"),
            (
                "s3:object-lock-retain-until-date",
                "2026-06-11T12:00:01.000Z",
            ),
            ("s3:object-lock-remaining-retention-days", "11"),
            ("s3:object-lock-legal-hold", "OFF"),
        ],
    );
    check_conditions(
        read(&[(HOLD, "ON")]),
        &[("s3:object-lock-legal-hold", "ON")],
    );
}
