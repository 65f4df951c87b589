//! Copies of a store that serves, and putting them back.

use super::super::format::SETTINGS;
use super::*;
use portcullis_core::controls::settings::SettingKind;
use std::fs;

/// A store with content, and where its backup goes.
async fn stocked() -> (tempfile::TempDir, PathBuf, PathBuf, RedbStore) {
    let (directory, path) = place();
    let copy = directory.path().join("backup");
    let store = RedbStore::open(&path).unwrap();
    for number in 0..3 {
        create(&store, number).await;
    }
    store.forget(&bucket(2), 1).await.unwrap();
    let delete = SettingChange::Delete(SettingKind::PublicAccessBlock);
    store.change(&bucket(1), 1, delete).await.unwrap();
    let block = Some(PublicAccessBlock::ALL);
    store.change_account(owner(), block).await.unwrap();
    claim(&store, 7).await.unwrap();
    objects::stock(&store, 0).await;
    (directory, path, copy, store)
}

async fn claim(store: &RedbStore, number: usize) -> Result<Claim, StoreError> {
    let settings = BucketSettings::of_new_bucket();
    let bucket = bucket(number);
    let claim = store.claim(&bucket, owner(), "lake", settings, Timestamp::UNIX_EPOCH);
    claim.await
}

fn content(store: &RedbStore) -> (Arc<Buckets>, Arc<Accounts>) {
    (store.buckets(), store.accounts())
}

#[tokio::test]
async fn what_was_backed_up_comes_back_and_nothing_later() {
    let (_directory, path, copy, store) = stocked().await;
    store.backup(&copy).unwrap();
    let truth = content(&store);
    let records = objects::content(&store, 0).await;
    create(&store, 9).await;
    store.forget(&bucket(0), 1).await.unwrap();
    drop(store);
    restore(&copy, &path).unwrap();
    let store = RedbStore::open(&path).unwrap();
    assert_eq!(store.origin(), Origin::Restored);
    assert_eq!(content(&store), truth);
    assert_eq!(store.unresolved().len(), 1);
    assert_eq!(objects::content(&store, 0).await, records);
    assert_eq!(store.unresolved_intents().len(), 2);
    let again = claim(&store, 2).await.unwrap();
    assert_eq!(again.record.incarnation, 2, "names that are gone, too");
    drop(store);
    let store = RedbStore::open(&path).unwrap();
    assert_eq!(store.origin(), Origin::Same);
    drop(store);
    let kept = disk::with_suffix(&path, "before-restore");
    let store = RedbStore::open(kept).unwrap();
    assert!(store.buckets().contains_key("bucket-9"));
}

#[tokio::test]
async fn a_backup_is_private_whole_and_one_file() {
    let (directory, _path, copy, store) = stocked().await;
    let before = fs::read_dir(directory.path()).unwrap().count();
    store.backup(&copy).unwrap();
    let mode = fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let after = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(after - before, 1);
    // Nobody has to restore it to look into it.
    let read = RedbStore::open(&copy).unwrap();
    assert_eq!(content(&read), content(&store));
}

#[tokio::test]
async fn a_backup_overwrites_nothing_and_says_where_it_cannot_be() {
    let (_directory, path, copy, store) = stocked().await;
    fs::write(&copy, "precious").unwrap();
    for there in [&copy, &path] {
        match store.backup(there) {
            Err(StoreError::FileExists(named)) => assert_eq!(&named, there),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(fs::read_to_string(&copy).unwrap(), "precious");
    let error = store.backup(Path::new("/nonexistent/backup")).unwrap_err();
    assert!(
        error.to_string().contains("`/nonexistent/backup`"),
        "{error}"
    );
    create(&store, 9).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_busy_store_is_of_one_moment() {
    let (directory, path) = place();
    let store = Arc::new(RedbStore::open(&path).unwrap());
    let busy = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for number in 0..60 {
                create(&store, number).await;
            }
        }
    });
    for number in 0..6 {
        let copy = directory.path().join(format!("backup-{number}"));
        let least = store.buckets().len();
        let store = Arc::clone(&store);
        let made = copy.clone();
        tokio::task::spawn_blocking(move || store.backup(&made))
            .await
            .unwrap()
            .unwrap();
        let read = RedbStore::open(&copy).unwrap();
        let buckets = read.buckets();
        // They were created one after the other: those before the last are there, each with its settings.
        assert!(buckets.len() >= least);
        for number in 0..buckets.len() {
            let record = &buckets[&bucket(number)];
            assert_eq!(*record.settings, BucketSettings::of_new_bucket());
        }
    }
    busy.await.unwrap();
}

