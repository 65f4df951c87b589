//! Stores that keep nothing on disk.

mod rows;

use super::ledger::{Arrival, Change, Ledger, Outcome, RowChange};
use super::objects::possible;
use super::{
    Accounts, Buckets, Claim, Ending, Intent, ObjectName, OpenIntent, SettingChange, Store,
    StoreError,
};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::s3::names::{AccountId, BucketName};
use rows::Rows;
use std::sync::{Arc, Mutex, PoisonError};

/// A store that lasts as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    ledger: Mutex<Ledger>,
    rows: Mutex<Rows>,
    buckets: ArcSwap<Buckets>,
    accounts: ArcSwap<Accounts>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn apply(&self, change: Change) -> Outcome {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = Vec::new();
        let done = ledger.apply(change, &mut places)?;
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        places.into_iter().for_each(|place| rows.apply(place));
        self.buckets.store(ledger.buckets());
        self.accounts.store(ledger.accounts());
        Ok(done)
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("the answer was lost".to_owned())
}

#[async_trait]
impl Store for MemoryStore {
    async fn claim(
        &self,
        bucket: &BucketName,
        owner: AccountId,
        upstream: &str,
        settings: BucketSettings,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let arrival = Arrival {
            bucket: bucket.clone(),
            owner,
            upstream: upstream.into(),
            settings: Arc::new(settings),
            now,
        };
        self.apply(Change::Claim(arrival))?.claim().ok_or_else(lost)
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

    async fn adopt(
        &self,
        bucket: &BucketName,
        owner: AccountId,
        upstream: &str,
        now: Timestamp,
    ) -> Result<BucketRecord, StoreError> {
        let arrival = Arrival {
            bucket: bucket.clone(),
            owner,
            upstream: upstream.into(),
            settings: Arc::default(),
            now,
        };
        let adopted = self.apply(Change::Adopt(arrival))?.record();
        adopted.ok_or_else(lost)
    }

    async fn change(
        &self,
        bucket: &BucketName,
        incarnation: u64,
        change: SettingChange,
    ) -> Result<Arc<BucketSettings>, StoreError> {
        let change = Change::Set {
            bucket: bucket.clone(),
            incarnation,
            change,
        };
        self.apply(change)?.settings().ok_or_else(lost)
    }

    async fn change_account(
        &self,
        account: AccountId,
        block: Option<PublicAccessBlock>,
    ) -> Result<(), StoreError> {
        self.apply(Change::SetAccount { account, block }).map(drop)
    }

    async fn begin(
        &self,
        intents: Vec<(ObjectName, Intent)>,
        now: Timestamp,
    ) -> Result<Vec<OpenIntent>, StoreError> {
        self.apply(Change::Begin(intents, now))?
            .begun()
            .ok_or_else(lost)
    }

    async fn settle(&self, endings: Vec<(OpenIntent, Ending)>) -> Result<(), StoreError> {
        self.apply(Change::Settle(endings)).map(drop)
    }

    async fn set_object(
        &self,
        object: &ObjectName,
        version: &str,
        record: ObjectRecord,
    ) -> Result<(), StoreError> {
        let change = RowChange::Set(object.clone(), version.into(), record);
        self.apply(Change::Rows(change)).map(drop)
    }

    async fn object(
        &self,
        object: &ObjectName,
        version: Option<&str>,
    ) -> Result<Vec<Option<ObjectRecord>>, StoreError> {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let open = ledger.intents().of(object);
        Ok(possible(rows.versions(object), &open, version))
    }

    async fn keep_upload(
        &self,
        object: &ObjectName,
        upload: &str,
        record: ObjectRecord,
    ) -> Result<(), StoreError> {
        let change = RowChange::KeepUpload(object.clone(), upload.into(), record);
        self.apply(Change::Rows(change)).map(drop)
    }

    async fn upload(
        &self,
        object: &ObjectName,
        upload: &str,
    ) -> Result<Option<ObjectRecord>, StoreError> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(rows.upload(object, upload))
    }

    async fn drop_upload(&self, object: &ObjectName, upload: &str) -> Result<(), StoreError> {
        let change = RowChange::DropUpload(object.clone(), upload.into());
        self.apply(Change::Rows(change)).map(drop)
    }

    fn unresolved_intents(&self) -> Vec<OpenIntent> {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.intents().unresolved()
    }

    fn buckets(&self) -> Arc<Buckets> {
        self.buckets.load_full()
    }

    fn accounts(&self) -> Arc<Accounts> {
        self.accounts.load_full()
    }

    fn unresolved(&self) -> Vec<Claim> {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        ledger.unresolved()
    }
}

/// What a gateway without a `state:` entry has: every claim passes and nothing is remembered, so that a bucket belongs
/// to the account that its upstream's configuration names, and nothing can be set.
#[derive(Debug, Default)]
pub struct NoStore {
    buckets: Arc<Buckets>,
    accounts: Arc<Accounts>,
}

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
        settings: BucketSettings,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let arrival = Arrival {
            bucket: bucket.clone(),
            owner,
            upstream: upstream.into(),
            settings: Arc::new(settings),
            now,
        };
        Ok(Claim {
            bucket: bucket.clone(),
            record: arrival.record(0),
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

    async fn adopt(
        &self,
        _: &BucketName,
        _: AccountId,
        _: &str,
        _: Timestamp,
    ) -> Result<BucketRecord, StoreError> {
        Err(StoreError::ReadOnly)
    }

    async fn change(
        &self,
        _: &BucketName,
        _: u64,
        _: SettingChange,
    ) -> Result<Arc<BucketSettings>, StoreError> {
        Err(StoreError::ReadOnly)
    }

    async fn change_account(
        &self,
        _: AccountId,
        _: Option<PublicAccessBlock>,
    ) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly)
    }

    async fn begin(
        &self,
        _: Vec<(ObjectName, Intent)>,
        _: Timestamp,
    ) -> Result<Vec<OpenIntent>, StoreError> {
        Err(StoreError::ReadOnly)
    }

    async fn settle(&self, _: Vec<(OpenIntent, Ending)>) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly)
    }

    async fn set_object(&self, _: &ObjectName, _: &str, _: ObjectRecord) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly)
    }

    async fn object(
        &self,
        _: &ObjectName,
        _: Option<&str>,
    ) -> Result<Vec<Option<ObjectRecord>>, StoreError> {
        Ok(vec![None])
    }

    async fn keep_upload(
        &self,
        _: &ObjectName,
        _: &str,
        _: ObjectRecord,
    ) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly)
    }

    async fn upload(&self, _: &ObjectName, _: &str) -> Result<Option<ObjectRecord>, StoreError> {
        Ok(None)
    }

    async fn drop_upload(&self, _: &ObjectName, _: &str) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly)
    }

    fn unresolved_intents(&self) -> Vec<OpenIntent> {
        Vec::new()
    }

    fn buckets(&self) -> Arc<Buckets> {
        Arc::clone(&self.buckets)
    }

    fn accounts(&self) -> Arc<Accounts> {
        Arc::clone(&self.accounts)
    }

    fn unresolved(&self) -> Vec<Claim> {
        Vec::new()
    }
}
