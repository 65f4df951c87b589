//! The rows of objects: what they say, what of them cannot be read, and that no two are taken for one.

use super::super::look;
use super::super::objects::{INTENTS, OBJECTS, ORDER, UPLOADS, begin, write};
use super::*;
use crate::state::intents::Edit;
use crate::state::possible::Row;
use crate::state::tests::objects::record;
use ::redb::backends::InMemoryBackend;
use ::redb::{ReadableDatabase as _, WriteTransaction};
use portcullis_core::controls::acl::Acl;
use portcullis_core::controls::lock::{LegalHold, ObjectLock};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn object(number: usize, key: &str) -> ObjectName {
    ObjectName {
        bucket: bucket(number),
        incarnation: 1,
        key: key.into(),
    }
}

/// Gives a bucket that is there two versions of key `a`, two open intents and an upload.
pub(super) async fn stock(store: &RedbStore, number: usize) {
    let a = object(number, "a");
    let write = |mark| (a.clone(), Intent::Write(record(mark)));
    let version = "1".into();
    let destroy = (a.clone(), Intent::Destroy { version });
    let intents = vec![write(1), write(2), write(3), destroy];
    let open = store.begin(intents, Timestamp::UNIX_EPOCH).await.unwrap();
    let done = |version: &str| Ending::Done {
        version: version.into(),
    };
    let endings = open.into_iter().zip([done("1"), done("2")]);
    store.settle(endings.collect()).await.unwrap();
    store.keep_upload(&a, "u", record(4)).await.unwrap();
}

type Content = (Vec<Vec<Option<ObjectRecord>>>, Option<ObjectRecord>);

pub(super) async fn content(store: &RedbStore, number: usize) -> Content {
    let a = object(number, "a");
    let mut records = Vec::new();
    for version in [None, Some("1"), Some("2"), Some("3")] {
        records.push(store.object(&a, version).await.unwrap());
    }
    (records, store.upload(&a, "u").await.unwrap())
}

fn change(path: &Path, change: impl FnOnce(&WriteTransaction)) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

pub(super) fn spoil_object(path: &Path, document: &[u8]) {
    change(path, |transaction| {
        let mut objects = transaction.open_table(OBJECTS).unwrap();
        let key = ("bucket-0", 1, "a", "1");
        objects.insert(key, (1, document)).unwrap();
    });
}

pub(super) fn spoil_upload(path: &Path, document: &[u8]) {
    change(path, |transaction| {
        let mut uploads = transaction.open_table(UPLOADS).unwrap();
        uploads.insert(("bucket-0", 1, "a", "u"), document).unwrap();
    });
}

pub(super) fn spoil_intent(path: &Path, bucket: &str, id: u64, document: &[u8]) {
    change(path, |transaction| {
        let mut intents = transaction.open_table(INTENTS).unwrap();
        intents.insert((bucket, 1, "a", id), document).unwrap();
    });
}

