//! Objects, as the store knows them.

use jiff::Timestamp;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;

/// An object of one incarnation of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// Its bucket.
    pub bucket: BucketName,
    /// Which bucket of that name.
    pub incarnation: u64,
    /// Its key.
    pub key: Box<str>,
}

/// The version of an object in a bucket without versions, as S3 names it.
pub const NULL_VERSION: &str = "null";

/// What is about to be done to an object at the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// A version is written, and this will be its record.
    Write(ObjectRecord),
    /// This version is destroyed.
    Destroy {
        /// Which.
        version: Box<str>,
    },
}

/// An intent that is durable, and the duty to say what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// Its number.
    pub id: u64,
    /// The object.
    pub object: ObjectName,
    /// What is intended.
    pub intent: Intent,
    /// Since when.
    pub begun: Timestamp,
}

/// What became of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// It was done.
    Done {
        /// Of a write: the version the upstream gave it.
        version: Box<str>,
    },
    /// The upstream has not done it.
    NotDone,
    /// Nobody knows.
    Unknown,
}

/// The record of one version as it lies in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObjectRow {
    /// The version.
    pub(super) version: Box<str>,
    /// Of two versions the newer has the higher number.
    pub(super) sequence: u64,
    pub(super) record: ObjectRecord,
}

/// What may be on record of a version, `None` for the current one, while these intents are open on the object.
///
/// A version that nobody knows may be of any write under way. The current one is any that is not older than the newest
/// that nobody destroys.
pub(super) fn possible(
    mut rows: Vec<ObjectRow>,
    open: &[OpenIntent],
    version: Option<&str>,
) -> Vec<Option<ObjectRecord>> {
    let written = open.iter().filter_map(|open| match &open.intent {
        Intent::Write(record) => Some(Some(record.clone())),
        Intent::Destroy { .. } => None,
    });
    let mut found: Vec<Option<ObjectRecord>> = match version {
        Some(version) => {
            let row = rows.into_iter().find(|row| *row.version == *version);
            let settled = row.is_some() && version != NULL_VERSION;
            let known = std::iter::once(row.map(|row| row.record));
            known.chain(written.filter(|_| !settled)).collect()
        }
        None => {
            rows.sort_by_key(|row| std::cmp::Reverse(row.sequence));
            let destroyed = |row: &ObjectRow| {
                open.iter().any(|open| match &open.intent {
                    Intent::Destroy { version } => *version == row.version,
                    Intent::Write(_) => false,
                })
            };
            let kept = rows.iter().position(|row| !destroyed(row));
            rows.truncate(kept.map_or(rows.len(), |kept| kept + 1));
            let known = rows.into_iter().map(|row| Some(row.record));
            let none = kept.is_none().then_some(None);
            known.chain(none).chain(written).collect()
        }
    };
    let mut seen: Vec<Option<ObjectRecord>> = Vec::with_capacity(found.len());
    found.retain(|record| {
        let new = !seen.contains(record);
        if new {
            seen.push(record.clone());
        }
        new
    });
    found
}

#[cfg(test)]
mod tests;
