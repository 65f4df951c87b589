//! What is decided in another mode than enforcement: what policies in shadow would change, which is noted and changes
//! nothing; and what a listener in observe lets pass.
//!
//! INVARIANT: policies in shadow reach [`Labels`] and nothing else. A listener in observe passes only what nothing
//! denies: neither a Deny of a policy in force nor one that hangs on a fact not known.

use super::legality::Case;
use super::questions::{Said, Subject, decide, put};
use super::{Asked, DecisionMode, Labels};
use crate::context::{RequestContext, Stored};
use crate::identity::Principal;
use crate::policy::{self, Decision, Layer, Policies, Question, Verdict, View};
use crate::s3::actions::Action;
use crate::s3::names::Target;
use crate::s3::operations::Need;

/// So many differences of one record are listed; the others are counted.
const MOST_DIFFERENCES: usize = 16;

/// What passed only because the listener observes.
#[derive(Debug, Clone)]
pub struct Observed {
    /// What enforcement would have refused, first.
    pub first: Asked,
    /// How many would have been refused: of DeleteObjects keys, otherwise the request.
    pub count: usize,
}

impl Observed {
    /// The layer whose allow is missing; `None` if that is not known.
    pub fn layer(&self) -> Option<Layer> {
        match self.first.decision.verdict {
            Verdict::ImplicitDeny(missing) => Some(missing.layer()),
            Verdict::Allow | Verdict::ExplicitDeny | Verdict::Unknown => None,
        }
    }
}

/// What policies in shadow would have changed.
#[derive(Debug, Clone, Default)]
pub struct Shadowed {
    /// The first sixteen, in the order asked.
    pub differences: Vec<Difference>,
    /// All differences, by kind and deciding layer.
    pub counts: Vec<(DifferenceKind, Option<Layer>, u64)>,
    /// Requests, or keys of DeleteObjects, that would be refused as a whole and are not.
    pub would_deny: usize,
    /// Those that would pass and do not.
    pub would_allow: usize,
    /// Those that would depend on a fact which was not looked up.
    pub unknown: usize,
}

/// One permission that policies in shadow would decide otherwise.
#[derive(Debug, Clone)]
pub struct Difference {
    /// In what.
    pub kind: DifferenceKind,
    /// E.g. `s3:GetObject`.
    pub action: &'static str,
    /// What the permission was asked on.
    pub resource: Target,
    /// What the policies in force say.
    pub live: Decision,
    /// What they and those in shadow would say together.
    pub shadow: Decision,
}

/// How policies in shadow would decide otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DifferenceKind {
    /// What is allowed would be refused.
    WouldDeny,
    /// What is refused would be allowed.
    WouldAllow,
    /// What is refused would be refused for another reason.
    DeniedOtherwise,
    /// It would depend on a fact which nothing in force depends on, and which was not looked up.
    Unknown,
}

impl DifferenceKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::WouldDeny,
        Self::WouldAllow,
        Self::DeniedOtherwise,
        Self::Unknown,
    ];

    /// The name in records and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::WouldDeny => "would_deny",
            Self::WouldAllow => "would_allow",
            Self::DeniedOtherwise => "denied_otherwise",
            Self::Unknown => "unknown",
        }
    }

    fn of(live: &Decision, shadow: &Decision, shadow_side: Side) -> Option<Self> {
        match (side(live), shadow_side) {
            (Side::Denied, Side::Denied) if live != shadow => Some(Self::DeniedOtherwise),
            (Side::Allowed, Side::Allowed) | (Side::Denied, Side::Denied) => None,
            (_, Side::Unknown) => Some(Self::Unknown),
            (_, Side::Denied) => Some(Self::WouldDeny),
            (_, Side::Allowed) => Some(Self::WouldAllow),
        }
    }
}

