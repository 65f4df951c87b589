//! Access control lists as they are asked for, kept and shown. What a grant allows is decided in [`crate::policy`];
//! here is where an ACL comes from, a document, headers or a canned name, and what the ownership of objects and Block
//! Public Access make of it.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>
//!
//! Knows no accounts: a canonical id that is well-formed is taken to exist.

mod canned;
mod effect;
mod json;
mod names;
mod narrow;
mod request;
mod xml;

pub use canned::{AMAZON_EC2, Canned};
pub use effect::{
    NewObject, effective_grants, new_bucket, new_object, put_acl, shown_bucket, shown_object,
};
pub use narrow::narrowest;
pub use request::{AclChange, AclRequest};

use crate::policy::{AclPermission, Grant, Grantee};

/// How many grants an ACL can have.
pub const MOST_GRANTS: usize = 100;

/// The canonical id that owns what nobody signed for.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>
pub const ANONYMOUS: &str = "65a011a29cdf8ec533ec3d1ccaae921c";

/// What an ACL is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum On {
    /// A bucket.
    Bucket,
    /// A version of an object.
    Object,
}

/// An ACL: at most [`MOST_GRANTS`] grants, as long as it comes from this module.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Acl {
    /// The canonical id of the owner of the bucket or the object.
    pub owner: Box<str>,
    /// The grants, in order. The owner has none beyond what stands here.
    pub grants: Vec<Grant>,
}

impl Acl {
    /// The ACL of what nobody asked an ACL for: full control for its owner.
    pub fn private(owner: &str) -> Self {
        Self {
            owner: owner.into(),
            grants: vec![to(user(owner), AclPermission::FullControl)],
        }
    }

    /// Whether it grants anything to AllUsers or AuthenticatedUsers.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>
    pub fn is_public(&self) -> bool {
        self.grants.iter().any(|grant| is_public(&grant.grantee))
    }

    /// Whether it grants nothing to anyone but the owner, the delivery of logs included.
    pub fn is_private(&self) -> bool {
        let mut grants = self.grants.iter();
        grants.all(|grant| is_user(&grant.grantee, &self.owner))
    }
}

fn is_public(grantee: &Grantee) -> bool {
    match grantee {
        Grantee::AllUsers | Grantee::AuthenticatedUsers => true,
        Grantee::CanonicalUser(_) | Grantee::LogDelivery => false,
    }
}

/// Whether a grantee is this account.
fn is_user(grantee: &Grantee, id: &str) -> bool {
    match grantee {
        Grantee::CanonicalUser(user) => same_id(user, id),
        Grantee::AllUsers | Grantee::AuthenticatedUsers | Grantee::LogDelivery => false,
    }
}

/// Whether two canonical ids are one: hex digits have two cases.
fn same_id(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn user(id: &str) -> Grantee {
    Grantee::CanonicalUser(id.into())
}

fn to(grantee: Grantee, permission: AclPermission) -> Grant {
    Grant {
        grantee,
        permission,
    }
}

#[cfg(test)]
mod tests;
