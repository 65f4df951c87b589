//! Block Public Access.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use crate::identity::Principal;
use crate::policy::explain::{PublicAccess, public_statements};
use crate::policy::{Policy, is_public};
use crate::s3::names::AccountId;

/// The four flags of a bucket or an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PublicAccessBlock {
    /// Refuses to set public ACLs.
    pub block_public_acls: bool,
    /// Public grants in ACLs count for nothing.
    pub ignore_public_acls: bool,
    /// Refuses to set a public bucket policy; one already there stays.
    pub block_public_policy: bool,
    /// While the bucket policy is public, only services and the owner's account get in.
    pub restrict_public_buckets: bool,
}

/// What the rule says about a request that policies would allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// The rule has nothing against it.
    Pass,
    /// Refused, whatever allows it.
    Refuse,
}

impl PublicAccessBlock {
    /// The flags in force where both apply, e.g. the account's and the bucket's: each is on if either has it on.
    pub fn with(self, other: Self) -> Self {
        Self {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }

    /// RestrictPublicBuckets: while the bucket policy is public, anonymous and all cross-account use is refused, even
    /// where the policy names the account.
    pub fn restricts(
        self,
        bucket_policy: Option<&Policy>,
        principal: &Principal,
        owner: AccountId,
    ) -> Ruling {
        let insider = match principal {
            Principal::Anonymous => false,
            Principal::Service(_) => true,
            Principal::Known(caller) => caller.account.id == owner,
        };
        if self.restrict_public_buckets && bucket_policy.is_some_and(is_public) && !insider {
            Ruling::Refuse
        } else {
            Ruling::Pass
        }
    }

    /// What the flags make of a bucket policy and of this caller, with the statements that make the policy public.
    pub fn explain(
        self,
        bucket_policy: Option<&Policy>,
        principal: &Principal,
        owner: AccountId,
    ) -> PublicAccess {
        let ruling = self.restricts(bucket_policy, principal, owner);
        PublicAccess {
            statements: bucket_policy.map(public_statements).unwrap_or_default(),
            restrict_public_buckets: self.restrict_public_buckets,
            refused: ruling == Ruling::Refuse,
        }
    }
}
