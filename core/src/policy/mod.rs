//! Policies: parse documents, compile them, match, evaluate.
//!
//! A document is parsed and compiled once, at load ([`Policy::compile`]); [`evaluate`] decides without locks,
//! look-ups by string or allocation, and returns which layer and which statement decided. Knows nothing of HTTP.
//!
//! To add a condition operator, add its row in `operators`; to add a condition key, its row in
//! [`crate::context::keys`].

mod acl;
mod action_set;
mod compile;
mod conditions;
mod evaluate;
pub mod explain;
mod glob;
mod globs;
mod index;
pub mod lint;
mod names;
mod networks;
mod operands;
mod operators;
mod pattern;
mod prefixes;
mod principals;
mod public;
mod resources;
mod set;
mod truth;

pub use acl::{AclGrants, AclPermission, Grant, Grantee, ObjectOwner, PublicGrants};
pub use compile::Compiled;
pub use evaluate::{Credentials, evaluate, evaluate_trust, may_deny};
pub use explain::{Explanation, Reason, explain};
pub use lint::lint;
pub use pattern::Pattern;
pub use public::{Looseness, is_public};
pub use set::PolicySet;

use crate::context::Context;
use crate::document::Node;
use crate::identity::Principal;
use crate::s3::actions::Action;
use crate::s3::names::{AccountId, BucketName};
use action_set::ActionSet;
use index::Index;
use std::sync::Arc;

/// The policies that bear on one question.
#[derive(Debug, Clone, Copy)]
pub struct Policies<'a> {
    /// The bucket's policy; for [`evaluate_trust`] the role's trust policy. The caller's own policies come with the
    /// [`Principal`].
    pub bucket: Option<&'a Policy>,
    /// Resource-control documents: they only narrow.
    pub guardrails: &'a PolicySet,
    /// The grants of ACLs; none where ACLs are disabled, as they are by default.
    pub acl: Option<&'a AclGrants>,
    /// Whether RestrictPublicBuckets is on.
    pub public: PublicPolicies,
}

/// What becomes of a bucket policy that is public.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublicPolicies {
    /// It counts as any other.
    #[default]
    Count,
    /// RestrictPublicBuckets is on: only services and callers of the owner's account get in, whatever allows a request.
    Restricted,
}

/// One question: may `principal` do `action` on `resource`?
#[derive(Debug, Clone, Copy)]
pub struct Question<'a, C: Context> {
    /// Who asks.
    pub principal: &'a Principal,
    /// What for.
    pub action: Action,
    /// `bucket`, `bucket/key`, or empty for what has only `*`: the last part of the ARN. What is no bucket has its whole
    /// ARN here, as no bucket's name begins like one.
    pub resource: &'a str,
    /// The account that owns the resource; the caller's own account for service-level actions.
    pub owner: AccountId,
    /// The values of condition keys.
    pub context: &'a C,
    /// Which policies count.
    pub view: View,
}

/// Which policies count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Those in force.
    #[default]
    Live,
    /// Those in shadow too: what would be decided if they were enforced.
    Shadow,
}

/// What becomes of a policy's verdict. A policy that is switched off is not loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It decides.
    #[default]
    Enforce,
    /// It decides nothing; where it would change an outcome, that is recorded.
    Shadow,
}

/// The answer, and who gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The outcome.
    pub verdict: Verdict,
    /// The statement that decided; none for an implicit deny or the root user.
    pub by: Option<Deciding>,
    /// For an allow that needed two sides (cross-account): the identity side's statement.
    pub with: Option<Deciding>,
}

/// The outcome of an evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Something allows it and nothing denies it.
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
    /// "no service control policy allows the … action"
    ServiceControl,
}

/// A layer of policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// A resource-control document.
    Guardrail,
    /// A guardrail in Rego.
    Rego,
    /// A service-control document of the caller's account.
    ServiceControl,
    /// The bucket's policy, or the trust policy of a role.
    Bucket,
    /// A grant of the bucket's or the object's ACL.
    Acl,
    /// A policy of the caller.
    Identity,
    /// The caller's permissions boundary.
    Boundary,
    /// The session's policy.
    Session,
    /// The root user of the owner's account, who needs no statement.
    Root,
    /// Block Public Access: a statement makes the bucket policy public, and RestrictPublicBuckets is on.
    PublicAccess,
}

/// The statement that decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Deciding {
    /// The layer it belongs to.
    pub layer: Layer,
    /// Where the statement stands; file and line when it came from a file.
    pub origin: Arc<Origin>,
    /// Its Sid, if it has one.
    pub sid: Option<Arc<str>>,
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
pub enum PolicyKind<'a> {
    /// The policy of this bucket: AWS's validation, Principal required, resources within the bucket.
    Bucket(&'a BucketName),
    /// An identity policy: no Principal; may speak of other services.
    Identity,
    /// A permissions boundary, written like an identity policy.
    Boundary,
    /// A session policy, written like an identity policy.
    Session,
    /// A resource-control document: Principal required, and only Deny.
    Guardrail,
    /// A service-control document, written like an identity policy.
    ServiceControl,
    /// The trust policy of a role: Principal required, no Resource, and only actions that make sessions.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html>
    Trust,
}

/// A compiled policy document. Made by [`Policy::compile`].
#[derive(Debug)]
pub struct Policy {
    origin: Arc<Origin>,
    /// As it was written, for those who ask why.
    document: Node,
    mode: Mode,
    denies: Statements,
    allows: Statements,
    public: bool,
}

impl Policy {
    /// Where the document came from.
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The document as it was written, each value with its place.
    pub fn document(&self) -> &Node {
        &self.document
    }

    /// The same policy in another mode.
    pub fn in_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// What becomes of its verdict.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    fn counts_in(&self, view: View) -> bool {
        self.mode == Mode::Enforce || view == View::Shadow
    }

    fn statements(&self, effect: Effect) -> &Statements {
        match effect {
            Effect::Allow => &self.allows,
            Effect::Deny => &self.denies,
        }
    }
}

/// What a statement does when it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Lets what matches pass.
    Allow,
    /// Refuses what matches, whatever allows it.
    Deny,
}

/// The statements of one effect.
#[derive(Debug)]
struct Statements {
    /// In the order of the document.
    list: Box<[Statement]>,
    index: Index,
}

impl Statements {
    fn of(list: Vec<Statement>) -> Self {
        Self {
            index: Index::of([&*list]),
            list: list.into(),
        }
    }
}

/// One compiled statement. One that can never apply is not kept.
#[derive(Debug)]
struct Statement {
    sid: Option<Arc<str>>,
    /// From 0, in the document as written.
    position: usize,
    /// From 1.
    line: u32,
    actions: ActionSet,
    principals: principals::Principals,
    resources: resources::Resources,
    conditions: conditions::Conditions,
}

#[cfg(test)]
mod tests;
