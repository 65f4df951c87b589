use super::{BodyCheck, BodyError};
use crate::sigv4::payload::{
    Algorithm, BodyPlan, Checksum, ContentSha256, FrameFault, Framing, Hasher, Signatures,
};
use bytes::Bytes;
use proptest::prelude::*;

const TEXT: &str = "hello, world";
const SHA256: &str = "09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b";

fn plain(length: u64) -> BodyPlan {
    BodyPlan {
        length,
        ..BodyPlan::default()
    }
}

fn framed(data: &[u8]) -> BodyPlan {
    BodyPlan {
        framing: Framing::Frames {
            signatures: Signatures::None,
        },
        trailer: Some(Algorithm::Crc32),
        ..plain(data.len() as u64)
    }
}

/// What was released, and how it ended.
fn run(plan: &BodyPlan, pieces: &[&[u8]]) -> (Vec<u8>, Result<Bytes, BodyError>) {
    let mut check = BodyCheck::new(plan);
    let mut released = Vec::new();
    for piece in pieces {
        match check.feed(Bytes::copy_from_slice(piece)) {
            Ok(bytes) => released.extend_from_slice(&bytes),
            Err(failure) => return (released, Err(failure)),
        }
    }
    (released, check.finish())
}

#[track_caller]
fn accepted(plan: &BodyPlan, body: &str, data: &str) {
    let (mut released, last) = run(plan, &[body.as_bytes()]);
    assert_eq!(released.len() + 1, data.len());
    released.extend_from_slice(&last.unwrap());
    assert_eq!(String::from_utf8(released).unwrap(), data);
}

#[track_caller]
fn refused(plan: &BodyPlan, body: &str, failure: BodyError) {
    let (released, verdict) = run(plan, &[body.as_bytes()]);
    assert_eq!(verdict, Err(failure));
    assert!((released.len() as u64) < plan.length.max(1));
}

fn announcing(change: impl FnOnce(&mut BodyPlan)) -> BodyPlan {
    let mut plan = plain(12);
    change(&mut plan);
    plan
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    ContentSha256::parse(hex)?.digest()
}

#[test]
fn a_plain_body_passes_but_for_its_last_byte_until_the_end() {
    accepted(&plain(12), TEXT, TEXT);
    let (released, last) = run(&plain(12), &[b"hello, ", b"", b"worl", b"d"]);
    assert_eq!(
        (released.as_slice(), last),
        (&b"hello, worl"[..], Ok(Bytes::from_static(b"d")))
    );
}

#[test]
fn a_plain_piece_is_not_copied() {
    let piece = Bytes::copy_from_slice(TEXT.as_bytes());
    let released = BodyCheck::new(&plain(12)).feed(piece.clone()).unwrap();
    assert_eq!(released.as_ptr(), piece.as_ptr());
}

#[test]
fn the_length_is_as_announced() {
    refused(&plain(13), TEXT, BodyError::TooShort);
    refused(&plain(11), TEXT, BodyError::TooLong);
    refused(&plain(0), "h", BodyError::TooLong);
    assert_eq!(
        run(&plain(12), &[TEXT.as_bytes(), b"!"]).1,
        Err(BodyError::TooLong)
    );
}

#[test]
fn t16_the_hash_is_as_announced() {
    accepted(&announcing(|plan| plan.digest = digest(SHA256)), TEXT, TEXT);
    let other = SHA256.replace("09ca", "09cb");
    refused(
        &announcing(|plan| plan.digest = digest(&other)),
        TEXT,
        BodyError::Digest,
    );
    refused(
        &announcing(|plan| plan.digest = digest(SHA256)),
        "Hello, world",
        BodyError::Digest,
    );
}

#[test]
fn the_md5_is_as_announced() {
    let md5 = |last| {
        Some([
            0xe4, 0xd7, 0xf1, 0xb4, 0xed, 0x2e, 0x42, 0xd1, 0x58, 0x98, 0xf4, 0xb2, 0x7b, 0x01,
            0x9d, last,
        ])
    };
    accepted(&announcing(|plan| plan.md5 = md5(0xa4)), TEXT, TEXT);
    refused(
        &announcing(|plan| plan.md5 = md5(0xa5)),
        TEXT,
        BodyError::Md5,
    );
}

#[test]
fn the_checksum_is_as_announced() {
    let checksum = |value| Checksum::parse(Algorithm::Crc32, value);
    accepted(
        &announcing(|plan| plan.checksum = checksum("/6tyOg==")),
        TEXT,
        TEXT,
    );
    let wrong = BodyError::Checksum(Algorithm::Crc32);
    refused(
        &announcing(|plan| plan.checksum = checksum("/6tyOw==")),
        TEXT,
        wrong,
    );
}

