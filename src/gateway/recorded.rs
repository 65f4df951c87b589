//! Buckets of whose objects records are kept: when a bucket becomes one, and what waits for that.

use super::clock;
use super::exchange::Exchange;
use super::fault::Fault;
use super::leases::Lease;
use super::objects::{busy, refused};
use super::passing::malformed;
use crate::state::ObjectName;
use http::StatusCode;
use portcullis_core::admission::{BucketRecord, Keeping, KeptObject, Permit, Recorded};
use portcullis_core::controls::acl::Acl;
use portcullis_core::controls::lock::LockConfiguration;
use portcullis_core::controls::settings::{Setting, SettingChange};
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::names::BucketName;
use std::sync::Arc;

impl Exchange<'_> {
    /// Whether a change may go on without a record. Until it has ended, the bucket does not become one of which records are
    /// kept: so no record is ever of an object that such a change put in the place of another.
    pub(super) async fn goes_unrecorded(&mut self, keeping: &Keeping) -> Result<bool, Fault> {
        if keeping.recorded == Recorded::Yes {
            return Ok(false);
        }
        let bucket = &keeping.object.bucket;
        let gate = gate(bucket);
        if !self.reading.iter().any(|lease| *lease.object() == gate) {
            let lease = self.gateway.leases.read(&gate).await;
            self.reading.push(lease.map_err(busy)?);
        }
        let buckets = self.gateway.store.buckets();
        let marked = |record: &BucketRecord| {
            record.settings.acl.is_some() || record.settings.object_lock.is_some()
        };
        Ok(!buckets.get(bucket).is_some_and(marked))
    }

    /// Puts the object's bucket on record, if it is not, and marks it as one of which records are kept.
    pub(super) async fn on_record(
        &mut self,
        permit: &Permit,
        object: &KeptObject,
    ) -> Result<ObjectName, Fault> {
        let store = &self.gateway.store;
        let KeptObject {
            bucket,
            incarnation,
            bucket_owner,
            key,
        } = object;
        let known = store.buckets().get(bucket).cloned();
        let record = match (known, incarnation) {
            (Some(record), _) => record,
            (None, Some(_)) => return Err(Fault::Refused(ErrorCode::NoSuchBucket.into())),
            (None, None) => {
                self.must_have(permit, bucket).await?;
                let upstream = self.target(permit)?.name;
                let adopted = store.adopt(bucket, *bucket_owner, &upstream, clock::now());
                adopted.await.map_err(refused)?
            }
        };
        if incarnation.is_some_and(|known| known != record.incarnation) {
            return Err(Fault::Refused(ErrorCode::NoSuchBucket.into()));
        }
        let of_files = self.snapshot.rules.files.get(bucket.as_str());
        let lock = of_files.and_then(|files| files.object_lock);
        if lock.is_some() && record.settings.object_lock.is_none() {
            self.mark_locked(permit, bucket, record.incarnation).await?;
        } else if record.settings.acl.is_none() && record.settings.object_lock.is_none() {
            let _gate = self.close_gate(bucket).await?;
            let accounts = &self.snapshot.rules.directory.accounts;
            let owner = accounts.get(bucket_owner);
            let acl = Acl::private(owner.map_or("", |owner| &owner.canonical_id));
            let mark = SettingChange::Put(Setting::Acl(Arc::new(acl)));
            let marked = store.change(bucket, record.incarnation, mark).await;
            marked.map_err(refused)?;
            self.gateway.publish_state();
        }
        Ok(ObjectName {
            bucket: bucket.clone(),
            incarnation: record.incarnation,
            key: key.clone(),
        })
    }

    /// A bucket that has Object Lock because files say so has it for good once there is something to lock.
    async fn mark_locked(
        &mut self,
        permit: &Permit,
        bucket: &BucketName,
        incarnation: u64,
    ) -> Result<(), Fault> {
        let (gateway, snapshot) = (Arc::clone(self.gateway), Arc::clone(&self.snapshot));
        let position = permit.upstream().unwrap_or(usize::MAX);
        gateway.make_lockable(&snapshot, position, bucket).await?;
        let _gate = self.close_gate(bucket).await?;
        let mark = SettingChange::Put(Setting::ObjectLock(LockConfiguration::default()));
        let marked = gateway.store.change(bucket, incarnation, mark).await;
        marked.map_err(refused)?;
        gateway.publish_state();
        gateway.keep_lock_clock().await.map_err(Fault::Store)
    }

    /// Waits for changes of a bucket's objects that are under way without a record, and holds up those that come.
    pub(super) async fn close_gate(&mut self, bucket: &BucketName) -> Result<Lease, Fault> {
        let gate = gate(bucket);
        self.reading.retain(|lease| *lease.object() != gate);
        self.gateway.leases.write(&gate).await.map_err(busy)
    }

    /// A bucket that the store does not know must be at the upstream before anything is kept of it.
    async fn must_have(&self, permit: &Permit, bucket: &BucketName) -> Result<(), Fault> {
        let position = permit.upstream().unwrap_or(usize::MAX);
        match self.gateway.has(&self.snapshot, position, bucket).await {
            Some(true) => Ok(()),
            Some(false) => Err(Fault::Refused(ErrorCode::NoSuchBucket.into())),
            None => Err(malformed(StatusCode::BAD_GATEWAY)),
        }
    }
}

/// Stands for all objects of a bucket, in whichever incarnation.
pub(super) fn gate(bucket: &BucketName) -> ObjectName {
    ObjectName {
        bucket: bucket.clone(),
        incarnation: 0,
        key: "".into(),
    }
}
