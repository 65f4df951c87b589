//! The decision procedure.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

mod found;
mod trust;

pub use trust::{Credentials, evaluate_trust};

pub(super) use found::{Found, Source, first};

use super::acl::other_owner;
use super::glob::Subject;
use super::principals::Naming;
use super::public::{is_public, statement_is_public};
use super::truth::Truth;
use super::{
    Decision, Effect, Layer, Missing, Policies, Policy, PolicySet, PublicPolicies, Question,
    Statement, Verdict,
};
use crate::context::Context;
use crate::identity::{Caller, CallerKind, Principal};
use crate::s3::actions::Action;
use crate::s3::names::AccountId;
use found::Outcome;
use std::sync::Arc;

/// Decides one question: a Deny of any layer wins; then each level of service control must allow, and someone must
/// grant it, and boundary and session policy must not stay silent unless the bucket policy names the caller in a way
/// they do not limit.
///
/// The verdict is [`Verdict::Unknown`] only if a fact not yet looked up would change the outcome.
pub fn evaluate<C: Context>(policies: Policies<'_>, question: &Question<'_, C>) -> Decision {
    decide(policies, question, || grants(policies, question))
}

/// Decides with what `granted` finds.
fn decide<'p, C: Context>(
    policies: Policies<'p>,
    question: &Question<'p, C>,
    granted: impl FnOnce() -> Outcome<'p>,
) -> Decision {
    let denied = denies(policies, question);
    if let Found::Yes(by) = denied {
        return Decision::denied(by);
    }
    let allowed = allows(question, granted);
    // Refused whatever a fact not known would say, here and below: no look-up can help.
    if let Outcome::Missing(missing) = allowed {
        return Decision::plain(Verdict::ImplicitDeny(missing));
    }
    if let Some(by) = restricted(policies, question) {
        return Decision::denied(by);
    }
    match (allowed, denied) {
        (Outcome::Missing(_) | Outcome::Unknown, _) | (Outcome::Allow { .. }, Found::Unknown) => {
            Decision::plain(Verdict::Unknown)
        }
        (Outcome::Allow { by, with }, Found::No | Found::Yes(_)) => Decision {
            verdict: Verdict::Allow,
            by: Some(by.deciding()),
            with: with.map(Source::deciding),
        },
    }
}

/// Whether a Deny applies, or would by a fact not yet known: what nothing allows is not known to be denied by nobody.
pub fn may_deny<C: Context>(policies: Policies<'_>, question: &Question<'_, C>) -> bool {
    !matches!(denies(policies, question), Found::No) || restricted(policies, question).is_some()
}

/// The first statement that makes the bucket policy public, if RestrictPublicBuckets keeps this caller out for it.
fn restricted<'p, C: Context>(
    policies: Policies<'p>,
    question: &Question<'_, C>,
) -> Option<Source<'p>> {
    let insider = match question.principal {
        Principal::Anonymous => false,
        Principal::Service(_) => true,
        Principal::Known(caller) => caller.account.id == question.owner,
    };
    let policy = match policies.public {
        PublicPolicies::Restricted if !insider => policies.bucket?,
        PublicPolicies::Restricted | PublicPolicies::Count => return None,
    };
    let mut allows = policy.statements(Effect::Allow).list.iter();
    let public = policy.counts_in(question.view) && is_public(policy);
    let statement = allows.find(|statement| public && statement_is_public(statement))?;
    Some(Source::Public(policy, statement))
}

/// A Deny of any layer, in the order in which AWS asks them.
fn denies<'p, C: Context>(policies: Policies<'p>, question: &Question<'p, C>) -> Found<'p> {
    let anyone = |_: Naming| true;
    let guardrails = || {
        let service_linked = || caller(question).is_some_and(Caller::is_service_linked);
        let guardrails = policies.guardrails;
        match guardrails.find(Effect::Deny, Layer::Guardrail, question, anyone) {
            Found::Yes(_) | Found::Unknown if service_linked() => Found::No,
            found @ (Found::Yes(_) | Found::Unknown | Found::No) => found,
        }
    };
    let service_control = || {
        let levels = service_control(question).iter();
        first(levels.map(|level| level.find(Effect::Deny, Layer::ServiceControl, question, anyone)))
    };
    let bucket = || {
        let bucket = policies.bucket.filter(|_| !keeps_policy_access(question));
        bucket.map_or(Found::No, |policy| {
            policy.find(Effect::Deny, Layer::Bucket, question, anyone)
        })
    };
    let own = || caller(question).map_or(Found::No, |caller| own_denies(caller, question));
    guardrails()
        .or_else(service_control)
        .or_else(bucket)
        .or_else(own)
}

