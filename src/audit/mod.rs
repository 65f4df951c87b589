//! The audit: what was asked for and what became of it, in a log that shows whether it was tampered with.
//!
//! One thread writes; whoever waits for an intent waits for the write that holds it and others. Each run of the gateway is
//! a stream of its own. The format is described in `docs/audit-format.md`; [`verify`] reads it back without anything of the
//! writer. Enter at [`Audit::open`].

mod bodies;
mod chain;
mod disk;
mod key;
mod line;
mod manifest;
mod open;
mod recover;
mod seal;
mod shelf;
pub mod verify;
mod walk;
mod writer;

pub use key::{PublicKey, SigningKey};
pub use walk::{Finding, What};

use bodies::Intent;
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use writer::{Note, Request, Shared};

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Is told each signed line, once it is durable: a second place that the log can be held against.
pub type Witness = Arc<dyn Fn(&str) + Send + Sync>;

/// What must be written before a request has an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing: records that cannot be written are dropped and counted.
    BestEffort,
    /// The intent, durably.
    FailClosed,
}

/// How a log is kept.
#[derive(Debug)]
pub struct Config {
    /// What must be written when.
    pub mode: Mode,
    /// Where the log is. No other gateway may have it.
    pub dir: PathBuf,
    /// The key that signs.
    pub key: SigningKey,
    /// A key that a later run signs with: introduced under the present one.
    pub next_key: Option<PublicKey>,
    /// How long a record may wait for a checkpoint; also without records there is one so often.
    pub checkpoint_every: Duration,
    /// A file of more bytes is sealed.
    pub seal_bytes: u64,
    /// An older file is sealed.
    pub seal_after: Duration,
    /// A sealed file whose last record is older is deleted, and the manifest says so.
    pub prune_after: Option<Duration>,
    /// Records that may wait.
    pub queue: usize,
}

impl Config {
    /// A checkpoint a minute, files of 64 MiB or a day, nothing pruned, 16,384 records may wait.
    #[must_use]
    pub fn new(mode: Mode, dir: PathBuf, key: SigningKey) -> Self {
        Self {
            mode,
            dir,
            key,
            next_key: None,
            checkpoint_every: Duration::from_secs(60),
            seal_bytes: 64 << 20,
            seal_after: Duration::from_secs(86_400),
            prune_after: None,
            queue: 16_384,
        }
    }
}

/// What was counted since the log was opened.
#[derive(Debug, Default)]
pub struct Counters {
    /// Records that are durable.
    pub written: AtomicU64,
    /// Records that were lost.
    pub dropped: AtomicU64,
    /// Writes that failed.
    pub failures: AtomicU64,
    /// Intents that were refused.
    pub refused: AtomicU64,
    /// Checkpoints.
    pub checkpoints: AtomicU64,
    /// Files that were sealed.
    pub sealed: AtomicU64,
    /// Files that were deleted.
    pub archived: AtomicU64,
    /// Records that wait now.
    pub queued: AtomicU64,
}

/// Why a log cannot be opened or checked.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The disk.
    #[error("`{}`: {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it says.
        error: std::io::Error,
    },
    /// Not a key.
    #[error("`{}` holds no Ed25519 key", .0.display())]
    Key(PathBuf),
    /// Another process has it.
    #[error("`{}` is the log of another process", .0.display())]
    Locked(PathBuf),
    /// The manifest is broken: a log must not be continued behind that.
    #[error("`{}`: line {line} of the manifest: {detail}", dir.display())]
    Manifest {
        /// Where the log is.
        dir: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong with it.
        detail: String,
    },
    /// The key is not the log's.
    #[error("the key {0} was not introduced under the one that the log is signed with")]
    Unknown(String),
    /// Not a checkpoint.
    #[error("`{}`: line {line} is no checkpoint", path.display())]
    Anchor {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
}

impl AuditError {
    fn io(path: &Path, error: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            error,
        }
    }
}

/// The log cannot be written: the request must not have an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit log cannot be written")]
pub struct Unavailable;

