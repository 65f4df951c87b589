//! The parts of a statement, each held against a question: what explanations and reasons are made of.

use super::values::{Limits, Text, Values};
use super::written::{Written, texts, variables};
use crate::context::{Context, Key};
use crate::document::{Entry, Node};
use crate::identity::Principal;
use crate::policy::conditions::Condition;
use crate::policy::names::written_by_name;
use crate::policy::principals::Naming;
use crate::policy::truth::Truth;
use crate::policy::{Deciding, Layer, Policy, Question, Statement};
use serde::{Serialize, Serializer};

/// Where a statement stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Located {
    /// The layer of its policy.
    pub layer: Layer,
    /// Its Sid, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<Text>,
    /// The file or call its policy came from.
    pub file: Text,
    /// The line it begins on, from 1.
    pub line: u32,
    /// Its position in the document, from 0.
    pub statement: usize,
}

/// Whether a part holds for a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It does.
    Holds,
    /// It does not.
    Fails,
    /// Nothing can settle it: it counts as holding in a Deny and as failing in an Allow.
    Undecidable,
    /// It depends on a fact that has not been looked up.
    Unknown,
}

/// How an element of Principal names a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// As everyone, or by not being spared by NotPrincipal.
    Everyone,
    /// By its own ARN, or a service by its name.
    Exactly,
    /// By the ARN of its role.
    Role,
    /// By its account.
    Account,
    /// Not at all.
    Not,
}

/// The parts of a statement that are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Parts {
    /// Whom it is about; none in a policy whose holder it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalPart>,
    /// What it is about doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionPart>,
    /// On what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<ResourcePart>,
    /// On which conditions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionPart>,
    /// How many more conditions there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_conditions: usize,
}

/// Principal or NotPrincipal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrincipalPart {
    /// `Principal` or `NotPrincipal`.
    pub element: &'static str,
    /// As written.
    pub wanted: Values,
    /// The caller's ARN, `anonymous`, or the service's name.
    pub found: Text,
    /// How the caller is named.
    pub named: Named,
}

/// Action or NotAction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionPart {
    /// `Action` or `NotAction`.
    pub element: &'static str,
    /// As written.
    pub wanted: Values,
    /// The action asked for.
    pub found: &'static str,
}

/// Resource or NotResource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourcePart {
    /// `Resource` or `NotResource`.
    pub element: &'static str,
    /// As written.
    pub wanted: Values,
    /// The values of the variables in them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// The resource's ARN.
    pub found: Text,
    /// Whether the resource is meant.
    pub outcome: Outcome,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConditionPart {
    /// As written, with set operator and `IfExists`.
    pub operator: Text,
    /// As written.
    pub key: Text,
    /// The policy's values, as written.
    pub wanted: Values,
    /// The values of the variables in them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Variable>,
    /// The request's values; none if the key is absent, or if `outcome` is unknown and it was not looked up.
    pub found: Option<Values>,
    /// Whether it holds.
    pub outcome: Outcome,
}

/// A policy variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// The name of its key, as written.
    pub name: Text,
    /// Its value; none if the key is absent or was not looked up.
    pub value: Option<Values>,
}

impl Located {
    pub(super) fn of(layer: Layer, policy: &Policy, statement: &Statement) -> Self {
        Self {
            layer,
            sid: sid(statement.sid.as_deref()),
            file: Text::name(&policy.origin.source),
            line: statement.line,
            statement: statement.position,
        }
    }
}

impl From<&Deciding> for Located {
    fn from(deciding: &Deciding) -> Self {
        Self {
            layer: deciding.layer,
            sid: sid(deciding.sid.as_deref()),
            file: Text::name(&deciding.origin.source),
            line: deciding.line,
            statement: deciding.statement,
        }
    }
}

fn sid(sid: Option<&str>) -> Option<Text> {
    sid.filter(|sid| !sid.is_empty()).map(Text::name)
}

/// A statement that is held against a question, with its text.
pub(super) struct Held<'p, 'q, C: Context> {
    pub(super) policy: &'p Policy,
    pub(super) statement: &'p Statement,
    pub(super) question: &'q Question<'q, C>,
    pub(super) limits: Limits,
}

impl<C: Context> Held<'_, '_, C> {
    /// Everything that a statement says.
    pub(super) fn parts(&self) -> Parts {
        self.parts_with(|_| true)
    }

    /// Everything but the conditions that are not wanted.
    pub(super) fn parts_with(&self, wanted: impl Fn(Truth) -> bool) -> Parts {
        let (conditions, more_conditions) = self.conditions(wanted);
        Parts {
            principal: self.principal(),
            action: self.action(),
            resource: self.resource(),
            conditions,
            more_conditions,
        }
    }

    /// None in the policy of its holder.
    pub(super) fn principal(&self) -> Option<PrincipalPart> {
        let (element, entry) = self.element(["Principal", "NotPrincipal"])?;
        let named = self.statement.principals.name(self.question.principal);
        Some(PrincipalPart {
            element,
            wanted: self.values(entry),
            found: Text::name(who(self.question.principal)),
            named: named.into(),
        })
    }

