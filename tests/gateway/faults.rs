//! An upstream that misbehaves, in both directions and for every form of body: nothing is taken for done that is not,
//! nothing is sent twice, and what is cut short is seen to be.

use super::client::Answer;
use super::origin::{Gate, Script, answer, error};
use super::request::{OWNER, Request, UNSIGNED, base64, framed_put, sha256};
use super::stand::{Setup, Stand};

/// Too long to be there whole when an upstream is asked, too short to fill a socket.
const LENGTH: usize = 200_000;

fn body() -> Vec<u8> {
    (0..LENGTH).map(|n| (n % 251) as u8).collect()
}

/// Objects and parts, plain and in frames, to a store that takes frames and one that does not.
fn uploads() -> Vec<(&'static str, Request)> {
    let trailer = format!("x-amz-checksum-sha256:{}", base64(&sha256(&body())));
    let (object, part) = ("/lake-1/key", "/lake-1/key?partNumber=1&uploadId=u");
    let mut uploads = Vec::new();
    for target in [object, part] {
        uploads.push(("aws", Request::put(target, body())));
        uploads.push(("aws", Request::put(target, body()).hash(UNSIGNED)));
        for profile in ["aws", "ceph"] {
            uploads.push((profile, framed_put(target, &body(), LENGTH, &trailer)));
        }
    }
    uploads
}

