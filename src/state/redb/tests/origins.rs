//! Whether a file is noticed that is not the one that was there before.

use super::super::witness::{Locks, Testimony, doubt};
use super::*;
use crate::state::ledger::Ledger;
use portcullis_core::controls::lock::LockConfiguration;
use std::fs;

fn witness(path: &Path) -> PathBuf {
    disk::with_suffix(path, "witness")
}

/// Opens a store, creates this many buckets and closes it again.
fn run(path: &Path, buckets: std::ops::Range<usize>) -> Origin {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let store = RedbStore::open(path).unwrap();
    runtime.block_on(async {
        for number in buckets {
            create(&store, number).await;
        }
    });
    store.origin()
}

/// What happens to the files between two runs, and what the second finds.
#[track_caller]
fn check(meanwhile: impl FnOnce(&Path), expected: Origin) {
    let (_directory, path) = place();
    assert_eq!(run(&path, 0..2), Origin::New);
    assert_eq!(run(&path, 2..3), Origin::Same);
    meanwhile(&path);
    assert_eq!(run(&path, 0..0), expected);
    assert_eq!(run(&path, 0..0), Origin::Same, "it is said once");
}

#[test]
fn a_file_that_nobody_touched_is_the_same() {
    check(|_| {}, Origin::Same);
}

#[test]
fn an_older_copy_is_noticed() {
    check(
        |path| {
            let older = fs::read(path).unwrap();
            run(path, 10..11);
            fs::write(path, older).unwrap();
        },
        Origin::Replaced,
    );
}

#[test]
fn a_copy_of_the_present_is_the_same() {
    check(
        |path| {
            let present = fs::read(path).unwrap();
            fs::remove_file(path).unwrap();
            fs::write(path, present).unwrap();
        },
        Origin::Same,
    );
}

#[test]
fn another_store_is_noticed() {
    check(
        |path| {
            let (_directory, other) = place();
            // It has come further than the one it takes the place of.
            run(&other, 0..50);
            fs::copy(other, path).unwrap();
        },
        Origin::Replaced,
    );
}

#[test]
fn a_store_that_is_gone_is_not_taken_for_the_first_start() {
    check(|path| fs::remove_file(path).unwrap(), Origin::Replaced);
}

#[test]
fn without_its_witness_a_store_could_be_any() {
    check(
        |path| fs::remove_file(witness(path)).unwrap(),
        Origin::Replaced,
    );
}

#[test]
fn without_anything_a_store_is_new() {
    check(
        |path| {
            fs::remove_file(path).unwrap();
            fs::remove_file(witness(path)).unwrap();
        },
        Origin::New,
    );
}

#[test]
fn a_witness_that_cannot_be_understood_proves_nothing() {
    for text in [
        "",
        "{}",
        "same",
        r#"{"store":"x","generation":1}"#,
        r#"{"store":"0","generation":-1}"#,
    ] {
        check(
            |path| fs::write(witness(path), text).unwrap(),
            Origin::Replaced,
        );
    }
}

#[test]
fn a_witness_that_cannot_be_read_or_written_is_an_error() {
    let (_directory, path) = place();
    run(&path, 0..1);
    fs::remove_file(witness(&path)).unwrap();
    fs::create_dir(witness(&path)).unwrap();
    let error = RedbStore::open(&path).unwrap_err().to_string();
    assert!(error.contains("state.redb.witness"), "{error}");
}

#[test]
fn a_witness_is_private_and_names_the_store() {
    let (_directory, path) = place();
    run(&path, 0..1);
    let mode = fs::metadata(witness(&path)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = fs::read_to_string(witness(&path)).unwrap();
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["store"].as_str().unwrap().len(), 16);
    // The opening, the claim and the commit.
    assert_eq!(line["generation"], 4);
}

#[test]
fn a_store_of_the_first_format_is_the_same_if_nothing_says_otherwise() {
    let (_directory, path) = place();
    formats::first_format(&path);
    assert_eq!(run(&path, 0..0), Origin::Same);
    assert_eq!(run(&path, 0..0), Origin::Same);
    fs::remove_file(&path).unwrap();
    formats::first_format(&path);
    assert_eq!(run(&path, 0..0), Origin::Replaced, "somebody went back");
}

#[test]
fn a_crash_on_the_way_to_the_first_opening_leaves_a_new_store() {
    let (_directory, path) = place();
    // Made, but not opened; then also with its witness.
    drop(StateFile::open(&path, format::plainly()).unwrap());
    let mut file = StateFile::open(&path, format::plainly()).unwrap();
    assert_eq!(file.origin(), Origin::New);
    assert!(!witness(&path).exists());
    file.close();
    file.settle_in(&mut Ledger::default()).unwrap_err();
    assert!(witness(&path).exists());
    drop(file);
    assert_eq!(run(&path, 0..0), Origin::New);
}

#[test]
fn the_witness_is_never_ahead_of_the_file() {
    let (_directory, path) = place();
    let (mut writer, _) = writer(&path);
    let (requests, _answers) = claims(0..1);
    writer.turn(requests);
    // As after a crash: the witness is behind.
    drop(writer);
    assert_eq!(run(&path, 0..0), Origin::Same);
}

