//! Who owns what is written into a bucket, and whether ACLs count in it.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>

use super::acl::Acl;
use crate::document::{Node, Problem, Value, did_you_mean};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::s3::xml::{Element, Writer};
use bytes::Bytes;
use http::HeaderMap;

/// The header of CreateBucket that sets the ownership.
const HEADER: &str = "x-amz-object-ownership";

/// The setting S3 Object Ownership of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ObjectOwnership {
    /// ACLs are disabled, and the bucket's owner owns every object.
    #[default]
    BucketOwnerEnforced,
    /// Whoever writes an object owns it, unless it gives it to the bucket's owner with the canned ACL
    /// `bucket-owner-full-control`.
    BucketOwnerPreferred,
    /// Whoever writes an object owns it.
    ObjectWriter,
}

impl ObjectOwnership {
    /// Every setting.
    pub const ALL: [Self; 3] = [
        Self::BucketOwnerEnforced,
        Self::BucketOwnerPreferred,
        Self::ObjectWriter,
    ];

    /// As S3 writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BucketOwnerEnforced => "BucketOwnerEnforced",
            Self::BucketOwnerPreferred => "BucketOwnerPreferred",
            Self::ObjectWriter => "ObjectWriter",
        }
    }

    /// Finds a setting by its name, exactly.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.name() == name)
    }

    /// What `x-amz-object-ownership` of a CreateBucket says, if it is there.
    ///
    /// # Errors
    /// InvalidArgument if it is there with another value or twice.
    pub fn from_headers(headers: &HeaderMap) -> Result<Option<Self>, S3Error> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let setting = value.to_str().ok().and_then(Self::parse);
        match (setting, values.next()) {
            (Some(setting), None) => Ok(Some(setting)),
            (None, _) | (_, Some(_)) => {
                let value = String::from_utf8_lossy(value.as_bytes());
                Err(S3Error::new(ErrorCode::InvalidArgument)
                    .say(format!("Invalid {HEADER} header: {value}"))
                    .with("ArgumentName", HEADER))
            }
        }
    }

    /// Reads the document of PutBucketOwnershipControls.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html>
    ///
    /// # Errors
    /// MalformedXML unless it is OwnershipControls with one rule of one known setting.
    pub fn parse_xml(document: &[u8]) -> Result<Self, S3Error> {
        let malformed = || S3Error::new(ErrorCode::MalformedXML);
        let root = Element::of_request(document).map_err(|_| malformed())?;
        only_child(&root, "OwnershipControls")
            .and_then(|rule| only_child(rule, "Rule"))
            .filter(|setting| setting.name == "ObjectOwnership" && setting.children.is_empty())
            .and_then(|setting| Self::parse(setting.text.trim()))
            .ok_or_else(malformed)
    }

    /// Reads what a file says, in the form of the aws cli: `{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}`, also under
    /// `OwnershipControls`.
    ///
    /// # Errors
    /// The first problem.
    pub fn parse_json(root: &Node) -> Result<Self, Vec<Problem>> {
        let node = root.get("OwnershipControls").unwrap_or(root);
        let wrong = |at: &Node, message: String| Err(vec![Problem::new(at.at, message)]);
        let rules = match node.get("Rules").map(|rules| (rules, &rules.value)) {
            Some((_, Value::List(rules))) => rules.as_slice(),
            Some((other, _)) => return wrong(other, "`Rules` is a list of one rule".to_owned()),
            None => return wrong(node, "`Rules` is missing".to_owned()),
        };
        let [rule] = rules else {
            return wrong(node, "`Rules` is a list of one rule".to_owned());
        };
        let Some(setting) = rule.get("ObjectOwnership") else {
            return wrong(rule, "`ObjectOwnership` is missing".to_owned());
        };
        let name = setting.text().unwrap_or_default();
        match Self::parse(name) {
            Some(found) => Ok(found),
            None => {
                let hint = did_you_mean(name, Self::ALL.map(Self::name));
                wrong(setting, format!("unknown ownership `{name}`{hint}"))
            }
        }
    }

    /// What [`ObjectOwnership::parse_json`] reads back to the same.
    pub fn to_json(self) -> serde_json::Value {
        serde_json::json!({ "Rules": [{ "ObjectOwnership": self.name() }] })
    }

    /// Writes the document of GetBucketOwnershipControls.
    pub fn to_xml(self) -> Bytes {
        let mut xml = Writer::new();
        xml.root("OwnershipControls")
            .open("Rule")
            .leaf("ObjectOwnership", self.name())
            .close("Rule")
            .close("OwnershipControls");
        xml.finish()
    }
}

/// Whether a bucket with this ACL may get another setting: ACLs are disabled only where the bucket's grants to nobody
/// but its owner.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-error-responses.html>
///
/// # Errors
/// InvalidBucketAclWithObjectOwnership.
pub fn put_ownership(new: ObjectOwnership, bucket_acl: &Acl) -> Result<(), S3Error> {
    match new {
        ObjectOwnership::BucketOwnerEnforced if !bucket_acl.is_private() => {
            Err(ErrorCode::InvalidBucketAclWithObjectOwnership.into())
        }
        ObjectOwnership::BucketOwnerEnforced
        | ObjectOwnership::BucketOwnerPreferred
        | ObjectOwnership::ObjectWriter => Ok(()),
    }
}

/// The only child of an element of this name.
fn only_child<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    match element.children.as_slice() {
        [child] if element.name == name => Some(child),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
