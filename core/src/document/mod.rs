//! JSON and YAML read into a tree in which every value knows its line and column, duplicate keys are errors,
//! and depth is bounded. Policies, identities and configuration are read from it.

/// A place in a text; both from 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    pub line: u32,
    pub column: u32,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: Value,
    pub at: Place,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// As written, so that nothing is rounded.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One entry of a map, in the order written.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub name: String,
    pub at: Place,
    pub value: Node,
}

/// A complaint about a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}", at = Shown(*at))]
pub struct Problem {
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
