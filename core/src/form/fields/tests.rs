use super::*;
use crate::form::{Boundary, FormReader, Progress};
use std::fmt::Write;

fn form(fields: &[(&str, &str)]) -> Form {
    let mut body = String::new();
    for (name, value) in fields {
        let head = format!("Content-Disposition: form-data; name=\"{name}\"");
        write!(body, "--b\r\n{head}\r\n\r\n{value}\r\n").unwrap();
    }
    body += "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
    let boundary = Boundary::parse("multipart/form-data; boundary=b").unwrap();
    match FormReader::new(boundary).feed(body.as_bytes()).unwrap() {
        Progress::File { form, .. } => form,
        Progress::More => panic!("no file"),
    }
}

#[track_caller]
fn check(field: (&str, &str), header: Option<(&str, &str)>) {
    let headers = form(&[field]).headers().unwrap();
    let found: Vec<(&str, &[u8])> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let expected: Vec<(&str, &[u8])> = header
        .into_iter()
        .map(|(name, value)| (name, value.as_bytes()))
        .collect();
    assert_eq!(found, expected, "{field:?}");
}

#[track_caller]
fn refused(field: (&str, &str), error: FieldError) {
    assert_eq!(form(&[field]).headers().unwrap_err(), error, "{field:?}");
}

#[test]
fn fields_of_an_object_are_its_headers() {
    for name in [
        "Cache-Control",
        "Content-Type",
        "Content-Disposition",
        "Content-Encoding",
        "Content-MD5",
        "Expires",
        "x-amz-meta-Tag",
        "x-amz-storage-class",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-customer-key",
        "x-amz-checksum-crc32",
        "x-amz-website-redirect-location",
        "x-amz-object-lock-mode",
        "x-amz-copy-source",
        "x-amz-unheard-of",
    ] {
        check((name, "v"), Some((&name.to_ascii_lowercase(), "v")));
    }
    check(("acl", "private"), Some(("x-amz-acl", "private")));
    let tags = "<Tagging><TagSet><Tag><Key>a b</Key><Value>c&amp;d</Value></Tag>\
                <Tag><Key>e</Key><Value></Value></Tag></TagSet></Tagging>";
    check(("tagging", tags), Some(("x-amz-tagging", "a%20b=c%26d&e=")));
    check(("tagging", "<Tagging><TagSet/></Tagging>"), None);
    let algorithm = Some(("x-amz-sdk-checksum-algorithm", "CRC32"));
    check(("x-amz-checksum-algorithm", "CRC32"), algorithm);
    check(
        ("x-amz-meta-ue", "\u{fc}"),
        Some(("x-amz-meta-ue", "\u{fc}")),
    );
}

#[test]
fn other_fields_are_none() {
    for name in [
        "key",
        "bucket",
        "policy",
        "submit",
        "success_action_status",
        "success_action_redirect",
        "redirect",
        "x-ignore-me",
        "x-amz-signature",
        "x-amz-date",
        "x-amz-security-token",
        "content-length",
        "transfer-encoding",
        "host",
        "authorization",
    ] {
        check((name, "v"), None);
    }
}

#[test]
fn what_cannot_be_a_header_is_refused() {
    // T42: nothing that ends a header.
    for value in ["a\r\nx-amz-acl: public-read", "a\nb", "a\0"] {
        let name = "x-amz-meta-a";
        refused((name, value), FieldError::NoHeader(name.to_owned()));
    }
    let name = "x-amz-meta-a b";
    refused((name, "v"), FieldError::NoHeader(name.to_owned()));
    refused(("tagging", "a=b"), FieldError::BadTags);
    refused(("tagging", "<Tagging/>"), FieldError::BadTags);
    for name in [
        "x-amz-content-sha256",
        "x-amz-decoded-content-length",
        "x-amz-trailer",
        "x-amz-sdk-checksum-algorithm",
    ] {
        refused((name, "v"), FieldError::NotOfForms(name.to_owned()));
    }
}

#[test]
fn a_field_that_must_be_there_is_asked_for() {
    assert_eq!(form(&[("key", "a")]).required("key"), Ok("a"));
    assert_eq!(form(&[]).required("key"), Err(FieldError::Missing("key")));
}
