//! Block Public Access.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>

use crate::document::{Node, Problem, Value, did_you_mean};
use crate::policy::{PublicGrants, PublicPolicies};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::s3::xml::{Element, Writer};
use bytes::Bytes;
use serde_json::{Value as Json, json};

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

    /// Reads what a file says, as the aws cli takes and prints it: a map of the flags, or that under
    /// `PublicAccessBlockConfiguration`. Fails with everything that is wrong, in the order of the document.
    pub fn parse_json(root: &Node) -> Result<Self, Vec<Problem>> {
        let node = root.get(ROOT).unwrap_or(root);
        if !matches!(node.value, Value::Map(_)) {
            let message = format!("expected a map of flags, found {}", node.kind());
            return Err(vec![Problem::new(node.at, message)]);
        }
        let (mut block, mut problems) = (Self::default(), Vec::new());
        for entry in node.entries() {
            match (block.flag(&entry.name), &entry.value.value) {
                (Some(flag), Value::Bool(on)) => *flag = *on,
                (Some(_), _) => {
                    let found = entry.value.kind();
                    let message =
                        format!("`{}`: expected true or false, found {found}", entry.name);
                    problems.push(Problem::new(entry.value.at, message));
                }
                (None, _) => {
                    let hint = did_you_mean(&entry.name, FLAGS);
                    let message = format!("unknown flag `{}`{hint}", entry.name);
                    problems.push(Problem::new(entry.at, message));
                }
            }
        }
        if problems.is_empty() {
            Ok(block)
        } else {
            Err(problems)
        }
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

    /// What [`PublicAccessBlock::parse_json`] reads back to the same.
    pub fn to_json(self) -> Json {
        let named = FLAGS.iter().zip(self.flags());
        named
            .map(|(name, flag)| ((*name).to_owned(), json!(flag)))
            .collect()
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

    /// What the engine makes of a public bucket policy.
    pub fn public_policies(self) -> PublicPolicies {
        match self.restrict_public_buckets {
            true => PublicPolicies::Restricted,
            false => PublicPolicies::Count,
        }
    }

    /// What the engine makes of public grants in ACLs.
    pub fn public_grants(self) -> PublicGrants {
        match self.ignore_public_acls {
            true => PublicGrants::Ignored,
            false => PublicGrants::Count,
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
