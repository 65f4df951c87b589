//! The promises about records of objects.

use super::*;
use portcullis_core::controls::acl::Acl;
use portcullis_core::controls::lock::{
    LegalHold, ObjectLock, RetainUntil, Retention, RetentionMode,
};
use portcullis_core::policy::{AclPermission, Grant, Grantee};

pub(super) async fn conformance<F: Fixture>(mut fresh: impl FnMut() -> F) {
    a_record_is_there_from_the_end_of_its_write(&fresh()).await;
    a_write_that_was_not_done_leaves_what_there_was(&fresh()).await;
    an_overwritten_object_has_the_last_record_alone(&fresh()).await;
    the_version_that_was_written_last_is_the_current_one(&fresh()).await;
    while_versions_are_destroyed_those_before_them_may_be_current(&fresh()).await;
    a_new_version_can_be_known_before_its_write_is_settled(&fresh()).await;
    an_equal_record_is_named_once(&fresh()).await;
    setting_a_record_does_not_make_a_version_the_current_one(&fresh()).await;
    a_version_of_unknown_age_is_not_taken_for_the_current_one(&fresh()).await;
    all_intents_are_begun_or_none(&fresh()).await;
    intents_are_settled_in_order_and_once(&fresh()).await;
    an_intent_of_another_store_is_passed_over(&fresh()).await;
    an_unknown_end_leaves_the_intent_open_and_unresolved(&fresh()).await;
    an_upload_is_kept_until_it_is_dropped(&fresh()).await;
    only_objects_of_a_live_incarnation_have_records(&fresh()).await;
    t05_a_recreated_bucket_inherits_no_records(&mut fresh()).await;
    any_text_is_a_key_a_version_and_an_upload(&mut fresh()).await;
    writes_at_the_same_time_are_all_there(&fresh()).await;
    if F::DURABLE {
        records_are_there_after_reopening(&mut fresh()).await;
        intents_left_behind_are_unresolved_until_settled(&mut fresh()).await;
    }
}

pub(super) fn object(bucket: &str, incarnation: u64, key: &str) -> ObjectName {
    ObjectName {
        bucket: name(bucket),
        incarnation,
        key: key.into(),
    }
}

/// A record that no other mark has; of every form.
pub(in crate::state) fn record(mark: u8) -> ObjectRecord {
    let owner: Box<str> = format!("{mark:064x}").into();
    let grantee = match mark % 4 {
        0 => Grantee::AllUsers,
        1 => Grantee::CanonicalUser("b".repeat(64).into()),
        2 => Grantee::AuthenticatedUsers,
        _ => Grantee::LogDelivery,
    };
    let mut acl = Acl::private(&owner);
    for permission in [
        AclPermission::Read,
        AclPermission::Write,
        AclPermission::ReadAcp,
        AclPermission::WriteAcp,
    ] {
        let grantee = grantee.clone();
        acl.grants.push(Grant {
            grantee,
            permission,
        });
    }
    ObjectRecord {
        acl: (!mark.is_multiple_of(5)).then_some(acl),
        tags: (0..mark % 3).map(|i| (tag(i), "ü\0".into())).collect(),
        lock: lock(mark).into(),
        ..ObjectRecord::of(&owner)
    }
}

fn lock(mark: u8) -> ObjectLock {
    let until = format!("20{}-01-01T00:00:00Z", 30 + mark % 60);
    let retention = Retention {
        mode: RetentionMode::ALL[usize::from(mark % 2)],
        until: RetainUntil::parse(&until).unwrap(),
    };
    ObjectLock {
        retention: mark.is_multiple_of(7).then_some(retention),
        legal_hold: mark
            .is_multiple_of(3)
            .then_some(LegalHold::ALL[usize::from(mark % 2)]),
    }
}

fn tag(number: u8) -> Box<str> {
    format!("tag {number}").into()
}

fn write(mark: u8) -> Intent {
    Intent::Write(record(mark))
}

fn destroy(version: &str) -> Intent {
    Intent::Destroy {
        version: version.into(),
    }
}

fn done(version: &str) -> Ending {
    Ending::Done {
        version: version.into(),
    }
}

async fn begin(store: &dyn Store, object: &ObjectName, intent: Intent) -> OpenIntent {
    let intents = vec![(object.clone(), intent)];
    let [open] = store
        .begin(intents, now())
        .await
        .unwrap()
        .try_into()
        .unwrap();
    open
}

async fn settle(store: &dyn Store, open: &OpenIntent, ending: Ending) {
    store.settle(vec![(open.clone(), ending)]).await.unwrap();
}

