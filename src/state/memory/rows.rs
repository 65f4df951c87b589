//! The rows of objects, in memory.

use crate::state::ObjectName;
use crate::state::ledger::{Place, RowChange};
use crate::state::objects::ObjectRow;
use portcullis_core::controls::objects::ObjectRecord;
use std::collections::BTreeMap;

/// The rows of objects and uploads.
#[derive(Debug, Default)]
pub(super) struct Rows {
    newest: u64,
    objects: BTreeMap<(ObjectName, Box<str>), (u64, ObjectRecord)>,
    uploads: BTreeMap<(ObjectName, Box<str>), ObjectRecord>,
}

impl Rows {
    /// Does what a place of the ledger says of rows.
    pub(super) fn apply(&mut self, place: Place) {
        let Place::Rows(change) = place else {
            return;
        };
        self.newest += 1;
        let newest = self.newest;
        match change {
            RowChange::Write(object, version, record) => {
                self.objects.insert((object, version), (newest, record));
            }
            RowChange::Set(object, version, record) => {
                let place = (object, version);
                let former = self.objects.get(&place).map(|(sequence, _)| *sequence);
                let row = (former.unwrap_or(newest), record);
                self.objects.insert(place, row);
            }
            RowChange::Remove(object, version) => drop(self.objects.remove(&(object, version))),
            RowChange::KeepUpload(object, upload, record) => {
                self.uploads.insert((object, upload), record);
            }
            RowChange::DropUpload(object, upload) => drop(self.uploads.remove(&(object, upload))),
            RowChange::Forget(bucket, incarnation) => {
                let its = |object: &ObjectName| {
                    object.bucket == bucket && object.incarnation == incarnation
                };
                self.objects.retain(|(object, _), _| !its(object));
                self.uploads.retain(|(object, _), _| !its(object));
            }
        }
    }

    /// Every version of an object that is on record.
    pub(super) fn versions(&self, object: &ObjectName) -> Vec<ObjectRow> {
        let from = (object.clone(), Box::default());
        let all = self.objects.range(from..);
        let its = all.take_while(|((found, _), _)| found == object);
        its.map(|((_, version), (sequence, record))| ObjectRow {
            version: version.clone(),
            sequence: *sequence,
            record: record.clone(),
        })
        .collect()
    }

    /// What was kept of an upload.
    pub(super) fn upload(&self, object: &ObjectName, upload: &str) -> Option<ObjectRecord> {
        self.uploads.get(&(object.clone(), upload.into())).cloned()
    }
}
