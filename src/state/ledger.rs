//! The rules of the store, without a disk: every implementation applies them.
//!
//! A ledger's large maps are shared with its clones and with readers, and copied when they change: a clone to try changes
//! on costs nothing, and what the changes made is published without another copy.

use super::change::{Arrival, Change, Done, Outcome};
use super::intents::{Edit, Intents, ObjectChange};
use super::{Accounts, Buckets, Claim, Note, Notes, SettingChange, StoreError};
use bytes::Bytes;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{AccountSettings, BucketSettings};
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::Arc;

/// Every name that was ever claimed, and what is set.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    // INVARIANT: a name is in one of the first three at most.
    live: Arc<Buckets>,
    open: HashMap<BucketName, Open>,
    gone: Arc<HashMap<BucketName, u64>>,
    // INVARIANT: no account without settings.
    accounts: Arc<Accounts>,
    notes: Arc<Notes>,
    // INVARIANT: all are about buckets in `live`.
    intents: Intents,
    /// What the changes since these were taken do to the rows of objects.
    edits: Vec<Edit>,
}

/// An open claim. `held` while somebody in this process has it.
#[derive(Debug, Clone)]
struct Open {
    record: BucketRecord,
    held: bool,
}

/// What is known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A claim is open.
    Creating(BucketRecord),
    /// The bucket exists.
    Live(BucketRecord),
    /// It does not; the number keeps the next incarnation above all former ones.
    Gone { incarnation: u64 },
}

impl Entry {
    /// What is set on the bucket, or will be once it is there.
    pub(super) fn settings(&self) -> Option<&BucketSettings> {
        match self {
            Self::Creating(record) | Self::Live(record) => Some(&record.settings),
            Self::Gone { .. } => None,
        }
    }
}

impl Ledger {
    /// The ledger of what was found on disk; nobody holds its claims and intents.
    pub(super) fn load(
        entries: impl IntoIterator<Item = (BucketName, Entry)>,
        accounts: Accounts,
        notes: Notes,
        intents: Intents,
    ) -> Self {
        let (mut live, mut gone) = (Buckets::new(), HashMap::new());
        let mut open = HashMap::new();
        for (bucket, entry) in entries {
            match entry {
                Entry::Live(record) => drop(live.insert(bucket, record)),
                Entry::Gone { incarnation } => drop(gone.insert(bucket, incarnation)),
                Entry::Creating(record) => {
                    let held = false;
                    open.insert(bucket, Open { record, held });
                }
            }
        }
        Self {
            live: Arc::new(live),
            open,
            gone: Arc::new(gone),
            accounts: Arc::new(accounts),
            notes: Arc::new(notes),
            intents,
            edits: Vec::new(),
        }
    }

    /// Applies a change, or says why not and leaves everything as it was.
    pub(super) fn apply(&mut self, change: Change) -> Outcome {
        match change {
            Change::Claim(arrival) => self.claim(arrival).map(Done::Claimed),
            Change::Commit(claim) => {
                let record = self.settle(&claim)?;
                Arc::make_mut(&mut self.live).insert(claim.bucket, record);
                Ok(Done::Plain)
            }
            Change::Abandon(claim) => {
                let record = self.settle(&claim)?;
                Arc::make_mut(&mut self.gone).insert(claim.bucket, record.incarnation);
                Ok(Done::Plain)
            }
            Change::Release(claim) => {
                self.release(&claim);
                Ok(Done::Plain)
            }
            Change::Adopt(arrival) => self.adopt(arrival).map(Done::Adopted),
            Change::Set {
                bucket,
                incarnation,
                change,
            } => self.set(bucket, incarnation, change).map(Done::Set),
            Change::SetAccount { account, block } => {
                self.set_account(account, block);
                Ok(Done::Plain)
            }
            Change::Forget {
                bucket,
                incarnation,
            } => self.forget(bucket, incarnation).map(|()| Done::Plain),
            Change::Note { note, document } => {
                self.note(note, document);
                Ok(Done::Plain)
            }
            Change::Object(change) => self.objects(change),
        }
    }

    /// What the changes did to the rows of objects, in order.
    pub(super) fn take_edits(&mut self) -> Vec<Edit> {
        std::mem::take(&mut self.edits)
    }

    /// What is known of a name.
    pub(super) fn entry(&self, bucket: &BucketName) -> Option<Entry> {
        let live = self.live.get(bucket).cloned().map(Entry::Live);
        let open = || self.open.get(bucket).map(|open| open.record.clone());
        let gone = || self.gone.get(bucket).copied();
        live.or_else(|| open().map(Entry::Creating))
            .or_else(|| gone().map(|incarnation| Entry::Gone { incarnation }))
    }

    /// The buckets that exist.
    pub(super) fn buckets(&self) -> Arc<Buckets> {
        Arc::clone(&self.live)
    }

    /// The accounts on which something is set.
    pub(super) fn accounts(&self) -> Arc<Accounts> {
        Arc::clone(&self.accounts)
    }

    /// The documents of the gateway's own.
    pub(super) fn notes(&self) -> Arc<Notes> {
        Arc::clone(&self.notes)
    }

    /// Keeps a document of the gateway's own, or removes it.
    pub(super) fn note(&mut self, note: Note, document: Option<Bytes>) {
        let notes = Arc::make_mut(&mut self.notes);
        match document {
            Some(document) => drop(notes.insert(note, document)),
            None => drop(notes.remove(&note)),
        }
    }

