//! The decision procedure.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use super::glob::Subject;
use super::principals::Naming;
use super::truth::Truth;
use super::{
    Deciding, Decision, Effect, Layer, Missing, Origin, Policies, Policy, Question, Statement,
    Verdict,
};
use crate::context::Context;
use crate::identity::{Caller, CallerKind, Principal};
use crate::s3::actions::Action;
use std::sync::Arc;

/// Decides one question: a Deny of any layer wins; then someone must allow, and boundary and session policy must not
/// stay silent unless the bucket policy names the caller in a way they do not limit.
///
/// The verdict is [`Verdict::Unknown`] only if a fact not yet looked up would change the outcome.
pub fn evaluate<C: Context>(policies: Policies<'_>, question: &Question<'_, C>) -> Decision {
    let denied = denies(policies, question);
    if let Found::Yes(by) = denied {
        return Decision {
            verdict: Verdict::ExplicitDeny,
            by: Some(by.deciding()),
            with: None,
        };
    }
    match (allows(policies, question), denied) {
        // Refused whatever a Deny would say: no look-up can help.
        (Outcome::Missing(missing), _) => Decision::plain(Verdict::ImplicitDeny(missing)),
        (Outcome::Unknown, _) | (Outcome::Allow { .. }, Found::Unknown) => {
            Decision::plain(Verdict::Unknown)
        }
        (Outcome::Allow { by, with }, Found::No | Found::Yes(_)) => Decision {
            verdict: Verdict::Allow,
            by: Some(by.deciding()),
            with: with.map(Source::deciding),
        },
    }
}

/// A statement that decides, or the root user's right.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'p> {
    Statement(Layer, &'p Policy, &'p Statement),
    Root,
}

/// The result of looking for a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'p> {
    Yes(Source<'p>),
    /// There may be one; it depends on a fact not looked up.
    Unknown,
    No,
}

/// The result of the search for allows.
enum Outcome<'p> {
    Allow {
        by: Source<'p>,
        with: Option<Source<'p>>,
    },
    Missing(Missing),
    Unknown,
}

fn denies<'p, C: Context>(policies: Policies<'p>, question: &Question<'p, C>) -> Found<'p> {
    let anyone = |_: Naming| true;
    let guardrails = || {
        policies
            .guardrails
            .find(Effect::Deny, Layer::Guardrail, question, anyone)
    };
    let bucket = || {
        let bucket = policies.bucket.filter(|_| !keeps_policy_access(question));
        bucket.map_or(Found::No, |policy| {
            policy.find(Effect::Deny, Layer::Bucket, question, anyone)
        })
    };
    let own = || caller(question).map_or(Found::No, |caller| own_denies(caller, question));
    guardrails().or_else(bucket).or_else(own)
}

/// The root user of the owner's account can repair a bucket policy that locks everyone out; nobody else, and nothing
/// but the policy itself. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
fn keeps_policy_access<C: Context>(question: &Question<'_, C>) -> bool {
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

fn allows<'p, C: Context>(policies: Policies<'p>, question: &Question<'p, C>) -> Outcome<'p> {
    match question.principal {
        Principal::Anonymous => owner_side(policies, question, |naming| naming == Naming::Everyone)
            .outcome(Missing::Resource),
        Principal::Service(_) => {
            owner_side(policies, question, |_| true).outcome(Missing::Resource)
        }
        Principal::Known(caller) if caller.account.id == question.owner => {
            same_account(policies, question, caller)
        }
        Principal::Known(caller) => cross_account(policies, question, caller),
    }
}

fn owner_side<'p, C: Context>(
    policies: Policies<'p>,
    question: &Question<'p, C>,
    wanted: impl Fn(Naming) -> bool,
) -> Found<'p> {
    policies.bucket.map_or(Found::No, |policy| {
        policy.find(Effect::Allow, Layer::Bucket, question, wanted)
    })
}

