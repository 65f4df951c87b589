//! The rows of objects, in memory.

use super::super::intents::Edit;
use super::super::objects::{ObjectName, VersionRecord};
use super::super::possible::{Row, Version};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What is on record of objects and uploads.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    versions: BTreeMap<ObjectName, BTreeMap<Box<str>, Row>>,
    uploads: BTreeMap<ObjectName, BTreeMap<Box<str>, ObjectRecord>>,
}

impl Shelf {
    pub(super) fn edit(&mut self, edit: Edit) {
        match edit {
            // The ledger has them all.
            Edit::Begun(_) | Edit::Ended(_) => {}
            Edit::Written {
                object,
                version,
                row,
            } => drop(self.versions(object).insert(version, row)),
            Edit::Set {
                object,
                version,
                record,
            } => {
                let versions = self.versions(object);
                let row = versions.get(&version);
                let sequence = row.map_or(Row::UNAGED, |row| row.sequence);
                versions.insert(version, Row { sequence, record });
            }
            Edit::Destroyed { object, version } => drop(self.versions(object).remove(&version)),
            Edit::UploadKept {
                object,
                upload,
                record,
            } => drop(self.uploads(object).insert(upload, record)),
            Edit::UploadDropped { object, upload } => drop(self.uploads(object).remove(&upload)),
            Edit::Forgotten {
                bucket,
                incarnation,
            } => {
                let stays = |object: &ObjectName| {
                    object.bucket != bucket || object.incarnation != incarnation
                };
                self.versions.retain(|object, _| stays(object));
                self.uploads.retain(|object, _| stays(object));
            }
        }
    }

    /// The record of a version.
    pub(super) fn row(&self, object: &ObjectName, version: &str) -> Option<ObjectRecord> {
        let row = self.versions.get(object)?.get(version)?;
        Some(row.record.clone())
    }

    /// Every version of a key that has a row, the newest first.
    pub(super) fn rows(&self, object: &ObjectName) -> impl Iterator<Item = Version> {
        let versions = self.versions.get(object).into_iter().flatten();
        let mut rows: Vec<Version> = versions.map(|(v, row)| (v.clone(), row.clone())).collect();
        rows.sort_by_key(|(version, row)| Reverse((row.sequence, version.clone())));
        rows.into_iter()
    }

    /// Those of a bucket, in the order of their keys.
    pub(super) fn records(
        &self,
        bucket: &BucketName,
        incarnation: u64,
        after: Option<(Box<str>, Box<str>)>,
        most: usize,
    ) -> Vec<VersionRecord> {
        let of_bucket =
            |object: &ObjectName| object.bucket == *bucket && object.incarnation == incarnation;
        let objects = self.versions.iter().filter(|(object, _)| of_bucket(object));
        let records = objects.flat_map(|(object, versions)| {
            versions.iter().map(|(version, row)| VersionRecord {
                key: object.key.clone(),
                version: version.clone(),
                record: row.record.clone(),
            })
        });
        let is_after = |found: &VersionRecord| {
            let after = after.as_ref();
            after.is_none_or(|(key, version)| (&found.key, &found.version) > (key, version))
        };
        records.filter(is_after).take(most).collect()
    }

    pub(super) fn upload(&self, object: &ObjectName, upload: &str) -> Option<ObjectRecord> {
        self.uploads.get(object)?.get(upload).cloned()
    }

    fn versions(&mut self, object: ObjectName) -> &mut BTreeMap<Box<str>, Row> {
        self.versions.entry(object).or_default()
    }

    fn uploads(&mut self, object: ObjectName) -> &mut BTreeMap<Box<str>, ObjectRecord> {
        self.uploads.entry(object).or_default()
    }
}
