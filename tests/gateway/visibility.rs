//! What of an upstream's answer a caller may learn, and under which ids.

use super::client::Answer;
use super::origin::{Script, answer, error};
use super::request::{CLERK, OWNER, PARTNER, Request};
use super::stand::{Ended, Stand};

async fn ask(said: impl AsRef<[u8]>, request: &Request) -> (Answer, Ended) {
    let stand = Stand::start().await;
    stand.origin.will(Script::say(said));
    let answer = stand.ask(request).await;
    (answer, stand.end().await)
}

/// A store's answer to a read of a deleted object.
fn marker(method: &str) -> Vec<u8> {
    let said = String::from_utf8(error("404 Not Found", "NoSuchKey")).unwrap();
    let said = said.replacen(
        "\r\n",
        "\r\nx-amz-delete-marker: true\r\nx-amz-version-id: v1\r\n",
        1,
    );
    let body = said.split_once("\r\n\r\n").unwrap().0.len() + 4;
    match method {
        "HEAD" => said.into_bytes()[..body].to_vec(),
        _ => said.into_bytes(),
    }
}

#[tokio::test]
async fn t32_a_missing_key_reads_as_forbidden_for_who_may_not_list() {
    for method in ["GET", "HEAD"] {
        let request = Request::new(method, "/lake-1/key").signed_by(CLERK);
        let (answer, ended) = ask(marker(method), &request).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        let code = if method == "HEAD" { "" } else { "AccessDenied" };
        assert_eq!(answer.code(), code);
        for name in ["x-amz-delete-marker", "x-amz-version-id"] {
            assert_eq!(answer.header(name), None, "{answer:?}");
        }
        assert!(!format!("{answer:?}").contains("NoSuchKey"));
        ended.recorded(&answer, 403, "AccessDenied");
        assert_eq!(ended.record()["upstream"]["status"], 404);
    }
}

#[tokio::test]
async fn t32_a_missing_key_is_missing_for_who_may_list() {
    for method in ["GET", "HEAD"] {
        let request = Request::new(method, "/lake-1/key").signed_by(OWNER);
        let (answer, ended) = ask(marker(method), &request).await;
        assert_eq!(answer.status, 404, "{answer:?}");
        assert_eq!(answer.header("x-amz-delete-marker"), Some("true"));
        assert_eq!(answer.text().is_empty(), method == "HEAD");
        assert_eq!(ended.record()["http_status"], 404);
        assert_eq!(ended.record()["ending"], "answered");
    }
}

#[tokio::test]
async fn t32_an_existing_and_a_missing_key_answer_conditions_alike() {
    let plain = Request::get("/lake-1/key").signed_by(CLERK);
    let conditional = Request::get("/lake-1/key")
        .header("If-None-Match", "\"e\"")
        .header("Range", "bytes=0-1")
        .signed_by(CLERK);
    let (first, _) = ask(marker("GET"), &plain).await;
    let (second, _) = ask(marker("GET"), &conditional).await;
    let without_ids = |answer: &Answer| (answer.status, answer.code(), answer.element("Message"));
    assert_eq!(without_ids(&first), without_ids(&second));
    // Refused, nobody asks the origin whether the condition holds.
    let stand = Stand::start().await;
    let conditional = Request::get("/lake-1/key").header("If-Match", "\"e\"");
    let answer = stand.ask(&conditional.signed_by(PARTNER)).await;
    stand.end().await.refused(&answer, 403, "AccessDenied");
}

#[tokio::test]
async fn t32_a_missing_bucket_is_missing_for_all() {
    let request = Request::get("/lake-1/key").signed_by(CLERK);
    let (answer, ended) = ask(error("404 Not Found", "NoSuchBucket"), &request).await;
    assert_eq!((answer.status, &*answer.code()), (404, "NoSuchBucket"));
    ended.recorded(&answer, 404, "NoSuchBucket");
}

#[tokio::test]
async fn one_id_stands_in_header_body_and_record() {
    for said in [
        error("412 Precondition Failed", "PreconditionFailed"),
        error("503 Slow Down", "SlowDown"),
        error("409 Conflict", "OperationAborted"),
    ] {
        let (answer, ended) = ask(said, &Request::get("/lake-1/key").signed_by(OWNER)).await;
        let record = ended.record();
        let id = answer.header("x-amz-request-id").unwrap();
        let host_id = answer.header("x-amz-id-2").unwrap();
        assert_eq!(
            (&*answer.element("RequestId"), &*answer.element("HostId")),
            (id, host_id)
        );
        assert_eq!(
            (&record["request_id"], &record["host_id"]),
            (&id.into(), &host_id.into())
        );
        assert_eq!(answer.all("x-amz-request-id").len(), 1);
        // Theirs are in the record alone.
        assert_eq!(record["upstream"]["request_id"], "UPSTREAMREQUESTID");
        assert_eq!(record["upstream"]["id_2"], "UPSTREAMHOSTID");
        assert!(!format!("{answer:?}").contains("UPSTREAM"), "{answer:?}");
        assert!(!String::from_utf8(ended.log).unwrap().contains("UPSTREAM"));
        assert_eq!(answer.header("server"), None);
    }
}

#[tokio::test]
async fn one_id_stands_in_a_success_too() {
    let said = answer(
        "200 OK",
        "x-amz-request-id: UPSTREAM\r\nx-amz-id-2: UPSTREAM\r\n",
        "hello",
    );
    let (answer, ended) = ask(said, &Request::get("/lake-1/key").signed_by(OWNER)).await;
    assert_eq!(
        ended.record()["request_id"],
        *answer.header("x-amz-request-id").unwrap()
    );
    assert!(!answer.head.contains("UPSTREAM"));
    assert_eq!(ended.record()["upstream"]["request_id"], "UPSTREAM");
}

#[tokio::test]
async fn errors_of_head_have_no_body_and_keep_the_connection() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    for status in ["404 Not Found", "412 Precondition Failed", "500 Oops"] {
        let said = format!(
            "HTTP/1.1 {status}\r\nContent-Length: 250\r\nContent-Type: application/xml\r\n\r\n"
        );
        stand.origin.will(Script::say(said));
        let head = Request::new("HEAD", "/lake-1/key").signed_by(OWNER);
        client.send(&head.bytes()).await;
        let answer = client.answer("HEAD").await;
        assert_eq!(answer.status.to_string(), status[..3]);
        assert_eq!(answer.header("connection"), Some("keep-alive"));
    }
    let ended = stand.end().await;
    assert_eq!(ended.records.len(), 3);
    // The connection to the origin was kept as well.
    assert_eq!(ended.origin.opened, 1);
}