/// An intent that is durable, in `fail_closed`. Dropped without an outcome, its outcome is unknown.
#[derive(Debug)]
pub struct Ticket {
    intent: Option<Intent>,
    queue: Option<Sender<Request>>,
    shared: Arc<Shared>,
}

impl Ticket {
    fn close(&mut self, body: Option<String>) {
        if let Some(queue) = self.queue.take() {
            let intent = self.intent;
            self.shared.counters.queued.fetch_add(1, Ordering::SeqCst);
            let note = Request::Note(Note::Outcome { intent, body });
            if queue.send(note).is_err() {
                self.shared.counters.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        match self.intent {
            Some(_) => self.close(None),
            // Without an intent there is nothing to close.
            None => self.queue = None,
        }
    }
}

/// An open log.
#[derive(Debug)]
pub struct Audit {
    mode: Mode,
    limit: u64,
    queue: Sender<Request>,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Audit {
    /// Opens the log and begins a stream in it; closes what the stream before has left open.
    ///
    /// # Errors
    /// The folder cannot be written or another process has it, its manifest is broken, the key is not the log's.
    pub fn open(config: Config, clock: Clock, witness: Witness) -> Result<Self, AuditError> {
        Self::open_on(Arc::new(disk::RealDisk), config, clock, witness)
    }

    /// Writes what a request is about to do. Durable when this returns, in `fail_closed`; in `best_effort` nothing is
    /// written before the outcome.
    ///
    /// # Errors
    /// It cannot be written: the request must not have an effect.
    pub async fn intent(&self, body: &str) -> Result<Ticket, Unavailable> {
        let intent = match self.mode {
            Mode::BestEffort => None,
            Mode::FailClosed => {
                let written = self.write_intent(body).await;
                if written.is_err() {
                    self.counters().refused.fetch_add(1, Ordering::Relaxed);
                }
                Some(written?)
            }
        };
        Ok(Ticket {
            intent,
            queue: Some(self.queue.clone()),
            shared: Arc::clone(&self.shared),
        })
    }

    async fn write_intent(&self, body: &str) -> Result<Intent, Unavailable> {
        let (answer, written) = oneshot::channel();
        let body = body.to_owned();
        if self.is_crowded() {
            return Err(Unavailable);
        }
        self.send(Request::Intent { body, answer })?;
        written.await.map_err(|_| Unavailable)?
    }

    /// Writes what became of a request, in its own time.
    pub fn outcome(&self, mut ticket: Ticket, body: &str) {
        match self.mode {
            Mode::BestEffort if self.is_crowded() => {
                ticket.queue = None;
                self.counters().dropped.fetch_add(1, Ordering::Relaxed);
            }
            // As many as intents were let in: what is in flight bounds them.
            Mode::BestEffort | Mode::FailClosed => ticket.close(Some(body.to_owned())),
        }
    }

    /// Writes that something happened: a start, a reload, a setting that changed.
    pub fn event(&self, name: &str, body: &str) {
        let (name, body) = (name.to_owned(), body.to_owned());
        let note = Request::Note(Note::Event { name, body });
        if self.is_crowded() || self.send(note).is_err() {
            self.counters().dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether requests may have an effect: the last write succeeded. In `best_effort` they always may.
    #[must_use]
    pub fn ready(&self) -> bool {
        match self.mode {
            Mode::BestEffort => true,
            Mode::FailClosed => self.shared.ready.load(Ordering::SeqCst),
        }
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.counters
    }

    /// Writes what waits and a last checkpoint, and closes the log. It blocks; later intents are refused.
    pub fn stop(&self) {
        let _ = self.queue.send(Request::Stop);
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    fn is_crowded(&self) -> bool {
        self.counters().queued.load(Ordering::SeqCst) >= self.limit
    }

    fn send(&self, request: Request) -> Result<(), Unavailable> {
        if self.shared.stopped.load(Ordering::SeqCst) {
            return Err(Unavailable);
        }
        self.counters().queued.fetch_add(1, Ordering::SeqCst);
        self.queue.send(request).map_err(|_| Unavailable)
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests;
