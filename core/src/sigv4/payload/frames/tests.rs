use super::{FrameFault, Frames, Signatures, Signed};
use crate::sigv4::payload::Algorithm;
use bytes::Bytes;

const SIGNED: &str =
    ";chunk-signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const TRAILER_SIGNATURE: &str =
    "x-amz-trailer-signature:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const CHECKSUM: &str = "x-amz-checksum-crc32:/6tyOg==";

/// The data of `body`, read whole and byte by byte.
fn decode(frames: impl Fn() -> Frames, body: &str) -> Result<String, FrameFault> {
    let read = |size: usize| {
        let mut frames = frames();
        let mut data = Vec::new();
        for piece in body.as_bytes().chunks(size) {
            let mut piece = Bytes::copy_from_slice(piece);
            while let Some(slice) = frames.next(&mut piece)? {
                data.extend_from_slice(&slice);
            }
            assert!(frames.line.len() <= 256);
        }
        frames.finish()?;
        Ok(String::from_utf8(data).unwrap())
    };
    let whole = read(body.len().max(1));
    assert_eq!(whole, read(1), "the same body in pieces of one byte");
    whole
}

#[track_caller]
fn unsigned(body: &str, expected: Result<&str, FrameFault>) {
    let length = 12;
    let frames = || Frames::new(length, Signatures::None, None);
    assert_eq!(
        decode(frames, body),
        expected.map(str::to_owned),
        "{body:?}"
    );
}

#[track_caller]
fn trailing(signatures: Signatures, body: &str, expected: Result<(), FrameFault>) {
    let frames = || Frames::new(0, signatures.clone(), Some(Algorithm::Crc32));
    assert_eq!(decode(frames, body).map(drop), expected, "{body:?}");
}

#[test]
fn chunks_are_joined() {
    unsigned("c\r\nhello, world\r\n0\r\n\r\n", Ok("hello, world"));
    unsigned(
        "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n",
        Ok("hello, world"),
    );
    unsigned(
        "C\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n0\r\n\r\n",
        Ok("\r\n0\r\n\r\n\r\n0\r\n"),
    );
}

#[test]
fn t14_sizes_are_plain_hexadecimal_numbers() {
    for bad in [
        "0xc",
        "+c",
        "-c",
        "_c",
        "c_",
        "0c",
        "00",
        "",
        " c",
        "c ",
        "g",
        "ffffffffffffffffc",
        "0000000000000000c",
    ] {
        unsigned(
            &format!("{bad}\r\nhello, world\r\n0\r\n\r\n"),
            Err(FrameFault::Size),
        );
    }
    unsigned(
        "ffffffffffffffff\r\nhello, world\r\n0\r\n\r\n",
        Err(FrameFault::TooLong),
    );
}

#[test]
fn t14_decoded_bytes_are_as_many_as_announced() {
    unsigned("d\r\nhello, world!\r\n0\r\n\r\n", Err(FrameFault::TooLong));
    unsigned(
        "c\r\nhello, world\r\n1\r\n!\r\n0\r\n\r\n",
        Err(FrameFault::TooLong),
    );
    unsigned("b\r\nhello, worl\r\n0\r\n\r\n", Err(FrameFault::TooShort));
    unsigned("0\r\n\r\n", Err(FrameFault::TooShort));
}

#[test]
fn t14_line_breaks_must_be_there() {
    unsigned("c\nhello, world\r\n0\r\n\r\n", Err(FrameFault::LineBreak));
    unsigned("c\r\nhello, world\n0\r\n\r\n", Err(FrameFault::LineBreak));
    unsigned("c\r\nhello, world0\r\n\r\n", Err(FrameFault::LineBreak));
    unsigned(
        "c\r\nhello, world!\r\n0\r\n\r\n",
        Err(FrameFault::LineBreak),
    );
    unsigned("c\r\nhello, world\r\n0\n\r\n", Err(FrameFault::LineBreak));
    unsigned("c\r\nhello, world\r\n0\r\n\n", Err(FrameFault::LineBreak));
    unsigned("b\r\nhello, world\r\n0\r\n\r\n", Err(FrameFault::LineBreak));
}

#[test]
fn t14_the_end_must_come_and_be_the_end() {
    for cut in [
        "",
        "c",
        "c\r\nhello",
        "c\r\nhello, world",
        "c\r\nhello, world\r\n",
        "c\r\nhello, world\r\n0\r\n",
    ] {
        unsigned(cut, Err(FrameFault::MissingEnd));
    }
    unsigned("c\r\nhello, world\r\n0\r\n\r", Err(FrameFault::MissingEnd));
    unsigned(
        "c\r\nhello, world\r\n0\r\n\r\n\r\n",
        Err(FrameFault::BytesAfterEnd),
    );
    unsigned(
        "c\r\nhello, world\r\n0\r\n\r\n0\r\n\r\n",
        Err(FrameFault::BytesAfterEnd),
    );
}

#[test]
fn t14_extensions_are_those_of_the_form() {
    unsigned(
        "c;\r\nhello, world\r\n0\r\n\r\n",
        Err(FrameFault::Extension),
    );
    unsigned(
        &format!("c{SIGNED}\r\nhello, world\r\n0\r\n\r\n"),
        Err(FrameFault::Extension),
    );
    let signed = |extension: &str| {
        let body = format!("c{extension}\r\nhello, world\r\n0{extension}\r\n\r\n");
        decode(
            || Frames::new(12, Signatures::Ignored(Signed::Chunks), None),
            &body,
        )
    };
    assert_eq!(signed(SIGNED), Ok("hello, world".to_owned()));
    assert_eq!(signed(""), Err(FrameFault::Extension));
    assert_eq!(
        signed(SIGNED.trim_end_matches('f')),
        Err(FrameFault::Extension)
    );
    assert_eq!(
        signed(&SIGNED.replace("chunk", "trunk")),
        Err(FrameFault::Extension)
    );
    assert_eq!(
        signed(&SIGNED.replace("=01", "=0g")),
        Err(FrameFault::Extension)
    );
    assert_eq!(
        signed(&format!("{SIGNED}{SIGNED}")),
        Err(FrameFault::LineTooLong)
    );
}

