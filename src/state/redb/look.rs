//! Reading the rows of objects.

use super::super::intents::{Intents, OpenIntents};
use super::super::objects::{Intent, ObjectName, OpenIntent, VersionRecord};
use super::super::possible::{Row, Version, of_current, of_version};
use super::format::META;
use super::objects::{INTENTS, OBJECTS, ORDER, SEQUENCE, UPLOADS, next, texts};
use super::record::{intent_of_json, record_of_json};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;
use redb::{ReadTransaction, ReadableTable as _};
use std::sync::Arc;

/// Why something was not read.
#[derive(Debug)]
pub(super) enum Failure {
    /// A row cannot be understood, for this reason.
    Row(String),
    /// The database failed.
    Disk(redb::Error),
}

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Disk(error.into())
    }
}

impl Failure {
    /// The reason alone.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Row(reason) => reason,
            Self::Disk(error) => error.to_string(),
        }
    }
}

/// What may be on record of a version, or of the current one.
pub(super) fn object(
    transaction: &ReadTransaction,
    object: &ObjectName,
    version: Option<&str>,
) -> Result<Vec<Option<ObjectRecord>>, Failure> {
    let open = open_on(transaction, object)?;
    let Some(version) = version else {
        return of_current(rows(transaction, object)?, &open);
    };
    let row = row(transaction, object, version)?;
    Ok(of_version(version, row.map(|row| row.record), &open))
}

/// What was asked for an upload.
pub(super) fn upload(
    transaction: &ReadTransaction,
    object: &ObjectName,
    upload: &str,
) -> Result<Option<ObjectRecord>, Failure> {
    let (bucket, incarnation, key) = texts(object);
    let uploads = transaction.open_table(UPLOADS)?;
    let document = uploads.get((bucket, incarnation, key, upload))?;
    let read = |document: &[u8]| {
        record_of_json(document).map_err(|reason| unread("upload", upload, object, reason))
    };
    document.map(|document| read(document.value())).transpose()
}

/// Every intent that is open, and the last number that was given.
pub(super) fn intents(transaction: &ReadTransaction) -> Result<Intents, Failure> {
    let sequence = transaction.open_table(META)?.get(SEQUENCE)?;
    let Some(sequence) = sequence.map(|number| number.value()) else {
        let reason = format!("`{SEQUENCE}` is missing in `meta`");
        return Err(Failure::Row(reason));
    };
    let mut open = OpenIntents::new();
    for row in transaction.open_table(INTENTS)?.iter()? {
        let (key, document) = row?;
        let (bucket, incarnation, key, id) = key.value();
        let intent = intent(bucket, incarnation, key, id, document.value())?;
        if id > sequence {
            return Err(Failure::Row(format!("intent {id} is of another store")));
        }
        open.insert(id, Arc::new(intent));
    }
    Ok(Intents::load(open, sequence))
}

/// Reads every row of objects and uploads, for those who have to know that each can be.
pub(super) fn check(transaction: &ReadTransaction) -> Result<(), Failure> {
    let objects = transaction.open_table(OBJECTS)?;
    let order = transaction.open_table(ORDER)?;
    for row in objects.iter()? {
        let (key, row) = row?;
        let (bucket, incarnation, key, version) = key.value();
        let (sequence, document) = row.value();
        let object = name(bucket, incarnation, key)?;
        record_of_json(document).map_err(|reason| unread("version", version, &object, reason))?;
        let place = order.get((bucket, incarnation, key, sequence, version))?;
        if place.is_none() {
            let reason = "it has no place in `order`".to_owned();
            return Err(unread("version", version, &object, reason));
        }
    }
    for row in transaction.open_table(UPLOADS)?.iter()? {
        let (key, document) = row?;
        let (bucket, incarnation, key, upload) = key.value();
        let object = name(bucket, incarnation, key)?;
        record_of_json(document.value())
            .map_err(|reason| unread("upload", upload, &object, reason))?;
    }
    Ok(())
}