impl Difference {
    /// The layer whose word, or silence, would make the difference.
    pub fn layer(&self) -> Option<Layer> {
        match (&self.shadow.by, self.shadow.verdict) {
            (Some(by), _) => Some(by.layer),
            (None, Verdict::ImplicitDeny(missing)) => Some(missing.layer()),
            (None, Verdict::Allow | Verdict::ExplicitDeny | Verdict::Unknown) => None,
        }
    }
}

/// One permission as it is asked.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) action: Action,
    pub(super) subject: &'a Subject<'a>,
    pub(super) said: &'a Said<'a>,
}

/// What a fact that is not known would mean for a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Facts {
    /// It is never looked up: what depends on it is refused.
    Final,
    /// It would be looked up.
    Open,
    /// The permission is asked only if there are tags, and nobody looked.
    IfTagged,
}

impl<'a> Asking<'a> {
    pub(super) fn of(
        case: &'a Case<'a>,
        need: &Need,
        subject: &'a Subject<'a>,
        said: &'a Said<'a>,
    ) -> Self {
        Self {
            case,
            action: need.action,
            subject,
            said,
        }
    }

    fn put_to_shadow(&self, labels: &Labels) -> Decision {
        let (view, action) = (View::Shadow, self.action);
        put(
            self.case,
            labels,
            action,
            self.subject,
            self.said,
            view,
            decide,
        )
    }

    fn may_be_denied(&self, labels: &Labels) -> bool {
        let (view, action) = (View::Live, self.action);
        put(
            self.case,
            labels,
            action,
            self.subject,
            self.said,
            view,
            may_deny,
        )
    }

    /// Whether a refusal is passed over. Asked of permissions that are not allowed.
    pub(super) fn is_let_pass(&self, labels: &Labels, decision: &Decision) -> bool {
        is_softened(self.case, labels, decision) && !self.may_be_denied(labels)
    }

    /// Whether tags must be looked up before a refusal may be passed over: a Deny hangs on them.
    pub(super) fn hides_a_deny(&self, labels: &Labels, decision: &Decision) -> bool {
        self.subject.tags == Stored::NotAsked
            && is_softened(self.case, labels, decision)
            && self.may_be_denied(labels)
    }

    fn shadow_side(&self, shadow: &Decision, facts: Facts) -> Side {
        let open = shadow.verdict == Verdict::Unknown && self.subject.tags == Stored::NotAsked;
        match (side(shadow), facts) {
            (Side::Denied, Facts::IfTagged) => Side::Unknown,
            (Side::Denied, Facts::Open) if open => Side::Unknown,
            (side, Facts::Final | Facts::Open | Facts::IfTagged) => side,
        }
    }
}

impl Asked {
    /// The same as it is decided by a listener that lets it pass.
    pub(super) fn passed(&self) -> Self {
        Self {
            decision: Decision {
                verdict: Verdict::Allow,
                by: None,
                with: None,
            },
            reason: None,
            ..self.clone()
        }
    }
}

fn may_deny(policies: Policies<'_>, question: &Question<'_, RequestContext<'_>>) -> bool {
    policy::may_deny(policies, question)
}

/// Whether the listener softens such a refusal, if nothing denies the permission.
fn is_softened(case: &Case<'_>, labels: &Labels, decision: &Decision) -> bool {
    let observing = match case.arrival.listener.decision {
        DecisionMode::Observe => true,
        DecisionMode::Enforce => false,
    };
    let authenticated = match &labels.principal {
        Principal::Known(_) => labels.auth.is_some(),
        Principal::Anonymous | Principal::Service(_) => false,
    };
    let implicit = match decision.verdict {
        Verdict::ImplicitDeny(_) | Verdict::Unknown => true,
        Verdict::Allow | Verdict::ExplicitDeny => false,
    };
    observing && authenticated && implicit
}

/// What becomes of a whole: denied if anything in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Side {
    #[default]
    Allowed,
    Unknown,
    Denied,
}

