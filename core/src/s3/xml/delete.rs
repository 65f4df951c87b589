//! The two documents of DeleteObjects.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>

use super::{BadXml, Element, Writer};
use bytes::Bytes;

/// The most keys one request may name.
const MAX_OBJECTS: usize = 1000;

/// The document a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRequest {
    /// The answer names failures only.
    pub quiet: bool,
    /// In order, duplicates kept; 1 to 1000 when parsed.
    pub objects: Vec<DeleteItem>,
}

/// One object to delete.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteItem {
    /// The key, literally; not empty. It may be longer than a key can be: that is this key's failure, not the request's.
    pub key: String,
    /// The version; a blank one counts as none.
    pub version_id: Option<String>,
    /// Delete only if the ETag is this.
    pub etag: Option<String>,
    /// Delete only if last modified then.
    pub last_modified_time: Option<String>,
    /// Delete only if of this size.
    pub size: Option<String>,
}

impl DeleteRequest {
    /// Reads the document strictly: a member that is unknown or comes twice is refused.
    pub fn parse(document: &[u8]) -> Result<Self, BadXml> {
        let root = Element::of_request(document)?;
        if root.name != "Delete" {
            return Err(BadXml::Schema);
        }
        let mut quiet = None;
        let mut objects = Vec::new();
        for child in root.children {
            match child.name.as_str() {
                "Object" => objects.push(DeleteItem::read(child)?),
                "Quiet" if quiet.is_none() => quiet = Some(flag(&child.text)?),
                _ => return Err(BadXml::Schema),
            }
        }
        if objects.is_empty() || objects.len() > MAX_OBJECTS {
            return Err(BadXml::Schema);
        }
        Ok(Self {
            quiet: quiet.unwrap_or(false),
            objects,
        })
    }

    /// Writes the document, for the upstream.
    pub fn to_xml(&self) -> Bytes {
        let mut xml = Writer::new();
        xml.root("Delete");
        for object in &self.objects {
            xml.open("Object")
                .leaf("Key", &object.key)
                .optional("VersionId", object.version_id.as_deref())
                .optional("ETag", object.etag.as_deref())
                .optional("LastModifiedTime", object.last_modified_time.as_deref())
                .optional("Size", object.size.as_deref())
                .close("Object");
        }
        if self.quiet {
            xml.leaf("Quiet", "true");
        }
        xml.close("Delete");
        xml.finish()
    }
}

impl DeleteItem {
    fn read(element: Element) -> Result<Self, BadXml> {
        let mut item = Self::default();
        let mut key = None;
        for child in element.children {
            let member = match child.name.as_str() {
                "Key" => &mut key,
                "VersionId" => &mut item.version_id,
                "ETag" => &mut item.etag,
                "LastModifiedTime" => &mut item.last_modified_time,
                "Size" => &mut item.size,
                _ => return Err(BadXml::Schema),
            };
            if !child.children.is_empty() || member.replace(child.text).is_some() {
                return Err(BadXml::Schema);
            }
        }
        item.key = key.filter(|key| !key.is_empty()).ok_or(BadXml::Schema)?;
        item.version_id = item.version_id.filter(|version| !version.trim().is_empty());
        Ok(item)
    }
}

fn flag(text: &str) -> Result<bool, BadXml> {
    match text.trim() {
        "true" | "TRUE" | "True" | "1" => Ok(true),
        "false" | "FALSE" | "False" | "0" => Ok(false),
        _ => Err(BadXml::Schema),
    }
}

/// The document that answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteResult {
    /// What was deleted; empty when the request was quiet.
    pub deleted: Vec<Deleted>,
    /// What was not.
    pub errors: Vec<DeleteFailure>,
}

/// One `<Deleted>` of a DeleteResult.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deleted {
    /// The key.
    pub key: String,
    /// The version that was named.
    pub version_id: Option<String>,
    /// `true` if a delete marker was made or deleted.
    pub delete_marker: Option<String>,
    /// The version of that marker.
    pub delete_marker_version_id: Option<String>,
}

/// One `<Error>` of a DeleteResult.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteFailure {
    /// The key.
    pub key: String,
    /// The version that was named.
    pub version_id: Option<String>,
    /// The code, e.g. `AccessDenied`.
    pub code: String,
    /// What happened.
    pub message: String,
}

impl DeleteResult {
    /// Reads the upstream's document.
    pub fn parse(document: &[u8]) -> Result<Self, BadXml> {
        let root = Element::of_answer(document)?;
        if root.name != "DeleteResult" {
            return Err(BadXml::Schema);
        }
        Ok(Self {
            deleted: root.children_named("Deleted").map(Deleted::read).collect(),
            errors: root
                .children_named("Error")
                .map(DeleteFailure::read)
                .collect(),
        })
    }

    /// Writes the document, for the client.
    pub fn to_xml(&self) -> Bytes {
        let mut xml = Writer::new();
        xml.root("DeleteResult");
        for deleted in &self.deleted {
            xml.open("Deleted")
                .leaf("Key", &deleted.key)
                .optional("VersionId", deleted.version_id.as_deref())
                .optional("DeleteMarker", deleted.delete_marker.as_deref())
                .optional(
                    "DeleteMarkerVersionId",
                    deleted.delete_marker_version_id.as_deref(),
                )
                .close("Deleted");
        }
        for error in &self.errors {
            xml.open("Error")
                .leaf("Key", &error.key)
                .optional("VersionId", error.version_id.as_deref())
                .leaf("Code", &error.code)
                .leaf("Message", &error.message)
                .close("Error");
        }
        xml.close("DeleteResult");
        xml.finish()
    }
}

impl Deleted {
    fn read(element: &Element) -> Self {
        Self {
            key: element.member("Key").unwrap_or_default(),
            version_id: element.member("VersionId"),
            delete_marker: element.member("DeleteMarker"),
            delete_marker_version_id: element.member("DeleteMarkerVersionId"),
        }
    }
}

impl DeleteFailure {
    fn read(element: &Element) -> Self {
        Self {
            key: element.member("Key").unwrap_or_default(),
            version_id: element.member("VersionId"),
            code: element.member("Code").unwrap_or_default(),
            message: element.member("Message").unwrap_or_default(),
        }
    }
}
