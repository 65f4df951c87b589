//! The parts of a statement, each held against a question: what explanations and reasons are made of.

use super::values::{Text, Values};
use crate::policy::names::written_by_name;
use crate::policy::principals::Naming;
use crate::policy::truth::Truth;
use crate::policy::{Deciding, Layer, Policy, Statement};
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
            Some(Naming::Role | Naming::Provider) => Self::Role,
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
