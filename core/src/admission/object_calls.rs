//! Calls on what is kept of one version of an object: its ACL, its retention and legal hold, and its tags where the store
//! behind the gateway has none.
//!
//! Such a call is allowed by what the store knows of the version. What it does is worked out twice: here, so that what
//! cannot be is refused at once, and when it is carried out, on the record of the very version that the upstream names, which
//! nobody else changes meanwhile.

use super::facts::Whose;
use super::legality::Case;
use super::locks::{self, LockPart};
use super::objects::{KeptObject, kept};
use super::settings::{changeable, document, empty};
use super::{Labels, Permit, acls, forward, refuse, tagging};
use crate::context::Stored;
use crate::controls::acl::{Acl, AclChange, NewObject, On, narrowest, put_acl, shown_object};
use crate::controls::lock::{
    Bypass, LegalHold, LockTime, ObjectLock, Protected, RecordedLock, Retention,
    may_change_legal_hold, may_change_retention, refusal,
};
use crate::controls::objects::ObjectRecord;
use crate::controls::ownership::ObjectOwnership;
use crate::controls::public_access::PublicAccessBlock;
use crate::controls::tags::{Tagged, Tags};
use crate::s3::answer::{Answer, S3Error};
use bytes::Bytes;
use http::{Method, StatusCode};

/// A call on what is kept of one version, which must be there. Made only by admission.
#[derive(Debug)]
pub struct ObjectCall {
    object: KeptObject,
    version: Option<Box<str>>,
    /// The canonical id of the account that owns the bucket.
    bucket_owner: Box<str>,
    ownership: ObjectOwnership,
    block: PublicAccessBlock,
    /// By which time locks are judged.
    now: LockTime,
    act: Act,
    /// Tells the store behind the bucket the same, which keeps locks too.
    passed: Option<Box<Permit>>,
}

#[derive(Debug, Clone)]
enum Act {
    ShowAcl,
    PutAcl(AclChange),
    ShowTags,
    PutTags(Tags),
    DeleteTags,
    ShowRetention,
    PutRetention(Option<Retention>, Bypass),
    ShowLegalHold,
    PutLegalHold(LegalHold),
}

/// What a call does.
#[derive(Debug, Clone)]
pub struct Called {
    /// The version's new record; `None`: it stays as it is.
    pub record: Option<ObjectRecord>,
    /// What is answered once that is durable.
    pub answer: Answer,
}

/// What counts of all that may be on record of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OnRecord {
    record: ObjectRecord,
    tags: Certainty,
    lock: Certainty,
}

/// Whether it is known which tags, or which lock, a version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// It is.
    Settled,
    /// A write of unknown fate may have changed them.
    Open,
}

impl Certainty {
    fn settled(self) -> Result<(), S3Error> {
        match self {
            Self::Settled => Ok(()),
            Self::Open => Err(refuse::unsettled()),
        }
    }
}

impl ObjectCall {
    /// The object.
    pub fn object(&self) -> &KeptObject {
        &self.object
    }

    /// The version; `None`: the current one.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What is sent to the store behind the bucket before the version has its new record.
    pub fn passed(&self) -> Option<&Permit> {
        self.passed.as_deref()
    }

    fn shows_lock(&self) -> bool {
        matches!(self.act, Act::ShowRetention | Act::ShowLegalHold)
    }

    /// Whether it is about a lock, which a delete marker never has.
    pub fn is_about_locks(&self) -> bool {
        match self.act {
            Act::ShowRetention
            | Act::PutRetention(..)
            | Act::ShowLegalHold
            | Act::PutLegalHold(_) => true,
            Act::ShowAcl | Act::PutAcl(_) | Act::ShowTags | Act::PutTags(_) | Act::DeleteTags => {
                false
            }
        }
    }

    /// Works out what the call does to the version of which this may be on record; `None` among them: no record.
    ///
    /// # Errors
    /// Those that S3 has for what the call asks of such a version; ServiceUnavailable while it is not known what there is.
    pub fn carry_out(&self, possible: Vec<Option<ObjectRecord>>) -> Result<Called, S3Error> {
        self.act_on(OnRecord::of(possible, &self.bucket_owner))
    }

