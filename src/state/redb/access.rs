//! The database while it is open: one thread writes to it, everybody reads.

use super::super::StoreError;
use super::disk::unreadable;
use super::look::Failure;
use super::writer::Request;
use redb::{Database, ReadTransaction, ReadableDatabase as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

/// A look takes some microseconds where what it looks at is in memory. One that takes longer has waited for the disk.
const QUICK: Duration = Duration::from_millis(1);

/// A database that is closed after a failure, until it has been opened again.
#[derive(Debug)]
pub(super) struct Access {
    path: PathBuf,
    opened: RwLock<Opened>,
}

#[derive(Debug, Default)]
struct Opened {
    database: Option<Database>,
    /// How often it was opened.
    count: u64,
}

impl Access {
    pub(super) fn new(path: &Path, database: Database) -> Self {
        let access = Self {
            path: path.to_owned(),
            opened: RwLock::default(),
        };
        access.open(database);
        access
    }

    pub(super) fn open(&self, database: Database) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        opened.database = Some(database);
        opened.count += 1;
    }

    /// Whoever reads fails from now on, and the file can be opened again.
    pub(super) fn close(&self) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        opened.database = None;
    }

    /// How often it was opened.
    pub(super) fn count(&self) -> u64 {
        self.opened().count
    }

    /// It stays open until this is done.
    pub(super) fn with<T>(&self, act: impl FnOnce(&Database) -> T) -> Result<T, StoreError> {
        let opened = self.opened();
        let database = opened.database.as_ref();
        database.map(act).ok_or_else(closed)
    }

    /// What the file holds now, whatever is written to it later.
    pub(super) fn view(&self) -> Result<ReadTransaction, StoreError> {
        let view = self.with(Database::begin_read)?;
        view.map_err(|error| unreadable(&self.path, error))
    }

    fn opened(&self) -> RwLockReadGuard<'_, Opened> {
        self.opened.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("its file is not open".to_owned())
}

/// Leave to read on a thread that others need, too: to hand a look over to another one takes longer than the look. One at
/// a time, so that a disk that hangs holds up one thread at most; and not while looks wait for the disk.
#[derive(Debug, Default)]
pub(super) struct Quick(Mutex<Duration>);

impl Quick {
    /// Looks once. `None`: it may take long, or failed, and is to be done otherwise.
    pub(super) fn read<T>(
        &self,
        reader: &Reader,
        look: impl Fn(&ReadTransaction) -> Result<T, Failure>,
    ) -> Option<T> {
        let mut took = self.0.try_lock().ok()?;
        if *took > QUICK {
            // The next one tries again.
            *took = Duration::ZERO;
            return None;
        }
        let began = Instant::now();
        let found = reader.access.view().ok().map(|view| look(&view));
        *took = began.elapsed();
        found?.ok()
    }
}

/// Somebody who reads rows.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) access: Arc<Access>,
    pub(super) requests: SyncSender<Request>,
}

impl Reader {
    /// Looks at what the file holds now. After a failure the thread is asked to open the file again, and then once more.
    pub(super) fn read<T>(
        &self,
        look: impl Fn(&ReadTransaction) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let count = self.access.count();
        let found = match self.access.view() {
            Ok(view) => look(&view),
            Err(_) => return self.read_anew(count, look),
        };
        match found {
            Err(Failure::Disk(error)) => {
                tracing::warn!(%error, "the state file could not be read");
                self.read_anew(count, look)
            }
            found => found.map_err(|failure| self.told(failure)),
        }
    }

    fn read_anew<T>(
        &self,
        failed: u64,
        look: impl Fn(&ReadTransaction) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let (answer, answered) = sync_channel(1);
        let failed = Some(failed);
        let sent = self.requests.try_send(Request::View { failed, answer });
        let lost = |why: &str| StoreError::Unavailable(format!("its thread {why}"));
        sent.map_err(|_| lost("has too much to do, or has ended"))?;
        let view = answered.recv().map_err(|_| lost("has ended"))??;
        look(&view).map_err(|failure| self.told(failure))
    }

    fn told(&self, failure: Failure) -> StoreError {
        match failure {
            Failure::Row(reason) => unreadable(&self.access.path, reason),
            Failure::Disk(error) => StoreError::Unavailable(error.to_string()),
        }
    }
}
