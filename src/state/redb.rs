//! The embedded store: one file, one thread that writes.
//!
//! Changes queue for the thread. It takes all that wait, applies them to its ledger, makes them durable in one
//! transaction, publishes the new view and only then answers: so one sync serves everybody who waited for it.
//!
//! Objects are too many to hold them in memory, but for the open intents: whoever asks for their records reads the file,
//! in a transaction of their own that waits for nobody.
//!
//! The file is a redb database, and belongs to one process at a time; `format` says which tables there are.
//!
//! | file | says |
//! |---|---|
//! | `writer` | the thread: batches, failures, what is published |
//! | `access` | the open database, for the thread and for those who read |
//! | `ask` | how the thread is asked for changes, and rows are read |
//! | `file` | the open file |
//! | `format` | which tables there are; taking over what an older release wrote |
//! | `rows` | what the rows of buckets and accounts say |
//! | `objects`, `look`, `record` | writing and reading the rows of objects, and their JSON |
//! | `witness` | whether the file is the one that was there before |
//! | `backup` | copies that can be put back |
//! | `disk` | files that appear whole or not at all |

mod access;
mod ask;
mod backup;
mod disk;
mod file;
mod format;
mod look;
mod objects;
mod record;
mod rows;
mod witness;
mod writer;

pub use backup::restore;

use super::change::{Arrival, Change};
use super::intents::{Held, Holds, ObjectChange, OpenIntents};
use super::objects::{Ending, Intent, ObjectName, OpenIntent};
use super::{
    Accounts, Buckets, Claim, Note, Notes, Origin, SettingChange, Store, StoreError, VersionRecord,
};
use ::redb::ReadTransaction;
use access::{Access, Quick};
use arc_swap::ArcSwap;
use async_trait::async_trait;
use bytes::Bytes;
use file::StateFile;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use writer::{Request, Writer};

/// Changes that may wait for the thread.
const QUEUE: usize = 1024;

/// A store in one file on a local disk.
#[derive(Debug)]
pub struct RedbStore {
    /// Gone once the store is being dropped.
    requests: Option<SyncSender<Request>>,
    published: Arc<Published>,
    access: Arc<Access>,
    origin: Origin,
    quick: Quick,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What readers see; replaced after every durable change.
#[derive(Debug, Default)]
struct Published {
    buckets: ArcSwap<Buckets>,
    accounts: ArcSwap<Accounts>,
    notes: ArcSwap<Notes>,
    unresolved: ArcSwap<Vec<Claim>>,
    intents: ArcSwap<OpenIntents>,
    /// The same for as long as the store is open.
    holds: ArcSwap<Holds>,
}

impl RedbStore {
    /// Opens the file, or makes it if there is none. One that an older release wrote is copied to `<name>.format-` and
    /// its number, and then taken over.
    ///
    /// Fails when another process has it open, when it is damaged or no state file, and when a newer release wrote it;
    /// also when `<name>.witness` cannot be written beside it. Blocks for the time of some disk accesses.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::serve(StateFile::open(path.as_ref(), format::plainly())?)
    }

