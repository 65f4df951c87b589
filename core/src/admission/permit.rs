//! The proof that a request was admitted, and all that later phases need.

use super::{Keeping, ObjectCall, Settling};
use crate::controls::settings::BucketSettings;
use crate::form::Reply;
use crate::s3::xml::{BucketPage, DeleteFailure};
use crate::sigv4::payload::{BodyPlan, Wrapping};
use bytes::Bytes;
use http::{HeaderMap, Method};

/// Leave to go upstream. Made only by admission; whatever sends to an upstream asks for one.
#[derive(Debug)]
pub struct Permit {
    // INVARIANT: fields are set by `forward` alone, after every check passed, and describe exactly what was authorised.
    pub(super) upstream: Option<usize>,
    pub(super) method: Method,
    /// Bucket and key, percent-encoded for the wire; empty when absent.
    pub(super) bucket: String,
    pub(super) key: String,
    /// Canonical query string without `?`.
    pub(super) query: String,
    /// Headers as they go upstream, before signing.
    pub(super) headers: HeaderMap,
    pub(super) body: BodyPlan,
    pub(super) wrapping: Option<Wrapping>,
    pub(super) run: Run,
    pub(super) conceal_missing: bool,
    pub(super) keeping: Option<Box<Keeping>>,
}

/// How a permit is carried out.
#[derive(Debug)]
pub enum Run {
    /// Both bodies stream through.
    Stream,
    /// A form: its file streams through, and its sender is answered so.
    Post(Reply),
    /// The body is at hand; the answer is read whole before anything is passed on.
    Buffered(Bytes),
    /// The body is at hand; the answer streams through.
    Relayed(Bytes),
    /// DeleteObjects: send the allowed keys, then put the refused ones into the answer.
    DeleteObjects {
        /// The document with the allowed keys only; `None` if none is allowed, and then nothing is sent.
        allowed: Option<Bytes>,
        /// What the answer says of the others.
        refused: Vec<DeleteFailure>,
        /// The answer names failures only.
        quiet: bool,
    },
    /// ListBuckets over all upstreams of the caller's account.
    ListBuckets(BucketPage),
    /// CreateBucket: the owner is recorded before and settled after the upstream's answer.
    CreateBucket {
        /// What is sent.
        document: Bytes,
        /// What the bucket begins with.
        settings: Box<BucketSettings>,
    },
    /// DeleteBucket: the record goes when the upstream has deleted.
    DeleteBucket,
    /// A call on settings of the gateway's own. The permit asks whether the bucket is there, which is asked only of one that
    /// the store does not know.
    Settle(Box<Settling>),
    /// A call on what is kept of one version of an object. The permit asks whether it is there, and which version it is.
    OnObject(Box<ObjectCall>),
}

impl Permit {
    /// Position of the upstream in [`super::Routes`]; `None` if the request is about all of them.
    pub fn upstream(&self) -> Option<usize> {
        self.upstream
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The bucket, as it stands on the wire; empty for the service.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key, percent-encoded once for the wire with its slashes kept; empty for bucket and service.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The canonical query string, without `?`.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The headers that go upstream; host, date, authorization and payload hash are the signer's to add.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What the body must be, and how it is framed.
    pub fn body(&self) -> &BodyPlan {
        &self.body
    }

    /// The frames the body goes upstream in, with its checksum behind it; `None`: as it is.
    pub fn wrapping(&self) -> Option<Wrapping> {
        self.wrapping
    }

    /// The records of objects that change with it.
    pub fn keeping(&self) -> Option<&Keeping> {
        self.keeping.as_deref()
    }

    /// The document that is sent with a call of the gateway's own.
    pub fn document(&self) -> Bytes {
        match &self.run {
            Run::Buffered(document) => document.clone(),
            Run::DeleteObjects { allowed, .. } => allowed.clone().unwrap_or_default(),
            _ => Bytes::new(),
        }
    }

    /// How it is carried out.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// A missing key must read as 403: the caller may not list the bucket.
    pub fn conceals_missing(&self) -> bool {
        self.conceal_missing
    }
}
