//! The fields of a case, and reading one with every problem at its place.

use crate::document::{Node, Place, Problem, Value, did_you_mean};

/// What a case may say; a rule and the defaults of a file may say the same.
pub const FIELDS: [&str; 20] = [
    "name",
    "rule",
    "source",
    "bucket_policy",
    "identity_policies",
    "permission_boundary",
    "session_policy",
    "resource_control_policies",
    "service_control_policies",
    "block_public_access",
    "acl",
    "principal",
    "bucket_owner_account",
    "action",
    "resource",
    "context",
    "statement",
    "expected",
    "by",
    "why",
];

/// Those of them that hold policies in which a statement may name a principal.
pub(super) const WITH_PRINCIPAL: [&str; 2] = ["bucket_policy", "resource_control_policies"];

/// What is wrong, collected while everything is read.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, at: Place, message: impl Into<String>) {
        self.0.push(Problem::new(at, message));
    }

    /// All of them, in the order of the document. What several cases take over is reported once.
    pub(super) fn sorted(self) -> Vec<Problem> {
        let mut problems = self.0;
        problems.sort_by(|one, other| (one.at, &one.message).cmp(&(other.at, &other.message)));
        problems.dedup();
        problems
    }

    /// Whether this is a map; a complaint if not, and about every other name in it.
    pub(super) fn map(&mut self, node: &Node, what: &str, names: &[&str]) -> bool {
        for entry in node.entries() {
            if !names.contains(&entry.name.as_str()) {
                let hint = did_you_mean(&entry.name, names.iter().copied());
                self.add(entry.at, format!("unknown field `{}`{hint}", entry.name));
            }
        }
        self.is_map(node, what)
    }

    /// Whether this is a map; a complaint if not.
    pub(super) fn is_map(&mut self, node: &Node, what: &str) -> bool {
        let is_map = matches!(node.value, Value::Map(_));
        if !is_map {
            self.add(node.at, format!("{what} is a map, not {}", node.kind()));
        }
        is_map
    }

    /// The elements of a list; none and a complaint if it is something else.
    pub(super) fn items<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
                self.add(node.at, format!("{what} is a list, not {}", node.kind()));
                &[]
            }
        }
    }

    /// A text that may be left out.
    pub(super) fn text<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n str> {
        let value = given(node, name)?;
        let text = value.text();
        if text.is_none() {
            let hint = match value.value {
                Value::Number(_) | Value::Bool(_) => ": put it in quotes",
                Value::Null | Value::Text(_) | Value::List(_) | Value::Map(_) => "",
            };
            let message = format!("`{name}` is a text, not {}{hint}", value.kind());
            self.add(value.at, message);
        }
        text
    }

    /// A text that must be there.
    pub(super) fn required<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n str> {
        if given(node, name).is_none() {
            self.add(node.at, format!("`{name}` is missing"));
        }
        self.text(node, name)
    }

    /// A text that must be there and mean something.
    pub(super) fn parsed<T>(
        &mut self,
        node: &Node,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let parsed = parse(self.required(node, name)?);
        let at = node.get(name).map_or(node.at, |value| value.at);
        parsed.map_err(|message| self.add(at, message)).ok()
    }

    /// A text that may be left out and otherwise means one of `all`, each of which has a name.
    pub(super) fn one_of<T>(
        &mut self,
        node: &Node,
        field: &str,
        all: impl IntoIterator<Item = T>,
        name: fn(&T) -> &'static str,
    ) -> Option<T> {
        let text = self.text(node, field)?;
        let mut names = Vec::new();
        for one in all {
            if name(&one) == text {
                return Some(one);
            }
            names.push(name(&one));
        }
        let hint = did_you_mean(text, names.iter().copied());
        let known = match hint.is_empty() {
            true => format!("; it is one of `{}`", names.join("`, `")),
            false => hint,
        };
        let at = node.get(field).map_or(node.at, |value| value.at);
        self.add(at, format!("`{field}` cannot be `{text}`{known}"));
        None
    }
}

/// A field that is there and not null.
pub(super) fn given<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    node.get(name).filter(|value| value.value != Value::Null)
}
