//! A document goes up whole, and the answer comes back piece by piece: SelectObjectContent.

use super::origin::{Gate, Script, error};
use super::request::{CLERK, OWNER, Request};
use super::stand::Stand;

const QUERY: &str = "<SelectObjectContentRequest><Expression>select * from s3object</Expression>\
    <ExpressionType>SQL</ExpressionType><InputSerialization><CSV/></InputSerialization>\
    <OutputSerialization><CSV/></OutputSerialization></SelectObjectContentRequest>";

fn select() -> Request {
    Request::new("POST", "/lake-1/key?select&select-type=2")
        .body(QUERY)
        .signed_by(OWNER)
}

#[tokio::test]
async fn records_arrive_while_the_upstream_still_searches() {
    let stand = Stand::start().await;
    let gate = Gate::new();
    let first = b"\x00\x00\x00\x05one\xff\r\n".as_slice();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let begun = [head.as_bytes(), b"a\r\n", first, b"\r\n"].concat();
    let script = Script::say(begun).wait(&gate);
    stand.origin.will(script.then("6\r\n<Owner\r\n0\r\n\r\n"));
    let mut client = stand.connect().await;
    client.send(&select().bytes()).await;
    let head = client.head().await;
    assert_eq!(head.status, 200, "{head:?}");
    assert_eq!(client.take(15).await, [b"A\r\n", first, b"\r\n"].concat());
    gate.open();
    let answer = client.rest("POST", head).await;
    assert!(answer.whole);
    assert_eq!(answer.body, b"<Owner");
    let ended = stand.end().await;
    assert_eq!(ended.seen().body, QUERY.as_bytes());
    assert_eq!(ended.record()["ending"], "answered");
}

#[tokio::test]
async fn an_error_comes_before_any_record() {
    let stand = Stand::start().await;
    let said = error("400 Bad Request", "InvalidTextEncoding");
    stand.origin.will(Script::say(said));
    let answer = stand.ask(&select()).await;
    let ended = stand.end().await;
    ended.recorded(&answer, 400, "InvalidTextEncoding");
}

#[tokio::test]
async fn t43_records_that_break_off_are_seen_to() {
    let stand = Stand::start().await;
    let said = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    stand.origin.will(Script::say(said).close());
    let answer = stand.ask(&select()).await;
    assert!(!answer.whole, "{answer:?}");
    let ended = stand.end().await;
    assert_eq!(ended.record()["ending"], "upstream_failed");
}

#[tokio::test]
async fn t32_a_missing_key_reads_as_forbidden_for_who_may_not_list() {
    for (user, status, code) in [(OWNER, 404, "NoSuchKey"), (CLERK, 403, "AccessDenied")] {
        let stand = Stand::start().await;
        stand
            .origin
            .will(Script::say(error("404 Not Found", "NoSuchKey")));
        let request = Request::new("POST", "/lake-1/key?select&select-type=2").body(QUERY);
        let answer = stand.ask(&request.signed_by(user)).await;
        stand.end().await.recorded(&answer, status, code);
    }
}
