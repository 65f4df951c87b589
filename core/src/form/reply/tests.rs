use super::*;
use crate::form::{Boundary, FormReader, Progress};
use std::fmt::Write;

const LOCATION_OF_OBJECT: &str = "https://s3.example.com/acme/a%20%26b";

fn success(fields: &[(&str, &str)]) -> Success {
    let mut body = String::new();
    for (name, value) in fields {
        let head = format!("Content-Disposition: form-data; name=\"{name}\"");
        write!(body, "--b\r\n{head}\r\n\r\n{value}\r\n").unwrap();
    }
    body += "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
    let boundary = Boundary::parse("multipart/form-data; boundary=b").unwrap();
    let Progress::File { form, .. } = FormReader::new(boundary).feed(body.as_bytes()).unwrap()
    else {
        panic!("no file");
    };
    let mut stored = HeaderMap::new();
    stored.insert(ETAG, HeaderValue::from_static("\"9b2c\""));
    stored.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    stored.insert("x-amz-version-id", HeaderValue::from_static("v1"));
    Reply::of(&form, "acme", "a &b").success(LOCATION_OF_OBJECT, stored)
}

#[track_caller]
fn check(fields: &[(&str, &str)], status: u16, location: &str) {
    let success = success(fields);
    let text = |name: &str| {
        success
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap())
    };
    assert_eq!(success.status.as_u16(), status, "{fields:?}");
    assert_eq!(text("location"), Some(location), "{fields:?}");
    assert_eq!(text("etag"), Some("\"9b2c\""));
    assert_eq!(text("x-amz-version-id"), Some("v1"));
    let document = (status == 201).then_some("application/xml");
    assert_eq!(text("content-type"), document);
    assert_eq!(success.body.is_empty(), document.is_none());
}

#[test]
fn the_status_is_one_of_three() {
    for (asked, status) in [("200", 200), ("201", 201), ("204", 204), (" 201 ", 201)] {
        check(
            &[("success_action_status", asked)],
            status,
            LOCATION_OF_OBJECT,
        );
    }
    check(&[], 204, LOCATION_OF_OBJECT);
    for asked in ["", "202", "404", "2010", "ok"] {
        check(&[("success_action_status", asked)], 204, LOCATION_OF_OBJECT);
    }
}

#[test]
fn a_document_names_the_object() {
    let body = success(&[("success_action_status", "201")]).body;
    assert_eq!(
        std::str::from_utf8(&body).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse>\
         <Location>https://s3.example.com/acme/a%20%26b</Location><Bucket>acme</Bucket><Key>a &amp;b</Key>\
         <ETag>&quot;9b2c&quot;</ETag></PostResponse>"
    );
}

#[test]
fn a_redirection_is_told_what_was_stored() {
    let result = "bucket=acme&key=a%20%26b&etag=%229b2c%22";
    let to = |field, url, expected: String| check(&[(field, url)], 303, &expected);
    let field = "success_action_redirect";
    to(
        field,
        "https://a.example/done",
        format!("https://a.example/done?{result}"),
    );
    to(
        field,
        "http://a.example",
        format!("http://a.example?{result}"),
    );
    to(
        field,
        "https://a.example/?x=1",
        format!("https://a.example/?x=1&{result}"),
    );
    to(
        field,
        "https://a.example/#end",
        format!("https://a.example/?{result}#end"),
    );
    to(
        "redirect",
        "https://a.example/",
        format!("https://a.example/?{result}"),
    );
    let both = [
        (field, "https://a.example/"),
        ("redirect", "https://b.example/"),
    ];
    check(&both, 303, &format!("https://a.example/?{result}"));
    let status = [
        (field, "https://a.example/"),
        ("success_action_status", "201"),
    ];
    check(&status, 303, &format!("https://a.example/?{result}"));
}

#[test]
fn a_url_of_no_use_counts_as_none() {
    for url in [
        "",
        "a.example",
        "/done",
        "ftp://a.example/",
        "javascript:alert(1)",
        "https://",
        "https:///done",
        "https://a.example/a b",
        // T42: no header is ended.
        "https://a.example/\r\nSet-Cookie: a=b",
        "https://a.example/\u{fc}",
    ] {
        check(&[("success_action_redirect", url)], 204, LOCATION_OF_OBJECT);
    }
    let other = [
        ("success_action_redirect", "no"),
        ("success_action_status", "200"),
    ];
    check(&other, 200, LOCATION_OF_OBJECT);
}
