//! Files of the third format, which had objects and no locks.

use super::super::objects::{INTENTS, OBJECTS, ORDER, UPLOADS};
use super::*;

const LIVE: &str = r#"{"state":"live","incarnation":3,"owner":"444455556666","created":"2026-01-02T00:00:00Z","upstream":"sea"}"#;
const RECORD: &[u8] = br#"{"owner":"x","tags":[["k","v"]]}"#;
const INTENT: &[u8] = br#"{"begun":"2026-01-02T00:00:00Z","intent":{"destroy":"1"}}"#;
const SEQUENCE: u64 = 41;

/// A file as the third format had it.
pub(super) fn third_format(path: &Path) {
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(META).unwrap();
        for (name, number) in [
            ("format", 3),
            ("store", 5),
            ("generation", 90),
            ("restored", 0),
            ("sequence", SEQUENCE),
        ] {
            meta.insert(name, number).unwrap();
        }
        let mut buckets = transaction.open_table(BUCKETS).unwrap();
        buckets.insert("live-one", LIVE.as_bytes()).unwrap();
        let mut objects = transaction.open_table(OBJECTS).unwrap();
        let mut order = transaction.open_table(ORDER).unwrap();
        for (version, number) in [("1", 7), ("2", 40)] {
            let key = ("live-one", 3, "key", version);
            objects.insert(key, (number, RECORD)).unwrap();
            let place = ("live-one", 3, "key", number, version);
            order.insert(place, ()).unwrap();
        }
        let mut intents = transaction.open_table(INTENTS).unwrap();
        let key = ("live-one", 3, "key", SEQUENCE);
        intents.insert(key, INTENT).unwrap();
        let mut uploads = transaction.open_table(UPLOADS).unwrap();
        uploads.insert(("live-one", 3, "key", "u"), RECORD).unwrap();
    }
    transaction.commit().unwrap();
    let witness = r#"{"store":"0000000000000005","generation":90}"#;
    std::fs::write(disk::with_suffix(path, "witness"), witness).unwrap();
}

pub(super) fn object() -> ObjectName {
    ObjectName {
        bucket: BucketName::parse("live-one").unwrap(),
        incarnation: 3,
        key: "key".into(),
    }
}

pub(super) fn record() -> ObjectRecord {
    ObjectRecord {
        tags: vec![("k".into(), "v".into())],
        ..ObjectRecord::of("x")
    }
}

#[tokio::test]
async fn a_file_of_the_third_format_is_taken_over_with_its_objects_and_numbers() {
    let (_directory, path) = place();
    third_format(&path);
    for _ in 0..2 {
        let store = RedbStore::open(&path).unwrap();
        assert_eq!(store.origin(), Origin::Same, "it is the store it was");
        assert!(store.notes().is_empty());
        for version in [Some("1"), Some("2"), None] {
            let found = store.object(&object(), version).await.unwrap();
            assert_eq!(found, [Some(record())]);
        }
        let upload = store.upload(&object(), "u").await.unwrap();
        assert_eq!(upload, Some(record()));
        let open = store.unresolved_intents();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].id, SEQUENCE);
    }
    let store = RedbStore::open(&path).unwrap();
    let version = "2".into();
    let intents = vec![(object(), Intent::Destroy { version })];
    let open = store.begin(intents, Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(open[0].id, SEQUENCE + 1, "no number is given twice");
    let copy = disk::with_suffix(&path, "format-3");
    assert_eq!(formats::rows(&copy).0, 3);
    assert!(!disk::with_suffix(&path, "format-3.2").exists());
}

#[tokio::test]
async fn who_goes_back_to_a_copy_of_the_third_format_is_noticed_and_its_locks_are_in_doubt() {
    for has_locks in [false, true] {
        let (_directory, path) = place();
        third_format(&path);
        let store = RedbStore::open(&path).unwrap();
        if has_locks {
            origins::lock(&store, &object().bucket, 3).await.unwrap();
        }
        drop(store);
        std::fs::copy(disk::with_suffix(&path, "format-3"), &path).unwrap();
        for origin in [Origin::Replaced, Origin::Same] {
            let store = RedbStore::open(&path).unwrap();
            assert_eq!(store.origin(), origin);
            let doubts = store.notes().contains_key(&Note::LockDoubt);
            assert_eq!(doubts, has_locks, "said until somebody has looked");
        }
    }
}
