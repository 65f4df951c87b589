//! Object Lock over real sockets, before an origin that keeps no locks: what reaches it, and when.

use super::origin::{Gate, Script, answer, error};
use super::request::{OWNER, Request, base64, sha256};
use super::stand::{Setup, Stand};
use std::time::Duration;

const LOCK: &str = r#"{"ObjectLockEnabled": "Enabled"}"#;
const ENABLED: &str = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
const SUSPENDED: &str =
    "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
const CONFIGURATION: &str = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>";
const HELD: &str = "<LegalHold><Status>ON</Status></LegalHold>";

/// Before a store without versions, a bucket with Object Lock by a file.
fn unversioned() -> Setup {
    let setup = Setup::default()
        .profile("s3s")
        .with("health: 127.0.0.1:0")
        .with("state: { redb: state.redb }");
    setup.file("policies/buckets/lake-1/object-lock.json", LOCK)
}

/// The same before a store with versions, which hears nothing of locks.
fn versioned() -> Setup {
    let setup = Setup::default().with("state: { redb: state.redb }");
    let setup = setup.upstream("settings: { object_lock: gateway }");
    setup.file("policies/buckets/lake-1/object-lock.json", LOCK)
}

/// The same, and the store keeps locks, too.
fn passing() -> Setup {
    let setup = Setup::default().with("state: { redb: state.redb }");
    setup.file("policies/buckets/lake-1/object-lock.json", LOCK)
}

fn checked(request: Request, body: &str) -> Request {
    request.header("x-amz-checksum-sha256", base64(&sha256(body.as_bytes())))
}

fn put(body: &'static str) -> Request {
    checked(Request::put("/lake-1/key", body), body)
}

fn hold(target: &str) -> Request {
    let request = Request::put(&format!("/lake-1/{target}"), HELD);
    checked(request, HELD).signed_by(OWNER)
}

fn delete(target: &str) -> Request {
    Request::new("DELETE", &format!("/lake-1/{target}")).signed_by(OWNER)
}

/// Answers without bodies, in this order.
fn will(stand: &Stand, answers: &[(&str, &str)]) {
    for (status, headers) in answers {
        stand.origin.will(Script::say(answer(status, headers, "")));
    }
}

fn ok(stand: &Stand) {
    will(stand, &[("200 OK", "")]);
}

fn will_say(stand: &Stand, document: &str) {
    stand
        .origin
        .will(Script::say(answer("200 OK", "", document)));
}

fn lines(stand: &Stand) -> Vec<String> {
    let memory = stand.origin.memory();
    let line = |seen: &super::origin::Seen| {
        let line = seen.line().strip_suffix(" HTTP/1.1").unwrap();
        line.to_owned()
    };
    memory.seen.iter().map(line).collect()
}

#[track_caller]
fn is(answer: &super::client::Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, &*answer.code()),
        (status, code),
        "{answer:?}"
    );
}

/// A store without versions that has a key under a legal hold.
async fn held() -> Stand {
    let stand = unversioned().start().await;
    // Whether there is such a bucket.
    ok(&stand);
    ok(&stand);
    let put = put("bytes").header("x-amz-object-lock-legal-hold", "ON");
    assert_eq!(stand.ask(&put.signed_by(OWNER)).await.status, 200);
    stand
}

#[tokio::test]
async fn what_is_locked_is_not_overwritten_and_nothing_is_sent() {
    let stand = held().await;
    let before = lines(&stand);
    let refused = stand.ask(&put("other").signed_by(OWNER)).await;
    is(&refused, 403, "AccessDenied");
    assert!(
        refused.text().contains("object protected by object lock"),
        "{refused:?}"
    );
    is(&stand.ask(&delete("key")).await, 403, "AccessDenied");
    assert_eq!(lines(&stand), before);
    let refused = stand
        .metric("lock_refusals_total{code=\"AccessDenied\"}")
        .await;
    assert_eq!(refused.as_deref(), Some("2"));
    ok(&stand);
    let other = checked(Request::put("/lake-1/other", "bytes"), "bytes");
    assert_eq!(stand.ask(&other.signed_by(OWNER)).await.status, 200);
    will(&stand, &[("204 No Content", "")]);
    assert_eq!(stand.ask(&delete("other")).await.status, 204);
    let ended = stand.end().await;
    let why = "\"object_lock\":\"the version is under a legal hold\"";
    assert_eq!(ended.lines.matches(why).count(), 2, "{}", ended.lines);
}

#[tokio::test]
async fn an_overwrite_that_is_refused_is_refused_before_its_body() {
    let stand = held().await;
    let body = vec![b'x'; 100_000];
    let request = Request::put("/lake-1/key", body)
        .header("Expect", "100-continue")
        .signed_by(OWNER);
    let mut client = stand.connect().await;
    client.send(&request.head()).await;
    let refused = client.answer("PUT").await;
    is(&refused, 403, "AccessDenied");
}

