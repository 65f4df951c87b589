//! Random sequences of changes to objects, held against plain lists that say what a store should hold.

use super::model::block_on;
use super::objects::{object, record};
use super::*;
use proptest::prelude::*;

/// One step. Buckets, keys, versions and records are small numbers, so that they meet.
#[derive(Debug, Clone)]
enum Step {
    /// Writes of these keys and records, all at once.
    Write(Vec<(usize, usize, u8)>),
    Destroy(usize, usize, usize),
    /// Settles this many of the open intents, the oldest first, each with the ending of its own number.
    Settle(usize, usize),
    Set(usize, usize, usize, u8),
    Keep(usize, usize, u8),
    Drop(usize, usize),
    Forget(usize),
    Reopen,
}

const BUCKETS: [&str; 2] = ["bucket-a", "bucket-a.b"];
const KEYS: [&str; 3] = ["k", "k\0", "kk"];
const VERSIONS: [&str; 3] = [NULL_VERSION, "v", "v\0w"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let written = prop::collection::vec((0..2usize, 0..3usize, 0..6u8), 0..3);
    let step = prop_oneof![
        6 => written.prop_map(Step::Write),
        3 => (0..2usize, 0..3usize, 0..3usize).prop_map(|(b, k, v)| Step::Destroy(b, k, v)),
        6 => (0..4usize, any::<usize>()).prop_map(|(most, ending)| Step::Settle(most, ending)),
        2 => (0..2usize, 0..3usize, 0..3usize, 0..6u8).prop_map(|(b, k, v, r)| Step::Set(b, k, v, r)),
        2 => (0..2usize, 0..3usize, 0..6u8).prop_map(|(b, k, r)| Step::Keep(b, k, r)),
        1 => (0..2usize, 0..3usize).prop_map(|(b, k)| Step::Drop(b, k)),
        1 => (0..2usize).prop_map(Step::Forget),
        2 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 0..40)
}

/// A version: its age counts up, and is unknown if it was only set.
#[derive(Debug)]
struct Version {
    object: ObjectName,
    version: &'static str,
    age: Option<usize>,
    record: u8,
}

#[derive(Debug, Default)]
struct Model {
    incarnations: [u64; 2],
    versions: Vec<Version>,
    /// Open intents, each with whether nobody has it.
    open: Vec<(OpenIntent, bool)>,
    uploads: Vec<(ObjectName, u8)>,
    writes: usize,
}

impl Model {
    fn name(&self, bucket: usize, key: usize) -> ObjectName {
        object(BUCKETS[bucket], self.incarnations[bucket], KEYS[key])
    }

    fn put(&mut self, object: &ObjectName, version: &'static str, age: Option<usize>, record: u8) {
        let is_it = |found: &&mut Version| found.object == *object && found.version == version;
        if let Some(found) = self.versions.iter_mut().find(is_it) {
            (found.age, found.record) = (age.or(found.age), record);
            return;
        }
        self.versions.push(Version {
            object: object.clone(),
            version,
            age,
            record,
        });
    }

    fn done(&mut self, open: &OpenIntent, version: &'static str) {
        match &open.intent {
            Intent::Write(written) => {
                let mark = (0..6).find(|mark| record(*mark) == *written).unwrap();
                self.writes += 1;
                self.put(&open.object, version, Some(self.writes), mark);
            }
            Intent::Destroy { version } => {
                let is_it =
                    |found: &Version| found.object == open.object && found.version == &**version;
                self.versions.retain(|found| !is_it(found));
            }
        }
    }

    async fn begin(&mut self, store: &dyn Store, intents: Vec<(ObjectName, Intent)>) {
        let count = intents.len();
        let begun = store.begin(intents, now()).await.unwrap();
        assert_eq!(begun.len(), count);
        let last = self.open.last().map_or(0, |(open, _)| open.id);
        assert!(begun.iter().all(|open| open.id > last));
        self.open
            .extend(begun.into_iter().map(|open| (open, false)));
    }

    async fn settle(&mut self, store: &dyn Store, most: usize, seed: usize) {
        let count = most.min(self.open.len());
        let mut endings = Vec::new();
        for (i, (open, _)) in self
            .open
            .drain(..count)
            .collect::<Vec<_>>()
            .into_iter()
            .enumerate()
        {
            let choice = (seed >> (3 * i)) % 8;
            let ending = match choice {
                0..5 => Ending::Done {
                    version: VERSIONS[choice % 3].into(),
                },
                5..7 => Ending::NotDone,
                _ => Ending::Unknown,
            };
            match &ending {
                Ending::Done { .. } => self.done(&open, VERSIONS[choice % 3]),
                Ending::NotDone => {}
                Ending::Unknown => self.open.push((open.clone(), true)),
            }
            endings.push((open, ending));
        }
        self.open.sort_by_key(|(open, _)| open.id);
        store.settle(endings).await.unwrap();
    }

    async fn forget(&mut self, store: &dyn Store, bucket: usize) {
        let (gone, incarnation) = (name(BUCKETS[bucket]), self.incarnations[bucket]);
        store.forget(&gone, incarnation).await.unwrap();
        self.versions
            .retain(|version| version.object.bucket != gone);
        self.open.retain(|(open, _)| open.object.bucket != gone);
        self.uploads.retain(|(object, _)| object.bucket != gone);
        self.incarnations[bucket] = create(store, BUCKETS[bucket]).await;
    }

