//! What only a file has: formats, locks, damage, group commit.

mod backups;
mod crash;
mod faults;
mod formats;
mod kill;
mod locks;
mod objects;
mod origins;
mod shim;
mod speed;
mod third;

use super::super::change::Outcome;
use super::super::{MemoryStore, NULL_VERSION};
use super::file::StateFile;
use super::format::{BUCKETS, FORMAT, META};
use super::writer::Waiting;
use super::*;
use ::redb::{Database, ReadableTable as _, TableDefinition};
use portcullis_core::controls::settings::Setting;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use tokio::sync::oneshot;

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.redb");
    (directory, path)
}

fn bucket(number: usize) -> BucketName {
    BucketName::parse(&format!("bucket-{number}")).unwrap()
}

fn owner() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

async fn create(store: &RedbStore, number: usize) {
    let claim = store
        .claim(
            &bucket(number),
            owner(),
            "lake",
            BucketSettings::of_new_bucket(),
            Timestamp::UNIX_EPOCH,
        )
        .await
        .unwrap();
    store.commit(&claim).await.unwrap();
}

#[track_caller]
fn refused(path: &Path, parts: &[&str]) {
    let error = RedbStore::open(path).unwrap_err().to_string();
    let shown = format!("`{}`", path.display());
    assert!(error.contains(&shown), "{error}");
    for part in parts {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
}

#[test]
fn a_file_has_one_owner_at_a_time() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    refused(&path, &["in use by another process"]);
    drop(store);
    RedbStore::open(&path).unwrap();
}

