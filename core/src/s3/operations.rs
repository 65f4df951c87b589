//! The operation table: the one place that says how an operation is recognised, what it asks for, what of it
//! goes upstream and what it is called. Everything else reads it.

use super::actions::Action;
use super::headers::HeaderRule;

/// One row of the table.
#[derive(Debug)]
pub struct Operation {
    /// The variant this row is.
    pub id: OperationId,
    /// AWS's name, e.g. `GetObject`.
    pub name: &'static str,
    /// The HTTP method, upper case.
    pub method: &'static str,
    /// What the target must be.
    pub level: Level,
    /// All of these must hold. Rows with more marks come first; a test checks that one row wins for every request.
    pub marks: &'static [Mark],
    /// Query names this row accepts besides its marks. Any other name is refused, except names that begin with
    /// `x-` (other than `x-amz-`), which S3 ignores, and the `X-Amz-*` names of a presigned URL.
    pub accepts: &'static [&'static str],
    /// Permissions asked for; each that applies must be allowed.
    pub needs: &'static [Need],
    /// The operation in the server access log, e.g. `REST.GET.OBJECT`.
    pub log: &'static str,
    /// What body the client sends and who reads it.
    pub payload: PayloadKind,
    /// What becomes of each header.
    pub headers: &'static [&'static [HeaderRule]],
    /// Who answers.
    pub answered_by: AnsweredBy,
}

/// What an operation acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    Service,
    Bucket,
    Object,
}

/// A mark by which an operation is recognised, beside method and level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The query has this name, with any value or none.
    Query(&'static str),
    /// The query has this name with this value.
    QueryValue(&'static str, &'static str),
    /// The request has this header, lower case.
    Header(&'static str),
}

/// One permission an operation needs.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// The action asked for.
    pub action: Action,
    /// On which resource.
    pub on: On,
    /// When it is needed.
    pub when: When,
    /// What its absence does.
    pub effect: Effect,
}

/// What the absence of a permission does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request is refused (DeleteObjects: the key is).
    Required,
    /// The request passes, but a missing key is answered 403 instead of 404.
    Reveals,
}

/// The resource a permission is asked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The target as it stands: service, bucket or object.
    Target,
    /// The bucket of the target.
    Bucket,
    /// The source object of a copy.
    CopySource,
    /// Each key in the body of DeleteObjects.
    EachKey,
}

/// When a permission is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Always,
    /// The query has this name.
    Query(&'static str),
    /// The query does not have this name.
    NoQuery(&'static str),
    /// One of these headers is present.
    AnyHeader(&'static [&'static str]),
    /// The header is present and its value is not this one.
    HeaderNot(&'static str, &'static str),
    /// The header is present with this value, compared without case.
    HeaderIs(&'static str, &'static str),
    /// `x-amz-copy-source` names a version.
    SourceVersion,
    /// `x-amz-copy-source` names no version.
    NoSourceVersion,
    /// The item in the body names a version (DeleteObjects).
    ItemVersion,
    /// The item in the body names no version (DeleteObjects).
    NoItemVersion,
}

/// The body an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadKind {
    /// No body; one that comes is refused.
    None,
    /// Object bytes, streamed.
    Stream,
    /// A document the gateway reads whole, at most this many bytes.
    Document(usize),
}

/// Who answers an operation that was allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnsweredBy {
    /// The upstream; the body streams through.
    Upstream,
    /// The upstream, and the gateway reads its answer whole before passing it on.
    UpstreamRead,
    /// All upstreams of the caller's account together.
    Merged,
}

/// The operations of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationId {
    GetObject,
}
