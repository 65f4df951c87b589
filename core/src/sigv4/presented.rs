//! What a client presents as authentication, read but not believed.

use super::{ALGORITHM, SignatureError, date};
use crate::request::{Head, Query};
use http::HeaderMap;
use jiff::Timestamp;

mod header;
mod query;

pub(in crate::sigv4) use query::is_amz;

/// Where the signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned URL.
    Presigned,
    /// In the fields of a form.
    Post,
}

/// The part of a credential after the access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Eight digits.
    pub date: &'a str,
    /// As the client wrote it.
    pub region: &'a str,
    /// As the client wrote it; `s3` for us.
    pub service: &'a str,
}

/// A claim to be verified. Nothing of it is true before [`super::verify()`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presented<'a> {
    /// Header or presigned.
    pub form: Form,
    /// The access key id.
    pub access_key: &'a str,
    /// Date, region and service.
    pub scope: Scope<'a>,
    /// Lower-case names separated by `;`, each once, as presented.
    pub signed_headers: &'a str,
    /// The signature's bytes.
    pub signature: [u8; 32],
    /// When it was signed: `x-amz-date`, else `Date`; `X-Amz-Date` of a presigned URL.
    pub timestamp: Timestamp,
    /// Seconds a presigned URL lives, as presented; `None` in header form.
    pub expires: Option<&'a str>,
    /// `x-amz-security-token`.
    pub session_token: Option<&'a str>,
    /// The last line of the canonical request: `x-amz-content-sha256`, or `UNSIGNED-PAYLOAD` for a presigned URL
    /// that does not say.
    pub payload: &'a str,
}

/// Reads what the client presented; `None` if nothing, which makes the request anonymous.
///
/// # Errors
/// More than one authentication, one of another kind, a repeated `x-amz-*` query parameter, or a part that is missing
/// or unreadable.
pub fn presented<'a>(
    head: &Head<'a>,
    query: &'a Query,
) -> Result<Option<Presented<'a>>, SignatureError> {
    read(head, query, None)
}

/// As [`presented`], for services other than S3: the signature is over the body whatever the request says of it.
/// `digest` is the SHA-256 of the whole body in lower-case hex.
///
/// # Errors
/// Those of [`presented`].
pub fn presented_over<'a>(
    head: &Head<'a>,
    query: &'a Query,
    digest: &'a str,
) -> Result<Option<Presented<'a>>, SignatureError> {
    read(head, query, Some(digest))
}

fn read<'a>(
    head: &Head<'a>,
    query: &'a Query,
    digest: Option<&'a str>,
) -> Result<Option<Presented<'a>>, SignatureError> {
    query::refuse_repeated(query)?;
    let mut authorizations = head.headers.get_all("authorization").iter();
    let authorization = authorizations.next();
    let in_query = query::mechanism(query);
    if authorizations.next().is_some() || (authorization.is_some() && in_query.is_some()) {
        return Err(SignatureError::SeveralMechanisms);
    }
    match (authorization, in_query) {
        (Some(value), _) => header::read(value.as_bytes(), head.headers, digest).map(Some),
        (None, Some(query::Mechanism::Version2)) => Err(SignatureError::Version2),
        (None, Some(query::Mechanism::Version4)) => {
            query::read(query, head.headers, digest).map(Some)
        }
        (None, None) => Ok(None),
    }
}

/// What both forms hold, still as text.
struct Parts<'a> {
    form: Form,
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

/// A checked [`Parts`].
struct Claim<'a> {
    access_key: &'a str,
    scope: Scope<'a>,
    signed_headers: &'a str,
    signature: [u8; 32],
}

impl<'a> Parts<'a> {
    fn check(&self) -> Result<Claim<'a>, SignatureError> {
        let malformed = |what| SignatureError::Malformed {
            form: self.form,
            what,
        };
        let (access_key, scope) =
            credential(self.credential).ok_or_else(|| malformed("the credential"))?;
        if !is_header_list(self.signed_headers) {
            return Err(malformed("the list of signed headers"));
        }
        Ok(Claim {
            access_key,
            scope,
            signed_headers: self.signed_headers,
            signature: unhex(self.signature).ok_or_else(|| malformed("the signature"))?,
        })
    }
}

/// `KEY/20150830/us-east-1/s3/aws4_request`. Read from the right: some servers hand out keys that hold a slash.
pub(super) fn credential(text: &str) -> Option<(&str, Scope<'_>)> {
    let mut parts = text.rsplitn(5, '/');
    let terminator = parts.next()?;
    let service = parts.next()?;
    let region = parts.next()?;
    let date = parts.next()?;
    let access_key = parts.next()?;
    let day = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    (terminator == "aws4_request" && day && !access_key.is_empty()).then_some((
        access_key,
        Scope {
            date,
            region,
            service,
        },
    ))
}

/// Lower-case header names, each once. Order is the client's: the list itself is signed.
fn is_header_list(text: &str) -> bool {
    let name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
    };
    let sorted = || text.split(';').is_sorted_by(|a, b| a < b);
    text.split(';').all(name) && (sorted() || each_once(text))
}

fn each_once(text: &str) -> bool {
    let mut names: Vec<&str> = text.split(';').collect();
    names.sort_unstable();
    names.is_sorted_by(|a, b| a < b)
}

/// 64 lower-case hexadecimal digits.
pub(in crate::sigv4) fn unhex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = pair.iter().try_fold(0u8, |high, digit| {
            let low = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            Some(high << 4 | low)
        })?;
    }
    Some(bytes)
}

/// The header's value as text; `None` if it is absent or not visible ASCII.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
