//! Names of parameters whose values are secrets, and texts with those masked.

use std::borrow::Cow;

/// Stands for a value that is not written.
pub const MASK: &str = "***";

/// Parameters of queries and forms whose values are credentials or proofs.
const SECRET_PARAMETERS: [&str; 11] = [
    "authorization",
    "awsaccesskeyid",
    "policy",
    "signature",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "x-amz-credential",
    "x-amz-s3session-token",
    "x-amz-security-token",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-session-token",
    "x-amz-signature",
];

/// Whether a parameter's value is a credential or a proof. Case does not count; the name may be percent-encoded.
pub fn is_secret_parameter(name: &[u8]) -> bool {
    SECRET_PARAMETERS
        .iter()
        .any(|secret| decoded_lower(name).eq(secret.bytes()))
}

/// A free text in which a client may have put a URL: values of secret parameters are masked, and so are a URL's user
/// and password.
pub fn masked(text: &str) -> Cow<'_, str> {
    if !text.contains(['=', '@']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(ends_parameter) {
        let end = word.strip_suffix(ends_parameter).unwrap_or(word).len();
        let (word, separator) = word.split_at_checked(end).unwrap_or((word, ""));
        mask_word(&mut out, word);
        out.push_str(separator);
    }
    Cow::Owned(out)
}

fn ends_parameter(character: char) -> bool {
    matches!(character, '&' | ';' | '?' | '#' | ',' | '"' | '\'') || character.is_whitespace()
}

fn mask_word(out: &mut String, word: &str) {
    match word.split_once('=') {
        Some((name, value)) if !value.is_empty() && is_secret_parameter(name.as_bytes()) => {
            out.extend([name, "=", MASK]);
        }
        Some(_) | None => mask_user(out, word),
    }
}

/// `scheme://user:password@host/path`
fn mask_user(out: &mut String, word: &str) {
    let parts = word.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let (_, host) = authority.rsplit_once('@')?;
        Some([scheme, "://", MASK, "@", host, path])
    });
    match parts {
        Some(parts) => out.extend(parts),
        None => out.push_str(word),
    }
}

/// The bytes of a percent-encoded text, in lower case.
fn decoded_lower(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (first, tail) = rest.split_first()?;
        if let (b'%', Some((code, after))) = (*first, tail.split_at_checked(2))
            && let Some(byte) = code_of(code)
        {
            rest = after;
            return Some(byte.to_ascii_lowercase());
        }
        rest = tail;
        Some(first.to_ascii_lowercase())
    })
}

fn code_of(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests;
