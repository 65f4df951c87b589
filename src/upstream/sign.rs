//! From a permit to the request head that goes upstream: target, headers and signature. Pure.
//!
//! What is signed is what is sent: the target's bytes are taken from the permit as they stand, never decoded and
//! encoded again.

use super::Upstream;
use super::chunks::ChunkSigner;
use super::credentials::Access;
use super::settings::Addressing;
use aws_credential_types::Credentials as Keys;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use pingora::http::RequestHeader;
use portcullis_core::admission::Permit;
use portcullis_core::sigv4::payload::{BodyPlan, Chunking, Wrapping};
use portcullis_core::sigv4::{ALGORITHM, BasicDate, put_canonical_value};
use std::borrow::Cow;

/// SHA-256 of nothing.
pub(super) const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Why a request could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A value that signature version 4 has no form for.
    #[error("header `{0}` is not UTF-8 and cannot be signed")]
    Header(String),
    /// The target or a header is not HTTP.
    #[error("the request head cannot be written")]
    Head(#[source] http::Error),
    /// Signed chunks for an upstream that requests go to unsigned.
    #[error("chunks cannot be signed without a key")]
    NoKey,
}

/// The head of the request that `permit` allows, signed with `access` at `now`.
pub fn sign(
    permit: &Permit,
    upstream: &Upstream,
    access: &Access,
    now: Timestamp,
) -> Result<RequestHeader, SignError> {
    let body = Body::planned(permit.body(), permit.wrapping());
    head(&UpstreamRequest::of(permit, body), upstream, access, now).map(|(head, _)| head)
}

/// A permitted request in the parts that matter for signing.
///
/// INVARIANT: visible in this module's tree alone, and made from a [`Permit`] everywhere but in tests.
#[derive(Debug, Clone)]
pub(super) struct UpstreamRequest<'a> {
    pub(super) method: &'a Method,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: Body,
}

impl<'a> UpstreamRequest<'a> {
    pub(super) fn of(permit: &'a Permit, body: Body) -> Self {
        Self {
            method: permit.method(),
            bucket: permit.bucket(),
            key: permit.key(),
            query: permit.query(),
            headers: permit.headers(),
            body,
        }
    }
}

/// What the head says of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Empty,
    /// Of this length, under this SHA-256 in lower-case hex.
    Hashed(u64, String),
    /// Of this length; whoever sends it has verified it.
    Unsigned(u64),
    /// In frames.
    Framed(Wrapping),
}

impl Body {
    /// A body that streams through.
    pub(super) fn planned(plan: &BodyPlan, wrapping: Option<Wrapping>) -> Self {
        match (plan.length, wrapping, &plan.digest) {
            (0, _, _) => Self::Empty,
            (_, Some(wrapping), _) => Self::Framed(wrapping),
            (length, None, Some(digest)) => Self::Hashed(length, hex(digest)),
            (length, None, None) => Self::Unsigned(length),
        }
    }

