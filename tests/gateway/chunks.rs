//! How bodies go upstream is a setting of the upstream: plain, with a checksum behind them, or signed chunk by chunk.

use super::origin::Seen;
use super::request::{OWNER, Request, UNSIGNED, base64, framed, framed_put, sha256};
use super::stand::{Ended, Setup};

const KEY: &str = "/lake-1/key";

fn data(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

fn unsigned(data: &[u8]) -> Request {
    Request::put(KEY, data).hash(UNSIGNED).signed_by(OWNER)
}

fn trailer(data: &[u8]) -> String {
    format!("x-amz-checksum-sha256:{}", base64(&sha256(data)))
}

fn with_trailer(data: &[u8]) -> Request {
    framed_put(KEY, data, data.len(), &trailer(data)).signed_by(OWNER)
}

async fn sent(setup: Setup, request: Request) -> Ended {
    let stand = setup.start().await;
    let answer = stand.ask(&request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    stand.end().await
}

fn chunks(setting: &str) -> Setup {
    Setup::default().upstream(&format!("chunks: {setting}"))
}

#[track_caller]
fn check_head(seen: &Seen, expected: &[(&str, Option<&str>)]) {
    assert!(seen.whole, "{}", seen.head);
    for (name, value) in expected {
        assert_eq!(seen.header(name), *value, "{name}: {}", seen.head);
    }
}

/// The bytes in signed chunks, which are of 64 KiB but for the last, and what comes behind the final one.
fn unframed(body: &[u8]) -> (Vec<u8>, String) {
    let (mut rest, mut found) = (body, Vec::new());
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let (size, signature) = line.split_once(";chunk-signature=").unwrap();
        assert_eq!(signature.len(), 64, "{line}");
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[end + 2..];
        if size == 0 {
            return (found, String::from_utf8(rest.to_vec()).unwrap());
        }
        assert_eq!(found.len() % 65_536, 0, "{size}");
        found.extend_from_slice(&rest[..size]);
        rest = rest[size..].strip_prefix(b"\r\n").unwrap();
    }
}

#[tokio::test]
async fn signed_chunks_hold_the_body_and_sign_its_trailer() {
    for length in [1, 65_536, 200_000] {
        let data = data(length);
        for (request, form) in [
            (unsigned(&data), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            (
                with_trailer(&data),
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            ),
        ] {
            let ended = sent(chunks("signed"), request).await;
            let seen = ended.seen();
            let trailing = form.ends_with("TRAILER");
            check_head(
                seen,
                &[
                    ("x-amz-content-sha256", Some(form)),
                    ("content-length", Some(&seen.body.len().to_string())),
                    ("x-amz-decoded-content-length", Some(&length.to_string())),
                    ("content-encoding", Some("aws-chunked")),
                    ("x-amz-trailer", trailing.then_some("x-amz-checksum-sha256")),
                ],
            );
            let (found, end) = unframed(&seen.body);
            assert!(found == data);
            let line = match trailing {
                true => trailer(&data) + "\r\nx-amz-trailer-signature:",
                false => "\r\n".to_owned(),
            };
            assert!(end.starts_with(&line), "{end}");
        }
    }
}

#[tokio::test]
async fn a_store_without_trailers_gets_signed_chunks_alone() {
    let data = data(70_000);
    let setup = chunks("signed").profile("ceph");
    let ended = sent(setup, with_trailer(&data)).await;
    let seen = ended.seen();
    let form = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    check_head(
        seen,
        &[
            ("x-amz-content-sha256", Some(form)),
            ("content-encoding", None),
            ("x-amz-trailer", None),
        ],
    );
    assert!(unframed(&seen.body) == (data, "\r\n".to_owned()));
}

#[tokio::test]
async fn a_checksum_goes_behind_what_came_without_one() {
    let ended = sent(chunks("trailer"), unsigned(b"hello")).await;
    let seen = ended.seen();
    let name = "x-amz-checksum-crc32";
    check_head(seen, &[("x-amz-trailer", Some(name))]);
    assert_eq!(seen.body, framed(b"hello", "x-amz-checksum-crc32:NhCmhg=="));

    let ended = sent(chunks("trailer"), with_trailer(b"hello")).await;
    assert_eq!(ended.seen().body, framed(b"hello", &trailer(b"hello")));
}

#[tokio::test]
async fn a_part_and_what_has_a_checksum_in_its_head_get_none_of_ours() {
    let part = Request::put("/lake-1/key?partNumber=1&uploadId=u", "hello").hash(UNSIGNED);
    let checked = Request::put(KEY, "hello").hash(UNSIGNED);
    let checked = checked.header("x-amz-checksum-crc32", "NhCmhg==");
    for request in [part, checked] {
        let ended = sent(chunks("trailer"), request.signed_by(OWNER)).await;
        check_head(ended.seen(), &[("x-amz-trailer", None)]);
        assert_eq!(ended.seen().body, b"hello");
    }
}

#[tokio::test]
async fn plain_is_plain() {
    for request in [unsigned(b"hello"), with_trailer(b"hello")] {
        let ended = sent(chunks("plain"), request).await;
        let seen = ended.seen();
        let form = Some("UNSIGNED-PAYLOAD");
        check_head(
            seen,
            &[("x-amz-content-sha256", form), ("x-amz-trailer", None)],
        );
        assert_eq!(seen.body, b"hello");
    }
}

#[tokio::test]
async fn a_body_whose_hash_is_known_goes_under_it() {
    let hash = super::request::hex(&sha256(b"hello"));
    for setting in ["plain", "trailer", "signed"] {
        let request = Request::put(KEY, "hello").signed_by(OWNER);
        let ended = sent(chunks(setting), request).await;
        check_head(ended.seen(), &[("x-amz-content-sha256", Some(&hash))]);
        assert_eq!(ended.seen().body, b"hello");
    }
}

#[tokio::test]
async fn trap_length_mismatch_however_the_body_goes_on() {
    for setting in ["plain", "trailer", "signed"] {
        for length in [5, 65_536, 500_000] {
            let (good, mut bad) = (data(length), data(length));
            bad[length / 2] ^= 1;
            let stand = chunks(setting).start().await;
            let request = framed_put(KEY, &bad, length, &trailer(&good)).signed_by(OWNER);
            let answer = stand.ask(&request).await;
            stand.end().await.body_refused(&answer, 400, "BadDigest");
        }
    }
}
