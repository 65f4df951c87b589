//! The `Authorization` header.

use super::{ALGORITHM, Form, Parts, Presented, SignatureError, date, text};
use http::HeaderMap;
use jiff::Timestamp;

pub(super) fn read<'a>(
    value: &'a [u8],
    headers: &'a HeaderMap,
    digest: Option<&'a str>,
) -> Result<Presented<'a>, SignatureError> {
    let said = || text(headers, "x-amz-content-sha256");
    let parts = parts(value)?;
    let claim = parts.check()?;
    Ok(Presented {
        form: Form::Header,
        access_key: claim.access_key,
        scope: claim.scope,
        signed_headers: claim.signed_headers,
        signature: claim.signature,
        timestamp: timestamp(headers)?,
        expires: None,
        session_token: text(headers, "x-amz-security-token"),
        payload: digest
            .or_else(said)
            .ok_or(SignatureError::MissingContentSha256)?,
    })
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`. Clients write the list with and without spaces.
fn parts(value: &[u8]) -> Result<Parts<'_>, SignatureError> {
    let malformed = |what| SignatureError::Malformed {
        form: Form::Header,
        what,
    };
    let value = str::from_utf8(value).map_err(|_| malformed("it is not text"))?;
    let (scheme, list) = value.trim().split_once([' ', '\t']).unwrap_or((value, ""));
    check_scheme(scheme)?;
    let (mut credential, mut signed_headers, mut signature) = (None, None, None);
    for part in list.split(',') {
        let (name, value) = part
            .trim()
            .split_once('=')
            .ok_or_else(|| malformed("a part without `=`"))?;
        let place = match name {
            "Credential" => &mut credential,
            "SignedHeaders" => &mut signed_headers,
            "Signature" => &mut signature,
            _ => return Err(malformed("an unknown part")),
        };
        if place.replace(value).is_some() {
            return Err(malformed("a part came twice"));
        }
    }
    Ok(Parts {
        form: Form::Header,
        credential: credential.ok_or_else(|| malformed("the credential is missing"))?,
        signed_headers: signed_headers
            .ok_or_else(|| malformed("the signed headers are missing"))?,
        signature: signature.ok_or_else(|| malformed("the signature is missing"))?,
    })
}

fn check_scheme(scheme: &str) -> Result<(), SignatureError> {
    match scheme {
        ALGORITHM => Ok(()),
        "AWS" => Err(SignatureError::Version2),
        "AWS4-ECDSA-P256-SHA256" => Err(SignatureError::Asymmetric),
        _ => Err(SignatureError::UnknownScheme),
    }
}

/// `x-amz-date` beats `Date`, also when it cannot be read.
fn timestamp(headers: &HeaderMap) -> Result<Timestamp, SignatureError> {
    let time = match headers.get("x-amz-date") {
        Some(value) => value.to_str().ok().and_then(date::parse_basic),
        None => text(headers, "date").and_then(date::parse_date_header),
    };
    time.ok_or(SignatureError::MissingDate)
}
