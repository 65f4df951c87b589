//! Session tokens: a whole session, sealed, so that no replica of the gateway has to remember it.
//!
//! A token is URL-safe base64 of `version ‖ length of key id ‖ key id ‖ nonce ‖ ciphertext ‖ tag`, sealed with
//! AES-256-GCM; all before the nonce is authenticated too. The session within names the access key it belongs to.

mod ring;
mod wire;

pub use ring::{BadRing, BadSealKey, KeyRing, SealKey};

use super::credentials::{Fresh, NONCE};
use super::session::Session;
use aws_lc_rs::aead::{Aad, Nonce};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use zeroize::Zeroizing;

/// The longest token that is looked at, in characters. Sealing makes none longer: what a session holds is bounded where
/// it is made.
pub const MAX_TOKEN: usize = 12 * 1024;

const VERSION: u8 = 1;
const TAG: usize = 16;

/// Why a session token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not base64, or longer than any of ours.
    #[error("the session token is malformed")]
    Malformed,
    /// Shorter than any of ours.
    #[error("the session token is truncated")]
    Truncated,
    /// Of a format this gateway does not know.
    #[error("the session token has the unknown version {0}")]
    UnknownVersion(u8),
    /// Sealed with a key that is not in the ring, or not any more.
    #[error("the session token is sealed with an unknown key")]
    UnknownKey,
    /// Not what was sealed.
    #[error("the session token was altered")]
    Tampered,
    /// Presented with another access key than its own.
    #[error("the session token belongs to another access key")]
    Moved,
    /// Past its end.
    #[error("the session token expired at {0}")]
    Expired(Timestamp),
}

/// Why a session cannot be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session does not fit into a token")]
pub struct TooLarge;

/// Seals a session with the ring's current key.
///
/// # Errors
/// It holds more than a token can.
pub fn seal(session: &Session, ring: &KeyRing, fresh: Fresh) -> Result<String, TooLarge> {
    let key = ring.current();
    let mut token = vec![VERSION, key.id().length()];
    token.extend(key.id().as_str().bytes());
    let aad = Aad::from(token.clone());
    let nonce = fresh.into_nonce();
    let mut sealed = wire::write(session)?;
    let nonce_of_key = Nonce::assume_unique_for_key(nonce);
    let tag = key
        .cipher()
        .seal_in_place_separate_tag(nonce_of_key, aad, &mut sealed)
        .map_err(|_| TooLarge)?;
    token.extend(nonce);
    token.extend_from_slice(&sealed);
    token.extend(tag.as_ref());
    let text = URL_SAFE_NO_PAD.encode(token);
    (text.len() <= MAX_TOKEN).then_some(text).ok_or(TooLarge)
}

/// Opens the token presented with an access key. Whoever presents them is its session only once the request's signature
/// verified with the session's secret.
///
/// # Errors
/// The token is not one of ours, not of this key, or past its end.
pub fn open(
    token: &str,
    access_key: &str,
    ring: &KeyRing,
    now: Timestamp,
) -> Result<Session, TokenError> {
    if token.len() > MAX_TOKEN {
        return Err(TokenError::Malformed);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token);
    let bytes = bytes.map_err(|_| TokenError::Malformed)?;
    let parts = Parts::read(&bytes)?;
    let key = ring.find(parts.key_id).ok_or(TokenError::UnknownKey)?;
    let mut sealed = Zeroizing::new(parts.sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(parts.nonce);
    let plain = key
        .cipher()
        .open_in_place(nonce, Aad::from(parts.header), &mut sealed);
    let plain = plain.map_err(|_| TokenError::Tampered)?;
    let session = wire::read(plain).ok_or(TokenError::Tampered)?;
    let own = session.access_key.0.as_bytes();
    verify_slices_are_equal(own, access_key.as_bytes()).map_err(|_| TokenError::Moved)?;
    let end = session.terms.expires;
    if now >= end {
        return Err(TokenError::Expired(end));
    }
    Ok(session)
}

struct Parts<'t> {
    header: &'t [u8],
    key_id: &'t [u8],
    nonce: [u8; NONCE],
    sealed: &'t [u8],
}

impl<'t> Parts<'t> {
    fn read(bytes: &'t [u8]) -> Result<Self, TokenError> {
        let (version, rest) = bytes.split_first().ok_or(TokenError::Truncated)?;
        if *version != VERSION {
            return Err(TokenError::UnknownVersion(*version));
        }
        let (length, rest) = rest.split_first().ok_or(TokenError::Truncated)?;
        let length = usize::from(*length);
        let (key_id, rest) = rest.split_at_checked(length).ok_or(TokenError::Truncated)?;
        let (header, _) = bytes
            .split_at_checked(2 + length)
            .ok_or(TokenError::Truncated)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or(TokenError::Truncated)?;
        if sealed.len() <= TAG {
            return Err(TokenError::Truncated);
        }
        Ok(Self {
            header,
            key_id,
            nonce: *nonce,
            sealed,
        })
    }
}

#[cfg(test)]
mod tests;
