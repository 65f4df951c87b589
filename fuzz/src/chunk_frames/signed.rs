//! Signs the chunks of a body anew, without any of the code that verifies them.

use http::{HeaderMap, HeaderValue, Method};
use portcullis_core::identity::SecretKey;
use portcullis_core::request::{Head, Query};
use portcullis_core::sigv4::payload::{Algorithm, ChunkChain, Hasher};
use portcullis_core::sigv4::{Expected, Scope, SigningKey, presented, string_to_sign, verify};

const DATE: &str = "20260304T050607Z";
const SCOPE: &str = "20260304/eu-central-1/s3/aws4_request";
const SIGNATURE: usize = 64;

/// The signatures of one request.
pub(super) struct Signer {
    key: SigningKey,
    seed: String,
    pub(super) chain: ChunkChain,
}

impl Signer {
    pub(super) fn new() -> Self {
        let scope = Scope {
            date: "20260304",
            region: "eu-central-1",
            service: "s3",
        };
        let key = SigningKey::derive(&SecretKey::new("a-secret".to_owned()), &scope);
        let unsigned = headers(&"0".repeat(SIGNATURE));
        let seed = with_head(&unsigned, |head, query| {
            let claim = presented(head, query).unwrap().unwrap();
            let text = string_to_sign(head, query, &claim);
            hex(key.sign(&[text.as_bytes()]).as_ref())
        });
        let signed = headers(&seed);
        let chain = with_head(&signed, |head, query| {
            let claim = presented(head, query).unwrap().unwrap();
            let expected = Expected {
                regions: &["eu-central-1"],
                service: "s3",
            };
            let now = claim.timestamp;
            let verified = verify(head, query, &claim, &key, now, expected).unwrap();
            ChunkChain::begin(&verified, &key)
        });
        Self { key, seed, chain }
    }

    /// A sound body with its signatures put right. Gives also where its data stands.
    pub(super) fn sign(&self, body: &[u8]) -> (Vec<u8>, Vec<usize>) {
        let (mut signed, mut data) = (body.to_vec(), Vec::new());
        let (mut previous, mut at) = (self.seed.clone(), 0);
        loop {
            let line = at + signed[at..].iter().position(|byte| *byte == b'\n').unwrap();
            let text = str::from_utf8(&signed[at..line]).unwrap();
            let digits = text.split(';').next().unwrap();
            let size = usize::from_str_radix(digits, 16).unwrap();
            let chunk = line + 1..line + 1 + size;
            let hash = sha256(&signed[chunk.clone()]);
            let kind = "AWS4-HMAC-SHA256-PAYLOAD";
            previous = self.next(kind, &previous, &format!("{}\n{hash}", sha256(b"")));
            let place = at + digits.len() + ";chunk-signature=".len();
            signed[place..place + SIGNATURE].copy_from_slice(previous.as_bytes());
            data.extend(chunk.clone());
            at = chunk.end + 2;
            if size == 0 {
                self.sign_trailers(&mut signed, line + 1, &previous);
                return (signed, data);
            }
        }
    }

    fn sign_trailers(&self, signed: &mut [u8], from: usize, previous: &str) {
        let (mut lines, mut at) = (String::new(), from);
        while let Some(length) = signed[at..].iter().position(|byte| *byte == b'\n') {
            let line = str::from_utf8(&signed[at..at + length]).unwrap().to_owned();
            at += length + 1;
            let Some((name, value)) = line.trim_end_matches('\r').split_once(':') else {
                continue;
            };
            let (name, blanks) = (name.to_ascii_lowercase(), [' ', '\t']);
            if name != "x-amz-trailer-signature" {
                lines += &format!("{name}:{}\n", value.trim_matches(blanks));
                continue;
            }
            let hash = sha256(lines.as_bytes());
            let signature = self.next("AWS4-HMAC-SHA256-TRAILER", previous, &hash);
            let skipped = value.len() - value.trim_start_matches(blanks).len();
            let place = at - length - 1 + name.len() + 1 + skipped;
            signed[place..place + SIGNATURE].copy_from_slice(signature.as_bytes());
        }
    }

    fn next(&self, kind: &str, previous: &str, hashes: &str) -> String {
        let text = format!("{kind}\n{DATE}\n{SCOPE}\n{previous}\n{hashes}");
        hex(self.key.sign(&[text.as_bytes()]).as_ref())
    }
}

fn headers(signature: &str) -> HeaderMap {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/{SCOPE}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
         Signature={signature}"
    );
    let value = |text: &str| HeaderValue::from_str(text).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("host", value("s3.example.com"));
    headers.insert(
        "x-amz-content-sha256",
        value("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
    );
    headers.insert("x-amz-date", value(DATE));
    headers.insert("authorization", value(&authorization));
    headers
}

fn with_head<R>(headers: &HeaderMap, run: impl FnOnce(&Head<'_>, &Query) -> R) -> R {
    let head = Head {
        method: &Method::PUT,
        raw_target: b"/lake/key",
        headers,
    };
    run(&head, &Query::parse(b"").unwrap())
}

fn sha256(bytes: &[u8]) -> String {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    hasher.update(bytes);
    hex(&hasher.finish())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
