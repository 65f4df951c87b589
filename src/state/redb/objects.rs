//! The rows of objects, uploads and intents.

use super::super::StoreError;
use super::super::ledger::{Ledger, RowChange};
use super::super::objects::{Intent, ObjectName, ObjectRow, OpenIntent};
use super::format::{INTENTS, OBJECTS, Objects, UPLOADS};
use jiff::Timestamp;
use portcullis_core::controls::acl::Acl;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;
use redb::{ReadTransaction, ReadableTable as _, StorageError, WriteTransaction};
use serde::{Deserialize, Serialize};

/// So many rows of one transaction have numbers of their own.
const OF_ONE_TRANSACTION: u64 = 1 << 20;

/// Does to the rows what these changes say, in their order.
pub(super) struct RowWriter<'t> {
    transaction: &'t WriteTransaction,
    /// The number of the next row that is newer than all others.
    next: u64,
}

impl<'t> RowWriter<'t> {
    /// `generation` is that of the transaction, and higher than those of all before.
    pub(super) fn new(transaction: &'t WriteTransaction, generation: u64) -> Self {
        Self {
            transaction,
            next: generation.saturating_mul(OF_ONE_TRANSACTION),
        }
    }

    pub(super) fn apply(&mut self, change: &RowChange) -> Result<(), redb::Error> {
        match change {
            RowChange::Write(object, version, record) => {
                let sequence = self.number();
                self.put(object, version, sequence, record)
            }
            RowChange::Set(object, version, record) => {
                let sequence = match self.sequence(object, version)? {
                    Some(sequence) => sequence,
                    None => self.number(),
                };
                self.put(object, version, sequence, record)
            }
            RowChange::Remove(object, version) => self.remove(OBJECTS, object, version),
            RowChange::KeepUpload(object, upload, record) => {
                let row = json(&Row::of(0, record));
                let mut uploads = self.transaction.open_table(UPLOADS)?;
                uploads.insert(key(object, upload), &*row)?;
                Ok(())
            }
            RowChange::DropUpload(object, upload) => self.remove(UPLOADS, object, upload),
            RowChange::Forget(bucket, incarnation) => {
                let from = (bucket.as_str(), *incarnation, "", "");
                let to = (bucket.as_str(), incarnation.saturating_add(1), "", "");
                for table in [OBJECTS, UPLOADS] {
                    let mut table = self.transaction.open_table(table)?;
                    table.retain_in(from..to, |_, _| false)?;
                }
                Ok(())
            }
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn put(
        &self,
        object: &ObjectName,
        version: &str,
        sequence: u64,
        record: &ObjectRecord,
    ) -> Result<(), redb::Error> {
        let row = json(&Row::of(sequence, record));
        let mut objects = self.transaction.open_table(OBJECTS)?;
        objects.insert(key(object, version), &*row)?;
        Ok(())
    }

    /// The number of a row that is there. One that cannot be read is not written over.
    fn sequence(&self, object: &ObjectName, version: &str) -> Result<Option<u64>, redb::Error> {
        let objects = self.transaction.open_table(OBJECTS)?;
        let Some(row) = objects.get(key(object, version))? else {
            return Ok(None);
        };
        let row = Row::read(row.value()).map_err(StorageError::Corrupted)?;
        Ok(Some(row.sequence))
    }

    fn remove(&self, table: Objects, object: &ObjectName, what: &str) -> Result<(), redb::Error> {
        let mut table = self.transaction.open_table(table)?;
        table.remove(key(object, what))?;
        Ok(())
    }
}

/// Writes what the ledger has of an intent.
pub(super) fn write_intent(
    transaction: &WriteTransaction,
    ledger: &Ledger,
    id: u64,
) -> Result<(), redb::Error> {
    let mut intents = transaction.open_table(INTENTS)?;
    match ledger.intents().get(id) {
        Some(open) => drop(intents.insert(id, &*json(&IntentRow::of(open)))?),
        None => drop(intents.remove(id)?),
    }
    Ok(())
}

/// Every open intent.
pub(super) fn intents(transaction: &ReadTransaction) -> Result<Vec<OpenIntent>, String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let table = transaction.open_table(INTENTS).map_err(|it| failed(&it))?;
    let rows = table.iter().map_err(|error| failed(&error))?;
    rows.map(|row| {
        let (id, row) = row.map_err(|error| failed(&error))?;
        let id = id.value();
        let open = IntentRow::read(id, row.value());
        open.map_err(|reason| format!("intent {id}: {reason}"))
    })
    .collect()
}

/// Every version of an object that is on record.
pub(super) fn versions(
    transaction: &ReadTransaction,
    object: &ObjectName,
) -> Result<Vec<ObjectRow>, StoreError> {
    let failed = |error: redb::Error| StoreError::Unavailable(error.to_string());
    let mut all = Vec::new();
    // No text comes between a key and the same with this behind it.
    let next = format!("{}\0", object.key);
    let from = (object.bucket.as_str(), object.incarnation, &*object.key, "");
    let to = (object.bucket.as_str(), object.incarnation, &*next, "");
    let mut read = || -> Result<(), redb::Error> {
        let table = transaction.open_table(OBJECTS)?;
        for row in table.range(from..to)? {
            let (key, row) = row?;
            let row = Row::read(row.value()).map_err(StorageError::Corrupted)?;
            all.push(ObjectRow {
                version: key.value().3.into(),
                sequence: row.sequence,
                record: row.record().map_err(StorageError::Corrupted)?,
            });
        }
        Ok(())
    };
    read().map_err(failed)?;
    Ok(all)
}

/// What was kept of an upload.
pub(super) fn upload(
    transaction: &ReadTransaction,
    object: &ObjectName,
    upload: &str,
) -> Result<Option<ObjectRecord>, StoreError> {
    let read = || -> Result<Option<ObjectRecord>, redb::Error> {
        let table = transaction.open_table(UPLOADS)?;
        let Some(row) = table.get(key(object, upload))? else {
            return Ok(None);
        };
        let row = Row::read(row.value()).map_err(StorageError::Corrupted)?;
        Ok(Some(row.record().map_err(StorageError::Corrupted)?))
    };
    read().map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn key<'a>(object: &'a ObjectName, what: &'a str) -> (&'a str, u64, &'a str, &'a str) {
    let bucket = object.bucket.as_str();
    (bucket, object.incarnation, &*object.key, what)
}

/// Texts and numbers always serialise.
fn json(row: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(row).unwrap_or_default()
}

/// One row of `objects` or `uploads`. The ACL is the document of GetObjectAcl.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    sequence: u64,
    owner: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acl: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<(Box<str>, Box<str>)>,
}

