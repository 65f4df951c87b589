//! Disks that fail for a while: changes fail, nothing is lost, and the store goes on by itself afterwards.

use super::shim::{Disk, Fault};
use super::*;
use crate::state::tests::objects::record;

const FAULTS: [Fault; 4] = [Fault::Full, Fault::Broken, Fault::Unsynced, Fault::Gone];

/// A record with a retention and a legal hold.
fn locked() -> ObjectRecord {
    record(21)
}

fn object(key: &str) -> ObjectName {
    ObjectName {
        bucket: bucket(0),
        incarnation: 1,
        key: key.into(),
    }
}

async fn begin(store: &RedbStore, key: &str) -> Result<Vec<OpenIntent>, StoreError> {
    let intents = vec![(object(key), Intent::Write(locked()))];
    store.begin(intents, Timestamp::UNIX_EPOCH).await
}

fn done(open: Vec<OpenIntent>) -> Vec<(OpenIntent, Ending)> {
    let version = || NULL_VERSION.into();
    let done = |open| (open, Ending::Done { version: version() });
    open.into_iter().map(done).collect()
}

async fn written(store: &RedbStore, key: &str) {
    let open = begin(store, key).await.unwrap();
    store.settle(done(open)).await.unwrap();
}

async fn adopted(store: &RedbStore, number: usize) -> Result<BucketRecord, StoreError> {
    let now = Timestamp::UNIX_EPOCH;
    store.adopt(&bucket(number), owner(), "lake", now).await
}

async fn found(store: &RedbStore, key: &str) -> Result<Vec<Option<ObjectRecord>>, StoreError> {
    store.object(&object(key), None).await
}

#[track_caller]
fn unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    let is_it = matches!(result, Err(StoreError::Unavailable(_)));
    assert!(is_it, "{result:?}");
}

/// A store on a disk, with a bucket and some objects.
async fn stocked(path: &Path) -> (Arc<Disk>, RedbStore) {
    let disk = Disk::new();
    let store = disk.open(path);
    create(&store, 0).await;
    for number in 0..20 {
        written(&store, &format!("before-{number}")).await;
    }
    (disk, store)
}

async fn all_before_is_there(store: &RedbStore) {
    for number in 0..20 {
        let found = found(store, &format!("before-{number}")).await.unwrap();
        assert_eq!(found, [Some(locked())]);
    }
}

#[tokio::test]
async fn a_disk_that_fails_for_a_while_loses_nothing_that_was_acknowledged() {
    for fault in FAULTS {
        let (_directory, path) = place();
        let (disk, store) = stocked(&path).await;
        disk.set(Some(fault));
        for number in 0..5 {
            unavailable(begin(&store, &format!("failed-{number}")).await);
            let before = object("before-0");
            let set = store.set_object(&before, NULL_VERSION, locked());
            unavailable(set.await);
            unavailable(adopted(&store, 1).await);
            // Either it can be read or it cannot; never is there no record.
            if let Ok(found) = found(&store, "before-1").await {
                assert_eq!(found, [Some(locked())], "{fault:?}");
            }
        }
        disk.set(None);
        written(&store, "after").await;
        all_before_is_there(&store).await;
        let truth = (store.buckets(), store.unresolved_intents());
        drop(store);
        let store = RedbStore::open(&path).unwrap();
        assert_eq!(store.origin(), Origin::Same);
        all_before_is_there(&store).await;
        assert_eq!(found(&store, "after").await.unwrap(), [Some(locked())]);
        assert_eq!((store.buckets(), store.unresolved_intents()), truth);
    }
}

#[tokio::test]
async fn what_could_not_be_synced_is_open_or_was_not_begun() {
    let (_directory, path) = place();
    let (disk, store) = stocked(&path).await;
    disk.set(Some(Fault::Unsynced));
    unavailable(begin(&store, "doubtful").await);
    disk.set(None);
    written(&store, "after").await;
    all_before_is_there(&store).await;
    let found = found(&store, "doubtful").await.unwrap();
    let open = store.unresolved_intents();
    match open.len() {
        0 => assert_eq!(found, [None]),
        _ => assert_eq!(found, [None, Some(locked())]),
    }
    let endings = open.into_iter().map(|open| (open, Ending::NotDone));
    store.settle(endings.collect()).await.unwrap();
    assert_eq!(store.unresolved_intents(), []);
}

