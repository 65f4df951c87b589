//! Random writes, deletions and changes of locks, endings that nobody hears of, crashes and time that passes, held against
//! a plain list of the versions that there are, each with the lock it must have. The rules are those of the table in
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html>, written down once more.

mod truth;

use super::*;
use crate::gateway::became::{destroyed, ending};
use crate::gateway::locks::Threat;
use crate::state::RedbStore;
use http::{HeaderMap, HeaderValue};
use portcullis_core::admission::Guard;
use portcullis_core::controls::lock::{
    Bypass, BypassHeader, BypassPermission, LockConfiguration, LockTime, ObjectLock, RecordedLock,
    may_change_legal_hold, may_change_retention,
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use truth::{Fate, KEYS, Lock, Step, Upstream, Version, hour, real, steps};

/// The gateway and its upstream, and what may have become too strict.
struct Model {
    profile: &'static str,
    world: World,
    folder: TempDir,
    path: PathBuf,
    upstream: Arc<Mutex<Upstream>>,
    now: i64,
    ids: usize,
    /// Keys of which a change was lost: until it is settled, and as locks of others' may stay, after it too.
    unsure: BTreeSet<&'static str>,
    /// All locks that versions of a key were to have.
    intended: Vec<(&'static str, ObjectLock)>,
}

fn named(key: &str) -> ObjectName {
    ObjectName {
        key: key.into(),
        ..object()
    }
}

fn locked(lock: Lock) -> ObjectRecord {
    ObjectRecord {
        lock: lock.real().into(),
        ..record(Canned::Private)
    }
}

async fn open(path: &Path, profile: &str, upstream: &Arc<Mutex<Upstream>>) -> World {
    let upstream = Arc::clone(upstream);
    let store = Arc::new(RedbStore::open(path).unwrap());
    let answer = move |asked: &str| upstream.lock().unwrap().answer(asked);
    World::over(store, profile, answer).await
}

impl Model {
    async fn new(profile: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state-0.redb");
        let upstream = Arc::new(Mutex::new(Upstream::default()));
        let world = open(&path, profile, &upstream).await;
        let settings = BucketSettings {
            object_lock: Some(LockConfiguration::default()),
            ..BucketSettings::default()
        };
        world.create(settings).await;
        // From before the gateway.
        upstream.lock().unwrap().0.push(Version {
            key: KEYS[0],
            id: NULL_VERSION.to_owned(),
            at: -1000,
            lock: Lock::default(),
        });
        Self {
            profile,
            world,
            folder,
            path,
            upstream,
            now: 0,
            ids: 0,
            unsure: BTreeSet::new(),
            intended: Vec::new(),
        }
    }

    fn has_versions(&self) -> bool {
        self.profile == "ceph"
    }

    fn guard(&self, bypass: bool) -> Guard {
        Guard::new(LockTime::certain(hour(self.now)), asked(bypass))
    }

    async fn possible(&self, key: &str, version: &str) -> Vec<Option<ObjectRecord>> {
        let gateway = &self.world.running.gateway;
        let possible = gateway.possible(&named(key), Some(version)).await;
        possible.unwrap()
    }

    /// As after a kill: what was open is nobody's. The file is found as it is now, under another name.
    async fn reopen(&mut self) {
        self.ids += 1;
        let path = self.folder.path().join(format!("state-{}.redb", self.ids));
        std::fs::copy(&self.path, &path).unwrap();
        let witness = |path: &Path| path.with_extension("redb.witness");
        std::fs::copy(witness(&self.path), witness(&path)).unwrap();
        self.world = open(&path, self.profile, &self.upstream).await;
        self.path = path;
    }

    fn version(&self, key: &'static str, which: usize) -> Option<Version> {
        let versions = self.upstream.lock().unwrap().of(key);
        let count = versions.len().max(1);
        versions.into_iter().nth(which % count)
    }

    fn truth(&self, key: &str, version: &str) -> Option<Version> {
        let versions = self.upstream.lock().unwrap().of(key);
        versions.into_iter().find(|it| it.id == version)
    }

    /// Whether the gateway lets it happen, which it must not while what is there is protected, and must else unless it
    /// cannot know.
    async fn lets(&self, key: &'static str, threat: &Threat, bypass: bool) -> bool {
        let possible = self.possible(key, threat.version()).await;
        let allowed = threat.is_allowed(&self.guard(bypass), &possible).is_ok();
        let truth = self.truth(key, threat.version());
        let protected = truth.is_some_and(|it| it.lock.is_protected(self.now, bypass));
        assert!(!(allowed && protected), "{key} {threat:?}: {possible:?}");
        let known = !self.unsure.contains(key);
        assert!(
            allowed || protected || !known,
            "{key} {threat:?}: {possible:?}"
        );
        allowed
    }

    async fn end(&mut self, key: &'static str, open: Vec<OpenIntent>, fate: Fate, told: HeaderMap) {
        let end = |open: OpenIntent| {
            let ending = match fate {
                Fate::Answered(true) => ending(&open.intent, &told, self.has_versions()),
                Fate::Answered(false) => Ending::NotDone,
                Fate::Lost(_) | Fate::Crashed(_) => Ending::Unknown,
            };
            (open, ending)
        };
        let endings: Vec<_> = open.into_iter().map(end).collect();
        if !matches!(fate, Fate::Answered(_)) {
            self.unsure.insert(key);
        }
        match fate {
            Fate::Crashed(_) => self.reopen().await,
            Fate::Answered(_) | Fate::Lost(_) => self.world.store.settle(endings).await.unwrap(),
        }
    }

    async fn write(&mut self, key: &'static str, lock: Lock, fate: Fate) {
        if !self.has_versions() && !self.lets(key, &Threat::Replaces, false).await {
            return;
        }
        let intents = vec![(named(key), Intent::Write(locked(lock)))];
        self.intended.push((key, lock.real()));
        let open = self.world.store.begin(intents, hour(self.now)).await;
        let (mut told, mut id) = (HeaderMap::new(), NULL_VERSION.to_owned());
        if self.has_versions() {
            self.ids += 1;
            id = format!("v{}", self.ids);
            told.insert("x-amz-version-id", HeaderValue::try_from(&id).unwrap());
        }
        if fate.is_done() {
            let mut upstream = self.upstream.lock().unwrap();
            upstream.remove(key, &id);
            let at = self.now;
            upstream.0.push(Version { key, id, at, lock });
        }
        self.end(key, open.unwrap(), fate, told).await;
    }

    async fn destroy(&mut self, key: &'static str, id: Option<&str>, bypass: bool, fate: Fate) {
        let version = id.map(Box::<str>::from);
        let [(object, intent, threat)] = destroyed(&named(key), &[(key.into(), version)])
            .try_into()
            .unwrap();
        let marks = threat == Threat::Marks && self.has_versions();
        let allowed = match marks {
            false => self.lets(key, &threat, bypass).await,
            true => {
                let possible = self.possible(key, NULL_VERSION).await;
                threat.is_allowed(&self.guard(bypass), &possible).is_ok()
            }
        };
        if !allowed {
            return;
        }
        let intents = vec![(object, intent)];
        let open = self.world.store.begin(intents, hour(self.now)).await;
        let mut told = HeaderMap::new();
        if marks {
            told.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
            told.insert("x-amz-version-id", HeaderValue::from_static("marker"));
        } else if fate.is_done() {
            let id = id.unwrap_or(NULL_VERSION);
            self.upstream.lock().unwrap().remove(key, id);
        }
        self.end(key, open.unwrap(), fate, told).await;
    }

    /// Of a version that is there, which whoever calls has found out.
    async fn relock(&mut self, key: &'static str, which: usize, change: impl Fn(Lock) -> Change) {
        let Some(version) = self.version(key, which) else {
            return;
        };
        let possible = self.possible(key, &version.id).await;
        let owner = self.world.running.gateway.bucket_owner(&named(key));
        let record = narrowest(possible, &owner);
        let RecordedLock::Known(old) = record.lock else {
            panic!("{record:?}");
        };
        let Change { new, legal, bypass } = change(version.lock);
        let at = LockTime::certain(hour(self.now));
        let (lock, allowed) = match new {
            New::Retention(retention) => {
                let retention = retention.map(real);
                let lock = ObjectLock { retention, ..old };
                let may = may_change_retention(&record.lock, retention, at, asked(bypass));
                (lock, may.is_ok())
            }
            New::Hold(on) => {
                let legal_hold = Lock {
                    hold: Some(on),
                    ..Lock::default()
                }
                .real()
                .legal_hold;
                (
                    ObjectLock { legal_hold, ..old },
                    may_change_legal_hold(&record.lock).is_ok(),
                )
            }
        };
        let legal = legal(self.now);
        assert!(legal || !allowed, "{version:?} became {lock:?}");
        assert!(
            allowed || !legal || self.unsure.contains(key),
            "{version:?}"
        );
        if !allowed {
            return;
        }
        let changed = ObjectRecord {
            lock: lock.into(),
            ..record
        };
        let object = named(key);
        let set = self.world.store.set_object(&object, &version.id, changed);
        set.await.unwrap();
        self.intended.push((key, lock));
        let mut upstream = self.upstream.lock().unwrap();
        let mut versions = upstream.0.iter_mut();
        let found = versions.find(|it| it.key == key && it.id == version.id);
        let lock = &mut found.unwrap().lock;
        match new {
            New::Retention(retention) => lock.retention = retention,
            New::Hold(on) => lock.hold = Some(on),
        }
    }

    async fn reconcile(&mut self) {
        for open in self.world.store.unresolved_intents() {
            self.world.running.gateway.reconcile(&open).await.unwrap();
        }
        assert_eq!(self.world.store.unresolved_intents(), []);
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Write(key, lock, fate) => self.write(KEYS[key], lock, fate).await,
            Step::Destroy(key, which, bypass, fate) => {
                if let Some(version) = self.version(KEYS[key], which) {
                    self.destroy(KEYS[key], Some(&version.id), bypass, fate)
                        .await;
                }
            }
            Step::Delete(key, fate) => self.destroy(KEYS[key], None, false, fate).await,
            Step::Retain(key, which, retention, bypass) => {
                let change = |lock: Lock| Change {
                    new: New::Retention(retention),
                    legal: Box::new(move |now| lock.may_become(retention, now, bypass)),
                    bypass,
                };
                self.relock(KEYS[key], which, change).await;
            }
            Step::Hold(key, which, on) => {
                let change = |_| Change {
                    new: New::Hold(on),
                    legal: Box::new(|_| true),
                    bypass: false,
                };
                self.relock(KEYS[key], which, change).await;
            }
            Step::Wait(hours) => self.now += hours,
            Step::Reopen => self.reopen().await,
            Step::Reconcile => self.reconcile().await,
        }
    }

    /// No version that is protected may go; and of keys of which everything is known, what is on record is the truth.
    async fn compare(&self) {
        let versions = self.upstream.lock().unwrap().0.clone();
        for version in versions {
            let possible = self.possible(version.key, &version.id).await;
            let locks = possible.iter().flatten().map(|record| match record.lock {
                RecordedLock::Known(lock) => lock,
                RecordedLock::Unreadable(_) => panic!("{version:?}: {possible:?}"),
            });
            let lock = locks.reduce(ObjectLock::stricter);
            let (lock, truth) = (lock.unwrap_or(ObjectLock::none()), version.lock.real());
            match self.unsure.contains(version.key) {
                false => assert_eq!(lock, truth, "{version:?}"),
                true => {
                    let of_key = self.intended.iter().filter(|(key, _)| *key == version.key);
                    let most = of_key.fold(truth, |most, (_, lock)| most.stricter(*lock));
                    assert_eq!(most.stricter(lock), most, "{version:?}: {lock:?}");
                }
            }
            for bypass in [false, true] {
                let threat = Threat::Destroys(version.id.as_str().into());
                self.lets(version.key, &threat, bypass).await;
            }
        }
    }
}

enum New {
    Retention(Option<(u8, i64)>),
    Hold(bool),
}

/// Of a lock, and whether the rules allow it at an hour.
struct Change {
    new: New,
    legal: Box<dyn Fn(i64) -> bool>,
    bypass: bool,
}

fn asked(bypass: bool) -> Bypass {
    match bypass {
        false => Bypass::NO,
        true => Bypass {
            header: BypassHeader::True,
            permission: BypassPermission::Held,
        },
    }
}

async fn follow(profile: &'static str, steps: &[Step]) {
    let mut model = Model::new(profile).await;
    for step in steps {
        model.step(*step).await;
        model.compare().await;
    }
    model.reopen().await;
    model.reconcile().await;
    model.compare().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn t33_whatever_happens_no_protected_version_may_go_and_none_is_locked_for_ever(
        steps in steps()
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for profile in ["ceph", "demo"] {
                follow(profile, &steps).await;
            }
        });
    }
}
