//! Request heads, signed before the clock runs. A signature holds for fifteen minutes and may be sent again.

use anyhow::{Context, Result, anyhow};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use std::fmt::Write;
use std::io::Read;
use std::net::SocketAddr;
use std::time::SystemTime;

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

/// What is said of the body.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Payload<'a> {
    /// Nothing: UNSIGNED-PAYLOAD.
    Unsigned,
    /// Its SHA-256 in hex.
    Hashed(&'a str),
}

/// The head of a request, with the empty line at its end; `length` is the body's, for PUT.
pub(crate) fn head(
    key: &Key,
    address: SocketAddr,
    method: &str,
    target: &str,
    payload: Payload<'_>,
    length: Option<usize>,
) -> Result<Vec<u8>> {
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in signature(key, address, method, target, payload)? {
        write!(text, "{name}: {value}\r\n")?;
    }
    if let Some(length) = length {
        write!(text, "content-length: {length}\r\n")?;
    }
    text.push_str("\r\n");
    Ok(text.into_bytes())
}

/// The SHA-256 of a body, in hex.
pub(crate) fn sha256(body: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body).as_ref())
}

fn signature(
    key: &Key,
    address: SocketAddr,
    method: &str,
    target: &str,
    payload: Payload<'_>,
) -> Result<Vec<(String, String)>> {
    let identity = Credentials::new(&key.id, &key.secret, None, None, "bench").into();
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(clock())
        .settings(settings)
        .build()?
        .into();
    let body = match payload {
        Payload::Unsigned => SignableBody::UnsignedPayload,
        Payload::Hashed(digest) => SignableBody::Precomputed(digest.into()),
    };
    let url = format!("http://{address}{target}");
    let request = SignableRequest::new(method, url, std::iter::empty(), body)?;
    let signed = sign(request, &parameters).map_err(|error| anyhow!("signing: {error}"))?;
    let (headers, _) = signed.into_parts().0.into_parts();
    let pairs: Vec<_> = headers
        .iter()
        .map(|header| (header.name().to_owned(), header.value().to_owned()))
        .collect();
    pairs
        .iter()
        .any(|(name, _)| name == "authorization")
        .then_some(pairs)
        .context("no authorization header")
}

#[expect(clippy::disallowed_methods, reason = "requests are signed for now")]
fn clock() -> SystemTime {
    SystemTime::now()
}

fn hex(bytes: &[u8]) -> String {
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
        let head = head(&key, address, "PUT", "/b/k", Payload::Unsigned, Some(3)).unwrap();
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
