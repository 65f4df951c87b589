//! The promises of [`Store`], checked on every implementation.

mod model;
pub(super) mod objects;
mod objects_model;

use super::*;
use portcullis_core::controls::settings::{Setting, SettingKind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// An implementation under test, and how to close it and open it again.
trait Fixture {
    fn store(&self) -> Arc<dyn Store>;
    /// Nobody holds the store any more: close it and open it again.
    fn reopen(&mut self);
    /// Whether a reopened store still knows anything.
    const DURABLE: bool;
}

struct Memory(Arc<MemoryStore>);

impl Fixture for Memory {
    const DURABLE: bool = false;

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0) as Arc<dyn Store>
    }

    fn reopen(&mut self) {}
}

struct File {
    directory: tempfile::TempDir,
    store: Option<Arc<RedbStore>>,
}

impl File {
    fn new() -> Self {
        let mut file = Self {
            directory: tempfile::tempdir().unwrap(),
            store: None,
        };
        file.reopen();
        file
    }
}

impl Fixture for File {
    const DURABLE: bool = true;

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(self.store.as_ref().unwrap()) as Arc<dyn Store>
    }

    fn reopen(&mut self) {
        self.store = None;
        let path = self.directory.path().join("state.redb");
        self.store = Some(Arc::new(RedbStore::open(path).unwrap()));
    }
}

fn name(text: &str) -> BucketName {
    BucketName::parse(text).unwrap()
}

