//! Heads that are read in more than one way end at the front: with an S3 error, a record, and a closed connection.

use super::request::{CLERK, OWNER, PARTNER, Request, UNSIGNED};
use super::stand::{Setup, Stand, UPSTREAM};

/// Sends raw bytes: refused with 400 and closed, recorded once, and nobody else hears of it.
async fn check_refused(bytes: &[u8], status: u16, code: &str) {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    client.send(bytes).await;
    let shown = String::from_utf8_lossy(bytes).into_owned();
    let method = if bytes.starts_with(b"HEAD") {
        "HEAD"
    } else {
        "GET"
    };
    let answer = client.answer(method).await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (status, code),
        "{shown:?} {answer:?}"
    );
    assert_eq!(answer.header("connection"), Some("close"), "{shown:?}");
    assert_eq!(
        answer.element("RequestId"),
        answer.header("x-amz-request-id").unwrap()
    );
    client.closed().await;
    let ended = stand.end().await;
    ended.refused(&answer, status, code);
    assert_eq!(ended.record()["ending"], "front_refused", "{shown:?}");
}

/// A second request that must not be born.
const SMUGGLED: &str = "GET /lake-1/smuggled HTTP/1.1\r\nHost: s3.test\r\n\r\n";

#[tokio::test]
async fn t39_framing_that_is_read_in_two_ways() {
    let head = "PUT /lake-1/key HTTP/1.1\r\nHost: s3.test\r\n";
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: chunked\r\n x: y\r\n",
        "x-a: b\r\n\tc\r\n",
        "x-a: b\nContent-Length: 5\r\n",
        "x-a: b\rc\r\n",
        "x-a: b\0c\r\n",
        "no colon\r\n",
        "Upgrade: h2c\r\n",
        "Connection: upgrade, HTTP2-Settings\r\n",
        "Connection: x-amz-date\r\n",
        "Host: other\r\n",
    ] {
        check_refused(
            format!("{head}{fields}\r\n{SMUGGLED}").as_bytes(),
            400,
            "BadRequest",
        )
        .await;
    }
}

#[tokio::test]
async fn t39_request_lines_that_are_none() {
    for line in [
        "GET /lake-1/key",
        "GET  /lake-1/key HTTP/1.1",
        "GET /lake-1/key HTTP/1.1 x",
        "GET /lake-1/key HTTP/2.0",
        "GET /lake-1/key HTTP/0.9",
        "CONNECT s3.test:443 HTTP/1.1",
        "TRACE /lake-1/key HTTP/1.1",
        "GET http://s3.test/lake-1/key HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET /lake-1/key#x HTTP/1.1",
    ] {
        let head = format!("{line}\r\nHost: s3.test\r\n\r\n");
        check_refused(head.as_bytes(), 400, "BadRequest").await;
    }
    check_refused(
        b"PUT /k HTTP/1.0\r\nHost: s3.test\r\nTransfer-Encoding: chunked\r\n\r\n",
        400,
        "BadRequest",
    )
    .await;
    check_refused(b"GET /lake-1/key HTTP/1.1\r\n\r\n", 400, "BadRequest").await;
    check_refused(
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        400,
        "BadRequest",
    )
    .await;
}

#[tokio::test]
async fn trap_parse_failures_are_recorded() {
    let long = format!(
        "GET /lake-1/key HTTP/1.1\r\nHost: s3.test\r\nx-a: {}\r\n\r\n",
        "a".repeat(20_000)
    );
    check_refused(long.as_bytes(), 400, "RequestHeaderSectionTooLarge").await;
    let stand = Setup::default()
        .with("limits: { header_timeout: 200ms }")
        .start()
        .await;
    let mut client = stand.connect().await;
    client.send(b"GET /lake-1/key HTTP/1.1\r\nHost: s3").await;
    let answer = client.answer("GET").await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (400, "RequestTimeout"),
        "{answer:?}"
    );
    client.closed().await;
    let ended = stand.end().await;
    ended.refused(&answer, 400, "RequestTimeout");
    assert_eq!(ended.record()["request_uri"], "GET /lake-1/key HTTP/1.1");
}

#[tokio::test]
async fn trap_parse_failures_are_recorded_of_head_without_body() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    client
        .send(b"HEAD /k HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        .await;
    let answer = client.answer("HEAD").await;
    assert_eq!(answer.status, 400);
    client.closed().await;
    stand.end().await.recorded(&answer, 400, "BadRequest");
}