async fn written(store: &dyn Store, object: &ObjectName, version: &str, mark: u8) {
    let open = begin(store, object, write(mark)).await;
    settle(store, &open, done(version)).await;
}

/// What may be on record, by the marks of the records; `None` last.
async fn marks(store: &dyn Store, object: &ObjectName, version: Option<&str>) -> Vec<Option<u8>> {
    let found = store.object(object, version).await.unwrap();
    let mark = |found: &ObjectRecord| (0..=255).find(|mark| record(*mark) == *found).unwrap();
    let mut marks: Vec<_> = found.iter().map(|found| found.as_ref().map(mark)).collect();
    marks.sort_by_key(|mark| mark.map_or(256, u16::from));
    marks
}

/// A store with a bucket, and an object in it that has no record.
async fn stocked(fixture: &impl Fixture) -> (Arc<dyn Store>, ObjectName) {
    let store = fixture.store();
    let incarnation = create(&*store, "one").await;
    (store, object("one", incarnation, "a"))
}

async fn a_record_is_there_from_the_end_of_its_write(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    let b = object("one", 1, "b");
    assert_eq!(marks(&*store, &a, None).await, [None]);
    let open = begin(&*store, &a, write(1)).await;
    assert_eq!(open.object, a);
    assert_eq!((open.intent.clone(), open.begun), (write(1), now()));
    assert_eq!(marks(&*store, &a, None).await, [Some(1), None]);
    assert_eq!(marks(&*store, &b, None).await, [None], "another key");
    settle(&*store, &open, done(NULL_VERSION)).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(1)]);
    assert_eq!(marks(&*store, &a, Some(NULL_VERSION)).await, [Some(1)]);
    assert_eq!(marks(&*store, &a, Some("1")).await, [None]);
    let open = begin(&*store, &a, destroy(NULL_VERSION)).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(1), None]);
    settle(&*store, &open, done(NULL_VERSION)).await;
    assert_eq!(marks(&*store, &a, None).await, [None]);
    assert_eq!(store.unresolved_intents(), []);
}

async fn a_write_that_was_not_done_leaves_what_there_was(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    written(&*store, &a, NULL_VERSION, 1).await;
    for intent in [write(2), destroy(NULL_VERSION)] {
        let open = begin(&*store, &a, intent).await;
        assert_eq!(marks(&*store, &a, None).await.len(), 2);
        settle(&*store, &open, Ending::NotDone).await;
        assert_eq!(marks(&*store, &a, None).await, [Some(1)]);
    }
}

async fn an_overwritten_object_has_the_last_record_alone(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    for mark in 1..4 {
        written(&*store, &a, NULL_VERSION, mark).await;
        assert_eq!(marks(&*store, &a, None).await, [Some(mark)]);
    }
    let open = begin(&*store, &a, destroy(NULL_VERSION)).await;
    settle(&*store, &open, done(NULL_VERSION)).await;
    assert_eq!(marks(&*store, &a, None).await, [None], "nothing before it");
}

async fn the_version_that_was_written_last_is_the_current_one(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    // Neither in the order of the texts nor in that of the beginnings.
    let first = begin(&*store, &a, write(1)).await;
    let second = begin(&*store, &a, write(2)).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(1), Some(2), None]);
    settle(&*store, &second, done("y")).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(1), Some(2)]);
    settle(&*store, &first, done("x")).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(1)]);
    written(&*store, &a, "y", 3).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(3)], "written again");
    assert_eq!(marks(&*store, &a, Some("x")).await, [Some(1)]);
    assert_eq!(marks(&*store, &a, Some("y")).await, [Some(3)]);
}

async fn while_versions_are_destroyed_those_before_them_may_be_current(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    for mark in 1..5 {
        written(&*store, &a, &mark.to_string(), mark).await;
    }
    let two = begin(&*store, &a, destroy("2")).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(4)], "not the newest");
    let four = begin(&*store, &a, destroy("4")).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(3), Some(4)]);
    let three = begin(&*store, &a, destroy("3")).await;
    let all = [Some(1), Some(2), Some(3), Some(4)];
    assert_eq!(marks(&*store, &a, None).await, all);
    let one = begin(&*store, &a, destroy("1")).await;
    let and_none = [Some(1), Some(2), Some(3), Some(4), None];
    assert_eq!(marks(&*store, &a, None).await, and_none);
    assert_eq!(marks(&*store, &a, Some("4")).await, [Some(4)], "or gone");
    settle(&*store, &four, done("4")).await;
    assert_eq!(marks(&*store, &a, Some("4")).await, [None]);
    settle(&*store, &three, Ending::NotDone).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(3)]);
    settle(&*store, &two, done("2")).await;
    settle(&*store, &one, done("1")).await;
    assert_eq!(marks(&*store, &a, Some("1")).await, [None]);
    assert_eq!(marks(&*store, &a, None).await, [Some(3)]);
}

