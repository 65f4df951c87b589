//! Facts that take a look-up: asked for when the outcome depends on them, and not otherwise.

use super::kit::{Ask, World, verdict};

const KEY: &str = "demo-tagged/key?tagging=";

/// `Allow` or `Deny` for everybody to do this if the object is tagged so.
fn tagged(effect: &str, action: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":"*","Action":"{action}","Resource":"arn:aws:s3:::demo-tagged/*",
            "Condition":{{"StringEquals":{{"s3:ExistingObjectTag/class":"open"}}}}}}"#
    )
}

fn world(statements: &str) -> World {
    World::new().with_policy("demo-tagged", statements)
}

fn get() -> Ask {
    Ask::new("GET /demo-tagged/key")
}

/// Asks, and holds verdict and look-ups against what is expected.
#[track_caller]
fn check(world: &World, ask: &Ask, expected: &str, look_ups: &[&str]) {
    assert_eq!(verdict(&world.ask(ask)), expected);
    assert_eq!(world.looked_up(), look_ups);
}

#[test]
fn an_allow_by_a_tag_is_for_objects_that_have_it() {
    for read in ["GET", "HEAD"] {
        let ask = Ask::new(&format!("{read} /demo-tagged/key"));
        let world = || world(&tagged("Allow", "s3:GetObject"));
        check(
            &world().with_tag(KEY, "class", "open"),
            &ask,
            "pass",
            &[KEY],
        );
        let other = world().with_tag(KEY, "class", "shut");
        check(&other, &ask, "AccessDenied", &[KEY]);
        check(&world(), &ask, "AccessDenied", &[KEY]);
    }
}

#[test]
fn a_deny_by_a_tag_is_for_objects_that_have_it() {
    let world = || world(&tagged("Deny", "s3:GetObject"));
    let ask = get().signed("root");
    check(&world(), &ask, "pass", &[KEY]);
    let shut = world().with_tag(KEY, "class", "open");
    check(&shut, &ask, "AccessDenied", &[KEY]);
}

#[test]
fn the_tags_are_those_of_the_version_that_is_asked_for() {
    let version = "demo-tagged/key?tagging=&versionId=v";
    let world = world(&tagged("Allow", "s3:GetObjectVersion")).with_tag(version, "class", "open");
    check(&world, &get().query("versionId", "v"), "pass", &[version]);
    let other = "demo-tagged/key?tagging=&versionId=w";
    let ask = get().query("versionId", "w");
    check(&world, &ask, "AccessDenied", &[other]);
}

#[test]
fn what_is_decided_without_tags_looks_none_up() {
    let open = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::demo-tagged/*"}"#;
    let shut = open.replace("Allow", "Deny");
    let also = tagged("Allow", "s3:GetObject");
    check(&world(&format!("{open},{also}")), &get(), "pass", &[]);
    check(
        &world(&format!("{shut},{also}")),
        &get(),
        "AccessDenied",
        &[],
    );
    let elsewhere = Ask::new("GET /demo-tagged?list-type=2");
    check(&world(&also), &elsewhere, "AccessDenied", &[]);
    let new = Ask::new("PUT /demo-tagged/key").header("content-length", "0");
    check(&world(&tagged("Allow", "s3:*")), &new, "AccessDenied", &[]);
}

#[test]
fn a_store_without_tags_has_none_to_look_up() {
    let policy = tagged("Allow", "s3:GetObject").replace("demo-tagged", "partner-tagged");
    let world = World::new().with_policy("partner-tagged", &policy);
    check(
        &world,
        &Ask::new("GET /partner-tagged/key"),
        "AccessDenied",
        &[],
    );
}

#[test]
fn a_document_and_tags_are_both_brought() {
    let ask = Ask::new("PUT /demo-tagged/key?tagging").document(
        "<Tagging><TagSet><Tag><Key>class</Key><Value>shut</Value></Tag></TagSet></Tagging>",
    );
    let world = || world(&tagged("Allow", "s3:PutObjectTagging"));
    check(
        &world().with_tag(KEY, "class", "open"),
        &ask,
        "pass",
        &[KEY],
    );
    check(&world(), &ask, "AccessDenied", &[KEY]);
}

/// A thousand look-ups are more than a request may cost, so what depends on one is not allowed.
#[test]
fn the_keys_of_a_deletion_are_not_looked_up() {
    let delete = r#"{"Effect":"Allow","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::demo-tagged/*"}"#;
    let world = world(&format!("{delete},{}", tagged("Allow", "s3:GetObject")));
    let world = world.with_tag(KEY, "class", "open");
    let keys = "<Object><Key>key</Key><ETag>e</ETag></Object><Object><Key>other</Key></Object>";
    let ask = Ask::new("POST /demo-tagged?delete").document(&format!("<Delete>{keys}</Delete>"));
    let items = world.ask(&ask).labels.items;
    let allowed: Vec<bool> = items.iter().map(|item| item.allowed).collect();
    assert_eq!(allowed, [false, true]);
    assert!(world.looked_up().is_empty());
}

/// Copies `demo-from/key` to `demo-to/key` for anybody who may do this with objects there.
fn copier(from: &str, to: &str) -> World {
    let allow = |bucket: &str, actions: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":[{actions}],"Resource":"arn:aws:s3:::{bucket}/*"}}"#
        )
    };
    World::new()
        .with_policy("demo-from", &allow("demo-from", from))
        .with_policy("demo-to", &allow("demo-to", to))
}

fn copy(source: &str) -> Ask {
    Ask::new("PUT /demo-to/key").header("x-amz-copy-source", source)
}

const READ: &str = r#""s3:GetObject","s3:GetObjectVersion""#;
const SOURCE: &str = "demo-from/key?tagging=";

#[test]
fn t19_a_copy_keeps_tags_only_for_who_may_read_and_write_them() {
    let ask = copy("demo-from/key");
    let plain = || copier(READ, r#""s3:PutObject""#);
    check(&plain(), &ask, "pass", &[SOURCE]);
    let tagged = || plain().with_tag(SOURCE, "a", "b");
    check(&tagged(), &ask, "AccessDenied", &[SOURCE]);
    let labels = tagged().ask(&ask).labels;
    let refused = labels.permissions.last().unwrap();
    assert_eq!(
        (refused.action, refused.allowed),
        ("s3:GetObjectTagging", false)
    );
    // One of the two is not enough, both need no look-up.
    let reads = format!(r#"{READ},"s3:GetObjectTagging""#);
    let writes = r#""s3:PutObject","s3:PutObjectTagging""#;
    let half = copier(&reads, r#""s3:PutObject""#).with_tag(SOURCE, "a", "b");
    check(&half, &ask, "AccessDenied", &[SOURCE]);
    let half = copier(READ, writes).with_tag(SOURCE, "a", "b");
    check(&half, &ask, "AccessDenied", &[SOURCE]);
    let whole = copier(&reads, writes).with_tag(SOURCE, "a", "b");
    check(&whole, &ask, "pass", &[]);
}

#[test]
fn t19_the_tags_of_a_named_version_have_a_permission_of_their_own() {
    let version = "demo-from/key?tagging=&versionId=v";
    let ask = copy("demo-from/key?versionId=v");
    let writes = r#""s3:PutObject","s3:PutObjectTagging""#;
    let reads = |action: &str| format!(r#"{READ},"{action}""#);
    let right = copier(&reads("s3:GetObjectVersionTagging"), writes);
    check(&right.with_tag(version, "a", "b"), &ask, "pass", &[]);
    let wrong = copier(&reads("s3:GetObjectTagging"), writes);
    let wrong = wrong.with_tag(version, "a", "b");
    check(&wrong, &ask, "AccessDenied", &[version]);
}

#[test]
fn a_copy_that_replaces_the_tags_keeps_none() {
    let world = copier(READ, r#""s3:PutObject""#).with_tag(SOURCE, "a", "b");
    let directive = |value: &str| copy("demo-from/key").header("x-amz-tagging-directive", value);
    check(&world, &directive("REPLACE"), "pass", &[]);
    check(&world, &directive("COPY"), "AccessDenied", &[SOURCE]);
}
