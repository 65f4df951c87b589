//! The tags of an object or a bucket, where the store behind the gateway keeps none.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>

use crate::document::{Node, Problem, Value};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::s3::xml::{Settings, Writer};
use bytes::Bytes;
use serde_json::{Value as Json, json};

/// The most characters of a key.
const LONGEST_KEY: usize = 128;
/// The most characters of a value.
const LONGEST_VALUE: usize = 256;
/// How keys begin that AWS alone gives.
const RESERVED: &str = "aws:";

/// What has tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagged {
    /// An object: at most 10.
    Object,
    /// A bucket: at most 50.
    Bucket,
}

/// One tag: a key and its value.
pub type Tag = (Box<str>, Box<str>);

/// Tags as S3 takes them, each key once, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Tags(Box<[Tag]>);

impl Tags {
    /// Checks tags.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html>
    ///
    /// # Errors
    /// BadRequest if there are too many; InvalidTag for a key that is empty, too long, reserved or comes twice, a value
    /// that is too long, and characters that tags do not have.
    pub fn new(tagged: Tagged, pairs: Vec<Tag>) -> Result<Self, S3Error> {
        let (most, message) = match tagged {
            Tagged::Object => (10, "Object tags cannot be greater than 10"),
            Tagged::Bucket => (50, "Bucket tag count cannot be greater than 50"),
        };
        if pairs.len() > most {
            return Err(S3Error::new(ErrorCode::BadRequest).say(message));
        }
        let mut keys: Vec<&str> = pairs.iter().map(|(key, _)| &**key).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|two| two.first() == two.last()) {
            return Err(invalid("Cannot provide multiple Tags with the same key"));
        }
        pairs.iter().try_for_each(check)?;
        Ok(Self(pairs.into()))
    }

    /// Reads a Tagging document.
    ///
    /// # Errors
    /// MalformedXML, and those of [`Tags::new`].
    pub fn parse_xml(tagged: Tagged, document: &[u8]) -> Result<Self, S3Error> {
        let settings = Settings::parse("Tagging", document);
        let pairs = settings.ok().and_then(|settings| settings.tags);
        let pairs = pairs.ok_or_else(|| S3Error::new(ErrorCode::MalformedXML))?;
        Self::of(tagged, pairs)
    }

    /// Checks tags that were read of a document.
    ///
    /// # Errors
    /// Those of [`Tags::new`].
    pub fn of(tagged: Tagged, pairs: Vec<(String, String)>) -> Result<Self, S3Error> {
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        Self::new(tagged, pairs.collect())
    }

    /// Reads what a file says of a bucket, in the form of the aws cli: `{"TagSet":[{"Key":"team","Value":"data"}]}`.
    ///
    /// # Errors
    /// The first problem.
    pub fn parse_json(root: &Node) -> Result<Self, Vec<Problem>> {
        let wrong = |at: &Node, message: &str| vec![Problem::new(at.at, message.to_owned())];
        let Some(set) = root.get("TagSet") else {
            return Err(wrong(root, "`TagSet` is missing"));
        };
        let Value::List(nodes) = &set.value else {
            return Err(wrong(set, "`TagSet` is a list"));
        };
        let text = |node: &Node, name: &str| node.get(name).and_then(Node::text).map(Box::from);
        let pair = |node: &Node| -> Result<Tag, Vec<Problem>> {
            match (text(node, "Key"), text(node, "Value")) {
                (Some(key), Some(value)) => Ok((key, value)),
                _ => Err(wrong(node, "a tag has a `Key` and a `Value`, both texts")),
            }
        };
        let pairs = nodes.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
        Self::new(Tagged::Bucket, pairs).map_err(|error| wrong(set, &error.message))
    }

    /// What [`Tags::parse_json`] reads back to the same.
    pub fn to_json(&self) -> Json {
        let tag = |(key, value): &Tag| json!({ "Key": key, "Value": value });
        json!({ "TagSet": self.0.iter().map(tag).collect::<Json>() })
    }

    /// Writes the Tagging document that GetObjectTagging and GetBucketTagging answer with.
    pub fn to_xml(&self) -> Bytes {
        let mut xml = Writer::new();
        xml.root("Tagging").open("TagSet");
        for (key, value) in &self.0 {
            xml.open("Tag")
                .leaf("Key", key)
                .leaf("Value", value)
                .close("Tag");
        }
        xml.close("TagSet").close("Tagging");
        xml.finish()
    }

    /// Each key with its value.
    pub fn pairs(&self) -> &[Tag] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What the store kept was checked when it came.
impl From<Vec<Tag>> for Tags {
    fn from(pairs: Vec<Tag>) -> Self {
        Self(pairs.into())
    }
}

fn check((key, value): &Tag) -> Result<(), S3Error> {
    let length = key.chars().count();
    if key.starts_with(RESERVED) {
        return Err(invalid("System tags cannot be added/updated by requester"));
    }
    if !(1..=LONGEST_KEY).contains(&length) || !key.chars().all(is_allowed) {
        return Err(invalid("The TagKey you have provided is invalid").with("TagKey", &**key));
    }
    if value.chars().count() > LONGEST_VALUE || !value.chars().all(is_allowed) {
        return Err(invalid("The TagValue you have provided is invalid").with("TagValue", &**value));
    }
    Ok(())
}

/// Letters, digits and spaces of all scripts, and these.
fn is_allowed(character: char) -> bool {
    character.is_alphanumeric() || character.is_whitespace() || "+-=._:/@".contains(character)
}

fn invalid(message: &'static str) -> S3Error {
    S3Error::new(ErrorCode::InvalidTag).say(message)
}

#[cfg(test)]
mod tests;
