//! Who reads and who changes an object whose ACL counts: what a reader was let in by does not change until the upstream
//! has opened the object, and what is written is not seen under the ACL of what was there before.

use crate::state::ObjectName;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::time::timeout;

/// How long to wait for the others.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lock of one key: many read or one changes, in the order in which they came. A seam: tests put a lock here of which
/// they try the orders of events.
pub(super) trait Lock: Debug + Default + Send + Sync + 'static {
    /// While it is there, nobody changes.
    type Read: Debug + Send;
    /// While it is there, nobody else reads or changes.
    type Write: Debug + Send;

    /// Waits, but not for ever.
    fn read(self: Arc<Self>) -> impl Future<Output = Result<Self::Read, Busy>> + Send;

    /// The same to change.
    fn write(self: Arc<Self>) -> impl Future<Output = Result<Self::Write, Busy>> + Send;
}

impl Lock for RwLock<()> {
    type Read = OwnedRwLockReadGuard<()>;
    type Write = OwnedRwLockWriteGuard<()>;

    async fn read(self: Arc<Self>) -> Result<Self::Read, Busy> {
        timeout(PATIENCE, self.read_owned()).await.map_err(|_| Busy)
    }

    async fn write(self: Arc<Self>) -> Result<Self::Write, Busy> {
        let guard = timeout(PATIENCE, self.write_owned()).await;
        guard.map_err(|_| Busy)
    }
}

/// The leases that are out. Those who wait for the same key are served in turn.
#[derive(Debug)]
pub(super) struct Leases<L: Lock = RwLock<()>> {
    // INVARIANT: a key is here as long as somebody holds its lock or waits for it.
    locks: Mutex<HashMap<ObjectName, Weak<L>>>,
}

/// A lease on one key; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Lease<L: Lock = RwLock<()>> {
    leases: Arc<Leases<L>>,
    object: ObjectName,
    /// Not there while it is waited for, and while it is being dropped.
    guard: Option<Guard<L>>,
}

#[derive(Debug)]
enum Guard<L: Lock> {
    Read(L::Read),
    Write(L::Write),
}

/// Others hold the key for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy;

impl<L: Lock> Default for Leases<L> {
    fn default() -> Self {
        Self {
            locks: Mutex::default(),
        }
    }
}

impl<L: Lock> Leases<L> {
    /// Leave to read, beside other readers.
    pub(super) async fn read(self: &Arc<Self>, object: &ObjectName) -> Result<Lease<L>, Busy> {
        let mut lease = self.begin(object);
        let lock = self.lock(object);
        lease.guard = Some(Guard::Read(lock.read().await?));
        Ok(lease)
    }

    /// Leave to change, with no reader and no other change.
    pub(super) async fn write(self: &Arc<Self>, object: &ObjectName) -> Result<Lease<L>, Busy> {
        let mut lease = self.begin(object);
        let lock = self.lock(object);
        lease.guard = Some(Guard::Write(lock.write().await?));
        Ok(lease)
    }

    /// Before the lock is asked for: so it is dropped after that, and takes the key out also if nobody waits any more.
    fn begin(self: &Arc<Self>, object: &ObjectName) -> Lease<L> {
        Lease {
            leases: Arc::clone(self),
            object: object.clone(),
            guard: None,
        }
    }

    fn lock(&self, object: &ObjectName) -> Arc<L> {
        let mut locks = self.locks();
        if let Some(lock) = locks.get(object).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::<L>::default();
        locks.insert(object.clone(), Arc::downgrade(&lock));
        lock
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

    fn locks(&self) -> MutexGuard<'_, HashMap<ObjectName, Weak<L>>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<L: Lock> Lease<L> {
    /// On which object.
    pub(super) fn object(&self) -> &ObjectName {
        &self.object
    }
}

impl<L: Lock> Drop for Lease<L> {
    fn drop(&mut self) {
        self.guard = None;
        self.leases.forget(&self.object);
    }
}

#[cfg(test)]
mod tests;