/// The records of a bucket's versions, in the order of their keys.
pub(super) fn records(
    transaction: &ReadTransaction,
    bucket: &BucketName,
    incarnation: u64,
    after: Option<&(Box<str>, Box<str>)>,
    most: usize,
) -> Result<Vec<VersionRecord>, Failure> {
    let objects = transaction.open_table(OBJECTS)?;
    let version = after.map(|(_, version)| next(version)).unwrap_or_default();
    let key = after.map_or("", |(key, _)| key);
    let first = (bucket.as_str(), incarnation, key, version.as_str());
    let of_bucket = first..(bucket.as_str(), incarnation + 1, "", "");
    let rows = objects.range(of_bucket)?.take(most).map(|row| {
        let (place, row) = row?;
        let (.., key, version) = place.value();
        let (_, document) = row.value();
        let object = ObjectName {
            bucket: bucket.clone(),
            incarnation,
            key: key.into(),
        };
        let record = record_of_json(document);
        let record = record.map_err(|reason| unread("version", version, &object, reason))?;
        Ok(VersionRecord {
            key: object.key,
            version: version.into(),
            record,
        })
    });
    rows.collect()
}

/// What is open on a key, the oldest first.
fn open_on(transaction: &ReadTransaction, object: &ObjectName) -> Result<Vec<Intent>, Failure> {
    let (bucket, incarnation, key) = texts(object);
    let after = next(key);
    let of_key = (bucket, incarnation, key, 0)..(bucket, incarnation, after.as_str(), 0);
    let mut open = Vec::new();
    for row in transaction.open_table(INTENTS)?.range(of_key)? {
        let (place, document) = row?;
        let (.., id) = place.value();
        let found = intent(bucket, incarnation, key, id, document.value())?;
        open.push(found.intent);
    }
    Ok(open)
}

/// Every version of a key that has a row, the newest first.
fn rows(
    transaction: &ReadTransaction,
    object: &ObjectName,
) -> Result<impl Iterator<Item = Result<Version, Failure>>, Failure> {
    let (bucket, incarnation, key) = texts(object);
    let after = next(key);
    let of_key = (bucket, incarnation, key, 0, "")..(bucket, incarnation, after.as_str(), 0, "");
    let order = transaction.open_table(ORDER)?.range(of_key)?;
    Ok(order.rev().map(|place| {
        let (place, _) = place?;
        let (.., version) = place.value();
        let row = row(transaction, object, version)?;
        let missing = || "it is in `order` alone".to_owned();
        let row = row.ok_or_else(|| unread("version", version, object, missing()))?;
        Ok((version.into(), row))
    }))
}

fn row(
    transaction: &ReadTransaction,
    object: &ObjectName,
    version: &str,
) -> Result<Option<Row>, Failure> {
    let (bucket, incarnation, key) = texts(object);
    let objects = transaction.open_table(OBJECTS)?;
    let Some(found) = objects.get((bucket, incarnation, key, version))? else {
        return Ok(None);
    };
    let (sequence, document) = found.value();
    let record =
        record_of_json(document).map_err(|reason| unread("version", version, object, reason))?;
    Ok(Some(Row { sequence, record }))
}

fn intent(
    bucket: &str,
    incarnation: u64,
    key: &str,
    id: u64,
    document: &[u8],
) -> Result<OpenIntent, Failure> {
    let object = name(bucket, incarnation, key)?;
    let failed = |reason| Failure::Row(format!("intent {id} on key `{key}`: {reason}"));
    intent_of_json(object, id, document).map_err(failed)
}

fn name(bucket: &str, incarnation: u64, key: &str) -> Result<ObjectName, Failure> {
    let parsed = BucketName::parse(bucket);
    let bucket = parsed.map_err(|error| Failure::Row(format!("bucket `{bucket}`: {error}")))?;
    Ok(ObjectName {
        bucket,
        incarnation,
        key: key.into(),
    })
}

fn unread(what: &str, id: &str, object: &ObjectName, reason: String) -> Failure {
    let ObjectName { bucket, key, .. } = object;
    Failure::Row(format!(
        "{what} `{id}` of key `{key}` in bucket `{bucket}`: {reason}"
    ))
}
