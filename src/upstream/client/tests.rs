//! Against servers that say exactly these bytes.

use super::*;
use crate::upstream::testing::Caller;
use http::Method;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server whose connections each answer with these texts, one a request, and are then closed.
async fn server(connections: Vec<Vec<&'static str>>) -> (Caller, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        for answers in connections {
            let (mut stream, _) = listener.accept().await.unwrap();
            for answer in answers {
                read_request(&mut stream).await;
                seen.fetch_add(1, Ordering::SeqCst);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    });
    (Caller::new(port, ("id", "secret")), requests)
}

/// Reads a head and as much body as it announces.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "the client stopped within a request");
        text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
}

async fn get(caller: &Caller) -> Result<UpstreamAnswer, UpstreamError> {
    caller
        .try_call(Method::GET, ("bucket", "key"), "", &[], b"")
        .await
}

#[tokio::test]
async fn an_answer_is_read_whole() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-amz-request-id: 7\r\n\r\n\
                   3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
    let (caller, _) = server(vec![vec![chunked]]).await;
    let answer = get(&caller).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, "abcdefg");
    assert_eq!(answer.headers.get("x-amz-request-id").unwrap(), "7");
}

#[tokio::test]
async fn interim_answers_are_skipped() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
    let (caller, _) = server(vec![vec![answer]]).await;
    assert_eq!(get(&caller).await.unwrap().status, 204);
}

#[tokio::test]
async fn t43_endless_interim_answers_are_given_up() {
    let flood: &'static str = "HTTP/1.1 100 Continue\r\n\r\n".repeat(50).leak();
    let (caller, _) = server(vec![vec![flood]]).await;
    assert!(matches!(get(&caller).await, Err(UpstreamError::Broken(_))));
}

#[tokio::test]
async fn connections_are_used_again() {
    let (caller, requests) = server(vec![vec![OK, OK, OK]]).await;
    for _ in 0..3 {
        assert_eq!(get(&caller).await.unwrap().body, "ok");
    }
    assert_eq!(requests.load(Ordering::SeqCst), 3);
}

/// A server that closes its first connection when the second request arrives on it.
async fn closing_server() -> Caller {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        read_request(&mut first).await;
        first.write_all(OK.as_bytes()).await.unwrap();
        read_request(&mut first).await;
        drop(first);
        let (mut second, _) = listener.accept().await.unwrap();
        read_request(&mut second).await;
        second.write_all(OK.as_bytes()).await.unwrap();
    });
    Caller::new(port, ("id", "secret"))
}

#[tokio::test]
async fn a_safe_request_survives_a_stale_connection() {
    for method in [Method::GET, Method::HEAD] {
        let caller = closing_server().await;
        get(&caller).await.unwrap();
        let again = caller
            .try_call(method, ("bucket", "key"), "", &[], b"")
            .await;
        assert_eq!(again.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_request_that_changes_something_is_sent_only_once() {
    for method in [Method::PUT, Method::POST, Method::DELETE] {
        let caller = closing_server().await;
        get(&caller).await.unwrap();
        let again = caller
            .try_call(method, ("bucket", "key"), "", &[], b"")
            .await;
        assert!(matches!(again, Err(UpstreamError::Broken(_))));
    }
}

#[tokio::test]
async fn a_new_connection_that_breaks_is_not_tried_again() {
    let (caller, requests) = server(vec![vec![""], vec![OK]]).await;
    assert!(matches!(get(&caller).await, Err(UpstreamError::Broken(_))));
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn t43_a_short_body_is_an_error() {
    let (caller, _) = server(vec![vec![
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
    ]])
    .await;
    assert!(matches!(get(&caller).await, Err(UpstreamError::Broken(_))));
}

#[tokio::test]
async fn an_answer_over_the_limit_is_an_error() {
    let (caller, _) = server(vec![vec![OK], vec![OK]]).await;
    let headers = HeaderMap::new();
    let request = UpstreamRequest {
        method: &Method::GET,
        bucket: "bucket",
        key: "key",
        query: "",
        headers: &headers,
        body: Body::Empty,
    };
    let now = crate::upstream::testing::now();
    for (limit, fits) in [(2, true), (1, false)] {
        let (client, upstream) = (&caller.client, &caller.upstream);
        let answer = client
            .call(upstream, &request, Bytes::new(), limit, now)
            .await;
        assert_eq!(answer.is_ok(), fits, "{limit}");
    }
}

#[tokio::test]
async fn an_early_refusal_is_heard_though_the_body_was_not_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let refusal = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(refusal.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });
    let caller = Caller::new(port, ("id", "secret"));
    let body = vec![0; 1024 * 1024];
    let answer = caller
        .call(Method::PUT, ("bucket", "key"), "", &[], &body)
        .await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let caller = Caller::new(port, ("id", "secret"));
    assert!(matches!(get(&caller).await, Err(UpstreamError::Connect(_))));
}

#[test]
fn a_rewritten_document_gets_a_checksum_of_its_own() {
    let headers = crate::upstream::testing::headers(&[
        ("content-md5", "stale"),
        ("x-amz-sdk-checksum-algorithm", "CRC32"),
        ("x-amz-checksum-crc32", "stale"),
        ("content-type", "application/xml"),
    ]);
    let headers = checksummed(&headers, b"abc");
    assert_eq!(headers.len(), 2);
    assert_eq!(headers.get("content-type").unwrap(), "application/xml");
    let sum = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    assert_eq!(headers.get("x-amz-checksum-sha256").unwrap(), sum);
}
