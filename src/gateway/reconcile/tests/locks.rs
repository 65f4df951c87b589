//! Locks of versions whose write or deletion was cut short: rather one too many than one lost.

use super::*;
use portcullis_core::controls::lock::{
    LegalHold, ObjectLock, RecordedLock, RetainUntil, Retention, RetentionMode,
};

const NOW: &str = "2026-03-04T05:06:08.000Z";
const LONG_AGO: &str = "2026-03-04T04:00:00.000Z";

fn retained(mode: RetentionMode, until: &str) -> ObjectLock {
    let until = RetainUntil::parse(until).unwrap();
    ObjectLock {
        retention: Some(Retention { mode, until }),
        legal_hold: None,
    }
}

fn governed() -> ObjectLock {
    retained(RetentionMode::Governance, "2040-01-01T00:00:00Z")
}

fn compliant() -> ObjectLock {
    retained(RetentionMode::Compliance, "2030-01-01T00:00:00Z")
}

fn held() -> ObjectLock {
    ObjectLock {
        retention: None,
        legal_hold: Some(LegalHold::On),
    }
}

fn locked(lock: ObjectLock) -> ObjectRecord {
    ObjectRecord {
        lock: lock.into(),
        ..record(Canned::Private)
    }
}

fn write(lock: ObjectLock) -> Intent {
    Intent::Write(locked(lock))
}

impl World {
    /// The lock of a version; the only one that may be.
    async fn lock(&self, version: &str) -> Option<ObjectLock> {
        let found = self.store.object(&object(), Some(version)).await.unwrap();
        let [found] = found.as_slice() else {
            panic!("{found:?}");
        };
        found.as_ref().map(|found| match found.lock {
            RecordedLock::Known(lock) => lock,
            RecordedLock::Unreadable(_) => panic!("{found:?}"),
        })
    }

    /// Begins these, loses their answers, and looks at each.
    async fn all_settled(&self, intents: Vec<Intent>) {
        for intent in intents {
            let open = self.begin(intent).await;
            let unknown = vec![(open, Ending::Unknown)];
            self.store.settle(unknown).await.unwrap();
        }
        for open in self.store.unresolved_intents() {
            self.running.gateway.reconcile(&open).await.unwrap();
        }
        assert_eq!(self.store.unresolved_intents(), []);
    }
}

#[tokio::test]
async fn every_version_that_may_be_the_one_that_was_written_gets_its_lock() {
    for versions in [vec!["v2"], vec!["v3", "v2"]] {
        let mut listed: Vec<_> = versions.iter().map(|id| (*id, NOW)).collect();
        listed.extend([("v1", NOW), ("v0", LONG_AGO)]);
        let world = World::new("ceph", listing(&listed)).await;
        let world = world.with("v1", record(Canned::Private)).await;
        world.all_settled(vec![write(compliant())]).await;
        for version in versions {
            assert_eq!(world.lock(version).await, Some(compliant()), "{version}");
        }
        assert_eq!(world.lock("v1").await, Some(ObjectLock::none()), "known");
        assert_eq!(world.lock("v0").await, None, "older than the write");
    }
}

#[tokio::test]
async fn a_version_without_a_date_may_be_the_one_that_was_written() {
    let world = World::new("ceph", listing(&[("v1", "some day")])).await;
    world.all_settled(vec![write(held())]).await;
    assert_eq!(world.lock("v1").await, Some(held()));
}

#[tokio::test]
async fn of_two_writes_that_may_have_made_a_version_it_has_the_locks_of_both() {
    let both = compliant().stricter(held());
    for listed in [vec![("v1", NOW)], vec![("v2", NOW), ("v1", NOW)]] {
        for intents in [
            vec![write(compliant()), write(held())],
            vec![write(held()), write(compliant())],
        ] {
            let world = World::new("ceph", listing(&listed)).await;
            world.all_settled(intents).await;
            for (version, _) in &listed {
                assert_eq!(world.lock(version).await, Some(both), "{listed:?}");
            }
        }
        let world = World::new("ceph", listing(&listed)).await;
        let unlocked = Intent::Write(record(Canned::Private));
        world.all_settled(vec![unlocked, write(held())]).await;
        for (version, _) in &listed {
            assert_eq!(world.lock(version).await, Some(held()), "{listed:?}");
        }
    }
}

#[tokio::test]
async fn in_a_bucket_without_versions_the_stricter_of_two_locks_stays() {
    let none = ObjectLock::none();
    let stricter = retained(RetentionMode::Compliance, "2040-01-01T00:00:00Z");
    for (there, written, expected) in [
        (none, held(), held()),
        (held(), none, held()),
        (governed(), compliant(), stricter),
        (compliant(), governed(), stricter),
    ] {
        for (profile, answer) in [
            ("demo", head("200 OK", AFTER)),
            ("ceph", listing(&[("null", NOW)])),
        ] {
            let world = World::new(profile, answer).await;
            let world = world.with("null", locked(there)).await;
            world.all_settled(vec![write(written)]).await;
            assert_eq!(world.lock("null").await, Some(expected), "{profile}");
        }
        let world = World::new("demo", head("200 OK", BEFORE)).await;
        let world = world.with("null", locked(there)).await;
        world.all_settled(vec![write(written)]).await;
        assert_eq!(world.lock("null").await, Some(there), "it was not written");
    }
}

/// What is asked of the version `null`, and what of the key.
fn null_and_key(null: String, key: String) -> impl Fn(&str) -> String + Send + 'static {
    move |asked: &str| match asked.contains("versionId=null") {
        true => null.clone(),
        false => key.clone(),
    }
}

#[tokio::test]
async fn t35_a_delete_marker_whose_answer_was_lost_leaves_the_lock_of_the_version_null() {
    let destroy = || Intent::Destroy {
        version: "null".into(),
    };
    let (there, gone) = (head("200 OK", BEFORE), head("404 Not Found", BEFORE));
    let marker = head("405 Method Not Allowed", BEFORE);
    for (null, expected) in [
        (there.clone(), Some(held())),
        (gone.clone(), None),
        (marker, None),
    ] {
        let answers = null_and_key(null, gone.clone());
        let world = World::answering("ceph", answers).await;
        let world = world.with("null", locked(held())).await;
        world.all_settled(vec![destroy()]).await;
        assert_eq!(world.lock("null").await, expected);
    }
    // A store without versions is not asked for one.
    let answers = null_and_key(there, gone);
    let world = World::answering("demo", answers).await;
    let world = world.with("null", locked(held())).await;
    world.all_settled(vec![destroy()]).await;
    assert_eq!(world.lock("null").await, None);
}

#[tokio::test]
async fn t33_a_change_of_unknown_fate_is_not_settled_while_somebody_else_has_the_key() {
    let world = World::new("demo", head("200 OK", AFTER)).await;
    let world = world.with("null", record(Canned::Private)).await;
    let lease = world.running.gateway.leases.write(&object()).await.unwrap();
    tokio::time::pause();
    assert_eq!(world.settled(private()).await, None);
    tokio::time::resume();
    // As PutObjectLegalHold does, which has looked before.
    let object = object();
    let set = world.store.set_object(&object, "null", locked(held()));
    set.await.unwrap();
    drop(lease);
    for open in world.store.unresolved_intents() {
        world.running.gateway.reconcile(&open).await.unwrap();
    }
    assert_eq!(world.lock("null").await, Some(held()));
}
