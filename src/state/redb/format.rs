//! The formats of the file: what there is in it, making it, and taking over what an older release wrote.
//!
//! Its tables:
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | a number: `format`; which store it is: `store`, `generation`, `restored`; and `sequence`, the last number that an intent or a row of `objects` was given |
//! | `buckets` | bucket | JSON `{"state", "incarnation", "owner", "created", "upstream"}`, the last three not for `gone` |
//! | `settings` | bucket, kind | the document |
//! | `accounts` | account, kind | the document |
//! | `notes` | name | a document of the gateway's own |
//! | `objects` | bucket, incarnation, key, version | the number of the row, and JSON `{"owner", "acl", "tags", "lock"}`, the last three only if there are any |
//! | `order` | bucket, incarnation, key, number, version | nothing: the rows of `objects` in the order of their numbers |
//! | `intents` | bucket, incarnation, key, id | JSON `{"begun", "intent"}`, the intent `{"write": record}` or `{"destroy": version}` |
//! | `uploads` | bucket, incarnation, key, upload id | JSON, a record as in `objects` |
//!
//! Keys of more than one part are tuples of redb: it stores how long each text is and compares part by part. So any text
//! can be a key, a version or an upload id, a NUL included, without being taken for another; and what belongs to one key
//! or to one incarnation is one range, which ends before the same key with a NUL behind it, or the next incarnation.

use super::super::StoreError;
use super::disk::{self, Draft, unreadable};
use super::objects;
use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase as _, StorageError, TableDefinition,
    TableError, WriteTransaction,
};
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The format this release writes, and the newest it reads.
pub(super) const FORMAT: u64 = 4;
/// Its records of objects had no locks, and it had no notes.
const THIRD: u64 = 3;
/// It had no objects.
const SECOND: u64 = 2;
/// It had no settings and no identity either.
const FIRST: u64 = 1;

/// The format, and the [identity](Identity).
pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
/// A row of JSON by bucket.
pub(super) const BUCKETS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("buckets");
/// Documents by bucket and kind.
pub(super) const SETTINGS: Documents = TableDefinition::new("settings");
/// Documents of the gateway's own by name.
pub(super) const NOTES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("notes");
/// Documents by account and kind.
pub(super) const ACCOUNTS: Documents = TableDefinition::new("accounts");

pub(super) type Documents = TableDefinition<'static, (&'static str, &'static str), &'static [u8]>;

/// Buckets and settings are also held in memory; this is for the rows of objects.
const CACHE: usize = 32 << 20;

/// How the database in a file is opened: the seam where tests put a failing disk under it.
pub(super) type Connect = Arc<dyn Fn(&Path) -> Result<Database, DatabaseError> + Send + Sync>;

/// As redb does.
pub(super) fn plainly() -> Connect {
    Arc::new(|path| builder().open(path))
}

/// Which store this is, and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    /// Drawn at random when the store was made. A backup keeps it.
    pub(super) store: u64,
    /// Grows with every transaction.
    pub(super) generation: u64,
    /// A backup was put into place, and no gateway has opened it since.
    pub(super) restored: bool,
}

impl Identity {
    /// The generation of a store that was made and never opened.
    pub(super) const MADE: u64 = 0;
    /// The generation of a store that was taken over from an older format and never opened since.
    pub(super) const MIGRATED: u64 = 1;

    fn fresh(generation: u64) -> Result<Self, io::Error> {
        let mut bytes = [0; 8];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("no randomness"))?;
        Ok(Self {
            store: u64::from_ne_bytes(bytes),
            generation,
            restored: false,
        })
    }

    pub(super) fn read(path: &Path, database: &Database) -> Result<Self, StoreError> {
        let number = |key: &str| {
            let found = meta(database, key).map_err(|error| unreadable(path, error))?;
            found.ok_or_else(|| unreadable(path, format!("`{key}` is missing in `meta`")))
        };
        Ok(Self {
            store: number("store")?,
            generation: number("generation")?,
            restored: number("restored")? != 0,
        })
    }

    pub(super) fn write(self, transaction: &WriteTransaction) -> Result<(), redb::Error> {
        let mut meta = transaction.open_table(META)?;
        meta.insert("store", self.store)?;
        meta.insert("generation", self.generation)?;
        meta.insert("restored", u64::from(self.restored))?;
        Ok(())
    }
}

