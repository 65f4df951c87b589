//! The upstream's errors.

use super::Element;

/// An `<Error>` of the upstream. Its texts are the upstream's: they name what the client may not see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpstreamError {
    /// The code, e.g. `NoSuchKey`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// The region that would have been right.
    pub region: Option<String>,
    /// The endpoint that would have been right.
    pub endpoint: Option<String>,
    /// The bucket it is about.
    pub bucket: Option<String>,
    /// The key it is about.
    pub key: Option<String>,
    /// The upstream's request id, for the log.
    pub request_id: Option<String>,
}

impl UpstreamError {
    /// Reads an answer's body. `None` if it is not an error document: a success, or not S3's.
    ///
    /// CopyObject, UploadPartCopy and CompleteMultipartUpload may answer 200 with such a document.
    pub fn parse(document: &[u8]) -> Option<Self> {
        let root = Element::of_answer(document).ok()?;
        if root.name != "Error" {
            return None;
        }
        let text = |name| root.child_text(name).map(str::to_owned);
        Some(Self {
            code: text("Code")?,
            message: text("Message").unwrap_or_default(),
            region: text("Region"),
            endpoint: text("Endpoint"),
            bucket: text("BucketName").or_else(|| text("Bucket")),
            key: text("Key"),
            request_id: text("RequestId"),
        })
    }
}
