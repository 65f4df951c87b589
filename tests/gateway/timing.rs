//! When an upstream speaks: early, late, or more than it was asked.

use super::origin::{Gate, Script, answer, error};
use super::request::{CLERK, OWNER, Request};
use super::stand::{Setup, Stand};
use super::upstream::{names_nothing, requests};
use tokio::net::TcpListener;

#[tokio::test]
async fn t43_bytes_after_an_answer_belong_to_nobody() {
    let stand = Stand::start().await;
    let twice = [
        answer("200 OK", "", "mine"),
        answer("200 OK", "", "smuggled"),
    ]
    .concat();
    stand.origin.will(Script::say(twice));
    stand
        .origin
        .will(Script::say(answer("200 OK", "", "yours")));
    let mut client = stand.connect().await;
    for expected in ["mine", "yours"] {
        client
            .send(&Request::get("/lake-1/key").signed_by(OWNER).bytes())
            .await;
        assert_eq!(client.answer("GET").await.text(), expected);
    }
    let connections: Vec<_> = stand
        .end()
        .await
        .origin
        .seen
        .iter()
        .map(|seen| seen.connection)
        .collect();
    assert_eq!(connections, [0, 1]);
}

#[tokio::test]
async fn t43_nobody_listens() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let other = format!(
        "  gone:\n    profile: aws\n    addressing: path\n    region: eu-west-1\n    endpoint: \"http://127.0.0.1:{port}\"\n\
         \x20   owner_account: \"111122223333\"\n    buckets: [\"gone-*\"]\n    credentials: anonymous"
    );
    let stand = Setup::default().with(&other).start().await;
    let answer = stand
        .ask(&Request::get("/gone-1/key").signed_by(OWNER))
        .await;
    names_nothing(&answer);
    let ended = stand.end().await;
    ended.refused(&answer, 503, "ServiceUnavailable");
    assert_eq!(ended.record()["upstream"]["error"], "connect");
}

/// A body that is too long for any socket's buffers.
fn endless() -> (Request, Vec<u8>) {
    let put = Request::put("/lake-1/key", "").length(64 << 20);
    let put = put.hash("UNSIGNED-PAYLOAD").signed_by(CLERK);
    (put, vec![b'a'; 1 << 20])
}

#[tokio::test]
async fn t43_an_early_error_is_relayed_while_the_body_is_sent() {
    let stand = Stand::start().await;
    stand
        .origin
        .will(Script::early(error("400 Bad Request", "EntityTooLarge")));
    let (put, piece) = endless();
    let mut client = stand.connect().await;
    client.send(&put.head()).await;
    client.send(&piece).await;
    let answer = client.answer("PUT").await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (400, "EntityTooLarge"),
        "{answer:?}"
    );
    assert_eq!(answer.header("connection"), Some("close"));
    // A request on the same connection would be read as the rest of that body.
    let other = stand
        .ask(&Request::get("/lake-1/key").signed_by(CLERK))
        .await;
    assert_eq!(other.status, 200);
    let ended = stand.end().await;
    assert_eq!(ended.origin.seen.len(), 2);
    assert_eq!(ended.origin.seen[1].connection, 1);
    assert!(!ended.origin.seen[0].whole);
}

#[tokio::test]
async fn t43_an_early_success_is_a_lie() {
    let stand = Stand::start().await;
    stand
        .origin
        .will(Script::early(answer("200 OK", "ETag: \"e\"\r\n", "")));
    let (put, piece) = endless();
    let mut client = stand.connect().await;
    client.send(&put.head()).await;
    client.send(&piece).await;
    let answer = client.answer("PUT").await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (503, "ServiceUnavailable"),
        "{answer:?}"
    );
    stand
        .end()
        .await
        .body_refused(&answer, 503, "ServiceUnavailable");
}