/// The levels of service control over the caller: those of its own account, whoever owns the resource. Its root user is
/// bound too; who has no account is not, nor a role that AWS keeps for a service.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
fn service_control<'p, C: Context>(question: &Question<'p, C>) -> &'p [PolicySet] {
    match caller(question) {
        Some(caller)
            if !caller.account.service_control.is_empty() && !caller.is_service_linked() =>
        {
            &caller.account.service_control
        }
        Some(_) | None => &[],
    }
}

/// The root user of the owner's account can repair a bucket policy that locks everyone out; nobody else, and nothing
/// but the policy itself. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
pub(super) fn keeps_policy_access<C: Context>(question: &Question<'_, C>) -> bool {
    let exempt = [
        Action::GetBucketPolicy,
        Action::PutBucketPolicy,
        Action::DeleteBucketPolicy,
    ];
    let root_of_owner = caller(question).is_some_and(|caller| {
        caller.kind == CallerKind::Root && caller.account.id == question.owner
    });
    root_of_owner && exempt.contains(&question.action)
}

fn caller<'p, C: Context>(question: &Question<'p, C>) -> Option<&'p Caller> {
    match question.principal {
        Principal::Known(caller) => Some(caller),
        Principal::Anonymous | Principal::Service(_) => None,
    }
}

fn own_denies<'p, C: Context>(caller: &'p Caller, question: &Question<'_, C>) -> Found<'p> {
    let anyone = |_: Naming| true;
    let caps = [
        (&caller.boundary, Layer::Boundary),
        (&caller.session_policy, Layer::Session),
    ];
    let capped = || {
        first(caps.into_iter().filter_map(|(policy, layer)| {
            let policy = policy.as_deref()?;
            Some(policy.find(Effect::Deny, layer, question, anyone))
        }))
    };
    caller
        .policies
        .find(Effect::Deny, Layer::Identity, question, anyone)
        .or_else(capped)
}

/// Service control comes first, as with AWS: where it does not allow, that is the reason.
fn allows<'p, C: Context>(
    question: &Question<'p, C>,
    granted: impl FnOnce() -> Outcome<'p>,
) -> Outcome<'p> {
    let controlled = controlled(question);
    match controlled {
        Truth::No | Truth::Undecidable => Outcome::Missing(Missing::ServiceControl),
        Truth::Yes | Truth::Unknown => granted().limited(controlled, Missing::ServiceControl),
    }
}

/// Whether each level of service control allows. One whose documents are all in shadow is none; one without documents
/// allows nothing.
fn controlled<C: Context>(question: &Question<'_, C>) -> Truth {
    let counts = |level: &&PolicySet| {
        let documents = level.documents();
        documents.is_empty()
            || documents
                .iter()
                .any(|policy| policy.counts_in(question.view))
    };
    let levels = service_control(question).iter().filter(counts);
    Truth::all(levels.map(|level| {
        level
            .find(Effect::Allow, Layer::ServiceControl, question, |_| true)
            .truth()
    }))
}

fn grants<'p, C: Context>(policies: Policies<'p>, question: &Question<'p, C>) -> Outcome<'p> {
    match question.principal {
        Principal::Anonymous => owner_side(policies, question, |naming| naming == Naming::Everyone)
            .or_else(|| acl(policies, question))
            .outcome(Missing::Resource),
        Principal::Service(_) => {
            owner_side(policies, question, |_| true).outcome(Missing::Resource)
        }
        Principal::Known(caller) if caller.account.id == speaker(policies, question) => {
            same_account(policies, question, caller)
        }
        Principal::Known(caller) => cross_account(policies, question, caller),
    }
}

/// The account whose word it takes.
fn speaker<C: Context>(policies: Policies<'_>, question: &Question<'_, C>) -> AccountId {
    other_owner(policies.acl, question).unwrap_or(question.owner)
}

/// What the bucket policy allows, which is nothing on another account's object.
fn owner_side<'p, C: Context>(
    policies: Policies<'p>,
    question: &Question<'p, C>,
    wanted: impl Fn(Naming) -> bool,
) -> Found<'p> {
    let own = other_owner(policies.acl, question).is_none();
    policies.bucket.filter(|_| own).map_or(Found::No, |policy| {
        policy.find(Effect::Allow, Layer::Bucket, question, wanted)
    })
}

