//! The store without a disk.

mod shelf;

use super::change::{Arrival, Change, Outcome};
use super::intents::{Held, ObjectChange};
use super::ledger::Ledger;
use super::objects::{Ending, Intent, ObjectName, OpenIntent};
use super::possible::{of_current, of_version};
use super::{
    Accounts, Buckets, Claim, Note, Notes, SettingChange, Store, StoreError, VersionRecord,
};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::s3::names::{AccountId, BucketName};
use shelf::Shelf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A store that lasts as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
    buckets: ArcSwap<Buckets>,
    accounts: ArcSwap<Accounts>,
}

#[derive(Debug, Default)]
struct Kept {
    ledger: Ledger,
    shelf: Shelf,
}

impl Kept {
    /// What is open on a key, the oldest first.
    fn open(&self, object: &ObjectName) -> Vec<Intent> {
        let open = self.ledger.intents().open();
        let on_it = open.values().filter(|open| open.object == *object);
        on_it.map(|open| open.intent.clone()).collect()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn apply(&self, change: Change) -> Outcome {
        let mut kept = self.kept();
        let done = kept.ledger.apply(change)?;
        for edit in kept.ledger.take_edits() {
            kept.shelf.edit(edit);
        }
        self.buckets.store(kept.ledger.buckets());
        self.accounts.store(kept.ledger.accounts());
        Ok(done)
    }

    fn apply_object(&self, change: ObjectChange) -> Outcome {
        self.apply(Change::Object(change))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
        let begun = self.apply_object(ObjectChange::Begin { intents, now })?;
        begun.begun().ok_or_else(lost)
    }

    async fn settle(&self, endings: Vec<(OpenIntent, Ending)>) -> Result<(), StoreError> {
        let holds = self.kept().ledger.intents().holds();
        let _held = Held::until_settled(holds, &endings);
        self.apply_object(ObjectChange::Settle(endings)).map(drop)
    }

    async fn set_object(
        &self,
        object: &ObjectName,
        version: &str,
        record: ObjectRecord,
    ) -> Result<(), StoreError> {
        let change = ObjectChange::Set {
            object: object.clone(),
            version: version.into(),
            record,
        };
        self.apply_object(change).map(drop)
    }

    async fn object(
        &self,
        object: &ObjectName,
        version: Option<&str>,
    ) -> Result<Vec<Option<ObjectRecord>>, StoreError> {
        let kept = self.kept();
        let open = kept.open(object);
        match version {
            Some(version) => Ok(of_version(version, kept.shelf.row(object, version), &open)),
            None => of_current(kept.shelf.rows(object).map(Ok), &open),
        }
    }

    async fn keep_upload(
        &self,
        object: &ObjectName,
        upload_id: &str,
        record: ObjectRecord,
    ) -> Result<(), StoreError> {
        let change = ObjectChange::KeepUpload {
            object: object.clone(),
            upload: upload_id.into(),
            record,
        };
        self.apply_object(change).map(drop)
    }

    async fn upload(
        &self,
        object: &ObjectName,
        upload_id: &str,
    ) -> Result<Option<ObjectRecord>, StoreError> {
        Ok(self.kept().shelf.upload(object, upload_id))
    }

    async fn drop_upload(&self, object: &ObjectName, upload_id: &str) -> Result<(), StoreError> {
        let change = ObjectChange::DropUpload {
            object: object.clone(),
            upload: upload_id.into(),
        };
        self.apply_object(change).map(drop)
    }

    async fn note(&self, note: Note, document: Option<Bytes>) -> Result<(), StoreError> {
        self.apply(Change::Note { note, document }).map(drop)
    }

    async fn records(
        &self,
        bucket: &BucketName,
        incarnation: u64,
        after: Option<(Box<str>, Box<str>)>,
        most: usize,
    ) -> Result<Vec<VersionRecord>, StoreError> {
        let kept = self.kept();
        Ok(kept.shelf.records(bucket, incarnation, after, most))
    }

    fn notes(&self) -> Arc<Notes> {
        self.kept().ledger.notes()
    }

    fn buckets(&self) -> Arc<Buckets> {
        self.buckets.load_full()
    }

    fn accounts(&self) -> Arc<Accounts> {
        self.accounts.load_full()
    }

    fn unresolved(&self) -> Vec<Claim> {
        self.kept().ledger.unresolved()
    }

    fn unresolved_intents(&self) -> Vec<OpenIntent> {
        let kept = self.kept();
        let intents = kept.ledger.intents();
        intents.holds().unresolved(|| intents.open())
    }
}
