//! Stores that keep nothing on disk.

use super::ledger::{Change, Ledger, Outcome};
use super::{Buckets, Claim, Store, StoreError};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::sync::{Arc, Mutex, PoisonError};

/// A store that lasts as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    ledger: Mutex<Ledger>,
    published: ArcSwap<Buckets>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn apply(&self, change: Change) -> Outcome {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = ledger.apply(change)?;
        self.published.store(ledger.buckets());
        Ok(outcome)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn claim(
        &self,
        bucket: &BucketName,
        owner: AccountId,
        upstream: &str,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let claimed = self.apply(Change::Claim {
            bucket: bucket.clone(),
            owner,
            upstream: upstream.into(),
            now,
        })?;
        claimed.ok_or_else(|| StoreError::Unavailable("the claim was lost".to_owned()))
    }

    async fn commit(&self, claim: &Claim) -> Result<(), StoreError> {
        self.apply(Change::Commit(claim.clone())).map(drop)
    }

    async fn abandon(&self, claim: &Claim) -> Result<(), StoreError> {
        self.apply(Change::Abandon(claim.clone())).map(drop)
    }

    async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        self.apply(Change::Release(claim.clone())).map(drop)
    }

    async fn forget(&self, bucket: &BucketName, incarnation: u64) -> Result<(), StoreError> {
        let bucket = bucket.clone();
        let change = Change::Forget {
            bucket,
            incarnation,
        };
        self.apply(change).map(drop)
    }

    fn buckets(&self) -> Arc<Buckets> {
        self.published.load_full()
    }

    fn unresolved(&self) -> Vec<Claim> {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.unresolved()
    }
}

/// What a gateway without a `state:` entry has: every claim passes and nothing is remembered, so that a bucket belongs
/// to the account that its upstream's configuration names.
#[derive(Debug, Default)]
pub struct NoStore(Arc<Buckets>);

impl NoStore {
    /// The store that remembers nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Store for NoStore {
    /// Always passes, with incarnation 0, which no store that remembers gives.
    async fn claim(
        &self,
        bucket: &BucketName,
        owner: AccountId,
        upstream: &str,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        Ok(Claim {
            bucket: bucket.clone(),
            record: BucketRecord {
                owner,
                incarnation: 0,
                created: now,
                upstream: upstream.into(),
            },
        })
    }

    async fn commit(&self, _: &Claim) -> Result<(), StoreError> {
        Ok(())
    }

    async fn abandon(&self, _: &Claim) -> Result<(), StoreError> {
        Ok(())
    }

    async fn release(&self, _: &Claim) -> Result<(), StoreError> {
        Ok(())
    }

    async fn forget(&self, _: &BucketName, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    fn buckets(&self) -> Arc<Buckets> {
        Arc::clone(&self.0)
    }

    fn unresolved(&self) -> Vec<Claim> {
        Vec::new()
    }
}
