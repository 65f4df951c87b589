//! A body that is not what was announced leaves no object; one that is arrives as it was sent.

use super::origin::{Script, answer};
use super::request::{CLERK, OWNER, Request, UNSIGNED, base64, framed_put, hex, sha256};
use super::stand::{Setup, Stand};

/// Sends the request whole and expects that its body is refused and no object is left.
async fn check_refused(request: Request, status: u16, code: &str) {
    let stand = Stand::start().await;
    let answer = stand.ask(&request).await;
    let ended = stand.end().await;
    ended.body_refused(&answer, status, code);
    assert_eq!(ended.record()["ending"], "body_refused", "{}", ended.lines);
    // Told the length, cut short of it.
    for seen in &ended.origin.seen {
        assert!(!seen.whole, "{seen:?}");
    }
    assert_eq!(ended.origin.opened, ended.origin.seen.len());
}

/// Sends the request whole and expects that the body arrives.
async fn check_arrives(request: Request, body: &[u8]) {
    let stand = Stand::start().await;
    let answer = stand.ask(&request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let ended = stand.end().await;
    let seen = ended.seen();
    assert_eq!(
        seen.header("content-length").unwrap(),
        body.len().to_string()
    );
    assert!(seen.whole && seen.body == body, "{}", seen.head);
    let received = ended.record()["bytes_received"].as_u64().unwrap();
    assert!(received >= body.len() as u64);
}

/// Sends a body in frames with its checksum behind it and expects that it arrives in frames of the gateway's own, and
/// plain where the store takes none.
async fn check_framed_arrives(request: Request, body: &[u8], trailer: &str) {
    let stand = Stand::start().await;
    let answer = stand.ask(&request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let ended = stand.end().await;
    let seen = ended.seen();
    let framed = [
        format!("{:x}\r\n", body.len()).as_bytes(),
        body,
        format!("\r\n0\r\n{trailer}\r\n\r\n").as_bytes(),
    ]
    .concat();
    assert!(seen.whole && seen.body == framed, "{}", seen.head);
    for (name, value) in [
        ("content-length", framed.len().to_string()),
        ("content-encoding", "aws-chunked".to_owned()),
        ("x-amz-decoded-content-length", body.len().to_string()),
        ("x-amz-trailer", "x-amz-checksum-sha256".to_owned()),
        (
            "x-amz-content-sha256",
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER".to_owned(),
        ),
    ] {
        assert_eq!(seen.header(name), Some(&*value), "{}", seen.head);
    }
    let stand = Setup::default().profile("ceph").start().await;
    assert_eq!(stand.ask(&request).await.status, 200);
    let ended = stand.end().await;
    let seen = ended.seen();
    assert!(seen.whole && seen.body == body, "{}", seen.head);
    assert_eq!(seen.header("content-encoding"), None);
    assert_eq!(seen.header("x-amz-trailer"), None);
}

fn big() -> Vec<u8> {
    (0..200_000_u32).map(|n| (n % 251) as u8).collect()
}

#[tokio::test]
async fn t16_body_of_another_hash() {
    let hash = hex(&sha256(b"hello"));
    for body in [b"jello".to_vec(), big()] {
        let put = Request::put("/lake-1/key", body)
            .hash(&hash)
            .signed_by(CLERK);
        check_refused(put, 400, "XAmzContentSHA256Mismatch").await;
    }
}

#[tokio::test]
async fn t16_body_of_the_signed_hash_arrives() {
    check_arrives(Request::put("/lake-1/key", "h").signed_by(CLERK), b"h").await;
    check_arrives(Request::put("/lake-1/key", big()).signed_by(CLERK), &big()).await;
    let unsigned = Request::put("/lake-1/key", big()).hash(UNSIGNED);
    check_arrives(unsigned.signed_by(CLERK), &big()).await;
}

#[tokio::test]
async fn t16_empty_body_with_another_hash_is_refused_before_connecting() {
    for method in ["PUT", "GET", "DELETE"] {
        let stand = Stand::start().await;
        let request = Request::new(method, "/lake-1/key").body("");
        let answer = stand
            .ask(&request.hash(&hex(&sha256(b"x"))).signed_by(CLERK))
            .await;
        let ended = stand.end().await;
        ended.refused(&answer, 400, "XAmzContentSHA256Mismatch");
    }
    check_arrives(Request::put("/lake-1/key", "").signed_by(CLERK), b"").await;
}

#[tokio::test]
async fn trap_length_mismatch_of_a_wrong_content_md5() {
    let md5 = base64(&[0; 16]);
    let put = Request::put("/lake-1/key", "hello").header("Content-MD5", &md5);
    check_refused(put.signed_by(CLERK), 400, "BadDigest").await;
}

#[tokio::test]
async fn trap_length_mismatch_of_a_wrong_checksum() {
    for (name, length) in [
        ("crc32", 4),
        ("crc32c", 4),
        ("crc64nvme", 8),
        ("sha1", 20),
        ("sha256", 32),
    ] {
        let put = Request::put("/lake-1/key", "hello")
            .hash(UNSIGNED)
            .header(&format!("x-amz-checksum-{name}"), base64(&vec![0; length]));
        check_refused(put.signed_by(CLERK), 400, "BadDigest").await;
    }
    let put = Request::put("/lake-1/key", "hello")
        .hash(UNSIGNED)
        .header("x-amz-checksum-sha256", base64(&sha256(b"hello")));
    check_arrives(put.signed_by(CLERK), b"hello").await;
}

fn trailer(data: &[u8]) -> String {
    format!("x-amz-checksum-sha256:{}", base64(&sha256(data)))
}

#[tokio::test]
async fn trap_length_mismatch_of_framed_bodies() {
    let big = big();
    let right = trailer(&big);
    let arrives = framed_put("/lake-1/key", &big, big.len(), &right);
    check_framed_arrives(arrives.signed_by(CLERK), &big, &right).await;
    for decoded in [big.len() + 1, big.len() - 1, 1] {
        let put = framed_put("/lake-1/key", &big, decoded, &right);
        check_refused(put.signed_by(CLERK), 400, "InvalidRequest").await;
    }
    let put = framed_put("/lake-1/key", &big, big.len(), &trailer(b"other"));
    check_refused(put.signed_by(CLERK), 400, "BadDigest").await;
    for trailer in ["", "x-amz-checksum-crc32:AAAAAA==", "x-amz-meta-a:b"] {
        let put = framed_put("/lake-1/key", &big, big.len(), trailer);
        let stand = Stand::start().await;
        let answer = stand.ask(&put.signed_by(CLERK)).await;
        let code = answer.code();
        stand.end().await.body_refused(&answer, 400, &code);
    }
}

#[tokio::test]
async fn trap_length_mismatch_of_frames_that_are_wrong() {
    let start = |body: &str| {
        framed_put("/lake-1/key", b"", 5, "")
            .body(body)
            .signed_by(CLERK)
    };
    let good = format!("5\r\nhello\r\n0\r\n{}\r\n\r\n", trailer(b"hello"));
    check_framed_arrives(start(&good), b"hello", &trailer(b"hello")).await;
    for frames in [
        good.replacen('5', "0x5", 1),
        good.replacen('5', "+5", 1),
        good.replacen("5\r\n", "5\n", 1),
        good.replacen("hello\r\n", "hello", 1),
        good.clone() + "more",
    ] {
        let stand = Stand::start().await;
        let answer = stand.ask(&start(&frames)).await;
        assert_eq!(answer.status, 400, "{frames:?} {answer:?}");
        let code = answer.code();
        stand.end().await.body_refused(&answer, 400, &code);
    }
}

#[tokio::test]
async fn a_framed_body_of_no_bytes_has_its_checksum_in_the_head() {
    let stand = Stand::start().await;
    let put = framed_put("/lake-1/key", b"", 0, &trailer(b""));
    assert_eq!(stand.ask(&put.signed_by(CLERK)).await.status, 200);
    let ended = stand.end().await;
    let nothing = base64(&sha256(b""));
    let checksum = ended.seen().header("x-amz-checksum-sha256");
    assert_eq!(checksum, Some(&*nothing));
    assert_eq!(ended.seen().header("x-amz-trailer"), None);
}

#[tokio::test]
async fn trap_length_mismatch_of_framed_bodies_of_no_bytes() {
    let put = framed_put("/lake-1/key", b"", 0, &trailer(b""));
    check_arrives(put.signed_by(CLERK), b"").await;
    // There is no byte to withhold, so nobody hears of it before it is verified.
    let stand = Stand::start().await;
    let put = framed_put("/lake-1/key", b"", 0, &trailer(b"other"));
    let answer = stand.ask(&put.signed_by(CLERK)).await;
    stand.end().await.refused(&answer, 400, "BadDigest");
    let stand = Stand::start().await;
    let put = framed_put("/lake-1/key", b"hello", 0, &trailer(b"hello"));
    let answer = stand.ask(&put.signed_by(CLERK)).await;
    stand.end().await.refused(&answer, 400, "InvalidRequest");
}

#[tokio::test]
async fn trap_length_mismatch_of_a_body_that_ends_early() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", "hello")
        .length(10)
        .signed_by(CLERK);
    client.send(&put.bytes()).await;
    stand.origin.until(|memory| !memory.seen.is_empty()).await;
    client.finish_sending().await;
    client.closed().await;
    let ended = stand.end().await;
    assert!(!ended.seen().whole);
    assert_eq!(ended.record()["ending"], "client_aborted");
}

#[tokio::test]
async fn trap_length_mismatch_of_bytes_after_the_body() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", "hello").hash(UNSIGNED);
    let second = Request::get("/lake-1/other").signed_by(CLERK).bytes();
    let bytes = [put.signed_by(CLERK).bytes(), second].concat();
    client.send(&bytes).await;
    assert_eq!(client.answer("PUT").await.status, 200);
    client.closed().await;
    let ended = stand.end().await;
    assert_eq!(ended.seen().body, b"hello");
    assert_eq!(ended.record()["key_name"], "key");
}