/// Makes a store without content. Of two processes that do, one wins and both have it.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    let failed = |error: &dyn Display| unreadable(path, format!("it cannot be created: {error}"));
    let draft = Draft::beside(path).map_err(|error| failed(&error))?;
    let identity = Identity::fresh(Identity::MADE).map_err(|error| failed(&error))?;
    let made = fill(&draft, |transaction| begin(transaction, identity));
    made.map_err(|error| failed(&error))?;
    match draft.link(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(unreadable(path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes a database of the draft with one transaction.
pub(super) fn fill(
    draft: &Draft,
    content: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(), redb::Error> {
    let file = draft.file().try_clone()?;
    let database = builder().create_with_backend(FileBackend::new(file)?)?;
    let transaction = database.begin_write()?;
    content(&transaction)?;
    Ok(transaction.commit()?)
}

fn begin(transaction: &WriteTransaction, identity: Identity) -> Result<(), redb::Error> {
    transaction.open_table(META)?.insert("format", FORMAT)?;
    transaction.open_table(BUCKETS)?;
    transaction.open_table(SETTINGS)?;
    transaction.open_table(ACCOUNTS)?;
    transaction.open_table(NOTES)?;
    objects::begin(transaction)?;
    identity.write(transaction)
}

/// Opens a file of any format up to ours. One that is older is copied beside itself and then taken over.
pub(super) fn open(path: &Path, connect: &Connect) -> Result<Database, StoreError> {
    let database = connect(path).map_err(|error| refused(path, error))?;
    let format = format_of(path, &database)?;
    if format == FORMAT {
        return Ok(database);
    }
    // The copy is of a file that is closed: the lock has to go first.
    drop(database);
    keep_copy(path, format)?;
    take_over(path, connect)
}

/// The same without the copy.
pub(super) fn take_over(path: &Path, connect: &Connect) -> Result<Database, StoreError> {
    let database = connect(path).map_err(|error| refused(path, error))?;
    let format = format_of(path, &database)?;
    let identity = match format {
        FORMAT => return Ok(database),
        FIRST => Identity::fresh(Identity::MIGRATED).map_err(|error| unreadable(path, error))?,
        // It is the store it was.
        _ => Identity::read(path, &database)?,
    };
    let migrate = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        begin(&transaction, identity)?;
        Ok(transaction.commit()?)
    };
    migrate().map_err(|error| {
        unreadable(
            path,
            format!("it cannot be taken over from format {format}: {error}"),
        )
    })?;
    Ok(database)
}

/// `state.redb.format-2`, or with a number behind it if there is such a copy already.
fn keep_copy(path: &Path, format: u64) -> Result<(), StoreError> {
    let draft = disk::copy(path, path)?;
    let first = format!("format-{format}");
    let further = (2..100).map(|number| format!("{first}.{number}"));
    for suffix in std::iter::once(first.clone()).chain(further) {
        let copy = disk::with_suffix(path, &suffix);
        match draft.link(&copy) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(unreadable(path, format!("it cannot be copied: {error}")));
            }
        }
    }
    let reason = "there are too many copies of it already";
    Err(unreadable(path, reason))
}

pub(super) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    // Without this a damaged file can make the library panic later instead of failing here.
    builder.set_check_integrity_on_open(true);
    builder
}

fn format_of(path: &Path, database: &Database) -> Result<u64, StoreError> {
    let found = meta(database, "format").map_err(|error| unreadable(path, error))?;
    match found {
        Some(found @ (FIRST | SECOND | THIRD | FORMAT)) => Ok(found),
        Some(found) if found > FORMAT => Err(StoreError::NewerFormat {
            path: path.to_owned(),
            found,
            known: FORMAT,
        }),
        Some(found) => Err(unreadable(path, format!("format {found} is unknown"))),
        None => Err(unreadable(path, "it is not a state file of this program")),
    }
}

fn meta(database: &Database, key: &str) -> Result<Option<u64>, redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(META) {
        Ok(table) => Ok(table.get(key)?.map(|number| number.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn refused(path: &Path, error: DatabaseError) -> StoreError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::Locked(path.to_owned()),
        DatabaseError::UpgradeRequired(version) => unreadable(
            path,
            format!("its database format {version} is older than this release reads"),
        ),
        DatabaseError::Storage(StorageError::Io(error)) if !is_content(&error) => {
            unreadable(path, error)
        }
        DatabaseError::Storage(error) => unreadable(path, format!("it is damaged: {error}")),
        other => unreadable(path, other),
    }
}

/// Whether it is the file's content that is wrong, and not the disk.
fn is_content(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}
