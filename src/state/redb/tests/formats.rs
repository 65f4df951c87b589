//! Files that an older release wrote, and settings that cannot be read.

use super::super::format::{ACCOUNTS, Documents, SETTINGS};
use super::*;
use portcullis_core::controls::settings::{Setting, SettingKind};

const CREATING: &str = r#"{"state":"creating","incarnation":1,"owner":"111122223333","created":"2026-01-01T00:00:00Z","upstream":"lake"}"#;
const LIVE: &str = r#"{"state":"live","incarnation":3,"owner":"444455556666","created":"2026-01-02T00:00:00Z","upstream":"sea"}"#;
const GONE: &str = r#"{"state":"gone","incarnation":7}"#;

/// A file as the first release left it.
pub(super) fn first_format(path: &Path) {
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(META).unwrap();
        meta.insert("format", 1).unwrap();
        let mut buckets = transaction.open_table(BUCKETS).unwrap();
        for (bucket, row) in [
            ("creating", CREATING),
            ("live-one", LIVE),
            ("gone-one", GONE),
        ] {
            buckets.insert(bucket, row.as_bytes()).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// A file as the second format had it.
pub(super) fn second_format(path: &Path) {
    first_format(path);
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut meta = transaction.open_table(META).unwrap();
        for (name, number) in [
            ("format", 2),
            ("store", 5),
            ("generation", 90),
            ("restored", 0),
        ] {
            meta.insert(name, number).unwrap();
        }
        let block = PublicAccessBlock::ALL.to_xml();
        let key = "public-access-block";
        let mut settings = transaction.open_table(SETTINGS).unwrap();
        settings.insert(("live-one", key), &*block).unwrap();
        let mut accounts = transaction.open_table(ACCOUNTS).unwrap();
        accounts.insert(("111122223333", key), &*block).unwrap();
    }
    transaction.commit().unwrap();
    let witness = r#"{"store":"0000000000000005","generation":90}"#;
    std::fs::write(beside(path, "witness"), witness).unwrap();
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    disk::with_suffix(path, suffix)
}

/// What is in a file of the first format, without opening it as a store.
pub(super) fn rows(path: &Path) -> (u64, Vec<(String, String)>) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    let meta = transaction.open_table(META).unwrap();
    let format = meta.get("format").unwrap().unwrap().value();
    let table = transaction.open_table(BUCKETS).unwrap();
    let row = |row: &[u8]| String::from_utf8(row.to_vec()).unwrap();
    let rows = table.iter().unwrap().map(|found| {
        let (bucket, found) = found.unwrap();
        (bucket.value().to_owned(), row(found.value()))
    });
    (format, rows.collect())
}

#[tokio::test]
async fn a_file_of_the_first_format_is_copied_and_taken_over() {
    let (_directory, path) = place();
    first_format(&path);
    let before = rows(&path);
    for _ in 0..2 {
        let store = RedbStore::open(&path).unwrap();
        let buckets = store.buckets();
        assert_eq!(buckets.len(), 1);
        let live = &buckets["live-one"];
        assert_eq!((live.incarnation, &*live.upstream), (3, "sea"));
        assert_eq!(live.settings, Arc::default(), "nothing was set");
        let [left] = &*store.unresolved() else {
            panic!("{:?}", store.unresolved());
        };
        assert_eq!(left.bucket.as_str(), "creating");
        assert_eq!(left.record.settings, Arc::default());
    }
    let store = RedbStore::open(&path).unwrap();
    let gone = BucketName::parse("gone-one").unwrap();
    let record = store.adopt(&gone, owner(), "lake", Timestamp::UNIX_EPOCH);
    assert_eq!(record.await.unwrap().incarnation, 8);
    let copy = beside(&path, "format-1");
    let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(rows(&copy), before);
    assert!(!beside(&path, "format-1.2").exists(), "copied once");
}

#[tokio::test]
async fn a_file_of_the_second_format_is_copied_and_taken_over() {
    let (_directory, path) = place();
    second_format(&path);
    for _ in 0..2 {
        let store = RedbStore::open(&path).unwrap();
        assert_eq!(store.origin(), Origin::Same, "it is the store it was");
        let block = Some(PublicAccessBlock::ALL);
        assert_eq!(store.accounts()[&owner()].public_access_block, block);
        let live = &store.buckets()["live-one"];
        assert_eq!(live.settings.public_access_block, block);
        assert_eq!(store.unresolved().len(), 1);
        assert_eq!(store.unresolved_intents(), []);
        let object = ObjectName {
            bucket: BucketName::parse("live-one").unwrap(),
            incarnation: 3,
            key: "key".into(),
        };
        assert_eq!(store.object(&object, None).await.unwrap(), [None]);
    }
    assert_eq!(rows(&beside(&path, "format-2")).0, 2);
    assert!(!beside(&path, "format-2.2").exists(), "copied once");
    assert!(!beside(&path, "format-1").exists());
}

#[test]
fn who_goes_back_to_a_copy_of_the_second_format_is_noticed() {
    let (_directory, path) = place();
    second_format(&path);
    drop(RedbStore::open(&path).unwrap());
    std::fs::copy(beside(&path, "format-2"), &path).unwrap();
    let store = RedbStore::open(&path).unwrap();
    assert_eq!(store.origin(), Origin::Replaced);
}

