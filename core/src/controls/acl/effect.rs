//! What the ownership of objects and Block Public Access make of an ACL.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
//!
//! Ownership is asked first: where ACLs are disabled, that is the refusal, whatever Block Public Access says
//! (observed).

use super::{Acl, AclChange, AclRequest, Canned, is_public, is_user, same_id};
use crate::controls::ownership::ObjectOwnership;
use crate::controls::public_access::PublicAccessBlock;
use crate::policy::{AclGrants, AclPermission, Grant, ObjectOwner, PublicGrants};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;

/// Whose a new object is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewObject {
    /// The canonical id of its owner.
    pub owner: Box<str>,
    /// Its ACL; none where ACLs are disabled.
    pub acl: Option<Acl>,
}

/// Owner and ACL of an object that is written: PutObject, CopyObject, CreateMultipartUpload, a form. `writer` is the
/// canonical id of the caller's account, [`super::ANONYMOUS`] for who does not sign; `bucket_owner` that of the
/// bucket's.
///
/// Where ACLs are disabled, `bucket-owner-full-control` or grants of full control to the bucket's owner alone are
/// taken, and `private` from the bucket's own account, which says the same (observed).
///
/// # Errors
/// AccessControlListNotSupported where ACLs are disabled, AccessDenied for a public ACL under BlockPublicAcls.
pub fn new_object(
    request: &AclRequest,
    ownership: ObjectOwnership,
    writer: &str,
    bucket_owner: &str,
    block: PublicAccessBlock,
) -> Result<NewObject, S3Error> {
    let given = *request == AclRequest::Canned(Canned::BucketOwnerFullControl);
    let owner = match ownership {
        ObjectOwnership::BucketOwnerEnforced if adds_nothing(request, writer, bucket_owner) => {
            return Ok(NewObject {
                owner: bucket_owner.into(),
                acl: None,
            });
        }
        ObjectOwnership::BucketOwnerEnforced => {
            return Err(ErrorCode::AccessControlListNotSupported.into());
        }
        ObjectOwnership::BucketOwnerPreferred if given => bucket_owner,
        ObjectOwnership::BucketOwnerPreferred | ObjectOwnership::ObjectWriter => writer,
    };
    let acl = asked(request, owner, bucket_owner);
    if is_blocked(&acl, block) {
        return Err(ErrorCode::AccessDenied.into());
    }
    Ok(NewObject {
        owner: owner.into(),
        acl: Some(acl),
    })
}

/// The ACL of a bucket that is created; `owner` is the canonical id of the caller's account, `block` what is in force
/// for the new bucket. The two canned ACLs that speak of a bucket's owner are ignored.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
///
/// # Errors
/// InvalidBucketAclWithObjectOwnership for grants to others where ACLs are disabled,
/// InvalidBucketAclWithBlockPublicAccessError for a public ACL under BlockPublicAcls.
pub fn new_bucket(
    request: &AclRequest,
    ownership: ObjectOwnership,
    owner: &str,
    block: PublicAccessBlock,
) -> Result<Acl, S3Error> {
    let acl = asked(request, owner, owner);
    match ownership {
        ObjectOwnership::BucketOwnerEnforced if acl.is_private() => Ok(Acl::private(owner)),
        ObjectOwnership::BucketOwnerEnforced => {
            Err(ErrorCode::InvalidBucketAclWithObjectOwnership.into())
        }
        ObjectOwnership::BucketOwnerPreferred | ObjectOwnership::ObjectWriter => {
            match is_blocked(&acl, block) {
                true => Err(ErrorCode::InvalidBucketAclWithBlockPublicAccessError.into()),
                false => Ok(acl),
            }
        }
    }
}

/// What PutBucketAcl and PutObjectAcl put in the place of the ACL of a bucket or an object. `owner` is the canonical
/// id of what the ACL is of. None where ACLs are disabled and the request says no more than is so: the ACL that counts
/// once they are enabled again stays.
///
/// # Errors
/// AccessControlListNotSupported where ACLs are disabled; there even `private` is refused (observed). AccessDenied for
/// a document with another owner, and for a public ACL under BlockPublicAcls.
pub fn put_acl(
    change: &AclChange,
    ownership: ObjectOwnership,
    owner: &str,
    bucket_owner: &str,
    block: PublicAccessBlock,
) -> Result<Option<Acl>, S3Error> {
    match ownership {
        ObjectOwnership::BucketOwnerEnforced => match changes_nothing(change, bucket_owner) {
            true => Ok(None),
            false => Err(ErrorCode::AccessControlListNotSupported.into()),
        },
        ObjectOwnership::BucketOwnerPreferred | ObjectOwnership::ObjectWriter => {
            let acl = changed(change, owner, bucket_owner);
            match same_id(&acl.owner, owner) && !is_blocked(&acl, block) {
                true => Ok(Some(acl)),
                false => Err(ErrorCode::AccessDenied.into()),
            }
        }
    }
}

