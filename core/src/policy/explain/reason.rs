//! The short form for a refusal: the statement that denied it, or the Allow that came nearest.

use super::held::Held;
use super::layers::{Documents, applies, documents, set_aside};
use super::parts::{Located, Parts};
use super::values::Limits;
use crate::context::Context;
use crate::policy::glob::Subject;
use crate::policy::truth::Truth;
use crate::policy::{
    Deciding, Decision, Effect, Layer, Missing, Policies, Policy, Question, Statement, Verdict,
};
use crate::s3::actions::Action;
use serde::Serialize;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// A Deny applies.
    ExplicitDeny {
        /// The statement.
        #[serde(flatten)]
        statement: Located,
        /// Its conditions, and those of the other parts that are negated: NotPrincipal, NotAction, NotResource.
        #[serde(flatten)]
        matched: Parts,
    },
    /// RestrictPublicBuckets keeps strangers out of a bucket whose policy is public, and this statement makes it so.
    PublicAccess {
        /// The statement.
        #[serde(flatten)]
        statement: Located,
    },
    /// No Allow applies, and this one came nearest.
    NearestAllow {
        /// The statement.
        #[serde(flatten)]
        statement: Located,
        /// The parts that failed.
        #[serde(flatten)]
        failed: Parts,
        /// How many more statements of the layer name the action and were not looked at.
        #[serde(skip_serializing_if = "is_zero")]
        not_examined: usize,
    },
    /// No Allow of the layer names the action.
    NoStatement {
        /// The layer.
        layer: Layer,
    },
    /// It depends on a fact that cannot be looked up.
    Unknown {
        /// The first statement that depends on it.
        #[serde(flatten)]
        statement: Located,
        /// What of it is not known.
        #[serde(flatten)]
        unknown: Parts,
    },
}

/// The most statements that are held against one question to find the nearest, so that a flood of refusals stays cheap.
const MOST_EXAMINED: usize = 64;

impl Reason {
    /// Why `decision`, which `policies` gave to `question`, refuses; none if it allows.
    pub fn of<C: Context>(
        policies: Policies<'_>,
        question: &Question<'_, C>,
        decision: &Decision,
    ) -> Option<Self> {
        match (decision.verdict, &decision.by) {
            (Verdict::Allow, _) => None,
            (Verdict::ExplicitDeny, Some(by)) if by.layer == Layer::PublicAccess => {
                Some(Self::PublicAccess {
                    statement: by.into(),
                })
            }
            (Verdict::ExplicitDeny, Some(by)) => denied(policies, question, by),
            // A Deny that no statement made would be one of an engine's that this does not know.
            (Verdict::ExplicitDeny, None) => None,
            (Verdict::ImplicitDeny(missing), _) => Some(nearest(policies, question, missing)),
            (Verdict::Unknown, _) => unknown(policies, question),
        }
    }
}

fn denied<C: Context>(
    policies: Policies<'_>,
    question: &Question<'_, C>,
    by: &Deciding,
) -> Option<Reason> {
    let layers = documents(policies, question);
    let layers = layers.iter().filter(|layer| layer.layer == by.layer);
    let mut denies = layers.flat_map(|layer| candidates(layer, Effect::Deny, question));
    // Several policies may stand in one file, so the place alone may not tell them apart.
    let (policy, statement) = denies.find(|(policy, statement)| {
        *policy.origin == *by.origin
            && (statement.position, statement.line) == (by.statement, by.line)
            && applies(statement, Effect::Deny, question) == Truth::Yes
    })?;
    let mut matched = held(policy, statement, question).parts();
    matched.principal = matched
        .principal
        .filter(|part| part.element == "NotPrincipal");
    matched.action = matched.action.filter(|part| part.element == "NotAction");
    matched.resource = matched
        .resource
        .filter(|part| part.element == "NotResource");
    Some(Reason::ExplicitDeny {
        statement: by.into(),
        matched,
    })
}

/// The first statement whose outcome is not known.
fn unknown<C: Context>(policies: Policies<'_>, question: &Question<'_, C>) -> Option<Reason> {
    let layers = documents(policies, question);
    let limiting = layers.iter().filter(|layer| layer.limits);
    let candidates = limiting.flat_map(|layer| {
        let effects = [Effect::Deny, Effect::Allow].into_iter();
        effects.flat_map(move |effect| {
            candidates(layer, effect, question)
                .filter(move |(_, statement)| statement.actions.contains(question.action))
                .map(move |(policy, statement)| (layer.layer, effect, policy, statement))
        })
    });
    let mut examined = candidates.take(MOST_EXAMINED);
    let (layer, _, policy, statement) = examined.find(|(_, effect, _, statement)| {
        applies(statement, *effect, question) == Truth::Unknown
    })?;
    let mut unknown = held(policy, statement, question).parts_with(|truth| truth == Truth::Unknown);
    unknown.principal = None;
    unknown.action = None;
    unknown.resource = unknown
        .resource
        .filter(|part| part.outcome == Truth::Unknown.into());
    Some(Reason::Unknown {
        statement: Located::of(layer, policy, statement),
        unknown,
    })
}

