//! The file: its format, and reading and writing it.

use super::super::StoreError;
use super::super::ledger::{Entry, Ledger};
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::s3::names::{AccountId, BucketName};
use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, StorageError,
    TableDefinition, TableError,
};
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The format this release writes, and the newest it reads.
pub(super) const FORMAT: u64 = 1;

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const BUCKETS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("buckets");

/// The state is small and also held in memory.
const CACHE: usize = 4 << 20;

/// An open state file.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    /// Gone after a failure, until it has been opened again.
    database: Option<Database>,
    /// Transactions committed.
    #[cfg(test)]
    pub(super) transactions: u64,
}

impl StateFile {
    /// Opens the file, or makes it if there is none.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            create(path)?;
        }
        let mut file = Self {
            path: path.to_owned(),
            database: None,
            #[cfg(test)]
            transactions: 0,
        };
        file.reopen()?;
        Ok(file)
    }

    /// Closes the file and opens it again; it must exist.
    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        // The lock has to go before it can be taken again.
        self.database = None;
        let database = builder()
            .open(&self.path)
            .map_err(|error| refused(&self.path, error))?;
        check_format(&self.path, &database)?;
        self.database = Some(database);
        Ok(())
    }

    /// Everything the file holds.
    pub(super) fn load(&self) -> Result<Ledger, StoreError> {
        let unreadable = |error: redb::Error| unreadable(&self.path, error);
        let entries = read(self.database()?).map_err(unreadable)?;
        let entries = entries
            .into_iter()
            .map(|(bucket, row)| self.entry(&bucket, &row))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Ledger::load(entries.into_iter()))
    }

    /// Makes the entries of these buckets durable, all or none.
    pub(super) fn write(
        &mut self,
        ledger: &Ledger,
        buckets: &[BucketName],
    ) -> Result<(), StoreError> {
        let rows: Vec<_> = buckets
            .iter()
            .filter_map(|bucket| Some((bucket.as_str(), Row::of(ledger.entry(bucket)?))))
            .collect();
        let written = write(self.database()?, &rows);
        if written.is_err() {
            self.database = None;
        }
        #[cfg(test)]
        {
            self.transactions += 1;
        }
        written.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    fn entry(&self, bucket: &str, row: &[u8]) -> Result<(BucketName, Entry), StoreError> {
        let broken =
            |reason: String| unreadable(&self.path, format!("bucket `{bucket}`: {reason}"));
        let row: Row = serde_json::from_slice(row).map_err(|error| broken(error.to_string()))?;
        let entry = row.entry().map_err(broken)?;
        let name = BucketName::parse(bucket).map_err(|error| broken(error.to_string()))?;
        Ok((name, entry))
    }

    /// As after a failure.
    #[cfg(test)]
    pub(super) fn close(&mut self) {
        self.database = None;
    }

    fn database(&self) -> Result<&Database, StoreError> {
        self.database
            .as_ref()
            .ok_or_else(|| StoreError::Unavailable("its file is not open".to_owned()))
    }
}

/// One row of `buckets`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    state: RowState,
    incarnation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RowState {
    Creating,
    Live,
    Gone,
}

impl Row {
    fn of(entry: &Entry) -> Self {
        let full = |state, record: &BucketRecord| Self {
            state,
            incarnation: record.incarnation,
            owner: Some(record.owner.to_string()),
            created: Some(record.created.to_string()),
            upstream: Some(record.upstream.clone()),
        };
        match entry {
            Entry::Creating { record, .. } => full(RowState::Creating, record),
            Entry::Live(record) => full(RowState::Live, record),
            Entry::Gone { incarnation } => Self {
                state: RowState::Gone,
                incarnation: *incarnation,
                owner: None,
                created: None,
                upstream: None,
            },
        }
    }

    fn entry(self) -> Result<Entry, String> {
        Ok(match self.state {
            RowState::Creating => Entry::Creating {
                record: self.record()?,
                held: false,
            },
            RowState::Live => Entry::Live(self.record()?),
            RowState::Gone => Entry::Gone {
                incarnation: self.incarnation,
            },
        })
    }

    fn record(self) -> Result<BucketRecord, String> {
        let (Some(owner), Some(created), Some(upstream)) =
            (self.owner, self.created, self.upstream)
        else {
            return Err("owner, created or upstream is missing".to_owned());
        };
        Ok(BucketRecord {
            owner: AccountId::parse(&owner).map_err(|error| error.to_string())?,
            incarnation: self.incarnation,
            created: created
                .parse::<Timestamp>()
                .map_err(|error| error.to_string())?,
            upstream,
        })
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE);
    // Without this a damaged file can make the library panic later instead of failing here.
    builder.set_check_integrity_on_open(true);
    builder
}

/// Makes the file under another name and links it into place when it is whole, so that a crash leaves no half a file and
/// of two processes one wins.
fn create(path: &Path) -> Result<(), StoreError> {
    let io = |error: io::Error| unreadable(path, error);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".new.{}", std::process::id()));
    let draft = PathBuf::from(name);
    let _ = std::fs::remove_file(&draft);
    let made = initialise(&draft, path).and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(io(error)),
        Ok(()) | Err(_) => Ok(()),
    });
    let _ = std::fs::remove_file(&draft);
    made?;
    sync_directory(path).map_err(io)
}

fn initialise(draft: &Path, path: &Path) -> Result<(), StoreError> {
    let failed = |error: &dyn Display| unreadable(path, format!("it cannot be created: {error}"));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)
        .map_err(|error| failed(&error))?;
    let database = FileBackend::new(file)
        .and_then(|backend| builder().create_with_backend(backend))
        .map_err(|error| failed(&error))?;
    let first = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        transaction.open_table(META)?.insert("format", FORMAT)?;
        transaction.open_table(BUCKETS)?;
        Ok(transaction.commit()?)
    };
    first().map_err(|error| failed(&error))
}

fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

fn check_format(path: &Path, database: &Database) -> Result<(), StoreError> {
    let found = format_of(database).map_err(|error| unreadable(path, error))?;
    match found {
        Some(FORMAT) => Ok(()),
        Some(found) if found > FORMAT => Err(StoreError::NewerFormat {
            path: path.to_owned(),
            found,
            known: FORMAT,
        }),
        Some(found) => Err(unreadable(path, format!("format {found} is unknown"))),
        None => Err(unreadable(path, "it is not a state file of this program")),
    }
}

fn format_of(database: &Database) -> Result<Option<u64>, redb::Error> {
    let transaction = database.begin_read()?;
    match transaction.open_table(META) {
        Ok(table) => Ok(table.get("format")?.map(|format| format.value())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn read(database: &Database) -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
    let table = database.begin_read()?.open_table(BUCKETS)?;
    table
        .iter()?
        .map(|row| {
            let (bucket, row) = row?;
            Ok((bucket.value().to_owned(), row.value().to_owned()))
        })
        .collect()
}

fn write(database: &Database, rows: &[(&str, Row)]) -> Result<(), redb::Error> {
    // The default durability: commit returns when the file is synced.
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(BUCKETS)?;
        for (bucket, row) in rows {
            // A row of texts and numbers always serialises.
            let row = serde_json::to_vec(row).unwrap_or_default();
            table.insert(*bucket, &*row)?;
        }
    }
    Ok(transaction.commit()?)
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

fn unreadable(path: &Path, reason: impl Display) -> StoreError {
    StoreError::Unreadable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
