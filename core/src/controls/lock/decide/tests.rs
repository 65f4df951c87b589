//! The whole table is in `core/tests/data/lock/decisions.json`.

use super::*;
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::collections::BTreeMap;

const TABLE: &str = include_str!("../../../../tests/data/lock/decisions.json");

const NONE: BypassPermission = BypassPermission::Missing;
const HELD: BypassPermission = BypassPermission::Held;

/// In the order of the outcomes in the table.
const BYPASSES: [(&str, Bypass); 4] = [
    ("no", Bypass::NO),
    ("header", bypass(BypassHeader::True, NONE)),
    ("permission", bypass(BypassHeader::Absent, HELD)),
    ("both", bypass(BypassHeader::True, HELD)),
];

const fn bypass(header: BypassHeader, permission: BypassPermission) -> Bypass {
    Bypass { header, permission }
}

fn table() -> Json {
    serde_json::from_str(TABLE).unwrap()
}

fn at(time: &str) -> LockTime {
    LockTime::certain(time.parse::<Timestamp>().unwrap())
}

fn text<'a>(json: &'a Json, name: &str) -> Option<&'a str> {
    json.get(name).and_then(Json::as_str)
}

/// A retention as the table says it; `same` is what the state has.
fn retention(json: &Json, same: Option<Retention>) -> Option<Retention> {
    let mode = match text(json, "mode")? {
        "same" => same.unwrap().mode,
        name => RetentionMode::parse(name).unwrap(),
    };
    let until = match text(json, "until")? {
        "same" => same.unwrap().until,
        date => RetainUntil::parse(date).unwrap(),
    };
    Some(Retention { mode, until })
}

fn state(json: &Json) -> RecordedLock {
    match text(json, "record") {
        Some(record) => RecordedLock::read(Some(record.as_bytes())),
        None => RecordedLock::Known(ObjectLock {
            retention: retention(json, None),
            legal_hold: text(json, "hold").and_then(LegalHold::parse),
        }),
    }
}

fn decide(
    lock: &RecordedLock,
    request: &str,
    asked: &Json,
    now: LockTime,
    bypass: Bypass,
) -> Result<(), Protected> {
    let same = match lock {
        RecordedLock::Known(lock) => lock.retention,
        RecordedLock::Unreadable(_) => None,
    };
    match request {
        "destroy" => may_destroy(lock, now, bypass),
        "overwrite" => may_overwrite(lock, now),
        "hold on" | "hold off" => may_change_legal_hold(lock),
        _ => may_change_retention(lock, retention(asked, same), now, bypass),
    }
}

fn letter(outcome: Result<(), Protected>) -> char {
    match outcome {
        Ok(()) => '+',
        Err(Protected::LegalHold) => 'H',
        Err(Protected::Compliance(_)) => 'C',
        Err(Protected::Governance(_)) => 'G',
        Err(Protected::Unreadable) => '?',
    }
}

#[test]
fn every_request_on_every_state_is_decided_as_the_table_says() {
    let table = table();
    let now = at(text(&table, "now").unwrap());
    let requests = table["requests"].as_object().unwrap();
    let mut seen = BTreeMap::new();
    for (name, rows) in table["table"].as_object().unwrap() {
        let lock = state(&table["states"][name]);
        for (request, expected) in rows.as_object().unwrap() {
            let asked = requests.get(request).unwrap();
            let found: String = BYPASSES
                .iter()
                .map(|(_, bypass)| letter(decide(&lock, request, asked, now, *bypass)))
                .collect();
            assert_eq!(found, expected.as_str().unwrap(), "{request} of {name}");
            *seen.entry(request.clone()).or_insert(0) += 1;
        }
    }
    let states = table["states"].as_object().unwrap();
    assert_eq!(table["table"].as_object().unwrap().len(), states.len());
    assert!(requests.keys().all(|request| seen.contains_key(request)));
    let names: Vec<&str> = BYPASSES.iter().map(|(name, _)| *name).collect();
    assert_eq!(table["bypass"], Json::from(names));
}

fn locked(mode: RetentionMode) -> RecordedLock {
    let until = RetainUntil::parse("2030-01-01T00:00:00Z").unwrap();
    ObjectLock {
        retention: Some(Retention { mode, until }),
        legal_hold: None,
    }
    .into()
}

const BEFORE: &str = "2029-12-31T23:59:59.999999999Z";

#[test]
fn t34_bypass_takes_header_and_permission() {
    let lock = locked(RetentionMode::Governance);
    for header in [
        BypassHeader::Absent,
        BypassHeader::NotTrue,
        BypassHeader::True,
    ] {
        for permission in [NONE, HELD] {
            let found = may_destroy(&lock, at(BEFORE), bypass(header, permission)).is_ok();
            let both = header == BypassHeader::True && permission == HELD;
            assert_eq!(found, both, "{header:?} {permission:?}");
        }
    }
}

#[test]
fn t34_compliance_admits_no_bypass() {
    let lock = locked(RetentionMode::Compliance);
    let both = bypass(BypassHeader::True, HELD);
    let until = RetainUntil::parse("2030-01-01T00:00:00Z").unwrap();
    let refused = Err(Protected::Compliance(until));
    assert_eq!(may_destroy(&lock, at(BEFORE), both), refused);
    assert_eq!(may_change_retention(&lock, None, at(BEFORE), both), refused);
    // Its neighbour: a second later nothing holds it.
    let over = at("2030-01-01T00:00:00.000000001Z");
    assert_eq!(may_destroy(&lock, over, Bypass::NO), Ok(()));
    assert_eq!(may_change_retention(&lock, None, over, Bypass::NO), Ok(()));
}

#[test]
fn t35_a_protected_null_version_is_not_replaced() {
    let lock = locked(RetentionMode::Governance);
    assert!(may_overwrite(&lock, at(BEFORE)).is_err());
    assert!(may_overwrite(&lock, at("2030-01-01T00:00:00.5Z")).is_ok());
    assert!(may_overwrite(&RecordedLock::read(None), at(BEFORE)).is_ok());
}

#[track_caller]
fn check_header(values: &[&str], expected: BypassHeader) {
    let found = BypassHeader::read(|name| {
        assert_eq!(name, "x-amz-bypass-governance-retention");
        values.iter().map(|value| value.as_bytes())
    });
    assert_eq!(found, expected, "{values:?}");
    assert_eq!(found.is_sent(), !values.is_empty());
}

#[test]
fn t34_the_header_is_true_once() {
    check_header(&[], BypassHeader::Absent);
    check_header(&["true"], BypassHeader::True);
    check_header(&["TRUE"], BypassHeader::True);
    check_header(&["false"], BypassHeader::NotTrue);
    check_header(&[""], BypassHeader::NotTrue);
    check_header(&["1"], BypassHeader::NotTrue);
    check_header(&["true", "true"], BypassHeader::NotTrue);
}

#[test]
fn what_is_protected_is_said_in_the_words_of_s3() {
    let until = RetainUntil::MAX;
    for protected in [
        Protected::LegalHold,
        Protected::Compliance(until),
        Protected::Governance(until),
    ] {
        let error = S3Error::from(protected);
        assert_eq!(error.code, ErrorCode::AccessDenied);
        assert_eq!(
            error.message,
            "Access Denied because object protected by object lock."
        );
    }
    let error = S3Error::from(Protected::Unreadable);
    assert_eq!(error.code, ErrorCode::ServiceUnavailable);
}
