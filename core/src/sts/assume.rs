//! AssumeRole: who may make which session of a role.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use super::call::{AssumeRole, Wish};
use super::context::{Asked, AssumeContext, Surroundings};
use super::credentials::Fresh;
use super::error::{Code, StsError};
use super::issue::{Assumed, Web, issue, span};
use super::session::{Holder, Known, Terms};
use super::token::KeyRing;
use crate::context::RequestContext;
use crate::identity::{Caller, CallerKind, Principal, Role, SessionFacts};
use crate::policy::{
    Credentials, Decision, Policies, PublicPolicies, Question, Verdict, View, evaluate_trust,
};
use crate::request::Query;
use crate::s3::actions::Action;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a call is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// Roles, users, policies.
    pub known: Known<'a>,
    /// What tokens are sealed with.
    pub ring: &'a KeyRing,
    /// The request around the call.
    pub around: Surroundings<'a>,
}

/// How long a session lives if the call does not say, and the most if a session of a role asks.
pub(super) const HOUR: u32 = 3600;

/// Makes a session of a role for who signed the call.
///
/// # Errors
/// The caller may not, or the session may not be as asked.
pub fn assume_role(
    call: &AssumeRole,
    caller: &Arc<Caller>,
    desk: &Desk<'_>,
    fresh: Fresh,
) -> Result<Assumed, StsError> {
    let refused = |action, decision| not_authorised(caller, action, &call.wish.role, decision);
    match caller.kind {
        CallerKind::Root => {
            return Err(StsError::denied(
                "Roles may not be assumed by root accounts.",
            ));
        }
        CallerKind::FederatedUser { .. } => return Err(refused(Action::AssumeRole, None)),
        CallerKind::User { .. } | CallerKind::RoleSession { .. } => (),
    }
    // Which roles there are is nobody's to learn.
    let role = desk.known.roles.find(&call.wish.role);
    let role = role.ok_or_else(|| refused(Action::AssumeRole, None))?;
    let said = said(call, caller.session.as_deref())?;
    let asking = Asking {
        principal: Principal::Known(Arc::clone(caller)),
        shown: None,
        role,
        asked: Asked {
            external_id: call.external_id.as_deref(),
            // Conditions on keys that go on see what this call passes.
            transitive: &call.transitive,
            ..said.asked(&call.wish)
        },
        credentials: Credentials::Signature,
    };
    let allowed = asking.authorise(desk.around);
    allowed.map_err(|(action, decision)| refused(action, Some(decision)))?;
    let terms = terms(&call.wish, role, chained(caller), said, desk)?;
    assumed(&call.wish, role, terms, None, desk, fresh)
}

/// What is said of a session, by the call or by a token.
pub(super) struct Said {
    pub(super) tags: BTreeMap<Box<str>, Box<str>>,
    pub(super) transitive: BTreeSet<Box<str>>,
    pub(super) source_identity: Option<Box<str>>,
}

impl Said {
    pub(super) fn asked<'a>(&'a self, wish: &'a Wish) -> Asked<'a> {
        Asked {
            session: &wish.session,
            external_id: None,
            source_identity: self.source_identity.as_deref(),
            tags: &self.tags,
            transitive: &self.transitive,
            vouched: None,
        }
    }
}

/// The terms of a session that is allowed.
pub(super) fn terms(
    wish: &Wish,
    role: &Role,
    chain: Chain,
    said: Said,
    desk: &Desk<'_>,
) -> Result<Terms, StsError> {
    let (issued, expires) = span(desk.around.now, seconds(wish, role, chain)?)?;
    Ok(Terms {
        holder: Holder::Role {
            arn: role.arn.clone(),
            id: role.id.clone(),
            session: wish.session.clone(),
        },
        issued,
        expires,
        limits: wish.limits(role, desk.known.managed)?,
        tags: said.tags,
        transitive: said.transitive,
        source_identity: said.source_identity,
        vouched: None,
    })
}

/// Credentials for the terms, and what the answer says of them.
pub(super) fn assumed(
    wish: &Wish,
    role: &Role,
    terms: Terms,
    web: Option<Web>,
    desk: &Desk<'_>,
    fresh: Fresh,
) -> Result<Assumed, StsError> {
    let percent = terms.packed_percent()?;
    let passed = wish.passes_policies() || !terms.tags.is_empty();
    let session = role.session(&wish.session);
    Ok(Assumed {
        issued: issue(terms, desk.ring, fresh)?,
        arn: session.arn,
        user_id: session.user_id,
        packed_percent: passed.then_some(percent),
        web,
    })
}

