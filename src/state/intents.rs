//! The rules of object records, without rows: which intents are open, and what a change does to the rows.

use super::objects::{Ending, Intent, ObjectName, OpenIntent};
use super::possible::Row;
use jiff::Timestamp;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One change to what is kept of objects.
#[derive(Debug, Clone)]
pub(super) enum ObjectChange {
    Begin {
        intents: Vec<(ObjectName, Intent)>,
        now: Timestamp,
    },
    Settle(Vec<(OpenIntent, Ending)>),
    Set {
        object: ObjectName,
        version: Box<str>,
        record: ObjectRecord,
    },
    KeepUpload {
        object: ObjectName,
        upload: Box<str>,
        record: ObjectRecord,
    },
    DropUpload {
        object: ObjectName,
        upload: Box<str>,
    },
}

impl ObjectChange {
    /// The objects whose bucket has to be on record.
    pub(super) fn needs(&self) -> Vec<&ObjectName> {
        match self {
            Self::Begin { intents, .. } => intents.iter().map(|(object, _)| object).collect(),
            Self::Set { object, .. } | Self::KeepUpload { object, .. } => vec![object],
            // Of a bucket that is gone there is nothing left to settle or to drop.
            Self::Settle(_) | Self::DropUpload { .. } => Vec::new(),
        }
    }
}

/// One step of what a change does to the rows; each is done after the one before it.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    /// The intent is open.
    Begun(Arc<OpenIntent>),
    /// It no longer is.
    Ended(Arc<OpenIntent>),
    /// The version has this row.
    Written {
        object: ObjectName,
        version: Box<str>,
        row: Row,
    },
    /// The version has this record, and its row the number it had: [`Row::UNAGED`] if there was none.
    Set {
        object: ObjectName,
        version: Box<str>,
        record: ObjectRecord,
    },
    /// The version has no row.
    Destroyed {
        object: ObjectName,
        version: Box<str>,
    },
    /// The upload has this record.
    UploadKept {
        object: ObjectName,
        upload: Box<str>,
        record: ObjectRecord,
    },
    /// The upload has none.
    UploadDropped {
        object: ObjectName,
        upload: Box<str>,
    },
    /// The incarnation has no rows, intents and uploads.
    Forgotten {
        bucket: BucketName,
        incarnation: u64,
    },
}

/// Intents by their id.
pub(super) type OpenIntents = BTreeMap<u64, Arc<OpenIntent>>;

/// The intents that are open, and the last number that was given to an intent or a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Intents {
    open: Arc<OpenIntents>,
    sequence: u64,
    holds: Arc<Holds>,
}

impl Intents {
    /// What was found on disk; nobody holds it.
    pub(super) fn load(open: OpenIntents, sequence: u64) -> Self {
        Self {
            open: Arc::new(open),
            sequence,
            holds: Arc::default(),
        }
    }

    /// After a failure and a fresh look at the disk: who holds an intent, holds it still. No id is given a second time.
    pub(super) fn hold_as(self, before: &Self) -> Self {
        Self {
            holds: Arc::clone(&before.holds),
            ..self
        }
    }

    pub(super) fn open(&self) -> Arc<OpenIntents> {
        Arc::clone(&self.open)
    }

    pub(super) fn holds(&self) -> Arc<Holds> {
        Arc::clone(&self.holds)
    }

    /// The last number that was given.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Applies a change to buckets that are on record. Of a beginning, what was begun.
    pub(super) fn apply(&mut self, change: ObjectChange, edits: &mut Vec<Edit>) -> Option<Begun> {
        match change {
            ObjectChange::Begin { intents, now } => return Some(self.begin(intents, now, edits)),
            ObjectChange::Settle(endings) => {
                for (intent, ending) in endings {
                    self.settle(&intent, ending, edits);
                }
            }
            ObjectChange::Set {
                object,
                version,
                record,
            } => edits.push(Edit::Set {
                object,
                version,
                record,
            }),
            ObjectChange::KeepUpload {
                object,
                upload,
                record,
            } => edits.push(Edit::UploadKept {
                object,
                upload,
                record,
            }),
            ObjectChange::DropUpload { object, upload } => {
                edits.push(Edit::UploadDropped { object, upload });
            }
        }
        None
    }

