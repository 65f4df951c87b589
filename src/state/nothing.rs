//! The store that remembers nothing.

use super::change::Arrival;
use super::objects::{Ending, Intent, ObjectName, OpenIntent};
use super::{
    Accounts, Buckets, Claim, Note, Notes, SettingChange, Store, StoreError, VersionRecord,
};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::sync::Arc;

/// What a gateway without a `state:` entry has: every claim passes and nothing is remembered, so that a bucket belongs
/// to the account that its upstream's configuration names, nothing can be set, and no object has a record.
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

    async fn note(&self, _: Note, _: Option<Bytes>) -> Result<(), StoreError> {
        Err(StoreError::ReadOnly)
    }

    async fn records(
        &self,
        _: &BucketName,
        _: u64,
        _: Option<(Box<str>, Box<str>)>,
        _: usize,
    ) -> Result<Vec<VersionRecord>, StoreError> {
        Ok(Vec::new())
    }

    fn notes(&self) -> Arc<Notes> {
        Arc::default()
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

    fn unresolved_intents(&self) -> Vec<OpenIntent> {
        Vec::new()
    }
}