#[test]
fn a_copy_that_is_there_already_is_left_alone() {
    let (_directory, path) = place();
    first_format(&path);
    std::fs::write(beside(&path, "format-1"), "of another day").unwrap();
    drop(RedbStore::open(&path).unwrap());
    let older = std::fs::read_to_string(beside(&path, "format-1")).unwrap();
    assert_eq!(older, "of another day");
    assert_eq!(rows(&beside(&path, "format-1.2")).0, 1);
}

#[test]
fn a_file_in_use_is_neither_copied_nor_taken_over() {
    let (_directory, path) = place();
    first_format(&path);
    let holder = Database::open(&path).unwrap();
    refused(&path, &["in use by another process"]);
    drop(holder);
    assert!(!beside(&path, "format-1").exists());
    assert_eq!(rows(&path).0, 1);
}

pub(super) fn document(path: &Path, table: Documents, whose: &str, kind: &str, document: &[u8]) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction
        .open_table(table)
        .unwrap()
        .insert((whose, kind), document)
        .unwrap();
    transaction.commit().unwrap();
}

#[tokio::test]
async fn a_setting_that_cannot_be_read_is_an_error_that_names_it() {
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let block = PublicAccessBlock::ALL.to_xml();
    let block = std::str::from_utf8(&block).unwrap();
    let account = "111122223333";
    let kept = |text: &str| text.to_owned();
    let cases = [
        (
            SETTINGS,
            "bucket-0",
            "public-access-block",
            kept(block),
            None,
        ),
        (
            SETTINGS,
            "bucket-0",
            "policy",
            kept("{"),
            Some("MalformedPolicy"),
        ),
        (
            SETTINGS,
            "bucket-0",
            "policy",
            kept(""),
            Some("MalformedPolicy"),
        ),
        (
            SETTINGS,
            "bucket-0",
            "policy",
            policy.replace("Statement", "Statment"),
            Some("Statment"),
        ),
        (
            SETTINGS,
            "bucket-0",
            "public-access-block",
            kept("<x/>"),
            Some("MalformedXML"),
        ),
        (
            SETTINGS,
            "bucket-0",
            "tea",
            kept(block),
            Some("this kind of setting is unknown"),
        ),
        (
            SETTINGS,
            "bucket-1",
            "public-access-block",
            kept(block),
            Some("there is no such bucket"),
        ),
        (
            SETTINGS,
            "B",
            "public-access-block",
            kept(block),
            Some("a bucket name has"),
        ),
        (ACCOUNTS, account, "public-access-block", kept(block), None),
        (
            ACCOUNTS,
            account,
            "public-access-block",
            kept("<x/>"),
            Some("MalformedXML"),
        ),
        (
            ACCOUNTS,
            account,
            "policy",
            kept(policy),
            Some("an account has none"),
        ),
        (
            ACCOUNTS,
            "1",
            "public-access-block",
            kept(block),
            Some("12 digits"),
        ),
    ];
    for (table, whose, kind, text, expected) in cases {
        let (_directory, path) = place();
        let store = RedbStore::open(&path).unwrap();
        create(&store, 0).await;
        drop(store);
        document(&path, table, whose, kind, text.as_bytes());
        match expected {
            Some(reason) => {
                let (whose, kind) = (format!("`{whose}`"), format!("`{kind}`"));
                refused(&path, &["cannot be read", &whose, &kind, reason]);
            }
            None => drop(RedbStore::open(&path).unwrap()),
        }
    }
}

#[tokio::test]
async fn a_setting_of_a_bucket_that_is_gone_is_an_error() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    create(&store, 0).await;
    store.forget(&bucket(0), 1).await.unwrap();
    drop(store);
    drop(RedbStore::open(&path).unwrap());
    let block = PublicAccessBlock::ALL.to_xml();
    document(&path, SETTINGS, "bucket-0", "public-access-block", &block);
    refused(&path, &["there is no such bucket"]);
}

/// All documents of the file.
fn documents(path: &Path) -> Vec<(String, String, Vec<u8>)> {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    let table = transaction.open_table(SETTINGS).unwrap();
    let rows = table.iter().unwrap().map(|row| {
        let (key, document) = row.unwrap();
        let (bucket, kind) = key.value();
        (
            bucket.to_owned(),
            kind.to_owned(),
            document.value().to_vec(),
        )
    });
    rows.collect()
}

#[tokio::test]
async fn the_file_holds_the_documents_that_were_put_and_none_of_a_bucket_that_is_gone() {
    let (_directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    create(&store, 0).await;
    create(&store, 1).await;
    let text = r#"{ "Statement": {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::bucket-1"} }"#;
    let policy = Setting::read(SettingKind::Policy, &bucket(1), text.as_bytes()).unwrap();
    let put = SettingChange::Put(policy);
    store.change(&bucket(1), 1, put).await.unwrap();
    for kind in [SettingKind::PublicAccessBlock, SettingKind::Ownership] {
        let delete = SettingChange::Delete(kind);
        store.change(&bucket(1), 1, delete).await.unwrap();
    }
    store.forget(&bucket(0), 1).await.unwrap();
    drop(store);
    let expected = ("bucket-1".into(), "policy".into(), text.as_bytes().to_vec());
    assert_eq!(documents(&path), [expected]);
}
