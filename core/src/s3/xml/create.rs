//! The document of CreateBucket.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>

use super::{BadXml, Element, Writer};
use bytes::Bytes;

/// What a new bucket is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateBucketConfiguration {
    /// The region, as the client wrote it.
    pub location_constraint: Option<String>,
}

/// Why the document of CreateBucket was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadConfiguration {
    /// MalformedXML.
    #[error(transparent)]
    Xml(#[from] BadXml),
    /// A directory bucket or tags: NotImplemented.
    #[error("the document asks for a directory bucket or for tags")]
    NotImplemented,
}

impl CreateBucketConfiguration {
    /// Reads the document; an empty body asks for nothing. Any member but the location is refused, because what the
    /// gateway passes on is written anew from what it understood.
    pub fn parse(document: &[u8]) -> Result<Self, BadConfiguration> {
        if document.is_empty() {
            return Ok(Self::default());
        }
        let root = Element::of_request(document)?;
        if root.name != "CreateBucketConfiguration" {
            return Err(BadXml::Schema.into());
        }
        let mut location = None;
        for child in root.children {
            match child.name.as_str() {
                "LocationConstraint" if location.is_none() && child.children.is_empty() => {
                    location = Some(child.text.trim().to_owned());
                }
                "Location" | "Bucket" | "Tags" => return Err(BadConfiguration::NotImplemented),
                _ => return Err(BadXml::Schema.into()),
            }
        }
        Ok(Self {
            location_constraint: location.filter(|location| !location.is_empty()),
        })
    }

    /// Writes the document, for the upstream; empty if there is nothing to say.
    pub fn to_xml(&self) -> Bytes {
        let Some(location) = &self.location_constraint else {
            return Bytes::new();
        };
        let mut xml = Writer::new();
        xml.root("CreateBucketConfiguration")
            .leaf("LocationConstraint", location)
            .close("CreateBucketConfiguration");
        xml.finish()
    }
}
