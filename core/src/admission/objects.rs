//! Objects of which records are kept, where ACLs are enabled, the bucket has Object Lock, or the gateway keeps tags: whose each
//! is and who has grants on it, and what is kept of one that is written.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
//!
//! The store keeps a record of each version. It is asked for before anything is asked about an object that is there, and
//! what may be on record counts as the narrowest of it while a change is under way.

use super::facts::Whose;
use super::in_force::InForce;
use super::legality::Case;
use super::{Guard, Labels, Rules, locks, refuse, tagging};
use crate::context::Stored;
use crate::controls::acl::{
    ANONYMOUS, Acl, AclRequest, NewObject, On, effective_grants, narrowest, new_object,
};
use crate::controls::lock::{ObjectLock, RecordedLock};
use crate::controls::objects::ObjectRecord;
use crate::controls::settings::SettingKind;
use crate::identity::{Account, Principal};
use crate::policy::{AclGrants, ObjectOwner};
use crate::s3::actions::Action;
use crate::s3::answer::S3Error;
use crate::s3::names::{AccountId, BucketName, Target};
use crate::s3::operations::OperationId;
use std::sync::Arc;

/// An object of which records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptObject {
    /// Its bucket.
    pub bucket: BucketName,
    /// Which bucket of that name; `None`: the store does not know it yet.
    pub incarnation: Option<u64>,
    /// Whose the bucket is.
    pub bucket_owner: AccountId,
    /// Its key.
    pub key: Box<str>,
}

/// A version whose record is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOf {
    /// Its bucket.
    pub bucket: BucketName,
    /// Which bucket of that name.
    pub incarnation: u64,
    /// Its key.
    pub key: Box<str>,
    /// `None`: the current one.
    pub version: Option<Box<str>>,
    /// Beside whom.
    pub hold: Hold,
}

/// How a record is held between the look at it and the end of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Others may look at it too.
    Shared,
    /// Nobody else looks at it, because it is about to change.
    Alone,
}

/// What a permit does to objects, and to their records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// The object; of DeleteObjects the bucket alone.
    pub object: KeptObject,
    /// How.
    pub change: RecordChange,
    /// Whether there are records to change.
    pub recorded: Recorded,
    /// Decides whether what is there may go.
    pub guard: Guard,
}

/// Whether records are kept of a bucket's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// They are.
    Yes,
    /// They were not when the request was decided, and so need not be if that is still so when it is carried out.
    NotYet,
}

/// How records change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordChange {
    /// A version is written, and this is its record.
    Write(ObjectRecord),
    /// An upload begins, and this will be the record of what it makes.
    Begin(ObjectRecord),
    /// An upload is completed. This is the record if nothing is known of how it began.
    Complete {
        /// Its id.
        upload: Box<str>,
        /// The record.
        otherwise: ObjectRecord,
    },
    /// An upload is aborted.
    Abort(Box<str>),
    /// These keys are deleted, each with its version if one is named.
    Delete(Vec<(Box<str>, Option<Box<str>>)>),
}

impl RecordChange {
    /// Whether it brings tags that the gateway keeps.
    fn has_tags(&self) -> bool {
        match self {
            Self::Write(record) | Self::Begin(record) => !record.tags.is_empty(),
            Self::Complete { .. } | Self::Abort(_) | Self::Delete(_) => false,
        }
    }

    /// The record of an upload that is completed, by what was kept of its beginning. Unless it asked for a retention, the
    /// bucket's default counts from now.
    pub fn completed(begun: Option<ObjectRecord>, otherwise: &ObjectRecord) -> ObjectRecord {
        let Some(begun) = begun else {
            return otherwise.clone();
        };
        let lock = match (&begun.lock, &otherwise.lock) {
            (RecordedLock::Known(asked), RecordedLock::Known(default)) => ObjectLock {
                retention: asked.retention.or(default.retention),
                ..*asked
            }
            .into(),
            (lock, _) => lock.clone(),
        };
        ObjectRecord { lock, ..begun }
    }
}

impl<'a> Case<'a> {
    /// The account that owns a target's bucket, with all that is known of it.
    fn bucket_owner(&self, target: &Target) -> Option<Arc<Account>> {
        self.rules.owner_account(target, self.route)
    }

