//! Settings that are left to the upstream: authorised here, kept there.

use super::kit::{Ask, Permitted, World, verdict};
use crate::admission::{Outcome, Recorded, Run};
use crate::controls::settings::SettingKind;

/// The world, in which the first account's store keeps these itself.
fn world(kinds: &[SettingKind]) -> World {
    World::new().leaving("acme", kinds)
}

const ALL: &[SettingKind] = &SettingKind::ALL;

fn put_policy(bucket: &str) -> Ask {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{bucket}/*"}}]}}"#
    );
    Ask::new(&format!("PUT /{bucket}?policy=")).document(&policy)
}

/// Method, query and how it is carried out.
#[track_caller]
fn sent(world: &World, ask: &Ask) -> (String, String, bool) {
    match world.ask(ask).outcome {
        Outcome::Forward(permit) => {
            let streams = matches!(permit.run(), Run::Stream | Run::Relayed(_));
            (
                permit.method().to_string(),
                permit.query().to_owned(),
                streams,
            )
        }
        other => panic!("not sent: {other:?}"),
    }
}

fn answer(method: &str, query: &str) -> (String, String, bool) {
    (method.to_owned(), query.to_owned(), true)
}

#[test]
fn calls_are_authorised_and_sent_on() {
    let world = world(&[SettingKind::Policy]);
    let put = put_policy("acme-private");
    assert_eq!(
        sent(&world, &put.clone().signed("admin")),
        answer("PUT", "policy=")
    );
    assert_eq!(verdict(&world.ask(&put.signed("nobody"))), "AccessDenied");
    for (method, query) in [
        ("GET", "policy="),
        ("GET", "policyStatus="),
        ("DELETE", "policy="),
    ] {
        let ask = Ask::new(&format!("{method} /acme-private?{query}"));
        assert_eq!(
            sent(&world, &ask.clone().signed("admin")),
            answer(method, query)
        );
        assert_eq!(
            verdict(&world.ask(&ask.signed("reader"))),
            if method == "GET" {
                "pass"
            } else {
                "AccessDenied"
            }
        );
    }
    // Another kind is the gateway's, and so is this kind on another upstream.
    let cors = Ask::new("GET /acme-private?cors=").signed("admin");
    let permit: Permitted = world.permit(&cors);
    assert!(matches!(permit.run(), Run::Settle(_)));
    let other = Ask::new("GET /partner-private?policy=").signed("partner");
    assert!(matches!(world.permit(&other).run(), Run::Settle(_)));
}

#[test]
fn what_the_gateway_has_of_it_counts_for_nothing() {
    let get = Ask::new("GET /acme-public/key");
    assert_eq!(verdict(&World::new().ask(&get)), "pass");
    assert_eq!(
        verdict(&world(&[SettingKind::Policy]).ask(&get)),
        "AccessDenied"
    );
    assert_eq!(verdict(&world(&[SettingKind::Cors]).ask(&get)), "pass");
}

#[test]
fn a_store_is_sent_only_what_it_has() {
    let world = World::new().leaving("partner", ALL);
    let ask = Ask::new("GET /partner-private?policy=").signed("partner");
    assert_eq!(verdict(&world.ask(&ask)), "NotImplemented");
}

#[test]
fn acls_and_origins_go_with_what_they_are_about() {
    let upload = Ask::new("PUT /acme-private/key")
        .header("x-amz-acl", "public-read")
        .header("origin", "https://app.example")
        .body("bytes")
        .signed("admin");
    assert_eq!(
        verdict(&World::new().ask(&upload)),
        "AccessControlListNotSupported"
    );
    let world = world(ALL);
    let permit = world.permit(&upload);
    assert_eq!(permit.headers()["x-amz-acl"], "public-read");
    assert_eq!(permit.headers()["origin"], "https://app.example");
    let keeping = permit.keeping().unwrap();
    assert_eq!(keeping.recorded, Recorded::NotYet);
    let create = Ask::new("PUT /acme-new")
        .header("x-amz-object-ownership", "ObjectWriter")
        .document("")
        .signed("admin");
    let permit = world.permit(&create);
    assert_eq!(permit.headers()["x-amz-object-ownership"], "ObjectWriter");
    let plain = World::new().permit(
        &Ask::new("PUT /acme-private/key")
            .header("origin", "https://a")
            .body("b")
            .signed("admin"),
    );
    assert!(!plain.headers().contains_key("origin"));
}

#[test]
fn a_preflight_is_the_stores_to_answer() {
    let ask = Ask::new("OPTIONS /acme-private/a%20key")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "PUT")
        .header("cookie", "secret");
    assert_eq!(verdict(&World::new().ask(&ask)), "AccessForbidden");
    let permit = world(&[SettingKind::Cors]).permit(&ask);
    assert_eq!(
        (permit.method().as_str(), permit.key()),
        ("OPTIONS", "a%20key")
    );
    let names: Vec<_> = permit.headers().keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["origin", "access-control-request-method"]);
}