#[tokio::test]
async fn t33_a_lock_that_comes_while_an_overwrite_streams_holds() {
    let stand = unversioned().start().await;
    ok(&stand);
    ok(&stand);
    assert_eq!(stand.ask(&put("bytes").signed_by(OWNER)).await.status, 200);
    let body = vec![b'x'; 200_000];
    let overwrite = Request::put("/lake-1/key", body).signed_by(OWNER);
    let bytes = overwrite.bytes();
    let (most, last) = bytes.split_at(bytes.len() - 10);
    let mut client = stand.connect().await;
    stand.origin.will(Script::say(answer("200 OK", "", "")));
    client.send(most).await;
    stand
        .origin
        .until(|memory| {
            memory
                .seen
                .last()
                .is_some_and(|seen| seen.body.len() > 100_000)
        })
        .await;
    ok(&stand);
    assert_eq!(stand.ask(&hold("key?legal-hold")).await.status, 200);
    client.send(last).await;
    is(&client.answer("PUT").await, 403, "AccessDenied");
    let memory = stand
        .origin
        .until(|memory| memory.seen.iter().any(|seen| seen.body.len() > 100_000))
        .await;
    let torn = memory.seen.iter().find(|seen| seen.body.len() > 100_000);
    assert!(!torn.unwrap().whole, "the store must not commit it");
}

#[tokio::test]
async fn t33_a_lock_waits_for_a_deletion_that_was_admitted_before() {
    let stand = versioned().start().await;
    ok(&stand);
    will_say(&stand, ENABLED);
    will(&stand, &[("404 Not Found", "")]);
    let version = "x-amz-version-id: v1\r\n";
    stand
        .origin
        .will(Script::say(answer("200 OK", version, "")));
    assert_eq!(stand.ask(&put("bytes").signed_by(OWNER)).await.status, 200);
    let gate = Gate::new();
    stand.origin.will(
        Script::say("")
            .wait(&gate)
            .then(answer("204 No Content", version, "")),
    );
    let mut deleting = stand.connect().await;
    deleting.send(&delete("key?versionId=v1").bytes()).await;
    stand
        .origin
        .until(|memory| {
            memory
                .seen
                .iter()
                .any(|seen| seen.line().starts_with("DELETE"))
        })
        .await;
    let mut holding = stand.connect().await;
    holding
        .send(&hold("key?legal-hold&versionId=v1").bytes())
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        lines(&stand)
            .iter()
            .filter(|line| line.starts_with("HEAD /lake-1/key"))
            .count(),
        0,
        "it waits"
    );
    will(&stand, &[("404 Not Found", "")]);
    gate.open();
    assert_eq!(deleting.answer("DELETE").await.status, 204);
    is(&holding.answer("PUT").await, 404, "NoSuchVersion");
}

#[tokio::test]
async fn of_many_keys_the_locked_ones_are_left_out() {
    let stand = held().await;
    let document =
        "<Delete><Object><Key>key</Key></Object><Object><Key>other</Key></Object></Delete>";
    let result = "<DeleteResult><Deleted><Key>other</Key></Deleted></DeleteResult>";
    will_say(&stand, result);
    let many = checked(
        Request::new("POST", "/lake-1?delete").body(document),
        document,
    );
    let answered = stand.ask(&many.signed_by(OWNER)).await;
    assert_eq!(answered.status, 200);
    let text = answered.text();
    assert!(
        text.contains("<Deleted><Key>other</Key></Deleted>"),
        "{text}"
    );
    assert!(
        text.contains("<Error><Key>key</Key><Code>AccessDenied</Code>"),
        "{text}"
    );
    let memory = stand.origin.memory();
    let sent = String::from_utf8(memory.seen.last().unwrap().body.clone()).unwrap();
    assert!(!sent.contains("<Key>key</Key>"), "{sent}");
    assert!(sent.contains("<Key>other</Key>"), "{sent}");
    let count = memory.seen.len();
    let document = "<Delete><Object><Key>key</Key></Object></Delete>";
    let many = checked(
        Request::new("POST", "/lake-1?delete").body(document),
        document,
    );
    let answered = stand.ask(&many.signed_by(OWNER)).await;
    assert!(answered.text().contains("AccessDenied"), "{answered:?}");
    assert_eq!(stand.origin.memory().seen.len(), count, "nothing is sent");
}

