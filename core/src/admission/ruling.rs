//! What becomes of one decision: it is noted for the record, with its reason if it refuses.

use super::modes::{Asking, Unit};
use super::{Asked, Labels, questions, refuse};
use crate::policy::{Deciding, Decision, Layer, Reason, Verdict};
use crate::s3::answer::S3Error;
use std::sync::Arc;

/// A permission that is refused.
pub(super) struct Refused {
    pub(super) error: S3Error,
    /// For the record; the client is told less.
    pub(super) reason: Option<Arc<Reason>>,
}

impl From<S3Error> for Refused {
    fn from(error: S3Error) -> Self {
        Self {
            error,
            reason: None,
        }
    }
}

/// To find a reason costs about as much as to decide; a request for a thousand keys may not cost twice as much.
const MOST_KEYS_EXPLAINED: usize = 100;

/// Notes a decision, and refuses unless it allows or the listener lets it pass.
pub(super) fn allow(
    asking: Asking<'_>,
    labels: &mut Labels,
    unit: &mut Unit,
    decision: Decision,
) -> Result<(), Refused> {
    let Asking {
        case,
        action,
        subject,
        said,
    } = asking;
    let allowed = match decision.verdict {
        Verdict::Allow => true,
        // A fact that nobody can look up: what depends on it is not allowed.
        Verdict::ExplicitDeny | Verdict::ImplicitDeny(_) | Verdict::Unknown => false,
    };
    let by_grant = |by: &Option<Deciding>| by.as_ref().is_some_and(|by| by.layer == Layer::Acl);
    labels.acl_required |= allowed && by_grant(&decision.by);
    let let_pass = !allowed && asking.is_let_pass(labels, &decision);
    let first_refusal = labels
        .decision
        .as_ref()
        .is_none_or(|noted| matches!(noted.decision.verdict, Verdict::Allow));
    let explained = !allowed && (first_refusal || labels.items.len() < MOST_KEYS_EXPLAINED);
    let reason = explained
        .then(|| questions::reason(case, labels, action, subject, said, &decision))
        .flatten();
    let asked = Asked {
        action: action.name(),
        resource: subject.target.clone(),
        decision,
        reason: reason.clone(),
    };
    if let_pass {
        labels.decision.get_or_insert_with(|| asked.passed());
        unit.observe(asked);
        return Ok(());
    }
    let owner = case.owner_for(action, &subject.target, &labels.principal);
    let refusal = (!allowed).then(|| Refused {
        error: refuse::denied(&asked, &labels.principal, owner),
        reason,
    });
    if labels.decision.is_none() || (!allowed && first_refusal) {
        labels.decision = Some(asked);
    }
    refusal.map_or(Ok(()), Err)
}
