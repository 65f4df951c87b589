//! A case with its policies compiled, and what the engine says of it.

use super::principal::{Known, Who};
use super::{Case, Document};
use crate::context::FixedContext;
use crate::controls::public_access::PublicAccessBlock;
use crate::document::Problem;
use crate::identity::{Account, Caller, Principal};
use crate::policy::{
    AclGrants, Deciding, Decision, Explanation, Policies, Policy, PolicyKind, PolicySet, Question,
    Verdict, View, evaluate, explain,
};
use crate::s3::actions::Action;
use crate::s3::names::{AccountId, BucketName};
use std::fmt;
use std::sync::Arc;

/// What must come, or has come, of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Allowed.
    Allow,
    /// Denied by a statement, or by Block Public Access where policies allow.
    ExplicitDeny,
    /// Denied because nothing allows it.
    ImplicitDeny,
    /// It depends on a fact that is not known.
    Unknown,
    /// A policy is refused.
    InvalidPolicy,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] = [
        Self::Allow,
        Self::ExplicitDeny,
        Self::ImplicitDeny,
        Self::Unknown,
        Self::InvalidPolicy,
    ];

    /// As cases write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::ExplicitDeny => "explicit_deny",
            Self::ImplicitDeny => "implicit_deny",
            Self::Unknown => "unknown",
            Self::InvalidPolicy => "invalid_policy",
        }
    }
}

/// Who may decide a case.
pub(super) const BY: [&str; 10] = [
    "guardrail",
    "service_control",
    "bucket",
    "acl",
    "identity",
    "boundary",
    "session",
    "root",
    "public_access",
    NOBODY,
];

const NOBODY: &str = "nobody";

/// A case as the engine takes it.
#[derive(Debug)]
pub struct Scene {
    principal: Principal,
    owner: AccountId,
    action: Action,
    resource: Box<str>,
    context: FixedContext,
    bucket: Option<Arc<Policy>>,
    guardrails: PolicySet,
    acl: AclGrants,
    block: PublicAccessBlock,
}

/// What came of a case.
#[derive(Debug)]
pub struct Decided {
    /// The outcome.
    pub outcome: Outcome,
    /// Who decided: a layer, the one whose Allow is missing, `public_access`, or `nobody`.
    pub by: &'static str,
    /// The statement that decided, if one did.
    pub statement: Option<Deciding>,
    /// What is wrong with its policies, for [`Outcome::InvalidPolicy`].
    pub refused: Vec<Refused>,
}

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file it stands in.
    pub file: Box<str>,
    /// Where there, and what.
    pub problem: Problem,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.problem)
    }
}

impl Case {
    /// Compiles the policies.
    ///
    /// # Errors
    /// What is wrong with the first of them that is refused.
    pub fn scene(&self) -> Result<Scene, Vec<Refused>> {
        let setup = &self.setup;
        let name = setup.resource.split('/').next().unwrap_or_default();
        let bucket = match (&setup.bucket, BucketName::parse(name)) {
            (Some(policy), Ok(name)) => Some(compile(policy, PolicyKind::Bucket(&name))?),
            // No policy of a bucket bears on what is no bucket.
            (Some(_), Err(_)) | (None, _) => None,
        };
        Ok(Scene {
            principal: self.principal()?,
            owner: setup.owner,
            action: setup.action,
            resource: setup.resource.clone(),
            context: setup.context.clone(),
            bucket,
            guardrails: set(&setup.resource_control, PolicyKind::Guardrail)?,
            acl: setup.acl.clone(),
            block: setup.block,
        })
    }

    /// Puts the case to the engine.
    pub fn decide(&self) -> Decided {
        match self.scene() {
            Ok(scene) => scene.decide(),
            Err(refused) => Decided {
                outcome: Outcome::InvalidPolicy,
                by: NOBODY,
                statement: None,
                refused,
            },
        }
    }

    /// Whether that is what the case expects. One that expects nothing cannot be met.
    pub fn is_met_by(&self, decided: &Decided) -> bool {
        self.expected == Some(decided.outcome) && self.by.is_none_or(|by| by == decided.by)
    }

