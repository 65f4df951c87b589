//! Bodies in chunks as SDKs send them: each signed, or with a checksum behind the last.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>

use crate::sign::{Key, REGION, hex};
use aws_lc_rs::digest::{SHA256, digest};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crc_fast::CrcAlgorithm;
use std::time::SystemTime;

/// What the larger SDKs send.
const CHUNK: usize = 64 << 10;
/// The header that stands behind the last chunk.
pub(crate) const TRAILER: &str = "x-amz-checksum-crc64nvme";
/// The hash of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What the first chunk's signature continues.
pub(crate) struct Seed {
    key: Box<[u8]>,
    date: String,
    scope: String,
    signature: String,
}

impl Seed {
    /// From the request's own signature, made at `now` and dated so.
    pub(crate) fn of(key: &Key, date: &str, signature: String, now: SystemTime) -> Self {
        let signing = v4::generate_signing_key(&key.secret, now, REGION, "s3");
        let day = date.split('T').next().unwrap_or_default();
        Self {
            key: signing.as_ref().into(),
            date: date.to_owned(),
            scope: format!("{day}/{REGION}/s3/aws4_request"),
            signature,
        }
    }

    fn next(&self, previous: &str, chunk: &[u8]) -> String {
        let (date, scope) = (&self.date, &self.scope);
        let hash = hex(digest(&SHA256, chunk).as_ref());
        let text =
            format!("AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{scope}\n{previous}\n{EMPTY}\n{hash}");
        v4::calculate_signature(&self.key, text.as_bytes())
    }
}

/// A body in signed chunks.
pub(crate) fn signed(body: &[u8], seed: &Seed) -> Vec<u8> {
    let mut framed = Vec::with_capacity(body.len() + body.len() / 512 + 256);
    let mut previous = seed.signature.clone();
    for chunk in body.chunks(CHUNK).chain([&[][..]]) {
        previous = seed.next(&previous, chunk);
        framed.extend(format!("{:x};chunk-signature={previous}\r\n", chunk.len()).bytes());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
    }
    framed
}

/// A body in chunks with its CRC64NVME behind them.
pub(crate) fn with_trailer(body: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(body.len() + body.len() / 4096 + 256);
    for chunk in body.chunks(CHUNK) {
        framed.extend(format!("{:x}\r\n", chunk.len()).bytes());
        framed.extend_from_slice(chunk);
        framed.extend_from_slice(b"\r\n");
    }
    let checksum = BASE64_STANDARD.encode(crc(body).to_be_bytes());
    framed.extend(format!("0\r\n{TRAILER}:{checksum}\r\n\r\n").bytes());
    framed
}

/// The checksum that [`with_trailer`] sends.
pub(crate) fn crc(body: &[u8]) -> u64 {
    crc_fast::checksum(CrcAlgorithm::Crc64Nvme, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's example of 66,560 bytes, cut at 64 KiB as there.
    #[test]
    fn chunks_are_signed_as_in_the_published_example() {
        let key = Key {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        };
        let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_369_353_600);
        let seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
        let seed = Seed::of(&key, "20130524T000000Z", seed.to_owned(), now);
        let framed = signed(&[b'a'; 66_560], &seed);
        let text = String::from_utf8(framed).unwrap();
        let signatures: Vec<&str> = text
            .split("chunk-signature=")
            .skip(1)
            .map(|rest| rest.split_at(64).0)
            .collect();
        assert_eq!(
            signatures,
            [
                "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
            ]
        );
        assert!(text.starts_with("10000;") && text.contains("\r\n400;") && text.contains("\r\n0;"));
    }

    #[test]
    fn a_checksum_follows_the_last_chunk() {
        let text = String::from_utf8(with_trailer(b"123456789")).unwrap();
        // The check value of the algorithm's parameters.
        assert_eq!(crc(b"123456789"), 0xae8b_1486_0a79_9888);
        assert_eq!(
            text,
            format!("9\r\n123456789\r\n0\r\n{TRAILER}:rosUhgp5mIg=\r\n\r\n")
        );
    }
}
