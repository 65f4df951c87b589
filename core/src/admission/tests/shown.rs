//! What the answer to a read may show.

use super::kit::{Ask, World, now};
use crate::admission::{Arrival, withheld};
use http::{HeaderMap, HeaderName, HeaderValue};

const SHOWN: [&str; 4] = [
    "x-amz-tagging-count",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold",
];

/// May read objects, their versions and the tags of the latest.
const SOME: &str = r#"{"Effect":"Allow","Principal":"*","Resource":"arn:aws:s3:::demo-some/*",
    "Action":["s3:GetObject","s3:GetObjectVersion","s3:GetObjectTagging","s3:PutObject"]}"#;

/// The headers that are taken off an answer with these.
fn hidden(world: &World, ask: &Ask, answer: &[&'static str]) -> Vec<&'static str> {
    let labels = world.ask(ask).labels;
    let arrival = Arrival {
        listener: &world.ordinary,
        id: "ID",
        now: now(),
        lock_time: crate::controls::lock::LockTime::certain(now()),
        peer: [192, 0, 2, 1].into(),
        tls: None,
    };
    let entry =
        |name: &&'static str| (HeaderName::from_static(name), HeaderValue::from_static("1"));
    let answer: HeaderMap = answer.iter().map(entry).collect();
    withheld(&world.rules, &ask.head(), &arrival, &labels, None, &answer)
}

#[test]
fn an_answer_shows_what_the_caller_may_ask_for() {
    let world = World::new().with_policy("demo-some", SOME);
    for method in ["GET", "HEAD"] {
        let read = |path: &str| Ask::new(&format!("{method} {path}"));
        assert_eq!(hidden(&world, &read("/acme-open/key"), &SHOWN), [""; 0]);
        assert_eq!(hidden(&world, &read("/demo-some/key"), &SHOWN), SHOWN[1..]);
        let version = read("/demo-some/key?versionId=v");
        assert_eq!(hidden(&world, &version, &SHOWN), SHOWN);
        assert_eq!(hidden(&world, &version, &["etag"]), [""; 0]);
        let signed = read("/acme-private/key").signed("reader");
        assert_eq!(hidden(&world, &signed, &SHOWN), [""; 0]);
        let signed = read("/acme-private/home/home/key").presigned("home");
        assert_eq!(hidden(&world, &signed, &SHOWN), SHOWN);
    }
    // Of other answers nothing is hidden.
    let write = Ask::new("PUT /demo-some/key").header("content-length", "0");
    assert_eq!(hidden(&world, &write, &SHOWN), [""; 0]);
}

#[test]
fn a_listener_in_observe_shows_what_is_not_denied() {
    let own = Ask::new("GET /acme-private/home/home/key").signed("home");
    let observing = World::new().observing();
    assert_eq!(hidden(&observing, &own, &SHOWN), [""; 0]);
    // To the anonymous it shows no more than ever.
    let some = World::new().with_policy("demo-some", SOME).observing();
    let anonymous = Ask::new("GET /demo-some/key");
    assert_eq!(hidden(&some, &anonymous, &SHOWN), SHOWN[1..]);
    let deny = |condition: &str| {
        format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"s3:GetObjectTagging",
                "Resource":"arn:aws:s3:::acme-private/*"{condition}}}"#
        )
    };
    // Nor what a Deny keeps, also one that hangs on tags that nobody looked up.
    let tagged = r#","Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"shut"}}"#;
    for condition in ["", tagged] {
        let world = World::new().with_policy("acme-private", &deny(condition));
        assert_eq!(
            hidden(&world.observing(), &own, &SHOWN),
            ["x-amz-tagging-count"]
        );
    }
}
