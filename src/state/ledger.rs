//! The rules of the store, without a disk: every implementation applies them.

use super::{Buckets, Claim, StoreError};
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::HashMap;
use std::sync::Arc;

/// One change to the store.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Claim {
        bucket: BucketName,
        owner: AccountId,
        upstream: Box<str>,
        now: Timestamp,
    },
    Commit(Claim),
    Abandon(Claim),
    Release(Claim),
    Forget {
        bucket: BucketName,
        incarnation: u64,
    },
}

/// What a change did: of a claim, the claim; of anything else, nothing.
pub(super) type Outcome = Result<Option<Claim>, StoreError>;

/// Every name that was ever claimed.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    entries: HashMap<BucketName, Entry>,
}

/// What is known of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A claim is open. `held` while somebody in this process has it.
    Creating { record: BucketRecord, held: bool },
    /// The bucket exists.
    Live(BucketRecord),
    /// It does not; the number keeps the next incarnation above all former ones.
    Gone { incarnation: u64 },
}

impl Entry {
    fn incarnation(&self) -> u64 {
        match self {
            Self::Creating { record, .. } | Self::Live(record) => record.incarnation,
            Self::Gone { incarnation } => *incarnation,
        }
    }
}

impl Ledger {
    /// The ledger of what was found on disk.
    pub(super) fn load(entries: impl Iterator<Item = (BucketName, Entry)>) -> Self {
        Self {
            entries: entries.collect(),
        }
    }

    /// Applies a change, or says why not and leaves everything as it was.
    pub(super) fn apply(&mut self, change: Change) -> Outcome {
        match change {
            Change::Claim {
                bucket,
                owner,
                upstream,
                now,
            } => self.claim(bucket, owner, upstream, now).map(Some),
            Change::Commit(claim) => self.settle(claim, Entry::Live).map(|()| None),
            Change::Abandon(claim) => {
                let gone = |record: BucketRecord| Entry::Gone {
                    incarnation: record.incarnation,
                };
                self.settle(claim, gone).map(|()| None)
            }
            Change::Release(claim) => {
                self.release(&claim);
                Ok(None)
            }
            Change::Forget {
                bucket,
                incarnation,
            } => self.forget(bucket, incarnation).map(|()| None),
        }
    }

    /// What is known of a name.
    pub(super) fn entry(&self, bucket: &BucketName) -> Option<&Entry> {
        self.entries.get(bucket)
    }

    /// The buckets that exist.
    pub(super) fn buckets(&self) -> Arc<Buckets> {
        let live = self
            .entries
            .iter()
            .filter_map(|(bucket, entry)| match entry {
                Entry::Live(record) => Some((bucket.clone(), record.clone())),
                Entry::Creating { .. } | Entry::Gone { .. } => None,
            });
        Arc::new(live.collect())
    }

    /// The open claims that nobody holds.
    pub(super) fn unresolved(&self) -> Vec<Claim> {
        let open = self
            .entries
            .iter()
            .filter_map(|(bucket, entry)| match entry {
                Entry::Creating {
                    record,
                    held: false,
                } => Some(Claim {
                    bucket: bucket.clone(),
                    record: record.clone(),
                }),
                Entry::Creating { .. } | Entry::Live(_) | Entry::Gone { .. } => None,
            });
        open.collect()
    }

    /// After a failure and a fresh look at the disk: who holds a claim, holds it still.
    pub(super) fn hold_as(mut self, before: &Self) -> Self {
        for (bucket, entry) in &mut self.entries {
            if let Entry::Creating { record, held } = entry {
                let same = Entry::Creating {
                    record: record.clone(),
                    held: true,
                };
                *held = before.entry(bucket) == Some(&same);
            }
        }
        self
    }

    /// Whoever made this claim is gone.
    pub(super) fn release(&mut self, claim: &Claim) {
        if let Some(Entry::Creating { record, held }) = self.entries.get_mut(&claim.bucket)
            && *record == claim.record
        {
            *held = false;
        }
    }

    fn claim(
        &mut self,
        bucket: BucketName,
        owner: AccountId,
        upstream: Box<str>,
        created: Timestamp,
    ) -> Result<Claim, StoreError> {
        let last = match self.entries.get(&bucket) {
            Some(Entry::Live(record)) => {
                let record = record.clone();
                return Err(StoreError::AlreadyExists { record });
            }
            Some(Entry::Creating { record, .. }) => {
                let record = record.clone();
                return Err(StoreError::BeingCreated { record });
            }
            Some(Entry::Gone { incarnation }) => *incarnation,
            None => 0,
        };
        let record = BucketRecord {
            owner,
            incarnation: last + 1,
            created,
            upstream,
        };
        let entry = Entry::Creating {
            record: record.clone(),
            held: true,
        };
        self.entries.insert(bucket.clone(), entry);
        Ok(Claim { bucket, record })
    }

    fn settle(
        &mut self,
        claim: Claim,
        into: impl FnOnce(BucketRecord) -> Entry,
    ) -> Result<(), StoreError> {
        match self.entries.get_mut(&claim.bucket) {
            Some(entry @ Entry::Creating { .. })
                if entry.incarnation() == claim.record.incarnation =>
            {
                *entry = into(claim.record);
                Ok(())
            }
            _ => Err(StoreError::NotOnRecord {
                bucket: claim.bucket,
                incarnation: claim.record.incarnation,
            }),
        }
    }

    fn forget(&mut self, bucket: BucketName, incarnation: u64) -> Result<(), StoreError> {
        match self.entries.get_mut(&bucket) {
            Some(entry @ Entry::Live(_)) if entry.incarnation() == incarnation => {
                *entry = Entry::Gone { incarnation };
                Ok(())
            }
            _ => Err(StoreError::NotOnRecord {
                bucket,
                incarnation,
            }),
        }
    }
}
