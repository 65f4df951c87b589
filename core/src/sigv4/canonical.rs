//! The canonical request and the string to sign.
//!
//! S3 differs from other services: the path is encoded once and never normalised, so `//` and `..` stay what they are.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use super::date::BasicDate;
use super::{ALGORITHM, Form, Presented, Scope};
use crate::request::{Head, Parameter, Query};
use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderMap;
use std::cmp::Ordering;

/// Bytes that hold most canonical requests.
const COMMON_LENGTH: usize = 1024;

/// The canonical request as text, for error answers and explanations.
/// Bytes that are no UTF-8 show as replacement characters; signed headers that did not come are left empty.
pub fn canonical_request(head: &Head<'_>, query: &Query, presented: &Presented<'_>) -> String {
    let mut text = Vec::new();
    write(&mut text, head, query, presented);
    String::from_utf8_lossy(&text).into_owned()
}

/// The string to sign as text; see [`canonical_request`].
pub fn string_to_sign(head: &Head<'_>, query: &Query, presented: &Presented<'_>) -> String {
    let hash = hash(head, query, presented);
    let date = BasicDate::of(presented.timestamp);
    let text = with_pieces(presented, &date, &hash, |pieces| pieces.concat());
    String::from_utf8_lossy(&text).into_owned()
}

/// SHA-256 of the canonical request, in hexadecimal.
pub(super) fn hash(head: &Head<'_>, query: &Query, presented: &Presented<'_>) -> [u8; 64] {
    let mut text = Vec::with_capacity(COMMON_LENGTH);
    write(&mut text, head, query, presented);
    let digest = digest(&SHA256, &text);
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(digest.as_ref()) {
        pair.copy_from_slice(&[lower_hex(byte >> 4), lower_hex(byte & 15)]);
    }
    hex
}

/// Hands the pieces of the string to sign to `then`.
pub(super) fn with_pieces<T>(
    presented: &Presented<'_>,
    date: &BasicDate,
    hash: &[u8; 64],
    then: impl FnOnce(&[&[u8]]) -> T,
) -> T {
    let Scope {
        date: day,
        region,
        service,
    } = presented.scope;
    then(&[
        ALGORITHM.as_bytes(),
        b"\n",
        date.text().as_bytes(),
        b"\n",
        day.as_bytes(),
        b"/",
        region.as_bytes(),
        b"/",
        service.as_bytes(),
        b"/aws4_request\n",
        hash,
    ])
}

/// The first signed header that did not come.
pub(super) fn absent_header<'a>(headers: &HeaderMap, signed: &'a str) -> Option<&'a str> {
    signed.split(';').find(|name| !headers.contains_key(*name))
}

fn write(out: &mut Vec<u8>, head: &Head<'_>, query: &Query, presented: &Presented<'_>) {
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.extend_from_slice(b"\n");
    put_path(out, path(head.raw_target));
    out.extend_from_slice(b"\n");
    put_query(out, query, presented.form);
    out.extend_from_slice(b"\n");
    put_headers(out, head.headers, presented.signed_headers);
    out.extend_from_slice(b"\n");
    out.extend_from_slice(presented.signed_headers.as_bytes());
    out.extend_from_slice(b"\n");
    out.extend_from_slice(presented.payload.as_bytes());
}

/// The path of an origin-form (`/a?b`) or absolute-form (`http://host/a?b`) target.
fn path(target: &[u8]) -> &[u8] {
    let after_authority = |rest: &'static [u8]| {
        let rest = target.strip_prefix(rest)?;
        rest.iter()
            .position(|byte| *byte == b'/')
            .and_then(|at| rest.get(at..))
    };
    let origin = after_authority(b"http://")
        .or_else(|| after_authority(b"https://"))
        .unwrap_or(target);
    origin
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default()
}

