//! T42: completing and copying may take minutes. A client that waits hears of it, and never takes an error for a success.

use super::client::Answer;
use super::origin::{Gate, Script, answer, error};
use super::request::{OWNER, Request};
use super::stand::{Ended, Setup, Stand};
use serde_json::Value;
use std::time::Duration;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const RESULT: &str = "<CompleteMultipartUploadResult><Location>http://127.0.0.1:1/</Location><ETag>e</ETag></CompleteMultipartUploadResult>";
const TRUE_RESULT: &str = "<CompleteMultipartUploadResult><Location>http://s3.test/lake-1/key</Location><ETag>e</ETag></CompleteMultipartUploadResult>";

fn complete() -> Request {
    let parts = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>";
    Request::new("POST", "/lake-1/key?uploadId=u")
        .body(parts)
        .signed_by(OWNER)
}

fn copy() -> Request {
    Request::put("/lake-1/key", "")
        .header("x-amz-copy-source", "/lake-1/other")
        .signed_by(OWNER)
}

fn impatient() -> Setup {
    Setup::default().silence(Duration::from_millis(20))
}

/// Sends a request, lets the upstream go on when the client has heard that it waits, and gives the answer with the
/// leading spaces left out.
async fn wait_for(script: impl FnOnce(&Gate) -> Script, request: &Request) -> (Answer, Ended) {
    wait_on(impatient().start().await, script, request).await
}

async fn wait_on(
    stand: Stand,
    script: impl FnOnce(&Gate) -> Script,
    request: &Request,
) -> (Answer, Ended) {
    let gate = Gate::new();
    stand.origin.will(script(&gate));
    let mut client = stand.connect().await;
    client.send(&request.bytes()).await;
    let head = client.head().await;
    assert_eq!(
        (head.status, head.header("transfer-encoding")),
        (200, Some("chunked")),
        "{head:?}"
    );
    assert_eq!(head.header("content-type"), Some("application/xml"));
    assert_eq!(head.header("content-length"), None);
    gate.open();
    let mut answer = client.rest(request.method(), head).await;
    assert!(answer.whole, "{answer:?}");
    let text = answer.text();
    let rest = text.strip_prefix(DECLARATION).expect("a declaration");
    answer.body = rest.trim_start_matches(' ').as_bytes().to_vec();
    // The connection is as good as before.
    stand
        .origin
        .will(Script::say(super::origin::answer("200 OK", "", "hello")));
    client
        .send(&Request::get("/lake-1/next").signed_by(OWNER).bytes())
        .await;
    assert_eq!(client.answer("GET").await.text(), "hello");
    (answer, stand.end().await)
}

/// A clock: returns when another client, served from now on, has heard five spaces.
async fn another_waits(stand: &Stand, gate: &Gate) {
    stand.origin.will(Script::say("").wait(gate).close());
    let mut client = stand.connect().await;
    client.send(&copy().bytes()).await;
    client.head().await;
    let chunk = format!("{:x}\r\n{DECLARATION}\r\n", DECLARATION.len());
    client.take(chunk.len() + 5 * 6).await;
}

#[track_caller]
fn recorded(ended: &Ended, code: Option<&str>, ending: &str) {
    let record = &ended.records[0];
    assert_eq!(record["http_status"], 200, "{record:#}");
    assert_eq!(record["error_code"].as_str(), code, "{record:#}");
    assert_eq!(record["ending"], ending, "{record:#}");
}

#[tokio::test]
async fn a_result_that_comes_late_comes_behind_spaces() {
    let headers = "x-amz-version-id: v\r\nx-amz-request-id: UPSTREAM\r\n";
    let said = answer("200 OK", headers, format!("{DECLARATION}{RESULT}"));
    let (answer, ended) = wait_for(|gate| Script::say("").wait(gate).then(said), &complete()).await;
    assert_eq!(answer.text(), TRUE_RESULT);
    recorded(&ended, None, "answered");
    let (said, head) = (
        ended.records[0]["request_id"].clone(),
        answer.header("x-amz-request-id"),
    );
    assert_eq!(said, *head.unwrap());
}

