//! The promises of [`Store`], checked on every implementation.

use super::*;
use proptest::prelude::*;
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
    store.claim(&name(bucket), owner(1), "lake", now()).await
}

async fn create(store: &dyn Store, bucket: &str) -> u64 {
    let claim = claim(store, bucket).await.unwrap();
    store.commit(&claim).await.unwrap();
    claim.record.incarnation
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
    match store.claim(&name("one"), owner(2), "other", now()).await {
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
    let before = store.buckets();
    drop(store);
    fixture.reopen();
    assert_eq!(fixture.store().buckets(), before);
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
    assert_eq!(left, [one.clone(), two.clone()]);
    assert!(matches!(
        claim(&*store, "one").await,
        Err(StoreError::BeingCreated { .. })
    ));
    store.commit(&one).await.unwrap();
    store.abandon(&two).await.unwrap();
    assert_eq!(names(&*store), ["one"]);
    assert_eq!(store.unresolved(), []);
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

/// One step of the model test.
#[derive(Debug, Clone)]
enum Step {
    Claim(u8, u8),
    Commit(u8),
    Abandon(u8),
    Forget(u8),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3u8, 1..4u8).prop_map(|(bucket, owner)| Step::Claim(bucket, owner)),
        4 => (0..3u8).prop_map(Step::Commit),
        1 => (0..3u8).prop_map(Step::Abandon),
        2 => (0..3u8).prop_map(Step::Forget),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 0..25)
}

/// What a store should hold, as plainly as can be said.
#[derive(Debug, Default)]
struct Model {
    last: [u64; 3],
    open: [Option<Claim>; 3],
    live: [Option<BucketRecord>; 3],
}

async fn follow(fixture: &mut impl Fixture, durable: bool, steps: Vec<Step>) {
    let mut model = Model::default();
    let bucket = |number: u8| name(&format!("bucket-{number}"));
    for step in steps {
        let store = fixture.store();
        match step {
            Step::Claim(number, by) => {
                let i = usize::from(number);
                let free = model.open[i].is_none() && model.live[i].is_none();
                let claimed = store.claim(&bucket(number), owner(by), "lake", now()).await;
                assert_eq!(claimed.is_ok(), free);
                if let Ok(claim) = claimed {
                    assert!(claim.record.incarnation > model.last[i]);
                    model.last[i] = claim.record.incarnation;
                    model.open[i] = Some(claim);
                }
            }
            Step::Commit(number) => {
                if let Some(claim) = model.open[usize::from(number)].take() {
                    store.commit(&claim).await.unwrap();
                    model.live[usize::from(number)] = Some(claim.record);
                }
            }
            Step::Abandon(number) => {
                if let Some(claim) = model.open[usize::from(number)].take() {
                    store.abandon(&claim).await.unwrap();
                }
            }
            Step::Forget(number) => {
                let incarnation = model.last[usize::from(number)];
                let forgotten = store.forget(&bucket(number), incarnation).await.is_ok();
                assert_eq!(forgotten, model.live[usize::from(number)].take().is_some());
            }
            Step::Reopen => {
                drop(store);
                fixture.reopen();
                if durable {
                    let open = model.open.iter().flatten().count();
                    assert_eq!(fixture.store().unresolved().len(), open);
                }
            }
        }
        let expected: Buckets = (0..3u8)
            .filter_map(|i| Some((bucket(i), model.live[usize::from(i)].clone()?)))
            .collect();
        assert_eq!(*fixture.store().buckets(), expected);
    }
}

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_store_does_as_the_model(steps in steps()) {
        block_on(async {
            follow(&mut File::new(), true, steps.clone()).await;
            follow(&mut Memory(Arc::new(MemoryStore::new())), false, steps).await;
        });
    }
}
