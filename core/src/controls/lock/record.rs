//! What the store keeps of locks and of their clock: JSON that says which version of the format it is, and that carries a
//! checksum. A digit that rots in a date must not release anything, so that every damage is an error, and an error a lock.

use super::{
    ClockState, Freeze, LegalHold, LockClock, ObjectLock, RetainUntil, Retention, RetentionMode,
};
use crate::document::{self, Node, Value};
use crc_fast::{CrcAlgorithm, checksum};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The only version of both records there is.
const VERSION: &str = "1";

/// Why a record is not understood. It is never the same as no record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadRecord {
    /// Not such a record, or not all of it.
    #[error("the record is not readable")]
    Unreadable,
    /// Of a version this release does not know: a newer one wrote it.
    #[error("the record is of version `{0}`, which is not known")]
    Version(Box<str>),
    /// The store may have forgotten it: it is not the one that was there before.
    #[error("the store may have forgotten the record")]
    Forgotten,
    /// Not what was written.
    #[error("the record is damaged: its checksum does not fit")]
    Damaged,
}

/// What is on record of the lock of a version. What cannot be read counts as locked, against everyone and without end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RecordedLock {
    /// This lock, or [`ObjectLock::none`] where a store that can be read has none.
    Known(ObjectLock),
    /// A lock, nobody knows which.
    Unreadable(BadRecord),
}

impl From<ObjectLock> for RecordedLock {
    fn from(lock: ObjectLock) -> Self {
        Self::Known(lock)
    }
}

impl RecordedLock {
    /// Reads what a store that can be read has of a version; `None` is no record, and no lock.
    pub fn read(record: Option<&[u8]>) -> Self {
        match record.map(ObjectLock::from_record) {
            None => Self::Known(ObjectLock::none()),
            Some(Ok(lock)) => Self::Known(lock),
            Some(Err(error)) => Self::Unreadable(error),
        }
    }

    /// As [`ObjectLock::stricter`]; nothing is stricter than what cannot be read.
    pub fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => Self::Known(one.stricter(other)),
            (unreadable @ Self::Unreadable(_), _) | (_, unreadable @ Self::Unreadable(_)) => {
                unreadable
            }
        }
    }
}

impl ObjectLock {
    /// What [`ObjectLock::from_record`] reads back to the same: one line of JSON.
    pub fn to_record(&self) -> Vec<u8> {
        let mut members = Members::default();
        if let Some(Retention { mode, until }) = self.retention {
            members.put("mode", mode.name());
            members.put("until", until);
        }
        if let Some(hold) = self.legal_hold {
            members.put("hold", hold.name());
        }
        members.seal("lock")
    }

    /// Reads a record.
    ///
    /// # Errors
    /// What is not, byte for byte in its meaning, what was written. Whoever gets it treats the version as locked.
    pub fn from_record(record: &[u8]) -> Result<Self, BadRecord> {
        let mut members = Members::open("lock", record)?;
        let mode = members.take("mode", RetentionMode::parse)?;
        let until = members.take("until", |text| RetainUntil::parse(text).ok())?;
        let hold = members.take("hold", LegalHold::parse)?;
        members.end()?;
        let retention = match (mode, until) {
            (None, None) => None,
            (Some(mode), Some(until)) => Some(Retention { mode, until }),
            (None, Some(_)) | (Some(_), None) => return Err(BadRecord::Unreadable),
        };
        Ok(Self {
            retention,
            legal_hold: hold,
        })
    }
}

impl LockClock {
    /// What [`LockClock::from_record`] reads back to the same: one line of JSON.
    pub fn to_record(&self) -> Vec<u8> {
        let mut members = Members::default();
        members.put("high_water", self.high_water);
        members.put("reckoned", self.reckoned);
        match self.state() {
            ClockState::Running => (),
            ClockState::Frozen { because, .. } => match because {
                Freeze::Jumped(to) => members.put("jumped_to", to),
                Freeze::Lost => members.put("lost", "true"),
            },
        }
        members.seal("clock")
    }

    /// Reads a record.
    ///
    /// # Errors
    /// What is not what was written. Whoever gets it goes on with [`LockClock::lost`].
    pub fn from_record(record: &[u8]) -> Result<Self, BadRecord> {
        let mut members = Members::open("clock", record)?;
        let instant = |text: &str| text.parse::<Timestamp>().ok();
        let high_water = members.take("high_water", instant)?;
        let reckoned = members.take("reckoned", instant)?;
        let jumped = members.take("jumped_to", instant)?;
        let lost = members.take("lost", |text| (text == "true").then_some(Freeze::Lost))?;
        members.end()?;
        let (Some(high_water), Some(reckoned)) = (high_water, reckoned) else {
            return Err(BadRecord::Unreadable);
        };
        Ok(Self {
            high_water,
            reckoned,
            frozen: lost.or(jumped.map(Freeze::Jumped)),
        })
    }
}

/// The members of a record: texts by name.
#[derive(Default)]
struct Members(BTreeMap<String, String>);

impl Members {
    fn put(&mut self, name: &str, text: impl ToString) {
        self.0.insert(name.to_owned(), text.to_string());
    }

    fn seal(mut self, kind: &str) -> Vec<u8> {
        self.put("version", VERSION);
        let sum = self.sum(kind);
        self.put("check", sum);
        // A map of texts always serialises.
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    fn open(kind: &str, record: &[u8]) -> Result<Self, BadRecord> {
        let text = std::str::from_utf8(record).map_err(|_| BadRecord::Unreadable)?;
        let root = document::json(text).map_err(|_| BadRecord::Unreadable)?;
        let mut members = Self::of(&root)?;
        let check = members.0.remove("check");
        match members.0.get("version").map(String::as_str) {
            Some(VERSION) => (),
            Some(other) => return Err(BadRecord::Version(other.into())),
            None => return Err(BadRecord::Unreadable),
        }
        if check.ok_or(BadRecord::Unreadable)? != members.sum(kind) {
            return Err(BadRecord::Damaged);
        }
        members.0.remove("version");
        Ok(members)
    }

    fn of(root: &Node) -> Result<Self, BadRecord> {
        let Value::Map(entries) = &root.value else {
            return Err(BadRecord::Unreadable);
        };
        let text = |node: &Node| node.text().map(str::to_owned);
        let pairs = entries
            .iter()
            .map(|entry| Some((entry.name.clone(), text(&entry.value)?)));
        pairs
            .collect::<Option<_>>()
            .map(Self)
            .ok_or(BadRecord::Unreadable)
    }

    /// Takes a member out, if it is there.
    fn take<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, BadRecord> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(text) => read(&text).map(Some).ok_or(BadRecord::Unreadable),
        }
    }

    /// Refuses what nobody took: it may say something stricter.
    fn end(self) -> Result<(), BadRecord> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(BadRecord::Unreadable),
        }
    }

    /// Over kind, names and texts, in the order of the names.
    fn sum(&self, kind: &str) -> String {
        let mut text = format!("{kind}\n");
        for (name, value) in &self.0 {
            text.extend([name, "=", value, "\n"]);
        }
        format!(
            "{:08x}",
            checksum(CrcAlgorithm::Crc32IsoHdlc, text.as_bytes())
        )
    }
}

#[cfg(test)]
mod tests;