#[tokio::test]
async fn t43_an_upstream_that_waits_for_a_slow_client_is_not_late() {
    let stand = Setup::default()
        .upstream("timeouts: { read: 150ms }")
        .start()
        .await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", "hello").signed_by(CLERK);
    client.send(&put.head()).await;
    client.send(b"hel").await;
    stand
        .origin
        .until(|memory| memory.seen.iter().any(|seen| seen.body == b"hel"))
        .await;
    // The client takes its time, as it may.
    let gate = tokio::time::sleep(std::time::Duration::from_millis(400));
    gate.await;
    client.send(b"lo").await;
    assert_eq!(client.answer("PUT").await.status, 200);
    assert!(stand.end().await.seen().whole);
}

#[tokio::test]
async fn t43_an_answer_may_take_its_time_between_its_bytes() {
    let stand = Stand::start().await;
    let gate = Gate::new();
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
    stand
        .origin
        .will(Script::say(head).wait(&gate).then("world"));
    let mut client = stand.connect().await;
    client.send(&requests()[0].bytes()).await;
    // What is there is passed on without waiting for the rest.
    assert_eq!(client.head().await.status, 200);
    assert_eq!(client.take(5).await, b"hello");
    gate.open();
    assert_eq!(client.take(5).await, b"world");
    stand.end().await;
}

#[tokio::test]
async fn t43_a_body_where_none_may_be_belongs_to_nobody() {
    let body = answer("200 OK", "", "smuggled");
    for (method, head) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("DELETE", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\n\r\n"),
    ] {
        let stand = Stand::start().await;
        stand
            .origin
            .will(Script::say([head.as_bytes(), &body].concat()));
        stand
            .origin
            .will(Script::say(answer("200 OK", "", "yours")));
        let mut client = stand.connect().await;
        client
            .send(&Request::new(method, "/lake-1/key").signed_by(OWNER).bytes())
            .await;
        client.answer(method).await;
        client
            .send(&Request::get("/lake-1/key").signed_by(OWNER).bytes())
            .await;
        assert_eq!(client.answer("GET").await.text(), "yours", "{method}");
        assert_eq!(stand.end().await.origin.opened, 2);
    }
}

#[tokio::test]
async fn t43_an_upstream_that_takes_no_more_of_a_body() {
    let setup = Setup::default().upstream("timeouts: { read: 200ms, write: 200ms }");
    let stand = setup.start().await;
    let gate = Gate::new();
    stand.origin.will(Script::early("").wait(&gate).close());
    let (put, piece) = endless();
    let mut client = stand.connect().await;
    client.send(&put.head()).await;
    let sending = tokio::spawn(async move {
        for _ in 0..64 {
            client.try_send(&piece).await;
        }
    });
    sending.await.unwrap();
    gate.open();
    let ended = stand.end().await;
    assert!(!ended.seen().whole);
    let record = ended.record();
    assert_eq!(record["upstream"]["error"], "timeout", "{record:#}");
    assert_eq!(record["http_status"], 503);
}

#[tokio::test]
async fn an_upstream_that_closes_is_not_asked_twice_on_one_connection() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    for _ in 0..2 {
        stand.origin.will(Script::say(answer(
            "200 OK",
            "Connection: close\r\n",
            "hello",
        )));
        client.send(&requests()[0].bytes()).await;
        let answer = client.answer("GET").await;
        assert_eq!(
            (answer.header("connection"), &*answer.text()),
            (Some("keep-alive"), "hello")
        );
    }
    let ended = stand.end().await;
    assert_eq!(ended.origin.opened, 2);
    assert_eq!(ended.records[1]["upstream"]["attempts"], 1);
}

#[tokio::test]
async fn connections_to_the_upstream_are_shared_by_clients() {
    let stand = Stand::start().await;
    for _ in 0..5 {
        for request in requests() {
            assert_eq!(stand.ask(&request).await.status, 200);
        }
        let list = Request::get("/lake-1?list-type=2").signed_by(OWNER);
        let listing = answer("200 OK", "", "<ListBucketResult/>");
        stand.origin.will(Script::say(listing));
        assert_eq!(stand.ask(&list).await.status, 200);
    }
    assert!(stand.end().await.origin.opened < 10);
}
