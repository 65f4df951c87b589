use super::*;
use crate::s3::errors::ErrorCode;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

fn now() -> LockTime {
    LockTime::certain("2026-06-01T12:00:00Z".parse().unwrap())
}

fn code<T>(found: Result<T, S3Error>) -> Result<T, (ErrorCode, String)> {
    found.map_err(|error| (error.code, error.message.into_owned()))
}

fn malformed<T>() -> Result<T, (ErrorCode, String)> {
    code(Err(super::malformed()))
}

fn invalid<T>(message: &str) -> Result<T, (ErrorCode, String)> {
    Err((ErrorCode::InvalidArgument, message.to_owned()))
}

fn default(mode: RetentionMode, period: Period) -> LockConfiguration {
    LockConfiguration {
        default: Some(DefaultRetention { mode, period }),
    }
}

/// The document of a configuration with this in its rule's default.
fn rule(inner: &str) -> String {
    format!(
        "<ObjectLockConfiguration xmlns=\"{NAMESPACE}\"><ObjectLockEnabled>Enabled</ObjectLockEnabled>\
         <Rule><DefaultRetention>{inner}</DefaultRetention></Rule></ObjectLockConfiguration>"
    )
}

#[track_caller]
fn check(document: &str, expected: Result<LockConfiguration, (ErrorCode, String)>) {
    let found = LockConfiguration::parse_xml(document.as_bytes());
    assert_eq!(code(found), expected, "{document}");
}

#[test]
fn a_configuration_has_a_mode_and_a_period_or_neither() {
    use RetentionMode::{Compliance, Governance};
    check(
        &rule("<Mode>GOVERNANCE</Mode><Days>1</Days>"),
        Ok(default(Governance, Period::Days(1))),
    );
    check(
        &rule("<Years>100</Years><Mode> COMPLIANCE </Mode>"),
        Ok(default(Compliance, Period::Years(100))),
    );
    check(
        &rule("<Mode>GOVERNANCE</Mode><Days>36500</Days>"),
        Ok(default(Governance, Period::Days(36_500))),
    );
    check(
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
        Ok(LockConfiguration::default()),
    );
}

#[test]
fn what_is_no_configuration_is_malformed() {
    for inner in [
        "",
        "<Mode>GOVERNANCE</Mode>",
        "<Days>1</Days>",
        "<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>",
        "<Mode>GOVERNANCE</Mode><Days>1</Days><Days>1</Days>",
        "<Mode>governance</Mode><Days>1</Days>",
        "<Mode>abc</Mode><Days>0</Days>",
        "<Mode>GOVERNANCE</Mode><Days>one</Days>",
        "<Mode>GOVERNANCE</Mode><Days>1.5</Days>",
        "<Mode>GOVERNANCE</Mode><Days/>",
        "<Mode><Mode>GOVERNANCE</Mode></Mode><Days>1</Days>",
        "<Mode>GOVERNANCE</Mode><Days>1</Days><Months>1</Months>",
    ] {
        check(&rule(inner), malformed());
    }
    let whole = |inner: &str| format!("<ObjectLockConfiguration>{inner}</ObjectLockConfiguration>");
    let enabled = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>";
    for inner in [
        "",
        "<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>",
        "<ObjectLockEnabled>Disabled</ObjectLockEnabled>",
        "<ObjectLockEnabled>enabled</ObjectLockEnabled>",
        "<ObjectLockEnabled/>",
        &format!("{enabled}{enabled}"),
        &format!("{enabled}<Rule/>"),
        &format!("{enabled}<Other/>"),
    ] {
        check(&whole(inner), malformed());
    }
    check("", malformed());
    check("<Other/>", malformed());
}

#[test]
fn a_period_is_positive_and_at_most_a_hundred_years() {
    let days = |number: &str| rule(&format!("<Mode>GOVERNANCE</Mode><Days>{number}</Days>"));
    let years = |number: &str| rule(&format!("<Mode>GOVERNANCE</Mode><Years>{number}</Years>"));
    for document in [days("0"), days("-1"), years("0"), years("-9999999999")] {
        let message = "Default retention period must be a positive integer value.";
        check(&document, invalid(message));
    }
    for document in [
        days("36501"),
        days("999999999"),
        years("101"),
        days("65537"),
    ] {
        check(&document, invalid("Default retention period too large."));
    }
    let error = LockConfiguration::parse_xml(days("0").as_bytes()).unwrap_err();
    let expected = [
        ("ArgumentName", "Days".to_owned()),
        ("ArgumentValue", "0".to_owned()),
    ];
    assert_eq!(error.details, expected);
}

