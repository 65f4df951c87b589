//! What AWS says of operators, modifiers and absent keys, in as few words as code allows.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>

use super::samples::{Operator, Sense};
use super::{Answer, Effect, Existence, Modifier, Set, Situation};

/// Whether a statement of this effect applies.
pub(crate) fn answer(
    operator: &Operator,
    modifier: Modifier,
    situation: Situation,
    effect: Effect,
) -> Answer {
    let values = match situation {
        Situation::Missing => &[],
        // A set operator takes an empty set for no value. Of the others AWS does not say it; they are asked about
        // keys that have at most one value.
        Situation::Values(values) => values,
    };
    let holds = match operator.sense {
        Sense::Null => return null(modifier, values),
        Sense::Positive => of_values(modifier, values, false),
        Sense::Negated => {
            let differ: Vec<bool> = values.iter().map(|matches| !matches).collect();
            of_values(modifier, &differ, true)
        }
    };
    // Where AWS leaves it open, a Deny applies and an Allow does not.
    match holds.unwrap_or(effect == Effect::Deny) {
        true => Answer::Yes,
        false => Answer::No,
    }
}

/// Whether the condition holds; none where AWS leaves it open. Each value says whether the operator itself, negation
/// included, holds for it.
fn of_values(modifier: Modifier, values: &[bool], negated: bool) -> Option<bool> {
    let if_exists = modifier.existence == Existence::IfExists;
    match (modifier.set, values) {
        // IfExists makes the condition true without the key; otherwise without it a negated operator is true and every
        // other false.
        (Set::None, []) => Some(if_exists || negated),
        (Set::None, [holds]) => Some(*holds),
        // AWS wants a set operator for keys with several values, and does not say what comes without one.
        (Set::None, _) => None,
        // True also without values.
        (Set::ForAllValues, values) => Some(values.iter().all(|holds| *holds)),
        // Without values ForAnyValue is false by one page, IfExists true by the other.
        (Set::ForAnyValue, []) if if_exists => None,
        (Set::ForAnyValue, values) => Some(values.iter().any(|holds| *holds)),
    }
}

/// `Null: true` wants the key absent; a set without values is null too, so that `false` guards ForAllValues. IfExists
/// goes with every operator but this. That set operators do not go with it either is ours: AWS is silent.
fn null(modifier: Modifier, values: &[bool]) -> Answer {
    match (modifier.set, modifier.existence) {
        (Set::None, Existence::Required) if values.is_empty() => Answer::Yes,
        (Set::None, Existence::Required) => Answer::No,
        (Set::ForAllValues | Set::ForAnyValue, _) | (_, Existence::IfExists) => Answer::Refused,
    }
}