#[tokio::test]
async fn t35_a_null_version_that_is_locked_stays_where_versioning_is_suspended() {
    let stand = versioned().start().await;
    ok(&stand);
    ok(&stand);
    will_say(&stand, ENABLED);
    will(&stand, &[("404 Not Found", "")]);
    assert_eq!(
        stand
            .ask(&hold("key?legal-hold&versionId=null"))
            .await
            .status,
        200
    );
    for request in [put("bytes").signed_by(OWNER), delete("key")] {
        will_say(&stand, SUSPENDED);
        let answered = stand.ask(&request).await;
        assert_eq!(answered.status, 403, "{:?}", lines(&stand));
        will_say(&stand, ENABLED);
        will(&stand, &[("200 OK", "x-amz-version-id: v2\r\n")]);
        assert_eq!(
            stand.ask(&request).await.status,
            200,
            "beside the null version"
        );
    }
    is(
        &stand.ask(&delete("key?versionId=null")).await,
        403,
        "AccessDenied",
    );
}

#[tokio::test]
async fn a_new_bucket_with_object_lock_keeps_versions_from_the_beginning() {
    let setup = || {
        let setup = Setup::default().with("state: { redb: state.redb }");
        setup.upstream("settings: { object_lock: gateway }")
    };
    let create = || {
        Request::new("PUT", "/lake-2")
            .header("x-amz-bucket-object-lock-enabled", "true")
            .signed_by(OWNER)
    };
    let stand = setup().start().await;
    will(
        &stand,
        &[("404 Not Found", ""), ("200 OK", ""), ("200 OK", "")],
    );
    assert_eq!(stand.ask(&create()).await.status, 200);
    let expected = ["HEAD /lake-2", "PUT /lake-2", "PUT /lake-2?versioning="];
    assert_eq!(lines(&stand), expected);
    let told = stand.origin.memory();
    let told = told.seen.last().unwrap();
    assert!(String::from_utf8_lossy(&told.body).contains("<Status>Enabled</Status>"));
    // If it cannot, there is no such bucket.
    let stand = setup().start().await;
    will(&stand, &[("404 Not Found", ""), ("200 OK", "")]);
    stand
        .origin
        .will(Script::say(error("501 Not Implemented", "NotImplemented")));
    will(&stand, &[("204 No Content", "")]);
    is(&stand.ask(&create()).await, 503, "ServiceUnavailable");
    assert_eq!(lines(&stand).last().unwrap(), "DELETE /lake-2");
    will(
        &stand,
        &[("404 Not Found", ""), ("200 OK", ""), ("200 OK", "")],
    );
    assert_eq!(
        stand.ask(&create()).await.status,
        200,
        "the name is free again"
    );
}

#[tokio::test]
async fn where_versions_are_not_kept_nothing_is_locked() {
    let stand = versioned().start().await;
    ok(&stand);
    will_say(&stand, SUSPENDED);
    let put = put("bytes").header("x-amz-object-lock-legal-hold", "ON");
    is(
        &stand.ask(&put.signed_by(OWNER)).await,
        409,
        "InvalidBucketState",
    );
    let memory = stand.origin.memory();
    assert!(
        memory
            .seen
            .iter()
            .all(|seen| !seen.line().starts_with("PUT /lake-1/key") || !seen.whole),
        "{:?}",
        lines(&stand)
    );
}

#[tokio::test]
async fn t38_object_lock_keeps_away_from_a_lifecycle_that_destroys_versions() {
    let setup = Setup::default().with("state: { redb: state.redb }");
    let stand = setup
        .upstream("settings: { object_lock: gateway }")
        .start()
        .await;
    let configure = || {
        let put = Request::put("/lake-1?object-lock", CONFIGURATION);
        checked(put, CONFIGURATION).signed_by(OWNER)
    };
    let lifecycle = "<LifecycleConfiguration><Rule><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>";
    ok(&stand);
    will_say(&stand, ENABLED);
    will_say(&stand, lifecycle);
    is(&stand.ask(&configure()).await, 409, "InvalidBucketState");
    ok(&stand);
    will_say(&stand, ENABLED);
    will(&stand, &[("404 Not Found", "")]);
    assert_eq!(stand.ask(&configure()).await.status, 200);
    // From now on it is kept, and looked for no more.
    let count = stand.origin.memory().seen.len();
    assert_eq!(stand.ask(&configure()).await.status, 200);
    assert_eq!(stand.origin.memory().seen.len(), count);
}

