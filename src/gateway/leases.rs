//! Who reads and who changes an object whose ACL counts: what a reader was let in by does not change until the upstream
//! has opened the object, and what is written is not seen under the ACL of what was there before.

use crate::state::ObjectName;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::time::timeout;

/// How long to wait for the others.
const PATIENCE: Duration = Duration::from_secs(30);

/// The leases that are out. Those who wait for the same key are served in turn.
#[derive(Debug, Default)]
pub(super) struct Leases {
    // INVARIANT: a key is here as long as somebody holds its lock or waits for it.
    locks: Mutex<HashMap<ObjectName, Weak<RwLock<()>>>>,
}

/// A lease on one key; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    leases: Arc<Leases>,
    object: ObjectName,
    /// Gone only while it is being dropped.
    guard: Option<Guard>,
}

#[derive(Debug)]
#[expect(dead_code, reason = "they are held")]
enum Guard {
    Read(OwnedRwLockReadGuard<()>),
    Write(OwnedRwLockWriteGuard<()>),
}

/// Others hold the key for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy;

impl Leases {
    /// Leave to read, beside other readers.
    pub(super) async fn read(self: &Arc<Self>, object: &ObjectName) -> Result<Lease, Busy> {
        let lock = self.lock(object);
        let guard = timeout(PATIENCE, lock.read_owned()).await;
        self.lease(object, guard.map(Guard::Read))
    }

    /// Leave to change, with no reader and no other change.
    pub(super) async fn write(self: &Arc<Self>, object: &ObjectName) -> Result<Lease, Busy> {
        let lock = self.lock(object);
        let guard = timeout(PATIENCE, lock.write_owned()).await;
        self.lease(object, guard.map(Guard::Write))
    }

    fn lock(&self, object: &ObjectName) -> Arc<RwLock<()>> {
        let mut locks = self.locks();
        if let Some(lock) = locks.get(object).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(RwLock::new(()));
        locks.insert(object.clone(), Arc::downgrade(&lock));
        lock
    }

    fn lease<E>(
        self: &Arc<Self>,
        object: &ObjectName,
        guard: Result<Guard, E>,
    ) -> Result<Lease, Busy> {
        match guard {
            Ok(guard) => Ok(Lease {
                leases: Arc::clone(self),
                object: object.clone(),
                guard: Some(guard),
            }),
            Err(_) => {
                self.forget(object);
                Err(Busy)
            }
        }
    }

    /// Takes a key out that nobody holds any more.
    fn forget(&self, object: &ObjectName) {
        let mut locks = self.locks();
        if locks
            .get(object)
            .is_some_and(|lock| lock.strong_count() == 0)
        {
            locks.remove(object);
        }
    }

    fn locks(&self) -> MutexGuard<'_, HashMap<ObjectName, Weak<RwLock<()>>>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// On which object.
    pub(super) fn object(&self) -> &ObjectName {
        &self.object
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.guard = None;
        self.leases.forget(&self.object);
    }
}

#[cfg(test)]
mod tests;
