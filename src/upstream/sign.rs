//! From a permit to the request head that goes upstream: target, headers and signature. Pure.
//!
//! What is signed is what is sent: the target's bytes are taken from the permit as they stand, never decoded and
//! encoded again.

use super::Upstream;
use super::credentials::Access;
use super::settings::Addressing;
use aws_credential_types::Credentials as Keys;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest,
    SigningSettings, UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use pingora::http::RequestHeader;
use portcullis_core::admission::Permit;
use portcullis_core::sigv4::payload::BodyPlan;
use std::time::SystemTime;

/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Why a request could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A value that signature version 4 has no form for.
    #[error("header `{0}` is not UTF-8 and cannot be signed")]
    Header(header::HeaderName),
    /// The target or a header is not HTTP.
    #[error("the request head cannot be written")]
    Head(#[source] Box<pingora::Error>),
    /// The signing library refused.
    #[error("the request cannot be signed")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SignError {
    fn signing(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Signing(Box::new(error))
    }
}

/// The head of the request that `permit` allows, signed with `access` at `now`.
pub fn sign(
    permit: &Permit,
    upstream: &Upstream,
    access: &Access,
    now: Timestamp,
) -> Result<RequestHeader, SignError> {
    let body = Body::planned(permit.body());
    head(&UpstreamRequest::of(permit, body), upstream, access, now)
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
}

impl Body {
    /// A body that streams through under this plan.
    fn planned(plan: &BodyPlan) -> Self {
        match (plan.length, &plan.digest) {
            (0, _) => Self::Empty,
            (length, Some(digest)) => Self::Hashed(length, hex(digest)),
            (length, None) => Self::Unsigned(length),
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
        }
    }

    fn signable(&self) -> SignableBody<'static> {
        match self {
            Self::Empty => SignableBody::Precomputed(EMPTY.to_owned()),
            Self::Hashed(_, digest) => SignableBody::Precomputed(digest.clone()),
            Self::Unsigned(_) => SignableBody::UnsignedPayload,
        }
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Headers that are this module's to write, or the connection's; a permit's are not sent.
const OWN: [header::HeaderName; 11] = [
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
    header::HeaderName::from_static("keep-alive"),
];

/// The same, of Signature Version 4.
const SIGNERS: [&str; 3] = ["x-amz-date", "x-amz-content-sha256", "x-amz-security-token"];

pub(super) fn head(
    request: &UpstreamRequest<'_>,
    upstream: &Upstream,
    access: &Access,
    now: Timestamp,
) -> Result<RequestHeader, SignError> {
    let target = target(request, upstream);
    let headers = headers(request, upstream);
    let mut head = RequestHeader::build_no_case(
        request.method.clone(),
        target.as_bytes(),
        Some(headers.len() + 8),
    )
    .map_err(SignError::Head)?;
    for (name, value) in &headers {
        head.append_header(name.clone(), value.clone())
            .map_err(SignError::Head)?;
    }
    match access {
        Access::Anonymous => (),
        Access::Keys(keys) => {
            add_signature(
                &mut head,
                &target,
                &request.body,
                upstream.region(),
                keys,
                now,
            )?;
        }
    }
    Ok(head)
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

fn headers(request: &UpstreamRequest<'_>, upstream: &Upstream) -> HeaderMap {
    let mut headers = request.headers.clone();
    for name in &OWN {
        headers.remove(name);
    }
    for name in SIGNERS {
        headers.remove(name);
    }
    headers.extend(HeaderValue::try_from(host(request, upstream)).map(|host| (header::HOST, host)));
    let length = request.body.length();
    if length > 0 || matches!(*request.method, Method::PUT | Method::POST) {
        headers.insert(header::CONTENT_LENGTH, length.into());
    }
    headers
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

fn add_signature(
    head: &mut RequestHeader,
    target: &str,
    body: &Body,
    region: &str,
    keys: &Keys,
    now: Timestamp,
) -> Result<(), SignError> {
    let method = head.method.clone();
    let headers = signed_headers(&head.headers)?;
    let request = SignableRequest::new(
        method.as_str(),
        target,
        headers.into_iter(),
        body.signable(),
    )
    .map_err(SignError::signing)?;
    let identity: Identity = keys.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("s3")
        .time(SystemTime::from(now))
        .settings(settings())
        .build()
        .map_err(SignError::signing)?
        .into();
    let (instructions, _) = aws_sigv4::http_request::sign(request, &params)
        .map_err(SignError::signing)?
        .into_parts();
    for (name, value) in instructions.headers() {
        insert(head, name, value)?;
    }
    Ok(())
}

/// Headers that proxies on the way may rewrite; a signature over them would break for no gain.
const UNSIGNED: [header::HeaderName; 3] = [
    header::ACCEPT_ENCODING,
    header::USER_AGENT,
    header::HeaderName::from_static("x-amzn-trace-id"),
];

fn signed_headers(headers: &HeaderMap) -> Result<Vec<(&str, &str)>, SignError> {
    headers
        .iter()
        .filter(|(name, _)| !UNSIGNED.contains(name))
        .map(|(name, value)| {
            let text = std::str::from_utf8(value.as_bytes());
            text.map(|text| (name.as_str(), text))
                .map_err(|_| SignError::Header(name.clone()))
        })
        .collect()
}

fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.session_token_mode = SessionTokenMode::Include;
    settings.excluded_headers = None;
    settings
}

/// Takes names from the signing library, which are static but not typed so.
fn insert(head: &mut RequestHeader, name: &str, value: &str) -> Result<(), SignError> {
    head.insert_header(name.to_owned(), value)
        .map_err(SignError::Head)
}

#[cfg(test)]
mod tests;
