//! What may be on record of an object while some of what was begun has no end yet.

use super::objects::{Intent, NULL_VERSION};
use portcullis_core::controls::objects::ObjectRecord;

/// What is on record of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// A row that was written later has a higher number. The row with the highest is the current version's.
    pub(super) sequence: u64,
    pub(super) record: ObjectRecord,
}

impl Row {
    /// The number of a row that was not written with its version: a version without a record was given one, and nobody
    /// knows how old it is. So it is never newer than a version that was written through the gateway.
    pub(super) const UNAGED: u64 = 0;
}

/// A version and its row.
pub(super) type Version = (Box<str>, Row);

/// What may be on record of a named version whose row is this.
pub(super) fn of_version<'a>(
    version: &str,
    row: Option<ObjectRecord>,
    open: impl IntoIterator<Item = &'a Intent>,
) -> Vec<Option<ObjectRecord>> {
    // The upstream may have given a new version this name already; one that has a row keeps its name, but for `null`.
    let may_be_new = row.is_none() || version == NULL_VERSION;
    let mut found = vec![row];
    if may_be_new {
        add_writes(&mut found, open);
    }
    found
}

/// What may be on record of the current version of a key with these rows, the newest first. It takes no more of them
/// than it needs.
pub(super) fn of_current<E>(
    rows: impl IntoIterator<Item = Result<Version, E>>,
    open: &[Intent],
) -> Result<Vec<Option<ObjectRecord>>, E> {
    let mut found = Vec::new();
    // The number of the newest row that nothing open destroys: what is older is not current.
    let mut lasting = None;
    // A version of an age that nobody knows: the current one may be another, without a record.
    let mut is_unsure = false;
    for version in rows {
        let (version, row) = version?;
        if lasting.is_some_and(|lasting| row.sequence < lasting) {
            break;
        }
        add(&mut found, Some(row.record));
        is_unsure |= row.sequence == Row::UNAGED && *version != *NULL_VERSION;
        if !destroys(open, &version) {
            lasting = Some(row.sequence);
        }
    }
    if lasting.is_none() || is_unsure {
        add(&mut found, None);
    }
    add_writes(&mut found, open);
    Ok(found)
}

fn destroys(open: &[Intent], version: &str) -> bool {
    open.iter().any(|intent| match intent {
        Intent::Destroy { version: named } => **named == *version,
        Intent::Write(_) => false,
    })
}

fn add_writes<'a>(
    found: &mut Vec<Option<ObjectRecord>>,
    open: impl IntoIterator<Item = &'a Intent>,
) {
    for intent in open {
        match intent {
            Intent::Write(record) => add(found, Some(record.clone())),
            Intent::Destroy { .. } => {}
        }
    }
}

fn add(found: &mut Vec<Option<ObjectRecord>>, record: Option<ObjectRecord>) {
    if !found.contains(&record) {
        found.push(record);
    }
}
