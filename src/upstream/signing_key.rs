//! The key that requests of a day are signed with.

use super::sign::Signer;
use arc_swap::ArcSwapOption;
use aws_sigv4::sign::v4;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

/// The key of the day, derived once. Deriving takes four hashes in a row, and every request needs the key.
#[derive(Debug, Default)]
pub(super) struct SigningKeys(ArcSwapOption<SigningKey>);

/// A secret narrowed to one day, region and service.
pub(super) struct SigningKey {
    secret: Box<str>,
    day: Box<str>,
    key: Box<[u8]>,
}

impl SigningKeys {
    pub(super) fn of(&self, signer: &Signer<'_>) -> Arc<SigningKey> {
        let (secret, day) = (signer.keys.secret_access_key(), signer.date.day());
        let held = self.0.load_full();
        if let Some(key) = held.filter(|key| *key.day == *day && *key.secret == *secret) {
            return key;
        }
        let time = SystemTime::from(signer.now);
        let key = v4::generate_signing_key(secret, time, signer.upstream.region(), "s3");
        let key = Arc::new(SigningKey {
            secret: secret.into(),
            day: day.into(),
            key: key.as_ref().into(),
        });
        self.0.store(Some(Arc::clone(&key)));
        key
    }
}

impl SigningKey {
    /// The signature of a text, in hexadecimal.
    pub(super) fn sign(&self, text: &[u8]) -> String {
        v4::calculate_signature(&self.key, text)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("day", &self.day)
            .finish_non_exhaustive()
    }
}