/// What the client is told of an upload and what the record says.
struct Told(u16, &'static str, &'static str, Option<&'static str>);

const CLOSED: Told = Told(503, "ServiceUnavailable", "upstream_failed", Some("closed"));
const MALFORMED: Told = Told(
    503,
    "ServiceUnavailable",
    "upstream_failed",
    Some("malformed"),
);
const TIMEOUT: Told = Told(
    503,
    "ServiceUnavailable",
    "upstream_failed",
    Some("timeout"),
);

/// Sends half of an upload, lets the upstream misbehave, sends the rest as far as it is taken.
async fn check_upload(script: impl Fn() -> Script, told: Told) {
    let Told(status, code, ending, kind) = told;
    for (profile, put) in uploads() {
        let stand = patient(profile).await;
        stand.origin.will(script());
        let answer = upload(&stand, &put).await;
        let label = format!("{profile} {} {answer:?}", put.target());
        assert_eq!((answer.status, &*answer.code()), (status, code), "{label}");
        hides_the_upstream(&answer);
        let ended = stand.end().await;
        ended.recorded(&answer, status, code);
        let record = ended.record();
        assert_eq!(record["ending"], ending, "{label} {record:#}");
        assert_eq!(record["upstream"]["error"].as_str(), kind, "{record:#}");
        assert_eq!(record["upstream"]["attempts"], 1, "{record:#}");
        ended.seen();
    }
}

async fn patient(profile: &'static str) -> Stand {
    Setup::default()
        .profile(profile)
        .upstream("timeouts: { read: 300ms, write: 300ms }")
        .start()
        .await
}

/// The upstream has the head before the second half of the body is sent, which nobody may be there to take.
async fn upload(stand: &Stand, put: &Request) -> Answer {
    let mut client = stand.connect().await;
    let bytes = put.clone().signed_by(OWNER).bytes();
    let (half, rest) = bytes.split_at(bytes.len() - LENGTH / 2);
    client.send(half).await;
    stand.origin.until(|memory| !memory.seen.is_empty()).await;
    client.try_send(rest).await;
    client.answer("PUT").await
}

#[tokio::test]
async fn t43_an_upstream_that_goes_away_in_the_middle_of_a_body() {
    check_upload(|| Script::early("").close(), CLOSED).await;
    check_upload(|| Script::after(1000).close(), CLOSED).await;
    check_upload(|| Script::after(1000).reset(), CLOSED).await;
    check_upload(|| Script::after(1000).then("HTTP/1.1 200").close(), CLOSED).await;
}

#[tokio::test]
async fn t43_an_upstream_that_has_the_body_and_says_nothing() {
    check_upload(|| Script::say("").close(), CLOSED).await;
    check_upload(|| Script::say("").reset(), CLOSED).await;
    check_upload(|| Script::say("").hang(), TIMEOUT).await;
    check_upload(
        || Script::say("HTTP/1.1 200 OK\r\nContent-Le").hang(),
        TIMEOUT,
    )
    .await;
    check_upload(
        || Script::say("HTTP/1.1 200 OK\r\nContent-Le").close(),
        CLOSED,
    )
    .await;
}

#[tokio::test]
async fn t43_an_upstream_that_fails_in_the_middle_of_a_body() {
    let slow = Told(503, "SlowDown", "answered", None);
    let said = error("503 Slow Down", "SlowDown");
    check_upload(|| Script::after(1000).then(&said), slow).await;
    // Most close then, and with bytes unread that is a reset.
    let slow = Told(503, "SlowDown", "answered", None);
    check_upload(|| Script::after(1000).then(&said).hang(), slow).await;
    let page = answer("502 Bad Gateway", "", "UPSTREAM");
    check_upload(|| Script::after(1000).then(&page), MALFORMED).await;
    let half = &said[..said.len() - 10];
    check_upload(|| Script::after(1000).then(half).close(), CLOSED).await;
    check_upload(|| Script::after(1000).then(half).hang(), TIMEOUT).await;
}

#[tokio::test]
async fn t43_an_early_success_of_any_body_is_a_lie() {
    let said = answer("200 OK", "ETag: \"e\"\r\n", "");
    check_upload(|| Script::early(&said).hang(), MALFORMED).await;
    check_upload(|| Script::after(1000).then(&said).hang(), MALFORMED).await;
}

/// It may be stored and it may not: the client must not take it for done.
#[tokio::test]
async fn t43_the_answer_to_a_body_that_breaks_off_is_seen_to() {
    for (profile, put) in uploads() {
        let stand = patient(profile).await;
        stand.origin.will(Script::say(FULL).close());
        let answer = upload(&stand, &put).await;
        assert!(!answer.whole, "{answer:?}");
        let ended = stand.end().await;
        assert!(ended.seen().whole);
        let record = ended.record();
        assert_eq!(record["ending"], "upstream_failed", "{record:#}");
        assert_eq!(record["upstream"]["error"], "closed", "{record:#}");
    }
}

#[tokio::test]
async fn t43_interim_answers_while_a_body_is_sent_are_no_answer() {
    for (profile, put) in uploads() {
        let stand = patient(profile).await;
        let interim =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </UPSTREAM>\r\n\r\n";
        let script = Script::early(interim).read();
        stand
            .origin
            .will(script.then(answer("200 OK", "ETag: \"e\"\r\n", "")));
        let answer = upload(&stand, &put).await;
        assert_eq!((answer.status, answer.header("etag")), (200, Some("\"e\"")));
        hides_the_upstream(&answer);
        assert!(stand.end().await.seen().whole);
    }
}

#[tokio::test]
async fn t43_an_answer_in_two_pieces_while_a_body_is_sent() {
    let said = error("400 Bad Request", "EntityTooLarge");
    for at in [1, 10, 40, said.len() - 1] {
        let stand = patient("aws").await;
        let gate = Gate::new();
        let (first, rest) = said.split_at(at);
        stand
            .origin
            .will(Script::after(1000).then(first).wait(&gate).then(rest));
        let mut client = stand.connect().await;
        let bytes = Request::put("/lake-1/key", body()).signed_by(OWNER).bytes();
        let (half, more) = bytes.split_at(LENGTH / 2);
        client.send(half).await;
        stand
            .origin
            .until(|memory| memory.seen.iter().any(|seen| seen.body.len() == 1000))
            .await;
        // Bytes of the body come between the pieces.
        client.send(&more[..1000]).await;
        gate.open();
        let answer = client.answer("PUT").await;
        drop(client);
        let ended = stand.end().await;
        ended.recorded(&answer, 400, "EntityTooLarge");
    }
}

// Downloads

/// Asks for an object in the middle of whose answer the upstream misbehaves: the client must see that it is not whole.
async fn check_download(script: impl Fn() -> Script, kind: &str) {
    for (method, target) in [
        ("GET", "/lake-1/key?partNumber=1"),
        ("GET", "/lake-1/key?versionId=v"),
        ("POST", "/lake-1/key?select&select-type=2"),
    ] {
        let stand = patient("aws").await;
        stand.origin.will(script());
        let request = match method {
            "POST" => Request::new(method, target).body(SELECT),
            _ => Request::new(method, target).header("Range", "bytes=0-99"),
        };
        let answer = stand.ask(&request.signed_by(OWNER)).await;
        assert!(!answer.whole, "{target} {answer:?}");
        assert_eq!(answer.text(), "hello", "{target}");
        let ended = stand.end().await;
        let record = ended.record();
        assert_eq!(record["http_status"], answer.status);
        assert_eq!(record["ending"], "upstream_failed", "{record:#}");
        assert_eq!(record["upstream"]["error"], kind, "{record:#}");
        assert_eq!(record["upstream"]["attempts"], 1, "{record:#}");
    }
}

const SELECT: &str = "<SelectObjectContentRequest><Expression>select * from s3object</Expression>\
    <ExpressionType>SQL</ExpressionType><InputSerialization><CSV/></InputSerialization>\
    <OutputSerialization><CSV/></OutputSerialization></SelectObjectContentRequest>";
const FULL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello";
const PARTIAL: &str = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99/200\r\nContent-Length: 100\r\n\r\nhello";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";

#[tokio::test]
async fn t43_a_download_that_breaks_off_is_seen_to() {
    for said in [FULL, PARTIAL, CHUNKED] {
        check_download(|| Script::say(said).close(), "closed").await;
        check_download(|| Script::say(said).hang(), "timeout").await;
    }
}

#[tokio::test]
async fn t43_a_download_that_is_reset_is_seen_to() {
    // A reset may overtake what was said before it, so the client is let read that first.
    for said in [FULL, PARTIAL, CHUNKED] {
        let stand = patient("aws").await;
        let gate = Gate::new();
        stand.origin.will(Script::say(said).wait(&gate).reset());
        let mut client = stand.connect().await;
        client
            .send(&Request::get("/lake-1/key").signed_by(OWNER).bytes())
            .await;
        let head = client.head().await;
        gate.open();
        let answer = client.rest("GET", head).await;
        drop(client);
        assert!(!answer.whole, "{answer:?}");
        let ended = stand.end().await;
        assert_eq!(ended.record()["ending"], "upstream_failed");
        assert_eq!(ended.record()["upstream"]["error"], "closed");
    }
}

#[tokio::test]
async fn t43_errors_of_the_wrong_length_are_ours() {
    let said = error("404 Not Found", "NoSuchKey");
    let short = &said[..said.len() - 10];
    let more = [&said[..], b"more"].concat();
    for (script, status, code) in [
        (Script::say(short).close(), 503, "ServiceUnavailable"),
        (Script::say(short).hang(), 503, "ServiceUnavailable"),
        (Script::say(&more), 404, "NoSuchKey"),
    ] {
        let stand = patient("aws").await;
        stand.origin.will(script);
        let answer = stand
            .ask(&Request::get("/lake-1/key").signed_by(OWNER))
            .await;
        assert!(answer.whole);
        hides_the_upstream(&answer);
        // The next request meets a connection of its own.
        let second = stand
            .ask(&Request::get("/lake-1/other").signed_by(OWNER))
            .await;
        assert_eq!(second.status, 200);
        let ended = stand.end().await;
        assert_eq!((answer.status, &*answer.code()), (status, code));
        assert_eq!(ended.origin.opened, 2);
    }
}

/// The message of an error is the client's, as the upstream worded it; its ids and headers are not.
fn hides_the_upstream(answer: &Answer) {
    assert!(!format!("{answer:?}").contains("UPSTREAM"), "{answer:?}");
}