async fn a_new_version_can_be_known_before_its_write_is_settled(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    written(&*store, &a, "1", 1).await;
    written(&*store, &a, NULL_VERSION, 2).await;
    let _open = begin(&*store, &a, write(3)).await;
    assert_eq!(marks(&*store, &a, Some("2")).await, [Some(3), None]);
    assert_eq!(marks(&*store, &a, Some("1")).await, [Some(1)], "it has one");
    let null = marks(&*store, &a, Some(NULL_VERSION)).await;
    assert_eq!(null, [Some(2), Some(3)], "null is used again");
}

async fn an_equal_record_is_named_once(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    written(&*store, &a, "1", 1).await;
    written(&*store, &a, "2", 1).await;
    for intent in [write(1), write(1), destroy("2"), destroy("2")] {
        begin(&*store, &a, intent).await;
    }
    assert_eq!(marks(&*store, &a, None).await, [Some(1)]);
    assert_eq!(marks(&*store, &a, Some("3")).await, [Some(1), None]);
}

async fn setting_a_record_does_not_make_a_version_the_current_one(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    written(&*store, &a, "1", 1).await;
    written(&*store, &a, "2", 2).await;
    store.set_object(&a, "1", record(3)).await.unwrap();
    // One that had none.
    store.set_object(&a, "0", record(4)).await.unwrap();
    assert_eq!(marks(&*store, &a, Some("1")).await, [Some(3)]);
    assert_eq!(marks(&*store, &a, Some("0")).await, [Some(4)]);
    assert_eq!(marks(&*store, &a, None).await, [Some(2)]);
    store.set_object(&a, "2", record(5)).await.unwrap();
    assert_eq!(marks(&*store, &a, None).await, [Some(5)]);
    let open = begin(&*store, &a, destroy("2")).await;
    settle(&*store, &open, done("2")).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(3)]);
}

async fn a_version_of_unknown_age_is_not_taken_for_the_current_one(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    store.set_object(&a, "1", record(1)).await.unwrap();
    assert_eq!(marks(&*store, &a, None).await, [Some(1), None]);
    assert_eq!(marks(&*store, &a, Some("1")).await, [Some(1)]);
    store.set_object(&a, "2", record(2)).await.unwrap();
    assert_eq!(marks(&*store, &a, None).await, [Some(1), Some(2), None]);
    written(&*store, &a, "3", 3).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(3)]);
    begin(&*store, &a, destroy("3")).await;
    let all = [Some(1), Some(2), Some(3), None];
    assert_eq!(marks(&*store, &a, None).await, all);
    // In a bucket without versions there is no other that it could be.
    let b = object("one", 1, "b");
    store.set_object(&b, NULL_VERSION, record(1)).await.unwrap();
    assert_eq!(marks(&*store, &b, None).await, [Some(1)]);
}

async fn all_intents_are_begun_or_none(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    let stranger = object("two", 1, "a");
    let mut intents = vec![
        (a.clone(), write(1)),
        (stranger, write(2)),
        (a.clone(), destroy("1")),
    ];
    let begun = store.begin(intents.clone(), now()).await;
    not_on_record(begun.map(drop));
    assert_eq!(marks(&*store, &a, None).await, [None]);
    intents.remove(1);
    let begun = store.begin(intents.clone(), now()).await.unwrap();
    let order: Vec<_> = begun
        .iter()
        .map(|open| (open.object.clone(), open.intent.clone()))
        .collect();
    assert_eq!(order, intents);
    assert_ne!(begun[0].id, begun[1].id);
    assert_eq!(store.begin(Vec::new(), now()).await.unwrap(), []);
    let endings = begun.into_iter().map(|open| (open, Ending::NotDone));
    store.settle(endings.collect()).await.unwrap();
    assert_eq!(marks(&*store, &a, None).await, [None]);
}

async fn intents_are_settled_in_order_and_once(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    let intents = vec![(a.clone(), write(1)), (a.clone(), write(2))];
    let open = store.begin(intents, now()).await.unwrap();
    let endings: Vec<_> = open.into_iter().zip([done("1"), done("2")]).collect();
    let mut twice = endings.clone();
    twice.extend(endings.clone());
    store.settle(twice).await.unwrap();
    assert_eq!(marks(&*store, &a, None).await, [Some(2)]);
    let open = begin(&*store, &a, destroy("2")).await;
    settle(&*store, &open, done("2")).await;
    store.settle(endings).await.unwrap();
    assert_eq!(marks(&*store, &a, None).await, [Some(1)], "passed over");
    assert_eq!(marks(&*store, &a, Some("2")).await, [None]);
}

