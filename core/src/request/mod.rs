//! From an HTTP head to an [`S3Request`]: which bucket and key, which operation, which query.
//!
//! The one reading of the target: routing, signature, policy, record and the upstream's request all use it.
//! Knows nothing of callers, policies or upstreams. Enter at [`parse`].

use crate::s3::names::{BucketName, Target};
use crate::s3::operations::Operation;
use http::{HeaderMap, Method};

/// An HTTP/1.1 request head as it came: `raw_target` holds the bytes of the request line untouched.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub method: &'a Method,
    pub raw_target: &'a [u8],
    pub headers: &'a HeaderMap,
}

/// The host names under which a listener is reached; `bucket.NAME` is then a virtual-hosted-style request.
#[derive(Debug, Clone, Default)]
pub struct Hosts(pub Vec<Box<str>>);

/// What the client asks for.
#[derive(Debug, Clone)]
pub struct S3Request {
    pub operation: &'static Operation,
    /// Service, bucket or object.
    pub target: Target,
    /// Decoded query parameters in the order they came.
    pub query: Query,
    /// Of CopyObject and UploadPartCopy.
    pub copy_source: Option<CopySource>,
}

/// Decoded query parameters in the order they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(pub Vec<Parameter>);

/// One query parameter, percent-decoded; `+` stays a plus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: Box<str>,
    /// `None` for `?name`, empty for `?name=`.
    pub value: Option<Box<str>>,
}

/// The source named by `x-amz-copy-source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopySource {
    pub bucket: BucketName,
    /// The object, as a target of its own.
    pub target: Target,
    pub version_id: Option<Box<str>>,
}