#[test]
fn event_holds_are_not_promised() {
    let document = rule("<Mode>GOVERNANCE</Mode><Days>1</Days><DefaultEventHold/>");
    let error = LockConfiguration::parse_xml(document.as_bytes()).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotImplemented);
    for member in ["<EventHold>ON</EventHold>", "<EventHoldDuration/>"] {
        let document = format!("<Retention>{member}</Retention>");
        let error = Retention::parse_xml(document.as_bytes(), now()).unwrap_err();
        assert_eq!(error.code, ErrorCode::NotImplemented, "{member}");
    }
}

#[test]
fn documents_are_aws_own_and_read_back() {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let configuration = default(RetentionMode::Governance, Period::Days(30));
    let expected = rule("<Mode>GOVERNANCE</Mode><Days>30</Days>");
    assert_eq!(configuration.to_xml(), format!("{head}{expected}"));
    for configuration in [configuration, LockConfiguration::default()] {
        let found = LockConfiguration::parse_xml(&configuration.to_xml());
        assert_eq!(found, Ok(configuration));
    }
    let retention = Retention {
        mode: RetentionMode::Compliance,
        until: RetainUntil::parse("2030-01-01T00:00:00Z").unwrap(),
    };
    let expected = format!(
        "{head}<Retention xmlns=\"{NAMESPACE}\"><Mode>COMPLIANCE</Mode>\
         <RetainUntilDate>2030-01-01T00:00:00.000Z</RetainUntilDate></Retention>"
    );
    assert_eq!(retention.to_xml(), expected);
    assert_eq!(
        Retention::parse_xml(&retention.to_xml(), now()),
        Ok(Some(retention))
    );
    for hold in LegalHold::ALL {
        assert_eq!(LegalHold::parse_xml(&hold.to_xml()), Ok(hold));
    }
}

#[track_caller]
fn check_retention(inner: &str, expected: Result<Option<&str>, (ErrorCode, String)>) {
    let document = format!("<Retention xmlns=\"{NAMESPACE}\">{inner}</Retention>");
    let found = Retention::parse_xml(document.as_bytes(), now());
    let shown = |found: Option<Retention>| found.map(|found| format!("{found:?}"));
    let expected = expected.map(|date| {
        date.map(|date| {
            format!(
                "{:?}",
                Retention {
                    mode: RetentionMode::Governance,
                    until: RetainUntil::parse(date).unwrap(),
                }
            )
        })
    });
    assert_eq!(code(found.map(shown)), expected, "{inner}");
}

#[test]
fn a_retention_is_whole_or_empty() {
    let date = |date: &str| format!("<RetainUntilDate>{date}</RetainUntilDate>");
    let mode = "<Mode>GOVERNANCE</Mode>";
    let with = |text: &str| format!("{mode}{}", date(text));
    check_retention("", Ok(None));
    check_retention("\n  ", Ok(None));
    let next = "2026-06-01T12:00:01Z";
    check_retention(&with(next), Ok(Some(next)));
    let past = "The retain until date must be in the future!";
    check_retention(&with("2026-06-01T12:00:00Z"), invalid(past));
    for inner in [
        mode,
        "<Mode/>",
        "words",
        &date(next),
        &with(""),
        &with("2030-01-01"),
        &with("soon"),
        &format!("{}{}", with(next), date(next)),
        &format!("<Mode>governance</Mode>{}", date(next)),
        &format!("{}<Other/>", with(next)),
    ] {
        check_retention(inner, malformed());
    }
    let other = Retention::parse_xml(b"<LegalHold/>", now());
    assert_eq!(code(other), malformed());
}

#[test]
fn a_legal_hold_is_on_or_off() {
    for status in ["on", "", "Enabled", "ON</Status><Status>ON"] {
        let document = format!("<LegalHold><Status>{status}</Status></LegalHold>");
        assert_eq!(
            code(LegalHold::parse_xml(document.as_bytes())),
            malformed(),
            "{status}"
        );
    }
    assert_eq!(code(LegalHold::parse_xml(b"<LegalHold/>")), malformed());
    let document = b"<LegalHold><Status>ON</Status></LegalHold>";
    assert_eq!(LegalHold::parse_xml(document), Ok(LegalHold::On));
}