/// Decodes and encodes again, so that all spellings of one path are one. A `%` that starts no escape is a percent sign.
fn put_path(out: &mut Vec<u8>, raw: &[u8]) {
    let mut rest = raw;
    while !rest.is_empty() {
        let stay = rest
            .iter()
            .take_while(|byte| is_unreserved(**byte) || **byte == b'/')
            .count();
        let (run, tail) = rest.split_at(stay);
        out.extend_from_slice(run);
        rest = match tail {
            [] => return,
            [b'%', high, low, after @ ..] if let Some(byte) = unescape(*high, *low) => {
                put_byte(out, byte, |byte| is_unreserved(byte) || byte == b'/');
                after
            }
            [byte, after @ ..] => {
                put_byte(out, *byte, is_unreserved);
                after
            }
        };
    }
}

fn put_query(out: &mut Vec<u8>, query: &Query, form: Form) {
    let signed = |parameter: &&Parameter| match form {
        // The signature of a form is over no request.
        Form::Header | Form::Post => true,
        Form::Presigned => *parameter.name != *"X-Amz-Signature",
    };
    let mut parameters: Vec<&Parameter> = query.0.iter().filter(signed).collect();
    parameters.sort_by(|a, b| by_encoded(a, b));
    for (position, parameter) in parameters.into_iter().enumerate() {
        if position > 0 {
            out.extend_from_slice(b"&");
        }
        put_encoded(out, &parameter.name);
        out.extend_from_slice(b"=");
        put_encoded(out, parameter.value.as_deref().unwrap_or_default());
    }
}

/// By encoded name, then by encoded value: escapes sort as the `%XX` they become.
fn by_encoded(a: &Parameter, b: &Parameter) -> Ordering {
    encoded(&a.name).cmp(encoded(&b.name)).then_with(|| {
        encoded(a.value.as_deref().unwrap_or_default())
            .cmp(encoded(b.value.as_deref().unwrap_or_default()))
    })
}

fn encoded(text: &str) -> impl Iterator<Item = u8> + '_ {
    text.bytes().flat_map(|byte| {
        let (escape, length) = if is_unreserved(byte) {
            ([byte, 0, 0], 1)
        } else {
            (escape(byte), 3)
        };
        escape.into_iter().take(length)
    })
}

fn put_encoded(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let stay = rest.iter().take_while(|byte| is_unreserved(**byte)).count();
        let (run, tail) = rest.split_at(stay);
        out.extend_from_slice(run);
        let Some((byte, after)) = tail.split_first() else {
            return;
        };
        out.extend_from_slice(&escape(*byte));
        rest = after;
    }
}

/// One line per listed header, in the client's order.
fn put_headers(out: &mut Vec<u8>, headers: &HeaderMap, signed: &str) {
    for name in signed.split(';') {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b":");
        for (position, value) in headers.get_all(name).iter().enumerate() {
            if position > 0 {
                out.extend_from_slice(b",");
            }
            put_canonical_value(out, value.as_bytes());
        }
        out.extend_from_slice(b"\n");
    }
}

/// Writes a header's value in canonical form: trimmed, with inner runs of blanks as one space.
pub fn put_canonical_value(out: &mut Vec<u8>, value: &[u8]) {
    let words = value
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    for (position, word) in words.enumerate() {
        if position > 0 {
            out.extend_from_slice(b" ");
        }
        out.extend_from_slice(word);
    }
}

fn put_byte(out: &mut Vec<u8>, byte: u8, stays: impl Fn(u8) -> bool) {
    if stays(byte) {
        out.extend_from_slice(&[byte])
    } else {
        out.extend_from_slice(&escape(byte))
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn escape(byte: u8) -> [u8; 3] {
    let upper = |digit: u8| lower_hex(digit).to_ascii_uppercase();
    [b'%', upper(byte >> 4), upper(byte & 15)]
}

fn unescape(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(high)? << 4 | digit(low)?)
}

pub(in crate::sigv4) fn lower_hex(digit: u8) -> u8 {
    if digit < 10 {
        b'0' + digit
    } else {
        b'a' + digit - 10
    }
}

#[cfg(test)]
mod tests;
