//! Access control lists, as far as they grant. A grant speaks for the owner of the resource and never for the caller's
//! side: who is of another account needs the Allow of its own account too, and to those of the owner's account it adds
//! nothing, for a grantee is an account or everyone, never a user or a role.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>

use super::Question;
use crate::context::Context;
use crate::identity::Principal;
use crate::s3::actions::{Action, Applies};
use crate::s3::names::AccountId;

/// The grants that bear on a question. None of either where ACLs are disabled (BucketOwnerEnforced).
#[derive(Debug, Clone, Default)]
pub struct AclGrants {
    /// Of the bucket's ACL.
    pub bucket: Vec<Grant>,
    /// Of the object's ACL.
    pub object: Vec<Grant>,
    /// Whether IgnorePublicAcls is on.
    pub public: PublicGrants,
    /// Whose the object is.
    pub object_owner: ObjectOwner,
}

/// Whose an object is that a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ObjectOwner {
    /// The bucket's owner's, or there is none yet.
    #[default]
    OfBucket,
    /// Another account's, which speaks for it in the place of the bucket's owner; [`AccountId::NOBODY`] of one that is
    /// not known. The bucket policy allows nothing on it then, and denies as ever.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-auth-workflow-object-operation.html>
    Other(AccountId),
}

/// What becomes of grants to AllUsers and AuthenticatedUsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublicGrants {
    /// They count.
    #[default]
    Count,
    /// IgnorePublicAcls is on: they count for nothing.
    Ignored,
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// To whom.
    pub grantee: Grantee,
    /// What.
    pub permission: AclPermission,
}

/// To whom a grant is made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Grantee {
    /// Everyone, also who does not sign.
    AllUsers,
    /// Whoever signs, of whatever account.
    AuthenticatedUsers,
    /// An account by its canonical id.
    CanonicalUser(Box<str>),
    /// S3's delivery of server access logs, which is nobody who calls.
    LogDelivery,
}

/// What a grant permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AclPermission {
    /// `READ`
    Read,
    /// `WRITE`
    Write,
    /// `READ_ACP`
    ReadAcp,
    /// `WRITE_ACP`
    WriteAcp,
    /// `FULL_CONTROL`: all the others.
    FullControl,
}

/// Whose ACL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Bucket,
    Object,
}

/// Which permission of which ACL allows which actions; every other action no ACL allows.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions>
const ACTIONS: &[(Of, AclPermission, &[Action])] = &[
    (
        Of::Bucket,
        AclPermission::Read,
        &[
            Action::ListBucket,
            Action::ListBucketVersions,
            Action::ListBucketMultipartUploads,
        ],
    ),
    (Of::Bucket, AclPermission::Write, &[Action::PutObject]),
    (Of::Bucket, AclPermission::ReadAcp, &[Action::GetBucketAcl]),
    (Of::Bucket, AclPermission::WriteAcp, &[Action::PutBucketAcl]),
    (
        Of::Object,
        AclPermission::Read,
        &[Action::GetObject, Action::GetObjectVersion],
    ),
    (
        Of::Object,
        AclPermission::ReadAcp,
        &[Action::GetObjectAcl, Action::GetObjectVersionAcl],
    ),
    (
        Of::Object,
        AclPermission::WriteAcp,
        &[Action::PutObjectAcl, Action::PutObjectVersionAcl],
    ),
];

/// What is done to objects by the word of the bucket's owner, whosever they are: it may put others into their place, and
/// delete, archive and restore all that it pays for.
const OF_BUCKET_OWNER: &[Action] = &[
    Action::AbortMultipartUpload,
    Action::BypassGovernanceRetention,
    Action::DeleteObject,
    Action::DeleteObjectVersion,
    Action::ListMultipartUploadParts,
    Action::PutObject,
    Action::RestoreObject,
];

/// The account that speaks for what a question is about, where that is not the bucket's owner.
pub(super) fn other_owner<C: Context>(
    acl: Option<&AclGrants>,
    question: &Question<'_, C>,
) -> Option<AccountId> {
    match (acl?.object_owner, question.action.applies_to()) {
        (ObjectOwner::Other(_), _) if OF_BUCKET_OWNER.contains(&question.action) => None,
        (ObjectOwner::Other(account), Applies::Object) => Some(account),
        (ObjectOwner::Other(_), Applies::Service | Applies::Bucket | Applies::Other)
        | (ObjectOwner::OfBucket, _) => None,
    }
}

impl AclGrants {
    /// Whether there is any grant at all.
    pub(super) fn grants_anything(&self) -> bool {
        !(self.bucket.is_empty() && self.object.is_empty())
    }

    /// The position of the first grant that lets the owner's side allow, in the ACL that the action is about.
    pub(super) fn find(&self, action: Action, principal: &Principal) -> Option<usize> {
        let mut rows = ACTIONS.iter();
        let (of, needed, _) = rows.find(|(.., actions)| actions.contains(&action))?;
        let grants = match of {
            Of::Bucket => &self.bucket,
            Of::Object => &self.object,
        };
        let full = AclPermission::FullControl;
        grants.iter().position(|grant| {
            let permits = grant.permission == *needed || grant.permission == full;
            permits && self.reaches(&grant.grantee, principal)
        })
    }

    fn reaches(&self, grantee: &Grantee, principal: &Principal) -> bool {
        let counts = self.public == PublicGrants::Count;
        match (grantee, principal) {
            (_, Principal::Service(_)) | (Grantee::LogDelivery, _) => false,
            (Grantee::AllUsers, Principal::Anonymous | Principal::Known(_)) => counts,
            (Grantee::AuthenticatedUsers, Principal::Known(_)) => counts,
            (Grantee::CanonicalUser(id), Principal::Known(caller)) => {
                id.eq_ignore_ascii_case(&caller.account.canonical_id)
            }
            (Grantee::AuthenticatedUsers | Grantee::CanonicalUser(_), Principal::Anonymous) => {
                false
            }
        }
    }
}
