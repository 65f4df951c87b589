//! The layers that bear on a question, in the order in which they are shown.

use super::held::Held;
use super::parts::{Located, Outcome, Parts};
use super::values::{Limits, Text};
use super::written;
use crate::context::Context;
use crate::identity::{Caller, CallerKind, Principal};
use crate::policy::acl::other_owner;
use crate::policy::evaluate::keeps_policy_access;
use crate::policy::glob::Subject;
use crate::policy::names::written_by_name;
use crate::policy::principals::Naming;
use crate::policy::truth::Truth;
use crate::policy::{
    AclGrants, Effect, Layer, Mode, Policies, Policy, PolicySet, Question, Statement, View,
};
use serde::{Serialize, Serializer};

/// One layer, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerReport {
    /// Which.
    pub layer: Layer,
    /// Of service-control policies: the level, from 0 at the top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<usize>,
    /// What it comes to.
    pub verdict: LayerVerdict,
    /// Its documents.
    pub documents: Vec<DocumentReport>,
}

/// What a layer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerVerdict {
    /// A Deny of it applies.
    Deny,
    /// An Allow of it applies, and counts for this caller.
    Allow,
    /// Neither.
    Silent,
    /// There is no such layer for this caller.
    NotLimited,
    /// It depends on a fact that has not been looked up.
    Unknown,
}

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentReport {
    /// Where it came from.
    pub file: Text,
    /// A policy in shadow decides nothing.
    pub mode: Mode,
    /// Whether it counts for this question.
    pub counts: bool,
    /// Its statements that name the action, in the order written.
    pub statements: Vec<StatementReport>,
    /// How many statements are about other actions.
    pub others: usize,
}

/// One statement that names the action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementReport {
    /// Where it stands.
    #[serde(flatten)]
    pub at: Located,
    /// What it does when it applies.
    pub effect: Effect,
    /// Whether it applies: names the caller, and resource and conditions match.
    pub applies: Outcome,
    /// Why it counts for nothing although it may apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<SetAside>,
    /// Its parts, each with its outcome.
    #[serde(flatten)]
    pub parts: Parts,
}

/// Why a statement that applies counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetAside {
    /// An Allow to the caller's own account leaves it to identity-based policies.
    LeftToIdentityPolicies,
    /// No bucket policy keeps the root user of the owner's account from the policy itself.
    RootKeepsPolicyAccess,
    /// A bucket policy allows nothing on an object that another account owns.
    ObjectOfAnotherAccount,
}

/// The documents of one layer.
pub(super) struct Documents<'p> {
    pub(super) layer: Layer,
    pub(super) level: Option<usize>,
    pub(super) policies: Vec<&'p Policy>,
    /// Whether the layer bears on this caller at all.
    pub(super) limits: bool,
    /// Whether its Allows count on this resource.
    pub(super) allows: Allows,
}

/// Whether Allows of a layer count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allows {
    Count,
    /// The resource is an object of another account than the bucket's.
    NotOnThis,
}

impl<'p> Documents<'p> {
    fn of(layer: Layer, policies: Vec<&'p Policy>) -> Self {
        Self {
            layer,
            level: None,
            policies,
            limits: true,
            allows: Allows::Count,
        }
    }

    fn set(layer: Layer, set: &'p PolicySet) -> Self {
        let documents = set.documents().iter();
        Self::of(layer, documents.map(|policy| &**policy).collect())
    }

    /// A layer that bears on a caller only if something of it counts.
    fn if_any_counts(self, view: View) -> Self {
        let limits = self.policies.iter().any(|policy| policy.counts_in(view));
        Self { limits, ..self }
    }
}

/// Every layer but the root user's.
pub(super) fn documents<'p, C: Context>(
    policies: Policies<'p>,
    question: &Question<'p, C>,
) -> Vec<Documents<'p>> {
    let caller = caller(question.principal);
    let service_linked = caller.is_some_and(Caller::is_service_linked);
    let mut all = vec![Documents {
        limits: !service_linked,
        ..Documents::set(Layer::Guardrail, policies.guardrails)
    }];
    let controlled = caller.filter(|_| !service_linked);
    all.extend(service_control(controlled, question.view));
    all.push(Documents {
        allows: match other_owner(policies.acl, question) {
            Some(_) => Allows::NotOnThis,
            None => Allows::Count,
        },
        ..Documents::of(Layer::Bucket, policies.bucket.into_iter().collect())
    });
    all.push(match caller {
        Some(caller) => Documents::set(Layer::Identity, &caller.policies),
        None => Documents::of(Layer::Identity, Vec::new()),
    });
    let caps = [
        (
            Layer::Boundary,
            caller.and_then(|caller| caller.boundary.as_ref()),
        ),
        (
            Layer::Session,
            caller.and_then(|caller| caller.session_policy.as_ref()),
        ),
    ];
    all.extend(caps.map(|(layer, policy)| {
        let policies = policy.into_iter().map(|policy| &**policy).collect();
        Documents::of(layer, policies).if_any_counts(question.view)
    }));
    // A federated user without session policy is limited to nothing.
    let federated = |caller: &Caller| matches!(caller.kind, CallerKind::FederatedUser { .. });
    if let Some(session) = all.last_mut() {
        session.limits |= caller.is_some_and(federated);
    }
    all
}

/// One for each level; one without documents if there are no levels.
fn service_control(caller: Option<&Caller>, view: View) -> Vec<Documents<'_>> {
    let levels = caller.map_or(&[][..], |caller| &caller.account.service_control);
    if levels.is_empty() {
        return vec![Documents::of(Layer::ServiceControl, Vec::new()).if_any_counts(view)];
    }
    let level = |(level, set)| Documents {
        level: Some(level),
        ..Documents::set(Layer::ServiceControl, set).if_any_counts(view)
    };
    levels.iter().enumerate().map(level).collect()
}

