//! Puts environment variables into texts: `${NAME}`, `${NAME:-default}`; `$${` stays `${`.
//!
//! Policy documents are left alone: there `${aws:username}` is a policy variable.

use super::check::Check;
use super::finding::Finding;
use super::place::Step::{Field, Index};
use super::place::{Document, Trail};
use portcullis_core::document::{Node, Place, Value};

/// Replaces every reference in `document`; complaints go to `check`.
pub(super) fn expand(document: &mut Document, check: &mut Check<'_>) {
    let mut walk = Walk {
        check,
        trail: Trail::default(),
        problems: Vec::new(),
        substituted: Vec::new(),
    };
    walk.node(&mut document.root);
    let Walk {
        problems,
        substituted,
        ..
    } = walk;
    document.substituted.extend(substituted);
    for (place, trail, message) in problems {
        check.push_unresolved(Finding::error(&document.file, place, message).of(trail));
    }
}

struct Walk<'a, 'b> {
    check: &'a Check<'b>,
    trail: Trail,
    problems: Vec<(Place, String, String)>,
    substituted: Vec<Place>,
}

impl Walk<'_, '_> {
    fn node(&mut self, node: &mut Node) {
        if is_policy(&self.trail) {
            return;
        }
        match &mut node.value {
            Value::Text(text) => self.text(text, node.at),
            Value::List(list) => {
                for (index, item) in list.iter_mut().enumerate() {
                    self.within(Index(index), item);
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.within(Field(entry.name.clone()), &mut entry.value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => (),
        }
    }

    fn within(&mut self, step: super::place::Step, node: &mut Node) {
        self.trail.0.push(step);
        self.node(node);
        self.trail.0.pop();
    }

    fn text(&mut self, text: &mut String, at: Place) {
        if !text.contains("${") {
            return;
        }
        self.substituted.push(at);
        match replace(text, |name| self.check.sources.variable(name)) {
            Ok(replaced) => *text = replaced,
            Err(message) => self.problems.push((at, self.trail.to_string(), message)),
        }
    }
}

/// Whether a policy document, or a list of them, stands here.
fn is_policy(trail: &Trail) -> bool {
    let steps = match trail.0.split_first() {
        Some((Field(first), rest)) if first == "identities" => rest,
        _ => &trail.0,
    };
    match steps {
        [Field(accounts), _, Field(name)] => accounts == "accounts" && name == "policies",
        [Field(accounts), _, Field(kind), _, Field(name)] => {
            accounts == "accounts"
                && (kind == "users" || kind == "roles")
                && (name == "policies" || name == "boundary")
        }
        _ => false,
    }
}

/// Replaces the references of one text.
fn replace(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(literal) = before.strip_suffix('$') {
            replaced.push_str(literal);
            replaced.push_str("${");
            rest = after;
            continue;
        }
        let (reference, after) = after
            .split_once('}')
            .ok_or("`${` without `}`; write `$${` for the characters themselves")?;
        replaced.push_str(before);
        replaced.push_str(&resolve(reference, &variable)?);
        rest = after;
    }
    replaced.push_str(rest);
    Ok(replaced)
}

fn resolve(reference: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(good) || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(format!(
            "`{name}` is not the name of an environment variable"
        ));
    }
    match (variable(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(format!("the environment variable `{name}` is not set")),
    }
}

#[cfg(test)]
mod tests {
    use super::replace;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let variable = |name: &str| match name {
            "KEY" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let replaced = replace(text, variable);
        assert_eq!(
            replaced.as_deref().map_err(String::as_str),
            expected,
            "{text}"
        );
    }

    #[test]
    fn variables_are_replaced_wherever_they_stand() {
        check("plain $1 {x}", Ok("plain $1 {x}"));
        check("${KEY}", Ok("value"));
        check("a-${KEY}-${KEY}", Ok("a-value-value"));
        check("${NONE:-x}", Ok("x"));
        check("${NONE:-}", Ok(""));
        check("${EMPTY:-x}", Ok("x"));
        check("${EMPTY}", Ok(""));
        check("$${KEY} ${KEY}", Ok("${KEY} value"));
    }

    #[test]
    fn what_cannot_be_replaced_is_named() {
        check("${NONE}", Err("the environment variable `NONE` is not set"));
        check("${}", Err("`` is not the name of an environment variable"));
        check(
            "${aws:username}",
            Err("`aws:username` is not the name of an environment variable"),
        );
        check(
            "${KEY",
            Err("`${` without `}`; write `$${` for the characters themselves"),
        );
    }
}
