//! Writing records: formatted at once, written by a thread per sink.
//!
//! [`Recorder::write`] appends to a buffer in memory; the sink's thread takes the buffer every 50 ms, or sooner when it
//! is full. A sink that does not take its bytes holds at most [`LIMIT`] of them; records beyond that are counted and
//! dropped. A sink that fails is tried again until it recovers or the gateway stops.

mod sink;
#[cfg(test)]
mod tests;

use super::draft::Record;
use super::{json, line};
use prometheus::IntCounter;
use sink::Queue;
use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

/// Bytes that may wait for one sink.
const LIMIT: usize = 8 << 20;

/// How long dropping a recorder waits for its sinks.
const PATIENCE: Duration = Duration::from_secs(5);

/// A rendering of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// The S3 server access log line, with the further lines of copies and batches.
    AccessLog,
    /// One JSON object per exchange.
    Json,
}

/// Where lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard output; for one sink at most.
    Stdout,
    /// Appended; created with mode 0640.
    File(PathBuf),
}

/// One rendering to one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// What is written.
    pub format: Format,
    /// Where to.
    pub to: Destination,
}

/// Why a recorder could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// Two sinks would mix their lines.
    #[error("only one record sink may write to standard output")]
    StdoutTwice,
    /// Two sinks would mix their lines.
    #[error("two record sinks write to `{0}`")]
    FileTwice(PathBuf),
    /// A sink's file or standard output cannot be opened.
    #[error("cannot open `{to}` for records")]
    Open {
        /// Path, or `standard output`.
        to: String,
        /// Why not.
        source: io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start the thread that writes records")]
    Thread(#[source] io::Error),
}

/// Records that were accepted and could not be written in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{records} records could not be written")]
pub struct Unflushed {
    /// How many, over all sinks; each is counted as dropped.
    pub records: u64,
}

/// Writes records to its sinks.
#[derive(Debug)]
pub struct Recorder {
    sinks: Box<[(Format, Queue)]>,
}

impl Recorder {
    /// Opens all sinks. `dropped` counts each record that a sink could not take.
    pub fn open(sinks: &[Sink], dropped: &IntCounter) -> Result<Self, RecorderError> {
        unique(sinks)?;
        let sinks = sinks
            .iter()
            .map(|sink| Ok((sink.format, Queue::start(open(&sink.to)?, dropped.clone())?)))
            .collect::<Result<_, RecorderError>>()?;
        Ok(Self { sinks })
    }

    /// Accepts a record. Never waits for a sink, and makes no system call unless the sink's thread sleeps.
    pub fn write(&self, record: &Record) {
        SCRATCH.with_borrow_mut(|lines| {
            for (format, queue) in &self.sinks {
                lines.clear();
                match format {
                    Format::AccessLog => line::render(lines, record),
                    Format::Json => json::render(lines, record),
                }
                queue.push(lines);
            }
            // A DeleteObjects may have needed far more than others will.
            lines.shrink_to(SCRATCH_KEPT);
        });
    }

    /// Waits until all accepted so far is written.
    pub fn flush(&self, patience: Duration) -> Result<(), Unflushed> {
        unflushed(self.sinks.iter().map(|(_, queue)| queue.flush(patience)))
    }

    /// Writes what is left and ends the threads. Later records are dropped and counted.
    pub fn stop(&self, patience: Duration) -> Result<(), Unflushed> {
        for (_, queue) in &self.sinks {
            queue.close();
        }
        unflushed(self.sinks.iter().map(|(_, queue)| queue.end(patience)))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // What is lost has been counted and logged.
        let _ = self.stop(PATIENCE);
    }
}

const SCRATCH_KEPT: usize = 16 << 10;

thread_local! {
    /// Lines are made here, so that a sink's lock is held for a copy only.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn unflushed(left: impl Iterator<Item = u64>) -> Result<(), Unflushed> {
    match left.sum() {
        0 => Ok(()),
        records => Err(Unflushed { records }),
    }
}

fn unique(sinks: &[Sink]) -> Result<(), RecorderError> {
    let mut seen = Vec::new();
    for sink in sinks {
        if seen.contains(&&sink.to) {
            return Err(match &sink.to {
                Destination::Stdout => RecorderError::StdoutTwice,
                Destination::File(path) => RecorderError::FileTwice(path.clone()),
            });
        }
        seen.push(&sink.to);
    }
    Ok(())
}

fn open(to: &Destination) -> Result<File, RecorderError> {
    let (opened, name) = match to {
        // The standard library's handle would flush at every newline.
        Destination::Stdout => (
            io::stdout().as_fd().try_clone_to_owned().map(File::from),
            "standard output".to_owned(),
        ),
        Destination::File(path) => (
            OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o640)
                .open(path),
            path.display().to_string(),
        ),
    };
    opened.map_err(|source| RecorderError::Open { to: name, source })
}