#[tokio::test]
async fn the_first_lock_of_a_bucket_waits_for_writes_that_know_none() {
    let setup = Setup::default()
        .profile("s3s")
        .with("state: { redb: state.redb }");
    let stand = setup.start().await;
    let gate = Gate::new();
    stand
        .origin
        .will(Script::say("").wait(&gate).then(answer("200 OK", "", "")));
    let mut writing = stand.connect().await;
    writing.send(&put("bytes").signed_by(OWNER).bytes()).await;
    stand
        .origin
        .until(|memory| memory.seen.iter().any(|seen| seen.whole))
        .await;
    ok(&stand);
    let put = Request::put("/lake-1?object-lock", CONFIGURATION);
    let configure = checked(put, CONFIGURATION).signed_by(OWNER);
    let mut locking = stand.connect().await;
    locking.send(&configure.bytes()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let shown = Request::get("/lake-1?object-lock").signed_by(OWNER);
    ok(&stand);
    is(
        &stand.ask(&shown).await,
        404,
        "ObjectLockConfigurationNotFoundError",
    );
    gate.open();
    assert_eq!(writing.answer("PUT").await.status, 200);
    assert_eq!(locking.answer("PUT").await.status, 200);
    assert_eq!(stand.ask(&shown).await.status, 200);
}

#[tokio::test]
async fn a_store_that_keeps_locks_too_has_the_last_word() {
    let stand = passing().start().await;
    // Whether there is such a bucket; its versioning, its lifecycle, its own lock configuration.
    ok(&stand);
    will_say(&stand, ENABLED);
    will(&stand, &[("404 Not Found", "")]);
    will_say(&stand, CONFIGURATION);
    will(&stand, &[("200 OK", "x-amz-version-id: v1\r\n")]);
    let put = put("bytes").header("x-amz-object-lock-legal-hold", "ON");
    assert_eq!(stand.ask(&put.signed_by(OWNER)).await.status, 200);
    let seen = stand.origin.memory().seen;
    let told = seen.last().unwrap().header("x-amz-object-lock-legal-hold");
    assert_eq!(told, Some("ON"));
    let lift = || {
        let document = "<LegalHold><Status>OFF</Status></LegalHold>";
        let put = Request::put("/lake-1/key?legal-hold&versionId=v1", document);
        checked(put, document).signed_by(OWNER)
    };
    let there = "x-amz-version-id: v1\r\n";
    will(&stand, &[("200 OK", there)]);
    stand
        .origin
        .will(Script::say(error("403 Forbidden", "AccessDenied")));
    is(&stand.ask(&lift()).await, 403, "AccessDenied");
    is(
        &stand.ask(&delete("key?versionId=v1")).await,
        403,
        "AccessDenied",
    );
    will(&stand, &[("200 OK", there), ("200 OK", "")]);
    assert_eq!(stand.ask(&lift()).await.status, 200);
    let last = lines(&stand).pop().unwrap();
    assert_eq!(last, "PUT /lake-1/key?legal-hold=&versionId=v1");
    will(&stand, &[("204 No Content", there)]);
    assert_eq!(stand.ask(&delete("key?versionId=v1")).await.status, 204);
}

#[tokio::test]
async fn locks_are_of_no_delete_marker() {
    let stand = versioned().start().await;
    for answered in [
        ("405 Method Not Allowed", "x-amz-delete-marker: true\r\n"),
        ("404 Not Found", "x-amz-delete-marker: true\r\n"),
    ] {
        will(&stand, &[answered]);
        is(
            &stand.ask(&hold("key?legal-hold")).await,
            405,
            "MethodNotAllowed",
        );
    }
}

#[tokio::test]
async fn a_version_that_is_not_said_is_asked_for() {
    let stand = versioned().start().await;
    ok(&stand);
    will_say(&stand, ENABLED);
    will(&stand, &[("404 Not Found", ""), ("200 OK", "")]);
    will(&stand, &[("200 OK", "x-amz-version-id: v9\r\n")]);
    let put = put("bytes").header("x-amz-object-lock-legal-hold", "ON");
    assert_eq!(stand.ask(&put.signed_by(OWNER)).await.status, 200);
    assert_eq!(lines(&stand).last().unwrap(), "HEAD /lake-1/key");
    is(
        &stand.ask(&delete("key?versionId=v9")).await,
        403,
        "AccessDenied",
    );
    will(&stand, &[("204 No Content", "x-amz-version-id: v8\r\n")]);
    assert_eq!(stand.ask(&delete("key?versionId=v8")).await.status, 204);
}

#[tokio::test]
async fn t35_a_quiet_answer_takes_no_lock_away() {
    let stand = versioned().start().await;
    ok(&stand);
    ok(&stand);
    will_say(&stand, ENABLED);
    will(&stand, &[("404 Not Found", "")]);
    let held = stand.ask(&hold("key?legal-hold&versionId=null")).await;
    assert_eq!(held.status, 200);
    let document = "<Delete><Quiet>true</Quiet><Object><Key>key</Key></Object></Delete>";
    let many = checked(
        Request::new("POST", "/lake-1?delete").body(document),
        document,
    );
    will_say(&stand, ENABLED);
    will_say(&stand, "<DeleteResult/>");
    assert_eq!(stand.ask(&many.signed_by(OWNER)).await.status, 200);
    is(
        &stand.ask(&delete("key?versionId=null")).await,
        403,
        "AccessDenied",
    );
}
