//! What tells a state file from another one in its place: a small file beside it that remembers which store was here, and
//! how far it had come.
//!
//! The witness never runs ahead of its file: it is written after a transaction, at most [`PERIOD`] later. So a file that
//! is behind its witness is an older copy.

use super::super::ledger::Ledger;
use super::super::{Note, Origin, StoreError};
use super::disk::{self, Draft, unreadable};
use super::format::Identity;
use serde::{Deserialize, Serialize};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The least time between two writes, while transactions go on.
const PERIOD: Duration = Duration::from_secs(1);

/// The file beside the state file.
#[derive(Debug)]
pub(super) struct Witness {
    path: PathBuf,
    /// The generation that was to be written last, and when; `None` before.
    written: Option<(u64, Instant)>,
    locks: Locks,
}

/// Whether the store ever had a bucket with Object Lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locks {
    None,
    Some,
}

impl Locks {
    /// As far as a ledger knows: also if it may have forgotten.
    pub(super) fn of(ledger: &Ledger) -> Self {
        match ledger.has_locks() || ledger.notes().contains_key(&Note::LockDoubt) {
            true => Self::Some,
            false => Self::None,
        }
    }
}

/// What a witness says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Testimony {
    /// There is none.
    None,
    /// It cannot be understood.
    Broken,
    /// This store was here, and had come this far.
    Of {
        store: u64,
        generation: u64,
        locks: Locks,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    store: String,
    generation: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    locks: bool,
}

impl Witness {
    pub(super) fn beside(path: &Path) -> Self {
        Self {
            path: disk::with_suffix(path, "witness"),
            written: None,
            locks: Locks::None,
        }
    }

    pub(super) fn read(&self) -> Result<Testimony, StoreError> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Testimony::None),
            Err(error) => return Err(unreadable(&self.path, error)),
        };
        let line = serde_json::from_slice::<Line>(&text).ok();
        let said = line.and_then(|line| {
            Some(Testimony::Of {
                store: u64::from_str_radix(&line.store, 16).ok()?,
                generation: line.generation,
                locks: match line.locks {
                    true => Locks::Some,
                    false => Locks::None,
                },
            })
        });
        Ok(said.unwrap_or(Testimony::Broken))
    }

    /// Remembers this store, durably. A failure is not repeated for one generation: the next is soon enough.
    pub(super) fn write(&mut self, identity: Identity, locks: Locks) -> Result<(), StoreError> {
        self.written = Some((identity.generation, Instant::now()));
        let line = Line {
            store: format!("{:016x}", identity.store),
            generation: identity.generation,
            locks: locks == Locks::Some,
        };
        // A line of a text and a number always serialises.
        let mut text = serde_json::to_vec(&line).unwrap_or_default();
        text.push(b'\n');
        let written = Draft::beside(&self.path).and_then(|draft| {
            draft.file().write_all(&text)?;
            draft.replace(&self.path)
        });
        written
            .map_err(|error| unreadable(&self.path, format!("it cannot be written: {error}")))?;
        self.locks = locks;
        Ok(())
    }

    /// What it was told of locks last.
    pub(super) fn locks(&self) -> Locks {
        self.locks
    }

    /// How long until this generation has to be remembered; `None` if it is.
    pub(super) fn due(&self, generation: u64) -> Option<Duration> {
        match self.written {
            Some((written, _)) if written == generation => None,
            Some((_, at)) => Some(PERIOD.saturating_sub(at.elapsed())),
            None => Some(Duration::ZERO),
        }
    }
}

/// Where a store that says this of itself comes from, by what its witness says.
pub(super) fn origin(found: Identity, testimony: Testimony) -> Origin {
    let unopened = match found.generation {
        Identity::MADE => Some(Origin::New),
        Identity::MIGRATED => Some(Origin::Same),
        _ => None,
    };
    match testimony {
        _ if found.restored => Origin::Restored,
        Testimony::Broken => Origin::Replaced,
        Testimony::Of {
            store, generation, ..
        } => {
            let same = store == found.store && generation <= found.generation;
            match same {
                true => unopened.unwrap_or(Origin::Same),
                false => Origin::Replaced,
            }
        }
        // A store has a witness from its first opening on.
        Testimony::None => unopened.unwrap_or(Origin::Replaced),
    }
}

/// Why a store may have forgotten locks, if it may: it is not the one that was there, and that one had some, or nobody knows.
/// A store without a witness is taken at its word.
pub(super) fn doubt(origin: Origin, testimony: Testimony, locks: Locks) -> Option<&'static str> {
    let had = match testimony {
        Testimony::Broken => Locks::Some,
        Testimony::None => locks,
        Testimony::Of { locks: had, .. } => match (had, locks) {
            (Locks::None, Locks::None) => Locks::None,
            (Locks::Some, _) | (_, Locks::Some) => Locks::Some,
        },
    };
    match (origin, had) {
        (Origin::Same | Origin::New, _) | (_, Locks::None) => None,
        (Origin::Restored, Locks::Some) => Some("restored"),
        (Origin::Replaced, Locks::Some) => Some("replaced"),
    }
}
