//! Records of objects: what every store promises, and a model of it.

use super::*;
use portcullis_core::controls::acl::{Acl, Canned};
use portcullis_core::controls::objects::ObjectRecord;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn object(key: &str) -> ObjectName {
    ObjectName {
        bucket: name("one"),
        incarnation: 1,
        key: key.into(),
    }
}

/// A record that no other mark has.
fn record(mark: u8) -> ObjectRecord {
    let owner = format!("{mark:064x}");
    ObjectRecord {
        acl: (!mark.is_multiple_of(3)).then(|| match mark % 3 {
            1 => Acl::private(&owner),
            _ => Canned::PublicRead.expand(&owner, &owner),
        }),
        owner: owner.into(),
        tags: vec![("mark".into(), mark.to_string().into())],
    }
}

fn done(version: &str) -> Ending {
    Ending::Done {
        version: version.into(),
    }
}

async fn begin(store: &dyn Store, key: &str, intent: Intent) -> OpenIntent {
    let begun = store.begin(vec![(object(key), intent)], now()).await;
    begun.unwrap().remove(0)
}

async fn write(store: &dyn Store, key: &str, version: &str, mark: u8) {
    let open = begin(store, key, Intent::Write(record(mark))).await;
    store.settle(vec![(open, done(version))]).await.unwrap();
}

/// The marks of what may be on record; 0 stands for no record.
async fn marks(store: &dyn Store, key: &str, version: Option<&str>) -> Vec<u8> {
    let found = store.object(&object(key), version).await.unwrap();
    let mark = |record: &Option<ObjectRecord>| {
        let Some(record) = record else { return 0 };
        let mark: u8 = record.tags[0].1.parse().unwrap();
        assert_eq!(*record, self::record(mark), "as it was put");
        mark
    };
    found.iter().map(mark).collect()
}

pub(super) async fn conformance<F: Fixture>(mut fresh: impl FnMut() -> F) {
    a_record_is_there_from_write_to_destruction(&fresh()).await;
    what_is_under_way_may_be_or_not(&fresh()).await;
    versions_and_keys_are_told_apart(&fresh()).await;
    a_record_is_replaced_in_its_place(&fresh()).await;
    uploads_are_kept_until_they_are_dropped(&fresh()).await;
    t05_nothing_of_a_deleted_bucket_is_left(&fresh()).await;
    only_what_is_open_is_settled(&fresh()).await;
    intents_of_unknown_fate_are_unresolved(&fresh()).await;
    if F::DURABLE {
        what_is_open_is_unresolved_after_reopening(&mut fresh()).await;
    }
}

async fn a_record_is_there_from_write_to_destruction(fixture: &impl Fixture) {
    let store = &*fixture.store();
    create(store, "one").await;
    assert_eq!(marks(store, "a", None).await, [0]);
    write(store, "a", "v1", 1).await;
    write(store, "a", "v2", 2).await;
    assert_eq!(marks(store, "a", None).await, [2]);
    assert_eq!(marks(store, "a", Some("v1")).await, [1]);
    let version = "v2".into();
    let open = begin(store, "a", Intent::Destroy { version }).await;
    store.settle(vec![(open, done("v2"))]).await.unwrap();
    assert_eq!(marks(store, "a", None).await, [1]);
    assert_eq!(marks(store, "a", Some("v2")).await, [0]);
}

async fn what_is_under_way_may_be_or_not(fixture: &impl Fixture) {
    let store = &*fixture.store();
    create(store, "one").await;
    write(store, "a", "null", 1).await;
    let open = begin(store, "a", Intent::Write(record(2))).await;
    assert_eq!(marks(store, "a", None).await, [1, 2]);
    assert_eq!(marks(store, "a", Some("null")).await, [1, 2]);
    assert_eq!(marks(store, "b", None).await, [0], "another key");
    store.settle(vec![(open, Ending::NotDone)]).await.unwrap();
    assert_eq!(marks(store, "a", None).await, [1]);
    let open = begin(store, "a", Intent::Write(record(3))).await;
    store.settle(vec![(open, done("null"))]).await.unwrap();
    assert_eq!(marks(store, "a", None).await, [3]);
}

async fn versions_and_keys_are_told_apart(fixture: &impl Fixture) {
    let store = &*fixture.store();
    create(store, "one").await;
    let keys = ["a", "a\0", "a\0b", "aa", "", "ä", "a/b"];
    for (mark, key) in (1..).zip(keys) {
        write(store, key, "", mark).await;
        write(store, key, "\0", mark + 100).await;
    }
    for (mark, key) in (1..).zip(keys) {
        assert_eq!(marks(store, key, Some("")).await, [mark], "{key:?}");
        assert_eq!(marks(store, key, Some("\0")).await, [mark + 100], "{key:?}");
        assert_eq!(marks(store, key, None).await, [mark + 100], "{key:?}");
    }
}

