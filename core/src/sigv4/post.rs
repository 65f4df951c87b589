//! The signature of a form, which is over its policy document and stands in its fields.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html>

use super::presented::{credential, unhex};
use super::verify::{LONGEST, SKEW, check_scope};
use super::{ALGORITHM, Expected, Form, Scope, SignatureError, SigningKey, date};
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

/// A form's claim to be verified. Nothing of it is true before [`verify_post`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresentedPost<'a> {
    /// The access key id.
    pub access_key: &'a str,
    /// Date, region and service.
    pub scope: Scope<'a>,
    /// What was signed: the policy document, still in base64.
    pub policy: &'a str,
    /// The signature's bytes.
    pub signature: [u8; 32],
    /// When it was signed.
    pub timestamp: Timestamp,
    /// `x-amz-security-token`.
    pub session_token: Option<&'a str>,
}

/// The fields of a signature. One of them alone makes a form signed: what is half there is refused, not ignored.
const FIELDS: [&str; 5] = [
    "policy",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-signature",
];

const TOKEN: &str = "x-amz-security-token";

/// Reads the fields of a form, which `field` gives by their names in lower case; `None` if nothing authenticates it.
///
/// # Errors
/// A field that is missing or unreadable, or one of another kind of authentication.
pub fn presented_post<'a>(
    field: impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<PresentedPost<'a>>, SignatureError> {
    let has = |name: &&str| field(name).is_some();
    if ["awsaccesskeyid", "signature"].iter().any(has) {
        return Err(SignatureError::Version2);
    }
    if !FIELDS.iter().chain([&TOKEN]).any(has) {
        return Ok(None);
    }
    if let Some(missing) = FIELDS.into_iter().find(|name| !has(name)) {
        return Err(SignatureError::MissingField(missing));
    }
    let value = |name| field(name).unwrap_or_default();
    match value("x-amz-algorithm") {
        ALGORITHM => (),
        "AWS4-ECDSA-P256-SHA256" => return Err(SignatureError::Asymmetric),
        _ => return Err(malformed("the algorithm")),
    }
    let (access_key, scope) =
        credential(value("x-amz-credential")).ok_or(malformed("the credential"))?;
    Ok(Some(PresentedPost {
        access_key,
        scope,
        policy: value("policy"),
        signature: unhex(value("x-amz-signature")).ok_or(malformed("the signature"))?,
        timestamp: date::parse_basic(value("x-amz-date")).ok_or(malformed("the date"))?,
        session_token: field(TOKEN),
    }))
}

/// Verifies that a form's policy document was signed with `key`, for us and not too long ago. How long the form serves is
/// said by the policy; a signature serves a week at most.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
///
/// `key` is derived from the secret of `presented.access_key` for `presented.scope`.
///
/// # Errors
/// The first thing that is wrong; the signature is compared last, in constant time.
pub fn verify_post(
    presented: &PresentedPost<'_>,
    key: &SigningKey,
    now: Timestamp,
    expected: Expected<'_>,
) -> Result<(), SignatureError> {
    check_scope(Form::Post, presented.scope, presented.timestamp, expected)?;
    let age = now.duration_since(presented.timestamp);
    if age < -SKEW {
        return Err(SignatureError::NotYetValid);
    }
    if age > SignedDuration::from_secs(LONGEST) {
        return Err(SignatureError::Expired);
    }
    let signature = key.sign(&[presented.policy.as_bytes()]);
    if bool::from(signature.as_ref().ct_eq(presented.signature.as_slice())) {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// The refusal of a form whose access key is not known, after the work that a wrong signature costs.
pub fn refuse_unknown_key_of_post(
    presented: &PresentedPost<'_>,
    now: Timestamp,
    expected: Expected<'_>,
) -> SignatureError {
    match verify_post(presented, &SigningKey::decoy(), now, expected) {
        Ok(()) | Err(SignatureError::Mismatch) => SignatureError::UnknownKey,
        Err(other) => other,
    }
}

fn malformed(what: &'static str) -> SignatureError {
    SignatureError::Malformed {
        form: Form::Post,
        what,
    }
}

#[cfg(test)]
mod tests;
