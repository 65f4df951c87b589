//! Uploads in parts: the answer to CreateMultipartUpload, the document of CompleteMultipartUpload.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>

use super::{BadXml, Element};

/// Checks a document that goes upstream as it came: well-formed, without DOCTYPE and entities, and a list of parts.
pub fn check_completion(document: &[u8]) -> Result<(), BadXml> {
    let root = Element::of_parts(document)?;
    let parts = root.children.iter().all(|child| child.name == "Part");
    let right = root.name == "CompleteMultipartUpload" && parts && !root.children.is_empty();
    right.then_some(()).ok_or(BadXml::Schema)
}

/// The id of the upload that an answer to CreateMultipartUpload says has begun.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
pub fn upload_id(answer: &[u8]) -> Option<String> {
    let root = Element::of_answer(answer).ok()?;
    let id = root.member("UploadId").filter(|id| !id.is_empty());
    id.filter(|_| root.name == "InitiateMultipartUploadResult")
}
