//! What must survive a restart: which buckets were created through the gateway, by whom, and for the how-manieth time;
//! and what was set on them and on accounts.
//!
//! [`Store`] is the promise; [`RedbStore`] keeps it in one file, [`MemoryStore`] until the process ends, and [`NoStore`]
//! is what a gateway without a `state:` entry has. A change is durable before its caller hears of it and visible in
//! [`Store::buckets`] or [`Store::accounts`] before that too.
//!
//! A CreateBucket finds the bucket absent, claims the name, creates, and commits or abandons the claim. A claim that a
//! crash left behind is in [`Store::unresolved`], for the gateway to settle by asking the upstream. A bucket that was
//! not created through the gateway is adopted before anything is set on it.
//!
//! Of objects it keeps records, one for each version that was written through the gateway. What is to be done to an object
//! is begun here, then done at the upstream, then settled; [`Store::object`] names all that may be true meanwhile. An
//! intent that nobody settled is in [`Store::unresolved_intents`], for the gateway to settle by asking the upstream.
//!
//! Settings and records belong to one incarnation of a bucket: they go when it does.

mod change;
mod intents;
mod ledger;
mod memory;
mod notes;
mod nothing;
mod objects;
mod possible;
mod redb;
#[cfg(test)]
mod tests;

pub use self::redb::{RedbStore, restore};
pub use memory::MemoryStore;
pub use notes::{Note, Notes};
pub use nothing::NoStore;
pub use objects::{Ending, Intent, NULL_VERSION, ObjectName, OpenIntent, VersionRecord};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{AccountSettings, BucketSettings, SettingChange};
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Every bucket the store knows.
pub type Buckets = HashMap<BucketName, BucketRecord>;

/// Every account on which something is set.
pub type Accounts = HashMap<AccountId, AccountSettings>;

/// Whether a state file is the one that was there before. Who relies on what a store does not know, e.g. that no lock is
/// on an object, may do so of one that is [`Origin::Same`] or [`Origin::New`] alone: another may have forgotten.
///
/// It is said once: the next opening of the same file finds it the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The one that was there, with everything it was known to hold.
    Same,
    /// It was made just now; there was none.
    New,
    /// A backup, put into place by [`restore`].
    Restored,
    /// Another one, or an older copy, that somebody put into its place; also one whose witness is gone.
    Replaced,
}

/// Leave to create a bucket, and the duty to say what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The bucket that is being created.
    pub bucket: BucketName,
    /// What will be recorded of it.
    pub record: BucketRecord,
}

/// Durable state. All methods may be called from any task.
#[async_trait]
pub trait Store: Send + Sync {
    /// Records durably that `owner` is about to create `bucket` on `upstream`. Of several claims to one name, one wins.
    /// The bucket is not in [`Store::buckets`] until the claim is committed; it begins with these settings.
    ///
    /// Await it to the end, and settle the claim whatever happens: a claim that is dropped keeps its name taken until the
    /// next start lists it as unresolved.
    ///
    /// Fails with [`StoreError::AlreadyExists`] for a bucket on record, [`StoreError::BeingCreated`] for an open claim.
    async fn claim(
        &self,
        bucket: &BucketName,
        owner: AccountId,
        upstream: &str,
        settings: BucketSettings,
        now: Timestamp,
    ) -> Result<Claim, StoreError>;

    /// The upstream has created the bucket: the claim becomes its record.
    async fn commit(&self, claim: &Claim) -> Result<(), StoreError>;

    /// The upstream has not created the bucket: the name is free again. Its incarnation is not used a second time.
    async fn abandon(&self, claim: &Claim) -> Result<(), StoreError>;

    /// Nobody knows what became of the creation: the claim stays open, and is [unresolved](Store::unresolved) from now on.
    async fn release(&self, claim: &Claim) -> Result<(), StoreError>;

