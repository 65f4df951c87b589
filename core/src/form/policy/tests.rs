use super::*;
use crate::form::{Boundary, FormReader, Progress};

const NOW: &str = "2026-11-22T12:00:00Z";

fn form(fields: &[(&str, &str)]) -> Form {
    let mut body = String::new();
    for (name, value) in fields.iter().chain(&[("file", "")]) {
        body +=
            &format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    let boundary = Boundary::parse("multipart/form-data; boundary=b").unwrap();
    match FormReader::new(boundary).feed(body.as_bytes()) {
        Ok(Progress::File { form, .. }) => form,
        other => panic!("{other:?}"),
    }
}

fn parse(json: &str) -> Result<FormPolicy, PolicyError> {
    FormPolicy::parse(&BASE64_STANDARD.encode(json))
}

fn policy(conditions: &str) -> FormPolicy {
    parse(&format!(
        "{{\"expiration\": \"2026-11-22T12:00:00.000Z\", \"conditions\": {conditions}}}"
    ))
    .unwrap()
}

#[track_caller]
fn check(conditions: &str, fields: &[(&str, &str)], expected: Result<(), Violation>) {
    let now = NOW.parse().unwrap();
    let found = policy(conditions).check(&form(fields), "acme", 100, now);
    assert_eq!(found, expected, "{conditions} {fields:?}");
}

fn failed(condition: &str) -> Result<(), Violation> {
    Err(Violation::Condition(condition.to_owned()))
}

#[test]
fn a_policy_holds_up_to_its_last_moment() {
    let (policy, form) = (policy("[]"), form(&[]));
    let at = |time: &str| policy.check(&form, "acme", 100, time.parse().unwrap());
    assert_eq!(at(NOW), Ok(()));
    assert_eq!(at("2026-11-22T12:00:00.001Z"), Err(Violation::Expired));
}

#[test]
fn a_field_is_exactly_what_a_condition_says() {
    let key = [("key", "up/a.txt")];
    check(r#"[{"key": "up/a.txt"}]"#, &key, Ok(()));
    check(r#"[["eq", "$Key", "up/a.txt"]]"#, &key, Ok(()));
    let wrong = failed(r#"["eq", "$key", "up/A.txt"]"#);
    check(r#"[{"key": "up/A.txt"}]"#, &key, wrong.clone());
    check(r#"[["eq", "$key", "up/A.txt"]]"#, &key, wrong);
    check(
        r#"[{"acl": "private"}, {"key": "up/a.txt"}]"#,
        &key,
        failed(r#"["eq", "$acl", "private"]"#),
    );
}

#[test]
fn a_field_begins_as_a_condition_says() {
    check(
        r#"[["starts-with", "$key", "up/"]]"#,
        &[("key", "up/a")],
        Ok(()),
    );
    check(r#"[["starts-with", "$key", ""]]"#, &[("key", "")], Ok(()));
    check(
        r#"[["starts-with", "$key", "up/"]]"#,
        &[("key", "down/up/")],
        failed(r#"["starts-with", "$key", "up/"]"#),
    );
    check(
        r#"[["starts-with", "$key", ""]]"#,
        &[],
        failed(r#"["starts-with", "$key", ""]"#),
    );
    let images = r#"[["starts-with", "$Content-Type", "image/"]]"#;
    check(images, &[("content-type", "image/png, image/gif")], Ok(()));
    check(
        images,
        &[("content-type", "image/png, text/html")],
        failed(r#"["starts-with", "$content-type", "image/"]"#),
    );
}

#[test]
fn the_bucket_is_the_one_the_form_is_sent_to() {
    check(r#"[{"bucket": "acme"}]"#, &[], Ok(()));
    check(
        r#"[["starts-with", "$bucket", "ac"]]"#,
        &[("bucket", "acme")],
        Ok(()),
    );
    let other = failed(r#"["eq", "$bucket", "other"]"#);
    check(r#"[{"bucket": "other"}]"#, &[], other.clone());
    check(r#"[{"bucket": "other"}]"#, &[("bucket", "other")], other);
}

#[test]
fn the_length_of_the_file_has_both_ends_included() {
    for range in ["100, 100", "0, 100", "\"100\", 101"] {
        check(
            &format!("[[\"content-length-range\", {range}]]"),
            &[],
            Ok(()),
        );
    }
    check(
        r#"[["content-length-range", 101, 200]]"#,
        &[],
        Err(Violation::TooSmall(100, 101)),
    );
    check(
        r#"[["content-length-range", 0, 99]]"#,
        &[],
        Err(Violation::TooLarge(100, 99)),
    );
}

#[test]
fn every_field_must_be_covered_but_a_few() {
    let free = [
        ("policy", "x"),
        ("x-amz-signature", "x"),
        ("x-ignore-me", "x"),
    ];
    check("[]", &free, Ok(()));
    for name in ["acl", "x-amz-meta-a", "x-amz-date", "tagging", "bucket"] {
        let uncovered = Err(Violation::Uncovered(name.to_owned()));
        check("[]", &[(name, "acme")], uncovered);
        check(
            &format!("[[\"starts-with\", \"${name}\", \"\"]]"),
            &[(name, "acme")],
            Ok(()),
        );
    }
}

#[test]
fn what_is_no_policy_is_refused_with_the_place() {
    let whole = |json: &str| parse(json).map(drop).map_err(|error| error.to_string());
    let with = |conditions: &str| {
        whole(&format!(
            "{{\"expiration\": \"{NOW}\", \"conditions\": {conditions}}}"
        ))
    };
    assert_eq!(with(r#"[{"a": "b"}, ["eq", "$a", "b"]]"#), Ok(()));
    let malformed = Err("the condition on line 1 is malformed".to_owned());
    for wrong in [
        r#"[{"a": "b", "c": "d"}]"#,
        r#"[{}]"#,
        r#"[{"a": 1}]"#,
        r#"["eq"]"#,
        r#"[["eq", "a", "b"]]"#,
        r#"[["eq", "$a"]]"#,
        r#"[["like", "$a", "b"]]"#,
        r#"[["content-length-range", -1, 2]]"#,
        r#"[["content-length-range", 1.5, 2]]"#,
    ] {
        assert_eq!(with(wrong), malformed, "{wrong}");
    }
    let refused = [
        ("[]", "it is no JSON object"),
        (r#"{"conditions": []}"#, "it has no `expiration`"),
        (
            r#"{"expiration": "tomorrow", "conditions": []}"#,
            "`expiration` is no time such as `2026-12-01T12:00:00.000Z`",
        ),
        (
            r#"{"expiration": "2026-11-22T12:00:00Z"}"#,
            "it has no `conditions`",
        ),
        (
            r#"{"expiration": "2026-11-22T12:00:00Z", "conditions": {}}"#,
            "`conditions` is no list",
        ),
        (
            r#"{"expiration": "2026-11-22T12:00:00Z", "conditions": [], "more": 1}"#,
            "unexpected `more`",
        ),
    ];
    for (json, message) in refused {
        assert_eq!(whole(json), Err(message.to_owned()), "{json}");
    }
    assert!(whole(r#"{"expiration": "#).is_err());
    assert!(whole(r#"{"conditions": [], "conditions": []}"#).is_err());
    assert!(FormPolicy::parse("*").is_err());
}
