//! One condition: a key, an operator with its quantifier, and values.

use super::operands::Operand;
use super::operators::{Compare, Operator, Sense};
use super::truth::Truth;
use crate::context::{Context, Key, Lookup, Value};
use std::slice;

/// A compiled condition. All conditions of a statement must hold.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) key: Key,
    pub(crate) operator: &'static Operator,
    pub(crate) quantifier: Quantifier,
    pub(crate) presence: Presence,
    pub(crate) operand: Operand,
    /// Among the keys of the Condition element, from 0, as written.
    pub(crate) position: usize,
}

/// How a set of values is tested.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    /// The key has one value.
    One,
    ForAllValues,
    ForAnyValue,
}

/// Whether the key must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    IfExists,
}

impl Condition {
    /// Whether the condition holds.
    pub(crate) fn holds<C: Context>(&self, context: &C) -> Truth {
        let found = context.lookup(&self.key);
        if let Operand::Null(wanted) = &self.operand {
            return null(&found, wanted);
        }
        match found {
            Lookup::Unknown => Truth::Unknown,
            Lookup::Absent => self.without_value(),
            Lookup::One(value) if self.is_null_set(slice::from_ref(&value)) => self.without_value(),
            Lookup::One(value) => self.test(&value, context),
            Lookup::Many(values) if values.is_empty() || self.is_null_set(&values) => {
                self.without_value()
            }
            Lookup::Many(values) => self.test_set(&values, context),
        }
    }

    /// To a set operator an empty text is no data.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    fn is_null_set(&self, values: &[Value<'_>]) -> bool {
        let empty = |value: &Value<'_>| matches!(value, Value::Text(text) if text.is_empty());
        self.quantifier != Quantifier::One && values.iter().all(empty)
    }

    /// The key is absent or an empty set.
    fn without_value(&self) -> Truth {
        match (self.quantifier, self.presence) {
            (Quantifier::ForAllValues, _) | (Quantifier::One, Presence::IfExists) => Truth::Yes,
            (Quantifier::ForAnyValue, Presence::Required) => Truth::No,
            // Disputed among implementations, so it must not widen: it holds in a Deny and fails in an Allow.
            (Quantifier::ForAnyValue, Presence::IfExists) => Truth::Undecidable,
            (Quantifier::One, Presence::Required) => (self.operator.sense == Sense::Negated).into(),
        }
    }

    fn test_set<C: Context>(&self, values: &[Value<'_>], context: &C) -> Truth {
        let mut tests = values.iter().map(|value| self.test(value, context));
        match (self.quantifier, values) {
            (Quantifier::ForAllValues, _) => Truth::all(tests),
            (Quantifier::ForAnyValue, _) => Truth::any(tests),
            (Quantifier::One, [_]) => tests.next().unwrap_or(Truth::Undecidable),
            // Several values without a set operator mean nothing; silently taking any of them would widen.
            (Quantifier::One, _) => Truth::Undecidable,
        }
    }

    fn test<C: Context>(&self, value: &Value<'_>, context: &C) -> Truth {
        let matched = self.operand.matches(value, context);
        match self.operator.sense {
            Sense::Positive => matched,
            Sense::Negated => matched.not(),
        }
    }
}

/// `Null`: `true` wants the key absent. A set without values counts as absent, so that `"false"` guards ForAllValues.
fn null(found: &Lookup<'_>, wanted: &[bool]) -> Truth {
    match found {
        Lookup::Unknown => Truth::Unknown,
        Lookup::Absent => wanted.contains(&true).into(),
        Lookup::Many(values) => wanted.contains(&values.is_empty()).into(),
        Lookup::One(_) => wanted.contains(&false).into(),
    }
}

impl Compare {
    /// Whether the operator takes a set prefix and `IfExists`: all but Null do.
    pub(crate) fn takes_modifiers(self) -> bool {
        self != Self::Null
    }
}

#[cfg(test)]
mod tests;