async fn a_record_is_replaced_in_its_place(fixture: &impl Fixture) {
    let store = &*fixture.store();
    create(store, "one").await;
    write(store, "a", "v1", 1).await;
    write(store, "a", "v2", 2).await;
    store
        .set_object(&object("a"), "v1", record(3))
        .await
        .unwrap();
    assert_eq!(marks(store, "a", Some("v1")).await, [3]);
    assert_eq!(marks(store, "a", None).await, [2], "no newer for that");
    store
        .set_object(&object("a"), "v3", record(4))
        .await
        .unwrap();
    assert_eq!(marks(store, "a", None).await, [4]);
}

async fn uploads_are_kept_until_they_are_dropped(fixture: &impl Fixture) {
    let store = &*fixture.store();
    create(store, "one").await;
    let a = object("a");
    store.keep_upload(&a, "u1", record(1)).await.unwrap();
    store.keep_upload(&a, "u2", record(2)).await.unwrap();
    assert_eq!(store.upload(&a, "u1").await.unwrap(), Some(record(1)));
    assert_eq!(store.upload(&object("b"), "u1").await.unwrap(), None);
    store.drop_upload(&a, "u1").await.unwrap();
    store.drop_upload(&a, "u1").await.unwrap();
    assert_eq!(store.upload(&a, "u1").await.unwrap(), None);
    assert_eq!(store.upload(&a, "u2").await.unwrap(), Some(record(2)));
    assert_eq!(marks(store, "a", None).await, [0], "an upload is no object");
}

async fn t05_nothing_of_a_deleted_bucket_is_left(fixture: &impl Fixture) {
    let store = &*fixture.store();
    create(store, "one").await;
    write(store, "a", "v1", 1).await;
    let open = begin(store, "a", Intent::Write(record(2))).await;
    store
        .keep_upload(&object("a"), "u", record(3))
        .await
        .unwrap();
    store.forget(&name("one"), 1).await.unwrap();
    store.settle(vec![(open, done("v2"))]).await.unwrap();
    for incarnation in [1, create(store, "one").await] {
        let object = ObjectName {
            incarnation,
            ..object("a")
        };
        assert_eq!(store.object(&object, None).await.unwrap(), [None]);
        assert_eq!(store.upload(&object, "u").await.unwrap(), None);
    }
    let gone = store.begin(vec![(object("a"), Intent::Write(record(1)))], now());
    assert!(matches!(gone.await, Err(StoreError::NotOnRecord { .. })));
    let gone = store.set_object(&object("a"), "v1", record(1)).await;
    assert!(matches!(gone, Err(StoreError::NotOnRecord { .. })));
    let gone = store.keep_upload(&object("a"), "u", record(1)).await;
    assert!(matches!(gone, Err(StoreError::NotOnRecord { .. })));
}

async fn only_what_is_open_is_settled(fixture: &impl Fixture) {
    let store = &*fixture.store();
    create(store, "one").await;
    let open = begin(store, "a", Intent::Write(record(1))).await;
    let endings = vec![(open.clone(), done("v1")), (open.clone(), done("v2"))];
    store.settle(endings).await.unwrap();
    store
        .settle(vec![(open.clone(), done("v3"))])
        .await
        .unwrap();
    assert_eq!(marks(store, "a", None).await, [1]);
    assert_eq!(marks(store, "a", Some("v2")).await, [0]);
    let other = OpenIntent {
        object: object("b"),
        ..begin(store, "a", Intent::Write(record(2))).await
    };
    store.settle(vec![(other, done("v4"))]).await.unwrap();
    assert_eq!(marks(store, "b", None).await, [0]);
    let one_unknown = vec![
        (object("a"), Intent::Write(record(3))),
        (
            ObjectName {
                incarnation: 9,
                ..object("c")
            },
            Intent::Write(record(4)),
        ),
    ];
    assert!(store.begin(one_unknown, now()).await.is_err());
    assert_eq!(marks(store, "a", None).await, [1, 2], "all or nothing");
}

async fn intents_of_unknown_fate_are_unresolved(fixture: &impl Fixture) {
    let store = &*fixture.store();
    create(store, "one").await;
    let first = begin(store, "a", Intent::Write(record(1))).await;
    let second = begin(store, "a", Intent::Write(record(2))).await;
    assert_eq!(store.unresolved_intents(), []);
    store
        .settle(vec![(first.clone(), Ending::Unknown)])
        .await
        .unwrap();
    assert_eq!(store.unresolved_intents(), std::slice::from_ref(&first));
    assert_eq!(marks(store, "a", None).await, [0, 1, 2]);
    store.settle(vec![(second, done("null"))]).await.unwrap();
    store.settle(vec![(first, Ending::NotDone)]).await.unwrap();
    assert_eq!(store.unresolved_intents(), []);
    assert_eq!(marks(store, "a", None).await, [2]);
}