#[tokio::test]
async fn trap_length_mismatch_leaves_a_connection_usable_when_the_body_was_read() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", "hello").header("Content-MD5", base64(&[0; 16]));
    client.send(&put.signed_by(CLERK).bytes()).await;
    let answer = client.answer("PUT").await;
    assert_eq!(
        answer.header("connection"),
        Some("keep-alive"),
        "{answer:?}"
    );
    client
        .send(&Request::get("/lake-1/key").signed_by(CLERK).bytes())
        .await;
    assert_eq!(client.answer("GET").await.status, 200);
    let ended = stand.end().await;
    // A body that was there whole is verified before anybody hears of it.
    assert_eq!(ended.origin.seen.len(), 1);
    assert!(ended.origin.seen[0].line().starts_with("GET "));
    assert_eq!(ended.records.len(), 2);
}

#[tokio::test]
async fn trap_length_mismatch_of_a_body_without_length() {
    let stand = Stand::start().await;
    let put = Request::put("/lake-1/key", "").no_length();
    let answer = stand.ask(&put.signed_by(CLERK)).await;
    stand
        .end()
        .await
        .refused(&answer, 411, "MissingContentLength");
}

#[tokio::test]
async fn frames_may_come_in_http_chunks() {
    let stand = Setup::default().profile("ceph").start().await;
    let mut client = stand.connect().await;
    for _ in 0..2 {
        let put = framed_put("/lake-1/key", &big(), big().len(), &trailer(&big()))
            .no_length()
            .header("Transfer-Encoding", "chunked");
        let put = put.signed_by(CLERK);
        let body = &put.bytes()[put.head().len()..];
        client.send(&put.head()).await;
        for piece in body.chunks(70_000) {
            client
                .send(format!("{:x}\r\n", piece.len()).as_bytes())
                .await;
            client.send(piece).await;
            client.send(b"\r\n").await;
        }
        client.send(b"0\r\n\r\n").await;
        assert_eq!(client.answer("PUT").await.status, 200);
    }
    let ended = stand.end().await;
    assert_eq!(ended.records.len(), 2);
    for seen in &ended.origin.seen {
        assert!(seen.whole && seen.body == big(), "{}", seen.head);
    }
}

