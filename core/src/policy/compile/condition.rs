//! The Condition element.

use super::{Compiler, list};
use crate::context::Key;
use crate::context::keys::Found;
use crate::document::{self, Entry, Node, Place, Value};
use crate::policy::PolicyKind;
use crate::policy::conditions::{Condition, Presence, Quantifier};
use crate::policy::lint::Rule;
use crate::policy::operands;
use crate::policy::operators::{self, Compare, OPERATORS, Operator};

/// An operator as written: `ForAllValues:StringLikeIfExists`.
pub(in crate::policy) struct Test {
    pub(in crate::policy) quantifier: Quantifier,
    pub(in crate::policy) operator: &'static Operator,
    pub(in crate::policy) presence: Presence,
}

impl Compiler<'_> {
    /// Compiles every condition; none if one is wrong.
    pub(super) fn conditions(&mut self, statement: &Node) -> Option<Vec<Condition>> {
        let Some(node) = statement.get("Condition") else {
            return Some(Vec::new());
        };
        if !matches!(node.value, Value::Map(_)) {
            self.error(
                node.at,
                format!("`Condition` is a map, not {}", node.kind()),
            );
            return None;
        }
        let before = self.errors.len();
        let mut conditions = Vec::new();
        let mut before_block = 0;
        for block in node.entries() {
            conditions.extend(self.block(block, before_block));
            before_block += block.value.entries().len();
        }
        (self.errors.len() == before).then_some(conditions)
    }

    /// One operator with its keys, of which `position` is the first one's.
    fn block(&mut self, block: &Entry, position: usize) -> Vec<Condition> {
        let test = match read_operator(&block.name) {
            Ok(test) => test,
            Err(message) => {
                self.error(block.at, message);
                return Vec::new();
            }
        };
        if block.value.entries().is_empty() {
            self.error(
                block.value.at,
                format!("`{}` needs a map of keys to values", block.name),
            );
        }
        let entries = block.value.entries().iter();
        entries
            .enumerate()
            .filter_map(|(index, entry)| self.condition(&test, entry, position + index))
            .collect()
    }

    fn condition(&mut self, test: &Test, entry: &Entry, position: usize) -> Option<Condition> {
        let key = self.key(&entry.name, entry.at);
        if key.is_set()
            && test.quantifier == Quantifier::One
            && test.operator.compare != Compare::Null
        {
            self.warn(
                Rule::SetKeyWithoutQuantifier,
                entry.at,
                format!("`{key}` has several values, use `ForAnyValue:` or `ForAllValues:`"),
            );
        }
        let values = self.values(entry)?;
        let texts: Vec<&str> = values
            .iter()
            .map(|(text, _)| canonical_value(&key, text))
            .collect();
        match operands::compile(test.operator.compare, &texts, self.variables) {
            Ok(operand) => {
                self.check_variables(&operand.globs(), entry.at);
                Some(Condition {
                    key,
                    operator: test.operator,
                    quantifier: test.quantifier,
                    presence: test.presence,
                    operand,
                    position,
                })
            }
            Err(errors) => {
                for (index, message) in errors {
                    let at = values.get(index).map_or(entry.at, |(_, at)| *at);
                    self.error(at, message);
                }
                None
            }
        }
    }

    /// An unknown key is absent from every request.
    fn key(&mut self, name: &str, at: Place) -> Key {
        let Some(key) = Key::parse(name) else {
            if Key::NAMES
                .iter()
                .any(|known| known.ends_with('/') && known.eq_ignore_ascii_case(name))
            {
                self.strict(
                    Rule::UnknownName,
                    at,
                    format!("`{name}` needs the name of a tag after the slash"),
                );
                return Key::Foreign(name.into());
            }
            let hint = document::did_you_mean(name, Key::NAMES.iter().copied());
            self.strict(
                Rule::UnknownName,
                at,
                format!("unknown condition key `{name}`{hint}"),
            );
            return Key::Foreign(name.into());
        };
        if let Some(Found::Never(reason)) = key.info().map(|info| info.found) {
            self.warn(
                Rule::AbsentKey,
                at,
                format!("`{key}` is absent from every request: {reason}"),
            );
        }
        let of_buckets = matches!(self.kind, PolicyKind::Bucket(_) | PolicyKind::Guardrail);
        if of_buckets && matches!(key.info().map(|info| info.found), Some(Found::Assuming)) {
            let message = format!("`{key}` is absent from requests to S3");
            self.warn(Rule::AbsentKey, at, message);
        }
        key
    }

    /// The values as texts; numbers and booleans may stand without quotes.
    fn values(&mut self, entry: &Entry) -> Option<Vec<(String, Place)>> {
        let nodes = list(&entry.value);
        if nodes.is_empty() {
            self.error(
                entry.value.at,
                format!("`{}` needs at least one value", entry.name),
            );
            return None;
        }
        nodes
            .iter()
            .map(|node| {
                let text = scalar(node);
                if text.is_none() {
                    let message =
                        format!("a value of `{}` is a text, not {}", entry.name, node.kind());
                    self.error(node.at, message);
                }
                text.map(|text| (text, node.at))
            })
            .collect()
    }
}

/// Published policies write copy sources with and without a leading slash; requests are compared without.
fn canonical_value<'t>(key: &Key, text: &'t str) -> &'t str {
    if *key == Key::XAmzCopySource {
        text.trim_start_matches('/')
    } else {
        text
    }
}

/// A value as a text; numbers and booleans may stand without quotes.
pub(in crate::policy) fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// Reads an operator's name. The error says what is wrong with it.
pub(in crate::policy) fn read_operator(written: &str) -> Result<Test, String> {
    if Key::parse(written).is_some() {
        return Err(format!(
            "`{written}` is a condition key: it stands under an operator such as `StringEquals`"
        ));
    }
    let (quantifier, name) = match written.split_once(':') {
        Some(("ForAllValues", name)) => (Quantifier::ForAllValues, name),
        Some(("ForAnyValue", name)) => (Quantifier::ForAnyValue, name),
        Some((prefix, _)) => {
            let hint = document::did_you_mean(prefix, ["ForAllValues", "ForAnyValue"]);
            return Err(format!("unknown set operator `{prefix}`{hint}"));
        }
        None => (Quantifier::One, written),
    };
    let (name, presence) = match name.strip_suffix("IfExists") {
        Some(name) => (name, Presence::IfExists),
        None => (name, Presence::Required),
    };
    let Some(operator) = operators::find(name) else {
        let names = OPERATORS.iter().map(|operator| operator.name);
        let hint = document::did_you_mean(name, names);
        return Err(format!("unknown condition operator `{name}`{hint}"));
    };
    let plain = quantifier == Quantifier::One && presence == Presence::Required;
    if !plain && !operator.compare.takes_modifiers() {
        return Err(format!(
            "`{name}` takes neither a set operator nor `IfExists`"
        ));
    }
    Ok(Test {
        quantifier,
        operator,
        presence,
    })
}