async fn an_intent_of_another_store_is_passed_over(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    let open = begin(&*store, &a, write(1)).await;
    let other = OpenIntent {
        intent: write(2),
        ..open.clone()
    };
    settle(&*store, &other, done(NULL_VERSION)).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(1), None]);
    settle(&*store, &open, done(NULL_VERSION)).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(1)]);
}

async fn an_unknown_end_leaves_the_intent_open_and_unresolved(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    let intents = vec![(a.clone(), write(1)), (a.clone(), write(2))];
    let [one, two] = store
        .begin(intents, now())
        .await
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(store.unresolved_intents(), [], "somebody holds them");
    let endings = vec![(one.clone(), Ending::Unknown), (two, done("2"))];
    store.settle(endings).await.unwrap();
    assert_eq!(store.unresolved_intents(), std::slice::from_ref(&one));
    assert_eq!(marks(&*store, &a, None).await, [Some(1), Some(2)]);
    settle(&*store, &one, done("1")).await;
    assert_eq!(store.unresolved_intents(), []);
    assert_eq!(marks(&*store, &a, None).await, [Some(1)]);
}

async fn an_upload_is_kept_until_it_is_dropped(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    let b = object("one", 1, "b");
    assert_eq!(store.upload(&a, "u").await.unwrap(), None);
    store.keep_upload(&a, "u", record(1)).await.unwrap();
    store.keep_upload(&a, "v", record(2)).await.unwrap();
    assert_eq!(store.upload(&a, "u").await.unwrap(), Some(record(1)));
    assert_eq!(store.upload(&b, "u").await.unwrap(), None);
    assert_eq!(marks(&*store, &a, None).await, [None]);
    for _ in 0..2 {
        store.drop_upload(&a, "u").await.unwrap();
        assert_eq!(store.upload(&a, "u").await.unwrap(), None);
        assert_eq!(store.upload(&a, "v").await.unwrap(), Some(record(2)));
    }
}

async fn only_objects_of_a_live_incarnation_have_records(fixture: &impl Fixture) {
    let store = fixture.store();
    let a = object("one", 1, "a");
    let refused = async |object: &ObjectName| {
        let intents = vec![(object.clone(), write(1))];
        not_on_record(store.begin(intents, now()).await.map(drop));
        not_on_record(store.set_object(object, NULL_VERSION, record(1)).await);
        not_on_record(store.keep_upload(object, "u", record(1)).await);
        assert_eq!(marks(&*store, object, None).await, [None]);
        assert_eq!(store.upload(object, "u").await.unwrap(), None);
    };
    refused(&a).await;
    let open = claim(&*store, "one").await.unwrap();
    refused(&a).await;
    store.commit(&open).await.unwrap();
    written(&*store, &a, NULL_VERSION, 1).await;
    refused(&object("one", 0, "a")).await;
    refused(&object("one", 2, "a")).await;
    store.forget(&name("one"), 1).await.unwrap();
    refused(&a).await;
}

async fn t05_a_recreated_bucket_inherits_no_records(fixture: &mut impl Fixture) {
    let (store, a) = stocked(fixture).await;
    let other = object("two", create(&*store, "two").await, "a");
    // It begins with the other's whole name.
    let longer = object("one-a", create(&*store, "one-a").await, "a");
    for object in [&a, &other, &longer] {
        written(&*store, object, "1", 1).await;
        begin(&*store, object, write(2)).await;
        store.keep_upload(object, "u", record(3)).await.unwrap();
    }
    let open = begin(&*store, &a, write(4)).await;
    store.forget(&name("one"), 1).await.unwrap();
    // Too late, and about a bucket that is gone.
    settle(&*store, &open, done("2")).await;
    store.drop_upload(&a, "u").await.unwrap();
    drop(store);
    fixture.reopen();
    let store = fixture.store();
    let incarnation = create(&*store, "one").await;
    for object in [a.clone(), object("one", incarnation, "a")] {
        for version in [None, Some("1"), Some("2")] {
            assert_eq!(marks(&*store, &object, version).await, [None]);
        }
        assert_eq!(store.upload(&object, "u").await.unwrap(), None);
    }
    for other in [other, longer] {
        assert_eq!(marks(&*store, &other, None).await, [Some(1), Some(2)]);
        assert_eq!(store.upload(&other, "u").await.unwrap(), Some(record(3)));
    }
    let left = store.unresolved_intents();
    assert!(left.iter().all(|open| open.object.bucket != name("one")));
}