/// What comes in HTTP chunks must come in chunks that are right; where such a body ends is anybody's guess.
async fn check_http_chunks(chunks: &str) {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let put = framed_put("/lake-1/key", b"hello", 5, &trailer(b"hello"))
        .no_length()
        .header("Transfer-Encoding", "chunked")
        .signed_by(CLERK);
    let second = Request::get("/lake-1/smuggled").signed_by(CLERK).bytes();
    client
        .send(&[&put.head(), chunks.as_bytes(), &second].concat())
        .await;
    let answer = client.answer("PUT").await;
    assert_eq!(answer.header("connection"), Some("close"), "{chunks:?}");
    client.closed().await;
    let ended = stand.end().await;
    ended.refused(&answer, 400, "BadRequest");
    assert_eq!(ended.record()["ending"], "body_refused", "{chunks:?}");
}

#[tokio::test]
async fn t14_http_chunks_that_are_wrong() {
    for chunks in [
        "zz\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5;\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "ffffffffffffffff\r\n",
    ] {
        check_http_chunks(chunks).await;
    }
}

fn delete_document(size: usize) -> (String, Vec<String>) {
    let mut keys = Vec::new();
    let mut objects = String::new();
    let length = 70.max(size / 950);
    while objects.len() + 100 < size || keys.is_empty() {
        let side = if keys.len() % 2 == 0 { "open" } else { "shut" };
        let key = format!("{side}/{:0>length$}", keys.len());
        objects += &format!("<Object><Key>{key}</Key></Object>");
        keys.push(key);
    }
    (format!("<Delete>{objects}</Delete>"), keys)
}