    fn principal(&self) -> Result<Principal, Vec<Refused>> {
        match &self.setup.who {
            Who::Anonymous => Ok(Principal::Anonymous),
            Who::Service(name) => Ok(Principal::Service(name.clone())),
            Who::Known(known) => Ok(Principal::Known(Arc::new(self.caller(known)?))),
        }
    }

    fn caller(&self, known: &Known) -> Result<Caller, Vec<Refused>> {
        let setup = &self.setup;
        Ok(Caller {
            account: Arc::new(self.account(known.account)?),
            kind: known.kind.clone(),
            arn: known.arn.clone(),
            principal_arn: known.principal_arn.clone(),
            // Conditions and variables ask the context of the case for it.
            user_id: Box::default(),
            tags: known.tags.iter().cloned().collect(),
            provider: known.provider.clone(),
            policies: set(&setup.identity, PolicyKind::Identity)?,
            boundary: cap(setup.boundary.as_ref(), PolicyKind::Boundary)?,
            session_policy: cap(setup.session.as_ref(), PolicyKind::Session)?,
            session: None,
        })
    }

    fn account(&self, id: AccountId) -> Result<Account, Vec<Refused>> {
        let canonical_id: String = id.as_str().chars().cycle().take(64).collect();
        let levels = self.setup.service_control.iter();
        let levels = levels.map(|level| set(level, PolicyKind::ServiceControl));
        Ok(Account {
            service_control: levels.collect::<Result<_, _>>()?,
            ..Account::new(id, canonical_id, "case")
        })
    }
}

impl Scene {
    /// The policies that bear on the question.
    pub fn policies(&self) -> Policies<'_> {
        Policies {
            bucket: self.bucket.as_deref(),
            guardrails: &self.guardrails,
            acl: Some(&self.acl),
            public: self.block.public_policies(),
        }
    }

    /// What is asked.
    pub fn question(&self) -> Question<'_, FixedContext> {
        Question {
            principal: &self.principal,
            action: self.action,
            resource: &self.resource,
            owner: self.owner,
            context: &self.context,
            view: View::Live,
        }
    }

    /// The flags of Block Public Access in force.
    pub fn block(&self) -> PublicAccessBlock {
        self.block
    }

    /// Why the engine says so.
    pub fn explain(&self) -> Explanation {
        explain(self.policies(), &self.question())
    }

    /// What the engine says.
    pub fn decide(&self) -> Decided {
        let decision = evaluate(self.policies(), &self.question());
        let (outcome, by) = told(&decision);
        Decided {
            outcome,
            by,
            statement: decision.by,
            refused: Vec::new(),
        }
    }
}

fn set(documents: &[Document], kind: PolicyKind<'_>) -> Result<PolicySet, Vec<Refused>> {
    let documents = documents.iter();
    documents.map(|document| compile(document, kind)).collect()
}

fn cap(
    document: Option<&Document>,
    kind: PolicyKind<'_>,
) -> Result<Option<Arc<Policy>>, Vec<Refused>> {
    document.map(|document| compile(document, kind)).transpose()
}

fn compile(document: &Document, kind: PolicyKind<'_>) -> Result<Arc<Policy>, Vec<Refused>> {
    let refused = |problem| Refused {
        file: document.origin.source.clone(),
        problem,
    };
    match Policy::compile(&document.node, kind, Arc::clone(&document.origin)) {
        Ok(compiled) => Ok(Arc::new(compiled.policy)),
        Err(problems) => Err(problems.into_iter().map(refused).collect()),
    }
}

fn told(decision: &Decision) -> (Outcome, &'static str) {
    let by = decision.by.as_ref().map_or(NOBODY, |by| by.layer.name());
    match decision.verdict {
        Verdict::Allow => (Outcome::Allow, by),
        Verdict::ExplicitDeny => (Outcome::ExplicitDeny, by),
        Verdict::ImplicitDeny(missing) => (Outcome::ImplicitDeny, missing.layer().name()),
        Verdict::Unknown => (Outcome::Unknown, NOBODY),
    }
}
