//! Does a statement apply: effect, principal, action, resource and conditions.

use super::principals::{self, Naming};
use super::variables::{self, Wanted};
use super::{Trace, conditions, glob, text};
use serde_json::Value;

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    Guardrail,
    ServiceControl,
    Bucket,
    Identity,
    Boundary,
    Session,
}

/// Whether some statement with this effect applies to the case.
pub(super) fn any(
    document: &Value,
    effect: &str,
    layer: Layer,
    case: &Value,
    trace: &mut Trace,
) -> bool {
    let mut found = false;
    for statement in statements(document) {
        found |= effect == text(statement, "Effect")
            && names_the_caller(statement, layer, case, trace)
            && covers(statement, document, case, trace);
    }
    found
}

/// How each Allow statement of a bucket policy that applies names the caller.
pub(super) fn namings(document: &Value, case: &Value, trace: &mut Trace) -> Vec<Naming> {
    let mut found = Vec::new();
    for statement in statements(document) {
        if text(statement, "Effect") == "Allow" && covers(statement, document, case, trace) {
            found.extend(principals::named(&statement["Principal"], case));
        }
    }
    found
}

/// `Statement` may be one object or a list.
pub(super) fn statements(document: &Value) -> &[Value] {
    list(&document["Statement"])
}

/// A value that may be written alone or as a list.
pub(super) fn list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

fn names_the_caller(statement: &Value, layer: Layer, case: &Value, trace: &mut Trace) -> bool {
    match layer {
        Layer::ServiceControl | Layer::Identity | Layer::Boundary | Layer::Session => true,
        Layer::Guardrail | Layer::Bucket if statement["NotPrincipal"].is_null() => {
            principals::named(&statement["Principal"], case).is_some()
        }
        Layer::Guardrail | Layer::Bucket => {
            let spared = principals::spared(&statement["NotPrincipal"], case);
            trace.count(format!("element NotPrincipal spares {spared}"));
            !spared
        }
    }
}

fn covers(statement: &Value, document: &Value, case: &Value, trace: &mut Trace) -> bool {
    // Version 2008-10-17, the default, knows no variables.
    let variables = text(document, "Version") == "2012-10-17";
    let effect = text(statement, "Effect");
    let action = covers_action(statement, case, trace);
    let resource = covers_resource(statement, variables, effect, case, trace);
    action && resource && conditions::hold(&statement["Condition"], variables, effect, case, trace)
}

fn covers_action(statement: &Value, case: &Value, trace: &mut Trace) -> bool {
    let asked = text(case, "action");
    let listed = |name: &str| {
        list(&statement[name])
            .iter()
            .filter_map(Value::as_str)
            .any(|pattern| glob::matches(&pattern.to_lowercase(), &asked.to_lowercase()))
    };
    let (name, covered) = if statement["NotAction"].is_null() {
        ("Action", listed("Action"))
    } else {
        ("NotAction", !listed("NotAction"))
    };
    trace.count(format!("element {name} covers {covered}"));
    covered
}

fn covers_resource(
    statement: &Value,
    variables: bool,
    effect: &str,
    case: &Value,
    trace: &mut Trace,
) -> bool {
    let asked = text(case, "resource");
    let wanted = |name: &str| -> Vec<Wanted> {
        list(&statement[name])
            .iter()
            .filter_map(Value::as_str)
            .map(|pattern| variables::resolve(pattern, variables, &case["context"]))
            .collect()
    };
    let listed = |patterns: &[Wanted]| {
        patterns.iter().any(|wanted| match wanted {
            Wanted::Pattern(pattern) => glob::tokens_match(pattern, asked),
            Wanted::NoValue => false,
        })
    };
    let (name, covered) = if statement["NotResource"].is_null() {
        ("Resource", listed(&wanted("Resource")))
    } else {
        let patterns = wanted("NotResource");
        // AWS says of a variable without value that the element "will not match any resource". A Deny then covers
        // everything; an Allow is not widened by what could not be resolved.
        let unresolved = patterns.iter().any(|one| matches!(one, Wanted::NoValue));
        let widened = unresolved && effect == "Allow";
        ("NotResource", !listed(&patterns) && !widened)
    };
    trace.count(format!("element {name} covers {covered}"));
    covered
}
