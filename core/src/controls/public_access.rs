//! Block Public Access.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use crate::identity::Principal;
use crate::policy::explain::{PublicAccess, public_statements};
use crate::policy::{Policy, is_public};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::s3::names::AccountId;
use crate::s3::xml::{Element, Writer};
use bytes::Bytes;

const ROOT: &str = "PublicAccessBlockConfiguration";
/// As AWS writes them.
const FLAGS: [&str; 4] = [
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
];

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
    /// All four on, as new buckets have them.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// Reads a PublicAccessBlockConfiguration; a flag that is not there is off. Fails with MalformedXML.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html>
    pub fn parse_xml(document: &[u8]) -> Result<Self, S3Error> {
        let malformed = || S3Error::new(ErrorCode::MalformedXML);
        let root = Element::of_request(document).map_err(|_| malformed())?;
        if root.name != ROOT {
            return Err(malformed());
        }
        let mut block = Self::default();
        let mut seen = Vec::with_capacity(root.children.len());
        for child in &root.children {
            let flag = block.flag(&child.name).ok_or_else(malformed)?;
            *flag = on(&child.text).ok_or_else(malformed)?;
            if !child.children.is_empty() || seen.contains(&&*child.name) {
                return Err(malformed());
            }
            seen.push(&child.name);
        }
        Ok(block)
    }

    /// The document, as GetPublicAccessBlock answers it.
    pub fn to_xml(self) -> Bytes {
        let mut xml = Writer::new();
        xml.root(ROOT);
        for (name, flag) in FLAGS.iter().zip(self.flags()) {
            xml.leaf(name, if flag { "true" } else { "false" });
        }
        xml.close(ROOT);
        xml.finish()
    }

    /// In the order of [`FLAGS`].
    fn flags(self) -> [bool; 4] {
        [
            self.block_public_acls,
            self.ignore_public_acls,
            self.block_public_policy,
            self.restrict_public_buckets,
        ]
    }

    fn flag(&mut self, name: &str) -> Option<&mut bool> {
        let position = FLAGS.iter().position(|flag| *flag == name)?;
        let flags = [
            &mut self.block_public_acls,
            &mut self.ignore_public_acls,
            &mut self.block_public_policy,
            &mut self.restrict_public_buckets,
        ];
        flags.into_iter().nth(position)
    }

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

/// A boolean as XML Schema writes it; SDKs write the words in lower case, and AWS' own samples in upper.
fn on(text: &str) -> Option<bool> {
    match text.trim() {
        "1" => Some(true),
        "0" => Some(false),
        word if word.eq_ignore_ascii_case("true") => Some(true),
        word if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