#[test]
fn a_new_file_is_private_and_only_its_witness_lies_beside_it() {
    let (directory, path) = place();
    drop(RedbStore::open(&path).unwrap());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn a_missing_directory_is_named() {
    refused(
        Path::new("/nonexistent/state.redb"),
        &["No such file or directory"],
    );
}

fn set_format(path: &Path, format: u64) {
    drop(RedbStore::open(path).unwrap());
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(META)
        .unwrap()
        .insert("format", format)
        .unwrap();
    transaction.commit().unwrap();
}

#[test]
fn a_newer_format_is_refused_and_both_are_named() {
    let (_directory, path) = place();
    set_format(&path, FORMAT + 6);
    refused(&path, &["has format 10", "up to format 4"]);
}

#[test]
fn a_format_that_never_was_is_refused() {
    let (_directory, path) = place();
    set_format(&path, 0);
    refused(&path, &["format 0 is unknown"]);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let (_directory, path) = place();
    let other: TableDefinition<'_, &str, &str> = TableDefinition::new("other");
    let database = Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(other)
        .unwrap()
        .insert("a", "b")
        .unwrap();
    transaction.commit().unwrap();
    drop(database);
    refused(&path, &["not a state file"]);
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let (_directory, path) = place();
    for content in [
        "",
        "x",
        "state: {}\n",
        &"\0".repeat(1 << 16),
        &"redb".repeat(10_000),
    ] {
        std::fs::write(&path, content).unwrap();
        refused(&path, &["cannot be read"]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
    }
}

fn row(path: &Path, bucket: &str, row: &str) {
    drop(RedbStore::open(path).unwrap());
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(BUCKETS)
        .unwrap()
        .insert(bucket, row.as_bytes())
        .unwrap();
    transaction.commit().unwrap();
}

#[test]
fn a_row_that_cannot_be_read_is_an_error_and_not_a_missing_bucket() {
    let whole = r#"{"state":"live","incarnation":1,"owner":"111122223333","created":"2026-01-01T00:00:00Z","upstream":"lake"}"#;
    let cases = [
        ("bucket", whole, None),
        ("bucket", r#"{"state":"gone","incarnation":1}"#, None),
        ("bucket", "", Some("bucket `bucket`")),
        (
            "bucket",
            r#"{"state":"live","incarnation":1}"#,
            Some("missing"),
        ),
        ("bucket", r#"{"state":"odd","incarnation":1}"#, Some("odd")),
        (
            "bucket",
            r#"{"state":"gone","incarnation":1,"lock":"x"}"#,
            Some("lock"),
        ),
        ("B", whole, Some("a bucket name has")),
        (
            "bucket",
            &whole.replace("111122223333", "1"),
            Some("12 digits"),
        ),
    ];
    for (bucket, text, expected) in cases {
        let (_directory, path) = place();
        row(&path, bucket, text);
        match expected {
            Some(part) => refused(&path, &["cannot be read", part]),
            None => drop(RedbStore::open(&path).unwrap()),
        }
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_or_still_the_truth() {
    let (directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    for number in 0..20 {
        create(&store, number).await;
    }
    let truth = store.buckets();
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let damaged = directory.path().join("damaged.redb");
    let mut noticed = 0;
    for at in (0..whole.len()).step_by(whole.len() / 97) {
        let mut bytes = whole.clone();
        bytes
            .iter_mut()
            .skip(at)
            .take(64)
            .for_each(|byte| *byte = !*byte);
        std::fs::write(&damaged, bytes).unwrap();
        match RedbStore::open(&damaged) {
            Ok(store) => assert_eq!(store.buckets(), truth, "damage at {at}"),
            Err(StoreError::Unreadable { .. }) => noticed += 1,
            Err(other) => panic!("damage at {at}: {other}"),
        }
    }
    for length in [1, 100, 4096, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&damaged, whole.get(..length).unwrap()).unwrap();
        match RedbStore::open(&damaged) {
            Ok(store) => assert_eq!(store.buckets(), truth, "cut at {length}"),
            Err(StoreError::Unreadable { .. }) => noticed += 1,
            Err(other) => panic!("cut at {length}: {other}"),
        }
    }
    assert!(noticed > 0);
}

/// A writer without its thread, so that a test decides what one turn sees.
fn writer(path: &Path) -> (Writer, Arc<Published>) {
    let published = Arc::new(Published::default());
    let file = StateFile::open(path, format::plainly()).unwrap();
    (
        Writer::new(file, Arc::clone(&published)).unwrap(),
        published,
    )
}

type Answered = oneshot::Receiver<Outcome>;

fn claims(numbers: impl Iterator<Item = usize>) -> (Vec<Waiting>, Vec<Answered>) {
    numbers
        .map(|number| {
            let (answer, answered) = oneshot::channel();
            let change = Change::Claim(Arrival {
                bucket: bucket(number),
                owner: owner(),
                upstream: "lake".into(),
                settings: Arc::new(BucketSettings::of_new_bucket()),
                now: Timestamp::UNIX_EPOCH,
            });
            (Waiting { change, answer }, answered)
        })
        .unzip()
}

#[test]
fn all_that_wait_share_one_transaction() {
    let (_directory, path) = place();
    let (mut writer, _) = writer(&path);
    let (requests, answers) = claims((0..100).chain([5]));
    let before = writer.transactions();
    writer.turn(requests);
    assert_eq!(writer.transactions() - before, 1);
    let won = answers
        .into_iter()
        .map(|mut answer| answer.try_recv().unwrap())
        .filter(Result::is_ok)
        .count();
    assert_eq!(
        won, 100,
        "the second claim of one name loses within a batch too"
    );
}

#[test]
fn a_turn_that_changes_nothing_writes_nothing() {
    let (_directory, path) = place();
    let (mut writer, _) = writer(&path);
    let (requests, _answers) = claims(0..1);
    writer.turn(requests);
    let before = writer.transactions();
    let (requests, _answers) = claims(0..1);
    writer.turn(requests);
    assert_eq!(writer.transactions(), before);
}

#[test]
fn a_claim_nobody_waits_for_is_unresolved() {
    let (_directory, path) = place();
    let (mut writer, published) = writer(&path);
    let (requests, answers) = claims(0..1);
    drop(answers);
    writer.turn(requests);
    assert_eq!(published.unresolved.load().len(), 1);
}

#[test]
fn after_a_failure_the_file_is_opened_again() {
    let (_directory, path) = place();
    let (mut writer, published) = writer(&path);
    let (requests, mut held) = claims(0..1);
    writer.turn(requests);
    held[0].try_recv().unwrap().unwrap();

    writer.fail();
    let (requests, mut answers) = claims(1..2);
    writer.turn(requests);
    let failed = answers[0].try_recv().unwrap();
    assert!(
        matches!(failed, Err(StoreError::Unavailable(_))),
        "{failed:?}"
    );

    let (requests, mut answers) = claims(2..3);
    writer.turn(requests);
    answers[0].try_recv().unwrap().unwrap();
    assert!(
        published.unresolved.load().is_empty(),
        "the first claim is still held"
    );
}

/// A change that the next turn makes, and its answer.
fn request(change: Change) -> (Vec<Waiting>, Answered) {
    let (answer, answered) = oneshot::channel();
    (vec![Waiting { change, answer }], answered)
}

fn adopt(number: usize) -> Change {
    Change::Adopt(Arrival {
        bucket: bucket(number),
        owner: owner(),
        upstream: "lake".into(),
        settings: Arc::default(),
        now: Timestamp::UNIX_EPOCH,
    })
}

fn block(number: usize) -> Change {
    let setting = Setting::PublicAccessBlock(PublicAccessBlock::ALL);
    Change::Set {
        bucket: bucket(number),
        incarnation: 1,
        change: SettingChange::Put(setting),
    }
}

#[track_caller]
fn turn(writer: &mut Writer, change: Change) -> Outcome {
    let (requests, mut answered) = request(change);
    writer.turn(requests);
    answered.try_recv().unwrap()
}

#[test]
fn a_setting_that_failed_is_not_seen() {
    let (_directory, path) = place();
    let (mut writer, published) = writer(&path);
    turn(&mut writer, adopt(0)).unwrap();
    let before = published.buckets.load_full();
    writer.fail();
    let failed = turn(&mut writer, block(0));
    assert!(
        matches!(failed, Err(StoreError::Unavailable(_))),
        "{failed:?}"
    );
    assert_eq!(published.buckets.load_full(), before);
    turn(&mut writer, adopt(1)).unwrap();
    let after = published.buckets.load_full();
    assert_eq!(after["bucket-0"], before["bucket-0"]);
    turn(&mut writer, block(0)).unwrap();
    drop(writer);
    let store = RedbStore::open(&path).unwrap();
    let kept = store.buckets()["bucket-0"].settings.public_access_block;
    assert_eq!(kept, Some(PublicAccessBlock::ALL));
}

#[test]
fn a_setting_that_failed_and_is_durable_all_the_same_is_seen_after_the_next_change() {
    let (_directory, path) = place();
    let (mut failing, published) = writer(&path);
    turn(&mut failing, adopt(0)).unwrap();
    failing.fail();
    turn(&mut failing, block(0)).unwrap_err();
    // As if the transaction had reached the disk and its end had not been heard of.
    let (mut disk, _) = writer(&path);
    turn(&mut disk, block(0)).unwrap();
    drop(disk);
    turn(&mut failing, adopt(1)).unwrap();
    let settings = &published.buckets.load()["bucket-0"].settings;
    assert_eq!(settings.public_access_block, Some(PublicAccessBlock::ALL));
}

#[test]
fn a_claim_is_released_although_the_disk_fails() {
    let (_directory, path) = place();
    let (mut writer, published) = writer(&path);
    let (requests, mut answers) = claims(0..1);
    writer.turn(requests);
    let claim = answers[0].try_recv().unwrap().unwrap().claim().unwrap();
    writer.fail();
    turn(&mut writer, adopt(1)).unwrap_err();
    let missing = path.with_extension("away");
    std::fs::rename(&path, &missing).unwrap();
    turn(&mut writer, Change::Release(claim.clone())).unwrap_err();
    assert_eq!(**published.unresolved.load(), std::slice::from_ref(&claim));
    std::fs::rename(&missing, &path).unwrap();
    turn(&mut writer, adopt(1)).unwrap();
    assert_eq!(**published.unresolved.load(), [claim]);
}

#[test]
fn all_that_is_set_at_once_shares_one_transaction() {
    let (_directory, path) = place();
    let (mut writer, published) = writer(&path);
    let before = writer.transactions();
    let changes = (0..50).flat_map(|number| [adopt(number), block(number)]);
    let (requests, answers): (Vec<_>, Vec<_>) = changes.map(request).unzip();
    writer.turn(requests.into_iter().flatten().collect());
    assert_eq!(writer.transactions() - before, 1);
    for mut answer in answers {
        answer.try_recv().unwrap().unwrap();
    }
    let buckets = published.buckets.load();
    let set = |record: &BucketRecord| record.settings.public_access_block.is_some();
    assert_eq!(buckets.values().filter(|record| set(record)).count(), 50);
}

#[tokio::test]
async fn a_crowd_is_served() {
    let (_directory, path) = place();
    let store = Arc::new(RedbStore::open(&path).unwrap());
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { create(&store, number).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(store.buckets().len(), 200);
}

#[test]
fn rows_are_the_json_that_the_documentation_shows() {
    let (_directory, path) = place();
    let (mut writer, _) = writer(&path);
    let (requests, _answers) = claims(0..1);
    writer.turn(requests);
    drop(writer);
    let database = Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table = transaction.open_table(BUCKETS).unwrap();
    let row = table.get("bucket-0").unwrap().unwrap().value().to_vec();
    assert_eq!(
        String::from_utf8(row).unwrap(),
        r#"{"state":"creating","incarnation":1,"owner":"111122223333","created":"1970-01-01T00:00:00Z","upstream":"lake"}"#
    );
}
