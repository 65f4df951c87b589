use super::*;
use crate::identity::SecretKey;
use crate::sigv4::Scope;
use crate::sigv4::payload::{
    Algorithm, BodyCheck, BodyError, BodyPlan, FrameFault, Framing, Signatures, Signed,
};
use crate::sigv4::presented::unhex;
use bytes::Bytes;

/// The example of <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>.
const SEED: &str = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
const CHUNKS: [(usize, &str); 3] = [
    (
        65_536,
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    ),
    (
        1_024,
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    ),
    (
        0,
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ),
];
/// The example of <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>.
const SEED_OF_TRAILERS: &str = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
const CHUNKS_BEFORE_TRAILERS: [(usize, &str); 3] = [
    (
        65_536,
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    ),
    (
        1_024,
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    ),
    (
        0,
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ),
];
const TRAILER: &str = "x-amz-checksum-crc32c:sOO8/Q==\r\n";
const TRAILER_SIGNATURE: &str = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";

impl ChunkChain {
    /// The one of the published example.
    pub(in crate::sigv4::payload) fn example() -> Self {
        chain(SEED)
    }
}

fn chain(seed: &str) -> ChunkChain {
    let secret = SecretKey::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned());
    let scope = Scope {
        date: "20130524",
        region: "us-east-1",
        service: "s3",
    };
    ChunkChain(Box::new(Chain {
        key: SigningKey::derive(&secret, &scope),
        scope: "20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n".into(),
        previous: seed.as_bytes().try_into().unwrap(),
    }))
}

fn framed(chunks: &[(usize, &str)]) -> String {
    chunks
        .iter()
        .map(|(size, signature)| {
            let data = "a".repeat(*size);
            let end = if *size > 0 { "\r\n" } else { "" };
            format!("{size:x};chunk-signature={signature}\r\n{data}{end}")
        })
        .collect()
}

/// The decoded length of a body that passes, in whole and byte by byte around its lines.
fn length_of(body: &str, plan: &BodyPlan) -> Result<usize, BodyError> {
    let pass = |pieces: &[&[u8]]| {
        let mut check = BodyCheck::new(plan);
        let mut released = 0;
        for piece in pieces {
            released += check.feed(Bytes::copy_from_slice(piece))?.len();
            assert!(released < 66_560, "the last byte is withheld");
        }
        Ok(released + check.finish()?.len())
    };
    let whole = pass(&[body.as_bytes()]);
    let pieces: Vec<&[u8]> = body.as_bytes().chunks(97).collect();
    assert_eq!(pass(&pieces), whole);
    whole
}

fn plain(body: &str) -> Result<usize, BodyError> {
    length_of(body, &plan(Signed::Chunks, SEED))
}

fn plan(signed: Signed, seed: &str) -> BodyPlan {
    let signatures = Signatures::Verified(signed, chain(seed));
    BodyPlan {
        length: 66_560,
        framing: Framing::Frames { signatures },
        trailer: (signed == Signed::ChunksAndTrailers).then_some(Algorithm::Crc32c),
        ..BodyPlan::default()
    }
}

fn with_trailers(trailers: &str) -> Result<usize, BodyError> {
    let body = framed(&CHUNKS_BEFORE_TRAILERS) + trailers + "\r\n";
    length_of(&body, &plan(Signed::ChunksAndTrailers, SEED_OF_TRAILERS))
}

#[test]
fn the_published_example_of_signed_chunks_is_verified() {
    assert_eq!(plain(&(framed(&CHUNKS) + "\r\n")), Ok(66_560));
}

#[test]
fn the_published_example_of_signed_trailers_is_verified() {
    let signed = format!("{TRAILER}x-amz-trailer-signature:{TRAILER_SIGNATURE}\r\n");
    assert_eq!(with_trailers(&signed), Ok(66_560));
}

#[test]
fn t15_a_changed_byte_of_data_or_signature_is_found_in_every_chunk() {
    let good = framed(&CHUNKS) + "\r\n";
    let forged = Err(BodyError::Framing(FrameFault::ChunkSignature));
    let data = [100, 65_700];
    let signatures: Vec<usize> = good
        .match_indices("chunk-signature=")
        .map(|(at, name)| at + name.len())
        .collect();
    assert_eq!(signatures.len(), 3);
    for at in data.into_iter().chain(signatures) {
        let mut body = good.clone().into_bytes();
        body[at] = if body[at] == b'b' { b'c' } else { b'b' };
        assert_eq!(plain(str::from_utf8(&body).unwrap()), forged, "byte {at}");
    }
}

#[test]
fn t15_chunks_in_another_order_left_out_or_of_another_request_do_not_match() {
    let forged = Err(BodyError::Framing(FrameFault::ChunkSignature));
    let [first, second, last] = CHUNKS;
    assert_eq!(plain(&(framed(&[second, first, last]) + "\r\n")), forged);
    let body = framed(&CHUNKS) + "\r\n";
    let other = plan(Signed::Chunks, SEED_OF_TRAILERS);
    assert_eq!(length_of(&body, &other), forged);
    let short = Err(BodyError::Framing(FrameFault::TooShort));
    assert_eq!(plain(&(framed(&[first, last]) + "\r\n")), short);
    let cut = Err(BodyError::Framing(FrameFault::MissingEnd));
    assert_eq!(plain(&framed(&[first, second])), cut);
}

#[test]
fn t15_trailers_need_the_signature_of_the_chain() {
    let refused = |trailers: &str, fault| {
        let outcome = with_trailers(trailers);
        assert_eq!(outcome, Err(BodyError::Framing(fault)), "{trailers}");
    };
    refused(TRAILER, FrameFault::MissingTrailerSignature);
    let (_, other) = CHUNKS[0];
    refused(
        &format!("{TRAILER}x-amz-trailer-signature:{other}\r\n"),
        FrameFault::TrailerSignature,
    );
    refused(
        &format!("x-amz-trailer-signature:{TRAILER_SIGNATURE}\r\n{TRAILER}"),
        FrameFault::TrailerSignature,
    );
    refused(
        &format!(
            "x-amz-checksum-crc32c:sOO8/A==\r\nx-amz-trailer-signature:{TRAILER_SIGNATURE}\r\n"
        ),
        FrameFault::TrailerSignature,
    );
}

#[test]
fn a_chunk_without_signature_is_refused_where_they_are_verified() {
    let body = framed(&CHUNKS).replacen(";chunk-signature=", ";other=", 1);
    let refused = Err(BodyError::Framing(FrameFault::Extension));
    assert_eq!(plain(&body), refused);
    assert!(unhex(SEED).is_some());
}
