//! Why a request was refused, as its record will say it.

use super::kit::{Ask, World, delete};
use crate::admission::{Admission, Labels};

#[track_caller]
fn check(ask: &Ask, expected: &str) {
    let labels = World::new().ask(ask).labels;
    assert_eq!(reason(&labels).as_deref(), Some(expected));
}

fn reason(labels: &Labels) -> Option<String> {
    let reason = labels.decision.as_ref()?.reason.as_ref()?;
    Some(reason.to_string())
}

#[test]
fn an_allowed_request_has_no_reason() {
    for (ask, caller) in [
        ("GET /acme-private/home/home/a", "home"),
        ("GET /acme-private/x", "admin"),
    ] {
        let labels = World::new().ask(&Ask::new(ask).signed(caller)).labels;
        assert!(labels.decision.is_some());
        assert_eq!(reason(&labels), None);
    }
}

#[test]
fn a_refusal_names_the_nearest_allow() {
    check(
        &Ask::new("GET /acme-private/home/other/a").signed("home"),
        "statement 0 (kit:2) of the caller's identity policies does not allow it: Resource has \
         `arn:aws:s3:::*/home/${aws:username}/*` with ${aws:username} = `home`, \
         asked is `arn:aws:s3:::acme-private/home/other/a`",
    );
    check(
        &Ask::new("GET /acme-private?list-type=2&prefix=home/other/").signed("home"),
        "statement 1 (kit:4) of the caller's identity policies does not allow it: StringLike s3:prefix wants \
         `home/${aws:username}/*` with ${aws:username} = `home`, found `home/other/`",
    );
    check(
        &Ask::new("GET /acme-private/x").signed("nobody"),
        "no statement of the caller's identity policies names the action",
    );
    check(
        &Ask::new("GET /acme-private/x"),
        "no statement of the bucket policy names the action",
    );
}

#[test]
fn a_refusal_names_the_statement_that_denied() {
    check(
        &Ask::new("DELETE /acme-guarded/x").signed("admin"),
        "statement 0 (kit:1) of the bucket policy denies it",
    );
}

#[test]
fn a_look_up_that_was_made_is_found_in_the_reason() {
    let statements = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::demo-tagged/*",
        "Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"open"}}}"#;
    let world = World::new()
        .with_policy("demo-tagged", statements)
        .with_tag("demo-tagged/k?tagging=", "class", "closed");
    let ask = Ask::new("GET /demo-tagged/k").signed("nobody");
    let reason = reason(&world.ask(&ask).labels).unwrap();
    assert!(
        reason.ends_with("StringEquals s3:ExistingObjectTag/class wants `open`, found `closed`"),
        "{reason}"
    );
}

fn deleting(keys: usize) -> Admission {
    let keys: Vec<_> = (0..keys).map(|n| format!("home/other/{n}")).collect();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let ask = Ask::new("POST /acme-private?delete").document(&delete(&keys));
    World::new().ask(&ask.signed("home"))
}

#[test]
fn the_first_hundred_keys_that_may_not_be_deleted_have_reasons() {
    let labels = deleting(150).labels;
    let explained: Vec<_> = labels
        .items
        .iter()
        .map(|item| item.reason.is_some())
        .collect();
    assert_eq!(explained, [vec![true; 100], vec![false; 50]].concat());
    assert!(reason(&labels).is_some_and(|reason| reason.contains("home/other/0")));
}

#[test]
fn the_first_refusal_after_many_allowed_keys_has_a_reason() {
    let mut keys = vec!["home/home/a"; 150];
    keys.push("x");
    let ask = Ask::new("POST /acme-private?delete").document(&delete(&keys));
    let labels = World::new().ask(&ask.signed("home")).labels;
    assert!(reason(&labels).is_some_and(|reason| reason.contains("acme-private/x")));
    let explained = labels.items.iter().filter(|item| item.reason.is_some());
    assert_eq!(explained.count(), 1);
}

#[test]
fn t48_credentials_of_a_refused_request_are_not_in_its_reason() {
    let condition = r#"{"StringEquals":{"aws:Referer":"https://app.example","s3:x-amz-server-side-encryption-customer-algorithm":"AES256"}}"#;
    let statements = format!(
        r#"{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-asked/*","Condition":{condition}}}"#
    );
    let world = World::new().with_policy("acme-asked", &statements);
    let ask = Ask::new("GET /acme-asked/k")
        .header(
            "referer",
            "https://other.example/?X-Amz-Signature=canary&X-Amz-Security-Token=canary",
        )
        .header("x-amz-server-side-encryption-customer-algorithm", "AES256")
        .header("x-amz-server-side-encryption-customer-key", "canary")
        .header("x-amz-server-side-encryption-customer-key-md5", "canary");
    let labels = world.ask(&ask.signed("nobody")).labels;
    let reason = reason(&labels).unwrap();
    assert!(reason.contains("aws:Referer"), "{reason}");
    assert!(!reason.contains("canary"), "{reason}");
    assert!(!format!("{:?}", labels.decision).contains("canary"));
}