#[tokio::test]
async fn a_store_in_use_is_not_restored_over() {
    let (_directory, path, copy, store) = stocked().await;
    store.backup(&copy).unwrap();
    match restore(&copy, &path) {
        Err(StoreError::Locked(named)) => assert_eq!(named, path),
        other => panic!("{other:?}"),
    }
    create(&store, 9).await;
    let reader = RedbStore::open(&copy).unwrap();
    drop(store);
    match restore(&copy, &path) {
        Err(StoreError::Locked(named)) => assert_eq!(named, copy),
        other => panic!("{other:?}"),
    }
    drop(reader);
    restore(&copy, &path).unwrap();
}

#[tokio::test]
async fn what_was_kept_from_before_is_not_overwritten() {
    let (_directory, path, copy, store) = stocked().await;
    store.backup(&copy).unwrap();
    drop(store);
    restore(&copy, &path).unwrap();
    let kept = disk::with_suffix(&path, "before-restore");
    let former = fs::read(&kept).unwrap();
    match restore(&copy, &path) {
        Err(StoreError::FileExists(named)) => assert_eq!(named, kept),
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read(&kept).unwrap(), former);
    fs::remove_file(&kept).unwrap();
    restore(&copy, &path).unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_not_restored() {
    let (directory, path, copy, store) = stocked().await;
    store.backup(&copy).unwrap();
    drop(store);
    let before = fs::read(&path).unwrap();
    let check = |from: &Path, expected: &str| {
        let error = restore(from, &path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains(&from.display().to_string()), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before);
        assert!(!disk::with_suffix(&path, "before-restore").exists());
    };
    let broken = directory.path().join("broken");
    check(&broken, "No such file");
    fs::write(&broken, "redb? no").unwrap();
    check(&broken, "cannot be read");
    let whole = fs::read(&copy).unwrap();
    fs::write(&broken, whole.get(..whole.len() / 2).unwrap()).unwrap();
    check(&broken, "cannot be read");
    fs::copy(&copy, &broken).unwrap();
    formats::document(&broken, SETTINGS, "bucket-0", "policy", b"{");
    check(&broken, "`policy` of bucket `bucket-0`");
    fs::copy(&copy, &broken).unwrap();
    objects::spoil_object(&broken, b"{}");
    check(&broken, "version `1` of key `a` in bucket `bucket-0`");
    fs::copy(&copy, &broken).unwrap();
    objects::spoil_upload(&broken, b"{}");
    check(&broken, "upload `u` of key `a` in bucket `bucket-0`");
    fs::copy(&copy, &broken).unwrap();
    set_format(&broken, FORMAT + 1);
    check(&broken, "has format 5");
}

#[tokio::test]
async fn a_backup_can_be_restored_where_nothing_is() {
    let (_directory, _path, copy, store) = stocked().await;
    store.backup(&copy).unwrap();
    let truth = content(&store);
    let (_elsewhere, path) = place();
    restore(&copy, &path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let store = RedbStore::open(&path).unwrap();
    assert_eq!((store.origin(), content(&store)), (Origin::Restored, truth));
}

#[tokio::test]
async fn a_damaged_store_can_be_restored_over() {
    let (_directory, path, copy, store) = stocked().await;
    store.backup(&copy).unwrap();
    let truth = content(&store);
    drop(store);
    fs::write(&path, "damaged").unwrap();
    restore(&copy, &path).unwrap();
    assert_eq!(content(&RedbStore::open(&path).unwrap()), truth);
    let kept = disk::with_suffix(&path, "before-restore");
    assert_eq!(fs::read_to_string(kept).unwrap(), "damaged");
}

#[test]
fn a_copy_of_an_older_format_can_be_restored() {
    let formats: [fn(&Path); 2] = [formats::first_format, formats::second_format];
    for (format, write) in (1..).zip(formats) {
        let (directory, path) = place();
        let old = directory.path().join("old");
        write(&old);
        restore(&old, &path).unwrap();
        let store = RedbStore::open(&path).unwrap();
        assert_eq!(store.origin(), Origin::Restored);
        assert_eq!(store.buckets().len(), 1);
        assert_eq!(formats::rows(&old).0, format, "it stays what it is");
    }
}

#[tokio::test]
async fn a_restore_that_nobody_opened_is_still_one_after_another_restore() {
    let (_directory, path, copy, store) = stocked().await;
    store.backup(&copy).unwrap();
    drop(store);
    restore(&copy, &path).unwrap();
    let (_elsewhere, further) = place();
    restore(&path, &further).unwrap();
    let store = RedbStore::open(&further).unwrap();
    assert_eq!(store.origin(), Origin::Restored);
}
