//! The query of a presigned URL.

use super::{ALGORITHM, Form, Parts, Presented, SignatureError, date, text};
use crate::request::{Parameter, Query};
use http::HeaderMap;

/// A kind of authentication by query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Version2,
    Version4,
}

/// The names that make a query an authentication. One of them alone does: what is half there is refused, not ignored.
const NAMES: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

pub(super) fn mechanism(query: &Query) -> Option<Mechanism> {
    let has = |names: &[&str]| {
        let named = |parameter: &Parameter| {
            names
                .iter()
                .any(|name| parameter.name.eq_ignore_ascii_case(name))
        };
        query.0.iter().any(named)
    };
    match (has(&NAMES), has(&["AWSAccessKeyId", "Signature"])) {
        (true, _) => Some(Mechanism::Version4),
        (false, true) => Some(Mechanism::Version2),
        (false, false) => None,
    }
}

/// Two readers of a repeated parameter may take different ones, so there is none.
pub(super) fn refuse_repeated(query: &Query) -> Result<(), SignatureError> {
    let amz = query.0.iter().filter(|parameter| is_amz(&parameter.name));
    let mut names: Vec<&str> = amz.map(|parameter| &*parameter.name).collect();
    // Sorted rather than compared each with each: the client decides how many there are.
    names.sort_by_cached_key(|name| name.to_ascii_lowercase());
    match names.windows(2).find_map(|pair| match pair {
        [a, b] if a.eq_ignore_ascii_case(b) => Some(*b),
        _ => None,
    }) {
        Some(name) => Err(SignatureError::RepeatedParameter(name.into())),
        None => Ok(()),
    }
}

pub(super) fn read<'a>(
    query: &'a Query,
    headers: &'a HeaderMap,
    digest: Option<&'a str>,
) -> Result<Presented<'a>, SignatureError> {
    let said = |signed: &str| payload(query, headers, signed);
    refuse_case_variants(query)?;
    check_algorithm(required(query, "X-Amz-Algorithm")?)?;
    let parts = Parts {
        form: Form::Presigned,
        credential: required(query, "X-Amz-Credential")?,
        signed_headers: required(query, "X-Amz-SignedHeaders")?,
        signature: required(query, "X-Amz-Signature")?,
    };
    let claim = parts.check()?;
    Ok(Presented {
        form: Form::Presigned,
        access_key: claim.access_key,
        scope: claim.scope,
        signed_headers: claim.signed_headers,
        signature: claim.signature,
        timestamp: date::parse_basic(required(query, "X-Amz-Date")?)
            .ok_or(malformed("the date"))?,
        expires: Some(required(query, "X-Amz-Expires")?),
        session_token: value(query, "X-Amz-Security-Token")
            .or_else(|| text(headers, "x-amz-security-token")),
        payload: digest.unwrap_or_else(|| said(claim.signed_headers)),
    })
}

/// Some SDKs move the header into the query; a signed header counts; an unsigned one was not known to the signer.
fn payload<'a>(query: &'a Query, headers: &'a HeaderMap, signed: &str) -> &'a str {
    let name = "x-amz-content-sha256";
    let in_query = query
        .0
        .iter()
        .find(|parameter| parameter.name.eq_ignore_ascii_case(name));
    let in_header = || {
        signed
            .split(';')
            .any(|header| header == name)
            .then(|| text(headers, name))
            .flatten()
    };
    in_query
        .and_then(|parameter| parameter.value.as_deref())
        .or_else(in_header)
        .unwrap_or("UNSIGNED-PAYLOAD")
}

fn check_algorithm(name: &str) -> Result<(), SignatureError> {
    match name {
        ALGORITHM => Ok(()),
        "AWS4-ECDSA-P256-SHA256" => Err(SignatureError::Asymmetric),
        _ => Err(malformed("the algorithm")),
    }
}

fn refuse_case_variants(query: &Query) -> Result<(), SignatureError> {
    let variant = |parameter: &Parameter| {
        NAMES
            .iter()
            .any(|name| parameter.name.eq_ignore_ascii_case(name) && *parameter.name != **name)
    };
    if query.0.iter().any(variant) {
        return Err(malformed("a parameter's name is in the wrong letter case"));
    }
    Ok(())
}

fn required<'a>(query: &'a Query, name: &str) -> Result<&'a str, SignatureError> {
    value(query, name).ok_or(malformed("a parameter is missing"))
}

fn value<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    query
        .0
        .iter()
        .find(|parameter| *parameter.name == *name)?
        .value
        .as_deref()
}

fn malformed(what: &'static str) -> SignatureError {
    SignatureError::Malformed {
        form: Form::Presigned,
        what,
    }
}

pub(in crate::sigv4) fn is_amz(name: &str) -> bool {
    name.get(..6)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("x-amz-"))
}
