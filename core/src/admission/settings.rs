//! Calls on the settings that the gateway keeps itself, once they are allowed: what they answer, and what they change.

use super::legality::Case;
use super::{Labels, acls, locks, refuse};
use crate::controls::acl::{AclRequest, On, new_bucket};
use crate::controls::lock::{self, LockConfiguration};
use crate::controls::ownership::{ObjectOwnership, put_ownership};
use crate::controls::public_access::PublicAccessBlock;
use crate::controls::settings::{
    BucketPolicy, BucketSettings, Setting, SettingChange, SettingKind,
};
use crate::controls::tags::Tags;
use crate::identity::Principal;
use crate::policy::is_public;
use crate::s3::answer::{Answer, S3Error, Success};
use crate::s3::errors::ErrorCode;
use crate::s3::names::{AccountId, BucketName};
use crate::s3::operations::{Operation, OperationId};
use crate::s3::xml::Writer;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use std::sync::Arc;

/// What is done to the settings that the gateway keeps, and what is answered. Made only by admission.
#[derive(Debug, Clone)]
pub struct Settling {
    of: SettingsOf,
    change: Option<SettingChange>,
    answer: Answer,
}

/// Whose settings they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsOf {
    /// A bucket's.
    Bucket {
        /// The bucket.
        name: BucketName,
        /// Which bucket of that name, if the store knows it. Otherwise the upstream must be asked whether there is one.
        incarnation: Option<u64>,
        /// Whose it is.
        owner: AccountId,
    },
    /// An account's.
    Account(AccountId),
}

impl Settling {
    /// Whose settings they are.
    pub fn of(&self) -> &SettingsOf {
        &self.of
    }

    /// What is made durable before the answer; `None`: nothing changes.
    pub fn change(&self) -> Option<&SettingChange> {
        self.change.as_ref()
    }

    /// What is answered then.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }
}

/// What a call does that is allowed.
struct Call {
    kind: SettingKind,
    act: Act,
}

enum Act {
    Get,
    /// Whether the policy is public.
    Status,
    Put,
    /// Answered with this status.
    Delete(StatusCode),
}

/// The calls on settings that are built; other operations that the gateway answers are not.
fn call(operation: &Operation) -> Option<Call> {
    use OperationId::{
        DeleteAccountPublicAccessBlock, DeleteBucketCors, DeleteBucketOwnershipControls,
        DeleteBucketPolicy, DeleteBucketTagging, DeletePublicAccessBlock,
        GetAccountPublicAccessBlock, GetBucketCors, GetBucketOwnershipControls, GetBucketPolicy,
        GetBucketPolicyStatus, GetBucketTagging, GetObjectLockConfiguration, GetPublicAccessBlock,
        PutAccountPublicAccessBlock, PutBucketCors, PutBucketOwnershipControls, PutBucketPolicy,
        PutBucketTagging, PutObjectLockConfiguration, PutPublicAccessBlock,
    };
    use SettingKind::{Cors, ObjectLock, Ownership, Policy, PublicAccessBlock, Tagging};
    let (kind, act) = match operation.id {
        GetBucketPolicy => (Policy, Act::Get),
        GetBucketPolicyStatus => (Policy, Act::Status),
        PutBucketPolicy => (Policy, Act::Put),
        DeleteBucketPolicy => (Policy, Act::Delete(StatusCode::NO_CONTENT)),
        GetPublicAccessBlock | GetAccountPublicAccessBlock => (PublicAccessBlock, Act::Get),
        PutPublicAccessBlock | PutAccountPublicAccessBlock => (PublicAccessBlock, Act::Put),
        DeletePublicAccessBlock => (PublicAccessBlock, Act::Delete(StatusCode::NO_CONTENT)),
        DeleteAccountPublicAccessBlock => (PublicAccessBlock, Act::Delete(StatusCode::OK)),
        GetBucketCors => (Cors, Act::Get),
        PutBucketCors => (Cors, Act::Put),
        DeleteBucketCors => (Cors, Act::Delete(StatusCode::NO_CONTENT)),
        GetBucketOwnershipControls => (Ownership, Act::Get),
        PutBucketOwnershipControls => (Ownership, Act::Put),
        DeleteBucketOwnershipControls => (Ownership, Act::Delete(StatusCode::NO_CONTENT)),
        GetBucketTagging => (Tagging, Act::Get),
        PutBucketTagging => (Tagging, Act::Put),
        DeleteBucketTagging => (Tagging, Act::Delete(StatusCode::NO_CONTENT)),
        GetObjectLockConfiguration => (ObjectLock, Act::Get),
        PutObjectLockConfiguration => (ObjectLock, Act::Put),
        _ => return None,
    };
    Some(Call { kind, act })
}