async fn any_text_is_a_key_a_version_and_an_upload(fixture: &mut impl Fixture) {
    let (store, _) = stocked(fixture).await;
    let long = "k".repeat(1024);
    let texts = [
        "",
        "\0",
        "\0\0",
        "a",
        "a\0",
        "a\0b",
        "a/b",
        "ab",
        "b",
        "\u{10ffff}",
        "ü",
        &long,
    ];
    let mut expected = Vec::new();
    for (mark, key) in (0..).zip(texts) {
        for (shift, version) in (0..).zip(texts) {
            let (a, mark) = (object("one", 1, key), 13 * mark + shift);
            written(&*store, &a, version, mark).await;
            store.keep_upload(&a, version, record(mark)).await.unwrap();
            expected.push((a, version, mark));
        }
    }
    drop(store);
    fixture.reopen();
    let store = fixture.store();
    for (a, version, mark) in &expected {
        assert_eq!(marks(&*store, a, Some(version)).await, [Some(*mark)]);
        let upload = store.upload(a, version).await.unwrap();
        assert_eq!(upload, Some(record(*mark)));
    }
    for (a, version, mark) in expected.iter().rev() {
        assert_eq!(marks(&*store, a, None).await, [Some(*mark)]);
        let open = begin(&*store, a, destroy(version)).await;
        settle(&*store, &open, done(version)).await;
        store.drop_upload(a, version).await.unwrap();
    }
    for (a, version, _) in &expected {
        assert_eq!(marks(&*store, a, Some(version)).await, [None]);
        assert_eq!(store.upload(a, version).await.unwrap(), None);
    }
}

async fn writes_at_the_same_time_are_all_there(fixture: &impl Fixture) {
    let (store, a) = stocked(fixture).await;
    let tasks: Vec<_> = (0..20u8)
        .map(|mark| {
            let (store, a) = (Arc::clone(&store), a.clone());
            tokio::spawn(async move {
                let open = begin(&*store, &a, write(mark)).await;
                let found = marks(&*store, &a, None).await;
                assert!(found.contains(&Some(mark)), "{mark} is not in {found:?}");
                settle(&*store, &open, done(&mark.to_string())).await;
                let version = Some(mark.to_string());
                let found = marks(&*store, &a, version.as_deref()).await;
                assert_eq!(found, [Some(mark)]);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(marks(&*store, &a, None).await.len(), 1);
    assert_eq!(store.unresolved_intents(), []);
}

async fn records_are_there_after_reopening(fixture: &mut impl Fixture) {
    let (store, a) = stocked(fixture).await;
    for mark in 0..20 {
        written(&*store, &a, &mark.to_string(), mark).await;
    }
    store.set_object(&a, "7", record(70)).await.unwrap();
    store.keep_upload(&a, "u", record(80)).await.unwrap();
    drop(store);
    fixture.reopen();
    let store = fixture.store();
    for mark in 0..20 {
        let expected = if mark == 7 { 70 } else { mark };
        let version = mark.to_string();
        assert_eq!(marks(&*store, &a, Some(&version)).await, [Some(expected)]);
    }
    assert_eq!(marks(&*store, &a, None).await, [Some(19)]);
    assert_eq!(store.upload(&a, "u").await.unwrap(), Some(record(80)));
    assert_eq!(store.unresolved_intents(), []);
    written(&*store, &a, "x", 90).await;
    assert_eq!(marks(&*store, &a, None).await, [Some(90)], "numbers go on");
}

async fn intents_left_behind_are_unresolved_until_settled(fixture: &mut impl Fixture) {
    let (store, a) = stocked(fixture).await;
    written(&*store, &a, "1", 1).await;
    let one = begin(&*store, &a, write(2)).await;
    let two = begin(&*store, &a, destroy("1")).await;
    let three = begin(&*store, &a, write(3)).await;
    settle(&*store, &three, Ending::NotDone).await;
    drop(store);
    fixture.reopen();
    let store = fixture.store();
    assert_eq!(store.unresolved_intents(), [one.clone(), two.clone()]);
    assert_eq!(marks(&*store, &a, None).await, [Some(1), Some(2), None]);
    let four = begin(&*store, &a, write(4)).await;
    assert!(four.id > three.id, "no id is given twice");
    let endings = vec![(one, done("2")), (two, done("1"))];
    store.settle(endings).await.unwrap();
    assert_eq!(store.unresolved_intents(), []);
    assert_eq!(marks(&*store, &a, None).await, [Some(2), Some(4)]);
}
