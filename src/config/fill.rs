//! Fills a raw type from a document, reporting every unknown field and every value of the wrong type at once.

use super::check::Check;
use super::place::{At, Step, Trail};
use super::shape::Shape;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads what stands at `at`. What is wrong is reported and left out; the rest is filled in.
pub(super) fn fill<T: DeserializeOwned + Default + JsonSchema>(
    at: &At<'_>,
    check: &mut Check<'_>,
) -> T {
    let Some(node) = at.node() else {
        return T::default();
    };
    let shape = Shape::of::<T>();
    let mut json = node.to_json();
    loop {
        match attempt::<T>(&json) {
            Ok((value, unknown)) => {
                report_unknown(at, &unknown, &shape, check);
                return value;
            }
            Err(trail) => {
                report_mismatch(at, &trail, &shape, &json, check);
                if !remove(&mut json, &trail) {
                    return T::default();
                }
            }
        }
    }
}

/// The value and its unknown fields, or where a value has the wrong type.
fn attempt<T: DeserializeOwned>(json: &Value) -> Result<(T, Vec<Trail>), Trail> {
    let mut unknown = Vec::new();
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(json, &mut track);
    let filled = serde_ignored::deserialize(tracked, |path| unknown.push(ignored_trail(&path)));
    match filled {
        Ok(value) => Ok((value, unknown)),
        Err(_) => Err(failed_trail(&track.path())),
    }
}

fn failed_trail(path: &serde_path_to_error::Path) -> Trail {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Map { key } => Some(Step::Field(key.clone())),
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    Trail(path.iter().filter_map(step).collect())
}

fn ignored_trail(path: &serde_ignored::Path<'_>) -> Trail {
    use serde_ignored::Path;
    match path {
        Path::Root => Trail::default(),
        Path::Seq { parent, index } => extended(parent, Step::Index(*index)),
        Path::Map { parent, key } => extended(parent, Step::Field(key.clone())),
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => ignored_trail(parent),
    }
}

fn extended(parent: &serde_ignored::Path<'_>, step: Step) -> Trail {
    let mut trail = ignored_trail(parent);
    trail.0.push(step);
    trail
}

fn report_unknown(at: &At<'_>, unknown: &[Trail], shape: &Shape, check: &mut Check<'_>) {
    for trail in unknown {
        let Some((Step::Field(name), parent)) = trail.0.split_last() else {
            continue;
        };
        let known = shape.follow(parent).names();
        let message = format!("unknown field{}", did_you_mean(name, &known));
        check.push(at.follow(trail).error_at_name(message));
    }
}

/// The nearest of the known names, or all of them if none is near.
pub(super) fn did_you_mean(name: &str, known: &[String]) -> String {
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min();
    match near {
        Some((_, known)) => format!(", did you mean `{known}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; known here: {}", listed(known)),
    }
}

/// Names as a list for a message.
pub(super) fn listed(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// Reports the value at `trail`, and with an element its equally wrong neighbours, for the list goes as a whole.
fn report_mismatch(at: &At<'_>, trail: &Trail, shape: &Shape, json: &Value, check: &mut Check<'_>) {
    let expected = shape.follow(&trail.0);
    let Some((Step::Index(_), list)) = trail.0.split_last() else {
        let message = expected.mismatch(value_at(json, &trail.0));
        return check.push(at.follow(trail).error(message));
    };
    let elements = value_at(json, list).and_then(Value::as_array);
    for (index, element) in elements.into_iter().flatten().enumerate() {
        if !expected.takes(element) {
            let place = at.follow(&Trail(list.to_vec())).index(index);
            check.push(place.error(expected.mismatch(Some(element))));
        }
    }
}

fn value_at<'a>(json: &'a Value, trail: &[Step]) -> Option<&'a Value> {
    trail.iter().try_fold(json, |value, step| match step {
        Step::Field(name) => value.get(name),
        Step::Index(index) => value.get(index),
    })
}

/// Takes the value at `trail` out; of an element's list, the whole list, so that positions stay true.
fn remove(json: &mut Value, trail: &Trail) -> bool {
    let Some(last) = trail
        .0
        .iter()
        .rposition(|step| matches!(step, Step::Field(_)))
    else {
        return false;
    };
    let mut value = json;
    for step in trail.0.iter().take(last) {
        let inner = match step {
            Step::Field(name) => value.get_mut(name),
            Step::Index(index) => value.get_mut(index),
        };
        match inner {
            Some(inner) => value = inner,
            None => return false,
        }
    }
    match (value, trail.0.get(last)) {
        (Value::Object(map), Some(Step::Field(name))) => map.remove(name).is_some(),
        _ => false,
    }
}
