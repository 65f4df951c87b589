//! Why a question is decided as it is.
//!
//! [`explain`] takes the decision of [`evaluate`], and holds every statement that names the action against the question
//! with the very tests that decide. [`Reason`] is the short form that a refusal carries in its record. Every text in
//! either is of bounded length, on one line, and without the secrets that a client may have put there.

mod held;
mod layers;
mod line;
mod parts;
mod public;
mod reason;
mod text;
mod values;
mod written;

pub use layers::{DocumentReport, LayerReport, LayerVerdict, SetAside, StatementReport};
pub use parts::{
    ActionPart, ConditionPart, Located, Named, Outcome, Parts, PrincipalPart, ResourcePart,
    Variable,
};
pub use public::{LooseCondition, PublicAccess, PublicStatement};
pub use reason::Reason;
pub use values::{Text, Values};

use super::{Decision, Policies, Question, evaluate};
use crate::context::Context;
use serde::Serialize;

/// A decision, and all that bears on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The caller's ARN, `anonymous`, or a service's name.
    pub principal: Text,
    /// E.g. `s3:GetObject`.
    pub action: &'static str,
    /// The resource's ARN.
    pub resource: Text,
    /// The engine's answer.
    pub decision: Decision,
    /// Why it refuses, in short; none if it allows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What each layer says.
    pub layers: Vec<LayerReport>,
    /// What Block Public Access adds, if that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_access: Option<PublicAccess>,
}

/// Explains how `policies` decide `question`.
pub fn explain<C: Context>(policies: Policies<'_>, question: &Question<'_, C>) -> Explanation {
    let decision = evaluate(policies, question);
    Explanation {
        principal: Text::name(held::who(question.principal)),
        action: question.action.name(),
        resource: Text::name(&held::arn(question.resource)),
        reason: Reason::of(policies, question, &decision),
        layers: layers::reports(policies, question),
        public_access: PublicAccess::of(policies, &decision),
        decision,
    }
}

#[cfg(test)]
mod tests;
