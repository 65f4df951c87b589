//! Copies of the state file that can be put back.

use super::super::StoreError;
use super::disk::{self, Draft, unreadable};
use super::format::{self, ACCOUNTS, BUCKETS, Identity, META, NOTES, SETTINGS};
use super::look;
use super::objects::{INTENTS, OBJECTS, ORDER, UPLOADS};
use super::rows;
use redb::{
    Database, Key, ReadTransaction, ReadableDatabase as _, ReadableTable as _, TableDefinition,
    Value, WriteTransaction,
};
use std::io;
use std::path::{Path, PathBuf};

/// Writes what there is to see to a new file.
pub(super) fn write(view: &ReadTransaction, to: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => StoreError::FileExists(to.to_owned()),
        _ => unwritable(to, &error),
    };
    if to.exists() {
        return Err(StoreError::FileExists(to.to_owned()));
    }
    let draft = Draft::beside(to).map_err(failed)?;
    let filled = format::fill(&draft, |target| {
        copy(view, target, META)?;
        copy(view, target, BUCKETS)?;
        copy(view, target, SETTINGS)?;
        copy(view, target, ACCOUNTS)?;
        copy(view, target, NOTES)?;
        copy(view, target, OBJECTS)?;
        copy(view, target, ORDER)?;
        copy(view, target, INTENTS)?;
        copy(view, target, UPLOADS)
    });
    filled.map_err(|error| unwritable(to, &error))?;
    draft.link(to).map_err(failed)
}

fn copy<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<(), redb::Error> {
    let source = from.open_table(table)?;
    let mut target = to.open_table(table)?;
    for row in source.iter()? {
        let (key, value) = row?;
        target.insert(key.value(), value.value())?;
    }
    Ok(())
}

/// Puts a backup, or a copy of an older format, in the place of a state file that no process has open. What was there is kept
/// as `<name>.before-restore`, and the store says of itself that it was [restored](super::super::Origin::Restored) when
/// it is opened next.
///
/// Nothing is changed unless the backup can be read whole. Fails with [`StoreError::Locked`] while a process has either
/// file open, and with [`StoreError::FileExists`] while a file is kept from before. Blocks for some disk accesses.
pub fn restore(from: &Path, to: &Path) -> Result<(), StoreError> {
    // Held until the end, so that no gateway opens what is being replaced.
    let former = disk::hold(to)?;
    let draft = disk::copy(from, to)?;
    prepare(draft.path()).map_err(|error| said_of(from, error))?;
    let failed = |error: io::Error| unwritable(to, &error);
    if former.is_some() {
        let kept = keep(to)?;
        return draft.replace(to).map_err(|error| {
            // It is in its place still, and a second attempt must not take this for another one.
            let _ = std::fs::remove_file(kept);
            failed(error)
        });
    }
    match draft.link(to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(StoreError::FileExists(to.to_owned()))
        }
        linked => linked.map_err(failed),
    }
}

/// Reads everything, and marks it.
fn prepare(path: &Path) -> Result<(), StoreError> {
    let database = format::take_over(path, &format::plainly())?;
    let view = database.begin_read();
    let view = view.map_err(|error| unreadable(path, error))?;
    rows::read(&view).map_err(|reason| unreadable(path, reason))?;
    look::check(&view).map_err(|failure| unreadable(path, failure.reason()))?;
    let identity = Identity {
        restored: true,
        ..Identity::read(path, &database)?
    };
    drop(view);
    mark(&database, identity).map_err(|error| unreadable(path, error))
}

fn mark(database: &Database, identity: Identity) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    identity.write(&transaction)?;
    Ok(transaction.commit()?)
}

/// The file gets a second name; its first goes to the backup in one step.
fn keep(path: &Path) -> Result<PathBuf, StoreError> {
    let kept = disk::with_suffix(path, "before-restore");
    match std::fs::hard_link(path, &kept) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(StoreError::FileExists(kept))
        }
        Err(error) => Err(unwritable(&kept, &error)),
        Ok(()) => Ok(kept),
    }
}

/// The same of another file: the one that somebody named.
fn said_of(path: &Path, error: StoreError) -> StoreError {
    let path: PathBuf = path.to_owned();
    match error {
        StoreError::Unreadable { reason, .. } => StoreError::Unreadable { path, reason },
        StoreError::NewerFormat { found, known, .. } => {
            StoreError::NewerFormat { path, found, known }
        }
        other => other,
    }
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("`{}` cannot be written: {error}", path.display()))
}