impl Row {
    fn of(sequence: u64, record: &ObjectRecord) -> Self {
        let xml = |acl: &Acl| String::from_utf8_lossy(&acl.to_xml(|_| None)).into_owned();
        Self {
            sequence,
            owner: record.owner.clone(),
            acl: record.acl.as_ref().map(xml),
            tags: record.tags.clone(),
        }
    }

    fn read(row: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(row).map_err(|error| error.to_string())
    }

    fn record(self) -> Result<ObjectRecord, String> {
        let acl = self.acl.map(|acl| {
            let acl = Acl::parse_xml(acl.as_bytes());
            acl.map_err(|error| format!("its ACL: {}", error.message))
        });
        Ok(ObjectRecord {
            owner: self.owner,
            acl: acl.transpose()?,
            tags: self.tags,
        })
    }
}

/// One row of `intents`: `write` or `destroy`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentRow {
    bucket: String,
    incarnation: u64,
    key: Box<str>,
    begun: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    write: Option<Row>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destroy: Option<Box<str>>,
}

impl IntentRow {
    fn of(open: &OpenIntent) -> Self {
        let (write, destroy) = match &open.intent {
            Intent::Write(record) => (Some(Row::of(0, record)), None),
            Intent::Destroy { version } => (None, Some(version.clone())),
        };
        Self {
            bucket: open.object.bucket.as_str().to_owned(),
            incarnation: open.object.incarnation,
            key: open.object.key.clone(),
            begun: open.begun.to_string(),
            write,
            destroy,
        }
    }

    fn read(id: u64, row: &[u8]) -> Result<OpenIntent, String> {
        let row: Self = serde_json::from_slice(row).map_err(|error| error.to_string())?;
        let begun = row.begun.parse::<Timestamp>();
        Ok(OpenIntent {
            id,
            object: ObjectName {
                bucket: BucketName::parse(&row.bucket).map_err(|error| error.to_string())?,
                incarnation: row.incarnation,
                key: row.key,
            },
            intent: match (row.write, row.destroy) {
                (Some(row), None) => Intent::Write(row.record()?),
                (None, Some(version)) => Intent::Destroy { version },
                (Some(_), Some(_)) | (None, None) => {
                    return Err("it is neither `write` nor `destroy`".to_owned());
                }
            },
            begun: begun.map_err(|error| error.to_string())?,
        })
    }
}
