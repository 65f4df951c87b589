//! The document of CreateBucket.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>

use super::settings::tags;
use super::{BadXml, Element, Writer};
use bytes::Bytes;

/// What a new bucket is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateBucketConfiguration {
    /// The region, as the client wrote it.
    pub location_constraint: Option<String>,
    /// Tags of the bucket, each key with its value.
    pub tags: Vec<(String, String)>,
}

/// Why the document of CreateBucket was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadConfiguration {
    /// MalformedXML.
    #[error(transparent)]
    Xml(#[from] BadXml),
    /// A directory bucket: NotImplemented.
    #[error("the document asks for a directory bucket")]
    NotImplemented,
}

impl CreateBucketConfiguration {
    /// Reads the document; an empty body asks for nothing. Any member but location and tags is refused, because what
    /// the gateway passes on is written anew from what it understood.
    pub fn parse(document: &[u8]) -> Result<Self, BadConfiguration> {
        if document.is_empty() {
            return Ok(Self::default());
        }
        let root = Element::of_request(document)?;
        if root.name != "CreateBucketConfiguration" {
            return Err(BadXml::Schema.into());
        }
        let mut location = None;
        let mut tagged = None;
        for child in root.children {
            match child.name.as_str() {
                "LocationConstraint" if location.is_none() && child.children.is_empty() => {
                    location = Some(child.text.trim().to_owned());
                }
                "Tags" if tagged.is_none() => tagged = Some(tags(&child)?),
                "Location" | "Bucket" => return Err(BadConfiguration::NotImplemented),
                _ => return Err(BadXml::Schema.into()),
            }
        }
        Ok(Self {
            location_constraint: location.filter(|location| !location.is_empty()),
            tags: tagged.unwrap_or_default(),
        })
    }

    /// The same without tags, and the tags.
    pub fn without_tags(&self) -> (Self, Vec<(String, String)>) {
        let without = Self {
            location_constraint: self.location_constraint.clone(),
            tags: Vec::new(),
        };
        (without, self.tags.clone())
    }

    /// Writes the document, for the upstream; empty if there is nothing to say.
    pub fn to_xml(&self) -> Bytes {
        if *self == Self::default() {
            return Bytes::new();
        }
        let mut xml = Writer::new();
        xml.root("CreateBucketConfiguration")
            .optional("LocationConstraint", self.location_constraint.as_deref());
        if !self.tags.is_empty() {
            xml.open("Tags");
            for (key, value) in &self.tags {
                xml.open("Tag")
                    .leaf("Key", key)
                    .leaf("Value", value)
                    .close("Tag");
            }
            xml.close("Tags");
        }
        xml.close("CreateBucketConfiguration");
        xml.finish()
    }
}
