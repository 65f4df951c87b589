//! Session tokens. Input: an access key id, a line break and a token.

use super::Outcome;
use jiff::Timestamp;
use portcullis_core::sts::token::{MAX_TOKEN, open, seal};
use portcullis_core::sts::{Fresh, KeyRing, SealKey};

pub(super) fn check(input: &[u8]) -> Outcome {
    let text = String::from_utf8_lossy(input);
    let (access_key, token) = text.split_once('\n').unwrap_or(("", &text));
    let token = token.trim_end_matches('\n');
    let ring = ring();
    let Ok(session) = open(token, access_key, &ring, Timestamp::UNIX_EPOCH) else {
        return Outcome::Refused;
    };
    assert_eq!(&*session.access_key.0, access_key);
    let again = seal(&session, &ring, Fresh::new(&[7; Fresh::BYTES])).unwrap();
    assert!(again.len() <= MAX_TOKEN);
    let opened = open(&again, access_key, &ring, Timestamp::UNIX_EPOCH);
    assert_eq!(opened, Ok(session));
    Outcome::Accepted
}

/// A key that everyone can read here: it seals nothing but the corpus.
fn ring() -> KeyRing {
    let bytes = std::array::from_fn(|place| u8::try_from(place).unwrap());
    KeyRing::new(SealKey::new("fuzz", &bytes).unwrap(), Vec::new()).unwrap()
}
