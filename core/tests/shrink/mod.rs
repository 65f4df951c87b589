//! Makes a case smaller while it keeps a property.

use serde_json::Value;

const DOCUMENTS: &[&str] = &[
    "bucket_policy",
    "identity_policies",
    "permission_boundary",
    "session_policy",
    "resource_control_policies",
    "service_control_policies",
    "context",
];

/// Keys that the caller is made of.
const KEPT: &[&str] = &["aws:PrincipalArn", "aws:userid"];

/// The smallest case that is left when nothing more can be taken away.
pub(crate) fn shrink(mut case: Value, keeps: impl Fn(&Value) -> bool) -> Value {
    while let Some(smaller) = candidates(&case).into_iter().find(&keeps) {
        case = smaller;
    }
    case
}

fn candidates(case: &Value) -> Vec<Value> {
    let with = |name: &str, value: Value| {
        let mut smaller = case.clone();
        smaller[name] = value;
        smaller
    };
    let mut all = Vec::new();
    for name in DOCUMENTS {
        if case[name].is_object() && *name != "context" {
            all.push(with(name, Value::Null));
        }
        all.extend(
            pruned(&case[name])
                .into_iter()
                .map(|value| with(name, value)),
        );
    }
    all
}

/// The value with one element, or one element of an element, taken away.
fn pruned(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Array(items) => {
            for at in 0..items.len() {
                let mut fewer = items.clone();
                fewer.remove(at);
                all.push(fewer.into());
                for smaller in pruned(&items[at]) {
                    let mut items = items.clone();
                    items[at] = smaller;
                    all.push(items.into());
                }
            }
        }
        Value::Object(entries) => {
            for (name, inner) in entries {
                let kept = KEPT.iter().any(|kept| kept == name);
                if !kept {
                    let mut fewer = entries.clone();
                    fewer.remove(name);
                    all.push(fewer.into());
                }
                for smaller in pruned(inner) {
                    let mut entries = entries.clone();
                    entries.insert(name.clone(), smaller);
                    all.push(entries.into());
                }
            }
        }
        _ => {}
    }
    all
}