#[test]
fn a_store_that_rests_tells_its_witness() {
    let (_directory, path) = place();
    let (mut writer, _) = writer(&path);
    assert_eq!(writer.file().testimony_due(), None);
    let (requests, _answers) = claims(0..1);
    writer.turn(requests);
    assert!(writer.file().testimony_due().is_some());
    let before = fs::read(witness(&path)).unwrap();
    writer.file().testify();
    assert_eq!(writer.file().testimony_due(), None);
    assert_ne!(fs::read(witness(&path)).unwrap(), before);
}

/// As PutObjectLockConfiguration does.
pub(super) async fn lock(
    store: &RedbStore,
    bucket: &BucketName,
    incarnation: u64,
) -> Result<(), StoreError> {
    let lock = Setting::ObjectLock(LockConfiguration::default());
    let change = store.change(bucket, incarnation, SettingChange::Put(lock));
    change.await.map(drop)
}

#[test]
fn locks_are_in_doubt_where_a_store_that_had_some_is_not_the_one_that_was_there() {
    let of = |locks| Testimony::Of {
        store: 1,
        generation: 1,
        locks,
    };
    let (none, some) = (Locks::None, Locks::Some);
    // What the witness says, what the store says, and whether the one that was there may have had locks.
    let cases = [
        (of(none), none, false),
        (of(none), some, true),
        (of(some), none, true),
        (of(some), some, true),
        (Testimony::Broken, none, true),
        (Testimony::Broken, some, true),
        (Testimony::None, none, false),
        (Testimony::None, some, true),
    ];
    for (testimony, locks, had) in cases {
        for (origin, why) in [
            (Origin::Same, None),
            (Origin::New, None),
            (Origin::Restored, Some("restored")),
            (Origin::Replaced, Some("replaced")),
        ] {
            let expected = why.filter(|_| had);
            let found = doubt(origin, testimony, locks);
            assert_eq!(found, expected, "{origin:?} {testimony:?} {locks:?}");
        }
    }
}

fn says_locks(path: &Path) -> bool {
    let text = fs::read_to_string(witness(path)).unwrap();
    text.contains(r#""locks":true"#)
}

#[tokio::test]
async fn the_first_lock_is_in_the_witness_before_it_is_acknowledged() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    create(&store, 0).await;
    assert!(!says_locks(&path));
    lock(&store, &bucket(0), 1).await.unwrap();
    // As a kill would leave it.
    assert!(says_locks(&path));
    drop(store);
    assert!(says_locks(&path));
    let store = RedbStore::open(&path).unwrap();
    assert!(says_locks(&path), "a restart does not forget it");
    store.forget(&bucket(0), 1).await.unwrap();
    drop(store);
}

#[tokio::test]
async fn a_bucket_that_is_created_with_locks_is_in_the_witness_before_its_creation_begins() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    let settings = BucketSettings {
        object_lock: Some(LockConfiguration::default()),
        ..BucketSettings::of_new_bucket()
    };
    let bucket = bucket(0);
    let claim = store.claim(&bucket, owner(), "lake", settings, Timestamp::UNIX_EPOCH);
    let claim = claim.await.unwrap();
    assert!(says_locks(&path));
    store.commit(&claim).await.unwrap();
}

#[tokio::test]
async fn no_lock_is_acknowledged_while_the_witness_cannot_be_told() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    create(&store, 0).await;
    fs::remove_file(witness(&path)).unwrap();
    fs::create_dir(witness(&path)).unwrap();
    // Nobody can put a file there.
    for _ in 0..3 {
        lock(&store, &bucket(0), 1).await.unwrap_err();
        let object = ObjectName {
            bucket: bucket(0),
            incarnation: 1,
            key: "a".into(),
        };
        let set = store.set_object(&object, NULL_VERSION, ObjectRecord::of("x"));
        set.await.unwrap_err();
    }
    fs::remove_dir(witness(&path)).unwrap();
    lock(&store, &bucket(0), 1).await.unwrap();
    assert!(says_locks(&path));
    drop(store);
    let store = RedbStore::open(&path).unwrap();
    assert_eq!(store.origin(), Origin::Same);
    let record = store.buckets()[&bucket(0)].clone();
    assert!(record.settings.object_lock.is_some());
}

#[tokio::test]
async fn an_older_copy_of_a_store_with_locks_is_in_doubt_until_somebody_has_looked() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    create(&store, 0).await;
    drop(store);
    let older = fs::read(&path).unwrap();
    let store = RedbStore::open(&path).unwrap();
    lock(&store, &bucket(0), 1).await.unwrap();
    drop(store);
    fs::write(&path, older).unwrap();
    for _ in 0..2 {
        let store = RedbStore::open(&path).unwrap();
        let notes = store.notes();
        assert_eq!(
            notes.get(&Note::LockDoubt).map(|why| &**why),
            Some(&b"replaced"[..])
        );
    }
    let store = RedbStore::open(&path).unwrap();
    store.note(Note::LockDoubt, None).await.unwrap();
    drop(store);
    let store = RedbStore::open(&path).unwrap();
    assert!(store.notes().is_empty());
}
