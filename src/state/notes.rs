//! Documents of the gateway's own, which belong to no bucket: few, and held in memory.

use bytes::Bytes;
use std::collections::BTreeMap;

/// Which document it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// The time by which locks are released.
    LockClock,
    /// That the store may have forgotten locks: it is another one, or older, than the one that was there before. Says why.
    /// The store writes it itself when it is opened.
    LockDoubt,
}

/// Those that are there.
pub type Notes = BTreeMap<Note, Bytes>;

impl Note {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::LockClock, Self::LockDoubt];

    /// As in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::LockClock => "lock-clock",
            Self::LockDoubt => "lock-doubt",
        }
    }

    /// The note of this name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|note| note.name() == name)
    }
}