    fn act_on(&self, found: OnRecord) -> Result<Called, S3Error> {
        let OnRecord {
            record,
            tags,
            lock: known,
        } = found;
        let settled = || tags.settled();
        match &self.act {
            Act::ShowAcl => Ok(shows(self.acl_of(record))),
            Act::PutAcl(change) => {
                let acl = self.new_acl(change, &record)?;
                settled()?;
                let changed = acl.map(|acl| ObjectRecord {
                    acl: Some(acl),
                    ..record
                });
                Ok(changes(changed, StatusCode::OK))
            }
            Act::ShowTags => {
                settled()?;
                let tags = Tags::from(record.tags);
                Ok(shows(document("application/xml", tags.to_xml())))
            }
            Act::PutTags(tags) => {
                settled()?;
                Ok(changes(with_tags(record, tags), StatusCode::OK))
            }
            Act::DeleteTags => {
                settled()?;
                let changed = with_tags(record, &Tags::default());
                Ok(changes(changed, StatusCode::NO_CONTENT))
            }
            Act::ShowRetention => {
                let retention = read(&record.lock)?.retention;
                let retention = retention.ok_or_else(refusal::no_lock)?;
                Ok(shows(document("application/xml", retention.to_xml())))
            }
            Act::PutRetention(retention, bypass) => {
                may_change_retention(&record.lock, *retention, self.now, *bypass)?;
                let lock = ObjectLock {
                    retention: *retention,
                    ..read(&record.lock)?
                };
                locked(record, lock, known)
            }
            Act::ShowLegalHold => {
                let hold = read(&record.lock)?.legal_hold;
                let hold = hold.ok_or_else(refusal::no_lock)?;
                Ok(shows(document("application/xml", hold.to_xml())))
            }
            Act::PutLegalHold(hold) => {
                may_change_legal_hold(&record.lock)?;
                let lock = ObjectLock {
                    legal_hold: Some(*hold),
                    ..read(&record.lock)?
                };
                locked(record, lock, known)
            }
        }
    }

    fn acl_of(&self, record: ObjectRecord) -> Answer {
        let object = NewObject {
            owner: record.owner,
            acl: record.acl,
        };
        acls::shown(&shown_object(
            &object,
            self.ownership,
            &self.bucket_owner,
            self.block,
        ))
    }

    fn new_acl(&self, change: &AclChange, record: &ObjectRecord) -> Result<Option<Acl>, S3Error> {
        let (owner, bucket_owner) = (&record.owner, &self.bucket_owner);
        put_acl(change, self.ownership, owner, bucket_owner, self.block)
    }
}

fn shows(answer: Answer) -> Called {
    Called {
        record: None,
        answer,
    }
}

fn changes(record: Option<ObjectRecord>, status: StatusCode) -> Called {
    Called {
        record,
        answer: empty(status),
    }
}

fn read(lock: &RecordedLock) -> Result<ObjectLock, Protected> {
    match lock {
        RecordedLock::Known(lock) => Ok(*lock),
        RecordedLock::Unreadable(_) => Err(Protected::Unreadable),
    }
}

/// Gives the version this lock. While a write of unknown fate may have given it a stricter one, it cannot be loosened: what
/// was lifted would come back.
fn locked(record: ObjectRecord, lock: ObjectLock, known: Certainty) -> Result<Called, S3Error> {
    let before = read(&record.lock)?;
    if lock.stricter(before) != lock {
        known.settled()?;
    }
    let changed = (lock != before || known == Certainty::Open).then_some(ObjectRecord {
        lock: lock.into(),
        ..record
    });
    Ok(changes(changed, StatusCode::OK))
}

/// `None` if it has them already.
fn with_tags(record: ObjectRecord, tags: &Tags) -> Option<ObjectRecord> {
    let tags = tags.pairs().to_vec();
    (tags != record.tags).then_some(ObjectRecord { tags, ..record })
}

/// The call of an allowed request, if that is one; `body` is its document.
pub(super) fn call(
    case: &Case<'_>,
    labels: &Labels,
    body: &Bytes,
) -> Result<Option<ObjectCall>, S3Error> {
    let Some(act) = act(case, labels, body)? else {
        return Ok(None);
    };
    let (bucket_owner, in_force) = acls::known(case, labels)?;
    let call = ObjectCall {
        object: kept(case)?,
        version: case.request.query.get("versionId").map(Into::into),
        bucket_owner: bucket_owner.into(),
        ownership: in_force.ownership(),
        block: in_force.public_access_block(),
        now: case.arrival.lock_time,
        passed: passed(case, &act, body).map(Box::new),
        act,
    };
    match call.act_on(OnRecord::looked_up(case, bucket_owner)) {
        Ok(called) if called.record.is_some() => changeable(case, false)?,
        Ok(_) => {}
        // Whether there is such a version comes before what there is of it.
        Err(_) if call.shows_lock() => {}
        Err(error) => return Err(error),
    }
    Ok(Some(call))
}