    pub(super) fn action(&self) -> Option<ActionPart> {
        let (element, entry) = self.element(["Action", "NotAction"])?;
        Some(ActionPart {
            element,
            wanted: self.values(entry),
            found: self.question.action.name(),
        })
    }

    pub(super) fn resource(&self) -> Option<ResourcePart> {
        let (element, entry) = self.element(["Resource", "NotResource"])?;
        let Question {
            resource, context, ..
        } = self.question;
        Some(ResourcePart {
            element,
            wanted: self.values(entry),
            variables: self.variables(&entry.value),
            found: Text::name(&arn(resource)),
            outcome: self.statement.resources.cover(resource, *context).into(),
        })
    }

    /// The conditions of a wanted outcome, and how many more there are of it than are shown.
    fn conditions(&self, wanted: impl Fn(Truth) -> bool) -> (Vec<ConditionPart>, usize) {
        let conditions = self.statement.conditions.iter();
        let mut of_outcome = conditions.filter_map(|condition| {
            let outcome = condition.holds(self.question.context);
            wanted(outcome).then_some((condition, outcome))
        });
        let first = of_outcome.by_ref().take(self.limits.conditions);
        let shown = first
            .map(|(condition, outcome)| self.condition(condition, outcome))
            .collect();
        (shown, of_outcome.count())
    }

    fn condition(&self, condition: &Condition, outcome: Truth) -> ConditionPart {
        let written = self.written();
        let written = written.and_then(|written| written.condition(condition.position));
        let lookup = self.question.context.lookup(&condition.key);
        let (operator, key) = condition_names(self.policy, self.statement, condition);
        ConditionPart {
            operator,
            key,
            wanted: Values::of(
                written
                    .into_iter()
                    .flat_map(|(_, entry)| texts(&entry.value)),
                self.limits,
            ),
            variables: written
                .map(|(_, entry)| self.variables(&entry.value))
                .unwrap_or_default(),
            found: Values::found(&condition.key, &lookup, self.limits),
            outcome: outcome.into(),
        }
    }

    /// The values of the variables in an element, each once.
    fn variables(&self, element: &Node) -> Vec<Variable> {
        let mut found: Vec<Variable> = Vec::new();
        for text in texts(element).take(self.limits.values) {
            for name in variables(self.policy, &text) {
                let shown = Text::name(name);
                if found.len() < self.limits.values && found.iter().all(|seen| seen.name != shown) {
                    let key = Key::parse(name);
                    let value = key.and_then(|key| {
                        let lookup = self.question.context.lookup(&key);
                        Values::found(&key, &lookup, self.limits)
                    });
                    found.push(Variable { name: shown, value });
                }
            }
        }
        found
    }

    fn written(&self) -> Option<Written<'_>> {
        Written::of(self.policy, self.statement.position)
    }

    /// The one of two elements that the statement has.
    fn element(&self, names: [&'static str; 2]) -> Option<(&'static str, &Entry)> {
        let [plain, negated] = names;
        let entry = self.written()?.element(plain, negated)?;
        let name = names.into_iter().find(|name| *name == entry.name)?;
        Some((name, entry))
    }

    fn values(&self, entry: &Entry) -> Values {
        Values::of(texts(&entry.value), self.limits)
    }
}

/// A condition's operator and key, as written.
pub(super) fn condition_names(
    policy: &Policy,
    statement: &Statement,
    condition: &Condition,
) -> (Text, Text) {
    let written = Written::of(policy, statement.position);
    match written.and_then(|written| written.condition(condition.position)) {
        Some((operator, entry)) => (Text::name(operator), Text::name(&entry.name)),
        None => (
            Text::name(condition.operator.name),
            Text::name(&condition.key.to_string()),
        ),
    }
}

/// What a caller is called.
pub(super) fn who(principal: &Principal) -> &str {
    match principal {
        Principal::Anonymous => "anonymous",
        Principal::Known(caller) => &caller.arn,
        Principal::Service(name) => name,
    }
}

/// The ARN of a question's resource.
pub(super) fn arn(resource: &str) -> String {
    match resource {
        "" => "*".to_owned(),
        whole if whole.starts_with("arn:") => whole.to_owned(),
        own => format!("arn:aws:s3:::{own}"),
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl From<Truth> for Outcome {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::Yes => Self::Holds,
            Truth::No => Self::Fails,
            Truth::Undecidable => Self::Undecidable,
            Truth::Unknown => Self::Unknown,
        }
    }
}

impl From<Option<Naming>> for Named {
    fn from(naming: Option<Naming>) -> Self {
        match naming {
            Some(Naming::Everyone) => Self::Everyone,
            Some(Naming::Exactly) => Self::Exactly,
            Some(Naming::Role) => Self::Role,
            Some(Naming::Account) => Self::Account,
            None => Self::Not,
        }
    }
}

impl Outcome {
    /// As in explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "does_not_hold",
            Self::Undecidable => "undecidable",
            Self::Unknown => "unknown",
        }
    }
}

impl Named {
    /// As in explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Exactly => "exactly",
            Self::Role => "role",
            Self::Account => "account",
            Self::Not => "not",
        }
    }
}

written_by_name!(Outcome Named);
