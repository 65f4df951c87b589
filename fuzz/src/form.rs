//! Browser uploads, whole and in pieces. Input: a line with the `Content-Type`, and a body.

use super::Outcome;
use bytes::Bytes;
use portcullis_core::form::{
    Boundary, FileReader, Form, FormError, FormPolicy, FormReader, Progress,
};

pub(super) fn check(input: &[u8]) -> Outcome {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        return Outcome::Refused;
    };
    let Ok(boundary) = Boundary::parse(&String::from_utf8_lossy(&input[..end])) else {
        return Outcome::Refused;
    };
    let body = &input[end + 1..];
    let whole = read(&boundary, body, body.len().max(1));
    for size in [1, 3, 64] {
        assert_eq!(read(&boundary, body, size), whole, "in pieces of {size}");
    }
    if let Ok((form, before)) = &whole {
        file(&boundary, &body[*before..]);
        let before = &body[..*before];
        assert!(before.ends_with(b"\r\n\r\n"), "a file follows headers");
        fields(form, before);
    }
    Outcome::of(whole.is_ok())
}

/// The fields, and where the file begins.
fn read(boundary: &Boundary, body: &[u8], size: usize) -> Result<(Form, usize), FormError> {
    let mut reader = FormReader::new(boundary.clone());
    let mut given = 0;
    for piece in body.chunks(size) {
        given += piece.len();
        if let Progress::File { form, before, rest } = reader.feed(piece)? {
            let before = usize::try_from(before).unwrap();
            assert_eq!(before + rest.len(), given, "nothing is lost");
            assert_eq!(rest, body[before..given]);
            return Ok((form, before));
        }
    }
    Err(reader.unfinished())
}

/// What follows the fields: a file as long as it can be, and the closing boundary.
fn file(boundary: &Boundary, rest: &[u8]) {
    let end = boundary.end();
    let length = rest.len().saturating_sub(end.len());
    let pass = |size: usize| {
        let mut reader = FileReader::new(boundary, length as u64);
        let mut file = Vec::new();
        for piece in rest.chunks(size) {
            file.extend_from_slice(&reader.feed(Bytes::copy_from_slice(piece))?);
        }
        reader.finish().map(|()| file)
    };
    let whole = pass(rest.len().max(1));
    for size in [1, 3, 64] {
        assert_eq!(pass(size), whole, "in pieces of {size}");
    }
    let delimiter = &end[..end.len() - 4];
    let mut windows = rest[..length].windows(delimiter.len());
    let alone = !windows.any(|window| window == delimiter);
    let closed = rest.len() >= end.len() && rest.ends_with(&end);
    assert_eq!(whole.is_ok(), alone && closed);
    assert!(whole.is_err() || whole.as_deref() == Ok(&rest[..length]));
}

fn fields(form: &Form, before: &[u8]) {
    for name in form.headers().iter().flat_map(|headers| headers.keys()) {
        assert_ne!(name, "x-amz-signature");
    }
    for (name, value) in form.fields() {
        assert_eq!(name, name.to_ascii_lowercase());
        assert_eq!(form.get(name), Some(value), "names are unique");
        if name == "policy" {
            let stands = before
                .windows(value.len().max(1))
                .any(|window| window == value.as_bytes());
            assert!(
                stands || value.is_empty(),
                "a policy stays as it was signed"
            );
        }
    }
    if let Some(Ok(policy)) = form.get("policy").map(FormPolicy::parse) {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let same = |length| {
            policy.check(form, "acme", length, now) == policy.check(form, "acme", length, now)
        };
        assert!(same(0) && same(u64::MAX));
    }
}
