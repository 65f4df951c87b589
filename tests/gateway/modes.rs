//! Policies in shadow, candidates and listeners that observe: what reaches the origin, and what the record says.

use super::request::{CLERK, OWNER, Request};
use super::stand::Setup;
use serde_json::json;

fn policy(effect: &str, sid: &str, action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Sid": sid, "Effect": effect, "Principal": "*", "Action": action,
        "Resource": ["arn:aws:s3:::lake-1", "arn:aws:s3:::lake-1/*"],
    }]})
    .to_string()
}

fn get() -> Request {
    Request::get("/lake-1/key")
}

#[tokio::test]
async fn a_deny_in_shadow_lets_the_request_pass_and_stands_in_its_record() {
    let stand = Setup::default()
        .policy("lake-1", &policy("Deny", "NoRead", "s3:GetObject"))
        .with("modes: { buckets/lake-1/policy.json: shadow }")
        .start()
        .await;
    assert_eq!(stand.ask(&get().signed_by(OWNER)).await.status, 200);
    let ended = stand.end().await;
    ended.seen();
    let mut decision = ended.record()["decision"].clone();
    assert_eq!(
        (&decision["mode"], &decision["verdict"]),
        (&json!("enforce"), &json!("allow"))
    );
    assert_eq!(decision["would_deny"], true);
    let shadow = &mut decision["shadow"];
    let difference = &mut shadow["differences"][0];
    assert_eq!(difference["live"]["layer"], "identity");
    let file = difference["shadow"]["file"].take();
    assert!(
        file.as_str()
            .unwrap()
            .ends_with("policies/buckets/lake-1/policy.json")
    );
    difference.as_object_mut().unwrap().remove("live");
    assert_eq!(
        *shadow,
        json!({"would_deny": 1, "would_allow": 0, "unknown": 0, "differences": [{
            "kind": "would_deny", "action": "s3:GetObject", "resource": "arn:aws:s3:::lake-1/key",
            "shadow": {"verdict": "explicit_deny", "layer": "bucket", "sid": "NoRead", "file": null, "line": 1,
                "statement": 0},
        }]})
    );
}

#[tokio::test]
async fn a_candidate_that_allows_more_lets_nothing_pass() {
    let stand = Setup::default()
        .file(
            "policies/buckets/lake-1/policy.candidate.json",
            &policy("Allow", "Open", "s3:GetObject"),
        )
        .start()
        .await;
    let answer = stand.ask(&get()).await;
    let ended = stand.end().await;
    ended.refused(&answer, 403, "AccessDenied");
    let decision = &ended.record()["decision"];
    assert_eq!(
        (&decision["verdict"], &decision["would_allow"]),
        (&json!("implicit_deny"), &json!(true))
    );
    let difference = &decision["shadow"]["differences"][0];
    assert_eq!(
        (&difference["kind"], &difference["shadow"]["sid"]),
        (&json!("would_allow"), &json!("Open"))
    );
    assert!(decision.get("would_deny").is_none());
}

#[tokio::test]
async fn what_a_listener_in_observe_lets_pass_stands_in_its_record() {
    let stand = Setup::default().listener("decision: observe").start().await;
    let get = Request::get("/lake-1/key?versionId=v").signed_by(CLERK);
    assert_eq!(stand.ask(&get).await.status, 200);
    let ended = stand.end().await;
    ended.seen();
    let decision = &ended.record()["decision"];
    assert_eq!(decision["mode"], "observe");
    assert_eq!(
        (&decision["verdict"], &decision["would_deny"]),
        (&json!("allow"), &json!(true))
    );
    let observed = &decision["observed"];
    assert_eq!(
        (&observed["verdict"], &observed["missing"]),
        (&json!("implicit_deny"), &json!("identity"))
    );
    assert_eq!(
        (&observed["action"], &observed["resource"]),
        (
            &json!("s3:GetObjectVersion"),
            &json!("arn:aws:s3:::lake-1/key")
        )
    );
    assert_eq!(observed["count"], 1);
}

#[tokio::test]
async fn a_listener_in_observe_refuses_what_is_denied_or_anonymous() {
    let deny = policy("Deny", "NoList", "s3:ListBucket");
    let requests = [
        (
            Request::get("/lake-1?list-type=2").signed_by(CLERK),
            "explicit_deny",
        ),
        (get(), "implicit_deny"),
    ];
    for (request, verdict) in requests {
        let setup = Setup::default().listener("decision: observe");
        let stand = setup.policy("lake-1", &deny).start().await;
        let answer = stand.ask(&request).await;
        let ended = stand.end().await;
        ended.refused(&answer, 403, "AccessDenied");
        let decision = &ended.record()["decision"];
        assert_eq!(
            (&decision["mode"], &decision["verdict"]),
            (&json!("observe"), &json!(verdict))
        );
        assert!(decision.get("observed").is_none());
    }
}

#[tokio::test]
async fn a_listener_of_its_own_mode_stands_beside_others() {
    let stand = Setup::default()
        .listener("decision: enforce")
        .with("decision: observe")
        .start()
        .await;
    let answer = stand
        .ask(&Request::get("/lake-1?list-type=2").signed_by(CLERK))
        .await;
    let ended = stand.end().await;
    ended.refused(&answer, 403, "AccessDenied");
    assert_eq!(ended.record()["decision"]["mode"], "enforce");
}

#[tokio::test]
async fn the_mode_stands_in_the_record_of_what_never_became_a_request() {
    let stand = Setup::default().listener("decision: observe").start().await;
    let mut client = stand.connect().await;
    client.send(b"GET  /lake-1/key HTTP/1.1\r\n\r\n").await;
    assert_eq!(client.answer("GET").await.status, 400);
    let ended = stand.end().await;
    assert_eq!(ended.record()["decision"], json!({"mode": "observe"}));
}
