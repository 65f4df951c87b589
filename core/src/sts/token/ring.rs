//! The keys that session tokens are sealed with.

use aws_lc_rs::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use std::collections::BTreeSet;
use std::fmt;

/// A key of 32 bytes with a name. Prints as its name.
///
/// Nonces are random, so one key may seal 2³² tokens; a key that is exchanged for a new one every year stays far below.
pub struct SealKey {
    id: KeyId,
    cipher: LessSafeKey,
}

/// The name of a key, which stands readable in each token it sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyId(Box<str>);

/// Why something cannot be a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSealKey {
    /// Its name.
    #[error("`{0}` is not the name of a key: 1 to 32 lower-case letters, digits and `-`")]
    Name(Box<str>),
    /// Its bytes: no generator gives such.
    #[error("the key `{0}` is not random: it has fewer than 8 different bytes")]
    NotRandom(Box<str>),
}

/// Why keys make no ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("two keys are named `{0}`")]
pub struct BadRing(Box<str>);

impl SealKey {
    /// A key from a cryptographically secure generator.
    ///
    /// # Errors
    /// The name is not 1 to 32 lower-case letters, digits and hyphens, or the bytes are plainly made up.
    pub fn new(id: &str, bytes: &[u8; 32]) -> Result<Self, BadSealKey> {
        let bad = || BadSealKey::Name(id.into());
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=32).contains(&id.len()) || !id.bytes().all(letter) {
            return Err(bad());
        }
        if bytes.iter().collect::<BTreeSet<_>>().len() < 8 {
            return Err(BadSealKey::NotRandom(id.into()));
        }
        // Fails for another length alone.
        let key = UnboundKey::new(&AES_256_GCM, bytes).map_err(|_| bad())?;
        Ok(Self {
            id: KeyId(id.into()),
            cipher: LessSafeKey::new(key),
        })
    }

    pub(super) fn id(&self) -> &KeyId {
        &self.id
    }

    pub(super) fn cipher(&self) -> &LessSafeKey {
        &self.cipher
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.id.0)
    }
}

impl KeyId {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn length(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }
}

/// The key that seals, and those that still open. To exchange a key: first give the new one to every replica as another,
/// then make it the current one, and drop the old one when the last session it sealed has ended.
#[derive(Debug)]
pub struct KeyRing {
    current: SealKey,
    others: Vec<SealKey>,
}

impl KeyRing {
    /// `current` seals; all open.
    ///
    /// # Errors
    /// Two have the same name.
    pub fn new(current: SealKey, others: Vec<SealKey>) -> Result<Self, BadRing> {
        let mut names = vec![&current.id];
        for key in &others {
            if names.contains(&&key.id) {
                return Err(BadRing(key.id.0.clone()));
            }
            names.push(&key.id);
        }
        Ok(Self { current, others })
    }

    pub(super) fn current(&self) -> &SealKey {
        &self.current
    }

    pub(super) fn find(&self, id: &[u8]) -> Option<&SealKey> {
        let mut all = std::iter::once(&self.current).chain(&self.others);
        all.find(|key| key.id.0.as_bytes() == id)
    }
}
