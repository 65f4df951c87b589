//! The form of the aws cli.

use super::{from_json, rule};
use serde_json::json;

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let problems = from_json(text).expect_err("this should be refused");
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(shown, expected);
}

/// A file of one rule with an origin, a method and this field.
fn with(field: &str) -> String {
    format!(r#"{{"CORSRules":[{{"AllowedOrigins":["a"],"AllowedMethods":["GET"],{field}}}]}}"#)
}

#[test]
fn a_file_says_what_a_document_says() {
    let file = json!({"CORSRules": [{
        "ID": "up",
        "AllowedOrigins": ["http://*.example", ""],
        "AllowedMethods": ["PUT", "GET"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3000,
    }]});
    let document = rule(
        "<ID>up</ID><AllowedOrigin>http://*.example</AllowedOrigin><AllowedOrigin/><AllowedMethod>PUT</AllowedMethod>\
         <AllowedMethod>GET</AllowedMethod><AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>\
         <MaxAgeSeconds>3000</MaxAgeSeconds>",
    );
    let document = document.unwrap();
    assert_eq!(from_json(&file.to_string()), Ok(document.clone()));
    assert_eq!(document.to_json(), file);
}

#[test]
fn what_a_rule_does_not_have_is_left_out() {
    let least = json!({"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]});
    let empty = json!({"CORSRules": [{
        "ID": "", "AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": [], "ExposeHeaders": [],
    }]});
    assert_eq!(from_json(&least.to_string()).unwrap().to_json(), least);
    assert_eq!(from_json(&empty.to_string()).unwrap().to_json(), least);
}

#[test]
fn a_file_is_a_map_with_rules() {
    refused("[]", &["1:1: a CORS configuration is a map, not a list"]);
    refused("{}", &["1:1: `CORSRules` is missing"]);
    refused(
        r#"{"CORSRules":[]}"#,
        &["1:14: `CORSRules` has at least one rule"],
    );
    refused(
        r#"{"CORSRules":{}}"#,
        &["1:14: `CORSRules` is a list, not a map"],
    );
    refused(
        r#"{"CORSRules":[1]}"#,
        &["1:15: a CORS rule is a map, not a number"],
    );
    refused(
        r#"{"CorsRule":[]}"#,
        &[
            "1:1: `CORSRules` is missing",
            "1:2: unknown field `CorsRule`, did you mean `CORSRules`?",
        ],
    );
}

#[test]
fn every_problem_is_told_at_its_place() {
    refused(
        r#"{"CORSRules": [
  {"ID": 7, "AllowedOrigin": ["a"], "AllowedMethods": ["get", "PATCH", 1]},
  {"AllowedOrigins": [], "AllowedMethods": "GET", "AllowedHeaders": ["*x*"], "ExposeHeaders": ["x-*", "a b"]},
  {"AllowedOrigins": ["a\nb"], "AllowedMethods": ["GET"], "MaxAgeSeconds": "5"}
]}"#,
        &[
            "2:3: `AllowedOrigins` is missing",
            "2:10: `ID` is a text, not a number",
            "2:13: unknown field `AllowedOrigin`, did you mean `AllowedOrigins`?",
            "2:56: a CORS rule cannot allow the method `get`, did you mean `GET`?",
            "2:63: a CORS rule cannot allow the method `PATCH`; it is one of `GET`, `PUT`, `POST`, `DELETE`, `HEAD`",
            "2:72: `AllowedMethods` has texts, not a number",
            "3:22: `AllowedOrigins` has at least one text",
            "3:44: `AllowedMethods` is a list, not a text",
            "3:70: `*x*` has more than one `*`",
            "3:96: `x-*` has a `*`, which is no wildcard in `ExposeHeaders`",
            "3:103: `a b` has a character that no header name has",
            "4:23: `a\\nb` has a character that no origin has",
            "4:76: `MaxAgeSeconds` is a whole number from 0 to 2147483647, not a text",
        ],
    );
}

#[test]
fn an_age_is_a_whole_number() {
    let message = |found: &str| {
        format!("1:80: `MaxAgeSeconds` is a whole number from 0 to 2147483647, not {found}")
    };
    assert!(from_json(&with(r#""MaxAgeSeconds":0"#)).is_ok());
    for found in ["-1", "1.0", "1e3", "2147483648"] {
        let file = with(&format!(r#""MaxAgeSeconds":{found}"#));
        refused(&file, &[&message(&format!("`{found}`"))]);
    }
    refused(&with(r#""MaxAgeSeconds":null"#), &[&message("null")]);
}

#[test]
fn an_id_is_one_rule_s() {
    let two = |first: &str, second: &str| {
        let rule =
            |id| format!(r#"{{"ID":"{id}","AllowedOrigins":["a"],"AllowedMethods":["GET"]}}"#);
        format!("{{\"CORSRules\":[{},\n{}]}}", rule(first), rule(second))
    };
    assert!(from_json(&two("a", "b")).is_ok());
    refused(&two("a", "a"), &["2:7: the ID `a` is another rule's, too"]);
    refused(
        &with(r#""ID":"a\u0000""#),
        &["1:69: `a\\0` has a character that no ID has"],
    );
}
