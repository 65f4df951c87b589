//! A configuration at each limit, and one over.

use super::{Cors, MAX_BYTES, from_json, preflight_of, rule, rules};
use crate::s3::errors::ErrorCode;

const LEAST: &str =
    "<CORSRule><AllowedOrigin>a</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>";

fn problems(text: &str) -> Vec<String> {
    let problems = from_json(text).expect_err("this should be refused");
    problems.iter().map(ToString::to_string).collect()
}

fn file(rules: usize) -> String {
    let rule = r#"{"AllowedOrigins":["a"],"AllowedMethods":["GET"]}"#;
    format!(r#"{{"CORSRules":[{}]}}"#, vec![rule; rules].join(","))
}

#[test]
fn a_hundred_rules() {
    let error = rules(&LEAST.repeat(101)).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    assert_eq!(
        error.message,
        "The number of CORS rules should not exceed allowed limit of 100 rules."
    );
    assert_eq!(
        rules(&LEAST.repeat(100)),
        Ok(from_json(&file(100)).unwrap())
    );
    assert_eq!(problems(&file(101)), ["1:14: there are at most 100 rules"]);
}

#[test]
fn an_id_of_255_characters() {
    let id = |length| {
        let id = "é".repeat(length);
        rule(&format!(
            "<ID>{id}</ID><AllowedOrigin>a</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
        ))
    };
    assert!(id(255).is_ok());
    let error = id(256).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    assert_eq!(
        error.message,
        "ID length should not exceed allowed limit of 255"
    );
    let file = file(1).replace(
        r#"{"AllowedO"#,
        &format!(r#"{{"ID":"{}","AllowedO"#, "x".repeat(256)),
    );
    assert_eq!(problems(&file), ["1:21: an ID has at most 255 characters"]);
}

/// A configuration whose XML is of this length.
fn of_length(length: usize) -> Vec<u8> {
    let document = |origin: &str| {
        let xmlns = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CORSConfiguration {xmlns}><CORSRule>\
             <AllowedMethod>GET</AllowedMethod><AllowedOrigin>{origin}</AllowedOrigin></CORSRule></CORSConfiguration>"
        )
    };
    let rest = length - document("").len();
    document(&"x".repeat(rest)).into_bytes()
}

#[test]
fn a_document_of_64_kilobytes() {
    let full = of_length(MAX_BYTES);
    let cors = Cors::parse_xml(&full).unwrap();
    assert_eq!(cors.to_xml(), full);
    let file = cors.to_json().to_string();
    assert_eq!(from_json(&file), Ok(cors));
    let error = Cors::parse_xml(&of_length(MAX_BYTES + 1)).unwrap_err();
    assert_eq!(error.code, ErrorCode::MaxMessageLengthExceeded);
    assert_eq!(
        error.details,
        [("MaxMessageLengthBytes", "65536".to_owned())]
    );
    assert_eq!(
        problems(&file.replace("xxx\"", "xxxx\"")),
        ["1:1: written as XML, a CORS configuration has at most 65536 bytes"]
    );
}

#[test]
fn a_document_that_would_be_too_long_when_it_is_answered_is_refused_when_it_is_put() {
    let quotes = |count| {
        let origin = "\"".repeat(count);
        rule(&format!(
            "<AllowedOrigin>{origin}</AllowedOrigin><AllowedMethod>GET</AllowedMethod>"
        ))
    };
    assert!(quotes(10_000).is_ok());
    let error = quotes(12_000).unwrap_err();
    assert_eq!(error.code, ErrorCode::MaxMessageLengthExceeded);
}

#[test]
fn a_preflight_for_256_headers() {
    let cors = rule(
        "<AllowedOrigin>a</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader>",
    );
    let cors = cors.unwrap();
    let asked = |count| vec!["x"; count].join(",");
    assert!(cors.check(&preflight_of("a", "GET", &asked(256))).is_ok());
    let many = asked(257);
    let many = preflight_of("a", "GET", &many);
    assert!(cors.check(&many).is_err());
    let explained = cors.explain(&many).to_string();
    assert!(
        explained.ends_with("more than 256 headers are requested"),
        "{explained}"
    );
}
