//! Tags where the gateway keeps them, because the store behind the bucket has none.

use super::kit::{ACME, Ask, PARTNER, World, verdict};
use crate::admission::{
    Admission, Hold, Outcome, Permit, RecordChange, Recorded, Run, kept_headers,
};
use crate::controls::acl::Acl;
use crate::controls::objects::ObjectRecord;
use crate::controls::settings::{BucketSettings, Setting, SettingChange, SettingKind};
use crate::s3::answer::Answer;
use http::HeaderMap;
use std::sync::Arc;

const TAGGED: &str =
    "<Tagging><TagSet><Tag><Key>class</Key><Value>open</Value></Tag></TagSet></Tagging>";
const NEW: &str = "<Tags><Tag><Key>class</Key><Value>open</Value></Tag></Tags>";
const KEY: &str = "partner-kept/key";

/// A bucket on a store without tags, of whose objects records are kept.
fn world() -> World {
    let marked = Setting::Acl(Arc::new(Acl::private(&"2".repeat(64))));
    World::new().keeping(
        "partner-kept",
        PARTNER,
        BucketSettings::default().with(marked),
    )
}

/// The same before anything was tagged.
fn untouched() -> World {
    World::new().keeping("partner-kept", PARTNER, BucketSettings::default())
}

fn record(tags: &[(&str, &str)]) -> Option<ObjectRecord> {
    let tag = |(key, value): &(&str, &str)| (Box::from(*key), Box::from(*value));
    Some(ObjectRecord {
        tags: tags.iter().map(tag).collect(),
        ..ObjectRecord::of(&"2".repeat(64))
    })
}

fn ask(line: &str) -> Ask {
    Ask::new(line)
}

/// As the bucket's owner asks.
fn asked(world: &World, ask: &Ask) -> Admission {
    let caller = match ask.target.starts_with(b"/partner-") {
        true => "partner",
        false => "admin",
    };
    world.ask(&ask.clone().signed(caller))
}

#[track_caller]
fn permit(world: &World, ask: &Ask) -> Box<Permit> {
    match asked(world, ask).outcome {
        Outcome::Forward(permit) => permit,
        other => panic!("not allowed: {other:?}"),
    }
}

/// The version's new record, and what is answered.
#[track_caller]
fn settled(world: &World, ask: &Ask) -> (Option<ObjectRecord>, u16, String) {
    let permit = permit(world, ask);
    let (record, answer) = match permit.run() {
        Run::Settle(settling) => (None, settling.answer().clone()),
        Run::OnObject(call) => {
            let (key, version) = (&call.object().key, call.version());
            let name = match version {
                Some(version) => format!("partner-kept/{key}?{version}"),
                None => format!("partner-kept/{key}"),
            };
            let called = call.carry_out(world.on_record(&name)).unwrap();
            (called.record, called.answer)
        }
        other => panic!("goes upstream: {other:?}"),
    };
    match answer {
        Answer::Success(success) => {
            let body = String::from_utf8(success.body.to_vec()).unwrap();
            (record, success.status.as_u16(), body)
        }
        Answer::Error(error) => (record, error.code.status().as_u16(), error.code.to_string()),
    }
}

/// The record that a write is to leave.
#[track_caller]
fn written(world: &World, ask: &Ask) -> (RecordChange, Recorded) {
    let permit = permit(world, ask);
    let keeping = permit.keeping().expect("a change of objects");
    (keeping.change.clone(), keeping.recorded)
}