/// The ACL that GetBucketAcl shows: full control for the owner where ACLs are disabled, else what is in force, which
/// under IgnorePublicAcls is without its public grants.
pub fn shown_bucket(acl: &Acl, ownership: ObjectOwnership, block: PublicAccessBlock) -> Acl {
    shown(acl, ownership, &acl.owner, block)
}

/// The ACL that GetObjectAcl shows, as [`shown_bucket`]. An object without one, because it was written while ACLs were
/// disabled, is its owner's.
pub fn shown_object(
    object: &NewObject,
    ownership: ObjectOwnership,
    bucket_owner: &str,
    block: PublicAccessBlock,
) -> Acl {
    match &object.acl {
        Some(acl) => shown(acl, ownership, bucket_owner, block),
        None => shown(&Acl::private(&object.owner), ownership, bucket_owner, block),
    }
}

/// The grants that bear on a question: none where ACLs are disabled. Whose the object is, is for the caller to say.
pub fn effective_grants(
    bucket: Option<&Acl>,
    object: Option<&Acl>,
    ownership: ObjectOwnership,
    block: PublicAccessBlock,
) -> AclGrants {
    let of = |acl: Option<&Acl>| match ownership {
        ObjectOwnership::BucketOwnerEnforced => Vec::new(),
        ObjectOwnership::BucketOwnerPreferred | ObjectOwnership::ObjectWriter => {
            acl.map(|acl| acl.grants.clone()).unwrap_or_default()
        }
    };
    AclGrants {
        bucket: of(bucket),
        object: of(object),
        public: match block.ignore_public_acls {
            true => PublicGrants::Ignored,
            false => PublicGrants::Count,
        },
        object_owner: ObjectOwner::OfBucket,
    }
}

fn shown(
    acl: &Acl,
    ownership: ObjectOwnership,
    bucket_owner: &str,
    block: PublicAccessBlock,
) -> Acl {
    match ownership {
        ObjectOwnership::BucketOwnerEnforced => Acl::private(bucket_owner),
        ObjectOwnership::BucketOwnerPreferred | ObjectOwnership::ObjectWriter => {
            let mut acl = acl.clone();
            if block.ignore_public_acls {
                acl.grants.retain(|grant| !is_public(&grant.grantee));
            }
            acl
        }
    }
}

/// The ACL that headers ask for on what `owner` owns.
fn asked(request: &AclRequest, owner: &str, bucket_owner: &str) -> Acl {
    match request {
        AclRequest::None => Acl::private(owner),
        AclRequest::Canned(canned) => canned.expand(owner, bucket_owner),
        AclRequest::Grants(grants) => granted(grants, owner),
    }
}

fn changed(change: &AclChange, owner: &str, bucket_owner: &str) -> Acl {
    match change {
        AclChange::Canned(canned) => canned.expand(owner, bucket_owner),
        AclChange::Grants(grants) => granted(grants, owner),
        AclChange::Document(acl) => acl.clone(),
    }
}

fn granted(grants: &[Grant], owner: &str) -> Acl {
    Acl {
        owner: owner.into(),
        grants: grants.to_vec(),
    }
}

/// Whether a new object's ACL says what is so where ACLs are disabled.
fn adds_nothing(request: &AclRequest, writer: &str, bucket_owner: &str) -> bool {
    match request {
        AclRequest::None => true,
        AclRequest::Canned(canned) => {
            let same = *canned == Canned::Private && same_id(writer, bucket_owner);
            same || *canned == Canned::BucketOwnerFullControl
        }
        AclRequest::Grants(grants) => gives_full_control(grants, bucket_owner),
    }
}

/// Whether a change says what is so where ACLs are disabled.
fn changes_nothing(change: &AclChange, bucket_owner: &str) -> bool {
    match change {
        AclChange::Canned(canned) => *canned == Canned::BucketOwnerFullControl,
        AclChange::Grants(grants) => gives_full_control(grants, bucket_owner),
        AclChange::Document(acl) => {
            same_id(&acl.owner, bucket_owner) && gives_full_control(&acl.grants, bucket_owner)
        }
    }
}

/// Whether the grants are full control for this account and nothing else.
fn gives_full_control(grants: &[Grant], id: &str) -> bool {
    let all = grants
        .iter()
        .all(|grant| grant.permission == AclPermission::FullControl && is_user(&grant.grantee, id));
    all && !grants.is_empty()
}

fn is_blocked(acl: &Acl, block: PublicAccessBlock) -> bool {
    block.block_public_acls && acl.is_public()
}

#[cfg(test)]
mod tests;