    fn serve(file: StateFile) -> Result<Self, StoreError> {
        let (origin, access) = (file.origin(), file.access());
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
            access,
            origin,
            quick: Quick::default(),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Where the file came from that was opened.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The format of the file, which grows with every release that changes it.
    pub fn format() -> u64 {
        format::FORMAT
    }

    /// Copies everything that is durable now to a new file, while the store serves; [`restore`] takes it.
    ///
    /// Fails with [`StoreError::FileExists`] rather than overwrite a file. Blocks for as long as writing takes.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let (answer, answered) = sync_channel(1);
        let failed = None;
        let sent = match &self.requests {
            Some(requests) => requests.send(Request::View { failed, answer }),
            None => return Err(ended()),
        };
        sent.map_err(|_| ended())?;
        backup::write(&answered.recv().map_err(|_| ended())??, to)
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
        settings: BucketSettings,
        now: Timestamp,
    ) -> Result<Claim, StoreError> {
        let change = Change::Claim(Arrival {
            bucket: bucket.clone(),
            owner,
            upstream: upstream.into(),
            settings: Arc::new(settings),
            now,
        });
        self.apply(change).await?.claim().ok_or_else(ended)
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

    async fn adopt(
        &self,
        bucket: &BucketName,
        owner: AccountId,
        upstream: &str,
        now: Timestamp,
    ) -> Result<BucketRecord, StoreError> {
        let change = Change::Adopt(Arrival {
            bucket: bucket.clone(),
            owner,
            upstream: upstream.into(),
            settings: Arc::default(),
            now,
        });
        self.apply(change).await?.record().ok_or_else(ended)
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
        self.apply(change).await?.settings().ok_or_else(ended)
    }

    async fn change_account(
        &self,
        account: AccountId,
        block: Option<PublicAccessBlock>,
    ) -> Result<(), StoreError> {
        let change = Change::SetAccount { account, block };
        self.apply(change).await.map(drop)
    }

    async fn begin(
        &self,
        intents: Vec<(ObjectName, Intent)>,
        now: Timestamp,
    ) -> Result<Vec<OpenIntent>, StoreError> {
        let begun = self.apply_object(ObjectChange::Begin { intents, now });
        begun.await?.begun().ok_or_else(ended)
    }

    async fn settle(&self, mut endings: Vec<(OpenIntent, Ending)>) -> Result<(), StoreError> {
        let _held = Held::until_settled(self.published.holds.load_full(), &endings);
        endings.retain(|(_, ending)| *ending != Ending::Unknown);
        if endings.is_empty() {
            // Who no longer holds them is not on disk, and may be said also while that fails.
            return Ok(());
        }
        let settled = self.apply_object(ObjectChange::Settle(endings));
        settled.await.map(drop)
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
        self.apply_object(change).await.map(drop)
    }

    async fn object(
        &self,
        object: &ObjectName,
        version: Option<&str>,
    ) -> Result<Vec<Option<ObjectRecord>>, StoreError> {
        let (object, version) = (object.clone(), version.map(Box::<str>::from));
        let look = move |view: &ReadTransaction| look::object(view, &object, version.as_deref());
        self.look(look).await
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
        self.apply_object(change).await.map(drop)
    }

    async fn upload(
        &self,
        object: &ObjectName,
        upload_id: &str,
    ) -> Result<Option<ObjectRecord>, StoreError> {
        let (object, upload) = (object.clone(), Box::<str>::from(upload_id));
        let look = move |view: &ReadTransaction| look::upload(view, &object, &upload);
        self.look(look).await
    }

    async fn drop_upload(&self, object: &ObjectName, upload_id: &str) -> Result<(), StoreError> {
        let change = ObjectChange::DropUpload {
            object: object.clone(),
            upload: upload_id.into(),
        };
        self.apply_object(change).await.map(drop)
    }

    async fn note(&self, note: Note, document: Option<Bytes>) -> Result<(), StoreError> {
        self.apply(Change::Note { note, document }).await.map(drop)
    }

    async fn records(
        &self,
        bucket: &BucketName,
        incarnation: u64,
        after: Option<(Box<str>, Box<str>)>,
        most: usize,
    ) -> Result<Vec<VersionRecord>, StoreError> {
        let bucket = bucket.clone();
        let look = move |view: &ReadTransaction| {
            look::records(view, &bucket, incarnation, after.as_ref(), most)
        };
        self.look(look).await
    }

    fn notes(&self) -> Arc<Notes> {
        self.published.notes.load_full()
    }

    fn buckets(&self) -> Arc<Buckets> {
        self.published.buckets.load_full()
    }

    fn accounts(&self) -> Arc<Accounts> {
        self.published.accounts.load_full()
    }

    fn unresolved(&self) -> Vec<Claim> {
        self.published.unresolved.load().to_vec()
    }

    fn unresolved_intents(&self) -> Vec<OpenIntent> {
        let open = || self.published.intents.load_full();
        self.published.holds.load().unresolved(open)
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