    /// The grants that bear on a question about a target, and whose the object is. None where ACLs are disabled.
    pub(super) fn grants(
        &self,
        target: &Target,
        in_force: &InForce<'_>,
        record: Stored<&ObjectRecord>,
    ) -> Option<AclGrants> {
        if !in_force.acls_count() || self.request.operation.id == OperationId::CreateBucket {
            return None;
        }
        let object = match record {
            Stored::Known(record) => Some(acl_of(record)),
            Stored::NotAsked | Stored::None => None,
        };
        let (bucket, ownership) = (in_force.acl(), in_force.ownership());
        let block = in_force.public_access_block();
        Some(AclGrants {
            object_owner: self.object_owner(target, record),
            ..effective_grants(bucket, object.as_ref(), ownership, block)
        })
    }

    fn object_owner(&self, target: &Target, record: Stored<&ObjectRecord>) -> ObjectOwner {
        let record = match record {
            Stored::Known(record) => record,
            Stored::None => return ObjectOwner::OfBucket,
            // Nobody's, as long as nobody looked.
            Stored::NotAsked => return ObjectOwner::Other(AccountId::NOBODY),
        };
        let is = |account: &Account| account.canonical_id.eq_ignore_ascii_case(&record.owner);
        if self.bucket_owner(target).is_some_and(|owner| is(&owner)) {
            return ObjectOwner::OfBucket;
        }
        let mut accounts = self.rules.directory.accounts.values();
        let known = accounts.find(|account| is(account));
        ObjectOwner::Other(known.map_or(AccountId::NOBODY, |account| account.id))
    }
}

/// An ACL that nobody gave is full control for the owner.
fn acl_of(record: &ObjectRecord) -> Acl {
    let acl = record.acl.clone();
    acl.unwrap_or_else(|| Acl::private(&record.owner))
}

/// The record of the object that a permission is asked on, if it is there already and ACLs count in its bucket.
pub(super) fn record<'a>(
    case: &Case<'a>,
    whose: Whose,
    action: Action,
) -> Stored<&'a ObjectRecord> {
    let written = whose == Whose::Target && case.request.operation.creates_object().is_some();
    // Of what is overwritten, only its ETag is asked.
    let is_there = !written || action == Action::GetObject;
    match is_there && record_of(case, whose).is_some() {
        true => case.looked.record(whose),
        false => Stored::None,
    }
}

/// Which record that is; `None` where it says nothing, or the store knows nothing of the bucket.
pub(super) fn record_of(case: &Case<'_>, whose: Whose) -> Option<RecordOf> {
    let (target, version) = case.object(whose)?;
    let tells = |it: &InForce<'_>| {
        it.acls_count() || it.object_lock().is_some() || case.keeps_tags() && it.keeps_records()
    };
    let in_force = case.in_force(target).filter(tells)?;
    let (name, key) = (target.bucket_name()?, target.key()?);
    Some(RecordOf {
        bucket: BucketName::parse(name).ok()?,
        incarnation: in_force.incarnation()?,
        key: key.into(),
        version: version.map(Into::into),
        hold: hold(case, whose),
    })
}

fn hold(case: &Case<'_>, whose: Whose) -> Hold {
    let changes = matches!(
        case.request.operation.id,
        OperationId::PutObjectAcl
            | OperationId::PutObjectTagging
            | OperationId::DeleteObjectTagging
            | OperationId::PutObjectRetention
            | OperationId::PutObjectLegalHold
    );
    match whose {
        Whose::Target if changes => Hold::Alone,
        Whose::Target | Whose::Source => Hold::Shared,
    }
}

/// What counts of all that may be on record.
pub(super) fn counting(
    rules: &Rules,
    target: &Target,
    route: Option<usize>,
    possible: Vec<Option<ObjectRecord>>,
) -> ObjectRecord {
    let owner = rules.owner_account(target, route);
    narrowest(
        possible,
        owner.as_ref().map_or("", |owner| &owner.canonical_id),
    )
}

