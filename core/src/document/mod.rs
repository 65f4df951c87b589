//! JSON and YAML read into a tree in which every value knows its line and column, duplicate keys are errors,
//! and depth is bounded. Policies, identities and configuration are read from it. Enter at [`json`] or [`yaml`].

mod json;
mod suggest;
mod yaml;

pub use json::json;
pub use suggest::{did_you_mean, suggest};
pub use yaml::yaml;

/// The deepest nesting of lists and maps that is read from JSON.
pub const MAX_DEPTH: usize = 64;

/// A place in a text; both from 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// From 1; 0 if unknown.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it begins.
    pub at: Place,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// As written, so that nothing is rounded.
    Number(String),
    /// A text, without quotes and escapes.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, no name twice.
    Map(Vec<Entry>),
}

/// One entry of a map, in the order written.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where the name begins.
    pub at: Place,
    /// Its value.
    pub value: Node,
}

/// A complaint about a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}", at = Shown(*at))]
pub struct Problem {
    /// Where it is.
    pub at: Place,
    /// Lower case, no full stop; user input in backticks.
    pub message: String,
}

struct Shown(Place);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.0.line, self.0.column)
    }
}

/// One step of a path into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPart {
    /// The entry of a map with this name.
    Key(String),
    /// The element of a list, from 0.
    Index(usize),
}

impl Node {
    /// The text, if this is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
                None
            }
        }
    }

    /// The entries in the order written; none unless this is a map.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                &[]
            }
        }
    }

    /// The value of the entry with this name, if this is a map that has one.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| &entry.value)
    }

    /// The node at the end of a path.
    pub fn find(&self, path: &[PathPart]) -> Option<&Self> {
        path.iter().try_fold(self, |node, part| match part {
            PathPart::Key(name) => node.get(name),
            PathPart::Index(index) => match &node.value {
                Value::List(items) => items.get(*index),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Text(_)
                | Value::Map(_) => None,
            },
        })
    }

    /// The same value without places. A number that is neither a 64-bit integer nor a finite double becomes a text.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(written) => {
                serde_json::from_str(written).unwrap_or_else(|_| Json::String(written.clone()))
            }
            Value::Text(text) => Json::String(text.clone()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| (entry.name.clone(), entry.value.to_json()))
                .collect(),
        }
    }

    /// What the value is, for messages: `a list`, `a text` and so on.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

impl Problem {
    /// A complaint about the value at `at`.
    pub fn new(at: Place, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}

/// The entries of one map, which refuses a name twice.
#[derive(Default)]
struct Entries {
    list: Vec<Entry>,
    seen: std::collections::HashMap<String, Place>,
}

impl Entries {
    fn push(&mut self, entry: Entry) -> Result<(), Problem> {
        if let Some(first) = self.seen.insert(entry.name.clone(), entry.at) {
            let message = format!(
                "duplicate key `{}`, first on line {}",
                entry.name, first.line
            );
            return Err(Problem::new(entry.at, message));
        }
        self.list.push(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