/// A call put to the policies.
pub(super) struct Asking<'a> {
    /// Whom statements name.
    pub(super) principal: Principal,
    /// Whom conditions see, if that is another.
    pub(super) shown: Option<&'a Principal>,
    pub(super) role: &'a Role,
    pub(super) asked: Asked<'a>,
    pub(super) credentials: Credentials,
}

impl Asking<'_> {
    /// Every permission that the call takes; the first that is refused.
    pub(super) fn authorise(&self, around: Surroundings<'_>) -> Result<(), (Action, Decision)> {
        let first = match self.credentials {
            Credentials::Signature => Action::AssumeRole,
            Credentials::WebIdentity => Action::AssumeRoleWithWebIdentity,
        };
        let tags = (!self.asked.tags.is_empty()).then_some(Action::TagSession);
        let named = self.asked.source_identity;
        let identity = named.map(|_| Action::SetSourceIdentity);
        for action in [Some(first), tags, identity].into_iter().flatten() {
            let decision = self.decide(action, around);
            match decision.verdict {
                Verdict::Allow => (),
                Verdict::ExplicitDeny | Verdict::ImplicitDeny(_) | Verdict::Unknown => {
                    return Err((action, decision));
                }
            }
        }
        Ok(())
    }

    fn decide(&self, action: Action, around: Surroundings<'_>) -> Decision {
        let query = Query::default();
        let shown = self.shown.unwrap_or(&self.principal);
        let facts = around.facts(shown, self.role, &query);
        let context = AssumeContext {
            request: RequestContext { facts: &facts },
            asked: self.asked,
            role: self.role,
        };
        let policies = Policies {
            bucket: Some(&self.role.trust),
            guardrails: &self.role.account.resource_control,
            acl: None,
            public: PublicPolicies::Count,
        };
        let question = Question {
            principal: &self.principal,
            action,
            resource: &self.role.arn,
            owner: self.role.account.id,
            context: &context,
            view: View::Live,
        };
        evaluate_trust(policies, &question, self.credentials)
    }
}

fn not_authorised(
    caller: &Caller,
    action: Action,
    role: &str,
    decision: Option<Decision>,
) -> StsError {
    let message = format!(
        "User: {} is not authorized to perform: {action} on resource: {role}",
        caller.arn
    );
    StsError {
        decision: decision.map(Box::new),
        ..StsError::denied(message)
    }
}

/// What the call passes, and what the caller's session hands on. That cannot be changed on the way.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining>
fn said(call: &AssumeRole, inherited: Option<&SessionFacts>) -> Result<Said, StsError> {
    let mut said = Said {
        tags: call.tags.clone(),
        transitive: call.transitive.clone(),
        source_identity: source_identity(call, inherited)?,
    };
    for (key, value) in inherited.into_iter().flat_map(|facts| &facts.transitive) {
        let lower = key.to_lowercase();
        if call
            .tags
            .keys()
            .any(|passed| passed.to_lowercase() == lower)
        {
            let message = "One of the specified session tag keys can't be set because it conflicts with a transitive tag key from the calling session.";
            return Err(StsError::new(Code::InvalidParameterValue, message));
        }
        said.tags.insert(key.clone(), value.clone());
        said.transitive.insert(key.clone());
    }
    Ok(said)
}

/// Set once, at the beginning of a chain.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html>
fn source_identity(
    call: &AssumeRole,
    inherited: Option<&SessionFacts>,
) -> Result<Option<Box<str>>, StsError> {
    let inherited = inherited.and_then(|facts| facts.source_identity.clone());
    match (&call.source_identity, inherited) {
        (Some(passed), Some(inherited)) if *passed != inherited => {
            let message = "The source identity of a session cannot be changed.";
            Err(StsError::denied(message))
        }
        (passed, inherited) => Ok(inherited.or_else(|| passed.clone())),
    }
}

/// Whether a role's session asks for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chain {
    First,
    Chained,
}

fn chained(caller: &Caller) -> Chain {
    match caller.kind {
        CallerKind::RoleSession { .. } => Chain::Chained,
        CallerKind::Root | CallerKind::User { .. } | CallerKind::FederatedUser { .. } => {
            Chain::First
        }
    }
}

fn seconds(wish: &Wish, role: &Role, chain: Chain) -> Result<u32, StsError> {
    let seconds = wish.seconds.unwrap_or(HOUR);
    let refused = |message: &str| Err(StsError::new(Code::ValidationError, message));
    if chain == Chain::Chained && seconds > HOUR {
        return refused(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        );
    }
    if seconds > role.max_session.seconds() {
        return refused(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        );
    }
    Ok(seconds)
}
