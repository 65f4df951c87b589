//! Calls on ACLs. They are disabled in every bucket, as in those that AWS makes today: the bucket's owner owns all that is in
//! it and has full control, and no other ACL can be set.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>

use super::legality::Case;
use super::settings::{document, empty};
use super::{Labels, refuse};
use crate::controls::acl::{Acl, AclChange, On, put_acl, shown_bucket};
use crate::controls::ownership::ObjectOwnership;
use crate::s3::answer::{Answer, S3Error};
use crate::s3::operations::{Operation, OperationId};
use bytes::Bytes;
use http::{Method, StatusCode};

/// Whose ACL an operation is about, if it is about one.
pub(super) fn call(operation: &Operation) -> Option<On> {
    match operation.id {
        OperationId::GetBucketAcl | OperationId::PutBucketAcl => Some(On::Bucket),
        OperationId::GetObjectAcl | OperationId::PutObjectAcl => Some(On::Object),
        _ => None,
    }
}

/// What an allowed call is answered.
pub(super) fn answer(
    case: &Case<'_>,
    labels: &Labels,
    on: On,
    body: &Bytes,
) -> Result<Answer, S3Error> {
    // Whose id nobody knows, nobody can be told.
    let owner = labels.owner.as_ref();
    let owner = owner.ok_or_else(|| refuse::not_built(case.request.operation))?;
    let block = case.in_force(&case.request.target);
    let block = block.map(|it| it.public_access_block()).unwrap_or_default();
    let enforced = ObjectOwnership::BucketOwnerEnforced;
    if *case.head.method == Method::GET {
        let acl = shown_bucket(&Acl::private(&owner.canonical_id), enforced, block);
        return Ok(document("application/xml", acl.to_xml(|_| None)));
    }
    let change = AclChange::of(case.head.headers, body, on)?;
    put_acl(
        &change,
        enforced,
        &owner.canonical_id,
        &owner.canonical_id,
        block,
    )?;
    Ok(empty(StatusCode::OK))
}