#[test]
fn an_empty_body_is_verified_too() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let plan = |hex| BodyPlan {
        digest: digest(hex),
        ..plain(0)
    };
    assert_eq!(BodyCheck::new(&plan(empty)).finish(), Ok(Bytes::new()));
    assert_eq!(
        BodyCheck::new(&plan(SHA256)).finish(),
        Err(BodyError::Digest)
    );
    let frames = framed(b"");
    assert_eq!(
        run(&frames, &[b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"]).1,
        Ok(Bytes::new())
    );
    assert_eq!(
        run(&frames, &[]).1,
        Err(BodyError::Framing(FrameFault::MissingEnd))
    );
}

#[test]
fn t15_the_trailers_checksum_is_the_bodys() {
    let body =
        |value| format!("5\r\nhello\r\n7\r\n, world\r\n0\r\nx-amz-checksum-crc32:{value}\r\n\r\n");
    let plan = framed(TEXT.as_bytes());
    accepted(&plan, &body("/6tyOg=="), TEXT);
    refused(
        &plan,
        &body("/6tyOw=="),
        BodyError::Checksum(Algorithm::Crc32),
    );
}

#[test]
fn after_a_failure_nothing_is_released() {
    let mut check = BodyCheck::new(&plain(2));
    assert_eq!(
        check.feed(Bytes::from_static(b"abc")),
        Err(BodyError::TooLong)
    );
    assert_eq!(check.feed(Bytes::from_static(b"")), Err(BodyError::TooLong));
    assert_eq!(check.finish(), Err(BodyError::TooLong));
}

/// `data` in frames of `size` bytes with its checksum behind.
fn frame(data: &[u8], size: usize) -> Vec<u8> {
    use base64::Engine as _;
    let mut hasher = Hasher::new(Algorithm::Crc32);
    hasher.update(data);
    let checksum = base64::prelude::BASE64_STANDARD.encode(hasher.finish());
    let mut body = Vec::new();
    for chunk in data.chunks(size) {
        body.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        body.extend_from_slice(chunk);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n").as_bytes());
    body
}

fn cut<'a>(body: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
    places.extend([0, body.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| &body[pair[0]..pair[1]])
        .collect()
}

proptest! {
    #[test]
    fn cuts_between_pieces_change_nothing(
        data in proptest::collection::vec(any::<u8>(), 0..300),
        size in 1usize..80,
        cuts in proptest::collection::vec(any::<usize>(), 0..20),
        spoilt in proptest::option::of((any::<usize>(), 1u8..)),
    ) {
        let plan = framed(&data);
        let mut body = frame(&data, size);
        if let Some((place, flip)) = spoilt {
            let place = place % body.len();
            body[place] ^= flip;
        }
        let whole = run(&plan, &[&body]);
        let pieces = run(&plan, &cut(&body, &cuts));
        prop_assert_eq!(&whole.1, &pieces.1);
        if whole.1.is_ok() {
            prop_assert_eq!(whole.0, pieces.0);
        }
    }

    #[test]
    fn no_corruption_releases_the_last_byte(
        data in proptest::collection::vec(any::<u8>(), 1..300),
        size in 1usize..80,
        cuts in proptest::collection::vec(any::<usize>(), 0..20),
        place in any::<usize>(),
        damage in prop_oneof![
            (1u8..).prop_map(Damage::Flip), Just(Damage::Remove), any::<u8>().prop_map(Damage::Insert), Just(Damage::Cut)
        ],
    ) {
        let plan = framed(&data);
        let body = frame(&data, size);
        let spoilt = damage.apply(&body, place % body.len());
        let (released, verdict) = run(&plan, &cut(&spoilt, &cuts));
        prop_assert!(released.len() < data.len());
        if let Ok(last) = verdict {
            let whole = [released.as_slice(), last.as_ref()].concat();
            prop_assert_eq!(whole, data);
        }
    }

    #[test]
    fn any_bytes_are_framed_and_read_back(
        data in proptest::collection::vec(any::<u8>(), 1..3000),
        size in 1usize..4000,
        cuts in proptest::collection::vec(any::<usize>(), 0..20),
    ) {
        let body = frame(&data, size);
        let (released, last) = run(&framed(&data), &cut(&body, &cuts));
        prop_assert_eq!([released.as_slice(), last.unwrap().as_ref()].concat(), data);
    }
}

/// What happens to one byte on the way.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Flip(u8),
    Remove,
    Insert(u8),
    Cut,
}

impl Damage {
    fn apply(self, body: &[u8], place: usize) -> Vec<u8> {
        let (before, after) = body.split_at(place);
        match self {
            Self::Flip(bits) => [before, &[after[0] ^ bits], &after[1..]].concat(),
            Self::Remove => [before, &after[1..]].concat(),
            Self::Insert(byte) => [before, &[byte], after].concat(),
            Self::Cut => before.to_vec(),
        }
    }
}
