//! From an HTTP head to an [`S3Request`]: which bucket and key, which operation, which query.
//!
//! The one reading of the target: routing, signature, policy, record and the upstream's request all use it.
//! Knows nothing of callers, policies or upstreams. Enter at [`parse`].
//!
//! The rules of reading:
//! - Origin form only. Path and query are percent-decoded once, `+` is a plus, and nothing is normalised: `//`, `.`
//!   and `..` are part of the key.
//! - There is exactly one `Host`. Its port and one trailing dot do not count, nor does case. If it is one of the
//!   listener's names with a label before it, that label names the bucket and the whole path is the key. Any other
//!   host, an IP address above all, is path-style. The longest of the listener's names wins.
//! - An ARN in a path-style bucket's place names an access point. Two paths are no bucket's: an account's settings, with
//!   `x-amz-account-id`, and the answer of an Object Lambda function, with `x-amz-request-route`; no operation on a
//!   bucket takes those headers.
//! - A query name that the operation's row does not accept is refused, except what S3 ignores (`x-id` and the like)
//!   and what belongs to the signature.

mod copy_source;
mod encoding;
mod query;
mod route;
mod target;

pub use encoding::{encode_path, encode_query_component, percent_decode};
pub use query::{Parameter, Query, belongs_to_signature, is_ignored};

use crate::s3::names::{BadKey, Target};
use crate::s3::operations::Operation;
use http::{HeaderMap, Method};

/// An HTTP/1.1 request head as it came: `raw_target` holds the bytes of the request line untouched.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The request target.
    pub raw_target: &'a [u8],
    /// The headers, names in lower case, repetitions kept.
    pub headers: &'a HeaderMap,
}

/// The host names under which a listener is reached; `bucket.NAME` is then a virtual-hosted-style request.
#[derive(Debug, Clone, Default)]
pub struct Hosts(pub Vec<Box<str>>);

/// What the client asks for.
#[derive(Debug, Clone)]
pub struct S3Request {
    /// The row of the operation table.
    pub operation: &'static Operation,
    /// Service, bucket or object.
    pub target: Target,
    /// Decoded query parameters in the order they came.
    pub query: Query,
    /// Of CopyObject and UploadPartCopy.
    pub copy_source: Option<CopySource>,
}

/// The source named by `x-amz-copy-source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopySource {
    /// The object, as a target of its own; it may lie behind an access point.
    pub target: Target,
    /// The version; none for the latest.
    pub version_id: Option<Box<str>>,
}

/// Why a head is no request we know. Each says which S3 error it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// 400 InvalidRequest: absolute form, authority form or `*`.
    #[error("the request target does not begin with a slash")]
    NotOriginForm,
    /// 400 InvalidURI: a control character, a space or `#` in the target, or a bad percent-escape.
    #[error("the request target has an illegal character or escape")]
    BadTarget,
    /// 400 InvalidURI: the key is not UTF-8 or has a NUL.
    #[error("bad key: {0}")]
    BadKey(BadKey),
    /// 400 KeyTooLongError.
    #[error("the key has more than 1024 bytes")]
    KeyTooLong,
    /// 400 InvalidBucketName.
    #[error("bad bucket name `{0}`")]
    BadBucket(Box<str>),
    /// 400 InvalidArgument: `x-amz-account-id` is not one account id.
    #[error("bad account id")]
    BadAccount,
    /// 400 InvalidRequest: no Host header, two of them, or not a host name.
    #[error("there must be one Host header that holds a host name")]
    BadHost,
    /// 405 MethodNotAllowed: no operation of this level has this method.
    #[error("no operation has this method")]
    MethodNotAllowed,
    /// 412 PreconditionFailed: a POST to a bucket that names no sub-resource and is no form.
    #[error("the body is no form")]
    NotAForm,
    /// 501 NotImplemented: no row matches.
    #[error("no operation matches")]
    NoOperation,
    /// 501 NotImplemented: the operation's row does not accept this query name.
    #[error("unknown query name `{0}`")]
    UnknownQuery(Box<str>),
    /// 400 InvalidArgument: this query name came twice.
    #[error("repeated query name `{0}`")]
    RepeatedQuery(Box<str>),
    /// 400 InvalidArgument: the value of this query name is empty or has CR, LF or NUL.
    #[error("bad value of query name `{0}`")]
    BadQueryValue(Box<str>),
    /// 400 InvalidArgument: `x-amz-copy-source` is not `bucket/key` with an optional `?versionId=…`.
    #[error("bad copy source")]
    BadCopySource,
    /// 501 NotImplemented: `x-amz-copy-source` is an ARN, but not of an access point.
    #[error("the copy source is an ARN of no access point")]
    CopySourceArn,
}

/// Reads a head.
pub fn parse(head: &Head<'_>, hosts: &Hosts) -> Result<S3Request, ParseError> {
    let (path, query) = target::split(head.raw_target)?;
    let target = target::parse(path, head.headers, hosts)?;
    let query = Query::parse(query)?;
    let operation = route::find(head.method, &target, &query, head.headers)?;
    let copy_source = copy_source::of(operation, head.headers)?;
    Ok(S3Request {
        operation,
        target,
        query,
        copy_source,
    })
}

#[cfg(test)]
mod tests;