/// How far a statement is from allowing, the nearest first: it fails in fewer parts; in conditions rather than in the
/// resource, in the resource rather than in the principal, and in whatever rather than in the action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Distance {
    parts: u8,
    action: bool,
    principal: bool,
    resource: bool,
    conditions: usize,
}

fn nearest<C: Context>(
    policies: Policies<'_>,
    question: &Question<'_, C>,
    missing: Missing,
) -> Reason {
    let layers = documents(policies, question);
    // Within one account either side would do.
    let either =
        missing == Missing::Identity && question.principal.account() == Some(question.owner);
    let missing = missing.layer();
    let wanted = |layer: &Layer| *layer == missing || (either && *layer == Layer::Bucket);
    let mut layers: Vec<_> = layers
        .iter()
        .filter(|layer| wanted(&layer.layer) && !level_allows(layer, question))
        .collect();
    layers.sort_by_key(|layer| layer.layer != missing);
    let counterpart = of_no_version(question.action);
    let mut candidates = layers
        .into_iter()
        .flat_map(|layer| {
            candidates(layer, Effect::Allow, question)
                .map(move |(policy, statement)| (layer, policy, statement))
        })
        .filter(|(_, _, statement)| {
            let names = |action| statement.actions.contains(action);
            names(question.action) || counterpart.is_some_and(names)
        });
    let examined = candidates.by_ref().take(MOST_EXAMINED);
    let best = examined
        .filter(|(layer, _, statement)| {
            set_aside(layer, statement, Effect::Allow, question).is_none()
        })
        .map(|found| (distance(found.2, question), found))
        .filter(|(distance, _)| distance.parts > 0)
        .min_by_key(|(distance, _)| *distance);
    match best {
        None => Reason::NoStatement { layer: missing },
        Some((distance, (layer, policy, statement))) => Reason::NearestAllow {
            statement: Located::of(layer.layer, policy, statement),
            failed: failed(distance, &held(policy, statement, question)),
            not_examined: candidates.count(),
        },
    }
}

/// Whether this is a level of service control that has nothing against it: another one is missing.
fn level_allows<C: Context>(layer: &Documents<'_>, question: &Question<'_, C>) -> bool {
    let mut allows = candidates(layer, Effect::Allow, question)
        .filter(|(_, statement)| statement.actions.contains(question.action));
    layer.level.is_some()
        && (!layer.limits
            || allows
                .any(|(_, statement)| applies(statement, Effect::Allow, question) == Truth::Yes))
}

/// The action without a version: `s3:GetObject` of `s3:GetObjectVersion`. Who is granted the one often expects the other.
fn of_no_version(action: Action) -> Option<Action> {
    let (before, after) = action.name().split_once("Version")?;
    let after = after.strip_prefix('s').unwrap_or(after);
    Action::parse(&format!("{before}{after}"))
}

/// The statements of a layer that count.
fn candidates<'p, C: Context>(
    layer: &Documents<'p>,
    effect: Effect,
    question: &Question<'_, C>,
) -> impl Iterator<Item = (&'p Policy, &'p Statement)> {
    let view = question.view;
    let policies = layer.policies.clone().into_iter();
    policies
        .filter(move |policy| policy.counts_in(view))
        .flat_map(move |policy| {
            let statements = policy.statements(effect).list.iter();
            statements.map(move |statement| (policy, statement))
        })
}

fn distance<C: Context>(statement: &Statement, question: &Question<'_, C>) -> Distance {
    let fails = |truth: Truth| truth.in_a(Effect::Allow) == Truth::No;
    let failing = statement.conditions.iter();
    let conditions = failing
        .filter(|condition| fails(condition.holds(question.context)))
        .count();
    let action = !statement.actions.contains(question.action);
    let principal = statement.principals.name(question.principal).is_none();
    let resource = fails(
        statement
            .resources
            .cover(&Subject::of(question.resource), question.context),
    );
    let parts = [action, principal, resource, conditions > 0];
    Distance {
        parts: parts.into_iter().map(u8::from).sum(),
        action,
        principal,
        resource,
        conditions,
    }
}

fn failed<C: Context>(distance: Distance, held: &Held<'_, '_, C>) -> Parts {
    let fails = |truth: Truth| truth.in_a(Effect::Allow) == Truth::No;
    let parts = held.parts_with(fails);
    Parts {
        principal: parts.principal.filter(|_| distance.principal),
        action: parts.action.filter(|_| distance.action),
        resource: parts.resource.filter(|_| distance.resource),
        ..parts
    }
}

fn held<'p, 'q, C: Context>(
    policy: &'p Policy,
    statement: &'p Statement,
    question: &'q Question<'q, C>,
) -> Held<'p, 'q, C> {
    Held {
        policy,
        statement,
        question,
        limits: Limits::REASON,
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}
