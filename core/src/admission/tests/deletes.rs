//! DeleteObjects: each key is decided on its own.

use super::kit::{Ask, World, delete, verdict};
use crate::admission::{Item, Permit, Run};
use crate::s3::xml::{DeleteFailure, DeleteRequest};

fn ask(bucket: &str, document: &str) -> Ask {
    Ask::new(&format!("POST /{bucket}?delete")).document(document)
}

/// The keys that go upstream, and the codes of those that do not.
fn outcome(permit: &Permit) -> (Vec<String>, Vec<(String, String)>) {
    let Run::DeleteObjects {
        allowed, refused, ..
    } = permit.run()
    else {
        panic!("{:?}", permit.run());
    };
    let sent = allowed
        .as_ref()
        .map(|document| DeleteRequest::parse(document).unwrap());
    let sent = sent.map(|request| request.objects).unwrap_or_default();
    let code = |failure: &DeleteFailure| (failure.key.clone(), failure.code.clone());
    (
        sent.into_iter().map(|item| item.key).collect(),
        refused.iter().map(code).collect(),
    )
}

#[track_caller]
fn check(ask: &Ask, sent: &[&str], refused: &[(&str, &str)]) {
    let world = World::new();
    let (found, failures) = outcome(&world.permit(ask));
    assert_eq!(found, sent);
    let failures: Vec<(&str, &str)> = failures
        .iter()
        .map(|(key, code)| (key.as_str(), code.as_str()))
        .collect();
    assert_eq!(failures, refused);
}

#[test]
fn t21_each_key_is_decided_on_its_own() {
    let keys = [
        "home/home/b",
        "home/other/x",
        "home/home/a",
        "home/home",
        "home/homer/x",
    ];
    check(
        &ask("acme-private", &delete(&keys)).signed("home"),
        &["home/home/b", "home/home/a"],
        &[
            ("home/other/x", "AccessDenied"),
            ("home/home", "AccessDenied"),
            ("home/homer/x", "AccessDenied"),
        ],
    );
}

#[test]
fn t21_a_key_named_twice_is_decided_and_sent_twice() {
    check(
        &ask(
            "acme-private",
            &delete(&["home/home/a", "x", "home/home/a", "x"]),
        )
        .signed("home"),
        &["home/home/a", "home/home/a"],
        &[("x", "AccessDenied"), ("x", "AccessDenied")],
    );
}

#[test]
fn t21_nothing_is_sent_if_no_key_is_allowed() {
    let world = World::new();
    for document in [
        ask("acme-private", &delete(&["a", "b"])),
        ask("acme-private", &delete(&["a", "b"])).signed("nobody"),
        ask("acme-guarded", &delete(&["a", "b"])).signed("root"),
    ] {
        let permit = world.permit(&document);
        assert!(matches!(
            permit.run(),
            Run::DeleteObjects { allowed: None, .. }
        ));
    }
}

#[test]
fn t21_a_refused_key_says_why_to_its_own_account_only() {
    let world = World::new();
    let failure = |name| match world
        .permit(&ask("acme-private", &delete(&["a"])).signed(name))
        .run()
    {
        Run::DeleteObjects { refused, .. } => refused[0].message.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        failure("careful"),
        "User: arn:aws:iam::111111111111:user/careful is not authorized to perform: s3:DeleteObject on resource: \
         \"arn:aws:s3:::acme-private/a\" with an explicit deny in an identity-based policy"
    );
    assert_eq!(failure("partner"), "Access Denied");
}

