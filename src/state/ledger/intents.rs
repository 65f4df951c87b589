//! The rules of object records: what is open is held in memory, rows only lie in the store.

use super::{Done, Ledger, Place};
use crate::state::StoreError;
use crate::state::objects::{Ending, Intent, ObjectName, OpenIntent};
use jiff::Timestamp;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A change of rows of objects and uploads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::state) enum RowChange {
    /// A version was written: it is newer than all others.
    Write(ObjectName, Box<str>, ObjectRecord),
    /// A version that is there has another record; one that was not on record is newer than all others.
    Set(ObjectName, Box<str>, ObjectRecord),
    /// A version is gone.
    Remove(ObjectName, Box<str>),
    KeepUpload(ObjectName, Box<str>, ObjectRecord),
    DropUpload(ObjectName, Box<str>),
    /// All that is of an incarnation of a bucket.
    Forget(BucketName, u64),
}

/// The open intents by number.
#[derive(Debug, Clone, Default)]
pub(in crate::state) struct Intents {
    // Numbers are used once in the life of a process.
    next: u64,
    open: Arc<BTreeMap<u64, (OpenIntent, Holder)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// Somebody in this process.
    Somebody,
    Nobody,
}

impl Intents {
    /// Those found on disk; nobody holds them.
    pub(in crate::state) fn load(found: impl IntoIterator<Item = OpenIntent>) -> Self {
        let open = found.into_iter();
        let open: BTreeMap<_, _> = open.map(|open| (open.id, (open, Holder::Nobody))).collect();
        Self {
            next: open.last_key_value().map_or(0, |(id, _)| id + 1),
            open: Arc::new(open),
        }
    }

    /// What is intended with an object.
    pub(in crate::state) fn of(&self, object: &ObjectName) -> Vec<OpenIntent> {
        let open = self.open.values().map(|(open, _)| open);
        open.filter(|open| open.object == *object)
            .cloned()
            .collect()
    }

    /// One by its number.
    pub(in crate::state) fn get(&self, id: u64) -> Option<&OpenIntent> {
        self.open.get(&id).map(|(open, _)| open)
    }

    /// Those that nobody holds.
    pub(in crate::state) fn unresolved(&self) -> Vec<OpenIntent> {
        let left = self.open.values();
        let left = left.filter(|(_, holder)| *holder == Holder::Nobody);
        left.map(|(open, _)| open.clone()).collect()
    }

    /// After a fresh look at the disk: who held one, holds it still, and no number comes again.
    pub(in crate::state) fn hold_as(mut self, before: &Self) -> Self {
        self.next = self.next.max(before.next);
        for (id, (open, holder)) in Arc::make_mut(&mut self.open) {
            if let Some((former, held)) = before.open.get(id)
                && former == open
            {
                *holder = *held;
            }
        }
        self
    }

    /// Nobody holds this one any more.
    pub(in crate::state) fn release(&mut self, open: &OpenIntent) {
        if self.get(open.id) == Some(open)
            && let Some((_, holder)) = Arc::make_mut(&mut self.open).get_mut(&open.id)
        {
            *holder = Holder::Nobody;
        }
    }

    fn begin(&mut self, object: ObjectName, intent: Intent, begun: Timestamp) -> OpenIntent {
        let open = OpenIntent {
            id: self.next,
            object,
            intent,
            begun,
        };
        self.next += 1;
        let all = Arc::make_mut(&mut self.open);
        all.insert(open.id, (open.clone(), Holder::Somebody));
        open
    }

    /// Takes one out, if it is open.
    fn close(&mut self, open: &OpenIntent) -> bool {
        self.get(open.id) == Some(open) && Arc::make_mut(&mut self.open).remove(&open.id).is_some()
    }
}

impl Ledger {
    pub(super) fn begin(
        &mut self,
        intents: Vec<(ObjectName, Intent)>,
        now: Timestamp,
        places: &mut Vec<Place>,
    ) -> Result<Done, StoreError> {
        for (object, _) in &intents {
            self.on_record(&object.bucket, object.incarnation)?;
        }
        let begun = intents.into_iter();
        let begun: Vec<_> = begun
            .map(|(object, intent)| self.intents.begin(object, intent, now))
            .collect();
        places.extend(begun.iter().map(|open| Place::Intent(open.id)));
        Ok(Done::Begun(begun))
    }

    pub(super) fn settle_intents(
        &mut self,
        endings: Vec<(OpenIntent, Ending)>,
        places: &mut Vec<Place>,
    ) -> Done {
        for (open, ending) in endings {
            let change = match (ending, &open.intent) {
                (Ending::Unknown, _) => {
                    self.intents.release(&open);
                    continue;
                }
                (Ending::NotDone, _) => None,
                (Ending::Done { version }, Intent::Write(record)) => Some(RowChange::Write(
                    open.object.clone(),
                    version,
                    record.clone(),
                )),
                (Ending::Done { .. }, Intent::Destroy { version }) => {
                    Some(RowChange::Remove(open.object.clone(), version.clone()))
                }
            };
            if self.intents.close(&open) {
                places.push(Place::Intent(open.id));
                places.extend(change.map(Place::Rows));
            }
        }
        Done::Plain
    }

    pub(super) fn change_rows(
        &mut self,
        change: RowChange,
        places: &mut Vec<Place>,
    ) -> Result<Done, StoreError> {
        match &change {
            RowChange::Write(object, ..)
            | RowChange::Set(object, ..)
            | RowChange::KeepUpload(object, ..) => {
                self.on_record(&object.bucket, object.incarnation)?;
            }
            RowChange::Remove(..) | RowChange::DropUpload(..) | RowChange::Forget(..) => {}
        }
        places.push(Place::Rows(change));
        Ok(Done::Plain)
    }

    /// All that is of an incarnation that is gone goes with it.
    pub(super) fn forget_objects(
        &mut self,
        bucket: &BucketName,
        incarnation: u64,
        places: &mut Vec<Place>,
    ) {
        let of = |open: &OpenIntent| {
            open.object.bucket == *bucket && open.object.incarnation == incarnation
        };
        let open = self.intents.open.values().map(|(open, _)| open);
        let gone: Vec<u64> = open.filter(|open| of(open)).map(|open| open.id).collect();
        for id in gone {
            Arc::make_mut(&mut self.intents.open).remove(&id);
            places.push(Place::Intent(id));
        }
        places.push(Place::Rows(RowChange::Forget(bucket.clone(), incarnation)));
    }

    /// The open intents.
    pub(in crate::state) fn intents(&self) -> &Intents {
        &self.intents
    }

    /// Whoever began this is gone.
    pub(in crate::state) fn release_intent(&mut self, open: &OpenIntent) {
        self.intents.release(open);
    }
}