fn tags_of(change: &RecordChange) -> Vec<(&str, &str)> {
    match change {
        RecordChange::Write(record) | RecordChange::Begin(record) => {
            let tags = record.tags.iter();
            tags.map(|(key, value)| (&**key, &**value)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_tags_of_an_object_are_put_shown_and_deleted() {
    let put = ask("PUT /partner-kept/key?tagging").document(TAGGED);
    let (new, status, _) = settled(&world(), &put);
    assert_eq!((new, status), (record(&[("class", "open")]), 200));
    let tagged = world().with_record(KEY, &[record(&[("class", "open")])]);
    let (new, status, body) = settled(&tagged, &ask("GET /partner-kept/key?tagging"));
    assert_eq!((new, status), (None, 200));
    assert!(
        body.contains("<Key>class</Key><Value>open</Value>"),
        "{body}"
    );
    let (new, status, _) = settled(&tagged, &ask("DELETE /partner-kept/key?tagging"));
    assert_eq!((new, status), (record(&[]), 204));
    let (new, status, _) = settled(&world(), &ask("DELETE /partner-kept/key?tagging"));
    assert_eq!((new, status), (None, 204));
}

#[test]
fn who_changes_tags_looks_at_them_alone() {
    for (line, hold) in [
        ("GET /partner-kept/key", Hold::Shared),
        ("GET /partner-kept/key?tagging", Hold::Shared),
        ("DELETE /partner-kept/key?tagging", Hold::Alone),
    ] {
        let world = world();
        let _ = asked(&world, &ask(line));
        assert_eq!(world.held(), [hold], "{line}");
    }
}

#[test]
fn before_anything_is_tagged_nothing_is_looked_up() {
    let world = untouched();
    let (_, _, body) = settled(&world, &ask("GET /partner-kept/key?tagging"));
    assert!(body.contains("<TagSet></TagSet>"), "{body}");
    let _ = permit(&world, &ask("GET /partner-kept/key"));
    assert_eq!(world.looked_up(), [""; 0]);
}

#[test]
fn an_object_gets_the_tags_of_its_header_and_the_store_does_not() {
    for line in ["PUT /partner-kept/key", "POST /partner-kept/key?uploads"] {
        let ask = ask(line).header("content-length", "0");
        let tagged = ask.header("x-amz-tagging", "class=open");
        let (change, recorded) = written(&untouched(), &tagged);
        assert_eq!(tags_of(&change), [("class", "open")], "{line}");
        assert_eq!(recorded, Recorded::Yes);
        let sent = permit(&untouched(), &tagged);
        assert!(!sent.headers().contains_key("x-amz-tagging"), "{line}");
    }
}

#[test]
fn a_header_has_tags_as_a_query() {
    let put = |tags: &str| {
        let put = ask("PUT /partner-kept/key").header("content-length", "0");
        put.header("x-amz-tagging", tags)
    };
    for (header, tags) in [
        ("a=1&b=2", vec![("a", "1"), ("b", "2")]),
        ("a+b=%C3%BC&c", vec![("a b", "ü"), ("c", "")]),
        ("", vec![]),
    ] {
        assert_eq!(tags_of(&written(&world(), &put(header)).0), tags);
    }
    for (bad, code) in [
        ("a=%zz", "InvalidArgument"),
        ("a=1&a=2", "InvalidArgument"),
        ("a=%FF", "InvalidArgument"),
        ("aws:a=1", "InvalidTag"),
        ("a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1", "BadRequest"),
    ] {
        assert_eq!(verdict(&asked(&world(), &put(bad))), code, "{bad}");
    }
}

#[test]
fn an_object_without_tags_is_recorded_once_others_are() {
    let put = ask("PUT /partner-kept/key").header("content-length", "0");
    assert_eq!(written(&untouched(), &put).1, Recorded::NotYet);
    let (change, recorded) = written(&world(), &put);
    assert_eq!((tags_of(&change), recorded), (vec![], Recorded::Yes));
}

#[test]
fn a_copy_has_the_tags_of_its_source_unless_it_replaces_them() {
    let copy = || ask("PUT /partner-kept/copy").header("x-amz-copy-source", "/partner-kept/key");
    let world = || world().with_record(KEY, &[record(&[("class", "open")])]);
    let (change, _) = written(&world(), &copy());
    assert_eq!(tags_of(&change), [("class", "open")]);
    let replaced = copy()
        .header("x-amz-tagging-directive", "REPLACE")
        .header("x-amz-tagging", "class=shut");
    let (change, _) = written(&world(), &replaced);
    assert_eq!(tags_of(&change), [("class", "shut")]);
    let sent = permit(&world(), &replaced);
    assert!(!sent.headers().contains_key("x-amz-tagging-directive"));
    let kept = copy().header("x-amz-tagging", "class=shut");
    let (change, _) = written(&world(), &kept);
    assert_eq!(tags_of(&change), [("class", "open")]);
}

#[test]
fn conditions_see_the_tags_that_are_kept() {
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::partner-kept/*",
        "Condition":{"StringEquals":{"s3:ExistingObjectTag/class":"open"}}}"#;
    let check = |possible: &[Option<ObjectRecord>], expected: &str| {
        let world = world().with_policy("partner-kept", statement);
        let world = world.with_record(KEY, possible);
        let found = world.ask(&Ask::new("GET /partner-kept/key"));
        assert_eq!(verdict(&found), expected, "{possible:?}");
    };
    let (open, shut) = (record(&[("class", "open")]), record(&[("class", "shut")]));
    check(std::slice::from_ref(&open), "pass");
    check(std::slice::from_ref(&shut), "AccessDenied");
    check(&[None], "AccessDenied");
    // While a write of unknown fate may have changed them, nobody can tell.
    check(&[open.clone(), shut], "ServiceUnavailable");
    check(&[open, None], "ServiceUnavailable");
}

#[test]
fn a_call_changes_the_version_that_is_there_and_not_the_one_it_was_allowed_by() {
    let world = world().with_record(KEY, &[record(&[("class", "open")])]);
    let put = permit(
        &world,
        &ask("PUT /partner-kept/key?tagging").document(TAGGED),
    );
    let Run::OnObject(call) = put.run() else {
        panic!("{put:?}");
    };
    let unchanged = call.carry_out(vec![record(&[("class", "open")])]);
    assert_eq!(unchanged.unwrap().record, None);
    let changed = call.carry_out(vec![record(&[("class", "shut")])]);
    assert_eq!(changed.unwrap().record, record(&[("class", "open")]));
    let unsettled = call.carry_out(vec![record(&[]), record(&[("class", "shut")])]);
    assert_eq!(unsettled.unwrap_err().code.name(), "ServiceUnavailable");
}

#[test]
fn unsettled_tags_keep_nobody_from_what_does_not_depend_on_them() {
    let either = [record(&[("class", "open")]), None];
    let world = world().with_record(KEY, &either);
    assert_eq!(
        verdict(&asked(&world, &ask("GET /partner-kept/key"))),
        "pass"
    );
    for line in [
        "GET /partner-kept/key?tagging",
        "DELETE /partner-kept/key?tagging",
    ] {
        assert_eq!(
            verdict(&asked(&world, &ask(line))),
            "ServiceUnavailable",
            "{line}"
        );
    }
}

#[test]
fn how_many_tags_there_are_is_told_with_the_object() {
    let count = |line: &str, possible: &[Option<ObjectRecord>]| -> HeaderMap {
        let world = world().with_record(KEY, possible);
        let admission = asked(&world, &ask(line));
        kept_headers(&world.rules, &admission.labels, admission.looked.as_deref())
    };
    let tagged = [record(&[("class", "open"), ("team", "a")])];
    for line in ["GET /partner-kept/key", "HEAD /partner-kept/key"] {
        assert_eq!(count(line, &tagged)["x-amz-tagging-count"], "2", "{line}");
        assert!(count(line, &[record(&[])]).is_empty());
    }
    assert!(count("DELETE /partner-kept/key", &tagged).is_empty());
}

#[test]
fn a_bucket_has_tags_too() {
    let put = ask("PUT /partner-kept?tagging").document(TAGGED);
    let permit = permit(&untouched(), &put);
    let Run::Settle(settling) = permit.run() else {
        panic!("goes upstream");
    };
    let Some(SettingChange::Put(setting)) = settling.change().cloned() else {
        panic!("changes nothing");
    };
    assert_eq!(setting.kind(), SettingKind::Tagging);
    let tagged = BucketSettings::default().with(setting);
    let world = World::new().keeping("partner-kept", PARTNER, tagged);
    let (_, status, body) = settled(&world, &ask("GET /partner-kept?tagging"));
    assert_eq!(status, 200);
    assert!(body.contains("<Key>class</Key>"), "{body}");
    let (_, status, _) = settled(&world, &ask("DELETE /partner-kept?tagging"));
    assert_eq!(status, 204);
    let (_, status, code) = settled(&untouched(), &ask("GET /partner-kept?tagging"));
    assert_eq!((status, &*code), (404, "NoSuchTagSet"));
}

#[test]
fn a_new_bucket_begins_with_its_tags() {
    let create = ask("PUT /partner-new").document(&format!(
        "<CreateBucketConfiguration>{NEW}</CreateBucketConfiguration>"
    ));
    let permit = permit(&World::new(), &create);
    let Run::CreateBucket { document, settings } = permit.run() else {
        panic!("no creation");
    };
    assert!(document.is_empty());
    let tags = settings.tagging.as_ref().unwrap();
    assert_eq!(tags.pairs(), [("class".into(), "open".into())]);
}

#[test]
fn without_a_store_nothing_keeps_tags() {
    let world = World::new().without_store();
    for ask in [
        ask("GET /partner-kept/key?tagging"),
        ask("PUT /partner-kept/key?tagging").document(TAGGED),
        ask("GET /partner-kept?tagging"),
        ask("PUT /partner-new").document(&format!(
            "<CreateBucketConfiguration>{NEW}</CreateBucketConfiguration>"
        )),
        ask("PUT /partner-kept/key")
            .header("x-amz-tagging", "a=b")
            .header("content-length", "0"),
    ] {
        assert_eq!(verdict(&asked(&world, &ask)), "NotImplemented");
    }
    let plain = ask("PUT /partner-kept/key").header("content-length", "0");
    assert_eq!(verdict(&asked(&world, &plain)), "pass");
}

#[test]
fn a_store_with_tags_keeps_them_itself() {
    let world = World::new().keeping("acme-own", ACME, BucketSettings::default());
    for line in ["GET /acme-own/key?tagging", "GET /acme-own?tagging"] {
        let permit = permit(&world, &ask(line));
        assert!(matches!(permit.run(), Run::Stream), "{line}");
    }
    let put = ask("PUT /acme-own/key")
        .header("content-length", "0")
        .header("x-amz-tagging", "a=b");
    let permit = permit(&world, &put);
    assert!(permit.headers().contains_key("x-amz-tagging"));
    let keeping = permit.keeping().unwrap();
    assert_eq!(tags_of(&keeping.change), []);
    assert_eq!(keeping.recorded, Recorded::NotYet);
}
