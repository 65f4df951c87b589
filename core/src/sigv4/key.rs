//! The key a request is signed with.

use super::Scope;
use crate::identity::SecretKey;
use aws_lc_rs::hmac::{self, HMAC_SHA256, Tag};
use std::fmt;
use zeroize::Zeroizing;

/// A secret key narrowed to one day, region and service. Prints as `***`.
///
/// A caller may keep it for the day. It then keeps it only for scopes that verified: a stranger can name any region
/// and date.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

impl SigningKey {
    /// Derives the key of `scope`.
    pub fn derive(secret: &SecretKey, scope: &Scope<'_>) -> Self {
        let start = Zeroizing::new(format!("AWS4{}", secret.expose()));
        let mut key = hmac::Key::new(HMAC_SHA256, start.as_bytes());
        for part in [scope.date, scope.region, scope.service, "aws4_request"] {
            key = hmac::Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        Self(key)
    }

    /// A key that costs what a real one costs. Nothing signed with it may be accepted.
    pub(super) fn decoy() -> Self {
        Self(hmac::Key::new(HMAC_SHA256, &[0; 32]))
    }

    /// HMAC-SHA256 of the pieces together; 32 bytes. Also signs POST policies.
    pub fn sign(&self, pieces: &[&[u8]]) -> Tag {
        let mut context = hmac::Context::with_key(&self.0);
        pieces.iter().for_each(|piece| context.update(piece));
        context.sign()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
