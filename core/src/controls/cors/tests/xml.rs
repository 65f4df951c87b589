//! The document of PutBucketCors.

use super::{Cors, rule, rules};
use crate::s3::errors::ErrorCode;
use proptest::prelude::*;

const ORIGIN: &str = "<AllowedOrigin>http://a.example</AllowedOrigin>";
const METHOD: &str = "<AllowedMethod>GET</AllowedMethod>";

/// A rule with these members besides an origin and a method.
fn with(members: &str) -> Result<Cors, crate::s3::answer::S3Error> {
    rule(&format!("{ORIGIN}{METHOD}{members}"))
}

#[track_caller]
fn malformed(result: Result<Cors, crate::s3::answer::S3Error>) {
    assert_eq!(result, Err(ErrorCode::MalformedXML.into()));
}

#[track_caller]
fn refused(result: Result<Cors, crate::s3::answer::S3Error>, message: &str) {
    let error = result.expect_err("this should be refused");
    assert_eq!(error.code, ErrorCode::InvalidRequest);
    assert_eq!(error.message, message);
}

#[track_caller]
fn accepted(result: Result<Cors, crate::s3::answer::S3Error>) {
    let cors = result.expect("this should be accepted");
    assert_eq!(Cors::parse_xml(&cors.to_xml()), Ok(cors));
}

#[test]
fn a_document_is_written_as_it_was_read() {
    let document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><CORSRule><ID>up &amp; down</ID>\
        <AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod>\
        <AllowedOrigin>http://*.example</AllowedOrigin><AllowedOrigin>http://b.example:80</AllowedOrigin>\
        <AllowedHeader>x-AMZ-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>\
        <MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule>\
        <CORSRule><AllowedMethod>HEAD</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule></CORSConfiguration>";
    let cors = Cors::parse_xml(document.as_bytes()).unwrap();
    assert_eq!(cors.to_xml(), document);
}

#[test]
fn members_come_in_any_order_and_with_space_around() {
    let spaced = rules(&format!(
        "\n <CORSRule>\n  <MaxAgeSeconds> 5 </MaxAgeSeconds>\n  {METHOD}<ID>x</ID>{ORIGIN}\n </CORSRule>\n"
    ));
    assert_eq!(spaced, with("<ID>x</ID><MaxAgeSeconds>5</MaxAgeSeconds>"));
}

#[test]
fn what_is_not_this_document_is_malformed() {
    accepted(with(""));
    for document in [
        "",
        "CORSConfiguration",
        "<CORSConfiguration/>",
        "<CORSConfiguration>x</CORSConfiguration>",
        "<CORSConfiguration><CORSRule/></CORSConfiguration>",
        "<Tagging><TagSet/></Tagging>",
        "<!DOCTYPE x><CORSConfiguration/>",
        "{\"CORSRules\":[]}",
    ] {
        malformed(Cors::parse_xml(document.as_bytes()));
    }
    malformed(rules(&format!("<Rule>{ORIGIN}{METHOD}</Rule>")));
    malformed(Cors::parse_xml(
        format!("<CORSRule>{ORIGIN}{METHOD}</CORSRule>").as_bytes(),
    ));
}

#[test]
fn a_rule_has_an_origin_and_a_method() {
    accepted(rule(&format!("{METHOD}{ORIGIN}")));
    malformed(rule(METHOD));
    malformed(rule(ORIGIN));
    malformed(rule("x"));
    malformed(rules(&format!(
        "<CORSRule>{ORIGIN}{METHOD}</CORSRule><CORSRule>{ORIGIN}</CORSRule>"
    )));
}

#[test]
fn unknown_elements_are_refused() {
    accepted(with("<AllowedHeader>a</AllowedHeader>"));
    malformed(with("<AllowedHeaders>a</AllowedHeaders>"));
    malformed(with("<allowedheader>a</allowedheader>"));
    malformed(with("<AllowedHeader><Name>a</Name></AllowedHeader>"));
    malformed(rules(&format!(
        "<CORSRule>{ORIGIN}{METHOD}</CORSRule><Other/>"
    )));
}

#[test]
fn id_and_age_come_once() {
    let (id, age) = ("<ID>a</ID>", "<MaxAgeSeconds>1</MaxAgeSeconds>");
    accepted(with(&format!("{id}{age}")));
    malformed(with(&format!("{id}{id}")));
    malformed(with(&format!("{age}{age}")));
}

#[test]
fn an_age_is_a_whole_number_of_32_bits() {
    let age = |age: &str| with(&format!("<MaxAgeSeconds>{age}</MaxAgeSeconds>"));
    for text in ["0", "600", "2147483647"] {
        accepted(age(text));
    }
    for text in ["-1", "2147483648", "99999999999999999999", "1.5", "1h", ""] {
        malformed(age(text));
    }
}