fn owner(digit: u8) -> AccountId {
    AccountId::parse(&digit.to_string().repeat(12)).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

async fn claim(store: &dyn Store, bucket: &str) -> Result<Claim, StoreError> {
    let (bucket, settings) = (name(bucket), BucketSettings::of_new_bucket());
    store
        .claim(&bucket, owner(1), "lake", settings, now())
        .await
}

async fn create(store: &dyn Store, bucket: &str) -> u64 {
    let claim = claim(store, bucket).await.unwrap();
    store.commit(&claim).await.unwrap();
    claim.record.incarnation
}

async fn adopt(store: &dyn Store, bucket: &str) -> Result<BucketRecord, StoreError> {
    store.adopt(&name(bucket), owner(2), "sea", now()).await
}

async fn change(
    store: &dyn Store,
    bucket: &str,
    incarnation: u64,
    change: SettingChange,
) -> Result<Arc<BucketSettings>, StoreError> {
    store.change(&name(bucket), incarnation, change).await
}

fn put(setting: Setting) -> SettingChange {
    SettingChange::Put(setting)
}

/// A policy of this bucket that no other mark has.
fn policy(bucket: &str, mark: &str) -> Setting {
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{mark}","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{bucket}/*"}}]}}"#
    );
    Setting::read(SettingKind::Policy, &name(bucket), document.as_bytes()).unwrap()
}

fn settings(store: &dyn Store, bucket: &str) -> BucketSettings {
    BucketSettings::clone(&store.buckets()[bucket].settings)
}

fn names(store: &dyn Store) -> Vec<String> {
    let mut names: Vec<_> = store.buckets().keys().map(ToString::to_string).collect();
    names.sort();
    names
}

async fn conformance<F: Fixture>(mut fresh: impl FnMut() -> F) {
    a_bucket_is_on_record_from_commit_to_forget(&fresh()).await;
    a_name_is_claimed_once(&fresh()).await;
    of_concurrent_claims_one_wins(&fresh()).await;
    an_abandoned_claim_frees_the_name(&fresh()).await;
    only_an_open_claim_is_settled_and_only_this_incarnation_forgotten(&fresh()).await;
    t05_a_recreated_bucket_has_a_higher_incarnation(&mut fresh()).await;
    a_view_once_taken_does_not_change(&fresh()).await;
    a_setting_is_there_from_put_to_delete(&fresh()).await;
    only_this_incarnation_of_a_live_bucket_is_set(&fresh()).await;
    t05_a_recreated_bucket_inherits_no_settings(&mut fresh()).await;
    an_adopted_bucket_is_on_record_without_settings(&fresh()).await;
    adopting_twice_changes_nothing(&fresh()).await;
    a_bucket_that_is_being_created_is_not_adopted(&fresh()).await;
    an_account_has_its_own_flags(&fresh()).await;
    of_concurrent_changes_none_is_lost(&fresh()).await;
    objects::conformance(&mut fresh).await;
    if F::DURABLE {
        everything_is_there_after_reopening(&mut fresh()).await;
        a_released_claim_keeps_the_name_and_can_be_settled(&fresh()).await;
        a_claim_left_behind_is_unresolved_until_settled(&mut fresh()).await;
    }
}

async fn a_bucket_is_on_record_from_commit_to_forget(fixture: &impl Fixture) {
    let store = fixture.store();
    assert_eq!(names(&*store), [""; 0]);
    let claim = claim(&*store, "one").await.unwrap();
    assert_eq!(names(&*store), [""; 0], "a claim is no bucket yet");
    store.commit(&claim).await.unwrap();
    assert_eq!(store.buckets().get("one"), Some(&claim.record));
    let record = BucketRecord {
        owner: owner(1),
        incarnation: 1,
        created: now(),
        upstream: "lake".into(),
        settings: Arc::new(BucketSettings::of_new_bucket()),
    };
    assert_eq!(claim.record, record);
    store.forget(&name("one"), 1).await.unwrap();
    assert_eq!(names(&*store), [""; 0]);
}

async fn a_name_is_claimed_once(fixture: &impl Fixture) {
    let store = fixture.store();
    let first = claim(&*store, "one").await.unwrap();
    match claim(&*store, "one").await {
        Err(StoreError::BeingCreated { record }) => assert_eq!(record, first.record),
        other => panic!("{other:?}"),
    }
    store.commit(&first).await.unwrap();
    let (bucket, settings) = (name("one"), BucketSettings::default());
    let second = store.claim(&bucket, owner(2), "other", settings, now());
    match second.await {
        Err(StoreError::AlreadyExists { record }) => assert_eq!(record, first.record),
        other => panic!("{other:?}"),
    }
    claim(&*store, "two").await.unwrap();
}

async fn of_concurrent_claims_one_wins(fixture: &impl Fixture) {
    let store = fixture.store();
    let won = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (store, won) = (Arc::clone(&store), Arc::clone(&won));
            tokio::spawn(async move {
                match claim(&*store, "one").await {
                    Ok(_) => won.fetch_add(1, Ordering::Relaxed),
                    Err(StoreError::BeingCreated { .. }) => 0,
                    Err(other) => panic!("{other:?}"),
                };
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(won.load(Ordering::Relaxed), 1);
}

async fn a_released_claim_keeps_the_name_and_can_be_settled(fixture: &impl Fixture) {
    let store = fixture.store();
    let claimed = claim(store.as_ref(), "released").await.unwrap();
    store.release(&claimed).await.unwrap();
    assert_eq!(store.unresolved(), std::slice::from_ref(&claimed));
    let second = claim(store.as_ref(), "released").await;
    assert!(matches!(second, Err(StoreError::BeingCreated { .. })));
    store.commit(&claimed).await.unwrap();
    assert_eq!(store.unresolved(), []);
}

async fn an_abandoned_claim_frees_the_name(fixture: &impl Fixture) {
    let store = fixture.store();
    let first = claim(&*store, "one").await.unwrap();
    store.abandon(&first).await.unwrap();
    assert_eq!(names(&*store), [""; 0]);
    let second = claim(&*store, "one").await.unwrap();
    assert!(second.record.incarnation > first.record.incarnation);
}

#[track_caller]
fn not_on_record(result: Result<(), StoreError>) {
    assert!(
        matches!(result, Err(StoreError::NotOnRecord { .. })),
        "{result:?}"
    );
}

async fn only_an_open_claim_is_settled_and_only_this_incarnation_forgotten(fixture: &impl Fixture) {
    let store = fixture.store();
    let old = claim(&*store, "one").await.unwrap();
    store.commit(&old).await.unwrap();
    not_on_record(store.commit(&old).await);
    not_on_record(store.abandon(&old).await);
    store.forget(&name("one"), 1).await.unwrap();
    not_on_record(store.forget(&name("one"), 1).await);
    let new = claim(&*store, "one").await.unwrap();
    not_on_record(store.commit(&old).await);
    not_on_record(store.abandon(&old).await);
    not_on_record(store.forget(&name("one"), new.record.incarnation).await);
    store.commit(&new).await.unwrap();
    not_on_record(store.forget(&name("one"), old.record.incarnation).await);
    not_on_record(store.forget(&name("two"), 1).await);
    assert_eq!(store.buckets().get("one"), Some(&new.record));
}

async fn t05_a_recreated_bucket_has_a_higher_incarnation(fixture: &mut impl Fixture) {
    let mut last = 0;
    for _ in 0..3 {
        let store = fixture.store();
        let incarnation = create(&*store, "one").await;
        assert!(incarnation > last);
        last = incarnation;
        store.forget(&name("one"), incarnation).await.unwrap();
        drop(store);
        fixture.reopen();
    }
}

async fn a_view_once_taken_does_not_change(fixture: &impl Fixture) {
    let store = fixture.store();
    create(&*store, "one").await;
    let before = store.buckets();
    create(&*store, "two").await;
    assert_eq!(before.len(), 1);
    assert_eq!(names(&*store), ["one", "two"]);
}

async fn everything_is_there_after_reopening(fixture: &mut impl Fixture) {
    let store = fixture.store();
    create(&*store, "one").await;
    create(&*store, "two").await;
    store.forget(&name("two"), 1).await.unwrap();
    change(&*store, "one", 1, put(policy("one", "a")))
        .await
        .unwrap();
    adopt(&*store, "three").await.unwrap();
    change(&*store, "three", 1, put(policy("three", "b")))
        .await
        .unwrap();
    let block = Some(PublicAccessBlock::ALL);
    store.change_account(owner(1), block).await.unwrap();
    let before = (store.buckets(), store.accounts());
    drop(store);
    fixture.reopen();
    let store = fixture.store();
    assert_eq!((store.buckets(), store.accounts()), before);
    assert_eq!(fixture.store().unresolved(), []);
}

async fn a_claim_left_behind_is_unresolved_until_settled(fixture: &mut impl Fixture) {
    let store = fixture.store();
    let one = claim(&*store, "one").await.unwrap();
    let two = claim(&*store, "two").await.unwrap();
    assert_eq!(store.unresolved(), [], "somebody holds them");
    drop(store);
    fixture.reopen();
    let store = fixture.store();
    assert_eq!(names(&*store), [""; 0]);
    let mut left = store.unresolved();
    left.sort_by(|a, b| a.bucket.cmp(&b.bucket));
    assert_eq!(
        left,
        [one.clone(), two.clone()],
        "with the settings they begin with"
    );
    assert!(matches!(
        claim(&*store, "one").await,
        Err(StoreError::BeingCreated { .. })
    ));
    store.commit(&one).await.unwrap();
    store.abandon(&two).await.unwrap();
    assert_eq!(names(&*store), ["one"]);
    assert_eq!(settings(&*store, "one"), BucketSettings::of_new_bucket());
    assert_eq!(store.unresolved(), []);
}

async fn a_setting_is_there_from_put_to_delete(fixture: &impl Fixture) {
    let store = fixture.store();
    create(&*store, "one").await;
    create(&*store, "two").await;
    let before = store.buckets();
    let (first, second) = (policy("one", "a"), policy("one", "b"));
    for setting in [first, second] {
        let expected = BucketSettings::of_new_bucket().with(setting.clone());
        let changed = change(&*store, "one", 1, put(setting)).await.unwrap();
        assert_eq!(*changed, expected);
        assert_eq!(settings(&*store, "one"), expected);
    }
    for _ in 0..2 {
        let kind = SettingKind::Policy;
        let changed = change(&*store, "one", 1, SettingChange::Delete(kind)).await;
        assert_eq!(*changed.unwrap(), BucketSettings::of_new_bucket());
    }
    assert_eq!(store.buckets(), before, "no other bucket has changed");
}

async fn only_this_incarnation_of_a_live_bucket_is_set(fixture: &impl Fixture) {
    let store = fixture.store();
    let set = async |incarnation| {
        let change = SettingChange::Delete(SettingKind::Policy);
        let changed = store.change(&name("one"), incarnation, change).await;
        changed.map(drop)
    };
    not_on_record(set(1).await);
    let open = claim(&*store, "one").await.unwrap();
    not_on_record(set(1).await);
    store.commit(&open).await.unwrap();
    set(1).await.unwrap();
    not_on_record(set(0).await);
    not_on_record(set(2).await);
    store.forget(&name("one"), 1).await.unwrap();
    not_on_record(set(1).await);
}

async fn t05_a_recreated_bucket_inherits_no_settings(fixture: &mut impl Fixture) {
    let store = fixture.store();
    create(&*store, "one").await;
    change(&*store, "one", 1, put(policy("one", "a")))
        .await
        .unwrap();
    store.forget(&name("one"), 1).await.unwrap();
    drop(store);
    fixture.reopen();
    let store = fixture.store();
    create(&*store, "one").await;
    assert_eq!(settings(&*store, "one"), BucketSettings::of_new_bucket());
    let incarnation = store.buckets()["one"].incarnation;
    store.forget(&name("one"), incarnation).await.unwrap();
    let record = adopt(&*store, "one").await.unwrap();
    assert_eq!(*record.settings, BucketSettings::default());
    assert!(record.incarnation > incarnation);
}

async fn an_adopted_bucket_is_on_record_without_settings(fixture: &impl Fixture) {
    let store = fixture.store();
    let record = adopt(&*store, "one").await.unwrap();
    let expected = BucketRecord {
        owner: owner(2),
        incarnation: 1,
        created: now(),
        upstream: "sea".into(),
        settings: Arc::default(),
    };
    assert_eq!(record, expected);
    assert_eq!(store.buckets().get("one"), Some(&expected));
    match claim(&*store, "one").await {
        Err(StoreError::AlreadyExists { record }) => assert_eq!(record, expected),
        other => panic!("{other:?}"),
    }
}

async fn adopting_twice_changes_nothing(fixture: &impl Fixture) {
    let store = fixture.store();
    create(&*store, "one").await;
    change(&*store, "one", 1, put(policy("one", "a")))
        .await
        .unwrap();
    let before = store.buckets();
    for _ in 0..2 {
        let record = adopt(&*store, "one").await.unwrap();
        assert_eq!(Some(&record), before.get("one"), "its owner stays, too");
    }
    assert_eq!(store.buckets(), before);
}

async fn a_bucket_that_is_being_created_is_not_adopted(fixture: &impl Fixture) {
    let store = fixture.store();
    let open = claim(&*store, "one").await.unwrap();
    match adopt(&*store, "one").await {
        Err(StoreError::BeingCreated { record }) => assert_eq!(record, open.record),
        other => panic!("{other:?}"),
    }
    store.abandon(&open).await.unwrap();
    let record = adopt(&*store, "one").await.unwrap();
    assert!(record.incarnation > open.record.incarnation);
}

async fn an_account_has_its_own_flags(fixture: &impl Fixture) {
    let store = fixture.store();
    assert!(store.accounts().is_empty());
    let block = PublicAccessBlock {
        block_public_acls: true,
        ..PublicAccessBlock::default()
    };
    for block in [PublicAccessBlock::ALL, block, PublicAccessBlock::default()] {
        store.change_account(owner(1), Some(block)).await.unwrap();
        let settings = AccountSettings {
            public_access_block: Some(block),
        };
        assert_eq!(*store.accounts(), Accounts::from([(owner(1), settings)]));
    }
    let other = Some(PublicAccessBlock::ALL);
    store.change_account(owner(2), other).await.unwrap();
    for _ in 0..2 {
        store.change_account(owner(1), None).await.unwrap();
        assert_eq!(store.accounts().keys().collect::<Vec<_>>(), [&owner(2)]);
    }
}

async fn of_concurrent_changes_none_is_lost(fixture: &impl Fixture) {
    let store = fixture.store();
    for number in 0..20 {
        create(&*store, &format!("bucket-{number}")).await;
    }
    let tasks: Vec<_> = (0..20)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let bucket = format!("bucket-{number}");
                let setting = policy(&bucket, "a");
                change(&*store, &bucket, 1, put(setting)).await.unwrap();
                let kind = SettingKind::PublicAccessBlock;
                let delete = SettingChange::Delete(kind);
                change(&*store, &bucket, 1, delete).await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for number in 0..20 {
        let bucket = format!("bucket-{number}");
        let expected = BucketSettings::of_new_bucket().without(SettingKind::PublicAccessBlock);
        let expected = expected.with(policy(&bucket, "a"));
        assert_eq!(settings(&*store, &bucket), expected);
    }
}

#[tokio::test]
async fn the_memory_store_keeps_the_promises() {
    conformance(|| Memory(Arc::new(MemoryStore::new()))).await;
}

#[tokio::test]
async fn the_file_store_keeps_the_promises() {
    conformance(File::new).await;
}

#[tokio::test]
async fn no_store_lets_everything_pass_and_remembers_nothing() {
    let store = NoStore::new();
    let first = claim(&store, "one").await.unwrap();
    let second = claim(&store, "one").await.unwrap();
    assert_eq!(
        (first.record.incarnation, second.record.incarnation),
        (0, 0)
    );
    store.commit(&first).await.unwrap();
    store.abandon(&second).await.unwrap();
    store.forget(&name("never-made"), 7).await.unwrap();
    assert!(store.buckets().is_empty());
    assert_eq!(store.unresolved(), []);
}

#[tokio::test]
async fn no_store_keeps_no_setting() {
    #[track_caller]
    fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) {
        assert!(matches!(result, Err(StoreError::ReadOnly)), "{result:?}");
    }
    let store = NoStore::new();
    refused(adopt(&store, "one").await);
    refused(change(&store, "one", 0, put(policy("one", "a"))).await);
    let nothing = SettingChange::Delete(SettingKind::Policy);
    refused(change(&store, "one", 0, nothing).await);
    refused(store.change_account(owner(1), None).await);
    assert!(store.buckets().is_empty() && store.accounts().is_empty());
    let (object, record) = (objects::object("one", 0, "a"), objects::record(1));
    let write = Intent::Write(record.clone());
    let open = OpenIntent {
        id: 1,
        object: object.clone(),
        intent: write.clone(),
        begun: now(),
    };
    refused(store.begin(vec![(object.clone(), write)], now()).await);
    refused(store.settle(vec![(open, Ending::NotDone)]).await);
    refused(
        store
            .set_object(&object, NULL_VERSION, record.clone())
            .await,
    );
    refused(store.keep_upload(&object, "u", record).await);
    refused(store.drop_upload(&object, "u").await);
    for version in [None, Some(NULL_VERSION), Some("1")] {
        assert_eq!(store.object(&object, version).await.unwrap(), [None]);
    }
    assert_eq!(store.upload(&object, "u").await.unwrap(), None);
    assert_eq!(store.unresolved_intents(), []);
}
