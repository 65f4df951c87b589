//! Clients that go away or stall, and a gateway that stops: one record each, with its ending.

use super::origin::{Gate, Script, answer};
use super::request::{OWNER, Request, framed_put};
use super::stand::{Ended, Setup, Stand};
use std::time::Duration;

fn get() -> Vec<u8> {
    Request::get("/lake-1/key").signed_by(OWNER).bytes()
}

/// Five bytes, and the promise of more.
const HALF: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";

#[track_caller]
fn aborted(ended: &Ended) {
    assert_eq!(
        ended.record()["ending"],
        "client_aborted",
        "{}",
        ended.lines
    );
}

#[tokio::test]
async fn a_client_that_leaves_while_the_origin_is_silent() {
    let stand = Stand::start().await;
    stand.origin.will(Script::say(HALF).hang());
    let mut client = stand.connect().await;
    client.send(&get()).await;
    client.head().await;
    drop(client);
    stand.origin.until(|memory| memory.closed == 1).await;
    let ended = stand.end().await;
    aborted(&ended);
    assert_eq!(ended.record()["http_status"], 200);
}

#[tokio::test]
async fn a_client_that_leaves_before_its_answer() {
    for (request, waits) in [
        (Request::get("/lake-1/key"), false),
        (Request::put("/lake-1/key", "hello"), true),
        (Request::new("DELETE", "/lake-1/key"), true),
    ] {
        let stand = Stand::start().await;
        let gate = Gate::new();
        stand.origin.will(
            Script::say("")
                .wait(&gate)
                .then(answer("200 OK", "", ""))
                .hang(),
        );
        let mut client = stand.connect().await;
        client.send(&request.signed_by(OWNER).bytes()).await;
        stand
            .origin
            .until(|memory| memory.seen.iter().any(|seen| seen.whole))
            .await;
        drop(client);
        if waits {
            gate.open();
        }
        // A read is given up; of a change the record says what became of it.
        let ended = stand.end().await;
        let record = ended.record();
        assert_eq!(
            record["upstream"].get("status").is_some(),
            waits,
            "{record:#}"
        );
        if !waits {
            aborted(&ended);
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_a_download() {
    let stand = Stand::start().await;
    let script = Script::say(answer("200 OK", "", vec![b'a'; 64 << 20]));
    stand.origin.will(script);
    let mut client = stand.connect().await;
    client.send(&get()).await;
    client.head().await;
    assert_eq!(client.take(1_000_000).await.len(), 1_000_000);
    drop(client);
    stand.origin.until(|memory| memory.closed == 1).await;
    let ended = stand.end().await;
    aborted(&ended);
    assert!(ended.record()["bytes_sent"].as_u64().unwrap() < 64 << 20);
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_an_upload() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", "hello")
        .length(10)
        .signed_by(OWNER);
    client.send(&put.bytes()).await;
    stand
        .origin
        .until(|memory| memory.seen.iter().any(|seen| seen.body == b"hello"))
        .await;
    drop(client);
    stand.origin.until(|memory| memory.closed == 1).await;
    let ended = stand.end().await;
    aborted(&ended);
    assert!(!ended.seen().whole);
    assert_eq!(ended.record()["bytes_received"], 5);
}

#[tokio::test]
async fn a_client_that_stops_sending_its_body() {
    let stand = Setup::default()
        .with("limits: { body_idle_timeout: 200ms }")
        .start()
        .await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", "hello")
        .length(10)
        .signed_by(OWNER);
    client.send(&put.bytes()).await;
    let answer = client.answer("PUT").await;
    assert_eq!(answer.header("connection"), Some("close"));
    client.closed().await;
    stand.origin.until(|memory| memory.closed == 1).await;
    let ended = stand.end().await;
    ended.body_refused(&answer, 400, "RequestTimeout");
    aborted(&ended);
}

/// Begins a body and then sends it byte by byte, each well in time after the one before, for as long as they are taken.
async fn trickle(put: Request, begun: &[u8]) {
    let stand = Setup::default()
        .with("limits: { body_idle_timeout: 200ms }")
        .start()
        .await;
    let mut client = stand.connect().await;
    client.send(&put.signed_by(OWNER).head()).await;
    client.send(begun).await;
    let head = loop {
        client.try_send(b"x").await;
        let pause = Duration::from_millis(20);
        if let Ok(head) = tokio::time::timeout(pause, client.head()).await {
            break head;
        }
    };
    let answer = client.rest("PUT", head).await;
    assert_eq!(answer.header("connection"), Some("close"));
    let ended = stand.end().await;
    ended.body_refused(&answer, 400, "RequestTimeout");
    aborted(&ended);
}

#[tokio::test]
async fn a_client_that_sends_its_body_byte_by_byte() {
    let put = Request::put("/lake-1/key", "").hash("UNSIGNED-PAYLOAD");
    trickle(put.length(5000), b"").await;
    let framed = framed_put("/lake-1/key", b"", 5000, "").no_length();
    let chunked = framed.header("Transfer-Encoding", "chunked");
    trickle(chunked, b"2000\r\n1388\r\n").await;
}

#[tokio::test]
async fn a_client_that_stops_sending_a_document() {
    let stand = Setup::default()
        .with("limits: { body_idle_timeout: 200ms }")
        .start()
        .await;
    let mut client = stand.connect().await;
    let post = Request::new("POST", "/lake-1?delete")
        .body("<Delete>")
        .length(500);
    client
        .send(
            &post
                .header("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==")
                .signed_by(OWNER)
                .bytes(),
        )
        .await;
    let answer = client.answer("POST").await;
    stand.end().await.refused(&answer, 400, "RequestTimeout");
}

#[tokio::test]
async fn a_client_that_stops_reading() {
    let stand = Setup::default()
        .with("limits: { body_idle_timeout: 200ms }")
        .start()
        .await;
    stand
        .origin
        .will(Script::say(answer("200 OK", "", vec![b'a'; 64 << 20])));
    let mut client = stand.connect().await;
    client.send(&get()).await;
    client.head().await;
    stand.origin.until(|memory| memory.closed == 1).await;
    let ended = stand.end().await;
    aborted(&ended);
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let stand = Setup::default()
        .with("limits: { idle_timeout: 200ms }")
        .start()
        .await;
    let mut client = stand.connect().await;
    client.send(&get()).await;
    assert_eq!(client.answer("GET").await.status, 200);
    client.closed().await;
    stand.end().await.record();
}

#[tokio::test]
async fn stopping_lets_a_download_finish_and_closes_what_is_idle() {
    let stand = Stand::start().await;
    let gate = Gate::new();
    let mut idle = stand.connect().await;
    idle.send(&get()).await;
    assert_eq!(
        idle.answer("GET").await.header("connection"),
        Some("keep-alive")
    );
    stand
        .origin
        .will(Script::say(HALF).wait(&gate).then("world"));
    let mut client = stand.connect().await;
    client.send(&get()).await;
    client.head().await;
    let stopping = tokio::spawn(stand.end());
    idle.closed().await;
    gate.open();
    assert_eq!(client.take(10).await, b"helloworld");
    client.closed().await;
    let ended = stopping.await.unwrap();
    assert_eq!(ended.records.len(), 2);
    assert!(
        ended
            .records
            .iter()
            .all(|record| record["ending"] == "answered"),
        "{}",
        ended.lines
    );
}

#[tokio::test]
async fn stopping_says_that_an_answer_is_the_last() {
    let stand = Stand::start().await;
    let gate = Gate::new();
    stand.origin.will(
        Script::early("")
            .wait(&gate)
            .then(answer("200 OK", "", "hello")),
    );
    let idle = stand.connect().await;
    let mut client = stand.connect().await;
    client.send(&get()).await;
    stand.origin.until(|memory| memory.seen.len() == 1).await;
    let stopping = tokio::spawn(stand.end());
    // Once the idle one is closed, the gateway is draining.
    idle.closed().await;
    gate.open();
    let answer = client.answer("GET").await;
    assert_eq!(
        (answer.status, answer.header("connection")),
        (200, Some("close"))
    );
    client.closed().await;
    stopping.await.unwrap().record();
}

#[tokio::test]
async fn stopping_cuts_what_takes_too_long_and_leaves_no_half_upload() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", "hello")
        .length(10)
        .signed_by(OWNER);
    client.send(&put.bytes()).await;
    stand
        .origin
        .until(|memory| memory.seen.iter().any(|seen| seen.body == b"hello"))
        .await;
    let Stand {
        running,
        origin,
        folder,
        ..
    } = stand;
    running
        .stop(Duration::ZERO, Duration::from_millis(100))
        .await;
    client.closed().await;
    let memory = origin.until(|memory| memory.closed == 1).await;
    assert!(!memory.seen[0].whole);
    let lines = std::fs::read_to_string(folder.path().join("access.json")).unwrap();
    assert_eq!(lines.lines().count(), 1, "{lines}");
}