#[test]
fn a_method_is_one_of_five() {
    for method in ["GET", "PUT", "POST", "DELETE", "HEAD"] {
        accepted(rule(&format!(
            "{ORIGIN}<AllowedMethod>{method}</AllowedMethod>"
        )));
    }
    for method in ["PATCH", "OPTIONS", "get", "*", "GET,PUT", ""] {
        refused(
            with(&format!("<AllowedMethod>{method}</AllowedMethod>")),
            &format!(
                "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
            ),
        );
    }
}

#[test]
fn origins_and_headers_have_one_star_at_most() {
    for text in ["*", "http://*.example", "https*", ""] {
        accepted(with(&format!("<AllowedOrigin>{text}</AllowedOrigin>")));
        accepted(with(&format!("<AllowedHeader>{text}</AllowedHeader>")));
    }
    for name in ["AllowedOrigin", "AllowedHeader"] {
        refused(
            with(&format!("<{name}>*example*.com</{name}>")),
            &format!("{name} \"*example*.com\" can not have more than one wildcard."),
        );
    }
}

#[test]
fn an_exposed_header_is_named_in_full() {
    for text in ["x-amz-request-id", "ETag", "x_y", ""] {
        accepted(with(&format!("<ExposeHeader>{text}</ExposeHeader>")));
    }
    refused(
        with("<ExposeHeader>x-amz-*</ExposeHeader>"),
        "ExposeHeader \"x-amz-*\" contains wildcard. We currently do not support wildcard for ExposeHeader.",
    );
    for text in ["a b", "a,b", "é", "a:", " ETag"] {
        refused(
            with(&format!("<ExposeHeader>{text}</ExposeHeader>")),
            &format!("ExposeHeader \"{text}\" contains invalid character."),
        );
    }
}

#[test]
fn t42_control_characters_are_refused() {
    accepted(with("<AllowedOrigin>http://ü.example</AllowedOrigin>"));
    for (name, text) in [
        ("ID", "a\tb"),
        ("AllowedOrigin", "\nx\n"),
        ("AllowedHeader", "x\u{85}"),
    ] {
        refused(
            with(&format!("<{name}>{text}</{name}>")),
            &format!("{name} \"{text}\" contains invalid character."),
        );
    }
}

#[test]
fn an_id_is_one_rule_s() {
    let id = |id: &str| format!("<CORSRule><ID>{id}</ID>{ORIGIN}{METHOD}</CORSRule>");
    accepted(rules(&[id("a"), id("A")].concat()));
    accepted(rules(&[id(""), id("")].concat()));
    refused(
        rules(&[id("a"), id("b"), id("a")].concat()),
        "Rule ID must be unique. Found same ID for more than one rule",
    );
}

#[test]
fn the_schema_comes_before_values_and_the_first_wrong_value_is_told() {
    let bad = format!("<CORSRule>{ORIGIN}<AllowedMethod>PATCH</AllowedMethod></CORSRule>");
    malformed(rules(&format!("{bad}<CORSRule/>")));
    let other = format!("<CORSRule>{METHOD}<AllowedOrigin>**</AllowedOrigin></CORSRule>");
    refused(
        rules(&format!("{bad}{other}")),
        "Found unsupported HTTP method in CORS config. Unsupported method is PATCH",
    );
}

/// A text of characters that XML must escape and others, with a star at most.
fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z:/.<>&\"' é-]{0,8}(\\*[a-z<&]{0,4})?"
}

fn a_rule() -> impl Strategy<Value = serde_json::Value> {
    let methods = prop::sample::select(vec!["GET", "PUT", "POST", "DELETE", "HEAD"]);
    (
        prop::collection::vec(text(), 1..4),
        prop::collection::vec(methods, 1..4),
        prop::collection::vec(text(), 0..3),
        prop::collection::vec("[a-zA-Z-]{0,6}", 0..3),
        prop::option::of(0..=i32::MAX),
    )
        .prop_map(|(origins, methods, headers, expose, age)| {
            let mut rule =
                serde_json::json!({ "AllowedOrigins": origins, "AllowedMethods": methods });
            if !headers.is_empty() {
                rule["AllowedHeaders"] = headers.into();
            }
            if !expose.is_empty() {
                rule["ExposeHeaders"] = expose.into();
            }
            if let Some(age) = age {
                rule["MaxAgeSeconds"] = age.into();
            }
            rule
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(mut rules in prop::collection::vec(a_rule(), 1..5), named in prop::bool::ANY) {
        for (number, rule) in rules.iter_mut().enumerate().filter(|_| named) {
            rule["ID"] = format!("rule <{number}>").into();
        }
        let file = serde_json::json!({ "CORSRules": rules });
        let cors = super::from_json(&file.to_string()).unwrap();
        prop_assert_eq!(cors.to_json(), file);
        prop_assert_eq!(Cors::parse_xml(&cors.to_xml()), Ok(cors));
    }
}
