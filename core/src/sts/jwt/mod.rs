//! JSON Web Tokens of identity providers: from a text, the provider's keys and what the gateway is told of the provider
//! to claims that can be believed.
//! <https://www.rfc-editor.org/rfc/rfc7519>, <https://www.rfc-editor.org/rfc/rfc8725>
//!
//! Enter at [`Token::parse`], whose [`Token::issuer`] says whose keys are needed, and go on with [`Token::verify`].

mod algorithm;
mod claims;
mod issuer;
mod keys;
mod mapping;

pub use algorithm::Algorithm;
pub use claims::Claims;
pub use issuer::{Accounts, BadIssuer, BadLeeway, Issuer, IssuerUrl, Leeway};
pub use keys::{BadKeys, Jwks, MAX_DOCUMENT, MAX_KEYS};
pub use mapping::{BadClaimPath, ClaimPath, Mapping, Reach, RoleRule, TagRule, When};

use crate::document::{self, Node, Value};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use keys::NoKey;

/// The longest token that is read, in characters, as with AWS.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
pub const MAX_TOKEN: usize = 20_000;

/// The deepest nesting of a token's claims, the map of them all being the first level.
pub const MAX_DEPTH: usize = 8;

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// Longer than [`MAX_TOKEN`].
    #[error("the token has more than {MAX_TOKEN} characters")]
    TooLong,
    /// Not three parts of base64.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// A part is not a map in JSON, or has a name twice.
    #[error("the token's {0} cannot be read: {1}")]
    Unreadable(&'static str, Box<str>),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the token's {0} is nested deeper than {MAX_DEPTH} levels")]
    TooDeep(&'static str),
    /// `alg` is missing, unknown, or not allowed for the issuer.
    #[error("the token's algorithm `{0}` is not allowed")]
    Algorithm(Box<str>),
    /// `crit` is there: it names extensions that must be understood.
    #[error("the token has critical extensions")]
    Critical,
    /// `typ` says that it is something else.
    #[error("the token is of the type `{0}`")]
    Type(Box<str>),
    /// `iss` is missing or another.
    #[error("the token is of another issuer")]
    Issuer,
    /// No key of the issuer has its name and kind. The issuer's keys may be newer than ours.
    #[error("no key of the issuer has the token's name and kind")]
    UnknownKey,
    /// Several keys could be meant.
    #[error("several keys of the issuer could be meant")]
    AmbiguousKey,
    /// The signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim is missing.
    #[error("the token has no claim `{0}`")]
    Missing(&'static str),
    /// A claim has the wrong form.
    #[error("the token's claim `{0}` has the wrong form")]
    BadClaim(&'static str),
    /// It is for someone else.
    #[error("the token is for another audience")]
    Audience,
    /// Past its end.
    #[error("the token expired at {0}")]
    Expired(Timestamp),
    /// Before its beginning.
    #[error("the token is not valid before {0}")]
    NotYet(Timestamp),
}

/// A token as it was read. Nothing of it is true before [`Token::verify`].
#[derive(Debug)]
pub struct Token<'t> {
    algorithm: Algorithm,
    key_id: Option<Box<str>>,
    issuer: Box<str>,
    claims: Node,
    /// Header and claims as they were signed.
    signed: &'t str,
    signature: Vec<u8>,
}

impl<'t> Token<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// It is malformed, too large, or asks for what is never taken, whoever issued it.
    pub fn parse(text: &'t str) -> Result<Self, JwtError> {
        if text.len() > MAX_TOKEN {
            return Err(JwtError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(PARTS)?;
        let (header, claims) = signed.split_once('.').ok_or(PARTS)?;
        if claims.contains('.') {
            return Err(PARTS);
        }
        let header = read("header", header)?;
        let algorithm = algorithm(&header)?;
        check_kind(&header)?;
        let claims = read("payload", claims)?;
        let signature = base64url(signature).filter(|signature| !signature.is_empty());
        Ok(Self {
            algorithm,
            key_id: optional_text(&header, "kid")?,
            issuer: optional_text(&claims, "iss")?.ok_or(JwtError::Issuer)?,
            claims,
            signed,
            signature: signature.ok_or(JwtError::Malformed("the signature is not base64url"))?,
        })
    }

    /// Who it says it is of, to find the provider by.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key it says it is signed with.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Checks issuer, algorithm, signature, audience and times, in this order.
    ///
    /// # Errors
    /// The first that is wrong. After [`JwtError::UnknownKey`] it may help to fetch the issuer's keys again.
    pub fn verify(self, keys: &Jwks, issuer: &Issuer, now: Timestamp) -> Result<Claims, JwtError> {
        if *self.issuer != *issuer.url.as_str() {
            return Err(JwtError::Issuer);
        }
        if !issuer.algorithms.contains(&self.algorithm) {
            return Err(JwtError::Algorithm(self.algorithm.name().into()));
        }
        let key = keys.find(self.key_id.as_deref(), self.algorithm);
        let key = key.map_err(|none| match none {
            NoKey::Unknown => JwtError::UnknownKey,
            NoKey::Ambiguous => JwtError::AmbiguousKey,
        })?;
        if !key.verifies(self.algorithm, self.signed.as_bytes(), &self.signature) {
            return Err(JwtError::Signature);
        }
        Claims::check(self.claims, issuer, now)
    }
}

const PARTS: JwtError = JwtError::Malformed("it has three parts with dots between them");

/// A part that is a map.
fn read(part: &'static str, encoded: &str) -> Result<Node, JwtError> {
    let bytes = base64url(encoded).ok_or(JwtError::Malformed("a part is not base64url"))?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| JwtError::Malformed("a part is not UTF-8"))?;
    let unreadable = |message: &str| JwtError::Unreadable(part, short(message));
    let node = document::json(&text).map_err(|problems| {
        let first = problems.first();
        unreadable(first.map_or("no JSON", |problem| &problem.message))
    })?;
    if !matches!(node.value, Value::Map(_)) {
        return Err(unreadable("it is not a map"));
    }
    match is_within(&node, MAX_DEPTH) {
        true => Ok(node),
        false => Err(JwtError::TooDeep(part)),
    }
}

fn is_within(node: &Node, depth: usize) -> bool {
    let below = |node: &Node| {
        depth
            .checked_sub(1)
            .is_some_and(|depth| is_within(node, depth))
    };
    match &node.value {
        Value::Map(entries) => depth > 0 && entries.iter().all(|entry| below(&entry.value)),
        Value::List(items) => depth > 0 && items.iter().all(below),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => true,
    }
}

fn algorithm(header: &Node) -> Result<Algorithm, JwtError> {
    let name = header.get("alg").and_then(Node::text).unwrap_or_default();
    Algorithm::parse(name).ok_or_else(|| JwtError::Algorithm(short(name)))
}

/// As much of what a stranger wrote as a message needs.
fn short(text: &str) -> Box<str> {
    text.chars().take(80).collect()
}

/// A token of another kind, such as one for logging out, is signed with the same keys.
fn check_kind(header: &Node) -> Result<(), JwtError> {
    if header.get("crit").is_some() {
        return Err(JwtError::Critical);
    }
    let Some(kind) = optional_text(header, "typ")? else {
        return Ok(());
    };
    let lower = kind.to_ascii_lowercase();
    let lower = lower.strip_prefix("application/").unwrap_or(&lower);
    match lower {
        "jwt" | "at+jwt" => Ok(()),
        _ => Err(JwtError::Type(short(&kind))),
    }
}

fn optional_text(node: &Node, name: &'static str) -> Result<Option<Box<str>>, JwtError> {
    let Some(node) = node.get(name) else {
        return Ok(None);
    };
    let text = node.text().map(|text| Some(text.into()));
    text.ok_or(JwtError::BadClaim(name))
}

/// Without padding, and with nothing left over.
fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
pub(super) mod tests;