#[tokio::test]
async fn records_are_read_again_without_a_change_in_between() {
    for fault in FAULTS {
        let (_directory, path) = place();
        let (disk, store) = stocked(&path).await;
        disk.set(Some(fault));
        unavailable(begin(&store, "failed").await);
        disk.set(None);
        all_before_is_there(&store).await;
    }
}

#[tokio::test]
async fn intents_whose_end_was_not_kept_are_unresolved() {
    let (_directory, path) = place();
    let (disk, store) = stocked(&path).await;
    let open = begin(&store, "a").await.unwrap();
    let held = begin(&store, "b").await.unwrap();
    assert_eq!(store.unresolved_intents(), []);
    disk.set(Some(Fault::Broken));
    unavailable(store.settle(done(open.clone())).await);
    assert_eq!(store.unresolved_intents(), open);
    disk.set(None);
    written(&store, "after").await;
    assert_eq!(store.unresolved_intents(), open, "the other is still held");
    store.settle(done(open)).await.unwrap();
    assert_eq!(found(&store, "a").await.unwrap(), [Some(locked())]);
    store.settle(done(held)).await.unwrap();
    assert_eq!(store.unresolved_intents(), []);
    assert_eq!(found(&store, "b").await.unwrap(), [Some(locked())]);
}

#[tokio::test]
async fn an_unknown_end_needs_no_disk() {
    let (_directory, path) = place();
    let (disk, store) = stocked(&path).await;
    let open = begin(&store, "a").await.unwrap();
    disk.set(Some(Fault::Gone));
    unavailable(begin(&store, "b").await);
    let unknown = open.iter().map(|open| (open.clone(), Ending::Unknown));
    store.settle(unknown.collect()).await.unwrap();
    assert_eq!(store.unresolved_intents(), open);
}

#[tokio::test]
async fn a_settlement_that_nobody_awaits_leaves_no_intent_held() {
    let (_directory, path) = place();
    let (disk, store) = stocked(&path).await;
    let open = begin(&store, "a").await.unwrap();
    disk.set(Some(Fault::Broken));
    tokio::select! {
        biased;
        settled = store.settle(done(open.clone())) => unavailable(settled),
        () = std::future::ready(()) => {}
    }
    // The thread has answered it once it answers this.
    unavailable(begin(&store, "b").await);
    assert_eq!(store.unresolved_intents(), open);
}

fn begin_change(key: &str) -> Change {
    Change::Object(ObjectChange::Begin {
        intents: vec![(object(key), Intent::Write(locked()))],
        now: Timestamp::UNIX_EPOCH,
    })
}

#[test]
fn intents_that_nobody_waits_for_are_unresolved() {
    let (_directory, path) = place();
    let (mut writer, published) = writer(&path);
    turn(&mut writer, adopt(0)).unwrap();
    let left = || {
        let open = || published.intents.load_full();
        published.holds.load().unresolved(open).len()
    };
    let (requests, answered) = request(begin_change("a"));
    drop(answered);
    writer.turn(requests);
    assert_eq!(left(), 1, "dropped before the answer");
    let (requests, answered) = request(begin_change("b"));
    writer.turn(requests);
    assert_eq!(left(), 1, "on its way");
    drop(answered);
    assert_eq!(left(), 2, "dropped with the answer");
    let open = turn(&mut writer, begin_change("c")).unwrap().begun();
    assert_eq!((open.unwrap().len(), left()), (1, 2), "taken");
}

#[test]
fn intents_and_settings_at_once_share_one_transaction() {
    let (_directory, path) = place();
    let (mut writer, _) = writer(&path);
    let before = writer.transactions();
    let begin = |number: usize| begin_change(&number.to_string());
    let changes = std::iter::once(adopt(0)).chain((0..50).flat_map(|n| [begin(n), block(0)]));
    let (requests, answers): (Vec<_>, Vec<_>) = changes.map(request).unzip();
    writer.turn(requests.into_iter().flatten().collect());
    assert_eq!(writer.transactions() - before, 1);
    for mut answer in answers {
        answer.try_recv().unwrap().unwrap();
    }
    let passed_over = Change::Object(ObjectChange::Settle(Vec::new()));
    turn(&mut writer, passed_over).unwrap();
    assert_eq!(writer.transactions() - before, 1, "nothing to write");
}