#[tokio::test]
async fn trap_parse_failures_are_recorded_beyond_the_front_too() {
    for (target, status, code) in [
        ("/lake-1/%zz", 400, "InvalidURI"),
        ("/lake-1/a%00b", 400, "InvalidURI"),
        ("/LAKE/key", 400, "InvalidBucketName"),
        ("/lake-1/key?unknown-query", 501, "NotImplemented"),
    ] {
        let stand = Stand::start().await;
        let answer = stand.ask(&Request::get(target).signed_by(OWNER)).await;
        stand.end().await.refused(&answer, status, code);
    }
}

#[tokio::test]
async fn t39_a_second_request_is_dropped_with_the_connection() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let get = Request::get("/lake-1/key").signed_by(OWNER).bytes();
    client.send(&[&get[..], SMUGGLED.as_bytes()].concat()).await;
    assert_eq!(client.answer("GET").await.status, 200);
    client.closed().await;
    let ended = stand.end().await;
    assert!(
        ended.seen().line().starts_with("GET /lake-1/key "),
        "{}",
        ended.seen().head
    );
    ended.record();
}

#[tokio::test]
async fn t39_a_body_of_get_is_no_second_request() {
    let stand = Stand::start().await;
    let answer = stand
        .ask(&Request::get("/lake-1/key").body(SMUGGLED).signed_by(OWNER))
        .await;
    let code = answer.code();
    stand.end().await.refused(&answer, 400, &code);
}

#[tokio::test]
async fn t40_an_early_refusal_reaches_a_client_that_still_sends() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", vec![b'a'; 700_000]).signed_by(PARTNER);
    client.try_send(&put.bytes()).await;
    let answer = client.answer("PUT").await;
    assert_eq!(answer.header("connection"), Some("close"));
    client.closed().await;
    stand.end().await.refused(&answer, 403, "AccessDenied");
}

/// What a refused client goes on sending is read for a while, so that it sees its answer, and not for ever.
#[tokio::test]
async fn t40_a_refused_client_that_goes_on_sending_is_cut_off() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", "").hash(UNSIGNED);
    client
        .send(&put.length(4 << 30).signed_by(PARTNER).head())
        .await;
    let answer = client.answer("PUT").await;
    let piece = vec![b'a'; 64 * 1024];
    let mut taken = 0;
    while client.is_sent(&piece).await {
        taken += piece.len();
        // What the gateway reads, and what the sockets between hold.
        assert!(taken < 32 << 20, "{taken} bytes were taken");
    }
    stand.end().await.refused(&answer, 403, "AccessDenied");
}

#[tokio::test]
async fn t40_a_refusal_without_a_body_leaves_the_connection_intact() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    client
        .send(&Request::get("/lake-1/key").signed_by(PARTNER).bytes())
        .await;
    assert_eq!(client.answer("GET").await.status, 403);
    client
        .send(&Request::get("/lake-1/key").signed_by(CLERK).bytes())
        .await;
    assert_eq!(client.answer("GET").await.status, 200);
    let ended = stand.end().await;
    assert_eq!(ended.records.len(), 2);
    assert_eq!(ended.records[1]["access_key_id"], CLERK.id);
    ended.seen();
}

#[tokio::test]
async fn t41_hop_by_hop_and_internal_headers_stay_here() {
    let stand = Stand::start().await;
    let dropped = [
        ("Connection", "keep-alive"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"),
        ("Proxy-Authorization", "Basic Y2FuYXJ5"),
        ("TE", "trailers"),
        ("Cookie", "a=b"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("Forwarded", "for=203.0.113.9"),
        ("X-Real-IP", "203.0.113.9"),
        ("x-goog-acl", "public-read"),
        ("x-minio-force-delete", "true"),
        ("x-rgw-object-type", "x"),
        ("x-portcullis-principal", "root"),
    ];
    let mut request = Request::get("/lake-1/key").signed_by(OWNER);
    for (name, value) in dropped {
        request = request.header(name, value);
    }
    let answer = stand.ask(&request).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let ended = stand.end().await;
    let seen = ended.seen();
    for (name, _) in dropped {
        assert!(
            seen.header(name).is_none() || name == "Connection",
            "{}",
            seen.head
        );
    }
    assert!(!seen.head.contains(OWNER.id), "{}", seen.head);
    assert_eq!(
        seen.head.to_lowercase().matches("authorization:").count(),
        1
    );
    assert!(seen.header("authorization").unwrap().contains(UPSTREAM.id));
    assert_eq!(
        seen.header("host").unwrap(),
        format!("127.0.0.1:{}", ended.port)
    );
}