pub(super) fn caller(principal: &Principal) -> Option<&Caller> {
    match principal {
        Principal::Known(caller) => Some(caller),
        Principal::Anonymous | Principal::Service(_) => None,
    }
}

/// Every layer with all that it says.
pub(super) fn reports<C: Context>(
    policies: Policies<'_>,
    question: &Question<'_, C>,
) -> Vec<LayerReport> {
    let layers = documents(policies, question);
    let layers = layers.iter().map(|layer| report(layer, question));
    let acl = policies.acl.filter(|acl| acl.grants_anything());
    let acl = acl.map(|acl| acl_report(acl, question));
    let root = caller(question.principal).filter(|caller| caller.kind == CallerKind::Root);
    layers
        .chain(acl)
        .chain(root.map(|_| root_report()))
        .collect()
}

/// An ACL has no statements.
fn acl_report<C: Context>(acl: &AclGrants, question: &Question<'_, C>) -> LayerReport {
    LayerReport {
        layer: Layer::Acl,
        level: None,
        verdict: match acl.find(question.action, question.principal) {
            Some(_) => LayerVerdict::Allow,
            None => LayerVerdict::Silent,
        },
        documents: Vec::new(),
    }
}

fn root_report() -> LayerReport {
    LayerReport {
        layer: Layer::Root,
        level: None,
        verdict: LayerVerdict::Allow,
        documents: Vec::new(),
    }
}

fn report<C: Context>(layer: &Documents<'_>, question: &Question<'_, C>) -> LayerReport {
    let documents: Vec<_> = layer
        .policies
        .iter()
        .map(|policy| document(layer, policy, question))
        .collect();
    LayerReport {
        layer: layer.layer,
        level: layer.level,
        verdict: if layer.limits {
            verdict(&documents)
        } else {
            LayerVerdict::NotLimited
        },
        documents,
    }
}

fn document<C: Context>(
    layer: &Documents<'_>,
    policy: &Policy,
    question: &Question<'_, C>,
) -> DocumentReport {
    let both = [Effect::Deny, Effect::Allow].into_iter();
    let mut statements: Vec<_> = both
        .flat_map(|effect| {
            let list = policy.statements(effect).list.iter();
            let about = list.filter(|statement| statement.actions.contains(question.action));
            about.map(move |statement| self::statement(layer, policy, effect, statement, question))
        })
        .collect();
    statements.sort_by_key(|statement| statement.at.statement);
    DocumentReport {
        file: Text::name(&policy.origin.source),
        mode: policy.mode,
        counts: layer.limits && policy.counts_in(question.view),
        others: written::statements(policy)
            .len()
            .saturating_sub(statements.len()),
        statements,
    }
}

fn statement<C: Context>(
    layer: &Documents<'_>,
    policy: &Policy,
    effect: Effect,
    statement: &Statement,
    question: &Question<'_, C>,
) -> StatementReport {
    let held = Held {
        policy,
        statement,
        question,
        limits: Limits::FULL,
    };
    StatementReport {
        at: Located::of(layer.layer, policy, statement),
        effect,
        applies: applies(statement, effect, question).into(),
        set_aside: set_aside(layer, statement, effect, question),
        parts: held.parts(),
    }
}

/// Whether a statement names the caller and matches.
pub(super) fn applies<C: Context>(
    statement: &Statement,
    effect: Effect,
    question: &Question<'_, C>,
) -> Truth {
    match statement.principals.name(question.principal) {
        Some(_) => statement.applies(effect, &Subject::of(question.resource), question),
        None => Truth::No,
    }
}

/// Why a statement counts for nothing even if it applies.
pub(super) fn set_aside<C: Context>(
    layer: &Documents<'_>,
    statement: &Statement,
    effect: Effect,
    question: &Question<'_, C>,
) -> Option<SetAside> {
    if layer.layer != Layer::Bucket {
        return None;
    }
    let own_account = question.principal.account() == Some(question.owner);
    match effect {
        Effect::Deny => keeps_policy_access(question).then_some(SetAside::RootKeepsPolicyAccess),
        Effect::Allow if layer.allows == Allows::NotOnThis => {
            Some(SetAside::ObjectOfAnotherAccount)
        }
        Effect::Allow => {
            let naming = statement.principals.name(question.principal);
            (own_account && naming == Some(Naming::Account))
                .then_some(SetAside::LeftToIdentityPolicies)
        }
    }
}

fn verdict(documents: &[DocumentReport]) -> LayerVerdict {
    let counting = documents.iter().filter(|document| document.counts);
    let statements = counting.flat_map(|document| &document.statements);
    let said = |effect, applies| {
        statements.clone().any(|statement| {
            statement.effect == effect
                && statement.applies == applies
                && statement.set_aside.is_none()
        })
    };
    match () {
        () if said(Effect::Deny, Outcome::Holds) => LayerVerdict::Deny,
        () if said(Effect::Deny, Outcome::Unknown) => LayerVerdict::Unknown,
        () if said(Effect::Allow, Outcome::Holds) => LayerVerdict::Allow,
        () if said(Effect::Allow, Outcome::Unknown) => LayerVerdict::Unknown,
        () => LayerVerdict::Silent,
    }
}

impl LayerVerdict {
    /// As in explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Silent => "silent",
            Self::NotLimited => "not_limited",
            Self::Unknown => "unknown",
        }
    }
}

impl SetAside {
    /// As in explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::LeftToIdentityPolicies => "left_to_identity_policies",
            Self::RootKeepsPolicyAccess => "root_keeps_policy_access",
            Self::ObjectOfAnotherAccount => "object_of_another_account",
        }
    }
}

written_by_name!(LayerVerdict SetAside);