async fn what_is_open_is_unresolved_after_reopening(fixture: &mut impl Fixture) {
    let store = fixture.store();
    create(&*store, "one").await;
    write(&*store, "a", "v1", 1).await;
    let open = begin(&*store, "a", Intent::Write(record(2))).await;
    let version = "v1".into();
    let destroy = begin(&*store, "b", Intent::Destroy { version }).await;
    drop(store);
    fixture.reopen();
    let store = fixture.store();
    assert_eq!(store.unresolved_intents(), [open.clone(), destroy.clone()]);
    assert_eq!(marks(&*store, "a", None).await, [1, 2]);
    let next = begin(&*store, "a", Intent::Write(record(3))).await;
    assert!(
        next.id > destroy.id,
        "no number comes twice while it is open"
    );
    store
        .settle(vec![(open, done("v2")), (next, Ending::NotDone)])
        .await
        .unwrap();
    drop(store);
    fixture.reopen();
    let store = fixture.store();
    assert_eq!(store.unresolved_intents(), [destroy]);
    assert_eq!(marks(&*store, "a", None).await, [2]);
}

/// What is done to a store, in the words of a plain model: versions of two keys in the order they came.
#[derive(Debug, Clone)]
enum Step {
    Write { key: u8, version: u8, mark: u8 },
    Fail { key: u8, mark: u8 },
    Destroy { key: u8, version: u8 },
    Set { key: u8, version: u8, mark: u8 },
    Forget,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let (key, version, mark) = (0..2_u8, 0..3_u8, 1..=u8::MAX);
    prop_oneof![
        4 => (key.clone(), version.clone(), mark.clone())
            .prop_map(|(key, version, mark)| Step::Write { key, version, mark }),
        1 => (key.clone(), mark.clone()).prop_map(|(key, mark)| Step::Fail { key, mark }),
        2 => (key.clone(), version.clone()).prop_map(|(key, version)| Step::Destroy { key, version }),
        2 => (key, version, mark).prop_map(|(key, version, mark)| Step::Set { key, version, mark }),
        1 => Just(Step::Forget),
        1 => Just(Step::Reopen),
    ]
}

type Model = BTreeMap<u8, Vec<(u8, u8)>>;

async fn take(fixture: &mut impl Fixture, model: &mut Model, incarnation: &mut u64, step: Step) {
    let store = fixture.store();
    let object = |key: u8| ObjectName {
        incarnation: *incarnation,
        ..object(&key.to_string())
    };
    let begin = async |key, intent| {
        let begun = store.begin(vec![(object(key), intent)], now()).await;
        begun.unwrap().remove(0)
    };
    match step {
        Step::Write { key, version, mark } => {
            let open = begin(key, Intent::Write(record(mark))).await;
            store
                .settle(vec![(open, done(&version.to_string()))])
                .await
                .unwrap();
            let versions = model.entry(key).or_default();
            versions.retain(|(known, _)| *known != version);
            versions.push((version, mark));
        }
        Step::Fail { key, mark } => {
            let open = begin(key, Intent::Write(record(mark))).await;
            store.settle(vec![(open, Ending::NotDone)]).await.unwrap();
        }
        Step::Destroy { key, version } => {
            let named = version.to_string().into();
            let open = begin(key, Intent::Destroy { version: named }).await;
            store
                .settle(vec![(open, done(&version.to_string()))])
                .await
                .unwrap();
            model
                .entry(key)
                .or_default()
                .retain(|(known, _)| *known != version);
        }
        Step::Set { key, version, mark } => {
            store
                .set_object(&object(key), &version.to_string(), record(mark))
                .await
                .unwrap();
            let versions = model.entry(key).or_default();
            match versions.iter_mut().find(|(known, _)| *known == version) {
                Some(row) => row.1 = mark,
                None => versions.push((version, mark)),
            }
        }
        Step::Forget => {
            store.forget(&name("one"), *incarnation).await.unwrap();
            *incarnation = create(&*store, "one").await;
            model.clear();
        }
        Step::Reopen => {
            drop(store);
            fixture.reopen();
        }
    }
}

async fn agrees(store: &dyn Store, model: &Model, incarnation: u64) {
    for key in 0..2_u8 {
        let object = ObjectName {
            incarnation,
            ..object(&key.to_string())
        };
        let versions = model.get(&key).cloned().unwrap_or_default();
        let current = versions.last().map(|(_, mark)| record(*mark));
        assert_eq!(store.object(&object, None).await.unwrap(), [current]);
        for version in 0..3_u8 {
            let known = versions.iter().find(|(known, _)| *known == version);
            let found = store.object(&object, Some(&version.to_string())).await;
            assert_eq!(found.unwrap(), [known.map(|(_, mark)| record(*mark))]);
        }
    }
}

async fn follows(mut fixture: impl Fixture, steps: Vec<Step>) {
    let mut incarnation = create(&*fixture.store(), "one").await;
    let mut model = Model::new();
    for step in steps {
        take(&mut fixture, &mut model, &mut incarnation, step).await;
        agrees(&*fixture.store(), &model, incarnation).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn records_are_as_a_plain_model_has_them(steps in prop::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(follows(File::new(), steps.clone()));
        let steps = steps.into_iter().filter(|step| !matches!(step, Step::Reopen));
        runtime.block_on(follows(Memory(Arc::new(MemoryStore::new())), steps.collect()));
    }
}
