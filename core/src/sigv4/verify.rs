//! Whether a claim is true.

use super::date::BasicDate;
use super::{Form, Presented, Scope, SignatureError, SigningKey, canonical};
use crate::request::{Head, Query};
use http::{HeaderMap, HeaderName};
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

/// How far clocks may differ.
pub(super) const SKEW: SignedDuration = SignedDuration::from_mins(15);
/// The longest life of a presigned URL: a week, in seconds.
pub(super) const LONGEST: i64 = 604_800;

/// What a scope must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The regions served; the first is named in errors.
    pub regions: &'a [&'a str],
    /// `s3`.
    pub service: &'a str,
}

/// A claim that was verified: the request was signed with the key of this access key id. Made only by [`verify()`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified<'a> {
    // INVARIANT: set by `verify` alone, after the signature matched.
    presented: Presented<'a>,
}

impl<'a> Verified<'a> {
    /// What was presented, now true.
    pub fn presented(&self) -> &Presented<'a> {
        &self.presented
    }
}

/// Verifies that `presented` was read from this head, is timely, meant for us, covers what must be covered and was
/// signed with `key`.
///
/// `query` is all of the target's query, decoded. `key` is derived from the secret of `presented.access_key` for
/// `presented.scope`.
///
/// # Errors
/// The first thing that is wrong; the signature is compared last, in constant time.
pub fn verify<'a>(
    head: &Head<'_>,
    query: &Query,
    presented: &Presented<'a>,
    key: &SigningKey,
    now: Timestamp,
    expected: Expected<'_>,
) -> Result<Verified<'a>, SignatureError> {
    check_scope(
        presented.form,
        presented.scope,
        presented.timestamp,
        expected,
    )?;
    check_time(presented, now)?;
    check_headers(head.headers, query, presented)?;
    let hash = canonical::hash(head, query, presented);
    let date = BasicDate::of(presented.timestamp);
    let signature = canonical::with_pieces(presented, &date, &hash, |pieces| key.sign(pieces));
    if bool::from(signature.as_ref().ct_eq(presented.signature.as_slice())) {
        Ok(Verified {
            presented: *presented,
        })
    } else {
        Err(SignatureError::Mismatch)
    }
}

/// The refusal of a request whose access key is not known, after the work that a wrong signature costs: all that is
/// wrong beside the key is said as it would be for a known one.
pub fn refuse_unknown_key(
    head: &Head<'_>,
    query: &Query,
    presented: &Presented<'_>,
    now: Timestamp,
    expected: Expected<'_>,
) -> SignatureError {
    match verify(head, query, presented, &SigningKey::decoy(), now, expected) {
        Ok(_) | Err(SignatureError::Mismatch) => SignatureError::UnknownKey,
        Err(other) => other,
    }
}

/// The headers that came twice though they may have one value only: two readers could take different ones.
///
/// Lists (`x-amz-object-attributes`, which the Rust SDK sends as several headers) and user metadata may repeat.
pub fn repeated_headers(headers: &HeaderMap) -> impl Iterator<Item = &HeaderName> {
    let repeated = headers.len() != headers.keys_len();
    let names = repeated.then(|| headers.keys());
    names.into_iter().flatten().filter(|name| {
        is_single_valued(name.as_str()) && headers.get_all(*name).iter().nth(1).is_some()
    })
}

fn is_single_valued(name: &str) -> bool {
    match name {
        "authorization" | "content-length" | "content-md5" | "content-type" | "date" | "host" => {
            true
        }
        "x-amz-object-attributes" | "x-amz-optional-object-attributes" => false,
        _ => name.starts_with("x-amz-") && !name.starts_with("x-amz-meta-"),
    }
}

pub(super) fn check_scope(
    form: Form,
    scope: Scope<'_>,
    timestamp: Timestamp,
    expected: Expected<'_>,
) -> Result<(), SignatureError> {
    let Scope {
        date,
        region,
        service,
    } = scope;
    if BasicDate::of(timestamp).day() != date {
        return Err(SignatureError::WrongScopeDate { form });
    }
    if !expected.regions.contains(&region) {
        let first = expected.regions.first().copied().unwrap_or_default();
        return Err(SignatureError::WrongRegion {
            form,
            given: region.into(),
            expected: first.into(),
        });
    }
    if service != expected.service {
        return Err(SignatureError::WrongService {
            form,
            given: service.into(),
        });
    }
    Ok(())
}

/// Both edges belong to the window, and so does the last second of a presigned URL.
fn check_time(presented: &Presented<'_>, now: Timestamp) -> Result<(), SignatureError> {
    let age = now.duration_since(presented.timestamp);
    let Some(expires) = presented.expires else {
        return if age.abs() <= SKEW {
            Ok(())
        } else {
            Err(SignatureError::TimeTooSkewed)
        };
    };
    if age < -SKEW {
        return Err(SignatureError::NotYetValid);
    }
    if age > lifetime(expires).ok_or(SignatureError::BadExpires)? {
        return Err(SignatureError::Expired);
    }
    Ok(())
}

fn lifetime(text: &str) -> Option<SignedDuration> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = digits.then(|| text.parse::<i64>().ok())??;
    (1..=LONGEST)
        .contains(&seconds)
        .then(|| SignedDuration::from_secs(seconds))
}

fn check_headers(
    headers: &HeaderMap,
    query: &Query,
    presented: &Presented<'_>,
) -> Result<(), SignatureError> {
    if let Some(name) = repeated_headers(headers).next() {
        return Err(SignatureError::RepeatedHeader(name.as_str().into()));
    }
    refuse_contradictions(headers, query)?;
    let signed = presented.signed_headers;
    let unsigned = |name: &&str| !signed.split(';').any(|listed| listed == *name);
    let needed = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| must_be_signed(name, presented.form));
    if let Some(name) = std::iter::once("host").chain(needed).find(unsigned) {
        return Err(SignatureError::HeaderNotSigned(name.into()));
    }
    match canonical::absent_header(headers, signed) {
        Some(name) => Err(SignatureError::SignedHeaderAbsent(name.into())),
        None => Ok(()),
    }
}

/// `x-amz-content-sha256` is in the canonical request anyway. `Content-MD5` is signed by every SDK, but who uploads by
/// a presigned URL may add it, as at AWS: it can only make the check of the body stricter.
fn must_be_signed(name: &str, form: Form) -> bool {
    match (name, form) {
        ("x-amz-content-sha256", _) => false,
        ("content-md5", Form::Header) => true,
        (name, _) => name.starts_with("x-amz-"),
    }
}

fn refuse_contradictions(headers: &HeaderMap, query: &Query) -> Result<(), SignatureError> {
    for parameter in query
        .0
        .iter()
        .filter(|parameter| super::presented::is_amz(&parameter.name))
    {
        let value = parameter.value.as_deref().unwrap_or_default().as_bytes();
        if headers
            .get(&*parameter.name)
            .is_some_and(|header| header.as_bytes() != value)
        {
            return Err(SignatureError::Contradiction(
                parameter.name.to_ascii_lowercase().into(),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
