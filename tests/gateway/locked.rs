//! Buckets whose objects are locked, and a clock of locks that is in doubt, over a store that knows them from before.

use super::origin::{Origin, Script, answer};
use super::request::{OWNER, Request};
use super::stand::{ACCOUNT, Setup, Stand};
use super::verbs::admin;
use portcullis::gateway::clock;
use portcullis::state::{Ending, Intent, Note, ObjectName, RedbStore, Store as _};
use portcullis_core::controls::lock::{
    LegalHold, LockConfiguration, ObjectLock, RetainUntil, Retention, RetentionMode,
};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::settings::{Setting, SettingChange};
use portcullis_core::s3::names::{AccountId, BucketName};
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

const HELD: ObjectLock = ObjectLock {
    retention: None,
    legal_hold: Some(LegalHold::On),
};

fn setup() -> Setup {
    let state = "state: { redb: state.redb }";
    Setup::default().with("admin: unix:admin.sock").with(state)
}

fn retained(until: &str) -> ObjectLock {
    ObjectLock {
        retention: Some(Retention {
            mode: RetentionMode::Governance,
            until: RetainUntil::parse(until).unwrap(),
        }),
        legal_hold: None,
    }
}

fn record(lock: ObjectLock) -> ObjectRecord {
    ObjectRecord {
        lock: lock.into(),
        ..ObjectRecord::of("owner")
    }
}

/// A store that has `lake-1` with Object Lock.
async fn store(folder: &Path) -> (RedbStore, ObjectName) {
    let store = RedbStore::open(folder.join("state.redb")).unwrap();
    let bucket = BucketName::parse("lake-1").unwrap();
    let owner = AccountId::parse(ACCOUNT).unwrap();
    let adopted = store.adopt(&bucket, owner, "lake", clock::now());
    let incarnation = adopted.await.unwrap().incarnation;
    let mark = SettingChange::Put(Setting::ObjectLock(LockConfiguration::default()));
    store.change(&bucket, incarnation, mark).await.unwrap();
    let object = ObjectName {
        bucket,
        incarnation,
        key: "k".into(),
    };
    (store, object)
}

async fn start(folder: TempDir) -> Stand {
    setup().start_at(Origin::start().await, folder).await
}

/// Deletes `lake-1`, of which a version has this lock; gives the status, the code and how often the origin was asked.
async fn delete(lock: ObjectLock) -> (u16, String, usize) {
    let folder = tempfile::tempdir().unwrap();
    let (store, object) = store(folder.path()).await;
    // Beyond the first page.
    let plain = (0..501).map(|number| ObjectName {
        key: format!("a{number}").into(),
        ..object.clone()
    });
    let intents = plain.map(|plain| (plain, Intent::Write(record(ObjectLock::none()))));
    let open = store.begin(intents.collect(), clock::now()).await;
    let version = || Ending::Done {
        version: "1".into(),
    };
    let endings = open.unwrap().into_iter().map(|open| (open, version()));
    store.settle(endings.collect()).await.unwrap();
    store.set_object(&object, "1", record(lock)).await.unwrap();
    drop(store);
    deleted(folder).await
}

async fn deleted(folder: TempDir) -> (u16, String, usize) {
    let stand = start(folder).await;
    stand
        .origin
        .will(Script::say(answer("204 No Content", "", "")));
    let request = Request::new("DELETE", "/lake-1").signed_by(OWNER);
    let answer = stand.ask(&request).await;
    let code = match answer.status {
        204 => String::new(),
        _ => answer.code(),
    };
    let ended = stand.end().await;
    (answer.status, code, ended.origin.seen.len())
}

#[tokio::test]
async fn a_bucket_is_not_deleted_while_a_version_in_it_is_protected() {
    let refused = (409, "BucketNotEmpty".to_owned(), 0);
    assert_eq!(delete(HELD).await, refused);
    assert_eq!(delete(retained("2999-01-01T00:00:00Z")).await, refused);
}

#[tokio::test]
async fn a_bucket_whose_locks_are_over_is_the_stores_to_delete() {
    let sent = (204, String::new(), 1);
    assert_eq!(delete(retained("2020-01-01T00:00:00Z")).await, sent);
    assert_eq!(delete(ObjectLock::none()).await, sent);
}

#[tokio::test]
async fn a_bucket_is_not_deleted_while_a_locked_version_may_have_been_written() {
    let folder = tempfile::tempdir().unwrap();
    let (store, object) = store(folder.path()).await;
    let intents = vec![(object, Intent::Write(record(HELD)))];
    store.begin(intents, clock::now()).await.unwrap();
    drop(store);
    let refused = (409, "BucketNotEmpty".to_owned(), 0);
    assert_eq!(deleted(folder).await, refused);
}

#[tokio::test]
async fn t36_a_clock_in_doubt_is_said_and_acknowledged_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = store(folder.path()).await;
    let lost = store.note(Note::LockClock, Some("rotten".into()));
    lost.await.unwrap();
    drop(store);
    let stand = start(folder).await;
    let (_, locks) = admin(&stand, "GET /locks", &Value::Null).await;
    assert_eq!(locks["clock"]["state"], "frozen", "{locks:#}");
    assert_eq!(locks["clock"]["why"], "what was known of the time is lost");
    let line = "POST /locks/acknowledge/clock";
    assert_eq!(admin(&stand, line, &Value::Null).await.0, 200);
    assert_eq!(admin(&stand, line, &Value::Null).await.0, 409);
    let ended = stand.end().await;

    let stand = start(ended.folder).await;
    let (_, locks) = admin(&stand, "GET /locks", &Value::Null).await;
    assert_eq!(locks["clock"]["state"], "running", "durable: {locks:#}");
    stand.end().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(store(folder.path()).await);
    let stand = start(folder).await;
    let body = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for (line, wanted, status) in [
        ("POST /locks/list/lake-1", "{}", 200),
        ("POST /locks/list/lake-1", r#"{ "active": 1 }"#, 400),
        ("POST /locks/list/lake-1", r#"{ "after": "k" }"#, 400),
        ("POST /locks/list/lake-2", "{}", 404),
        ("POST /locks/show/lake-1", "{}", 400),
        ("POST /locks/show/lake-1", r#"{ "key": "k" }"#, 404),
        ("POST /locks/rebuild/lake-1", r#"{ "after": {} }"#, 400),
        ("POST /locks/verify/elsewhere", "{}", 404),
        ("POST /locks/acknowledge/restore", "{}", 409),
        ("POST /locks/acknowledge/else", "{}", 404),
    ] {
        let (found, told) = admin(&stand, line, &body(wanted)).await;
        assert_eq!(found, status, "{line} {wanted}: {told:#}");
    }
    let ended = stand.end().await;
    assert!(ended.origin.seen.is_empty(), "{:#?}", ended.origin.seen);
}
