//! New temporary credentials.

use crate::identity::{AccessKeyId, SecretKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use zeroize::Zeroizing;

/// What the ids of temporary access keys begin with.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
pub const TEMPORARY: &str = "ASIA";

const KEY_ID: usize = 10;
const SECRET: usize = 30;
pub(super) const NONCE: usize = 12;

/// Random bytes for one set of credentials: neither copied nor used twice. Prints as `***`.
pub struct Fresh {
    key_id: [u8; KEY_ID],
    secret: Zeroizing<[u8; SECRET]>,
    nonce: [u8; NONCE],
}

impl Fresh {
    /// How many bytes it takes.
    pub const BYTES: usize = KEY_ID + SECRET + NONCE;

    /// Takes bytes from a cryptographically secure generator.
    pub fn new(bytes: &[u8; Self::BYTES]) -> Self {
        let (key_id, rest) = bytes.split_first_chunk().unwrap_or((&[0; KEY_ID], &[]));
        let (secret, rest) = rest.split_first_chunk().unwrap_or((&[0; SECRET], &[]));
        let (nonce, _) = rest.split_first_chunk().unwrap_or((&[0; NONCE], &[]));
        Self {
            key_id: *key_id,
            secret: Zeroizing::new(*secret),
            nonce: *nonce,
        }
    }

    /// `ASIA` and 16 letters and digits.
    pub(super) fn access_key(&self) -> AccessKeyId {
        AccessKeyId(format!("{TEMPORARY}{}", base32(&self.key_id)).into())
    }

    /// 40 characters, as AWS's have.
    pub(super) fn secret(&self) -> SecretKey {
        SecretKey::new(STANDARD.encode(*self.secret))
    }

    pub(super) fn into_nonce(self) -> [u8; NONCE] {
        self.nonce
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Whether an access key id is one of temporary credentials, which come with a session token.
pub fn is_temporary(access_key: &str) -> bool {
    access_key.starts_with(TEMPORARY)
}

fn base32(bytes: &[u8; KEY_ID]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let number = bytes
        .iter()
        .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let digit = |place: u32| DIGITS.get(usize::try_from(number >> (place * 5) & 31).unwrap_or(0));
    (0..16)
        .rev()
        .filter_map(digit)
        .map(|digit| char::from(*digit))
        .collect()
}

#[cfg(test)]
mod tests;
