//! Fresh random keys: nothing ships with credentials in it.

use anyhow::anyhow;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::fmt;

/// An access key and its secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct KeyPair {
    pub(super) id: String,
    pub(super) secret: String,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({}, ***)", self.id)
    }
}

impl KeyPair {
    /// A new key in the form of AWS's: `AKIA` and 16 characters of base 32, with a secret of 40.
    pub(super) fn random() -> anyhow::Result<Self> {
        let letters = random::<16>()?.map(|byte| match byte % 32 {
            letter @ 0..=25 => char::from(b'A' + letter),
            digit => char::from(b'2' + digit - 26),
        });
        Ok(Self {
            id: format!("AKIA{}", String::from_iter(letters)),
            secret: BASE64_STANDARD.encode(random::<30>()?),
        })
    }
}

/// Bytes from the system's random source.
pub(super) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| anyhow!("the system has no randomness"))?;
    Ok(bytes)
}