/// What is kept of the objects that a request writes or deletes, once it is allowed. `None` without a store.
///
/// # Errors
/// Those of an ACL or a lock that it may not give to a new object, which for locks are the same where nothing is kept; those
/// of asking to bypass governance where there is no Object Lock.
pub(super) fn keeping(case: &Case<'_>, labels: &mut Labels) -> Result<Option<Keeping>, S3Error> {
    let operation = case.request.operation;
    if operation.id == OperationId::UploadPart {
        locks::check_part(case)?;
    }
    let lock = match operation.creates_object() {
        Some(_) => locks::of_new_object(case, labels)?,
        None => ObjectLock::none(),
    };
    let guard = locks::guard(case, labels)?;
    if case.rules.buckets.is_none() {
        return Ok(None);
    }
    let upload = || {
        case.request
            .query
            .get("uploadId")
            .unwrap_or_default()
            .into()
    };
    let change = match operation.id {
        OperationId::PutObject | OperationId::PostObject | OperationId::CopyObject => {
            RecordChange::Write(written(case, labels, lock)?)
        }
        OperationId::CreateMultipartUpload => RecordChange::Begin(written(case, labels, lock)?),
        OperationId::CompleteMultipartUpload => RecordChange::Complete {
            upload: upload(),
            otherwise: written(case, labels, lock)?,
        },
        OperationId::AbortMultipartUpload => RecordChange::Abort(upload()),
        OperationId::DeleteObject => {
            let version = case.request.query.get("versionId").map(Into::into);
            let key = case.request.target.key().unwrap_or_default();
            RecordChange::Delete(vec![(key.into(), version)])
        }
        OperationId::DeleteObjects => {
            let deleted = labels.items.iter().filter(|item| item.allowed);
            let deleted = deleted.map(|item| (item.key.clone(), item.version_id.clone()));
            RecordChange::Delete(deleted.collect())
        }
        _ => return Ok(None),
    };
    let in_force = case.in_force(&case.request.target);
    let tagged = change.has_tags() && !case.leaves(SettingKind::Acl);
    let keeps = in_force.is_some_and(|it| it.keeps_records()) || tagged;
    Ok(Some(Keeping {
        object: kept(case)?,
        change,
        recorded: match keeps {
            true => Recorded::Yes,
            false => Recorded::NotYet,
        },
        guard,
    }))
}

/// The object of a request.
pub(super) fn kept(case: &Case<'_>) -> Result<KeptObject, S3Error> {
    let target = &case.request.target;
    let bucket = target.bucket_name().map(BucketName::parse);
    let (Some(Ok(bucket)), Some(bucket_owner)) = (bucket, case.owner_of(target)) else {
        return Err(refuse::nothing_to_ask_on());
    };
    Ok(KeptObject {
        bucket,
        incarnation: case.in_force(target).and_then(|it| it.incarnation()),
        bucket_owner,
        key: target.key().unwrap_or_default().into(),
    })
}

/// The record of an object that this request writes.
fn written(
    case: &Case<'_>,
    labels: &mut Labels,
    lock: ObjectLock,
) -> Result<ObjectRecord, S3Error> {
    let (owner, acl) = owned(case, labels)?;
    Ok(ObjectRecord {
        owner,
        acl,
        tags: tagging::of_new_object(case)?,
        lock: lock.into(),
    })
}

/// Whose such an object will be, and its ACL.
fn owned(case: &Case<'_>, labels: &mut Labels) -> Result<(Box<str>, Option<Acl>), S3Error> {
    let target = &case.request.target;
    let owner = case.bucket_owner(target);
    let owner = owner.as_ref().map_or("", |owner| &owner.canonical_id);
    if case.leaves(SettingKind::Acl) {
        return Ok((owner.into(), None));
    }
    let in_force = case
        .in_force(target)
        .ok_or_else(refuse::nothing_to_ask_on)?;
    let request = AclRequest::from_headers(case.head.headers, On::Object)?;
    let writer = match &labels.principal {
        Principal::Known(caller) => &*caller.account.canonical_id,
        Principal::Anonymous | Principal::Service(_) => ANONYMOUS,
    };
    let block = in_force.public_access_block();
    let NewObject { owner, acl } =
        new_object(&request, in_force.ownership(), writer, owner, block)?;
    labels.acl_required |= in_force.acls_count() && request.gives_to_others();
    Ok((owner, acl))
}