#[test]
fn t14_lines_without_end_are_not_kept() {
    let endless = "0".repeat(100_000);
    unsigned(&endless, Err(FrameFault::LineTooLong));
    unsigned(
        &format!("c\r\nhello, world\r\n0\r\n{endless}"),
        Err(FrameFault::LineTooLong),
    );
}

#[test]
fn trailers_end_in_crlf_or_lf() {
    let check = |body: &str| trailing(Signatures::None, body, Ok(()));
    check(&format!("0\r\n{CHECKSUM}\r\n\r\n"));
    check(&format!("0\r\n{CHECKSUM}\n\r\n"));
    check(&format!("0\r\n{CHECKSUM}\n\r\n\r\n"));
    check(&format!(
        "0\r\n{}\r\n\r\n",
        CHECKSUM.replace(':', ": ").replace("x-amz", "X-Amz")
    ));
    let refuse = |body: &str, fault| trailing(Signatures::None, body, Err(fault));
    refuse(
        &format!("0\r\n{CHECKSUM}\n\r\n\r\n\r\n"),
        FrameFault::BytesAfterEnd,
    );
    refuse(
        &format!("0\r\n{CHECKSUM}\n\r\n\r"),
        FrameFault::BytesAfterEnd,
    );
    refuse(
        &format!("0\r\n{CHECKSUM}\n\r\nx"),
        FrameFault::BytesAfterEnd,
    );
    refuse(
        &format!("0\r\n{CHECKSUM}\r\n\r\n\r\n"),
        FrameFault::BytesAfterEnd,
    );
    refuse(&format!("0\r\n{CHECKSUM}\r\n\n"), FrameFault::LineBreak);
    refuse(&format!("0\r\n{CHECKSUM}\r\n"), FrameFault::MissingEnd);
}

#[test]
fn t15_only_the_declared_trailer_may_come_and_must() {
    let refuse =
        |lines: &str, fault| trailing(Signatures::None, &format!("0\r\n{lines}\r\n"), Err(fault));
    refuse("", FrameFault::MissingTrailer);
    refuse(
        "x-amz-checksum-sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\r\n",
        FrameFault::Trailer,
    );
    refuse(
        &format!("{CHECKSUM}\r\n{CHECKSUM}\r\n"),
        FrameFault::Trailer,
    );
    refuse(
        &format!("{CHECKSUM}\r\nx-amz-meta-a:b\r\n"),
        FrameFault::Trailer,
    );
    refuse(
        &format!("{CHECKSUM}\r\n{TRAILER_SIGNATURE}\r\n"),
        FrameFault::Trailer,
    );
    refuse("x-amz-checksum-crc32\r\n", FrameFault::Trailer);
    refuse("x-amz-checksum-crc32:\r\n", FrameFault::Trailer);
    refuse("x-amz-checksum-crc32:/6tyOg\r\n", FrameFault::Trailer);
    refuse("x-amz-checksum-crc32 :/6tyOg==\r\n", FrameFault::Trailer);
    let undeclared = format!("c\r\nhello, world\r\n0\r\n{CHECKSUM}\r\n\r\n");
    unsigned(&undeclared, Err(FrameFault::Trailer));
}

#[test]
fn t15_a_signed_trailer_needs_its_signature() {
    let check = |lines: &str, expected| {
        trailing(
            Signatures::Ignored(Signed::ChunksAndTrailers),
            &format!("0{SIGNED}\r\n{lines}\r\n"),
            expected,
        );
    };
    check(&format!("{CHECKSUM}\r\n{TRAILER_SIGNATURE}\r\n"), Ok(()));
    check(&format!("{CHECKSUM}\n{TRAILER_SIGNATURE}\n"), Ok(()));
    check(&format!("{CHECKSUM}\n\r\n{TRAILER_SIGNATURE}\r\n"), Ok(()));
    check(
        &format!("{CHECKSUM}\r\n"),
        Err(FrameFault::MissingTrailerSignature),
    );
    check(
        &format!("{CHECKSUM}\n\r\n"),
        Err(FrameFault::MissingTrailerSignature),
    );
    check(
        &format!("{CHECKSUM}\r\n\r\n{TRAILER_SIGNATURE}\r\n"),
        Err(FrameFault::MissingTrailerSignature),
    );
    check(
        &format!("{TRAILER_SIGNATURE}\r\n{CHECKSUM}\r\n"),
        Err(FrameFault::Trailer),
    );
    check(
        &format!("{CHECKSUM}\r\n{TRAILER_SIGNATURE}\r\n{TRAILER_SIGNATURE}\r\n"),
        Err(FrameFault::Trailer),
    );
    check(
        &format!("{CHECKSUM}\r\n{TRAILER_SIGNATURE}0\r\n"),
        Err(FrameFault::Trailer),
    );
    check(
        &format!("{TRAILER_SIGNATURE}\r\n"),
        Err(FrameFault::MissingTrailer),
    );
}
