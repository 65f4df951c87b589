//! The embedded store: one file, one thread that writes.
//!
//! Changes queue for the thread. It takes all that wait, applies them to its ledger, makes them durable in one
//! transaction, publishes the new view and only then answers: so one sync serves everybody who waited for it.
//!
//! The file is a redb database. Table `meta` holds `format`, and which store it is: `store`, `generation`, `restored`.
//! Table `buckets` holds per bucket name one JSON object `{"state", "incarnation", "owner", "created", "upstream"}`, the
//! last three not for `gone`. Tables `settings` and `accounts` hold documents by bucket or account and kind. Tables `objects`
//! and `uploads` hold `{"sequence", "owner", "acl", "tags"}` by bucket, incarnation, key and version or upload, and
//! `intents` what is about to be done, by number. The file belongs to one process at a time.
//!
//! | file | says |
//! |---|---|
//! | `writer` | the thread: batches, failures, what is published |
//! | `file` | the open file |
//! | `format` | which tables there are; taking over what an older release wrote |
//! | `rows` | what the rows say |
//! | `objects` | those of objects |
//! | `witness` | whether the file is the one that was there before |
//! | `backup` | copies that can be put back |
//! | `disk` | files that appear whole or not at all |

mod backup;
mod disk;
mod file;
mod format;
mod objects;
mod rows;
mod witness;
mod writer;

pub use backup::restore;

use super::ledger::{Arrival, Change, Intents, Outcome, RowChange};
use super::objects::possible;
use super::{
    Accounts, Buckets, Claim, Ending, Intent, ObjectName, OpenIntent, Origin, SettingChange, Store,
    StoreError,
};
use arc_swap::{ArcSwap, ArcSwapOption};
use async_trait::async_trait;
use file::StateFile;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::s3::names::{AccountId, BucketName};
use redb::{Database, ReadTransaction, ReadableDatabase as _};
use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use writer::{Request, Waiting, Writer};

/// Changes that may wait for the thread.
const QUEUE: usize = 1024;

/// A store in one file on a local disk.
#[derive(Debug)]
pub struct RedbStore {
    /// Gone once the store is being dropped.
    requests: Option<SyncSender<Request>>,
    published: Arc<Published>,
    origin: Origin,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What readers see; replaced after every durable change.
#[derive(Debug, Default)]
struct Published {
    buckets: ArcSwap<Buckets>,
    accounts: ArcSwap<Accounts>,
    unresolved: ArcSwap<Vec<Claim>>,
    intents: ArcSwap<Intents>,
    /// For reading rows of objects; `None` while it is not known what became of a transaction.
    database: ArcSwapOption<Database>,
}

impl RedbStore {
    /// Opens the file, or makes it if there is none. One that an older release wrote is copied to `<name>.format-1` and
    /// then taken over.
    ///
    /// Fails when another process has it open, when it is damaged or no state file, and when a newer release wrote it;
    /// also when `<name>.witness` cannot be written beside it. Blocks for the time of some disk accesses.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let file = StateFile::open(path.as_ref())?;
        let origin = file.origin();
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
            origin,
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
        let sent = match &self.requests {
            Some(requests) => requests.send(Request::View(answer)),
            None => return Err(ended()),
        };
        sent.map_err(|_| ended())?;
        backup::write(&answered.recv().map_err(|_| ended())??, to)
    }

    async fn apply(&self, change: Change) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let sent = match &self.requests {
            Some(requests) => requests.try_send(Request::Change(Waiting { change, answer })),
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

impl Published {
    /// Reads rows, as they are after every change that was answered.
    fn read<T>(
        &self,
        read: impl FnOnce(&ReadTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let database = self.database.load_full();
        let database =
            database.ok_or_else(|| StoreError::Unavailable("its file is not open".to_owned()))?;
        let view = database.begin_read();
        read(&view.map_err(|error| StoreError::Unavailable(error.to_string()))?)
    }
}

/// Disk accesses are for threads that may wait.
async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(read).await;
    done.unwrap_or_else(|error| Err(StoreError::Unavailable(error.to_string())))
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
        let begun = self.apply(Change::Begin(intents, now)).await?;
        begun.begun().ok_or_else(ended)
    }

    async fn settle(&self, endings: Vec<(OpenIntent, Ending)>) -> Result<(), StoreError> {
        self.apply(Change::Settle(endings)).await.map(drop)
    }

    async fn set_object(
        &self,
        object: &ObjectName,
        version: &str,
        record: ObjectRecord,
    ) -> Result<(), StoreError> {
        let change = RowChange::Set(object.clone(), version.into(), record);
        self.apply(Change::Rows(change)).await.map(drop)
    }

    async fn object(
        &self,
        object: &ObjectName,
        version: Option<&str>,
    ) -> Result<Vec<Option<ObjectRecord>>, StoreError> {
        let (published, object) = (Arc::clone(&self.published), object.clone());
        let version = version.map(str::to_owned);
        blocking(move || {
            // Before the rows: what is settled in between is in both, and not in neither.
            let open = published.intents.load().of(&object);
            let rows = published.read(|view| objects::versions(view, &object))?;
            Ok(possible(rows, &open, version.as_deref()))
        })
        .await
    }

    async fn keep_upload(
        &self,
        object: &ObjectName,
        upload: &str,
        record: ObjectRecord,
    ) -> Result<(), StoreError> {
        let change = RowChange::KeepUpload(object.clone(), upload.into(), record);
        self.apply(Change::Rows(change)).await.map(drop)
    }

    async fn upload(
        &self,
        object: &ObjectName,
        upload: &str,
    ) -> Result<Option<ObjectRecord>, StoreError> {
        let (published, object) = (Arc::clone(&self.published), object.clone());
        let upload = upload.to_owned();
        blocking(move || published.read(|view| objects::upload(view, &object, &upload))).await
    }

    async fn drop_upload(&self, object: &ObjectName, upload: &str) -> Result<(), StoreError> {
        let change = RowChange::DropUpload(object.clone(), upload.into());
        self.apply(Change::Rows(change)).await.map(drop)
    }

    fn unresolved_intents(&self) -> Vec<OpenIntent> {
        self.published.intents.load().unresolved()
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
}

impl Drop for RedbStore {
    /// Finishes what waits and closes the file.
    fn drop(&mut self) {
        self.requests = None;
        self.published.database.store(None);
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