    /// Whether a bucket has Object Lock, or is about to be created with it.
    pub(super) fn has_locks(&self) -> bool {
        let open = self.open.values().map(|open| &open.record);
        let mut records = self.live.values().chain(open);
        records.any(|record| record.settings.object_lock.is_some())
    }

    /// What was begun of objects.
    pub(super) fn intents(&self) -> &Intents {
        &self.intents
    }

    /// The open claims that nobody holds.
    pub(super) fn unresolved(&self) -> Vec<Claim> {
        let left = self.open.iter().filter(|(_, open)| !open.held);
        left.map(|(bucket, open)| Claim {
            bucket: bucket.clone(),
            record: open.record.clone(),
        })
        .collect()
    }

    /// After a failure and a fresh look at the disk: who holds a claim or an intent, holds it still.
    pub(super) fn hold_as(mut self, before: &Self) -> Self {
        self.intents = self.intents.hold_as(&before.intents);
        for (bucket, open) in &mut self.open {
            let former = before.open.get(bucket);
            open.held = former.is_some_and(|former| former.held && former.record == open.record);
        }
        self
    }

    /// Whoever made this claim is gone.
    pub(super) fn release(&mut self, claim: &Claim) {
        if let Some(open) = self.open.get_mut(&claim.bucket)
            && open.record == claim.record
        {
            open.held = false;
        }
    }

    fn claim(&mut self, arrival: Arrival) -> Result<Claim, StoreError> {
        if let Some(record) = self.live.get(&arrival.bucket) {
            let record = record.clone();
            return Err(StoreError::AlreadyExists { record });
        }
        let incarnation = self.next(&arrival.bucket)?;
        let bucket = arrival.bucket.clone();
        let record = arrival.record(incarnation);
        let open = Open {
            record: record.clone(),
            held: true,
        };
        self.open.insert(bucket.clone(), open);
        Ok(Claim { bucket, record })
    }

    fn adopt(&mut self, arrival: Arrival) -> Result<BucketRecord, StoreError> {
        if let Some(record) = self.live.get(&arrival.bucket) {
            return Ok(record.clone());
        }
        let incarnation = self.next(&arrival.bucket)?;
        let bucket = arrival.bucket.clone();
        let record = arrival.record(incarnation);
        Arc::make_mut(&mut self.live).insert(bucket, record.clone());
        Ok(record)
    }

    /// The incarnation that comes next, of a bucket that does not exist; the name is no longer gone then.
    fn next(&mut self, bucket: &BucketName) -> Result<u64, StoreError> {
        if let Some(open) = self.open.get(bucket) {
            let record = open.record.clone();
            return Err(StoreError::BeingCreated { record });
        }
        let last = self.gone.get(bucket).copied();
        if last.is_some() {
            Arc::make_mut(&mut self.gone).remove(bucket);
        }
        Ok(last.unwrap_or(0) + 1)
    }

    /// Closes a claim.
    fn settle(&mut self, claim: &Claim) -> Result<BucketRecord, StoreError> {
        let incarnation = claim.record.incarnation;
        match self.open.entry(claim.bucket.clone()) {
            Occupied(open) if open.get().record.incarnation == incarnation => {
                Ok(open.remove().record)
            }
            Occupied(_) | Vacant(_) => Err(not_on_record(claim.bucket.clone(), incarnation)),
        }
    }

    fn set(
        &mut self,
        bucket: BucketName,
        incarnation: u64,
        change: SettingChange,
    ) -> Result<Arc<BucketSettings>, StoreError> {
        self.on_record(&bucket, incarnation)?;
        let record = Arc::make_mut(&mut self.live).get_mut(&bucket);
        let record = record.ok_or_else(|| not_on_record(bucket, incarnation))?;
        let settings = BucketSettings::clone(&record.settings);
        record.settings = Arc::new(match change {
            SettingChange::Put(setting) => settings.with(setting),
            SettingChange::Delete(kind) => settings.without(kind),
        });
        Ok(Arc::clone(&record.settings))
    }

    fn set_account(&mut self, account: AccountId, block: Option<PublicAccessBlock>) {
        let accounts = Arc::make_mut(&mut self.accounts);
        let settings = AccountSettings {
            public_access_block: block,
        };
        if settings == AccountSettings::default() {
            accounts.remove(&account);
        } else {
            accounts.insert(account, settings);
        }
    }

    fn forget(&mut self, bucket: BucketName, incarnation: u64) -> Result<(), StoreError> {
        self.on_record(&bucket, incarnation)?;
        Arc::make_mut(&mut self.live).remove(&bucket);
        let edits = &mut self.edits;
        self.intents.forget(&bucket, incarnation, edits);
        Arc::make_mut(&mut self.gone).insert(bucket, incarnation);
        Ok(())
    }

    fn objects(&mut self, change: ObjectChange) -> Outcome {
        for object in change.needs() {
            self.on_record(&object.bucket, object.incarnation)?;
        }
        let begun = self.intents.apply(change, &mut self.edits);
        Ok(begun.map_or(Done::Plain, Done::Begun))
    }

    /// Whether this incarnation exists. Asked before a map is copied for a change.
    pub(super) fn on_record(
        &self,
        bucket: &BucketName,
        incarnation: u64,
    ) -> Result<(), StoreError> {
        match self.live.get(bucket) {
            Some(record) if record.incarnation == incarnation => Ok(()),
            Some(_) | None => Err(not_on_record(bucket.clone(), incarnation)),
        }
    }
}

fn not_on_record(bucket: BucketName, incarnation: u64) -> StoreError {
    StoreError::NotOnRecord {
        bucket,
        incarnation,
    }
}
