//! Client text made fit for one line.
//!
//! Three forms, for three kinds of text. A key is data: every byte can be read back. A URI is itself an encoding: bytes
//! that must not stand in a line are percent-encoded, which names the same resource. A header is free text: the same
//! bytes are percent-encoded, and a percent sign that would read as such a code is encoded too, so that decoding the
//! codes gives back the header exactly.

use portcullis_core::s3::secrets::{self, is_secret_parameter};

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Stands for a value that is not written.
const MASK: &[u8] = secrets::MASK.as_bytes();

/// An object key, percent-encoded twice with its slashes kept, as S3 delivers it. A key that is only a hyphen is
/// encoded, because a bare hyphen means that there is none.
pub(super) fn key(out: &mut Vec<u8>, key: &str) {
    if key == "-" {
        return out.extend_from_slice(b"%252D");
    }
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(byte);
            }
            _ => {
                out.extend_from_slice(b"%25");
                hex(out, byte);
            }
        }
    }
}

/// A request target or Referer, with credentials masked.
pub(super) fn uri(out: &mut Vec<u8>, raw: &[u8]) {
    let (path, query) = match raw.iter().position(|byte| *byte == b'?') {
        Some(at) => raw.split_at_checked(at).unwrap_or((raw, b"")),
        None => (raw, b"".as_slice()),
    };
    address(out, path);
    let mut rest = query;
    while let Some((separator, tail)) = rest.split_first() {
        let end = tail
            .iter()
            .position(|byte| matches!(byte, b'&' | b';' | b'?' | b'#'))
            .unwrap_or(tail.len());
        let (pair, next) = tail.split_at_checked(end).unwrap_or((tail, b""));
        out.push(*separator);
        parameter(out, pair);
        rest = next;
    }
}

/// Scheme, authority and path. An authority may carry a user and password.
fn address(out: &mut Vec<u8>, path: &[u8]) {
    let authority = path
        .windows(3)
        .position(|three| three == b"://")
        .filter(|_| !path.starts_with(b"/"));
    let Some((scheme, rest)) = authority.and_then(|at| path.split_at_checked(at + 3)) else {
        return path.iter().for_each(|byte| uri_byte(out, *byte));
    };
    let end = rest
        .iter()
        .position(|byte| *byte == b'/')
        .unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end).unwrap_or((rest, b""));
    scheme.iter().for_each(|byte| uri_byte(out, *byte));
    match host.iter().rposition(|byte| *byte == b'@') {
        Some(at) => {
            out.extend_from_slice(MASK);
            let (_, host) = host.split_at_checked(at).unwrap_or((b"", host));
            host.iter().for_each(|byte| uri_byte(out, *byte));
        }
        None => host.iter().for_each(|byte| uri_byte(out, *byte)),
    }
    path.iter().for_each(|byte| uri_byte(out, *byte));
}

fn parameter(out: &mut Vec<u8>, pair: &[u8]) {
    let end = pair.iter().position(|byte| *byte == b'=');
    let (name, value) = match end {
        Some(at) => pair.split_at_checked(at).unwrap_or((pair, b"")),
        None => (pair, b"".as_slice()),
    };
    name.iter().for_each(|byte| uri_byte(out, *byte));
    if value.len() > 1 && is_secret_parameter(name) {
        out.push(b'=');
        out.extend_from_slice(MASK);
    } else {
        value.iter().for_each(|byte| uri_byte(out, *byte));
    }
}

fn code_of(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

fn uri_byte(out: &mut Vec<u8>, byte: u8) {
    if byte.is_ascii_graphic() && byte != b'"' {
        out.push(byte);
    } else {
        out.push(b'%');
        hex(out, byte);
    }
}

/// Free text between quotes.
pub(super) fn quoted(out: &mut Vec<u8>, text: &[u8]) {
    free(out, text, |byte| {
        (byte == b' ' || byte.is_ascii_graphic()) && byte != b'"'
    });
}

/// Free text that is not quoted, so that it may hold no space, nor a bracket, which some readers take for a quote.
pub(super) fn bare(out: &mut Vec<u8>, text: &[u8]) {
    if text.is_empty() {
        return out.push(b'-');
    }
    free(out, text, |byte| {
        byte.is_ascii_graphic() && !matches!(byte, b'"' | b'[' | b']')
    });
}

fn free(out: &mut Vec<u8>, text: &[u8], plain: impl Fn(u8) -> bool) {
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        let reads_as_code = *byte == b'%'
            && tail
                .get(..2)
                .and_then(code_of)
                .is_some_and(|code| code == b'%' || !plain(code));
        if plain(*byte) && !reads_as_code {
            out.push(*byte);
        } else {
            out.push(b'%');
            hex(out, *byte);
        }
        rest = tail;
    }
}

fn hex(out: &mut Vec<u8>, byte: u8) {
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or_default();
    out.extend([digit(byte >> 4), digit(byte & 15)]);
}

/// A number in decimal.
pub(super) fn number(out: &mut Vec<u8>, value: u64) {
    let mut digits = [0; 20];
    let mut rest = value;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(digits.len() - used));
}

/// A number with leading zeros.
pub(super) fn padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut digits = [b'0'; 8];
    let mut rest = value;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend(digits.iter().skip(digits.len().saturating_sub(width)));
}
