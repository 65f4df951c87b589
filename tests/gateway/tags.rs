//! The tags of a stored object are asked of the upstream when the outcome depends on them.

use super::client::Answer;
use super::origin::{Script, answer, error};
use super::request::{CLERK, OWNER, Request, User};
use super::stand::{Ended, Setup, Stand};

const NONE: &str = "<Tagging><TagSet/></Tagging>";
const SOME: &str = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
const COPIED: &str = "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>";

/// Copies an object while the origin answers so, one answer a request.
async fn copy(user: User, answers: &[Vec<u8>]) -> (Answer, Ended) {
    let stand = Stand::start().await;
    for said in answers {
        stand.origin.will(Script::say(said));
    }
    let copy = Request::put("/lake-1/key", "")
        .header("x-amz-copy-source", "/lake-1/source%20one")
        .signed_by(user);
    let answer = stand.ask(&copy).await;
    (answer, stand.end().await)
}

fn ok(body: &str) -> Vec<u8> {
    answer("200 OK", "", body)
}

fn lines(ended: &Ended) -> Vec<&str> {
    ended.origin.seen.iter().map(|seen| seen.line()).collect()
}

const LOOK_UP: &str = "GET /lake-1/source%20one?tagging= HTTP/1.1";
const COPY: &str = "PUT /lake-1/key HTTP/1.1";

#[tokio::test]
async fn a_copy_of_an_object_without_tags_goes_on_after_a_look_up() {
    for said in [ok(NONE), error("404 Not Found", "NoSuchKey")] {
        let (answer, ended) = copy(CLERK, &[said, ok(COPIED)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(lines(&ended), [LOOK_UP, COPY]);
        let look_up = ended.origin.seen.first().unwrap();
        assert!(look_up.header("authorization").is_some());
        assert_eq!(look_up.header("x-amz-copy-source"), None);
    }
}

#[tokio::test]
async fn t19_a_copy_of_tags_is_refused_before_anything_is_written() {
    let (answer, ended) = copy(CLERK, &[ok(SOME)]).await;
    assert_eq!(lines(&ended), [LOOK_UP]);
    ended.recorded(&answer, 403, "AccessDenied");
    let permissions = ended.record()["permissions"].as_array().unwrap().clone();
    let last = permissions.last().unwrap();
    assert_eq!(last["action"], "s3:GetObjectTagging");
    assert_eq!(last["allowed"], false);
}

#[tokio::test]
async fn who_may_copy_tags_waits_for_no_look_up() {
    let (answer, ended) = copy(OWNER, &[ok(COPIED)]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(lines(&ended), [COPY]);
}

#[tokio::test]
async fn a_look_up_that_says_nothing_lets_nothing_pass() {
    for said in [
        ok("<Tagging><TagSet><Tag><Key>a"),
        ok("<!DOCTYPE a><Tagging><TagSet/></Tagging>"),
        error("403 Forbidden", "InvalidAccessKeyId"),
        error("500 Internal Server Error", "InternalError"),
        error("400 Bad Request", "InvalidRequest"),
    ] {
        let (answer, ended) = copy(CLERK, &[said]).await;
        assert!(answer.status >= 500, "{answer:?}");
        assert_eq!(lines(&ended), [LOOK_UP]);
        assert_eq!(ended.records.len(), 1);
    }
}

#[tokio::test]
async fn look_ups_beyond_their_bounds_are_refused_and_counted() {
    let setup = Setup::default().upstream("look_ups: { concurrent: 1, per_second: 1 }");
    let setup = setup.with("health: \"127.0.0.1:0\"");
    let stand = setup.start().await;
    let copy = || {
        let copy = Request::put("/lake-1/key", "");
        copy.header("x-amz-copy-source", "/lake-1/source%20one")
    };
    let mut served = 0;
    // On a slow machine a second may pass between two.
    let refused = loop {
        for said in [ok(NONE), ok(COPIED)] {
            stand.origin.will(Script::say(&said));
        }
        let answer = stand.ask(&copy().signed_by(CLERK)).await;
        match answer.status {
            200 if served < 20 => served += 1,
            _ => break answer,
        }
    };
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.text().contains("SlowDown"), "{refused:?}");
    // Who needs none is served.
    assert_eq!(stand.ask(&copy().signed_by(OWNER)).await.status, 200);
    let metrics = stand.metrics().await;
    for (outcome, count) in [("asked", served), ("limited", 1)] {
        let line = format!(
            "portcullis_look_ups_total{{outcome=\"{outcome}\",upstream=\"lake\"}} {count}\n"
        );
        assert!(metrics.contains(&line), "{metrics}");
    }
    let ended = stand.end().await;
    assert_eq!(lines(&ended).len(), 2 * served + 1);
}
