//! The rules of the store, without a disk: every implementation applies them.
//!
//! A ledger's large maps are shared with its clones and with readers, and copied when they change: a clone to try changes
//! on costs nothing, and what the changes made is published without another copy.

mod intents;

pub(super) use intents::{Intents, RowChange};

use super::objects::{Ending, Intent, ObjectName, OpenIntent};
use super::{Accounts, Buckets, Claim, SettingChange, StoreError};
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{AccountSettings, BucketSettings};
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::HashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};
use std::sync::Arc;

/// One change to the store.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Claim(Arrival),
    Commit(Claim),
    Abandon(Claim),
    Release(Claim),
    Adopt(Arrival),
    Set {
        bucket: BucketName,
        incarnation: u64,
        change: SettingChange,
    },
    SetAccount {
        account: AccountId,
        block: Option<PublicAccessBlock>,
    },
    Forget {
        bucket: BucketName,
        incarnation: u64,
    },
    Begin(Vec<(ObjectName, Intent)>, Timestamp),
    Settle(Vec<(OpenIntent, Ending)>),
    Rows(RowChange),
}

/// A bucket that is to be on record.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub(super) bucket: BucketName,
    pub(super) owner: AccountId,
    pub(super) upstream: Arc<str>,
    pub(super) settings: Arc<BucketSettings>,
    pub(super) now: Timestamp,
}

impl Arrival {
    pub(super) fn record(self, incarnation: u64) -> BucketRecord {
        BucketRecord {
            owner: self.owner,
            incarnation,
            created: self.now,
            upstream: self.upstream,
            settings: self.settings,
        }
    }
}

/// What a change did, or why it did nothing.
pub(super) type Outcome = Result<Done, StoreError>;

/// What a change did.
#[derive(Debug)]
pub(super) enum Done {
    /// As asked; there is no more to say.
    Plain,
    Claimed(Claim),
    Adopted(BucketRecord),
    Set(Arc<BucketSettings>),
    Begun(Vec<OpenIntent>),
}

impl Done {
    /// Of a claim, the claim.
    pub(super) fn claim(self) -> Option<Claim> {
        match self {
            Self::Claimed(claim) => Some(claim),
            Self::Plain | Self::Adopted(_) | Self::Set(_) | Self::Begun(_) => None,
        }
    }

    /// Of an adoption, the record.
    pub(super) fn record(self) -> Option<BucketRecord> {
        match self {
            Self::Adopted(record) => Some(record),
            Self::Plain | Self::Claimed(_) | Self::Set(_) | Self::Begun(_) => None,
        }
    }

    /// Of a change of settings, all that the bucket has now.
    pub(super) fn settings(self) -> Option<Arc<BucketSettings>> {
        match self {
            Self::Set(settings) => Some(settings),
            Self::Plain | Self::Claimed(_) | Self::Adopted(_) | Self::Begun(_) => None,
        }
    }

    /// Of intents that began, these.
    pub(super) fn begun(self) -> Option<Vec<OpenIntent>> {
        match self {
            Self::Begun(begun) => Some(begun),
            Self::Plain | Self::Claimed(_) | Self::Adopted(_) | Self::Set(_) => None,
        }
    }
}

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Bucket(BucketName),
    Account(AccountId),
    /// An intent by its number.
    Intent(u64),
    /// Rows that the ledger does not hold: what is to be done to them.
    Rows(RowChange),
}

/// Every name that was ever claimed, and what is set.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    // INVARIANT: a name is in one of the first three at most.
    live: Arc<Buckets>,
    open: HashMap<BucketName, Open>,
    gone: Arc<HashMap<BucketName, u64>>,
    // INVARIANT: no account without settings.
    accounts: Arc<Accounts>,
    // INVARIANT: all are on objects of buckets that are live.
    intents: Intents,
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
    /// The ledger of what was found on disk; nobody holds its claims.
    pub(super) fn load(
        entries: impl IntoIterator<Item = (BucketName, Entry)>,
        accounts: Accounts,
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
            intents,
        }
    }

    /// Applies a change and adds the places of the disk that it is about; or says why not and leaves everything as it was.
    pub(super) fn apply(&mut self, change: Change, places: &mut Vec<Place>) -> Outcome {
        let (place, done) = match change {
            Change::Claim(arrival) => {
                let place = Place::Bucket(arrival.bucket.clone());
                (place, self.claim(arrival).map(Done::Claimed)?)
            }
            Change::Commit(claim) => {
                let record = self.settle(&claim)?;
                Arc::make_mut(&mut self.live).insert(claim.bucket.clone(), record);
                (Place::Bucket(claim.bucket), Done::Plain)
            }
            Change::Abandon(claim) => {
                let record = self.settle(&claim)?;
                Arc::make_mut(&mut self.gone).insert(claim.bucket.clone(), record.incarnation);
                (Place::Bucket(claim.bucket), Done::Plain)
            }
            // Of this process alone, and not of the disk.
            Change::Release(claim) => {
                self.release(&claim);
                return Ok(Done::Plain);
            }
            Change::Adopt(arrival) => {
                let place = Place::Bucket(arrival.bucket.clone());
                (place, self.adopt(arrival).map(Done::Adopted)?)
            }
            Change::Set {
                bucket,
                incarnation,
                change,
            } => {
                let place = Place::Bucket(bucket.clone());
                (place, self.set(bucket, incarnation, change).map(Done::Set)?)
            }
            Change::SetAccount { account, block } => {
                self.set_account(account, block);
                (Place::Account(account), Done::Plain)
            }
            Change::Forget {
                bucket,
                incarnation,
            } => {
                self.forget(bucket.clone(), incarnation)?;
                self.forget_objects(&bucket, incarnation, places);
                (Place::Bucket(bucket), Done::Plain)
            }
            Change::Begin(intents, now) => return self.begin(intents, now, places),
            Change::Settle(endings) => return Ok(self.settle_intents(endings, places)),
            Change::Rows(change) => return self.change_rows(change, places),
        };
        places.push(place);
        Ok(done)
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

    /// The open claims that nobody holds.
    pub(super) fn unresolved(&self) -> Vec<Claim> {
        let left = self.open.iter().filter(|(_, open)| !open.held);
        left.map(|(bucket, open)| Claim {
            bucket: bucket.clone(),
            record: open.record.clone(),
        })
        .collect()
    }

    /// After a failure and a fresh look at the disk: who holds a claim, holds it still.
    pub(super) fn hold_as(mut self, before: &Self) -> Self {
        for (bucket, open) in &mut self.open {
            let former = before.open.get(bucket);
            open.held = former.is_some_and(|former| former.held && former.record == open.record);
        }
        self.intents = self.intents.hold_as(&before.intents);
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
        Arc::make_mut(&mut self.gone).insert(bucket, incarnation);
        Ok(())
    }

    /// Asked before a map is copied for a change.
    fn on_record(&self, bucket: &BucketName, incarnation: u64) -> Result<(), StoreError> {
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