    /// A body at hand.
    pub(super) fn whole(bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::Empty;
        }
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
        Self::Hashed(bytes.len() as u64, hex(digest.as_ref()))
    }

    fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Hashed(length, _) | Self::Unsigned(length) => *length,
            Self::Framed(wrapping) => wrapping.total(),
        }
    }

    /// What `x-amz-content-sha256` says.
    fn payload(&self) -> &str {
        match self {
            Self::Empty => EMPTY,
            Self::Hashed(_, digest) => digest,
            Self::Unsigned(_) => "UNSIGNED-PAYLOAD",
            Self::Framed(wrapping) => wrapping.content_sha256(),
        }
    }

    fn has_signed_chunks(&self) -> bool {
        match self {
            Self::Empty | Self::Hashed(..) | Self::Unsigned(_) => false,
            Self::Framed(wrapping) => matches!(wrapping.chunking, Chunking::Signed(_)),
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(digits);
    text
}

/// Headers that are this module's to write, or the connection's; a permit's are not sent.
const OWN: [HeaderName; 11] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The same, of Signature Version 4.
const SIGNERS: [HeaderName; 3] = [DATE, CONTENT_SHA256, SECURITY_TOKEN];

/// The head, and what signs the chunks behind it if the body has signed ones.
pub(super) fn head(
    request: &UpstreamRequest<'_>,
    upstream: &Upstream,
    access: &Access,
    now: Timestamp,
) -> Result<(RequestHeader, Option<ChunkSigner>), SignError> {
    let target = target(request, upstream);
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 8);
    for (name, value) in request.headers {
        if !OWN.contains(name) && !SIGNERS.contains(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    insert(&mut headers, header::HOST, host(request, upstream))?;
    let length = request.body.length();
    if length > 0 || matches!(*request.method, Method::PUT | Method::POST) {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    let chunks = match access {
        Access::Keys(keys) => {
            let signer = Signer {
                keys,
                upstream,
                date: BasicDate::of(now),
                now,
            };
            signer.add(&mut headers, request, &target)?
        }
        Access::Anonymous if request.body.has_signed_chunks() => return Err(SignError::NoKey),
        Access::Anonymous => None,
    };
    let head = http::Request::builder()
        .method(request.method)
        .uri(target)
        .body(())
        .map_err(SignError::Head)?;
    let (mut head, ()) = head.into_parts();
    head.headers = headers;
    Ok((head.into(), chunks))
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: String) -> Result<(), SignError> {
    let value = HeaderValue::try_from(value).map_err(|error| SignError::Head(error.into()))?;
    headers.insert(name, value);
    Ok(())
}

/// The request target, byte for byte as it is sent.
fn target(request: &UpstreamRequest<'_>, upstream: &Upstream) -> String {
    let mut target =
        String::with_capacity(request.bucket.len() + request.key.len() + request.query.len() + 3);
    target.push('/');
    match upstream.settings().addressing {
        Addressing::VirtualHosted => target.push_str(request.key),
        Addressing::Path => {
            target.push_str(request.bucket);
            if !request.key.is_empty() {
                target.push('/');
                target.push_str(request.key);
            }
        }
    }
    if !request.query.is_empty() {
        target.push('?');
        target.push_str(request.query);
    }
    target
}

fn host(request: &UpstreamRequest<'_>, upstream: &Upstream) -> String {
    let authority = upstream.endpoint().authority();
    match upstream.settings().addressing {
        Addressing::VirtualHosted if !request.bucket.is_empty() => {
            format!("{}.{authority}", request.bucket)
        }
        Addressing::VirtualHosted | Addressing::Path => authority,
    }
}

/// Signs with these keys at this time.
pub(super) struct Signer<'a> {
    pub(super) keys: &'a Keys,
    pub(super) upstream: &'a Upstream,
    pub(super) date: BasicDate,
    pub(super) now: Timestamp,
}

impl Signer<'_> {
    /// Adds the headers of the signature over the head as it stands; gives what continues it over signed chunks.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    fn add(
        &self,
        headers: &mut HeaderMap,
        request: &UpstreamRequest<'_>,
        target: &str,
    ) -> Result<Option<ChunkSigner>, SignError> {
        insert(headers, DATE, self.date.text().to_owned())?;
        insert(headers, CONTENT_SHA256, request.body.payload().to_owned())?;
        if let Some(token) = self.keys.session_token() {
            insert(headers, SECURITY_TOKEN, token.to_owned())?;
        }
        let names = signed_names(headers);
        let canonical = canonical(request, target, headers, &names)?;
        let signed = names.join(";");
        let scope = format!(
            "{}/{}/s3/aws4_request",
            self.date.day(),
            self.upstream.region()
        );
        let hash = hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &canonical).as_ref());
        let key = self.upstream.signing_keys().of(self);
        let text = format!("{ALGORITHM}\n{}\n{scope}\n{hash}", self.date.text());
        let signature = key.sign(text.as_bytes());
        let id = self.keys.access_key_id();
        let authorization = format!(
            "{ALGORITHM} Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}"
        );
        insert(headers, header::AUTHORIZATION, authorization)?;
        let begin = || ChunkSigner::begin(key, self.date.text(), &scope, signature);
        Ok(request.body.has_signed_chunks().then(begin))
    }
}

/// Headers that proxies on the way may rewrite; a signature over them would break for no gain.
const UNSIGNED: [HeaderName; 3] = [
    header::ACCEPT_ENCODING,
    header::USER_AGENT,
    HeaderName::from_static("x-amzn-trace-id"),
];

/// The names of the headers that are signed, in the order of the signature.
fn signed_names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<&str> = headers
        .keys()
        .filter(|name| !UNSIGNED.contains(name))
        .map(HeaderName::as_str)
        .collect();
    names.sort_unstable();
    names
}

/// The canonical request. Path and query of a target are encoded already as admission does it, `=` included.
fn canonical(
    request: &UpstreamRequest<'_>,
    target: &str,
    headers: &HeaderMap,
    names: &[&str],
) -> Result<Vec<u8>, SignError> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut text = Vec::with_capacity(1024);
    for line in [request.method.as_str(), path, &sorted(query)] {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    for name in names {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        for (position, value) in headers.get_all(*name).iter().enumerate() {
            if position > 0 {
                text.push(b',');
            }
            // What follows UTF-8 has one reading; other bytes have several.
            if std::str::from_utf8(value.as_bytes()).is_err() {
                return Err(SignError::Header((*name).to_owned()));
            }
            put_canonical_value(&mut text, value.as_bytes());
        }
        text.push(b'\n');
    }
    for (position, name) in names.iter().enumerate() {
        text.push(if position == 0 { b'\n' } else { b';' });
        text.extend_from_slice(name.as_bytes());
    }
    text.push(b'\n');
    text.extend_from_slice(request.body.payload().as_bytes());
    Ok(text)
}

/// The parameters in the order of the signature: by name, then by value.
fn sorted(query: &str) -> Cow<'_, str> {
    let mut pairs: Vec<(&str, &str)> = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    if pairs.is_sorted() {
        return query.into();
    }
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&").into()
}

#[cfg(test)]
mod tests;