fn side(decision: &Decision) -> Side {
    match decision.verdict {
        Verdict::Allow => Side::Allowed,
        Verdict::ExplicitDeny | Verdict::ImplicitDeny(_) | Verdict::Unknown => Side::Denied,
    }
}

/// A request, or one key of DeleteObjects, while its permissions are asked one by one.
#[derive(Debug, Default)]
pub(super) struct Unit {
    live: Side,
    shadow: Side,
    /// The first permission that was let pass.
    observed: Option<Asked>,
}

impl Unit {
    /// Holds a decision against what policies in shadow would make of it.
    pub(super) fn compare(
        &mut self,
        asking: Asking<'_>,
        labels: &mut Labels,
        live: &Decision,
        facts: Facts,
    ) {
        if asking.case.rules.shadow.is_none() {
            return;
        }
        let shadow = asking.put_to_shadow(labels);
        let shadow_side = asking.shadow_side(&shadow, facts);
        self.live = self.live.max(side(live));
        self.shadow = self.shadow.max(shadow_side);
        let Some(kind) = DifferenceKind::of(live, &shadow, shadow_side) else {
            return;
        };
        labels.shadow.get_or_insert_default().note(Difference {
            kind,
            action: asking.action.name(),
            resource: asking.subject.target.clone(),
            live: live.clone(),
            shadow,
        });
    }

    /// Takes in a permission that is not asked any more, as one before it is refused. Without it nobody could say that
    /// the whole would pass.
    pub(super) fn compare_unasked(&mut self, asking: Asking<'_>, labels: &Labels, facts: Facts) {
        // Only what is refused, and might pass, has anything left to say.
        if self.live == Side::Denied && self.shadow != Side::Denied {
            let shadow = asking.put_to_shadow(labels);
            self.shadow = self.shadow.max(asking.shadow_side(&shadow, facts));
        }
    }

    /// Notes that guardrails in shadow would refuse what is allowed.
    pub(super) fn would_be_refused(
        &mut self,
        labels: &mut Labels,
        action: Action,
        target: &Target,
        shadow: Decision,
    ) {
        self.shadow = Side::Denied;
        labels.shadow.get_or_insert_default().note(Difference {
            kind: DifferenceKind::WouldDeny,
            action: action.name(),
            resource: target.clone(),
            live: Decision {
                verdict: Verdict::Allow,
                by: None,
                with: None,
            },
            shadow,
        });
    }

    /// Notes what is let pass.
    pub(super) fn observe(&mut self, asked: Asked) {
        self.observed.get_or_insert(asked);
    }

    /// Notes what became of the whole; what was let pass of a whole that is refused does not count.
    pub(super) fn close<T, E>(self, labels: &mut Labels, ruling: &Result<T, E>) {
        if self.live != self.shadow {
            let shadowed = labels.shadow.get_or_insert_default();
            match self.shadow {
                Side::Denied => shadowed.would_deny += 1,
                Side::Allowed => shadowed.would_allow += 1,
                Side::Unknown => shadowed.unknown += 1,
            }
        }
        if let (Some(first), Ok(_)) = (self.observed, ruling) {
            let observed = labels
                .observed
                .get_or_insert_with(|| Box::new(Observed { first, count: 0 }));
            observed.count += 1;
        }
    }
}

impl Shadowed {
    fn note(&mut self, difference: Difference) {
        let (kind, layer) = (difference.kind, difference.layer());
        let mut counts = self.counts.iter_mut();
        match counts.find(|count| (count.0, count.1) == (kind, layer)) {
            Some((_, _, count)) => *count += 1,
            None => self.counts.push((kind, layer, 1)),
        }
        if self.differences.len() < MOST_DIFFERENCES {
            self.differences.push(difference);
        }
    }

    /// How many differences are not listed.
    pub fn unlisted(&self) -> u64 {
        let all: u64 = self.counts.iter().map(|(_, _, count)| count).sum();
        all.saturating_sub(self.differences.len() as u64)
    }
}