    /// Nothing of this incarnation is left.
    pub(super) fn forget(&mut self, bucket: &BucketName, incarnation: u64, edits: &mut Vec<Edit>) {
        let of_it = |open: &OpenIntent| {
            open.object.incarnation == incarnation && open.object.bucket == *bucket
        };
        if self.open.values().any(|open| of_it(open)) {
            Arc::make_mut(&mut self.open).retain(|_, open| !of_it(open));
        }
        edits.push(Edit::Forgotten {
            bucket: bucket.clone(),
            incarnation,
        });
    }

    fn begin(
        &mut self,
        intents: Vec<(ObjectName, Intent)>,
        begun: Timestamp,
        edits: &mut Vec<Edit>,
    ) -> Begun {
        let mut opened = Vec::with_capacity(intents.len());
        for (object, intent) in intents {
            let open = OpenIntent {
                id: self.next(),
                object,
                intent,
                begun,
            };
            let shared = Arc::new(open.clone());
            edits.push(Edit::Begun(Arc::clone(&shared)));
            Arc::make_mut(&mut self.open).insert(open.id, shared);
            opened.push(open);
        }
        let held = Held::begin(&self.holds, opened.iter().map(|open| open.id));
        Begun {
            intents: opened,
            held,
        }
    }

    fn settle(&mut self, intent: &OpenIntent, ending: Ending, edits: &mut Vec<Edit>) {
        let open = self.open.get(&intent.id);
        let Some(open) = open.filter(|open| ***open == *intent).cloned() else {
            return;
        };
        match ending {
            Ending::Done { version } => {
                let done = self.done(&open, version);
                edits.push(done);
            }
            Ending::NotDone => {}
            // Who holds it is told apart; on disk it stays what it is.
            Ending::Unknown => return,
        }
        Arc::make_mut(&mut self.open).remove(&intent.id);
        edits.push(Edit::Ended(open));
    }

    fn done(&mut self, open: &OpenIntent, version: Box<str>) -> Edit {
        let object = open.object.clone();
        match &open.intent {
            Intent::Write(record) => Edit::Written {
                object,
                version,
                row: Row {
                    sequence: self.next(),
                    record: record.clone(),
                },
            },
            Intent::Destroy { version } => Edit::Destroyed {
                object,
                version: version.clone(),
            },
        }
    }

    fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

/// Intents that have just been begun, on their way to whoever asked: nobody holds them if they do not arrive.
#[derive(Debug)]
pub(super) struct Begun {
    intents: Vec<OpenIntent>,
    held: Held,
}

impl Begun {
    /// They have arrived.
    pub(super) fn take(self) -> Vec<OpenIntent> {
        self.held.keep();
        self.intents
    }
}

/// Which open intents somebody in this process has.
#[derive(Debug, Default)]
pub(super) struct Holds(Mutex<HashSet<u64>>);

impl Holds {
    /// The intents that are open and that nobody has.
    pub(super) fn unresolved(&self, open: impl FnOnce() -> Arc<OpenIntents>) -> Vec<OpenIntent> {
        // In this order: whoever begins takes hold before it is open, and whoever settles lets go after it is closed.
        let held = self.held();
        let open = open();
        let left = open.values().filter(|open| !held.contains(&open.id));
        left.map(|open| OpenIntent::clone(open)).collect()
    }

    fn held(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Intents that are held until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    holds: Arc<Holds>,
    ids: Vec<u64>,
}

impl Held {
    fn begin(holds: &Arc<Holds>, ids: impl Iterator<Item = u64>) -> Self {
        let ids: Vec<u64> = ids.collect();
        holds.held().extend(&ids);
        Self {
            holds: Arc::clone(holds),
            ids,
        }
    }

    /// These are being settled. Whatever becomes of that, whoever had them has them no more afterwards.
    pub(super) fn until_settled(holds: Arc<Holds>, endings: &[(OpenIntent, Ending)]) -> Self {
        let ids = endings.iter().map(|(open, _)| open.id).collect();
        Self { holds, ids }
    }

    /// They are held from now on, also without this.
    fn keep(mut self) {
        self.ids.clear();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.holds.held();
        for id in &self.ids {
            held.remove(id);
        }
    }
}
