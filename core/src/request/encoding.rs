//! Percent-encoding, as S3's signature and the upstream's wire have it.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use std::borrow::Cow;
use std::fmt::Write;

/// Encodes a path: every byte but RFC 3986's unreserved ones and the slash, with upper-case hex. Nothing is
/// normalised, so [`percent_decode`] gives the same text back.
pub fn encode_path(path: &str) -> String {
    encode(path, |byte| is_unreserved(byte) || byte == b'/')
}

/// Encodes a name or value of a query: every byte but the unreserved ones; a space is `%20`, a plus `%2B`.
pub fn encode_query_component(text: &str) -> String {
    encode(text, is_unreserved)
}

/// Decodes once. `None` for a percent sign without two hex digits after it; a plus stays a plus.
pub fn percent_decode(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !raw.contains(&b'%') {
        return Some(raw.into());
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            byte => byte,
        });
    }
    Some(decoded.into())
}

fn encode(text: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if keep(byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