/// The kind of setting of a bucket or an object that an operation is about.
pub(super) fn kind(operation: &Operation) -> Option<SettingKind> {
    if acls::call(operation).is_some() {
        return Some(SettingKind::Acl);
    }
    if locks::call(operation).is_some() {
        return Some(SettingKind::ObjectLock);
    }
    let call = call(operation)?;
    Some(call.kind)
}

/// Works out what an allowed call does; `document` is its body.
pub(super) fn settle(
    case: &Case<'_>,
    labels: &Labels,
    document: &Bytes,
) -> Result<Settling, S3Error> {
    let operation = case.request.operation;
    if acls::call(operation) == Some(On::Bucket) {
        let (change, answer) = acls::of_bucket(case, labels, document)?;
        return Ok(Settling {
            of: of(case)?,
            change,
            answer,
        });
    }
    let call = call(operation).ok_or_else(|| refuse::not_built(operation))?;
    let of = of(case)?;
    match &of {
        SettingsOf::Bucket { name, owner, .. } => {
            only_for_the_owner(&call, labels, *owner)?;
            let (change, answer) = of_bucket(case, labels, &call, name, document)?;
            Ok(Settling { of, change, answer })
        }
        SettingsOf::Account(account) => {
            let (change, answer) = of_account(case, &call, *account, document)?;
            Ok(Settling { of, change, answer })
        }
    }
}

/// What a bucket begins with: what AWS gives every new one, and what the request asks for.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
pub(super) fn of_new_bucket(
    case: &Case<'_>,
    labels: &Labels,
    tags: Tags,
) -> Result<BucketSettings, S3Error> {
    let headers = case.head.headers;
    let mut settings = BucketSettings::of_new_bucket();
    if !tags.is_empty() {
        settings = settings.with(Setting::Tagging(Arc::new(tags)));
    }
    if locks::of_new_bucket(case)? {
        settings = settings.with(Setting::ObjectLock(LockConfiguration::default()));
    }
    if case.leaves(SettingKind::Acl) {
        return Ok(settings);
    }
    let asked = ObjectOwnership::from_headers(headers)?;
    let ownership = asked.or(settings.ownership).unwrap_or_default();
    let request = AclRequest::from_headers(headers, On::Bucket)?;
    let block = settings.public_access_block.unwrap_or_default();
    let owner = labels.owner.as_ref();
    let owner = owner.map_or("", |owner| &*owner.canonical_id);
    let acl = new_bucket(&request, ownership, owner, block)?;
    if ownership == ObjectOwnership::BucketOwnerEnforced {
        return Ok(settings);
    }
    if case.rules.buckets.is_none() {
        return Err(refuse::managed_by_configuration());
    }
    let settings = settings.with(Setting::Ownership(ownership));
    Ok(settings.with(Setting::Acl(Arc::new(acl))))
}

fn of(case: &Case<'_>) -> Result<SettingsOf, S3Error> {
    let target = &case.request.target;
    if let Some(account) = target.account() {
        return Ok(SettingsOf::Account(account));
    }
    let name = target.bucket_name().map(BucketName::parse);
    let (Some(Ok(name)), Some(owner)) = (name, case.owner_of(target)) else {
        return Err(refuse::nothing_to_ask_on());
    };
    let record = case.rules.buckets.as_ref().and_then(|all| all.get(&name));
    Ok(SettingsOf::Bucket {
        incarnation: record.map(|record| record.incarnation),
        name,
        owner,
    })
}

/// Whom a policy of another account allows to do this, S3 tells that the method is not allowed.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
fn only_for_the_owner(call: &Call, labels: &Labels, owner: AccountId) -> Result<(), S3Error> {
    let account = match &labels.principal {
        Principal::Known(caller) => Some(caller.account.id),
        Principal::Anonymous | Principal::Service(_) => None,
    };
    let policy = match (call.kind, &call.act) {
        (SettingKind::Policy, Act::Get | Act::Put | Act::Delete(_)) => true,
        (SettingKind::Policy, Act::Status) => false,
        (
            SettingKind::PublicAccessBlock
            | SettingKind::Cors
            | SettingKind::Ownership
            | SettingKind::Acl
            | SettingKind::Tagging
            | SettingKind::ObjectLock,
            _,
        ) => false,
    };
    if policy && account != Some(owner) {
        return Err(ErrorCode::MethodNotAllowed.into());
    }
    Ok(())
}

type Done = (Option<SettingChange>, Answer);

