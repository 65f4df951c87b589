//! Policy variables: `${key}`, `${key, 'default'}`, `${*}`, `${?}` and `${$}`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::glob::{Token, token};
use serde_json::Value;

/// What a text of a policy asks for in this request.
pub(super) enum Wanted {
    /// This pattern.
    Pattern(Vec<Token>),
    /// It names a variable that has no value here.
    NoValue,
}

/// The pattern that a text is, with its variables replaced if this version of the language knows them.
pub(super) fn resolve(text: &str, variables: bool, context: &Value) -> Wanted {
    let mut pattern = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        match rest
            .strip_prefix("${")
            .and_then(|open| open.split_once('}'))
        {
            Some((inside, after)) if variables => {
                let Some(value) = value(inside, context) else {
                    return Wanted::NoValue;
                };
                // AWS does not say that a wildcard in a value is one: it is text.
                pattern.extend(value.chars().map(Token::Is));
                rest = after;
            }
            Some(_) | None => {
                pattern.push(token(next));
                rest = &rest[next.len_utf8()..];
            }
        }
    }
    Wanted::Pattern(pattern)
}

fn value(inside: &str, context: &Value) -> Option<String> {
    if matches!(inside, "*" | "?" | "$") {
        return Some(inside.into());
    }
    let (key, default) = match inside.split_once(',') {
        None => (inside.trim(), None),
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
    };
    match look_up(key, context) {
        Some(Value::String(value)) => Some(value.clone()),
        // A key with several values cannot be a variable.
        Some(_) | None => default.map(str::to_owned),
    }
}

/// The value of a condition key, whose name has no case, its tag part included.
pub(super) fn look_up<'a>(key: &str, context: &'a Value) -> Option<&'a Value> {
    context
        .as_object()?
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map(|(_, value)| value)
}
