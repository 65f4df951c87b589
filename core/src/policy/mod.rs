//! Policies: parse documents, compile them, match, evaluate.
//!
//! A document is parsed and compiled once, at load ([`Policy::compile`]); [`evaluate`] decides without locks,
//! look-ups by string or allocation, and returns which layer and which statement decided. Knows nothing of HTTP.

use crate::context::Context;
use crate::identity::Principal;
use crate::s3::actions::Action;
use crate::s3::names::AccountId;
use std::sync::Arc;

/// The policies that bear on one question.
#[derive(Debug, Clone, Copy)]
pub struct Policies<'a> {
    /// The bucket's policy. The caller's own policies come with the [`Principal`].
    pub bucket: Option<&'a Policy>,
    /// Resource-control documents: they only narrow.
    pub guardrails: &'a [Arc<Policy>],
}

/// One question: may `principal` do `action` on `resource`?
#[derive(Debug, Clone, Copy)]
pub struct Question<'a, C: Context> {
    pub principal: &'a Principal,
    pub action: Action,
    /// `bucket`, `bucket/key`, or empty for the service: the last part of the ARN.
    pub resource: &'a str,
    /// The account that owns the bucket; the caller's own account for service-level actions.
    pub owner: AccountId,
    pub context: &'a C,
}

/// The answer, and who gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub verdict: Verdict,
    /// The statement that decided; none for an implicit deny or the root user.
    pub by: Option<Deciding>,
    /// For an allow that needed two sides (cross-account): the identity side's statement.
    pub with: Option<Deciding>,
}

/// The outcome of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// A Deny statement matched.
    ExplicitDeny,
    /// Nothing allows it, or a layer that caps does not.
    ImplicitDeny(Missing),
    /// It depends on a fact not yet known.
    Unknown,
}

/// Which side's allow is missing, in AWS's words for the error message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// "no identity-based policy allows the … action"
    Identity,
    /// "no resource-based policy allows the … action"
    Resource,
    /// "no permissions boundary allows the … action"
    Boundary,
    /// "no session policy allows the … action"
    Session,
}

/// A layer of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    Guardrail,
    Bucket,
    Identity,
    Boundary,
    Session,
    /// The root user of the owner's account, who needs no statement.
    Root,
}

/// The statement that decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Deciding {
    pub layer: Layer,
    /// Where the statement stands; file and line when it came from a file.
    pub origin: Arc<Origin>,
    /// Its Sid, if it has one.
    pub sid: Option<Box<str>>,
    /// Its position in the document, from 0.
    pub statement: usize,
    /// Line of the statement in `origin`, from 1.
    pub line: u32,
}

/// Where a policy document came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// A file name, or e.g. `PutBucketPolicy`.
    pub source: Box<str>,
}

/// What kind of document, which decides how strictly it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// A bucket policy: AWS's validation, Principal required, resources within the bucket.
    Bucket,
    /// An identity policy: no Principal; may speak of other services.
    Identity,
    Boundary,
    Session,
    Guardrail,
}

/// A compiled policy document.
#[derive(Debug)]
pub struct Policy {
    _todo: (),
}

/// Decides one question.
pub fn evaluate<C: Context>(_policies: Policies<'_>, _question: &Question<'_, C>) -> Decision {
    Decision {
        verdict: Verdict::ImplicitDeny(Missing::Resource),
        by: None,
        with: None,
    }
}
