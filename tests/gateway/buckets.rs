//! Buckets that are created, deleted and listed through the gateway, and whose they are.

use super::client::Answer;
use super::origin::{Gate, Origin, Script, answer, error};
use super::request::{OWNER, PARTNER, Request, User};
use super::stand::{ACCOUNT, Ended, PARTNER_ACCOUNT, Setup, Stand};
use std::time::Duration;

fn with_state() -> Setup {
    Setup::default().with("state: { redb: state.redb }")
}

fn create(bucket: &str, user: User) -> Request {
    Request::put(&format!("/{bucket}"), "").signed_by(user)
}

/// The origin's answers to "is it there?" and to the creation.
fn absent() -> Script {
    Script::say("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
}

fn present() -> Script {
    Script::say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
}

fn lines(ended: &Ended) -> Vec<&str> {
    ended.origin.seen.iter().map(|seen| seen.line()).collect()
}

#[tokio::test]
async fn a_bucket_is_asked_for_before_it_is_created() {
    for setup in [Setup::default(), with_state()] {
        let stand = setup.start().await;
        stand.origin.will(absent());
        let answer = stand.ask(&create("lake-new", OWNER)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let ended = stand.end().await;
        assert_eq!(
            lines(&ended),
            ["HEAD /lake-new HTTP/1.1", "PUT /lake-new HTTP/1.1"]
        );
        assert_eq!(ended.record()["ending"], "answered");
    }
}

#[tokio::test]
async fn a_bucket_that_exists_is_not_created_a_second_time() {
    for setup in [Setup::default(), with_state()] {
        let stand = setup.start().await;
        stand.origin.will(present());
        let answer = stand.ask(&create("lake-new", OWNER)).await;
        let ended = stand.end().await;
        assert_eq!(
            (answer.status, &*answer.code()),
            (409, "BucketAlreadyOwnedByYou")
        );
        assert_eq!(lines(&ended), ["HEAD /lake-new HTTP/1.1"]);
    }
    // Found at the origin, it is the origin's owner's.
    let stand = with_state().start().await;
    stand.origin.will(present());
    let answer = stand.ask(&create("lake-new", PARTNER)).await;
    let ended = stand.end().await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (409, "BucketAlreadyExists")
    );
    assert_eq!(lines(&ended), ["HEAD /lake-new HTTP/1.1"]);
}

#[tokio::test]
async fn without_state_another_account_cannot_create() {
    let stand = Setup::default().start().await;
    let answer = stand.ask(&create("lake-new", PARTNER)).await;
    stand.end().await.refused(&answer, 403, "AccessDenied");
}

#[tokio::test]
async fn the_creator_is_the_owner_and_stays_it() {
    let stand = with_state().start().await;
    stand.origin.will(absent()).will(present());
    assert_eq!(stand.ask(&create("lake-new", PARTNER)).await.status, 200);
    let get = |user| Request::get("/lake-new/key").signed_by(user);
    assert_eq!(stand.ask(&get(PARTNER)).await.status, 200);
    assert_eq!(stand.ask(&get(OWNER)).await.status, 403);
    let again = stand.ask(&create("lake-new", PARTNER)).await;
    assert_eq!(again.code(), "BucketAlreadyOwnedByYou", "{again:?}");
    let other = stand.ask(&create("lake-new", OWNER)).await;
    assert_eq!((other.status, &*other.code()), (409, "BucketAlreadyExists"));
    let Ended { folder, origin, .. } = stand.end().await;
    assert_eq!(origin.seen.len(), 3, "{:#?}", origin.seen);
    // After a restart, too.
    let stand = with_state().start_at(Origin::start().await, folder).await;
    assert_eq!(stand.ask(&get(PARTNER)).await.status, 200);
    assert_eq!(stand.ask(&get(OWNER)).await.status, 403);
    stand.end().await;
}

#[tokio::test]
async fn t05_a_recreated_bucket_is_its_new_creators() {
    let stand = with_state().start().await;
    let deleted = || Script::say("HTTP/1.1 204 No Content\r\n\r\n");
    stand.origin.will(absent()).will(present()).will(deleted());
    assert_eq!(stand.ask(&create("lake-new", PARTNER)).await.status, 200);
    let delete = Request::new("DELETE", "/lake-new").signed_by(PARTNER);
    assert_eq!(stand.ask(&delete).await.status, 204);
    let get = |user| Request::get("/lake-new/key").signed_by(user);
    assert_eq!(stand.ask(&get(PARTNER)).await.status, 403);
    stand.origin.will(absent()).will(present());
    assert_eq!(stand.ask(&create("lake-new", OWNER)).await.status, 200);
    assert_eq!(stand.ask(&get(OWNER)).await.status, 200);
    assert_eq!(stand.ask(&get(PARTNER)).await.status, 403);
    stand.end().await;
}

#[tokio::test]
async fn a_bucket_that_is_not_deleted_keeps_its_owner() {
    let stand = with_state().start().await;
    stand.origin.will(absent()).will(present());
    assert_eq!(stand.ask(&create("lake-new", PARTNER)).await.status, 200);
    stand
        .origin
        .will(Script::say(error("409 Conflict", "BucketNotEmpty")));
    let delete = Request::new("DELETE", "/lake-new").signed_by(PARTNER);
    assert_eq!(stand.ask(&delete).await.code(), "BucketNotEmpty");
    let get = Request::get("/lake-new/key").signed_by(PARTNER);
    assert_eq!(stand.ask(&get).await.status, 200);
    stand.end().await;
}

#[tokio::test]
async fn of_two_creators_one_wins() {
    let stand = with_state().start().await;
    let gate = Gate::new();
    stand
        .origin
        .will(absent())
        .will(Script::say("").wait(&gate).then(answer("200 OK", "", "")));
    let mut first = stand.connect().await;
    first.send(&create("lake-new", PARTNER).bytes()).await;
    stand.origin.until(|memory| memory.seen.len() == 2).await;
    stand.origin.will(absent());
    let second = stand.ask(&create("lake-new", OWNER)).await;
    assert_eq!((second.status, &*second.code()), (409, "OperationAborted"));
    gate.open();
    assert_eq!(first.answer("PUT").await.status, 200);
    let ended = stand.end().await;
    let puts = lines(&ended)
        .iter()
        .filter(|line| line.starts_with("PUT"))
        .count();
    assert_eq!(puts, 1);
}

#[tokio::test]
async fn a_creation_that_broke_off_keeps_the_name() {
    let stand = with_state().start().await;
    stand.origin.will(absent()).will(Script::say("").close());
    let first = stand.ask(&create("lake-new", PARTNER)).await;
    assert_eq!((first.status, &*first.code()), (503, "ServiceUnavailable"));
    // Nobody knows whether it was created, so nobody else may become its owner.
    stand.origin.will(absent());
    let second = stand.ask(&create("lake-new", OWNER)).await;
    assert_eq!((second.status, &*second.code()), (409, "OperationAborted"));
    let ended = stand.end().await;
    let puts = lines(&ended)
        .iter()
        .filter(|line| line.starts_with("PUT"))
        .count();
    assert_eq!(puts, 1, "{:#?}", ended.origin.seen);
    assert_eq!(ended.records[0]["ending"], "upstream_failed");
}

/// A gateway whose predecessor was told to stop while `scripts` kept a creation by the partner waiting; `now` is what
/// its origin says first.
async fn restarted(scripts: Vec<Script>, now: Script) -> Stand {
    let stand = with_state().start().await;
    let count = scripts.len();
    for script in scripts {
        stand.origin.will(script);
    }
    let mut client = stand.connect().await;
    client.send(&create("lake-new", PARTNER).bytes()).await;
    stand
        .origin
        .until(|memory| memory.seen.len() == count)
        .await;
    let Stand {
        running, folder, ..
    } = stand;
    running
        .stop(Duration::ZERO, Duration::from_millis(50))
        .await;
    drop(client);
    let origin = Origin::start().await;
    origin.will(now);
    with_state().start_at(origin, folder).await
}

/// Asks until the creation that was cut short is settled.
async fn settled(stand: &Stand, request: &Request, status: u16) {
    for _ in 0..1000 {
        if stand.ask(request).await.status == status {
            return;
        }
    }
    panic!("it is never settled");
}

#[tokio::test]
async fn a_creation_that_a_stop_cut_short_is_settled_at_the_start() {
    let get = |user| Request::get("/lake-new/key").signed_by(user);
    let cut = || vec![absent(), Script::say("").hang()];
    let stand = restarted(cut(), present()).await;
    settled(&stand, &get(PARTNER), 200).await;
    assert_eq!(stand.ask(&get(OWNER)).await.status, 403);
    stand.end().await;
    let stand = restarted(cut(), absent()).await;
    stand.origin.until(|memory| memory.seen.len() == 1).await;
    loop {
        stand.origin.will(absent());
        let answer = stand.ask(&create("lake-new", OWNER)).await;
        if answer.status == 200 {
            break;
        }
        // Not settled yet: the name is still taken.
        assert_eq!(answer.code(), "OperationAborted");
    }
    assert_eq!(stand.ask(&get(PARTNER)).await.status, 403);
    stand.end().await;
}

#[tokio::test]
async fn t05_a_creation_cut_short_before_it_began_takes_no_bucket_over() {
    let stand = restarted(vec![Script::say("").hang()], present()).await;
    let get = |user| Request::get("/lake-new/key").signed_by(user);
    for _ in 0..50 {
        assert_eq!(stand.ask(&get(PARTNER)).await.status, 403);
        assert_eq!(stand.ask(&get(OWNER)).await.status, 200);
    }
    let again = stand.ask(&create("lake-new", PARTNER)).await;
    assert_eq!(again.code(), "BucketAlreadyExists");
    stand.end().await;
}

#[tokio::test]
async fn t05_a_deletion_that_broke_off_is_made_good_by_the_next() {
    let stand = with_state().start().await;
    stand.origin.will(absent()).will(present());
    assert_eq!(stand.ask(&create("lake-new", PARTNER)).await.status, 200);
    stand.origin.will(Script::say("").close());
    let delete = Request::new("DELETE", "/lake-new").signed_by(PARTNER);
    assert_eq!(stand.ask(&delete).await.status, 503);
    // Until it is known, the bucket is its owner's.
    let get = Request::get("/lake-new/key").signed_by(PARTNER);
    assert_eq!(stand.ask(&get).await.status, 200);
    stand
        .origin
        .will(Script::say(error("404 Not Found", "NoSuchBucket")));
    assert_eq!(stand.ask(&delete).await.code(), "NoSuchBucket");
    assert_eq!(stand.ask(&get).await.status, 403);
    stand.end().await;
}

#[tokio::test]
async fn a_creation_that_was_refused_frees_the_name() {
    for refusal in [
        Script::say(error("400 Bad Request", "InvalidBucketName")),
        Script::say(error("403 Forbidden", "AccessDenied")),
    ] {
        let stand = with_state().start().await;
        stand.origin.will(absent()).will(refusal);
        let first = stand.ask(&create("lake-new", PARTNER)).await;
        assert!([400, 500].contains(&first.status), "{first:?}");
        stand.origin.will(absent()).will(present());
        assert_eq!(stand.ask(&create("lake-new", OWNER)).await.status, 200);
        stand.end().await;
    }
    // A question that got no answer created nothing.
    let stand = with_state().start().await;
    stand.origin.will(Script::say("").close());
    assert_eq!(stand.ask(&create("lake-new", PARTNER)).await.status, 503);
    stand.origin.will(absent()).will(present());
    assert_eq!(stand.ask(&create("lake-new", OWNER)).await.status, 200);
    stand.end().await;
}

fn listing(names: &[&str]) -> Vec<u8> {
    let buckets: String = names
        .iter()
        .map(|name| format!("<Bucket><Name>{name}</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>"))
        .collect();
    let owner = "<Owner><ID>upstream-owner</ID></Owner>";
    answer(
        "200 OK",
        "",
        format!(
            "<ListAllMyBucketsResult>{owner}<Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
        ),
    )
}

/// A second upstream of the same account.
fn second(port: u16) -> String {
    format!(
        "  pond:\n    profile: aws\n    addressing: path\n    region: eu-west-1\n    endpoint: \"http://127.0.0.1:{port}\"\n\
         \x20   owner_account: \"{ACCOUNT}\"\n    buckets: [\"pond-*\"]\n    credentials: anonymous"
    )
}

async fn list(first: Script, other: Script, user: User) -> (Answer, Ended) {
    let pond = Origin::start().await;
    pond.will(other);
    let setup = Setup::default().with(&second(pond.port));
    let stand = setup.start().await;
    stand.origin.will(first);
    let answer = stand.ask(&Request::get("/").signed_by(user)).await;
    (answer, stand.end().await)
}

#[tokio::test]
async fn a_list_of_buckets_is_merged() {
    let lake = Script::say(listing(&["lake-b", "elsewhere", "pond-mine", "lake-a"]));
    let pond = Script::say(listing(&["pond-a", "lake-hidden"]));
    let (answer, ended) = list(lake, pond, OWNER).await;
    let text = answer.text();
    let names: Vec<_> = text
        .split("<Name>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap())
        .collect();
    assert_eq!(names, ["lake-a", "lake-b", "pond-a"], "{answer:?}");
    assert!(!text.contains("upstream-owner"));
    assert_eq!(ended.record()["operation_name"], "ListBuckets");
}

#[tokio::test]
async fn a_list_that_would_be_short_is_none() {
    for bad in [
        Script::say("").close(),
        Script::say(error("503 Slow Down", "SlowDown")),
        Script::say(answer("200 OK", "", "<html/>")),
    ] {
        let (answer, ended) = list(Script::say(listing(&["lake-a"])), bad, OWNER).await;
        ended.recorded(&answer, 503, "ServiceUnavailable");
        assert_eq!(
            (answer.status, &*answer.code()),
            (503, "ServiceUnavailable")
        );
        assert_eq!(ended.record()["ending"], "upstream_failed");
    }
    let denied = Script::say(error("403 Forbidden", "AccessDenied"));
    let (answer, ended) = list(Script::say(listing(&["lake-a"])), denied, OWNER).await;
    ended.recorded(&answer, 500, "InternalError");
}

#[tokio::test]
async fn an_account_without_buckets_asks_nobody() {
    let (answer, ended) = list(absent(), absent(), PARTNER).await;
    assert_eq!(
        (answer.status, answer.text().contains("<Name>")),
        (200, false),
        "{answer:?}"
    );
    assert_eq!(ended.origin.opened, 0);
    assert!(
        ended.record()["principal"]
            .as_str()
            .unwrap()
            .contains(PARTNER_ACCOUNT)
    );
    let stand = Stand::start().await;
    let answer = stand.ask(&Request::get("/")).await;
    stand.end().await.refused(&answer, 403, "AccessDenied");
}

#[tokio::test]
async fn uploads_that_leave_no_record_put_no_bucket_on_record() {
    let stand = with_state().start().await;
    let begun =
        "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>";
    stand.origin.will(Script::say(answer("200 OK", "", begun)));
    stand
        .origin
        .will(Script::say("HTTP/1.1 204 No Content\r\n\r\n"));
    let begin = Request::new("POST", "/lake-1/key?uploads=").signed_by(OWNER);
    assert_eq!(stand.ask(&begin).await.status, 200);
    let abort = Request::new("DELETE", "/lake-1/key?uploadId=u").signed_by(OWNER);
    assert_eq!(stand.ask(&abort).await.status, 204);
    let put = Request::put("/lake-1/key", "bytes").signed_by(OWNER);
    assert_eq!(stand.ask(&put).await.status, 200);
    let ended = stand.end().await;
    // Before one were put on record, the origin would be asked whether it is there.
    assert_eq!(
        lines(&ended),
        [
            "POST /lake-1/key?uploads= HTTP/1.1",
            "DELETE /lake-1/key?uploadId=u HTTP/1.1",
            "PUT /lake-1/key HTTP/1.1"
        ]
    );
}