#[tokio::test]
async fn an_upstream_that_has_begun_gives_its_headers() {
    // The store of the second profile names versions and keeps none.
    for (profile, version) in [("aws", Some("v")), ("garage", None)] {
        let stand = impatient().profile(profile).start().await;
        let head = format!(
            "HTTP/1.1 200 OK\r\nx-amz-version-id: v\r\nx-amz-request-id: UPSTREAM\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{DECLARATION}\r\n",
            DECLARATION.len()
        );
        let rest = format!("3\r\n   \r\n{:x}\r\n{RESULT}\r\n0\r\n\r\n", RESULT.len());
        let script = |gate: &Gate| Script::say(head).wait(gate).then(rest);
        let (answer, ended) = wait_on(stand, script, &complete()).await;
        assert_eq!(answer.text(), TRUE_RESULT);
        assert_eq!(answer.header("x-amz-version-id"), version);
        super::upstream::names_nothing(&answer);
        recorded(&ended, None, "answered");
    }
}

#[tokio::test]
async fn t42_a_late_error_stands_inside_the_200() {
    for (said, code, ending) in [
        (
            error("200 OK", "InternalError"),
            "InternalError",
            "answered",
        ),
        (
            error("404 Not Found", "NoSuchUpload"),
            "NoSuchUpload",
            "answered",
        ),
        (
            error("403 Forbidden", "AccessDenied"),
            "InternalError",
            "upstream_failed",
        ),
        (
            answer("502 Bad Gateway", "", "upstream"),
            "ServiceUnavailable",
            "upstream_failed",
        ),
        (
            answer("200 OK", "", "upstream"),
            "ServiceUnavailable",
            "upstream_failed",
        ),
    ] {
        let (answer, ended) =
            wait_for(|gate| Script::say("").wait(gate).then(said), &complete()).await;
        assert_eq!(answer.code(), code, "{answer:?}");
        assert!(answer.text().starts_with("<Error><Code>"), "{answer:?}");
        assert_eq!(
            answer.element("RequestId"),
            answer.header("x-amz-request-id").unwrap()
        );
        assert!(!answer.text().contains("UPSTREAM"), "{answer:?}");
        recorded(&ended, Some(code), ending);
    }
}

#[tokio::test]
async fn t42_an_upstream_that_breaks_off_late_is_an_error_inside_the_200() {
    let script = |gate: &Gate| Script::say("").wait(gate).close();
    let (answer, ended) = wait_for(script, &copy()).await;
    assert_eq!(answer.code(), "ServiceUnavailable", "{answer:?}");
    recorded(&ended, Some("ServiceUnavailable"), "upstream_failed");
}

#[tokio::test]
async fn t42_an_early_answer_passes_as_it_is() {
    let stand = Stand::start().await;
    for (said, status, code) in [
        (error("200 OK", "InternalError"), 200, "InternalError"),
        (error("404 Not Found", "NoSuchUpload"), 404, "NoSuchUpload"),
        (answer("200 OK", "", RESULT), 200, ""),
    ] {
        stand.origin.will(Script::say(said));
        let answer = stand.ask(&complete()).await;
        assert_eq!(
            (answer.status, &*answer.code()),
            (status, code),
            "{answer:?}"
        );
        assert_eq!(
            answer.header("content-length"),
            Some(&*answer.body.len().to_string())
        );
        assert!(!answer.text().contains("UPSTREAM"), "{answer:?}");
    }
    let ended = stand.end().await;
    recorded(&ended, Some("InternalError"), "answered");
}

