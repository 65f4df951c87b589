//! An answer the gateway gives itself, before it is put on the wire.

use super::errors::ErrorCode;
use super::xml::Writer;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::borrow::Cow;

/// Either an S3 error or a success the gateway composed.
#[derive(Debug, Clone)]
pub enum Answer {
    /// An error.
    Error(S3Error),
    /// A success.
    Success(Success),
}

/// A success composed by the gateway.
#[derive(Debug, Clone)]
pub struct Success {
    /// The status.
    pub status: StatusCode,
    /// The headers, without request id, date and length.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
}

/// An S3 error. Rendered as XML with the request's id; on HEAD only status and headers are sent.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Error {
    /// The code, which gives the status.
    pub code: ErrorCode,
    /// What the client reads; the code's own message unless there is more to say.
    pub message: Cow<'static, str>,
    /// Further elements between Message and RequestId, in order: `BucketName`, `Key`, `Region` …
    pub details: Vec<(&'static str, String)>,
}

impl S3Error {
    /// The error with its standard message.
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            message: code.message().into(),
            details: Vec::new(),
        }
    }

    /// The same error with another message.
    pub fn say(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// The same error with one more element.
    pub fn with(mut self, element: &'static str, text: impl Into<String>) -> Self {
        self.details.push((element, text.into()));
        self
    }
}

impl From<S3Error> for Answer {
    fn from(error: S3Error) -> Self {
        Self::Error(error)
    }
}

impl From<ErrorCode> for S3Error {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

/// The XML document of an error, in AWS's shape: Code, Message, the details in order, Resource, RequestId, HostId.
///
/// Text is escaped; characters that XML 1.0 cannot carry become U+FFFD.
pub fn error_xml(
    error: &S3Error,
    resource: Option<&str>,
    request_id: &str,
    host_id: &str,
) -> Bytes {
    let mut xml = Writer::new();
    xml.open("Error")
        .leaf("Code", error.code.name())
        .leaf("Message", &error.message);
    for (element, text) in &error.details {
        xml.leaf(element, text);
    }
    if let Some(resource) = resource {
        xml.leaf("Resource", resource);
    }
    xml.leaf("RequestId", request_id).leaf("HostId", host_id);
    xml.close("Error");
    xml.finish()
}

#[cfg(test)]
mod tests;
