//! A context written down: for test cases and `explain`.

use super::keys::Key;
use super::{Context, Lookup, Value};
use crate::document::{self, Node, Problem, did_you_mean};

/// Exactly the keys it was given; every other key is absent.
#[derive(Debug, Clone, Default)]
pub struct FixedContext {
    entries: Vec<(Key, Fixed)>,
}

#[derive(Debug, Clone)]
enum Fixed {
    One(String),
    Many(Vec<String>),
    Unknown,
}

impl FixedContext {
    /// Reads a map of key names to texts or lists of texts, as test cases write it.
    pub fn read(node: &Node) -> Result<Self, Vec<Problem>> {
        let mut context = Self::default();
        let mut problems = Vec::new();
        for entry in node.entries() {
            match (Key::parse(&entry.name), fixed(&entry.value)) {
                (Some(key), Some(value)) => context.entries.push((key, value)),
                (None, _) => {
                    let hint = did_you_mean(&entry.name, Key::NAMES.iter().copied());
                    let message = format!("unknown condition key `{}`{hint}", entry.name);
                    problems.push(Problem::new(entry.at, message));
                }
                (Some(_), None) => {
                    let message = "a condition key has a text or a list of texts";
                    problems.push(Problem::new(entry.value.at, message));
                }
            }
        }
        if problems.is_empty() {
            Ok(context)
        } else {
            Err(problems)
        }
    }

    /// The same context in which `key` has one value.
    pub fn with(self, key: Key, value: impl Into<String>) -> Self {
        self.and(key, Fixed::One(value.into()))
    }

    /// The same context in which `key` has a set of values.
    pub fn with_many<V: Into<String>>(self, key: Key, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.and(key, Fixed::Many(values))
    }

    /// The same context in which `key` takes a look-up that has not been made.
    pub fn with_unknown(self, key: Key) -> Self {
        self.and(key, Fixed::Unknown)
    }

    fn and(mut self, key: Key, value: Fixed) -> Self {
        self.entries.retain(|(known, _)| !known.same(&key));
        self.entries.push((key, value));
        self
    }
}

impl Context for FixedContext {
    fn lookup(&self, key: &Key) -> Lookup<'_> {
        let entry = self.entries.iter().find(|(known, _)| known.same(key));
        match entry.map(|(_, value)| value) {
            None => Lookup::Absent,
            // As a request's is compared.
            Some(Fixed::One(text)) if *key == Key::XAmzCopySource => {
                Lookup::text(text.trim_start_matches('/'))
            }
            Some(Fixed::Unknown) => Lookup::Unknown,
            Some(Fixed::One(text)) => Lookup::text(text.as_str()),
            Some(Fixed::Many(texts)) => Lookup::Many(
                texts
                    .iter()
                    .map(|text| Value::Text(text.as_str().into()))
                    .collect(),
            ),
        }
    }
}

fn fixed(node: &Node) -> Option<Fixed> {
    match &node.value {
        document::Value::List(items) => {
            let texts: Option<Vec<String>> = items.iter().map(scalar).collect();
            texts.map(Fixed::Many)
        }
        document::Value::Text(_)
        | document::Value::Number(_)
        | document::Value::Bool(_)
        | document::Value::Null
        | document::Value::Map(_) => scalar(node).map(Fixed::One),
    }
}

fn scalar(node: &Node) -> Option<String> {
    match &node.value {
        document::Value::Text(text) | document::Value::Number(text) => Some(text.clone()),
        document::Value::Bool(value) => Some(value.to_string()),
        document::Value::Null | document::Value::List(_) | document::Value::Map(_) => None,
    }
}
