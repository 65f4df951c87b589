use super::*;
use crate::upstream::Upstream;
use crate::upstream::sign::{Signer, UpstreamRequest, head};
use crate::upstream::testing::{headers, settings};
use aws_credential_types::Credentials as Keys;
use http::Method;
use jiff::Timestamp;
use portcullis_core::identity::SecretKey;
use portcullis_core::request::{Head, Query};
use portcullis_core::sigv4::payload::{
    Algorithm, BodyCheck, BodyError, BodyKind, ChunkChain, ChunkSignatures, Chunking, FrameFault,
    Hasher, plan,
};
use portcullis_core::sigv4::{BasicDate, Expected, SigningKey as CoreKey, presented, verify};
use proptest::prelude::*;

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const CELL: usize = 65_536;

fn upstream() -> Upstream {
    Upstream::new(settings("s3.amazonaws.com", 80, (ID, SECRET)), at).unwrap()
}

/// When AWS's examples were signed.
fn at() -> Timestamp {
    "2013-05-24T00:00:00Z".parse().unwrap()
}

fn checksum(algorithm: Algorithm, body: &[u8]) -> Checksum {
    use base64::Engine as _;
    let mut hasher = Hasher::new(algorithm);
    hasher.update(body);
    let text = base64::prelude::BASE64_STANDARD.encode(hasher.finish());
    Checksum::parse(algorithm, &text).unwrap()
}

/// The body in frames, handed over in pieces of this size.
fn framed(mut frames: Frames, body: &[u8], piece: usize, trailer: Option<&Checksum>) -> Vec<u8> {
    let mut sent = Vec::new();
    for piece in body.chunks(piece) {
        sent.extend(frames.around(Bytes::copy_from_slice(piece), Vec::new()));
    }
    sent.extend(frames.end(trailer));
    sent.concat()
}

/// The example's 66,560 bytes, by a signer that has signed the head.
fn example(seed: &str, trailer: Option<Algorithm>) -> Vec<u8> {
    let upstream = upstream();
    let keys = Keys::new(ID, SECRET, None, None, "test");
    let signer = Signer {
        keys: &keys,
        upstream: &upstream,
        date: BasicDate::of(at()),
        now: at(),
    };
    let key = upstream.signing_keys().of(&signer);
    let scope = "20130524/us-east-1/s3/aws4_request";
    let signer = ChunkSigner::begin(key, "20130524T000000Z", scope, seed.to_owned());
    let body = vec![b'a'; 66_560];
    let wrapping = Wrapping {
        length: 66_560,
        chunking: Chunking::Signed(trailer),
    };
    let trailer = trailer.map(|algorithm| checksum(algorithm, &body));
    let frames = Frames::of(&Body::Framed(wrapping), Some(signer));
    let sent = framed(frames, &body, 5000, trailer.as_ref());
    assert_eq!(sent.len() as u64, wrapping.total());
    sent
}

