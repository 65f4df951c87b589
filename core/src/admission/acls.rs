//! Calls on ACLs of buckets and objects.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>

use super::in_force::InForce;
use super::legality::Case;
use super::settings::{changeable, document, empty};
use super::{Labels, refuse};
use crate::controls::acl::{Acl, AclChange, On, put_acl, shown_bucket};
use crate::controls::settings::{Setting, SettingChange, SettingKind};
use crate::s3::answer::{Answer, S3Error};
use crate::s3::operations::{Operation, OperationId};
use bytes::Bytes;
use http::{Method, StatusCode};
use std::sync::Arc;

/// Whose ACL an operation is about, if it is about one.
pub(super) fn call(operation: &Operation) -> Option<On> {
    match operation.id {
        OperationId::GetBucketAcl | OperationId::PutBucketAcl => Some(On::Bucket),
        OperationId::GetObjectAcl | OperationId::PutObjectAcl => Some(On::Object),
        _ => None,
    }
}

/// The ACL of a bucket that nobody gave one.
pub(super) fn private(labels: &Labels) -> Acl {
    let owner = labels.owner.as_ref();
    Acl::private(owner.map_or("", |owner| &owner.canonical_id))
}

/// What an allowed call on a bucket's ACL changes, and is answered.
pub(super) fn of_bucket(
    case: &Case<'_>,
    labels: &Labels,
    body: &Bytes,
) -> Result<(Option<SettingChange>, Answer), S3Error> {
    let (owner, in_force) = known(case, labels)?;
    let (ownership, block) = (in_force.ownership(), in_force.public_access_block());
    if *case.head.method == Method::GET {
        // A file need not say whose it is.
        let acl = in_force.acl().map(|acl| Acl {
            owner: owner.into(),
            ..acl.clone()
        });
        let acl = acl.unwrap_or_else(|| Acl::private(owner));
        return Ok((None, shown(&shown_bucket(&acl, ownership, block))));
    }
    let change = AclChange::of(case.head.headers, body, On::Bucket)?;
    let Some(acl) = put_acl(&change, ownership, owner, owner, block)? else {
        return Ok((None, empty(StatusCode::OK)));
    };
    changeable(case, in_force.is_of_files(SettingKind::Acl))?;
    let change = SettingChange::Put(Setting::Acl(Arc::new(acl)));
    Ok((Some(change), empty(StatusCode::OK)))
}

/// The bucket owner's canonical id and the bucket's settings. Whose id nobody knows, nobody can be told.
pub(super) fn known<'a>(
    case: &Case<'a>,
    labels: &'a Labels,
) -> Result<(&'a str, InForce<'a>), S3Error> {
    let owner = labels.owner.as_ref().map(|owner| &*owner.canonical_id);
    let owner = owner.ok_or_else(|| refuse::not_built(case.request.operation))?;
    let in_force = case.in_force(&case.request.target);
    Ok((owner, in_force.ok_or_else(refuse::nothing_to_ask_on)?))
}

pub(super) fn shown(acl: &Acl) -> Answer {
    document("application/xml", acl.to_xml(|_| None))
}
