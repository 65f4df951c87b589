//! Requests as bytes, signed by a small signer of our own, so that every part can be made wrong on purpose.

use aws_lc_rs::{digest, hmac};
use jiff::Timestamp;
use std::fmt::Write as _;

/// An access key of the tests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct User {
    pub(crate) id: &'static str,
    pub(crate) secret: &'static str,
}

/// May do anything in the account that owns the buckets.
pub(crate) const OWNER: User = User {
    id: "AKIAOWNER00000000001",
    secret: "canary-owner-secret/0123456789abcdef",
};
/// May read and write objects, and not list.
pub(crate) const CLERK: User = User {
    id: "AKIACLERK00000000001",
    secret: "canary-clerk-secret/0123456789abcdef",
};
/// Of another account, where it may do anything.
pub(crate) const PARTNER: User = User {
    id: "AKIAPARTNER000000001",
    secret: "canary-partner-secret/0123456789abcd",
};

pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// A request that is being written.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    version: &'static str,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    length: Option<String>,
    hash: Option<String>,
    date: Option<String>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let host = ("Host".to_owned(), b"s3.test".to_vec());
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            version: "HTTP/1.1",
            headers: vec![host],
            body: Vec::new(),
            length: None,
            hash: None,
            date: None,
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// Sent with a Content-Length.
    pub(crate) fn put(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("PUT", target).body(body)
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.length = Some(self.body.len().to_string());
        self
    }

    /// Announces another length than the body has.
    pub(crate) fn length(mut self, length: usize) -> Self {
        self.length = Some(length.to_string());
        self
    }

    pub(crate) fn no_length(mut self) -> Self {
        self.length = None;
        self
    }

    /// With another Host.
    pub(crate) fn on(mut self, host: &str) -> Self {
        self.headers[0].1 = host.as_bytes().to_vec();
        self
    }

    /// Signed at another time than now.
    pub(crate) fn at(mut self, date: &str) -> Self {
        self.date = Some(date.to_owned());
        self
    }

    pub(crate) fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// What stands in `x-amz-content-sha256`, if not the body's hash.
    pub(crate) fn hash(mut self, hash: &str) -> Self {
        self.hash = Some(hash.to_owned());
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Signs the headers so far that S3 wants signed.
    pub(crate) fn signed_by(self, user: User) -> Self {
        let hash = self
            .hash
            .clone()
            .unwrap_or_else(|| hex(&sha256(&self.body)));
        let (date, scope) = scope(self.date.as_deref());
        let signed = self
            .header("x-amz-date", &date)
            .header("x-amz-content-sha256", &hash);
        let (path, query) = signed
            .target
            .split_once('?')
            .unwrap_or((&signed.target, ""));
        let (names, signature) = signed.signature(user, path, query, &hash, &date, &scope);
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            user.id
        );
        signed.header("Authorization", value)
    }

    /// Moves the signature into the query.
    pub(crate) fn presigned_by(mut self, user: User) -> Self {
        let (date, scope) = scope(self.date.as_deref());
        let names = self.signed_headers().1;
        let sign = if self.target.contains('?') { '&' } else { '?' };
        let _ = write!(
            self.target,
            "{sign}X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={date}&X-Amz-Expires=60\
             &X-Amz-SignedHeaders={}",
            format!("{}/{scope}", user.id).replace('/', "%2F"),
            names.replace(';', "%3B"),
        );
        let (path, query) = self.target.split_once('?').unwrap();
        let (_, signature) = self.signature(user, path, query, UNSIGNED, &date, &scope);
        let _ = write!(self.target, "&X-Amz-Signature={signature}");
        self
    }

    fn signature(
        &self,
        user: User,
        path: &str,
        query: &str,
        hash: &str,
        date: &str,
        scope: &str,
    ) -> (String, String) {
        let (headers, names) = self.signed_headers();
        let mut pairs: Vec<String> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| match pair.contains('=') {
                true => pair.to_owned(),
                false => format!("{pair}="),
            })
            .collect();
        pairs.sort_by(|one, other| one.split('=').cmp(other.split('=')));
        let method = &self.method;
        let path = canonical(path);
        let query = pairs.join("&");
        let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{hash}");
        let digest = hex(&sha256(canonical.as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
        let key = scope
            .split('/')
            .fold(format!("AWS4{}", user.secret).into_bytes(), |key, part| {
                mac(&key, part.as_bytes())
            });
        (names, hex(&mac(&key, to_sign.as_bytes())))
    }

    fn signed_headers(&self) -> (String, String) {
        let mut signed: Vec<(String, String)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_lowercase(), value))
            .filter(|(name, _)| {
                name.starts_with("x-amz-")
                    || ["host", "content-md5", "content-type"].contains(&&**name)
            })
            .map(|(name, value)| (name, folded(&String::from_utf8_lossy(value))))
            .collect();
        signed.sort();
        let lines: String = signed
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let names: Vec<&str> = signed.iter().map(|(name, _)| &**name).collect();
        (lines, names.join(";"))
    }

    /// The head as it goes on the wire.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} {}\r\n", self.method, self.target, self.version).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        for (name, value) in &self.headers {
            line(name, value);
        }
        if let Some(length) = &self.length {
            line("Content-Length", length.as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// Head and body.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head(), self.body.clone()].concat()
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }
}

/// The signature of a form's policy document.
pub(crate) fn form_signature(user: User, scope: &str, policy: &str) -> String {
    let secret = format!("AWS4{}", user.secret).into_bytes();
    let key = scope
        .split('/')
        .fold(secret, |key, part| mac(&key, part.as_bytes()));
    hex(&mac(&key, policy.as_bytes()))
}

fn folded(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// A path, percent-encoded as a signature has it.
fn canonical(path: &str) -> String {
    decoded(path)
        .into_iter()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// A path without percent-encoding; what is no encoding stays.
pub(crate) fn decoded(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::new();
    while let Some((byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let code = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(|_| *byte == b'%') {
            Some(code) => {
                decoded.push(code);
                rest = &after[2..];
            }
            None => {
                decoded.push(*byte);
                rest = after;
            }
        }
    }
    decoded
}

/// The pieces of an aws-chunked body with a checksum in its trailer.
pub(crate) fn framed(data: &[u8], trailer: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for chunk in data.chunks(65_536) {
        body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("0\r\n{trailer}\r\n\r\n").as_bytes());
    body
}

/// A PUT as the SDKs send it today: frames, and a checksum behind them.
pub(crate) fn framed_put(target: &str, data: &[u8], decoded: usize, trailer: &str) -> Request {
    Request::put(target, framed(data, trailer))
        .hash("STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        .header("Content-Encoding", "aws-chunked")
        .header("x-amz-decoded-content-length", decoded.to_string())
        .header("x-amz-trailer", "x-amz-checksum-sha256")
        .header("x-amz-sdk-checksum-algorithm", "SHA256")
}

pub(crate) fn sha256(data: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, data).as_ref().to_vec()
}

pub(crate) fn base64(data: &[u8]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(data)
}

pub(crate) fn hex(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mac(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data)
        .as_ref()
        .to_vec()
}

/// The time as `X-Amz-Date` has it.
#[expect(
    clippy::disallowed_methods,
    reason = "the gateway's clock is the real one"
)]
pub(crate) fn now() -> String {
    Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// `X-Amz-Date` and the scope.
pub(crate) fn scope(date: Option<&str>) -> (String, String) {
    let date = date.map_or_else(now, str::to_owned);
    let scope = format!("{}/{REGION}/s3/aws4_request", &date[..8]);
    (date, scope)
}
