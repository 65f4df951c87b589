//! The rows of objects: their tables, and writing them. [`look`](super::look) reads them.
//!
//! Every key begins with bucket, incarnation and key, as a tuple: redb stores where each text of a tuple ends and compares
//! element by element, so that no text can pass for two. What belongs to one key or one incarnation is one range.

use super::super::intents::Edit;
use super::super::objects::ObjectName;
use super::super::possible::Row;
use super::format::META;
use super::record::{intent_to_json, record_to_json};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;
use redb::{ReadableTable as _, Table, TableDefinition, WriteTransaction};
use std::ops::Range;

type Texts = (&'static str, u64, &'static str, &'static str);
type Number = (&'static str, u64, &'static str, u64);
type NumberAndText = (&'static str, u64, &'static str, u64, &'static str);
type Document = &'static [u8];

/// By version: the number of its row, and its record.
pub(super) const OBJECTS: TableDefinition<'_, Texts, (u64, Document)> =
    TableDefinition::new("objects");
/// The versions that have a row, in the order of their numbers. Finding the current one of a key with many versions takes
/// no longer than of a key with one.
pub(super) const ORDER: TableDefinition<'_, NumberAndText, ()> = TableDefinition::new("order");
/// By id: an open intent.
pub(super) const INTENTS: TableDefinition<'_, Number, Document> = TableDefinition::new("intents");
/// By upload id: what was asked for the object.
pub(super) const UPLOADS: TableDefinition<'_, Texts, Document> = TableDefinition::new("uploads");

/// Where in `meta` the last number is that was given to an intent or a row.
pub(super) const SEQUENCE: &str = "sequence";

/// The tables of a file, which may have them.
pub(super) fn begin(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    let mut meta = transaction.open_table(META)?;
    if meta.get(SEQUENCE)?.is_none() {
        meta.insert(SEQUENCE, 0)?;
    }
    drop(meta);
    Tables::open(transaction)?;
    Ok(())
}

/// Does what changes do to the rows, and keeps the last number they gave.
pub(super) fn write(
    transaction: &WriteTransaction,
    edits: &[Edit],
    sequence: u64,
) -> Result<(), redb::Error> {
    if edits.is_empty() {
        return Ok(());
    }
    transaction.open_table(META)?.insert(SEQUENCE, sequence)?;
    let mut tables = Tables::open(transaction)?;
    for edit in edits {
        tables.edit(edit)?;
    }
    Ok(())
}

/// The texts of a name that its keys begin with.
pub(super) fn texts(object: &ObjectName) -> (&str, u64, &str) {
    (object.bucket.as_str(), object.incarnation, &object.key)
}

/// The key that comes next after every one of this text: there is none between the two.
pub(super) fn next(text: &str) -> String {
    format!("{text}\0")
}

struct Tables<'a> {
    objects: Table<'a, Texts, (u64, Document)>,
    order: Table<'a, NumberAndText, ()>,
    intents: Table<'a, Number, Document>,
    uploads: Table<'a, Texts, Document>,
}

impl<'a> Tables<'a> {
    fn open(transaction: &'a WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            objects: transaction.open_table(OBJECTS)?,
            order: transaction.open_table(ORDER)?,
            intents: transaction.open_table(INTENTS)?,
            uploads: transaction.open_table(UPLOADS)?,
        })
    }

    fn edit(&mut self, edit: &Edit) -> Result<(), redb::Error> {
        match edit {
            Edit::Begun(open) => {
                let (bucket, incarnation, key) = texts(&open.object);
                let document = intent_to_json(open);
                let key = (bucket, incarnation, key, open.id);
                self.intents.insert(key, &*document)?;
            }
            Edit::Ended(open) => {
                let (bucket, incarnation, key) = texts(&open.object);
                self.intents.remove((bucket, incarnation, key, open.id))?;
            }
            Edit::Written {
                object,
                version,
                row,
            } => self.put(object, version, Some(row.sequence), &row.record)?,
            Edit::Set {
                object,
                version,
                record,
            } => self.put(object, version, None, record)?,
            Edit::Destroyed { object, version } => self.remove(object, version)?,
            Edit::UploadKept {
                object,
                upload,
                record,
            } => {
                let (bucket, incarnation, key) = texts(object);
                let key = (bucket, incarnation, key, &**upload);
                self.uploads.insert(key, &*record_to_json(record))?;
            }
            Edit::UploadDropped { object, upload } => {
                let (bucket, incarnation, key) = texts(object);
                self.uploads.remove((bucket, incarnation, key, &**upload))?;
            }
            Edit::Forgotten {
                bucket,
                incarnation,
            } => self.forget(bucket, *incarnation)?,
        }
        Ok(())
    }

    /// The row of a version, with this number or the one it had.
    fn put(
        &mut self,
        object: &ObjectName,
        version: &str,
        sequence: Option<u64>,
        record: &ObjectRecord,
    ) -> Result<(), redb::Error> {
        let (bucket, incarnation, key) = texts(object);
        let former = self.sequence(object, version)?;
        let sequence = sequence.or(former).unwrap_or(Row::UNAGED);
        let document = record_to_json(record);
        self.objects.insert(
            (bucket, incarnation, key, version),
            (sequence, document.as_slice()),
        )?;
        if let Some(former) = former.filter(|former| *former != sequence) {
            let former = (bucket, incarnation, key, former, version);
            self.order.remove(former)?;
        }
        let place = (bucket, incarnation, key, sequence, version);
        self.order.insert(place, ())?;
        Ok(())
    }

    fn remove(&mut self, object: &ObjectName, version: &str) -> Result<(), redb::Error> {
        let (bucket, incarnation, key) = texts(object);
        if let Some(former) = self.sequence(object, version)? {
            let former = (bucket, incarnation, key, former, version);
            self.order.remove(former)?;
            self.objects.remove((bucket, incarnation, key, version))?;
        }
        Ok(())
    }

    /// The number of the row of a version, if it has one.
    fn sequence(&self, object: &ObjectName, version: &str) -> Result<Option<u64>, redb::Error> {
        let (bucket, incarnation, key) = texts(object);
        let row = self.objects.get((bucket, incarnation, key, version))?;
        Ok(row.map(|row| row.value().0))
    }

    fn forget(&mut self, bucket: &BucketName, incarnation: u64) -> Result<(), redb::Error> {
        let after = next(bucket.as_str());
        let Range { start, end } = match incarnation.checked_add(1) {
            Some(next) => (bucket.as_str(), incarnation)..(bucket.as_str(), next),
            None => (bucket.as_str(), incarnation)..(after.as_str(), 0),
        };
        let texts = (start.0, start.1, "", "")..(end.0, end.1, "", "");
        let numbers = (start.0, start.1, "", 0)..(end.0, end.1, "", 0);
        let both = (start.0, start.1, "", 0, "")..(end.0, end.1, "", 0, "");
        self.objects.retain_in(texts.clone(), |_, _| false)?;
        self.order.retain_in(both, |_, ()| false)?;
        self.intents.retain_in(numbers, |_, _| false)?;
        self.uploads.retain_in(texts, |_, _| false)?;
        Ok(())
    }
}
