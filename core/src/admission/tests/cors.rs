//! CORS: preflights before anybody is known, and the headers of other answers.

use super::kit::{Ask, World, now, verdict};
use crate::admission::{Arrival, Outcome, cors_headers, explain};
use crate::controls::cors::Cors;
use crate::controls::settings::{BucketSettings, Setting};
use crate::s3::answer::Answer;
use crate::s3::operations::OperationId;
use http::HeaderMap;
use std::sync::Arc;

const RULES: &str = "<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example</AllowedOrigin>\
    <AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader></CORSRule></CORSConfiguration>";

fn world() -> World {
    let cors = Arc::new(Cors::parse_xml(RULES.as_bytes()).unwrap());
    let settings = BucketSettings::default().with(Setting::Cors(cors));
    World::new().keeping("acme-kept", "111111111111", settings)
}

fn preflight(path: &str, origin: &str, method: &str) -> Ask {
    Ask::new(&format!("OPTIONS {path}"))
        .header("origin", origin)
        .header("access-control-request-method", method)
}

#[track_caller]
fn allowed(world: &World, ask: &Ask) -> HeaderMap {
    match world.ask(ask).outcome {
        Outcome::Answer(Answer::Success(success)) => success.headers,
        other => panic!("not allowed: {other:?}"),
    }
}

#[test]
fn a_preflight_is_answered_before_anybody_is_known() {
    let world = world();
    for path in [
        "/acme-kept",
        "/acme-kept/key",
        "/acme-kept/key?uploadId=1&partNumber=2&X-Amz-Signature=bad",
        "/acme-kept/key?acl&nosuch",
    ] {
        let ask = preflight(path, "https://app.example", "PUT")
            .header("authorization", "AWS4-HMAC-SHA256 x");
        let headers = allowed(&world, &ask);
        assert_eq!(
            headers["access-control-allow-origin"],
            "https://app.example"
        );
        let labels = world.ask(&ask).labels;
        let operation = labels.operation.unwrap();
        assert_eq!(operation.id, OperationId::OptionsPreflight);
        assert!(labels.auth.is_none() && labels.permissions.is_empty());
    }
}

#[test]
fn a_preflight_says_why_it_is_refused() {
    let world = world();
    let refused = |path: &str, origin: &str, method: &str| {
        let error = world.refusal(&preflight(path, origin, method));
        let kind = error
            .details
            .iter()
            .find(|(name, _)| *name == "ResourceType");
        let kind = kind.map_or("", |(_, kind)| kind).to_owned();
        (error.code.name(), kind, error.message.into_owned())
    };
    let app = "https://app.example";
    let (code, kind, _) = refused("/acme-kept/key", "https://other.example", "PUT");
    assert_eq!((code, &*kind), ("AccessForbidden", "OBJECT"));
    assert_eq!(
        refused("/acme-kept/key", app, "DELETE").0,
        "AccessForbidden"
    );
    let (code, kind, said) = refused("/acme-closed/key", app, "PUT");
    assert_eq!((code, &*kind), ("AccessForbidden", "BUCKET"));
    assert!(said.contains("CORS is not enabled"), "{said}");
    let (_, _, said) = refused("/nowhere/key", app, "PUT");
    assert!(said.contains("Bucket not found"), "{said}");
    let none = Ask::new("OPTIONS /acme-kept/key").header("access-control-request-method", "PUT");
    assert_eq!(verdict(&world.ask(&none)), "BadRequest");
    assert_eq!(
        verdict(&world.ask(&Ask::new("OPTIONS /"))),
        "MethodNotAllowed"
    );
}

#[test]
fn answers_to_other_origins_have_headers_and_requests_no_more_rights() {
    let world = world();
    let put = |origin: &str| {
        Ask::new("PUT /acme-kept/key")
            .header("origin", origin)
            .header("content-length", "5")
    };
    let headers = |ask: &Ask| {
        let admission = world.ask(ask);
        cors_headers(&world.rules, &ask.head(), &admission.labels.target.unwrap())
    };
    let ask = put("https://app.example");
    assert_eq!(verdict(&world.ask(&ask)), "AccessDenied");
    assert!(headers(&ask).is_some());
    assert_eq!(headers(&put("https://other.example")), None);
    assert_eq!(
        headers(&Ask::new("PUT /acme-kept/key").header("content-length", "5")),
        None
    );
    assert_eq!(
        headers(&Ask::new("GET /acme-kept/key").header("origin", "https://app.example")),
        None
    );
}

#[test]
fn it_is_explained_which_rule_matched() {
    let world = world();
    let told = |ask: &Ask| {
        let labels = world.ask(ask).labels;
        let arrival = Arrival {
            listener: &world.ordinary,
            id: "ID",
            now: now(),
            lock_time: crate::controls::lock::LockTime::certain(now()),
            peer: [192, 0, 2, 1].into(),
            tls: None,
        };
        let explained = explain(&world.rules, &ask.head(), &arrival, &labels, None);
        explained.unwrap().to_text()
    };
    let text = told(&preflight("/acme-kept/key", "https://app.example", "PUT"));
    assert!(text.contains("rule 1"), "{text}");
    let text = told(&preflight("/acme-kept/key", "https://other.example", "PUT"));
    assert!(text.contains("https://app.example"), "{text}");
    let ask = Ask::new("GET /acme-kept/key")
        .header("origin", "https://app.example")
        .signed("admin");
    let text = told(&ask);
    assert!(text.starts_with("allow:") && text.contains("PUT"), "{text}");
}
