//! Requests, signed before the clock runs. A signature holds for fifteen minutes and may be sent again.

use crate::frames::{self, Seed};
use anyhow::{Context, Result, anyhow};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::fmt::Write;
use std::io::Read;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::SystemTime;

/// Of every signature.
pub(crate) const REGION: &str = "us-east-1";

/// An access key.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl Key {
    /// A fresh key.
    pub(crate) fn random() -> Result<Self> {
        let mut bytes = [0; 28];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        let mut secret = hex(&bytes);
        let id = secret.split_off(40).to_uppercase();
        Ok(Self {
            id: format!("AKIA{id}"),
            secret,
        })
    }
}

/// What is said of the body, and how it is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Payload<'a> {
    /// There is none.
    None,
    /// UNSIGNED-PAYLOAD.
    Unsigned,
    /// Its SHA-256 in hex.
    Hashed(&'a str),
    /// The same, and a header with its checksum.
    Checked(&'a str),
    /// In chunks, each signed.
    SignedChunks,
    /// In chunks with a checksum behind them.
    Trailer,
}

impl Payload<'_> {
    /// `x-amz-content-sha256`.
    fn said(&self) -> &str {
        match self {
            Self::None | Self::Unsigned => "UNSIGNED-PAYLOAD",
            Self::Hashed(digest) | Self::Checked(digest) => digest,
            Self::SignedChunks => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Self::Trailer => "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        }
    }

    fn headers(&self, body: &[u8]) -> Vec<(&'static str, String)> {
        let decoded = || ("x-amz-decoded-content-length", body.len().to_string());
        let encoding = || ("content-encoding", "aws-chunked".to_owned());
        match self {
            Self::None | Self::Unsigned | Self::Hashed(_) => Vec::new(),
            Self::Checked(_) => {
                let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body);
                let checksum = BASE64_STANDARD.encode(digest.as_ref());
                vec![("x-amz-checksum-sha256", checksum)]
            }
            Self::SignedChunks => vec![encoding(), decoded()],
            Self::Trailer => vec![
                encoding(),
                decoded(),
                ("x-amz-trailer", frames::TRAILER.into()),
            ],
        }
    }
}

/// A request's head, with the empty line at its end, and its body as it is sent.
pub(crate) fn request(
    key: &Key,
    address: SocketAddr,
    (method, target): (&str, &str),
    payload: Payload<'_>,
    body: &Rc<Vec<u8>>,
) -> Result<(Vec<u8>, Rc<Vec<u8>>)> {
    let now = clock();
    let headers = payload.headers(body);
    let url = format!("http://{address}{target}");
    let (added, signature) = signature(key, (method, &url), payload, &headers, now)?;
    let body = match payload {
        Payload::None | Payload::Unsigned | Payload::Hashed(_) | Payload::Checked(_) => {
            Rc::clone(body)
        }
        Payload::SignedChunks => {
            let date = added.iter().find(|(name, _)| name == "x-amz-date");
            let (_, date) = date.context("no date")?;
            Rc::new(frames::signed(body, &Seed::of(key, date, signature, now)))
        }
        Payload::Trailer => Rc::new(frames::with_trailer(body)),
    };
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\n");
    let own = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let added = added.iter().map(|(name, value)| (&**name, value.as_str()));
    for (name, value) in own.chain(added) {
        write!(text, "{name}: {value}\r\n")?;
    }
    if !matches!(payload, Payload::None) {
        write!(text, "content-length: {}\r\n", body.len())?;
    }
    text.push_str("\r\n");
    Ok((text.into_bytes(), body))
}

/// The SHA-256 of a body, in hex.
pub(crate) fn sha256(body: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body).as_ref())
}

/// The headers that a signature adds, and the signature.
fn signature(
    key: &Key,
    (method, url): (&str, &str),
    payload: Payload<'_>,
    headers: &[(&'static str, String)],
    now: SystemTime,
) -> Result<(Vec<(String, String)>, String)> {
    let identity = Credentials::new(&key.id, &key.secret, None, None, "bench").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("s3")
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
    let body = SignableBody::Precomputed(payload.said().to_owned());
    let request = SignableRequest::new(method, url, headers, body)?;
    let signed = sign(request, &parameters).map_err(|error| anyhow!("signing: {error}"))?;
    let (instructions, signature) = signed.into_parts();
    let (headers, _) = instructions.into_parts();
    let pairs: Vec<_> = headers
        .iter()
        .map(|header| (header.name().to_owned(), header.value().to_owned()))
        .collect();
    pairs
        .iter()
        .any(|(name, _)| name == "authorization")
        .then_some((pairs, signature))
        .context("no authorization header")
}

#[expect(clippy::disallowed_methods, reason = "requests are signed for now")]
fn clock() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_signed_over_its_date_and_payload() {
        let key = Key::random().unwrap();
        let address = "127.0.0.1:80".parse().unwrap();
        let body = Rc::new(b"abc".to_vec());
        let asked = ("PUT", "/b/k");
        let (head, sent) = request(&key, address, asked, Payload::Unsigned, &body).unwrap();
        assert_eq!(sent, body);
        let text = String::from_utf8(head).unwrap();
        assert!(
            text.starts_with("PUT /b/k HTTP/1.1\r\nhost: 127.0.0.1:80\r\n"),
            "{text}"
        );
        assert!(
            text.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date"),
            "{text}"
        );
        assert!(
            text.contains("x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n"),
            "{text}"
        );
        assert!(text.ends_with("content-length: 3\r\n\r\n"), "{text}");
    }

    #[test]
    fn keys_are_random_and_of_the_usual_length() {
        let (one, two) = (Key::random().unwrap(), Key::random().unwrap());
        assert_ne!(one.secret, two.secret);
        assert_eq!((one.id.len(), one.secret.len()), (20, 40));
    }
}
