//! Conditions: every operator and every key must hold.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use super::statements::list;
use super::variables::{self, Wanted};
use super::{Trace, values};
use serde_json::Value;

/// One operator as written: `ForAnyValue:StringNotLikeIfExists`.
struct Operator<'a> {
    set: Option<&'a str>,
    positive: String,
    negated: bool,
    if_exists: bool,
}

impl<'a> Operator<'a> {
    fn read(name: &'a str) -> Self {
        let (set, rest) = match name.split_once(':') {
            Some((set, rest)) => (Some(set), rest),
            None => (None, name),
        };
        let base = rest.strip_suffix("IfExists").unwrap_or(rest);
        Self {
            set,
            positive: base.replacen("Not", "", 1),
            negated: base.contains("Not"),
            if_exists: rest != base,
        }
    }
}

/// Whether a `Condition` holds; none at all holds.
pub(super) fn hold(
    condition: &Value,
    variables: bool,
    effect: &str,
    case: &Value,
    trace: &mut Trace,
) -> bool {
    let mut all = true;
    for (name, keys) in condition.as_object().into_iter().flatten() {
        for (key, wanted) in keys.as_object().into_iter().flatten() {
            let found = variables::look_up(key, &case["context"]).map(|value| same(key, value));
            let found = found.as_ref();
            let wanted = texts(&same(key, wanted));
            let holds = if name == "Null" {
                null_holds(&wanted, found)
            } else {
                let wanted: Vec<Wanted> = wanted
                    .iter()
                    .map(|text| variables::resolve(text, variables, &case["context"]))
                    .collect();
                holds(&Operator::read(name), &wanted, found, effect)
            };
            trace.count(format!("operator {name}, key {}: {holds}", presence(found)));
            all &= holds;
        }
    }
    all
}

/// AWS's examples write a copy source with a leading slash and without: it is the same source.
fn same(key: &str, value: &Value) -> Value {
    let bare = |text: &Value| match text.as_str().and_then(|text| text.strip_prefix('/')) {
        Some(bare) => bare.into(),
        None => text.clone(),
    };
    match value {
        other if !key.eq_ignore_ascii_case("s3:x-amz-copy-source") => other.clone(),
        Value::Array(values) => values.iter().map(bare).collect(),
        one => bare(one),
    }
}

/// Numbers and booleans may be written without quotes.
fn texts(wanted: &Value) -> Vec<String> {
    list(wanted)
        .iter()
        .map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect()
}

/// `"true"` asks that the key be absent, `"false"` that it "exists and its value is not null".
fn null_holds(wanted: &[String], found: Option<&Value>) -> bool {
    let absent = found.is_none_or(is_empty_set);
    wanted.iter().any(|text| text == &absent.to_string())
}

/// AWS speaks of a missing key and of one whose "value resolves to a null dataset" in one breath.
fn is_empty_set(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

/// "A null dataset, such as an empty string": AWS says so of set operators.
fn is_empty_text(value: &Value) -> bool {
    list(value).iter().all(|one| one == "")
}

fn holds(operator: &Operator<'_>, wanted: &[Wanted], found: Option<&Value>, effect: &str) -> bool {
    let is_null =
        |value: &Value| is_empty_set(value) || (operator.set.is_some() && is_empty_text(value));
    let Some(found) = found.filter(|value| !is_null(value)) else {
        return match operator.set {
            Some("ForAllValues") => true,
            // Disputed: AWS says of ForAnyValue that it is false without the key, of IfExists that it is true.
            Some(_) => operator.if_exists && effect == "Deny",
            None => operator.negated || operator.if_exists,
        };
    };
    let given: Vec<Option<bool>> = texts(found)
        .iter()
        .map(|value| one_holds(operator, value, wanted))
        .collect();
    // What cannot be decided counts as true in a Deny and as false in an Allow: several values compared without a
    // set operator, and a value that is not of the operator's type.
    let undecided = effect == "Deny";
    match operator.set {
        None if given.len() > 1 => undecided,
        Some("ForAllValues") => given.iter().all(|one| one.unwrap_or(undecided)),
        Some(_) | None => given.iter().any(|one| one.unwrap_or(undecided)),
    }
}

/// Whether one value of the request holds: it fits one of the policy's values or, negated, none of them.
fn one_holds(operator: &Operator<'_>, value: &str, wanted: &[Wanted]) -> Option<bool> {
    values::is_readable(&operator.positive, value).then(|| {
        let fits = wanted
            .iter()
            .any(|wanted| values::fits(&operator.positive, value, wanted));
        fits != operator.negated
    })
}

fn presence(found: Option<&Value>) -> &'static str {
    match found {
        None => "absent",
        Some(Value::Array(values)) if values.is_empty() => "empty",
        Some(Value::Array(_)) => "multivalued",
        Some(_) => "single",
    }
}
