//! What is sent a second time when the origin closes a kept connection just as a request goes out on it.

use super::client::Client;
use super::origin::{Gate, Script, answer};
use super::request::{OWNER, Request, base64, now, sha256};
use super::stand::{Stand, UPSTREAM};
use std::time::Duration;

/// A connection to the gateway whose connection to the origin is kept.
async fn warmed(stand: &Stand) -> Client {
    let mut client = stand.connect().await;
    client
        .send(&Request::get("/lake-1/first").signed_by(OWNER).bytes())
        .await;
    assert_eq!(client.answer("GET").await.status, 200);
    client
}

/// Closes without a word after the whole request.
fn closes() -> Script {
    Script::say("").close()
}

/// Sends `request` on a warm connection that meets `scripts`; the origin then saw `seen` requests of it.
async fn check(request: Request, scripts: &[fn() -> Script], status: u16, seen: usize) {
    let stand = Stand::start().await;
    let mut client = warmed(&stand).await;
    for script in scripts {
        stand.origin.will(script());
    }
    client.send(&request.bytes()).await;
    let answer = client.answer(request.method()).await;
    assert_eq!(answer.status, status, "{request:?} {answer:?}");
    let ended = stand.end().await;
    assert_eq!(
        ended.origin.seen.len(),
        1 + seen,
        "{:#?}",
        ended.origin.seen
    );
    assert_eq!(
        ended.origin.seen[1].connection, 0,
        "the connection was not kept"
    );
    assert_eq!(ended.records.len(), 2, "{}", ended.lines);
    let record = &ended.records[1];
    assert_eq!(record["http_status"], status);
    assert_eq!(record["upstream"]["attempts"], seen, "{record:#}");
    if status == 503 {
        assert_eq!(
            answer.code(),
            if request.method() == "HEAD" {
                ""
            } else {
                "ServiceUnavailable"
            }
        );
        assert_eq!(record["upstream"]["error"], "closed");
    }
}

#[tokio::test]
async fn trap_put_is_not_replayed_and_reads_are_once() {
    for method in ["GET", "HEAD"] {
        let read = Request::new(method, "/lake-1/key").signed_by(OWNER);
        check(read.clone(), &[closes], 200, 2).await;
        check(read.clone(), &[|| closes().reset()], 200, 2).await;
        check(read, &[closes, closes], 503, 2).await;
    }
}

#[tokio::test]
async fn trap_put_is_not_replayed_once_its_body_left() {
    for body in ["hello", ""] {
        let put = Request::put("/lake-1/key", body).signed_by(OWNER);
        check(put, &[closes], 503, 1).await;
    }
}

#[tokio::test]
async fn trap_put_is_not_replayed_nor_are_other_changes() {
    let delete = Request::new("DELETE", "/lake-1/key").signed_by(OWNER);
    check(delete, &[closes], 503, 1).await;
    let document = "<Delete><Object><Key>a</Key></Object></Delete>";
    let post = Request::new("POST", "/lake-1?delete")
        .header(
            "x-amz-checksum-sha256",
            base64(&sha256(document.as_bytes())),
        )
        .body(document);
    check(post.signed_by(OWNER), &[closes], 503, 1).await;
    let copy = Request::new("PUT", "/lake-1/key")
        .header("x-amz-copy-source", "/lake-1/source")
        .body("");
    check(copy.signed_by(OWNER), &[closes], 503, 1).await;
}

#[tokio::test]
async fn trap_put_is_not_replayed_and_meets_no_connection_that_was_closed_before() {
    let stand = Stand::start().await;
    stand
        .origin
        .will(Script::say(answer("200 OK", "", "")).close());
    let mut client = warmed(&stand).await;
    let put = Request::put("/lake-1/key", "hello").header("Expect", "100-continue");
    client.send(&put.signed_by(OWNER).head()).await;
    assert_eq!(client.head().await.status, 100);
    client.send(b"hello").await;
    assert_eq!(client.answer("PUT").await.status, 200);
    let ended = stand.end().await;
    let put = &ended.origin.seen[1];
    assert_eq!((&*put.body, put.connection), (&b"hello"[..], 1));
    assert_eq!(ended.records[1]["upstream"]["attempts"], 1);
}

#[tokio::test]
async fn trap_put_is_not_sent_before_its_body_comes() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    let put = Request::put("/lake-1/key", "hello").signed_by(OWNER);
    client.send(&put.head()).await;
    client.finish_sending().await;
    client.closed().await;
    let ended = stand.end().await;
    assert_eq!(ended.origin.opened, 0);
    assert_eq!(ended.record()["ending"], "client_aborted");
}

#[tokio::test]
async fn trap_put_is_not_replayed_when_part_of_its_body_left() {
    let stand = Stand::start().await;
    let mut client = warmed(&stand).await;
    stand.origin.will(Script::after(3).close());
    let put = Request::put("/lake-1/key", "hello").signed_by(OWNER);
    client.send(&put.head()).await;
    client.send(b"hel").await;
    let answer = client.answer("PUT").await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (503, "ServiceUnavailable")
    );
    let ended = stand.end().await;
    assert_eq!(ended.origin.seen.len(), 2);
}

/// A second attempt is a request of its own: signed when it is sent, over its own date.
#[tokio::test]
async fn each_attempt_is_signed_when_it_is_sent() {
    let stand = Stand::start().await;
    let mut client = warmed(&stand).await;
    let gate = Gate::new();
    stand.origin.will(Script::say("").wait(&gate).close());
    let get = Request::get("/lake-1/key").signed_by(OWNER);
    client.send(&get.bytes()).await;
    let memory = stand.origin.until(|memory| memory.seen.len() == 2).await;
    let first = memory.seen[1].header("x-amz-date").unwrap().to_owned();
    // Dates have whole seconds.
    while now() == first {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    gate.open();
    assert_eq!(client.answer("GET").await.status, 200);
    drop(client);
    let ended = stand.end().await;
    let [_, one, two] = &ended.origin.seen[..] else {
        panic!("{:#?}", ended.origin.seen)
    };
    assert!(two.header("x-amz-date") > one.header("x-amz-date"));
    for seen in [one, two] {
        let date = seen.header("x-amz-date").unwrap();
        let again = Request::get("/lake-1/key")
            .on(seen.header("host").unwrap())
            .hash(seen.header("x-amz-content-sha256").unwrap())
            .at(date)
            .signed_by(UPSTREAM);
        let head = String::from_utf8(again.head()).unwrap();
        let authorization = seen.header("authorization").unwrap();
        assert!(head.contains(authorization), "{head} {}", seen.head);
    }
}
