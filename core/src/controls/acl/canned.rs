//! Canned ACLs: grants that go by a name.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl>

use super::{Acl, On, same_id, to, user};
use crate::policy::{AclPermission, Grant, Grantee};

/// The account of Amazon EC2 that `aws-exec-read` grants to. AWS's documents do not say its id; this is what its
/// answers show (observed).
pub const AMAZON_EC2: &str = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c";

/// A canned ACL. Each gives its owner full control, and more beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Canned {
    /// Nothing more.
    Private,
    /// Everyone may read.
    PublicRead,
    /// Everyone may read and write.
    PublicReadWrite,
    /// Amazon EC2 may read, for an image of a machine.
    AwsExecRead,
    /// Whoever signs may read.
    AuthenticatedRead,
    /// The bucket's owner may read the object.
    BucketOwnerRead,
    /// The bucket's owner has full control of the object, too.
    BucketOwnerFullControl,
    /// Access logs may be delivered into the bucket.
    LogDeliveryWrite,
}

impl Canned {
    /// Every canned ACL.
    pub const ALL: [Self; 8] = [
        Self::Private,
        Self::PublicRead,
        Self::PublicReadWrite,
        Self::AwsExecRead,
        Self::AuthenticatedRead,
        Self::BucketOwnerRead,
        Self::BucketOwnerFullControl,
        Self::LogDeliveryWrite,
    ];

    /// As `x-amz-acl` has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
            Self::AwsExecRead => "aws-exec-read",
            Self::AuthenticatedRead => "authenticated-read",
            Self::BucketOwnerRead => "bucket-owner-read",
            Self::BucketOwnerFullControl => "bucket-owner-full-control",
            Self::LogDeliveryWrite => "log-delivery-write",
        }
    }

    /// Finds a canned ACL by its name, exactly.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|canned| canned.name() == name)
    }

    /// Whether it may be asked for. The two that speak of a bucket's owner may be of a bucket, where they are no more
    /// than `private`.
    pub fn applies_to(self, on: On) -> bool {
        match (self, on) {
            (Self::LogDeliveryWrite, On::Object) => false,
            (Self::LogDeliveryWrite, On::Bucket) => true,
            (
                Self::Private
                | Self::PublicRead
                | Self::PublicReadWrite
                | Self::AwsExecRead
                | Self::AuthenticatedRead
                | Self::BucketOwnerRead
                | Self::BucketOwnerFullControl,
                On::Bucket | On::Object,
            ) => true,
        }
    }

    /// The grants it stands for. Who owns both object and bucket is granted to once.
    pub fn expand(self, owner: &str, bucket_owner: &str) -> Acl {
        let mut acl = Acl::private(owner);
        acl.grants.extend(self.more(owner, bucket_owner));
        acl
    }

    /// The grants beside the owner's.
    fn more(self, owner: &str, bucket_owner: &str) -> Vec<Grant> {
        use AclPermission::{FullControl, Read, ReadAcp, Write};
        let of_bucket_owner = |permission| match same_id(owner, bucket_owner) {
            true => Vec::new(),
            false => vec![to(user(bucket_owner), permission)],
        };
        match self {
            Self::Private => Vec::new(),
            Self::PublicRead => vec![to(Grantee::AllUsers, Read)],
            Self::PublicReadWrite => {
                vec![to(Grantee::AllUsers, Read), to(Grantee::AllUsers, Write)]
            }
            Self::AwsExecRead => vec![to(user(AMAZON_EC2), Read)],
            Self::AuthenticatedRead => vec![to(Grantee::AuthenticatedUsers, Read)],
            Self::BucketOwnerRead => of_bucket_owner(Read),
            Self::BucketOwnerFullControl => of_bucket_owner(FullControl),
            Self::LogDeliveryWrite => {
                vec![
                    to(Grantee::LogDelivery, Write),
                    to(Grantee::LogDelivery, ReadAcp),
                ]
            }
        }
    }
}
