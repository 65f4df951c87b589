//! The document of CompleteMultipartUpload.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>

use super::{BadXml, Element};

/// Checks a document that goes upstream as it came: well-formed, without DOCTYPE and entities, and a list of parts.
pub fn check_completion(document: &[u8]) -> Result<(), BadXml> {
    let root = Element::of_parts(document)?;
    let parts = root.children.iter().all(|child| child.name == "Part");
    let right = root.name == "CompleteMultipartUpload" && parts && !root.children.is_empty();
    right.then_some(()).ok_or(BadXml::Schema)
}
