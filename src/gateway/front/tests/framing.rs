//! T39 to T41 over a socket: refused, recorded, closed, and never seen by the app.

use super::*;
use crate::gateway::front::head::tests::{ALLOWED, REFUSED};

const SMUGGLED: &[u8] = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn t39_a_refused_head_is_answered_recorded_and_closed() {
    for (name, head, refusal) in REFUSED {
        let stand = Stand::new(Limits::default()).await;
        let mut client = stand.connect().await;
        let answered = client.ask(&[head, SMUGGLED].concat()).await;
        assert_eq!(answered.status, 400, "{name}");
        assert_eq!(answered.body, refusal.to_string().as_bytes(), "{name}");
        client.closed().await;
        assert_eq!(stand.book.refusals(), [*refusal], "{name}");
        assert_eq!(stand.app.served(), 0, "{name}");
    }
}

#[tokio::test]
async fn the_nearest_sound_heads_are_served() {
    for (name, head) in ALLOWED {
        let stand = Stand::new(Limits::default()).await;
        let mut client = stand.connect().await;
        assert_eq!(client.ask(head).await.status, 200, "{name}");
        assert_eq!(stand.book.refusals(), [], "{name}");
        assert_eq!(stand.app.served(), 1, "{name}");
    }
}

#[tokio::test]
async fn t39_a_refusal_on_a_kept_connection_ends_it() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    assert_eq!(client.ask(GET).await.status, 200);
    assert_eq!(client.ask(b"GET /b HTTP/1.1\r\n\r\n").await.status, 400);
    client.closed().await;
    assert_eq!(stand.book.refusals(), [Refusal::HostMissing]);
    assert_eq!(stand.app.served(), 1);
}

#[tokio::test]
async fn trap_parse_failures_are_recorded() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client
        .ask(b"PUT /b/k HTTP/1.1\r\nHost: s3.example\r\nUser-Agent: x y\r\nContent-Length: +5\r\n\r\n")
        .await;
    client.closed().await;
    let told = stand.book.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].refusal, Refusal::LengthMalformed);
    assert_eq!(told[0].method.as_deref(), Some("PUT"));
    assert_eq!(told[0].target.as_deref(), Some("/b/k"));
    assert_eq!(told[0].host.as_deref(), Some("s3.example"));
    assert_eq!(told[0].user_agent.as_deref(), Some("x y"));
}

/// `first` and a second request, sent at once: the first is answered, the second is not.
async fn pipelined(first: &[u8]) {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    assert_eq!(client.ask(&[first, SMUGGLED].concat()).await.status, 200);
    client.closed().await;
    assert_eq!(stand.app.served(), 1);
}

#[tokio::test]
async fn trap_pipelined_request_is_not_served() {
    pipelined(GET).await;
    pipelined(b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").await;
    pipelined(b"PUT /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").await;
    let chunked = b"PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    pipelined(chunked).await;
}

#[tokio::test]
async fn t39_a_pipelined_request_beyond_the_parsers_buffer_is_not_served() {
    let filler = "b".repeat(3_500);
    pipelined(format!("GET /ok HTTP/1.1\r\nHost: a\r\na: {filler}\r\n\r\n").as_bytes()).await;
    let filler = "b".repeat(4_500);
    pipelined(format!("GET /ok HTTP/1.1\r\nHost: a\r\na: {filler}\r\n\r\n").as_bytes()).await;
}

#[tokio::test]
async fn t39_a_body_shorter_than_announced_takes_the_next_request_as_body() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    let length = SMUGGLED.len();
    let first = format!("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    let answered = client.ask(&[first.as_bytes(), SMUGGLED].concat()).await;
    assert_eq!(answered.body, SMUGGLED);
    assert_eq!(client.ask(GET).await.status, 200);
    assert_eq!(stand.app.served(), 2);
}

#[tokio::test]
async fn t40_an_early_refusal_reaches_a_client_that_still_sends() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client
        .send(b"PUT /deny HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n")
        .await;
    client.send(&vec![b'0'; 600_000]).await;
    let answered = client.answer().await;
    assert_eq!(answered.status, 403);
    assert!(
        answered.head.contains("connection: close"),
        "{}",
        answered.head
    );
    client.closed().await;
    assert_eq!(stand.app.served(), 1);
}

#[tokio::test]
async fn an_oversize_head_is_refused_and_its_neighbour_served() {
    let of = |length: usize| {
        let start = "GET /ok HTTP/1.1\r\nHost: a\r\na: ";
        let filler = "b".repeat(length - start.len() - 4);
        format!("{start}{filler}\r\n\r\n")
    };
    let stand = Stand::new(Limits::default()).await;
    assert_eq!(
        stand
            .connect()
            .await
            .ask(of(16 * 1024).as_bytes())
            .await
            .status,
        200
    );
    let answered = stand
        .connect()
        .await
        .ask(of(16 * 1024 + 1).as_bytes())
        .await;
    assert_eq!(answered.status, 400);
    assert_eq!(answered.body, b"the request head is too large");
    let answered = stand.connect().await.ask(of(1024 * 1024).as_bytes()).await;
    assert_eq!(answered.body, b"the request head is too large");
    assert_eq!(
        stand.book.refusals(),
        [Refusal::TooLarge, Refusal::TooLarge]
    );
    assert_eq!(stand.app.served(), 1);
}