/// A store with one stocked bucket, closed.
async fn closed() -> (tempfile::TempDir, PathBuf) {
    let (directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    create(&store, 0).await;
    stock(&store, 0).await;
    (directory, path)
}

#[tokio::test]
async fn rows_of_objects_are_the_json_that_the_documentation_shows() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    create(&store, 0).await;
    let a = object(0, "a");
    let owner: Box<str> = "0a".repeat(32).into();
    let full = ObjectRecord {
        acl: Some(Acl::private(&owner)),
        tags: vec![("k".into(), "v".into())],
        lock: ObjectLock {
            retention: None,
            legal_hold: Some(LegalHold::On),
        }
        .into(),
        owner,
    };
    let bare = ObjectRecord::of("x");
    store.set_object(&a, "1", full).await.unwrap();
    store.keep_upload(&a, "u", bare.clone()).await.unwrap();
    let version = "1".into();
    let intents = vec![
        (a.clone(), Intent::Write(bare)),
        (a, Intent::Destroy { version }),
    ];
    store.begin(intents, Timestamp::UNIX_EPOCH).await.unwrap();
    drop(store);
    let database = Database::open(&path).unwrap();
    let view = database.begin_read().unwrap();
    let text = |document: &[u8]| String::from_utf8(document.to_vec()).unwrap();
    let objects = view.open_table(OBJECTS).unwrap();
    let row = objects.get(("bucket-0", 1, "a", "1")).unwrap().unwrap();
    let (number, document) = row.value();
    let id = "0a".repeat(32);
    assert_eq!(
        (number, text(document)),
        (
            Row::UNAGED,
            format!(
                r#"{{"owner":"{id}","acl":{{"owner":"{id}","grants":[{{"to":{{"CanonicalUser":"{id}"}},"permission":"FULL_CONTROL"}}]}},"tags":[["k","v"]],"lock":{{"check":"06881bab","hold":"ON","version":"1"}}}}"#
            )
        )
    );
    let uploads = view.open_table(UPLOADS).unwrap();
    let row = uploads.get(("bucket-0", 1, "a", "u")).unwrap().unwrap();
    assert_eq!(text(row.value()), r#"{"owner":"x"}"#);
    let intents = view.open_table(INTENTS).unwrap();
    let rows = intents.iter().unwrap().map(|row| {
        let (_, document) = row.unwrap();
        text(document.value())
    });
    let expected = [
        r#"{"begun":"1970-01-01T00:00:00Z","intent":{"write":{"owner":"x"}}}"#,
        r#"{"begun":"1970-01-01T00:00:00Z","intent":{"destroy":"1"}}"#,
    ];
    assert_eq!(rows.collect::<Vec<_>>(), expected);
}

/// Documents of records, each with what is wrong with it.
const RECORDS: [(&str, Option<&str>); 11] = [
    (r#"{"owner":"x"}"#, None),
    ("", Some("EOF")),
    ("{}", Some("owner")),
    (r#"{"owner":"x"} x"#, Some("trailing")),
    (r#"{"owner":"x","locks":{}}"#, Some("unknown field `locks`")),
    (r#"{"owner":"x","owner":"y"}"#, Some("duplicate field")),
    (r#"{"owner":"x","tags":[["k"]]}"#, Some("tuple of size 2")),
    (
        r#"{"owner":"x","acl":{"owner":"x","grants":[{"to":"Everyone","permission":"READ"}]}}"#,
        Some("unknown variant `Everyone`"),
    ),
    (
        r#"{"owner":"x","acl":{"owner":"x","grants":[{"to":"AllUsers","permission":"LIST"}]}}"#,
        Some("unknown variant `LIST`"),
    ),
    (
        r#"{"owner":"x","acl":{"owner":"x","grants":[{"to":"AllUsers"}]}}"#,
        Some("missing field `permission`"),
    ),
    (
        r#"{"owner":"x","acl":{"owner":"x","grants":[],"canned":"private"}}"#,
        Some("unknown field `canned`"),
    ),
];

#[track_caller]
fn unreadable<T: std::fmt::Debug>(found: Result<T, StoreError>, parts: &[&str]) {
    let Err(StoreError::Unreadable { reason, .. }) = found else {
        panic!("{found:?}");
    };
    for part in parts {
        assert!(reason.contains(part), "{part} is not in: {reason}");
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_an_error_and_not_no_record() {
    for (document, wrong) in RECORDS {
        let (_directory, path) = closed().await;
        spoil_object(&path, document.as_bytes());
        spoil_upload(&path, document.as_bytes());
        let store = RedbStore::open(&path).unwrap();
        let a = object(0, "a");
        let found = store.object(&a, Some("1")).await;
        let upload = store.upload(&a, "u").await;
        let Some(wrong) = wrong else {
            let known = found.unwrap().remove(0);
            assert_eq!(known, upload.unwrap());
            continue;
        };
        unreadable(
            found,
            &["version `1` of key `a` in bucket `bucket-0`", wrong],
        );
        unreadable(
            upload,
            &["upload `u` of key `a` in bucket `bucket-0`", wrong],
        );
        // Others can be read, and it can be replaced.
        store.object(&a, Some("2")).await.unwrap();
        store.set_object(&a, "1", record(9)).await.unwrap();
        let found = store.object(&a, Some("1")).await.unwrap();
        assert_eq!(found, [Some(record(9))]);
    }
}

#[tokio::test]
async fn an_intent_that_cannot_be_read_is_an_error_and_not_settled() {
    let begun = "1970-01-01T00:00:00Z";
    let intent = |intent: &str| format!(r#"{{"begun":"{begun}","intent":{intent}}}"#);
    let whole = intent(r#"{"destroy":"1"}"#);
    let cases = [
        ("bucket-0", 1, whole.clone(), None),
        ("bucket-1", 1, whole.clone(), Some("is not on record")),
        ("B", 1, whole.clone(), Some("a bucket name has")),
        ("bucket-0", 999, whole.clone(), Some("of another store")),
        ("bucket-0", 1, whole.replace(begun, "now"), Some("year")),
        ("bucket-0", 1, intent(r#""read""#), Some("read")),
        ("bucket-0", 1, intent(r#"{"write":{}}"#), Some("owner")),
        ("bucket-0", 1, String::new(), Some("intent 1 on key `a`")),
    ];
    for (bucket, id, document, wrong) in cases {
        let (_directory, path) = closed().await;
        spoil_intent(&path, bucket, id, document.as_bytes());
        match wrong {
            Some(wrong) => refused(&path, &["cannot be read", wrong]),
            None => drop(RedbStore::open(&path).unwrap()),
        }
    }
}

#[tokio::test]
async fn a_version_without_its_row_is_an_error_and_not_an_older_one() {
    let (_directory, path) = closed().await;
    change(&path, |transaction| {
        let mut objects = transaction.open_table(OBJECTS).unwrap();
        objects.remove(("bucket-0", 1, "a", "2")).unwrap();
    });
    let store = RedbStore::open(&path).unwrap();
    let found = store.object(&object(0, "a"), None).await;
    unreadable(found, &["version `2` of key `a`", "alone"]);
}

#[tokio::test]
async fn a_file_without_its_last_number_is_an_error() {
    let (_directory, path) = closed().await;
    change(&path, |transaction| {
        let mut meta = transaction.open_table(META).unwrap();
        meta.remove("sequence").unwrap();
    });
    refused(&path, &["`sequence` is missing"]);
}

/// Texts that are likely to be taken for one another.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(
            prop::sample::select(vec!['\0', '\u{1}', 'a', 'ÿ', '\u{10ffff}']),
            0..4
        )
        .prop_map(String::from_iter),
        any::<String>(),
    ]
}

fn name() -> impl Strategy<Value = ObjectName> {
    let bucket = prop::sample::select(vec!["abc", "abc-d", "abc.d", "abd"]);
    let incarnation = prop::sample::select(vec![0, 1, 2, 255, 256, u64::MAX - 1, u64::MAX]);
    (bucket, incarnation, text()).prop_map(|(bucket, incarnation, key)| ObjectName {
        bucket: BucketName::parse(bucket).unwrap(),
        incarnation,
        key: key.into(),
    })
}

/// What there is of one object.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rows {
    versions: BTreeSet<String>,
    intents: BTreeSet<u64>,
    uploads: BTreeSet<String>,
}

/// Every row of a database, and of `order` no more and no less than of `objects`.
fn all(database: &Database) -> BTreeMap<ObjectName, Rows> {
    let view = database.begin_read().unwrap();
    let mut rows: BTreeMap<ObjectName, Rows> = BTreeMap::new();
    let name = |bucket: &str, incarnation, key: &str| ObjectName {
        bucket: BucketName::parse(bucket).unwrap(),
        incarnation,
        key: key.into(),
    };
    for row in view.open_table(OBJECTS).unwrap().iter().unwrap() {
        let (key, _) = row.unwrap();
        let (bucket, incarnation, key, version) = key.value();
        let rows = rows.entry(name(bucket, incarnation, key)).or_default();
        rows.versions.insert(version.to_owned());
    }
    for row in view.open_table(INTENTS).unwrap().iter().unwrap() {
        let (key, _) = row.unwrap();
        let (bucket, incarnation, key, id) = key.value();
        let rows = rows.entry(name(bucket, incarnation, key)).or_default();
        rows.intents.insert(id);
    }
    for row in view.open_table(UPLOADS).unwrap().iter().unwrap() {
        let (key, _) = row.unwrap();
        let (bucket, incarnation, key, upload) = key.value();
        let rows = rows.entry(name(bucket, incarnation, key)).or_default();
        rows.uploads.insert(upload.to_owned());
    }
    look::check(&view).unwrap();
    let count: usize = rows.values().map(|rows| rows.versions.len()).sum();
    let order = view.open_table(ORDER).unwrap().iter().unwrap().count();
    assert_eq!(order, count);
    rows
}

fn apply(database: &Database, edits: &[Edit]) {
    let transaction = database.begin_write().unwrap();
    begin(&transaction).unwrap();
    write(&transaction, edits, 1000).unwrap();
    transaction.commit().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_name_comes_back_and_no_range_reaches_into_another(
        names in prop::collection::vec((name(), text()), 1..20)
    ) {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        let mut expected: BTreeMap<ObjectName, Rows> = BTreeMap::new();
        let mut edits = Vec::new();
        for (sequence, (object, text)) in (1..).zip(&names) {
            let version = Box::<str>::from(text.as_str());
            let open = OpenIntent {
                id: sequence,
                object: object.clone(),
                intent: Intent::Destroy { version: version.clone() },
                begun: Timestamp::UNIX_EPOCH,
            };
            let row = Row { sequence, record: record(1) };
            let (upload, written) = (version.clone(), object.clone());
            edits.push(Edit::Begun(Arc::new(open)));
            edits.push(Edit::Written { object: written, version, row });
            edits.push(Edit::UploadKept { object: object.clone(), upload, record: record(1) });
            let rows = expected.entry(object.clone()).or_default();
            rows.versions.insert(text.clone());
            rows.intents.insert(sequence);
            rows.uploads.insert(text.clone());
        }
        apply(&database, &edits);
        prop_assert_eq!(&all(&database), &expected);
        let view = database.begin_read().unwrap();
        for (object, text) in &names {
            // All of its versions are being destroyed, and of no other key.
            let found = look::object(&view, object, None).unwrap();
            prop_assert_eq!(found, vec![Some(record(1)), None]);
            let found = look::object(&view, object, Some(text)).unwrap();
            prop_assert_eq!(found, vec![Some(record(1))]);
        }
        drop(view);
        let (ObjectName { bucket, incarnation, .. }, _) = names[0].clone();
        expected.retain(|object, _| object.bucket != bucket || object.incarnation != incarnation);
        apply(&database, &[Edit::Forgotten { bucket, incarnation }]);
        prop_assert_eq!(&all(&database), &expected);
    }
}