/// A grant to who is not of the owner's account. To its own callers a grant adds nothing: the account only hands the
/// decision to identity policies.
fn acl<'p, C: Context>(policies: Policies<'p>, question: &Question<'p, C>) -> Found<'p> {
    let grants = policies.acl;
    let grant = grants.and_then(|grants| grants.find(question.action, question.principal));
    grant.map_or(Found::No, |position| Found::Yes(Source::Grant(position)))
}

/// Who is named in the bucket policy decides what else must allow:
/// everyone, or the user or session itself: nothing else;
/// the session's role, or a federated user's user: boundary and session policy;
/// the account: that only hands the decision to identity policies, so it adds nothing here.
fn same_account<'p, C: Context>(
    policies: Policies<'p>,
    question: &Question<'p, C>,
    caller: &'p Caller,
) -> Outcome<'p> {
    let direct = owner_side(policies, question, |naming| match naming {
        Naming::Everyone | Naming::Exactly => true,
        Naming::Role | Naming::Provider | Naming::Account => false,
    });
    if let Found::Yes(by) = direct {
        return Outcome::Allow { by, with: None };
    }
    let by_role = owner_side(policies, question, |naming| match naming {
        Naming::Role | Naming::Provider => true,
        Naming::Everyone | Naming::Exactly | Naming::Account => false,
    });
    let granted = by_role.or_else(|| identity_side(question, caller));
    let capped = capped(granted.outcome(Missing::Identity), question, caller);
    match (direct, capped) {
        (Found::Unknown, Outcome::Missing(_)) => Outcome::Unknown,
        (_, capped) => capped,
    }
}

/// Both sides must allow, with boundary and session policy on the caller's.
fn cross_account<'p, C: Context>(
    policies: Policies<'p>,
    question: &Question<'p, C>,
    caller: &'p Caller,
) -> Outcome<'p> {
    let owner = owner_side(policies, question, |_| true)
        .or_else(|| acl(policies, question))
        .outcome(Missing::Resource);
    if caller.kind == CallerKind::Root || matches!(owner, Outcome::Missing(_)) {
        return owner;
    }
    let callers = identity_side(question, caller).outcome(Missing::Identity);
    let callers = capped(callers, question, caller);
    match (owner, callers) {
        (missing @ Outcome::Missing(_), _) | (_, missing @ Outcome::Missing(_)) => missing,
        (Outcome::Unknown, _) | (_, Outcome::Unknown) => Outcome::Unknown,
        (Outcome::Allow { by, .. }, Outcome::Allow { by: with, .. }) => Outcome::Allow {
            by,
            with: Some(with),
        },
    }
}

fn identity_side<'p, C: Context>(question: &Question<'p, C>, caller: &'p Caller) -> Found<'p> {
    if caller.kind == CallerKind::Root {
        return Found::Yes(Source::Root);
    }
    caller
        .policies
        .find(Effect::Allow, Layer::Identity, question, |_| true)
}

/// What is left under the caller's boundary and session policy, each of which must allow too.
fn capped<'p, C: Context>(
    outcome: Outcome<'p>,
    question: &Question<'p, C>,
    caller: &'p Caller,
) -> Outcome<'p> {
    let allowed = |policy: &'p Option<Arc<Policy>>, layer| {
        let policy = policy.as_deref();
        let cap = policy.filter(|policy| policy.counts_in(question.view))?;
        Some(cap.find(Effect::Allow, layer, question, |_| true).truth())
    };
    let boundary = allowed(&caller.boundary, Layer::Boundary);
    let session = allowed(&caller.session_policy, Layer::Session);
    outcome
        .limited(boundary.unwrap_or(Truth::Yes), Missing::Boundary)
        .limited(
            session.unwrap_or_else(|| without_session_policy(caller)),
            Missing::Session,
        )
}

/// A role's session keeps what the role may. A federated user without session policy has nothing but what the bucket
/// policy gives to itself or to everyone.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
fn without_session_policy(caller: &Caller) -> Truth {
    match caller.kind {
        CallerKind::FederatedUser { .. } => Truth::No,
        CallerKind::Root | CallerKind::User { .. } | CallerKind::RoleSession { .. } => Truth::Yes,
    }
}

impl Statement {
    /// Whether resource and conditions match; what is undecidable is settled by the effect.
    pub(super) fn applies<C: Context>(
        &self,
        effect: Effect,
        resource: &Subject<'_>,
        question: &Question<'_, C>,
    ) -> Truth {
        let resource = self
            .resources
            .cover(resource, question.context)
            .in_a(effect);
        if resource == Truth::No {
            return Truth::No;
        }
        Truth::all([resource, self.conditions.hold(effect, question.context)])
    }
}

#[cfg(test)]
mod tests;