#[tokio::test]
async fn spaces_before_an_early_answer_are_no_part_of_it() {
    let stand = Stand::start().await;
    let said = answer("200 OK", "", format!("   \n{DECLARATION}   {RESULT}"));
    stand.origin.will(Script::say(said));
    let answer = stand.ask(&complete()).await;
    assert_eq!(answer.text(), format!("{DECLARATION}   {TRUE_RESULT}"));
}

#[tokio::test]
async fn an_upstream_may_trickle_for_longer_than_it_may_be_silent() {
    let silence = Duration::from_millis(100);
    let stand = Setup::default()
        .upstream("timeouts: { read: 300ms }")
        .silence(silence)
        .start()
        .await;
    let gates: Vec<Gate> = (0..5).map(|_| Gate::new()).collect();
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let script = gates.iter().fold(Script::say(head), |script, gate| {
        script.wait(gate).then("1\r\n \r\n")
    });
    let script = script.then(format!("{:x}\r\n{RESULT}\r\n0\r\n\r\n", RESULT.len()));
    stand.origin.will(script);
    let mut client = stand.connect().await;
    client.send(&complete().bytes()).await;
    let head = client.head().await;
    // The declaration, then a space every 100 ms, each of which lets the upstream send one of its own.
    client
        .take(format!("{:x}\r\n{DECLARATION}\r\n", DECLARATION.len()).len())
        .await;
    for gate in &gates {
        assert_eq!(client.take(6).await, b"1\r\n \r\n");
        gate.open();
    }
    let answer = client.rest("POST", head).await;
    assert_eq!(answer.text().trim_start(), TRUE_RESULT);
}

#[tokio::test]
async fn an_upstream_may_say_nothing_for_longer_than_others_may() {
    let stand = Setup::default()
        .upstream("timeouts: { read: 50ms }")
        .silence(Duration::from_millis(200))
        .start()
        .await;
    let gate = Gate::new();
    let script = Script::say("").wait(&gate);
    stand.origin.will(script.then(answer("200 OK", "", RESULT)));
    let mut client = stand.connect().await;
    client.send(&complete().bytes()).await;
    let head = client.head().await;
    gate.open();
    let answer = client.rest("POST", head).await;
    assert_eq!(
        answer.text().replace(DECLARATION, "").trim_start(),
        TRUE_RESULT
    );
    // What is not one of the long ones is given up after the setting.
    stand.origin.will(Script::say("").hang());
    let read = Request::get("/lake-1/key").signed_by(OWNER);
    assert_eq!(stand.ask(&read).await.status, 503);
}

#[tokio::test]
async fn an_http_1_0_client_hears_nothing_before_the_end() {
    let stand = impatient().start().await;
    let gate = Gate::new();
    stand.origin.will(
        Script::say("")
            .wait(&gate)
            .then(error("404 Not Found", "NoSuchUpload")),
    );
    let request = complete().version("HTTP/1.0");
    let mut client = stand.connect().await;
    client.send(&request.bytes()).await;
    stand
        .origin
        .until(|memory| memory.seen.iter().any(|seen| seen.whole))
        .await;
    another_waits(&stand, &gate).await;
    gate.open();
    let answer = client.answer("POST").await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (404, "NoSuchUpload"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_client_that_leaves_does_not_end_what_it_began() {
    let stand = impatient().start().await;
    let gate = Gate::new();
    stand.origin.will(
        Script::say("")
            .wait(&gate)
            .then(answer("200 OK", "", RESULT)),
    );
    let mut client = stand.connect().await;
    client.send(&complete().bytes()).await;
    client.head().await;
    drop(client);
    // So that some spaces have met a closed connection.
    another_waits(&stand, &gate).await;
    gate.open();
    let ended = stand.end().await;
    let of_it = |record: &&Value| record["operation"] == "REST.POST.UPLOAD";
    let record = ended.records.iter().find(of_it).unwrap();
    assert_eq!(record["ending"], "client_aborted", "{record:#}");
    assert_eq!(record["upstream"]["status"], 200, "{record:#}");
}
