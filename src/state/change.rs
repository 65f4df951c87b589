//! What a store is asked to change, and what comes of it.

use super::intents::{Begun, ObjectChange};
use super::objects::OpenIntent;
use super::{Claim, Note, SettingChange, StoreError};
use bytes::Bytes;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::s3::names::{AccountId, BucketName};
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
    Note {
        note: Note,
        document: Option<Bytes>,
    },
    Object(ObjectChange),
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
    Begun(Begun),
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

    /// Of a beginning, what was begun.
    pub(super) fn begun(self) -> Option<Vec<OpenIntent>> {
        match self {
            Self::Begun(begun) => Some(begun.take()),
            Self::Plain | Self::Claimed(_) | Self::Adopted(_) | Self::Set(_) => None,
        }
    }
}

/// What of the ledger a change is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Bucket(BucketName),
    Account(AccountId),
    Note(Note),
}

impl Change {
    /// `None` for what is of this process alone, and for what the ledger has no rows of.
    pub(super) fn place(&self) -> Option<Place> {
        Some(match self {
            Self::Claim(arrival) | Self::Adopt(arrival) => Place::Bucket(arrival.bucket.clone()),
            Self::Commit(claim) | Self::Abandon(claim) => Place::Bucket(claim.bucket.clone()),
            Self::Set { bucket, .. } | Self::Forget { bucket, .. } => Place::Bucket(bucket.clone()),
            Self::SetAccount { account, .. } => Place::Account(*account),
            Self::Note { note, .. } => Place::Note(*note),
            Self::Release(_) | Self::Object(_) => return None,
        })
    }
}
