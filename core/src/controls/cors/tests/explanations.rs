//! Why a rule matches or does not.

use super::*;
use serde_json::json;

const RULES: &str = "<CORSRule><ID>reads</ID><AllowedOrigin>https://a.example</AllowedOrigin>\
    <AllowedOrigin>https://*.b.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>\
    <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedMethod>POST</AllowedMethod>\
    <AllowedHeader>content-*</AllowedHeader></CORSRule>\
    <CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod></CORSRule>";

#[track_caller]
fn check(request: &CorsRequest<'_>, expected: &str) {
    let explained = rules(RULES).unwrap().explain(request);
    assert_eq!(explained.to_string(), expected);
}

#[test]
fn the_rule_that_matches_is_named_after_those_that_do_not() {
    check(
        &actual_of("https://a.example", &Method::GET),
        "allow: rule 1 allows `https://a.example` to `GET`\n  rule 1 `reads` matches",
    );
    check(
        &preflight_of("https://a.example", "PUT", "content-type"),
        "allow: rule 2 allows `https://a.example` to `PUT`\n\
         \x20 rule 1 `reads` does not match:\n\
         \x20   method `PUT` is none of `GET`\n\
         \x20   it allows no headers, and these are requested: `content-type`\n\
         \x20 rule 2 matches",
    );
}

#[test]
fn every_reason_of_every_rule_is_told_if_none_matches() {
    check(
        &preflight_of("https://b.example", "DELETE", "content-md5, X-A, x-b"),
        "no rule: none allows `https://b.example` to `DELETE`\n\
         \x20 rule 1 `reads` does not match:\n\
         \x20   origin `https://b.example` is none of `https://a.example`, `https://*.b.example`\n\
         \x20   method `DELETE` is none of `GET`\n\
         \x20   it allows no headers, and these are requested: `content-md5`, `X-A`, `x-b`\n\
         \x20 rule 2 does not match:\n\
         \x20   method `DELETE` is none of `PUT`, `POST`\n\
         \x20   these requested headers match none of `content-*`: `X-A`, `x-b`\n\
         \x20 rule 3 does not match:\n\
         \x20   method `DELETE` is none of `HEAD`\n\
         \x20   it allows no headers, and these are requested: `content-md5`, `X-A`, `x-b`",
    );
}

#[test]
fn an_explanation_is_json_too() {
    let explained = rules(RULES)
        .unwrap()
        .explain(&actual_of("null", &Method::PUT));
    assert_eq!(
        serde_json::to_value(&explained).unwrap(),
        json!({
            "origin": "null",
            "method": "PUT",
            "matched": 2,
            "rules": [
                {"rule": 1, "id": "reads", "mismatches": [
                    {"origin": {"allowed": ["https://a.example", "https://*.b.example"]}},
                    {"method": {"allowed": ["GET"]}},
                ]},
                {"rule": 2, "mismatches": []},
            ],
        })
    );
}

#[test]
fn what_a_client_sends_stays_on_its_line() {
    let explained = rules(RULES).unwrap();
    let text = explained
        .explain(&preflight_of("`\u{1b}[2J\n", "GET", "a\u{2028}b"))
        .to_string();
    assert!(
        text.starts_with("no rule: none allows `\\`\\u{1b}[2J\\u{a}` to `GET`\n"),
        "{text}"
    );
    assert!(!text.contains(['\u{1b}', '\u{2028}']));
}