fn of_bucket(
    case: &Case<'_>,
    labels: &Labels,
    call: &Call,
    bucket: &BucketName,
    document: &Bytes,
) -> Result<Done, S3Error> {
    let in_force = case.in_force(&case.request.target);
    let in_force = in_force.ok_or_else(refuse::nothing_to_ask_on)?;
    let kind = call.kind;
    match call.act {
        Act::Get if kind == SettingKind::ObjectLock => {
            let lock = in_force.object_lock();
            let lock = lock.ok_or_else(|| lock::refusal::no_configuration(bucket.as_str()))?;
            Ok((None, self::document("application/xml", lock.to_xml())))
        }
        Act::Get => Ok((None, shown(kind, in_force.get(kind)))),
        Act::Status => Ok((None, status(in_force.policy()))),
        Act::Put => {
            changeable(case, in_force.is_of_files(kind))?;
            let setting = Setting::read(kind, bucket, document)?;
            if let Setting::Ownership(new) = &setting {
                let acl = in_force.acl().cloned();
                put_ownership(*new, &acl.unwrap_or_else(|| acls::private(labels)))?;
            }
            if let Setting::Policy(new) = &setting
                && in_force.public_access_block().block_public_policy
                && is_public(&new.policy)
            {
                return Err(refuse::public_policy(labels));
            }
            Ok((Some(SettingChange::Put(setting)), put(kind)))
        }
        Act::Delete(status) => {
            changeable(case, in_force.is_of_files(kind))?;
            Ok((Some(SettingChange::Delete(kind)), empty(status)))
        }
    }
}

fn of_account(
    case: &Case<'_>,
    call: &Call,
    account: AccountId,
    document: &Bytes,
) -> Result<Done, S3Error> {
    let block = case.rules.account_settings(account).public_access_block;
    let kind = call.kind;
    let by_files = case.rules.account_files.get(&account);
    let by_files = by_files.is_some_and(|files| files.public_access_block.is_some());
    match call.act {
        Act::Get | Act::Status => Ok((None, shown(kind, block.map(Setting::PublicAccessBlock)))),
        Act::Put => {
            changeable(case, by_files)?;
            let block = PublicAccessBlock::parse_xml(document)?;
            let change = SettingChange::Put(Setting::PublicAccessBlock(block));
            Ok((Some(change), put(kind)))
        }
        Act::Delete(status) => {
            changeable(case, by_files)?;
            Ok((Some(SettingChange::Delete(kind)), empty(status)))
        }
    }
}

/// What files say no call changes, and without a store nothing is kept.
pub(super) fn changeable(case: &Case<'_>, by_files: bool) -> Result<(), S3Error> {
    if by_files || case.rules.buckets.is_none() {
        return Err(refuse::managed_by_configuration());
    }
    Ok(())
}

fn shown(kind: SettingKind, setting: Option<Setting>) -> Answer {
    let (content_type, none) = match kind {
        SettingKind::Policy => ("application/json", ErrorCode::NoSuchBucketPolicy),
        SettingKind::PublicAccessBlock => (
            "application/xml",
            ErrorCode::NoSuchPublicAccessBlockConfiguration,
        ),
        SettingKind::Cors => ("application/xml", ErrorCode::NoSuchCORSConfiguration),
        SettingKind::Ownership => ("application/xml", ErrorCode::OwnershipControlsNotFoundError),
        SettingKind::Tagging => ("application/xml", ErrorCode::NoSuchTagSet),
        SettingKind::ObjectLock => (
            "application/xml",
            ErrorCode::ObjectLockConfigurationNotFoundError,
        ),
        // Every bucket has one.
        SettingKind::Acl => ("application/xml", ErrorCode::InternalError),
    };
    match setting {
        Some(setting) => document(content_type, setting.document()),
        None => S3Error::new(none).into(),
    }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html>
fn status(policy: Option<&BucketPolicy>) -> Answer {
    let Some(policy) = policy else {
        return S3Error::new(ErrorCode::NoSuchBucketPolicy).into();
    };
    let public = match is_public(&policy.policy) {
        true => "true",
        false => "false",
    };
    let mut xml = Writer::new();
    xml.root("PolicyStatus")
        .leaf("IsPublic", public)
        .close("PolicyStatus");
    document("application/xml", xml.finish())
}

pub(super) fn document(content_type: &'static str, body: Bytes) -> Answer {
    let content_type = HeaderValue::from_static(content_type);
    Answer::Success(Success {
        status: StatusCode::OK,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, content_type)]),
        body,
    })
}

/// As S3 answers what puts a setting of this kind.
fn put(kind: SettingKind) -> Answer {
    empty(match kind {
        SettingKind::Policy | SettingKind::Tagging => StatusCode::NO_CONTENT,
        SettingKind::PublicAccessBlock
        | SettingKind::Cors
        | SettingKind::Ownership
        | SettingKind::Acl
        | SettingKind::ObjectLock => StatusCode::OK,
    })
}

pub(super) fn empty(status: StatusCode) -> Answer {
    Answer::Success(Success {
        status,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    })
}
