//! Random sequences of changes, held against a map that says what a store should hold.

use super::*;
use proptest::prelude::*;

/// One step of the model test.
#[derive(Debug, Clone)]
enum Step {
    Claim(u8, u8),
    Commit(u8),
    Abandon(u8),
    Release(u8),
    Adopt(u8, u8),
    /// The policy of this mark.
    Put(u8, u8),
    Delete(u8, SettingKind),
    Account(u8, Option<PublicAccessBlock>),
    Forget(u8),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let block = |all: bool| match all {
        true => PublicAccessBlock::ALL,
        false => PublicAccessBlock::default(),
    };
    let blocks = prop::option::of(any::<bool>().prop_map(block));
    let step = prop_oneof![
        4 => (0..3u8, 1..4u8).prop_map(|(bucket, owner)| Step::Claim(bucket, owner)),
        4 => (0..3u8).prop_map(Step::Commit),
        1 => (0..3u8).prop_map(Step::Abandon),
        1 => (0..3u8).prop_map(Step::Release),
        2 => (0..3u8, 1..4u8).prop_map(|(bucket, owner)| Step::Adopt(bucket, owner)),
        4 => (0..3u8, 0..3u8).prop_map(|(bucket, mark)| Step::Put(bucket, mark)),
        2 => (0..3u8, prop::sample::select(SettingKind::ALL.to_vec()))
            .prop_map(|(bucket, kind)| Step::Delete(bucket, kind)),
        2 => (1..4u8, blocks).prop_map(|(account, block)| Step::Account(account, block)),
        2 => (0..3u8).prop_map(Step::Forget),
        2 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 0..40)
}

/// What a store should hold, as plainly as can be said.
#[derive(Debug, Default)]
struct Model {
    last: [u64; 3],
    open: [Option<Claim>; 3],
    /// Whether nobody has the claim any more.
    left: [bool; 3],
    live: [Option<BucketRecord>; 3],
    accounts: Accounts,
}

fn bucket(number: u8) -> BucketName {
    name(&format!("bucket-{number}"))
}

impl Model {
    async fn claim(&mut self, store: &dyn Store, number: u8, by: u8) {
        let i = usize::from(number);
        let free = self.open[i].is_none() && self.live[i].is_none();
        let settings = BucketSettings::of_new_bucket();
        let bucket = bucket(number);
        let claimed = store
            .claim(&bucket, owner(by), "lake", settings, now())
            .await;
        assert_eq!(claimed.is_ok(), free);
        if let Ok(claim) = claimed {
            assert!(claim.record.incarnation > self.last[i]);
            self.last[i] = claim.record.incarnation;
            self.open[i] = Some(claim);
            self.left[i] = false;
        }
    }

    async fn adopt(&mut self, store: &dyn Store, number: u8, by: u8) {
        let i = usize::from(number);
        let adopted = store.adopt(&bucket(number), owner(by), "sea", now()).await;
        assert_eq!(adopted.is_ok(), self.open[i].is_none());
        let Ok(record) = adopted else { return };
        match &self.live[i] {
            Some(live) => assert_eq!(&record, live),
            None => {
                let expected = BucketRecord {
                    owner: owner(by),
                    incarnation: self.last[i] + 1,
                    created: now(),
                    upstream: "sea".into(),
                    settings: Arc::default(),
                };
                assert_eq!(record, expected);
                self.last[i] += 1;
                self.live[i] = Some(record);
            }
        }
    }

    async fn change(&mut self, store: &dyn Store, number: u8, change: SettingChange) {
        let i = usize::from(number);
        let changed = store
            .change(&bucket(number), self.last[i], change.clone())
            .await;
        assert_eq!(changed.is_ok(), self.live[i].is_some());
        if let Some(record) = &mut self.live[i] {
            let settings = BucketSettings::clone(&record.settings);
            let settings = match change {
                SettingChange::Put(setting) => settings.with(setting),
                SettingChange::Delete(kind) => settings.without(kind),
            };
            assert_eq!(*changed.unwrap(), settings);
            record.settings = Arc::new(settings);
        }
    }

    async fn account(&mut self, store: &dyn Store, by: u8, block: Option<PublicAccessBlock>) {
        store.change_account(owner(by), block).await.unwrap();
        self.accounts.remove(&owner(by));
        if block.is_some() {
            let public_access_block = block;
            let settings = AccountSettings {
                public_access_block,
            };
            self.accounts.insert(owner(by), settings);
        }
    }

    async fn step(&mut self, store: &dyn Store, step: Step) {
        match step {
            Step::Claim(number, by) => self.claim(store, number, by).await,
            Step::Commit(number) => {
                if let Some(claim) = self.open[usize::from(number)].take() {
                    store.commit(&claim).await.unwrap();
                    self.live[usize::from(number)] = Some(claim.record);
                }
            }
            Step::Abandon(number) => {
                if let Some(claim) = self.open[usize::from(number)].take() {
                    store.abandon(&claim).await.unwrap();
                }
            }
            Step::Release(number) => {
                if let Some(claim) = &self.open[usize::from(number)] {
                    store.release(claim).await.unwrap();
                    self.left[usize::from(number)] = true;
                }
            }
            Step::Adopt(number, by) => self.adopt(store, number, by).await,
            Step::Put(number, mark) => {
                let setting = policy(bucket(number).as_str(), &mark.to_string());
                self.change(store, number, put(setting)).await;
            }
            Step::Delete(number, kind) => {
                let change = SettingChange::Delete(kind);
                self.change(store, number, change).await;
            }
            Step::Account(by, block) => self.account(store, by, block).await,
            Step::Forget(number) => {
                let incarnation = self.last[usize::from(number)];
                let forgotten = store.forget(&bucket(number), incarnation).await.is_ok();
                assert_eq!(forgotten, self.live[usize::from(number)].take().is_some());
            }
            // Without a disk there is nothing to open again.
            Step::Reopen => {}
        }
    }

    fn compare(&self, store: &dyn Store) {
        let live = (0..3u8).zip(&self.live);
        let expected: Buckets = live
            .filter_map(|(number, record)| Some((bucket(number), record.clone()?)))
            .collect();
        assert_eq!(*store.buckets(), expected);
        assert_eq!(*store.accounts(), self.accounts);
        let mut unresolved = store.unresolved();
        unresolved.sort_by(|a, b| a.bucket.cmp(&b.bucket));
        let open = self.open.iter().zip(self.left);
        let left = open.filter_map(|(open, left)| open.clone().filter(|_| left));
        assert_eq!(unresolved, left.collect::<Vec<_>>());
    }
}

async fn follow<F: Fixture>(mut fixture: F, steps: Vec<Step>) {
    let mut model = Model::default();
    for step in steps {
        if F::DURABLE && matches!(step, Step::Reopen) {
            fixture.reopen();
            model.left = [true; 3];
        }
        model.step(&*fixture.store(), step).await;
        model.compare(&*fixture.store());
    }
}

pub(super) fn block_on(future: impl Future<Output = ()>) {
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
            follow(File::new(), steps.clone()).await;
            follow(Memory(Arc::new(MemoryStore::new())), steps).await;
        });
    }
}
