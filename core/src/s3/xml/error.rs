//! The upstream's errors.

use super::{Element, Writer};
use crate::s3::names::Target;
use bytes::Bytes;

/// An `<Error>` of the upstream. Its texts are the upstream's, unchecked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UpstreamError {
    /// The code, e.g. `NoSuchKey`.
    pub code: String,
    /// The region that would have been right, where the upstream says so.
    pub region: Option<String>,
    /// Every element in order, `Code`, `Message`, `Key` …, but those that are the upstream's own.
    pub elements: Vec<(String, String)>,
}

/// Elements that speak of the upstream itself, or of how the gateway signed.
const THEIRS: [&str; 10] = [
    "AWSAccessKeyId",
    "CanonicalRequest",
    "CanonicalRequestBytes",
    "Endpoint",
    "HostId",
    "Region",
    "RequestId",
    "SignatureProvided",
    "StringToSign",
    "StringToSignBytes",
];

impl UpstreamError {
    /// Reads an answer's body. `None` if it is not an error document: a success, or not S3's.
    ///
    /// CopyObject, UploadPartCopy and CompleteMultipartUpload may answer 200 with such a document.
    pub fn parse(document: &[u8]) -> Option<Self> {
        let root = Element::of_answer(document)
            .ok()
            .filter(|root| root.name == "Error")?;
        let code = root.child_text("Code")?.to_owned();
        let region = root.child_text("Region").map(str::to_owned);
        let named = |child: &Element| !THEIRS.contains(&child.name.as_str());
        let elements = root
            .children
            .into_iter()
            .filter(named)
            .map(|child| (child.name, child.text))
            .collect();
        Some(Self {
            code,
            region,
            elements,
        })
    }

    /// The same error as an answer of the gateway's, about what the client asked for, under the gateway's ids.
    pub fn to_xml(&self, target: Option<&Target>, request_id: &str, host_id: &str) -> Bytes {
        let resource = target.map(|target| format!("/{}", target.as_str()));
        let mut xml = Writer::new();
        xml.open("Error");
        for (name, text) in &self.elements {
            match name.as_str() {
                // Its form depends on how the gateway addresses the upstream.
                "Resource" => xml.optional(name, resource.as_deref()),
                _ => xml.leaf(name, text),
            };
        }
        xml.leaf("RequestId", request_id)
            .leaf("HostId", host_id)
            .close("Error");
        xml.finish()
    }
}
