use super::*;
use crate::sigv4::payload::{BodyCheck, BodyPlan, Framing, Hasher, Signatures};
use base64::prelude::BASE64_STANDARD as BASE64;
use proptest::prelude::*;

fn checksum(algorithm: Algorithm, body: &[u8]) -> Checksum {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(body);
    Checksum::parse(algorithm, &BASE64.encode(hasher.finish())).unwrap()
}

/// The body in frames, handed over in pieces of this size.
fn wrapped(wrapping: Wrapping, body: &[u8], piece: usize) -> Vec<u8> {
    let mut wrapper = Wrapper::new(wrapping);
    let mut framed = Vec::new();
    for piece in body.chunks(piece) {
        framed.extend(wrapper.wrap(Bytes::copy_from_slice(piece)).concat());
    }
    let passed = wrapping
        .trailer()
        .map(|algorithm| checksum(algorithm, body));
    framed.extend(wrapper.end(passed.as_ref()));
    framed
}

#[test]
fn a_short_body_is_one_chunk() {
    let wrapping = Wrapping {
        length: 5,
        chunking: Chunking::PassedTrailer(Algorithm::Crc32),
    };
    let expected = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    for piece in [1, 2, 5] {
        assert_eq!(wrapped(wrapping, b"hello", piece), expected.as_bytes());
    }
    assert_eq!(wrapping.total(), expected.len() as u64);
}

#[test]
fn a_long_body_is_cut() {
    let body = vec![7; (CHUNK * 2 + 3) as usize];
    let wrapping = Wrapping {
        length: body.len() as u64,
        chunking: Chunking::PassedTrailer(Algorithm::Sha256),
    };
    let framed = wrapped(wrapping, &body, 1000);
    assert!(framed.starts_with(b"100000\r\n"));
    assert_eq!(framed.len() as u64, wrapping.total());
    let whole = Wrapping {
        length: CHUNK,
        ..wrapping
    };
    let framed = wrapped(whole, &body[..CHUNK as usize], 4096);
    assert_eq!(framed.len() as u64, whole.total());
}

#[test]
fn what_was_not_announced_is_left_out() {
    let mut wrapper = Wrapper::new(Wrapping {
        length: 2,
        chunking: Chunking::PassedTrailer(Algorithm::Crc32),
    });
    assert_eq!(
        wrapper.wrap(Bytes::from_static(b"abc")).concat(),
        b"2\r\nab\r\n"
    );
    assert!(wrapper.wrap(Bytes::from_static(b"d")).is_empty());
}

#[test]
fn a_checksum_of_our_own_is_that_of_the_body() {
    let chunking = Chunking::OwnTrailer(Algorithm::Crc32);
    let wrapping = Wrapping {
        length: 5,
        chunking,
    };
    let mut wrapper = Wrapper::new(wrapping);
    let mut framed = wrapper.wrap(Bytes::from_static(b"he")).concat();
    framed.extend(wrapper.wrap(Bytes::from_static(b"llo")).concat());
    framed.extend(wrapper.end(None));
    assert_eq!(
        framed,
        b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    );
    assert_eq!(wrapping.total(), framed.len() as u64);
}

#[test]
fn signed_frames_have_the_length_of_the_published_examples() {
    let total = |trailer| {
        let chunking = Chunking::Signed(trailer);
        Wrapping {
            length: 66_560,
            chunking,
        }
        .total()
    };
    assert_eq!(total(None), 66_824);
    assert_eq!(total(Some(Algorithm::Crc32c)), 66_946);
}

proptest! {
    #[test]
    fn a_reader_of_frames_finds_the_body_and_its_checksum(
        body in prop::collection::vec(any::<u8>(), 1..3000),
        piece in 1..700_usize,
        trailer in prop::sample::select(Algorithm::all().collect::<Vec<_>>()),
    ) {
        let wrapping = Wrapping { length: body.len() as u64, chunking: Chunking::PassedTrailer(trailer) };
        let framed = wrapped(wrapping, &body, piece);
        prop_assert_eq!(framed.len() as u64, wrapping.total());
        let plan = BodyPlan {
            length: wrapping.length,
            framing: Framing::Frames { signatures: Signatures::None },
            trailer: Some(trailer),
            ..BodyPlan::default()
        };
        let mut check = BodyCheck::new(&plan);
        let mut read = check.feed(framed.into()).unwrap().to_vec();
        let (last, found) = check.finish_with_trailer().unwrap();
        read.extend(last);
        prop_assert_eq!(found, Some(checksum(trailer, &body)));
        prop_assert_eq!(read, body);
    }
}