    async fn step(&mut self, store: &dyn Store, step: Step) {
        match step {
            Step::Write(written) => {
                let intent =
                    |(bucket, key, mark)| (self.name(bucket, key), Intent::Write(record(mark)));
                let intents = written.into_iter().map(intent).collect();
                self.begin(store, intents).await;
            }
            Step::Destroy(bucket, key, version) => {
                let version = VERSIONS[version].into();
                let intent = (self.name(bucket, key), Intent::Destroy { version });
                self.begin(store, vec![intent]).await;
            }
            Step::Settle(most, seed) => self.settle(store, most, seed).await,
            Step::Set(bucket, key, version, mark) => {
                let (object, version) = (self.name(bucket, key), VERSIONS[version]);
                let set = store.set_object(&object, version, record(mark));
                set.await.unwrap();
                self.put(&object, version, None, mark);
            }
            Step::Keep(bucket, key, mark) => {
                let object = self.name(bucket, key);
                let kept = store.keep_upload(&object, "upload", record(mark));
                kept.await.unwrap();
                self.uploads.retain(|(kept, _)| *kept != object);
                self.uploads.push((object, mark));
            }
            Step::Drop(bucket, key) => {
                let object = self.name(bucket, key);
                store.drop_upload(&object, "upload").await.unwrap();
                self.uploads.retain(|(kept, _)| *kept != object);
            }
            Step::Forget(bucket) => self.forget(store, bucket).await,
            Step::Reopen => {}
        }
    }

    fn writes_on(&self, object: &ObjectName) -> Vec<Option<ObjectRecord>> {
        let on_it = self.open.iter().filter(|(open, _)| open.object == *object);
        on_it
            .filter_map(|(open, _)| match &open.intent {
                Intent::Write(record) => Some(Some(record.clone())),
                Intent::Destroy { .. } => None,
            })
            .collect()
    }

    /// What a store should say of the current version.
    fn current(&self, object: &ObjectName) -> Vec<Option<ObjectRecord>> {
        let on_it = self.versions.iter().filter(|v| v.object == *object);
        let rows: Vec<&Version> = on_it.collect();
        let is_destroyed = |version: &Version| {
            let version = version.version.into();
            let destroy = Intent::Destroy { version };
            let mut open = self.open.iter();
            open.any(|(open, _)| open.object == *object && open.intent == destroy)
        };
        let lasting = rows.iter().filter(|version| !is_destroyed(version));
        let newest = lasting.map(|version| version.age).max();
        let may_be = rows.iter().filter(|version| Some(version.age) >= newest);
        let may_be: Vec<_> = may_be.collect();
        let mut found: Vec<_> = may_be.iter().map(|v| Some(record(v.record))).collect();
        let unsure = |v: &&&&Version| v.age.is_none() && v.version != NULL_VERSION;
        if newest.is_none() || may_be.iter().any(|v| unsure(&v)) {
            found.push(None);
        }
        found.extend(self.writes_on(object));
        found
    }

    /// And of this one.
    fn version(&self, object: &ObjectName, version: &str) -> Vec<Option<ObjectRecord>> {
        let is_it = |v: &&Version| v.object == *object && v.version == version;
        let row = self.versions.iter().find(is_it);
        let mut found = vec![row.map(|version| record(version.record))];
        if row.is_none() || version == NULL_VERSION {
            found.extend(self.writes_on(object));
        }
        found
    }

    async fn compare(&self, store: &dyn Store) {
        for (bucket, key) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
            let object = self.name(bucket, key);
            same(store.object(&object, None).await, self.current(&object));
            for version in VERSIONS.into_iter().chain(["another"]) {
                let found = store.object(&object, Some(version)).await;
                same(found, self.version(&object, version));
            }
            let upload = self.uploads.iter().find(|(kept, _)| *kept == object);
            let found = store.upload(&object, "upload").await.unwrap();
            assert_eq!(found, upload.map(|(_, mark)| record(*mark)));
        }
        let left = self.open.iter().filter(|(_, left)| *left);
        let left: Vec<OpenIntent> = left.map(|(open, _)| open.clone()).collect();
        assert_eq!(store.unresolved_intents(), left);
    }
}

/// The same records, in whatever order, and each once.
#[track_caller]
fn same(found: Result<Vec<Option<ObjectRecord>>, StoreError>, expected: Vec<Option<ObjectRecord>>) {
    let found = found.unwrap();
    for record in &expected {
        assert!(found.contains(record), "{record:?} is not in {found:?}");
    }
    for (i, record) in found.iter().enumerate() {
        assert!(expected.contains(record), "{record:?} is too much");
        assert!(!found[..i].contains(record), "{record:?} is there twice");
    }
}

async fn follow<F: Fixture>(mut fixture: F, steps: Vec<Step>) {
    let mut model = Model::default();
    for (bucket, incarnation) in BUCKETS.into_iter().zip(&mut model.incarnations) {
        *incarnation = create(&*fixture.store(), bucket).await;
    }
    for step in steps {
        if F::DURABLE && matches!(step, Step::Reopen) {
            fixture.reopen();
            model.open.iter_mut().for_each(|(_, left)| *left = true);
        }
        model.step(&*fixture.store(), step).await;
        model.compare(&*fixture.store()).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_store_keeps_objects_as_the_model(steps in steps()) {
        block_on(async {
            follow(File::new(), steps.clone()).await;
            follow(Memory(Arc::new(MemoryStore::new())), steps).await;
        });
    }
}
