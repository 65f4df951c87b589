//! `Expect: 100-continue`: a refusal comes before the body, and the gateway itself asks for it otherwise.

use super::request::{CLERK, PARTNER, Request, UNSIGNED, base64, framed_put, sha256};
use super::stand::Stand;

#[tokio::test]
async fn trap_expect_100_continue_is_answered_by_the_gateway_and_the_connection_stays() {
    let stand = Stand::start().await;
    let put = Request::put("/lake-1/key", "hello")
        .header("Expect", "100-continue")
        .signed_by(CLERK);
    let mut client = stand.connect().await;
    for _ in 0..2 {
        client.send(&put.head()).await;
        assert_eq!(client.head().await.status, 100);
        client.send(b"hello").await;
        let answer = client.answer("PUT").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("connection"), Some("keep-alive"));
    }
    let ended = stand.end().await;
    assert_eq!(ended.records.len(), 2, "{}", ended.lines);
    assert_eq!(ended.origin.seen.len(), 2);
    for seen in &ended.origin.seen {
        assert_eq!((seen.header("expect"), &*seen.body), (None, &b"hello"[..]));
        assert!(seen.whole);
    }
}

#[tokio::test]
async fn trap_expect_100_continue_is_refused_before_the_body() {
    let stand = Stand::start().await;
    let put = Request::put("/lake-1/key", "hello")
        .header("Expect", "100-continue")
        .signed_by(PARTNER);
    let mut client = stand.connect().await;
    client.send(&put.head()).await;
    let answer = client.answer("PUT").await;
    // Whether the body follows is the client's choice, so the connection cannot be used again.
    assert_eq!(answer.header("connection"), Some("close"));
    client.closed().await;
    stand.end().await.refused(&answer, 403, "AccessDenied");
}

/// Whatever the head alone shows to be wrong is said before the body is asked for.
#[tokio::test]
async fn trap_expect_100_continue_is_refused_for_all_that_the_head_shows() {
    let put = || Request::put("/lake-1/key", "hello").hash(UNSIGNED);
    let trailer = framed_put("/lake-1/key", b"hello", 5, "");
    for (request, status, code) in [
        (put().header("Content-MD5", "hello"), 400, "InvalidDigest"),
        (
            put().header("x-amz-checksum-crc32", "hello"),
            400,
            "InvalidRequest",
        ),
        (put().hash("no hash"), 400, "InvalidArgument"),
        (
            put().hash("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"),
            501,
            "NotImplemented",
        ),
        (put().length(6 << 30), 400, "EntityTooLarge"),
        (
            put().hash("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            411,
            "MissingContentLength",
        ),
        (
            trailer.header("x-amz-checksum-sha256", base64(&sha256(b"hello"))),
            400,
            "InvalidRequest",
        ),
        (
            put().header("x-amz-no-such-thing", "x"),
            501,
            "NotImplemented",
        ),
    ] {
        let stand = Stand::start().await;
        let mut client = stand.connect().await;
        let request = request.header("Expect", "100-continue").signed_by(CLERK);
        client.send(&request.head()).await;
        let answer = client.answer("PUT").await;
        client.closed().await;
        stand.end().await.refused(&answer, status, code);
    }
}

#[tokio::test]
async fn trap_expect_100_continue_of_a_body_that_is_on_its_way_already() {
    let stand = Stand::start().await;
    let put = Request::put("/lake-1/key", "hello")
        .header("Expect", "100-continue")
        .signed_by(CLERK);
    let mut client = stand.connect().await;
    client.send(&put.bytes()).await;
    let mut answer = client.answer("PUT").await;
    if answer.status == 100 {
        answer = client.answer("PUT").await;
    }
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(stand.end().await.seen().body, b"hello");
}
