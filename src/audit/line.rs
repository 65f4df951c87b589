//! One line of the chain: a JSON object that names its place and the hash of the line before it, and may be signed.

use super::key::{PublicKey, SigningKey};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::{self, Write as _};

/// What a signature is over begins with this, so that it is valid for nothing else.
const DOMAIN: &str = "portcullis-audit-v1\n";
/// `,"sig":"` with the 88 characters of 64 bytes in base64 and `"}`.
const SIGNATURE: usize = 8 + 88 + 2;

/// SHA-256 of a line without its newline.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hash([u8; 32]);

impl Hash {
    /// What stands before the first line of a manifest.
    pub(super) const NONE: Self = Self([0; 32]);

    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
            *to = *from;
        }
        Self(hash)
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != 64 || !text.bytes().all(lower) {
            return None;
        }
        let mut hash = [0; 32];
        for (to, pair) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *to = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The end of a chain: the number and the hash of its last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

impl Head {
    /// Of a chain without lines that goes on from a line elsewhere.
    pub(super) fn after(hash: Hash) -> Self {
        Self { seq: 0, hash }
    }
}

/// Lines in the making, behind a head.
pub(super) struct Lines {
    pub(super) text: String,
    pub(super) head: Head,
    time: Timestamp,
}

impl Lines {
    pub(super) fn after(head: Head, time: Timestamp) -> Self {
        Self {
            text: String::new(),
            head,
            time,
        }
    }

    /// Appends a line; `body` is JSON without line breaks. Says which number it has.
    pub(super) fn push(&mut self, kind: &str, body: &str) -> u64 {
        let line = self.unsigned(kind, body);
        self.add(&line)
    }

    /// Appends a signed line, and says how it reads.
    pub(super) fn push_signed(&mut self, kind: &str, body: &str, key: &SigningKey) -> String {
        let line = self.unsigned(kind, body);
        let signature = STANDARD.encode(key.sign(format!("{DOMAIN}{line}").as_bytes()));
        let open = line.strip_suffix('}').unwrap_or(&line);
        let line = format!("{open},\"sig\":\"{signature}\"}}");
        self.add(&line);
        line
    }

    fn unsigned(&self, kind: &str, body: &str) -> String {
        let (seq, prev, time) = (self.head.seq.saturating_add(1), self.head.hash, self.time);
        // No kind of ours needs escapes; one that does becomes what JSON can hold.
        let kind = serde_json::Value::from(kind);
        format!(r#"{{"seq":{seq},"prev":"{prev}","kind":{kind},"time":"{time:.6}","body":{body}}}"#)
    }

    fn add(&mut self, line: &str) -> u64 {
        self.head = Head {
            seq: self.head.seq.saturating_add(1),
            hash: Hash::of(line.as_bytes()),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{line}");
        self.head.seq
    }
}

/// A line as it was read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<'a> {
    pub(super) seq: u64,
    pub(super) prev: String,
    pub(super) kind: String,
    pub(super) time: String,
    #[serde(borrow)]
    pub(super) body: &'a RawValue,
    pub(super) sig: Option<String>,
}

impl<'a> Line<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(super) fn is_behind(&self, head: &Head) -> bool {
        self.seq == head.seq.saturating_add(1) && Hash::parse(&self.prev) == Some(head.hash)
    }

    /// Its body, if it is what this kind of line holds.
    pub(super) fn read<T: Deserialize<'a>>(&self) -> Option<T> {
        serde_json::from_str(self.body.get()).ok()
    }

    /// Whether the line, which reads so, has this key's signature.
    pub(super) fn is_signed(&self, bytes: &[u8], key: &PublicKey) -> bool {
        let parts = bytes
            .len()
            .checked_sub(SIGNATURE)
            .and_then(|at| bytes.split_at_checked(at));
        let (Some(signature), Some((open, end))) = (&self.sig, parts) else {
            return false;
        };
        let Ok(signature_bytes) = STANDARD.decode(signature) else {
            return false;
        };
        let text = [DOMAIN.as_bytes(), open, b"}"].concat();
        end == format!(",\"sig\":\"{signature}\"}}").as_bytes()
            && key.verifies(&text, &signature_bytes)
    }
}

/// JSON on one line: itself if it is that already, and what is no JSON as a JSON string.
pub(super) fn one_line(text: &str) -> String {
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else {
        return serde_json::Value::from(text).to_string();
    };
    if raw.get().contains(['\n', '\r']) {
        let value: Result<serde_json::Value, _> = serde_json::from_str(raw.get());
        return value.map_or_else(|_| "null".to_owned(), |value| value.to_string());
    }
    raw.get().to_owned()
}