fn chunks(signatures: [&str; 3]) -> String {
    let [first, second, last] = signatures;
    format!(
        "10000;chunk-signature={first}\r\n{}\r\n400;chunk-signature={second}\r\n{}\r\n0;chunk-signature={last}\r\n",
        "a".repeat(65_536),
        "a".repeat(1024),
    )
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
#[test]
fn the_published_example_of_signed_chunks_is_made() {
    let sent = example(
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        None,
    );
    let expected = chunks([
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ]) + "\r\n";
    assert_eq!(str::from_utf8(&sent).unwrap(), expected);
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
#[test]
fn the_published_example_of_a_signed_trailer_is_made() {
    let sent = example(
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
        Some(Algorithm::Crc32c),
    );
    let expected = chunks([
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ]) + "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:\
          d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n";
    assert_eq!(str::from_utf8(&sent).unwrap(), expected);
}

/// What the verifier of clients' chunks makes of the frames that go behind a head of ours, one byte of them changed if
/// `spoil` says which.
fn read(
    body: &[u8],
    piece: usize,
    trailer: Option<Algorithm>,
    spoil: Option<usize>,
) -> Result<Vec<u8>, BodyError> {
    let upstream = upstream();
    let wrapping = Wrapping {
        length: body.len() as u64,
        chunking: Chunking::Signed(trailer),
    };
    let length = wrapping.length.to_string();
    let mut said = vec![("x-amz-decoded-content-length", &*length)];
    said.extend(trailer.map(|algorithm| ("x-amz-trailer", algorithm.header())));
    let request = UpstreamRequest {
        method: &Method::PUT,
        bucket: "bucket",
        key: "key",
        query: "",
        headers: &headers(&said),
        body: Body::Framed(wrapping),
    };
    let (signed, signer) = head(&request, &upstream, &upstream.access().unwrap(), at()).unwrap();
    let frames = Frames::of(&request.body, signer);
    let passed = trailer.map(|algorithm| checksum(algorithm, body));
    let mut sent = framed(frames, body, piece, passed.as_ref());
    assert_eq!(sent.len() as u64, wrapping.total());
    if let Some(at) = spoil {
        sent[at] ^= 1;
    }

    let client = Head {
        method: &signed.method,
        raw_target: signed.raw_path(),
        headers: &signed.headers,
    };
    let query = Query::parse(b"").unwrap();
    let claim = presented(&client, &query).unwrap().unwrap();
    let key = CoreKey::derive(&SecretKey::new(SECRET.to_owned()), &claim.scope);
    let expected = Expected {
        regions: &["us-east-1"],
        service: "s3",
    };
    let verified = verify(&client, &query, &claim, &key, at(), expected).unwrap();
    let chain = ChunkSignatures::Verified(Some(ChunkChain::begin(&verified, &key)));
    let plan = plan(&client, Some(&claim), BodyKind::Object, chain).unwrap();
    let mut check = BodyCheck::new(&plan);
    let mut found = check.feed(sent.into())?.to_vec();
    let (last, trailing) = check.finish_with_trailer()?;
    assert_eq!(trailing, passed);
    found.extend(last);
    Ok(found)
}

#[test]
fn t15_every_cell_and_its_signature_is_signed_over() {
    let body = vec![b'x'; CELL + 10];
    let forged = Err(BodyError::Framing(FrameFault::ChunkSignature));
    let second = 87 + CELL + 2;
    for at in [50, 1000, second + 50, second + 90] {
        assert_eq!(read(&body, 4096, None, Some(at)), forged, "{at}");
    }
}

#[test]
fn nothing_of_the_last_cell_leaves_before_the_last_byte_came() {
    let wrapping = Wrapping {
        length: 2 * CELL as u64,
        chunking: Chunking::Signed(None),
    };
    let upstream = upstream();
    let headers = headers(&[]);
    let request = UpstreamRequest {
        method: &Method::PUT,
        bucket: "bucket",
        key: "key",
        query: "",
        headers: &headers,
        body: Body::Framed(wrapping),
    };
    let (_, signer) = head(&request, &upstream, &upstream.access().unwrap(), at()).unwrap();
    let mut frames = Frames::of(&request.body, signer);
    let data = |length| Bytes::from(vec![b'x'; length]);
    assert_eq!(frames.around(data(CELL), Vec::new()).len(), 0);
    assert_eq!(frames.around(data(1), Vec::new()).len(), 3);
    assert_eq!(frames.around(data(CELL - 2), Vec::new()).len(), 0);
    assert_eq!(frames.around(data(1), Vec::new()).len(), 0);
    assert_eq!(frames.end(None).len(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_we_sign_our_verifier_accepts(
        length in prop_oneof![1..3000_usize, CELL - 2..CELL + 3, 1..200_000_usize],
        piece in 1..150_000_usize,
        seed in any::<u8>(),
        trailer in prop::option::of(prop::sample::select(Algorithm::all().collect::<Vec<_>>())),
    ) {
        let body: Vec<u8> = (0..length).map(|at| (at * 31) as u8 ^ seed).collect();
        prop_assert!(read(&body, piece, trailer, None).unwrap() == body);
    }
}