    /// The upstream has deleted this incarnation of the bucket: its settings, and all that is kept of its objects, go with
    /// it. Another incarnation is left alone, with
    /// [`StoreError::NotOnRecord`].
    async fn forget(&self, bucket: &BucketName, incarnation: u64) -> Result<(), StoreError>;

    /// Puts a bucket on record that exists on `upstream` and was not created through the gateway, without settings. One
    /// that is on record stays as it is, whoever its owner: its record is returned.
    ///
    /// Fails with [`StoreError::BeingCreated`] for an open claim, and with [`StoreError::ReadOnly`].
    async fn adopt(
        &self,
        bucket: &BucketName,
        owner: AccountId,
        upstream: &str,
        now: Timestamp,
    ) -> Result<BucketRecord, StoreError>;

    /// Changes what is set on this incarnation of a bucket, and returns all that is set on it then.
    ///
    /// Fails with [`StoreError::NotOnRecord`] for another incarnation, and with [`StoreError::ReadOnly`].
    async fn change(
        &self,
        bucket: &BucketName,
        incarnation: u64,
        change: SettingChange,
    ) -> Result<Arc<BucketSettings>, StoreError>;

    /// Sets the Block Public Access flags of an account, or with `None` removes them; they need not be there.
    ///
    /// Fails with [`StoreError::ReadOnly`].
    async fn change_account(
        &self,
        account: AccountId,
        block: Option<PublicAccessBlock>,
    ) -> Result<(), StoreError>;

    /// Records durably what is about to be done to objects, in this order; all of it or nothing. Only then may the upstream
    /// be asked to do it. No id of an intent is ever given twice.
    ///
    /// Settle what is returned whatever happens. Of a call that is dropped before it ends, or that fails with
    /// [`StoreError::Unavailable`], what became durable is [unresolved](Store::unresolved_intents).
    ///
    /// Fails with [`StoreError::NotOnRecord`] for an incarnation that is not on record, and with
    /// [`StoreError::ReadOnly`].
    async fn begin(
        &self,
        intents: Vec<(ObjectName, Intent)>,
        now: Timestamp,
    ) -> Result<Vec<OpenIntent>, StoreError>;

    /// Says what became of intents, in this order and one durable step. An intent that is not open any more is passed over.
    ///
    /// A version that was written is the current one from now on. One that was destroyed has no record any more.
    ///
    /// However it ends, nobody holds these intents afterwards: those that are still open, because their end is
    /// [unknown](Ending::Unknown) or because this fails or is dropped, are [unresolved](Store::unresolved_intents).
    async fn settle(&self, endings: Vec<(OpenIntent, Ending)>) -> Result<(), StoreError>;

    /// Replaces the record of a version that exists, or gives it one, as PutObjectAcl does. There is no intent, as the
    /// upstream has no part in it.
    ///
    /// It changes nothing in which version is the current one; one that had no record is taken to be older than all that
    /// were written through the gateway.
    ///
    /// Fails with [`StoreError::NotOnRecord`] for an incarnation that is not on record, and with
    /// [`StoreError::ReadOnly`].
    async fn set_object(
        &self,
        object: &ObjectName,
        version: &str,
        record: ObjectRecord,
    ) -> Result<(), StoreError>;

    /// What may be on record of a version, or of the current one for `None`: at least one element, each once, and `None`
    /// for no record. More than one while intents are open on the key: whoever is to have access must have it by each.
    ///
    /// Of the current version, the record of the one that was written last, or while that is being destroyed the one
    /// before it as well, and so on; and all that is being written. If the version that was written last is not known,
    /// because one was only [set](Store::set_object) in a bucket with versions, no record is possible, too. Of a named
    /// version, its record; and all that is being written, if it has none or is [`NULL_VERSION`], as a new version can be
    /// known to others before its write is settled.
    ///
    /// It is of one moment, and sees every change that was acknowledged before. Fails with [`StoreError::Unavailable`]
    /// or [`StoreError::Unreadable`] rather than take a record for none that it cannot read.
    async fn object(
        &self,
        object: &ObjectName,
        version: Option<&str>,
    ) -> Result<Vec<Option<ObjectRecord>>, StoreError>;