/// A change of a lock, for a store that keeps locks too.
fn passed(case: &Case<'_>, act: &Act, body: &Bytes) -> Option<Permit> {
    match act {
        Act::PutRetention(..) | Act::PutLegalHold(_) if case.passes_locks() => {
            Some(forward::lock(case, body.clone()))
        }
        Act::PutRetention(..)
        | Act::PutLegalHold(_)
        | Act::ShowAcl
        | Act::PutAcl(_)
        | Act::ShowTags
        | Act::PutTags(_)
        | Act::DeleteTags
        | Act::ShowRetention
        | Act::ShowLegalHold => None,
    }
}

/// In a bucket with Object Lock.
fn on_lock(case: &Case<'_>, labels: &Labels, part: LockPart, body: &Bytes) -> Result<Act, S3Error> {
    if case.object_lock().is_none() {
        return Err(refusal::bucket_without_lock());
    }
    let shown = *case.head.method == Method::GET;
    Ok(match part {
        LockPart::Retention if shown => Act::ShowRetention,
        LockPart::Retention => {
            let retention = Retention::parse_xml(body, case.arrival.lock_time)?;
            Act::PutRetention(retention, locks::bypass(case, labels)?)
        }
        LockPart::LegalHold if shown => Act::ShowLegalHold,
        LockPart::LegalHold => Act::PutLegalHold(LegalHold::parse_xml(body)?),
    })
}

fn act(case: &Case<'_>, labels: &Labels, body: &Bytes) -> Result<Option<Act>, S3Error> {
    let operation = case.request.operation;
    let method = case.head.method;
    if let Some(part) = locks::call(operation) {
        return on_lock(case, labels, part, body).map(Some);
    }
    let act = match (acls::call(operation), tagging::call(operation)) {
        (Some(On::Object), _) if *method == Method::GET => Act::ShowAcl,
        (Some(On::Object), _) => Act::PutAcl(AclChange::of(case.head.headers, body, On::Object)?),
        (None, Some(Tagged::Object)) => match *method {
            Method::GET => Act::ShowTags,
            Method::DELETE => Act::DeleteTags,
            _ => Act::PutTags(Tags::parse_xml(Tagged::Object, body)?),
        },
        (Some(On::Bucket), _) | (None, Some(Tagged::Bucket) | None) => return Ok(None),
    };
    Ok(Some(act))
}

impl OnRecord {
    /// Of all that may be on record.
    fn of(possible: Vec<Option<ObjectRecord>>, bucket_owner: &str) -> Self {
        let tags = match tagging::counting(&possible) {
            Stored::Known(_) | Stored::None => Certainty::Settled,
            Stored::NotAsked => Certainty::Open,
        };
        let none = RecordedLock::from(ObjectLock::none());
        let of = |record: &Option<ObjectRecord>| {
            let lock = record.as_ref().map(|record| record.lock.clone());
            lock.unwrap_or_else(|| none.clone())
        };
        let mut locks = possible.iter().map(of);
        let first = locks.next();
        let lock = match locks.all(|lock| Some(lock) == first) {
            true => Certainty::Settled,
            false => Certainty::Open,
        };
        Self {
            record: narrowest(possible, bucket_owner),
            tags,
            lock,
        }
    }

    /// What was looked up of the request's target; nothing where no records are kept.
    fn looked_up(case: &Case<'_>, bucket_owner: &str) -> Self {
        let record = match case.looked.record(Whose::Target) {
            Stored::Known(record) => record.clone(),
            Stored::NotAsked | Stored::None => return Self::of(vec![None], bucket_owner),
        };
        let tags = match case.looked.tags(Whose::Target) {
            Stored::NotAsked if case.keeps_tags() => Certainty::Open,
            Stored::NotAsked | Stored::None | Stored::Known(_) => Certainty::Settled,
        };
        // Looked at again when it is carried out.
        let lock = Certainty::Settled;
        Self { record, tags, lock }
    }
}