/// Who is named in the bucket policy decides what else must allow:
/// everyone, or the user or session itself: nothing else;
/// the session's role: boundary and session policy;
/// the account: that only hands the decision to identity policies, so it adds nothing here.
fn same_account<'p, C: Context>(
    policies: Policies<'p>,
    question: &Question<'p, C>,
    caller: &'p Caller,
) -> Outcome<'p> {
    let direct = owner_side(policies, question, |naming| match naming {
        Naming::Everyone | Naming::Exactly => true,
        Naming::Role | Naming::Account => false,
    });
    if let Found::Yes(by) = direct {
        return Outcome::Allow { by, with: None };
    }
    let by_role = owner_side(policies, question, |naming| naming == Naming::Role);
    let granted = by_role.or_else(|| identity_side(question, caller));
    let capped = granted.outcome(Missing::Identity).capped(question, caller);
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
    let owner = owner_side(policies, question, |_| true).outcome(Missing::Resource);
    if caller.kind == CallerKind::Root || matches!(owner, Outcome::Missing(_)) {
        return owner;
    }
    let callers = identity_side(question, caller)
        .outcome(Missing::Identity)
        .capped(question, caller);
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

/// The first that is there; otherwise whether there may be one.
pub(super) fn first<'p>(searches: impl Iterator<Item = Found<'p>>) -> Found<'p> {
    let mut result = Found::No;
    for found in searches {
        match found {
            Found::Yes(_) => return found,
            Found::Unknown => result = Found::Unknown,
            Found::No => (),
        }
    }
    result
}

impl<'p> Found<'p> {
    fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Yes(_) => self,
            Self::Unknown => first([self, other()].into_iter()),
            Self::No => other(),
        }
    }

    fn outcome(self, missing: Missing) -> Outcome<'p> {
        match self {
            Self::Yes(by) => Outcome::Allow { by, with: None },
            Self::Unknown => Outcome::Unknown,
            Self::No => Outcome::Missing(missing),
        }
    }
}

impl Outcome<'_> {
    /// What is left under the caller's boundary and session policy, each of which must allow too.
    fn capped<C: Context>(self, question: &Question<'_, C>, caller: &Caller) -> Self {
        let caps = [
            (&caller.boundary, Layer::Boundary, Missing::Boundary),
            (&caller.session_policy, Layer::Session, Missing::Session),
        ];
        let mut outcome = self;
        for (policy, layer, missing) in caps {
            let Some(policy) = policy
                .as_deref()
                .filter(|policy| policy.counts_in(question.view))
            else {
                continue;
            };
            outcome = match (
                outcome,
                policy.find(Effect::Allow, layer, question, |_| true),
            ) {
                (Self::Missing(earlier), _) => Self::Missing(earlier),
                (Self::Allow { .. } | Self::Unknown, Found::No) => Self::Missing(missing),
                (Self::Allow { .. } | Self::Unknown, Found::Unknown) => Self::Unknown,
                (outcome, Found::Yes(_)) => outcome,
            };
        }
        outcome
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
        let conditions = self.conditions.iter();
        let conditions = conditions.map(|condition| condition.holds(question.context).in_a(effect));
        Truth::all(std::iter::once(resource).chain(conditions))
    }
}

impl Decision {
    fn plain(verdict: Verdict) -> Self {
        Self {
            verdict,
            by: None,
            with: None,
        }
    }
}

impl Source<'_> {
    fn deciding(self) -> Deciding {
        match self {
            Self::Statement(layer, policy, statement) => Deciding {
                layer,
                origin: Arc::clone(&policy.origin),
                sid: statement.sid.clone(),
                statement: statement.position,
                line: statement.line,
            },
            Self::Root => Deciding {
                layer: Layer::Root,
                origin: root_origin(),
                sid: None,
                statement: 0,
                line: 0,
            },
        }
    }
}

/// Shared, so that the root user's allow does not allocate either.
fn root_origin() -> Arc<Origin> {
    static ROOT: std::sync::LazyLock<Arc<Origin>> = std::sync::LazyLock::new(|| {
        Arc::new(Origin {
            source: "the root user of the account".into(),
        })
    });
    Arc::clone(&ROOT)
}