    /// Keeps what was asked for an object whose parts are about to be uploaded, until it is dropped.
    ///
    /// Fails with [`StoreError::NotOnRecord`] for an incarnation that is not on record, and with
    /// [`StoreError::ReadOnly`].
    async fn keep_upload(
        &self,
        object: &ObjectName,
        upload_id: &str,
        record: ObjectRecord,
    ) -> Result<(), StoreError>;

    /// What was asked for it, if it is kept. Fails as [`Store::object`] does.
    async fn upload(
        &self,
        object: &ObjectName,
        upload_id: &str,
    ) -> Result<Option<ObjectRecord>, StoreError>;

    /// The upload is completed or aborted. It need not be there.
    ///
    /// Fails with [`StoreError::ReadOnly`].
    async fn drop_upload(&self, object: &ObjectName, upload_id: &str) -> Result<(), StoreError>;

    /// Keeps a document of the gateway's own in the place of what was there, or with `None` removes it.
    ///
    /// Fails with [`StoreError::ReadOnly`].
    async fn note(&self, note: Note, document: Option<Bytes>) -> Result<(), StoreError>;

    /// The records of a bucket's versions, in the order of their keys, after this version of this key or from the first:
    /// as many as this, or all that are left. What is open is not among them.
    ///
    /// Fails as [`Store::object`] does.
    async fn records(
        &self,
        bucket: &BucketName,
        incarnation: u64,
        after: Option<(Box<str>, Box<str>)>,
        most: usize,
    ) -> Result<Vec<VersionRecord>, StoreError>;

    /// Every document of the gateway's own. Takes no lock; the map is never changed, but replaced.
    fn notes(&self) -> Arc<Notes>;

    /// Every bucket on record. Takes no lock; the map is never changed, but replaced.
    fn buckets(&self) -> Arc<Buckets>;

    /// Every account on which something is set. Takes no lock; the map is never changed, but replaced.
    fn accounts(&self) -> Arc<Accounts>;

    /// Claims that nobody in this process holds: found at open, or left over from a failure of the store.
    fn unresolved(&self) -> Vec<Claim>;

    /// Open intents that nobody in this process holds, the oldest first: found at open, ended [`Ending::Unknown`], or left
    /// over from a failure of the store or a call that was dropped.
    fn unresolved_intents(&self) -> Vec<OpenIntent>;
}

/// Why the store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The bucket is on record.
    #[error("the bucket is on record already")]
    AlreadyExists {
        /// Its record.
        record: BucketRecord,
    },
    /// Somebody else is creating the bucket, or was when the gateway ended.
    #[error("the bucket is being created")]
    BeingCreated {
        /// Their claim.
        record: BucketRecord,
    },
    /// No such claim is open, or no such incarnation is on record.
    #[error("incarnation {incarnation} of bucket `{bucket}` is not on record")]
    NotOnRecord {
        /// The bucket.
        bucket: BucketName,
        /// The incarnation asked for.
        incarnation: u64,
    },
    /// There is no store to keep the change.
    #[error("nothing can be set: the gateway has no `state`")]
    ReadOnly,
    /// The change may or may not be durable: the disk or the database failed, or too many changes wait.
    #[error("the state store is unavailable: {0}")]
    Unavailable(String),
    /// A file that must not be overwritten.
    #[error("the file `{path}` is there already", path = .0.display())]
    FileExists(PathBuf),
    /// Another process has the store open.
    #[error("the state file `{path}` is in use by another process", path = .0.display())]
    Locked(PathBuf),
    /// It was written by a newer release.
    #[error(
        "the state file `{path}` has format {found}, and this release reads up to format {known}",
        path = .path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format known here.
        known: u64,
    },
    /// It is not a state file, or it is damaged. It is never taken for an empty one.
    #[error("the state file `{path}` cannot be read: {reason}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
