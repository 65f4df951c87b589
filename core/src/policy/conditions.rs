//! The conditions of a statement: each a key, an operator with its quantifier, and values.

use super::Effect;
use super::operands::{Operand, Sample};
use super::operators::{Compare, Operator, Sense};
use super::truth::Truth;
use crate::context::{Context, Key, Lookup, Value};
use std::ops::Deref;
use std::slice;

/// The conditions of a statement, all of which must hold.
#[derive(Debug)]
pub(crate) struct Conditions {
    // INVARIANT: first those that can fail, so many, of which those on one key stand together.
    all: Box<[Condition]>,
    can_fail: usize,
}

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

impl Conditions {
    /// Of these, as written.
    pub(crate) fn of(written: Vec<Condition>) -> Self {
        let holds = |condition: &Condition| condition.constant() == Some(Truth::Yes);
        let (hold, can_fail): (Vec<_>, Vec<_>) = written.into_iter().partition(holds);
        let mut all: Vec<Condition> = Vec::with_capacity(can_fail.len() + hold.len());
        for condition in can_fail {
            let same = all.iter().rposition(|other| other.key == condition.key);
            all.insert(same.map_or(all.len(), |at| at + 1), condition);
        }
        let can_fail = all.len();
        all.extend(hold);
        Self {
            all: all.into(),
            can_fail,
        }
    }

    /// Whether one of them holds for no request.
    pub(crate) fn never_hold(&self) -> bool {
        let mut outcomes = self.all.iter().map(Condition::constant);
        outcomes.any(|outcome| outcome == Some(Truth::No))
    }

    /// Whether they all hold, in a statement of this effect. Each key is looked up once.
    pub(crate) fn hold<C: Context>(&self, effect: Effect, context: &C) -> Truth {
        let can_fail = self.all.get(..self.can_fail).unwrap_or(&self.all);
        let keys = can_fail.chunk_by(|one, next| one.key == next.key);
        Truth::all(keys.map(|same| on_one_key(same, effect, context)))
    }
}

impl Deref for Conditions {
    type Target = [Condition];

    fn deref(&self) -> &[Condition] {
        &self.all
    }
}

fn on_one_key<C: Context>(same: &[Condition], effect: Effect, context: &C) -> Truth {
    let Some(first) = same.first() else {
        return Truth::Yes;
    };
    let found = context.lookup(&first.key);
    let sample = match &found {
        Lookup::One(value) => Some(Sample::of(value)),
        Lookup::Many(_) | Lookup::Absent | Lookup::Unknown => None,
    };
    let outcomes = same.iter().map(|condition| {
        let outcome = condition.holds_for(&found, sample.as_ref(), context);
        outcome.in_a(effect)
    });
    Truth::all(outcomes)
}

impl Condition {
    /// Whether the condition holds.
    pub(crate) fn holds<C: Context>(&self, context: &C) -> Truth {
        self.holds_for(&context.lookup(&self.key), None, context)
    }

    /// What it says of every request, if its key is in none.
    fn constant(&self) -> Option<Truth> {
        let absent = matches!(self.key, Key::Foreign(_));
        absent.then(|| match &self.operand {
            Operand::Null(wanted) => null(&Lookup::Absent, wanted),
            _ => self.without_value(),
        })
    }

    /// `sample` is that of what was found, if it has been made.
    fn holds_for<C: Context>(
        &self,
        found: &Lookup<'_>,
        sample: Option<&Sample<'_>>,
        context: &C,
    ) -> Truth {
        if let Operand::Null(wanted) = &self.operand {
            return null(found, wanted);
        }
        match (found, sample) {
            (Lookup::Unknown, _) => Truth::Unknown,
            (Lookup::Absent, _) => self.without_value(),
            (Lookup::One(value), _) if self.is_null_set(slice::from_ref(value)) => {
                self.without_value()
            }
            (Lookup::One(_), Some(sample)) => self.test(sample, context),
            (Lookup::One(value), None) => self.test(&Sample::of(value), context),
            (Lookup::Many(values), _) if values.is_empty() || self.is_null_set(values) => {
                self.without_value()
            }
            (Lookup::Many(values), _) => self.test_set(values, context),
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
        let mut tests = values
            .iter()
            .map(|value| self.test(&Sample::of(value), context));
        match (self.quantifier, values) {
            (Quantifier::ForAllValues, _) => Truth::all(tests),
            (Quantifier::ForAnyValue, _) => Truth::any(tests),
            (Quantifier::One, [_]) => tests.next().unwrap_or(Truth::Undecidable),
            // Several values without a set operator mean nothing; silently taking any of them would widen.
            (Quantifier::One, _) => Truth::Undecidable,
        }
    }

    fn test<C: Context>(&self, sample: &Sample<'_>, context: &C) -> Truth {
        let matched = self.operand.matches(sample, context);
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
