//! Locks in the rows of objects: what cannot be read of one is a lock.

use super::objects::{object, spoil_object, spoil_upload};
use super::*;
use portcullis_core::admission::Guard;
use portcullis_core::controls::acl::Acl;
use portcullis_core::controls::lock::{
    Bypass, BypassHeader, BypassPermission, LegalHold, LockTime, ObjectLock, RecordedLock,
};

const ALL_OF_IT: Bypass = Bypass {
    header: BypassHeader::True,
    permission: BypassPermission::Held,
};

/// What may stand in the place of a lock. The first two can be read.
const LOCKS: [(&str, bool); 13] = [
    (r#"{"check":"06881bab","hold":"ON","version":"1"}"#, true),
    (r#"{"version":"1","hold":"ON","check":"06881bab"}"#, true),
    ("null", false),
    ("false", false),
    ("0", false),
    (r#""""#, false),
    ("[]", false),
    ("{}", false),
    // Rotten: it was a hold.
    (r#"{"check":"06881bab","hold":"OFF","version":"1"}"#, false),
    // Not all of it is left.
    (r#"{"check":"06881bab","version":"1"}"#, false),
    (r#"{"hold":"ON","version":"1"}"#, false),
    // Of a release that is newer.
    (r#"{"check":"06881bab","hold":"OFF","version":"2"}"#, false),
    (
        r#"{"check":"06881bab","event":"ON","hold":"ON","version":"1"}"#,
        false,
    ),
];

fn held() -> ObjectLock {
    ObjectLock {
        retention: None,
        legal_hold: Some(LegalHold::On),
    }
}

fn may_destroy(possible: &[Option<ObjectRecord>]) -> bool {
    let late: Timestamp = "9999-12-01T00:00:00Z".parse().unwrap();
    let guard = Guard::new(LockTime::certain(late), ALL_OF_IT);
    guard.may_destroy(possible).is_ok()
}

/// A closed store whose object has this row.
async fn with_row(document: &str) -> (tempfile::TempDir, PathBuf) {
    let (directory, path) = place();
    let store = RedbStore::open(&path).unwrap();
    create(&store, 0).await;
    objects::stock(&store, 0).await;
    drop(store);
    spoil_object(&path, document.as_bytes());
    spoil_upload(&path, document.as_bytes());
    (directory, path)
}

#[tokio::test]
async fn t37_a_lock_that_cannot_be_read_is_a_lock_and_stays_one() {
    for (lock, is_readable) in LOCKS {
        let (_directory, path) = with_row(&format!(r#"{{"owner":"x","lock":{lock}}}"#)).await;
        let store = RedbStore::open(&path).unwrap();
        let a = object(0, "a");
        let found = store.object(&a, Some("1")).await.unwrap();
        assert!(!may_destroy(&found), "{lock}");
        let [Some(found)] = found.as_slice() else {
            panic!("{found:?}");
        };
        let known = matches!(found.lock, RecordedLock::Known(_));
        assert_eq!(known, is_readable, "{lock}");
        if known {
            assert_eq!(found.lock, held().into());
        }
        let upload = store.upload(&a, "u").await.unwrap().unwrap();
        assert_eq!(upload.lock, found.lock, "{lock}");
        let listed = store.records(&bucket(0), 1, None, 1).await.unwrap();
        assert_eq!(listed[0].record, *found);
        // As PutObjectAcl does.
        let other = ObjectRecord {
            acl: Some(Acl::private("y")),
            ..found.clone()
        };
        store.set_object(&a, "1", other).await.unwrap();
        drop(store);
        let store = RedbStore::open(&path).unwrap();
        let found = store.object(&a, Some("1")).await.unwrap();
        assert!(!may_destroy(&found), "{lock}");
        let [Some(found)] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(found.acl, Some(Acl::private("y")));
        let known = matches!(found.lock, RecordedLock::Known(_));
        assert_eq!(known, is_readable, "{lock} was written again");
        // As if nothing was there, another version is nobody's business.
        let other = store.object(&object(0, "b"), Some("1")).await.unwrap();
        assert!(may_destroy(&other));
    }
}

#[tokio::test]
async fn t37_a_row_that_is_damaged_otherwise_is_an_error_and_no_object_without_a_lock() {
    let whole = r#"{"owner":"x","lock":{"check":"06881bab","hold":"ON","version":"1"}}"#;
    let mut rows: Vec<String> = (0..whole.len())
        .map(|length| whole.chars().take(length).collect())
        .collect();
    rows.extend([
        whole.replace("lock", "lick"),
        whole.replace("owner", "owned"),
        r#"{"owner":"x","lock":false,"lock":{}}"#.to_owned(),
    ]);
    let (_directory, path) = with_row(whole).await;
    for row in rows {
        spoil_object(&path, row.as_bytes());
        let store = RedbStore::open(&path).unwrap();
        let a = object(0, "a");
        let found = store.object(&a, Some("1")).await;
        assert!(matches!(found, Err(StoreError::Unreadable { .. })), "{row}");
        let listed = store.records(&bucket(0), 1, None, 9).await;
        assert!(
            matches!(listed, Err(StoreError::Unreadable { .. })),
            "{row}"
        );
    }
}

#[tokio::test]
async fn t37_a_lock_of_a_write_of_unknown_fate_that_cannot_be_read_is_one() {
    let (_directory, path) = with_row(r#"{"owner":"x"}"#).await;
    let begun = r#"{"begun":"1970-01-01T00:00:00Z","intent":{"write":{"owner":"x","lock":null}}}"#;
    objects::spoil_intent(&path, "bucket-0", 1, begun.as_bytes());
    let store = RedbStore::open(&path).unwrap();
    let found = store.object(&object(0, "a"), Some("new")).await.unwrap();
    assert!(!may_destroy(&found), "{found:?}");
    let open = store.unresolved_intents();
    let open = open.into_iter().find(|open| open.id == 1).unwrap();
    let version = "new".into();
    store
        .settle(vec![(open, Ending::Done { version })])
        .await
        .unwrap();
    let found = store.object(&object(0, "a"), Some("new")).await.unwrap();
    assert!(!may_destroy(&found), "{found:?}");
}