/// Only `open/` may be deleted.
const HALF: &str = r#"{ "Version": "2012-10-17", "Statement": [
    { "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::lake-1/shut/*" }
] }"#;

#[tokio::test]
async fn trap_read_body_then_forward() {
    for size in [10, 60_000, 66_000, 300_000] {
        for piece in [usize::MAX, 1_000] {
            delete(size, piece).await;
        }
    }
}

async fn delete(size: usize, piece: usize) {
    let stand = Setup::default().policy("lake-1", HALF).start().await;
    let (document, keys) = delete_document(size);
    let deleted: String = keys
        .iter()
        .filter(|key| key.starts_with("open"))
        .map(|key| format!("<Deleted><Key>{key}</Key></Deleted>"))
        .collect();
    let result = format!("<DeleteResult>{deleted}</DeleteResult>");
    stand.origin.will(Script::say(answer("200 OK", "", result)));
    let post = Request::new("POST", "/lake-1?delete")
        .header(
            "x-amz-checksum-sha256",
            base64(&sha256(document.as_bytes())),
        )
        .body(document);
    let mut client = stand.connect().await;
    let bytes = post.signed_by(OWNER).bytes();
    client.dribble(&bytes, piece).await;
    let answer = client.answer("POST").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let ended = stand.end().await;
    let seen = ended.seen();
    let sent = String::from_utf8(seen.body.clone()).unwrap();
    for key in &keys {
        let allowed = key.starts_with("open");
        assert_eq!(sent.contains(&format!("<Key>{key}</Key>")), allowed);
        let element = if allowed { "Deleted" } else { "Error" };
        assert!(
            answer
                .text()
                .contains(&format!("<{element}><Key>{key}</Key>"))
        );
    }
    assert_eq!(
        seen.header("x-amz-checksum-sha256").unwrap(),
        base64(&sha256(&seen.body))
    );
    assert_eq!(
        ended.record()["deleted"].as_array().unwrap().len(),
        keys.len()
    );
}

#[tokio::test]
async fn trap_read_body_then_forward_sends_nothing_when_no_key_is_allowed() {
    let stand = Setup::default().policy("lake-1", HALF).start().await;
    let document = "<Delete><Object><Key>shut/a</Key></Object></Delete>";
    let post = Request::new("POST", "/lake-1?delete")
        .header(
            "x-amz-checksum-sha256",
            base64(&sha256(document.as_bytes())),
        )
        .body(document);
    let answer = stand.ask(&post.signed_by(OWNER)).await;
    assert_eq!((answer.status, &*answer.code()), (200, "AccessDenied"));
    let ended = stand.end().await;
    assert_eq!(ended.origin.opened, 0);
    assert_eq!(ended.record()["deleted"][0]["error_code"], "AccessDenied");
}

#[tokio::test]
async fn trap_read_body_then_forward_checks_the_document_first() {
    let document = "<Delete><Object><Key>a</Key></Object></Delete>";
    let post = |hash: &[u8]| {
        Request::new("POST", "/lake-1?delete")
            .header("x-amz-checksum-sha256", base64(&sha256(hash)))
            .body(document)
            .signed_by(OWNER)
    };
    let stand = Stand::start().await;
    let answer = stand.ask(&post(b"other")).await;
    stand.end().await.refused(&answer, 400, "BadDigest");
}
