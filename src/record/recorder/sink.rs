//! One sink: a bounded buffer and the thread that empties it.

use super::{LIMIT, RecorderError};
use prometheus::IntCounter;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long lines may wait before they are written.
const DELAY: Duration = Duration::from_millis(50);
/// From here on lines are written at once.
const BATCH: usize = 64 << 10;
/// How long a sink that failed is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// The way to a sink.
#[derive(Debug)]
pub(super) struct Queue {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// For the thread: something waits, or enough does, or the end has come.
    filled: Condvar,
    /// For those that wait for the thread: something was written, or it has ended.
    written: Condvar,
    dropped: IntCounter,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Records in `waiting`.
    records: u64,
    /// Bytes and records the thread has taken and not yet written.
    taken: (usize, u64),
    /// Counts what was accepted and what was done with it, in records.
    accepted: u64,
    settled: u64,
    closed: bool,
    ended: bool,
}

impl Queue {
    /// Starts the thread of a sink.
    pub(super) fn start(
        to: impl Write + Send + 'static,
        dropped: IntCounter,
    ) -> Result<Self, RecorderError> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            filled: Condvar::new(),
            written: Condvar::new(),
            dropped,
        });
        let writer = Writer {
            shared: Arc::clone(&shared),
            to,
        };
        let thread = std::thread::Builder::new()
            .name("records".to_owned())
            .spawn(move || writer.run())
            .map_err(RecorderError::Thread)?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Accepts the lines of one record, or counts it as dropped.
    pub(super) fn push(&self, lines: &[u8]) {
        let mut state = self.shared.lock();
        let before = state.waiting.len();
        let after = before + lines.len();
        if state.closed || after + state.taken.0 > LIMIT {
            drop(state);
            return self.shared.dropped.inc();
        }
        state.waiting.extend_from_slice(lines);
        state.records += 1;
        state.accepted += 1;
        drop(state);
        // Twice per batch at most, so that a busy request path makes next to no system calls.
        if before == 0 || (before < BATCH && after >= BATCH) {
            self.shared.filled.notify_one();
        }
    }

    /// Waits until what was accepted so far is settled; returns the records that are not.
    pub(super) fn flush(&self, patience: Duration) -> u64 {
        let state = self.shared.lock();
        let goal = state.accepted;
        self.shared.filled.notify_one();
        let (state, _) = self
            .shared
            .written
            .wait_timeout_while(state, patience, |state| state.settled < goal)
            .unwrap_or_else(PoisonError::into_inner);
        goal.saturating_sub(state.settled)
    }

    /// Accepts nothing more, and tells the thread to end when all is written.
    pub(super) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.filled.notify_one();
    }

    /// Waits for the thread to end; returns the records it could not write, which count as dropped.
    pub(super) fn end(&self, patience: Duration) -> u64 {
        let (state, _) = self
            .shared
            .written
            .wait_timeout_while(self.shared.lock(), patience, |state| !state.ended)
            .unwrap_or_else(PoisonError::into_inner);
        let (ended, left) = (state.ended, state.accepted.saturating_sub(state.settled));
        drop(state);
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            self.shared.dropped.inc_by(left);
            // A thread that a sink blocks cannot be waited for; it ends with the process.
            if ended {
                let _ = thread.join();
            }
        }
        left
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// A lock is never held where a panic could happen, so a poisoned one still guards a sound state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Writer<W> {
    shared: Arc<Shared>,
    to: W,
}

impl<W: Write> Writer<W> {
    fn run(mut self) {
        let mut batch = Vec::new();
        while self.take(&mut batch) {
            if self.deliver(&batch).is_err() {
                break;
            }
            self.settle();
            batch.clear();
            batch.shrink_to(2 * BATCH);
        }
        self.shared.lock().ended = true;
        self.shared.written.notify_all();
    }

    /// Waits for lines and takes them; false at the end.
    fn take(&self, batch: &mut Vec<u8>) -> bool {
        let shared = &self.shared;
        let idle = |state: &mut State| state.waiting.is_empty() && !state.closed;
        let state = shared
            .filled
            .wait_while(shared.lock(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        // Lines have come: give others 50 ms to join them.
        let few = |state: &mut State| state.waiting.len() < BATCH && !state.closed;
        let (mut state, _) = shared
            .filled
            .wait_timeout_while(state, DELAY, few)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.waiting, batch);
        state.taken = (batch.len(), std::mem::take(&mut state.records));
        !batch.is_empty()
    }

    /// Writes all of it. A sink that fails is tried again, from the byte it failed at, until the end has come.
    fn deliver(&mut self, batch: &[u8]) -> Result<(), io::Error> {
        let mut rest = batch;
        let mut failing = false;
        while !rest.is_empty() {
            match self.to.write(rest) {
                Ok(0) => self.pause(io::ErrorKind::WriteZero.into(), &mut failing)?,
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                // Standard output may be a pipe that another process has set not to block.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    std::thread::sleep(DELAY);
                }
                Err(error) => self.pause(error, &mut failing)?,
            }
        }
        if failing {
            tracing::info!("records are written again");
        }
        Ok(())
    }

    fn pause(&self, error: io::Error, failing: &mut bool) -> Result<(), io::Error> {
        if !std::mem::replace(failing, true) {
            tracing::error!(%error, "cannot write records; trying again");
        }
        let (state, _) = self
            .shared
            .filled
            .wait_timeout_while(self.shared.lock(), PAUSE, |state| !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if state.closed { Err(error) } else { Ok(()) }
    }

    fn settle(&self) {
        let mut state = self.shared.lock();
        let (_, records) = std::mem::take(&mut state.taken);
        state.settled += records;
        drop(state);
        self.shared.written.notify_all();
    }
}
