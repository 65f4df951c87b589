//! The embedded store: one file, one thread that writes.
//!
//! Changes queue for the thread. It takes all that wait, applies them to its ledger, makes them durable in one
//! transaction, publishes the new view and only then answers: so one sync serves everybody who waited for it.
//!
//! The file is a redb database. Table `meta` holds `format`; table `buckets` holds per bucket name one JSON object
//! `{"state", "incarnation", "owner", "created", "upstream"}`, the last three not for `gone`. The file belongs to one
//! process at a time.

mod file;
mod writer;

use super::ledger::Change;
use super::{Buckets, Claim, Store, StoreError};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use file::StateFile;
use jiff::Timestamp;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use writer::{Request, Writer};

/// Changes that may wait for the thread.
const QUEUE: usize = 1024;

/// A store in one file on a local disk.
#[derive(Debug)]
pub struct RedbStore {
    /// Gone once the store is being dropped.
    requests: Option<SyncSender<Request>>,
    published: Arc<Published>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What readers see; replaced after every durable change.
#[derive(Debug, Default)]
struct Published {
    buckets: ArcSwap<Buckets>,
    unresolved: ArcSwap<Vec<Claim>>,
}

impl RedbStore {
    /// Opens the file, or makes it if there is none.
    ///
    /// Fails when another process has it open, when it is damaged or no state file, and when a newer release wrote it.
    /// Blocks for the time of some disk accesses.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let file = StateFile::open(path.as_ref())?;
        let published = Arc::new(Published::default());
        let (requests, queue) = sync_channel(QUEUE);
        let writer = Writer::new(file, Arc::clone(&published))?;
        let thread = std::thread::Builder::new()
            .name("state".to_owned())
            .spawn(move || writer.run(&queue))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self {
            requests: Some(requests),
            published,
            thread: Mutex::new(Some(thread)),
        })
    }

    async fn apply(&self, change: Change) -> Result<Option<Claim>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let sent = match &self.requests {
            Some(requests) => requests.try_send(Request { change, answer }),
            None => return Err(ended()),
        };
        match sent {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(ended())),
            Err(TrySendError::Full(_)) => Err(StoreError::Unavailable(format!(
                "{QUEUE} changes are waiting"
            ))),
            Err(TrySendError::Disconnected(_)) => Err(ended()),
        }
    }
}

fn ended() -> StoreError {
    StoreError::Unavailable("its thread has ended".to_owned())
}

#[async_trait]
impl Store for RedbStore {
    async fn claim(
        &self,
        bucket: &BucketName,
        owner: AccountId,
        upstream: &str,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let change = Change::Claim {
            bucket: bucket.clone(),
            owner,
            upstream: upstream.into(),
            now,
        };
        self.apply(change).await?.ok_or_else(ended)
    }

    async fn commit(&self, claim: &Claim) -> Result<(), StoreError> {
        self.apply(Change::Commit(claim.clone())).await.map(drop)
    }

    async fn abandon(&self, claim: &Claim) -> Result<(), StoreError> {
        self.apply(Change::Abandon(claim.clone())).await.map(drop)
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        self.apply(Change::Release(claim.clone())).await.map(drop)
    }

    async fn forget(&self, bucket: &BucketName, incarnation: u64) -> Result<(), StoreError> {
        let change = Change::Forget {
            bucket: bucket.clone(),
            incarnation,
        };
        self.apply(change).await.map(drop)
    }

    fn buckets(&self) -> Arc<Buckets> {
        self.published.buckets.load_full()
    }

    fn unresolved(&self) -> Vec<Claim> {
        self.published.unresolved.load().to_vec()
    }
}

impl Drop for RedbStore {
    /// Finishes what waits and closes the file.
    fn drop(&mut self) {
        self.requests = None;
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