#[test]
fn t21_up_to_a_thousand_keys() {
    let keys: Vec<String> = (0..1001).map(|at| format!("home/home/{at}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let most = ask("acme-private", &delete(&keys[..1000])).signed("home");
    check(&most, &keys[..1000], &[]);
    let over = ask("acme-private", &delete(&keys)).signed("home");
    assert_eq!(verdict(&World::new().ask(&over)), "MalformedXML");
}

#[test]
fn t21_a_key_that_cannot_be_fails_alone() {
    let long = "k".repeat(1025);
    let longest = "k".repeat(1024);
    check(
        &ask("acme-open", &delete(&["a", &long, &longest])),
        &["a", &longest],
        &[(&long, "KeyTooLongError")],
    );
    // This store folds such segments.
    check(
        &ask("partner-open", &delete(&["a", "b/../c", "d//e", "f/"])),
        &["a", "f/"],
        &[("b/../c", "InvalidURI"), ("d//e", "InvalidURI")],
    );
}

#[test]
fn t21_documents_that_are_none_are_refused_whole() {
    let world = World::new();
    for bad in [
        "",
        "<Delete/>",
        "<Delete><Object/></Delete>",
        "<Delete><Object><Key/></Object></Delete>",
        "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
        "<Delete><Object><Key>a</Key><Tag/></Object></Delete>",
        "<!DOCTYPE Delete><Delete><Object><Key>a</Key></Object></Delete>",
        "<Delete><Object><Key>&a;</Key></Object></Delete>",
        "<Delete><Object><Key>&#0;</Key></Object></Delete>",
    ] {
        assert_eq!(
            verdict(&world.ask(&ask("acme-open", bad))),
            "MalformedXML",
            "{bad}"
        );
    }
}

#[test]
fn t21_keys_are_literal() {
    let document = "<Delete><Object><Key>a&amp;b&#13;&#x20;</Key></Object><Object><Key> %2e%2e/ü </Key></Object></Delete>";
    check(&ask("acme-open", document), &["a&b\r ", " %2e%2e/ü "], &[]);
}

/// May delete the latest version; the other one named versions.
const ONE_EACH: &str = r#"
    {"Effect":"Allow","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::demo-mixed/plain"},
    {"Effect":"Allow","Principal":"*","Action":"s3:DeleteObjectVersion","Resource":"arn:aws:s3:::demo-mixed/version"}"#;

#[test]
fn t20_a_version_takes_the_permission_for_versions() {
    let item = |key: &str, version: &str| {
        format!("<Object><Key>{key}</Key><VersionId>{version}</VersionId></Object>")
    };
    let items = [
        item("plain", ""),
        item("plain", "null"),
        item("version", ""),
        item("version", " \n"),
        item("version", "null"),
        item("version", "v1"),
    ];
    let world = World::new().with_policy("demo-mixed", ONE_EACH);
    let permit = world.permit(&ask(
        "demo-mixed",
        &format!("<Delete>{}</Delete>", items.concat()),
    ));
    let allowed: Vec<bool> = permit
        .labels
        .items
        .iter()
        .map(|item| item.allowed)
        .collect();
    assert_eq!(allowed, [true, false, false, false, true, true]);
    let Run::DeleteObjects {
        allowed, refused, ..
    } = permit.run()
    else {
        panic!("{:?}", permit.run());
    };
    let sent = DeleteRequest::parse(allowed.as_ref().unwrap())
        .unwrap()
        .objects;
    let versions: Vec<Option<&str>> = sent.iter().map(|item| item.version_id.as_deref()).collect();
    assert_eq!(versions, [None, Some("null"), Some("v1")]);
    assert_eq!(refused[0].version_id.as_deref(), Some("null"));
}

#[test]
fn t20_a_store_without_versions_deletes_none() {
    let document = "<Delete><Object><Key>a</Key><VersionId>null</VersionId></Object>\
                    <Object><Key>b</Key></Object></Delete>";
    check(
        &ask("partner-open", document),
        &["b"],
        &[("a", "NotImplemented")],
    );
}

#[test]
fn a_condition_needs_leave_to_read_and_a_store_that_looks_at_it() {
    let document =
        |condition: &str| format!("<Delete><Object><Key>a</Key>{condition}</Object></Delete>");
    let etag = document("<ETag>e</ETag>");
    check(&ask("acme-open", &etag), &["a"], &[]);
    check(&ask("partner-open", &etag), &[], &[("a", "NotImplemented")]);
    let world = World::new().with_policy("demo-mixed", &ONE_EACH.replace("plain", "a"));
    let (sent, refused) = outcome(&world.permit(&ask("demo-mixed", &etag)));
    assert_eq!((sent.len(), refused[0].1.as_str()), (0, "AccessDenied"));
    for condition in [
        "<Size>1</Size>",
        "<LastModifiedTime>2026-03-04T05:06:07Z</LastModifiedTime>",
    ] {
        check(
            &ask("acme-open", &document(condition)),
            &[],
            &[("a", "NotImplemented")],
        );
    }
}

#[test]
fn the_etag_of_a_key_is_a_fact_of_that_key() {
    let statement = ONE_EACH.replace("plain", "*").replacen(
        r#""Resource":"#,
        r#""Condition":{"Null":{"s3:if-match":"false"}},"Resource":"#,
        1,
    );
    let read = r#",{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::demo-mixed/*"}"#;
    let world = World::new().with_policy("demo-mixed", &(statement + read));
    let document =
        "<Delete><Object><Key>a</Key><ETag>e</ETag></Object><Object><Key>b</Key></Object></Delete>";
    let permit = world.permit(&ask("demo-mixed", document));
    let allowed: Vec<bool> = permit
        .labels
        .items
        .iter()
        .map(|item| item.allowed)
        .collect();
    assert_eq!(allowed, [true, false]);
}

#[test]
fn t21_quiet_is_kept_and_labels_name_every_key() {
    let document = "<Delete><Quiet>true</Quiet><Object><Key>home/home/a</Key></Object><Object><Key>b</Key></Object></Delete>";
    let permit = World::new().permit(&ask("acme-private", document).signed("home"));
    let Run::DeleteObjects { allowed, quiet, .. } = permit.run() else {
        panic!("{:?}", permit.run());
    };
    assert!(*quiet);
    assert!(
        DeleteRequest::parse(allowed.as_ref().unwrap())
            .unwrap()
            .quiet
    );
    let items: Vec<(&str, bool)> = permit
        .labels
        .items
        .iter()
        .map(|Item { key, allowed, .. }| (&**key, *allowed))
        .collect();
    assert_eq!(items, [("home/home/a", true), ("b", false)]);
    let decided = permit.labels.decision.as_ref().unwrap();
    assert_eq!(decided.resource.as_str(), "acme-private/b");
}

#[test]
fn nothing_of_the_clients_document_but_its_keys_goes_upstream() {
    let document = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><!-- note --><Object><Key><![CDATA[a<b]]></Key></Object></Delete>";
    let permit = World::new().permit(&ask("acme-open", document));
    let Run::DeleteObjects { allowed, .. } = permit.run() else {
        panic!("{:?}", permit.run());
    };
    assert_eq!(
        std::str::from_utf8(allowed.as_ref().unwrap()).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Object><Key>a&lt;b</Key></Object></Delete>"
    );
}
