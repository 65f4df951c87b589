//! A statement as it was written, found again in its document.

use crate::document::{Entry, Node, Value};
use crate::policy::Policy;
use std::borrow::Cow;

/// One statement of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'d>(&'d Node);

impl<'d> Written<'d> {
    /// The statement at a position; none only if the policy was not made from its document.
    pub(super) fn of(policy: &'d Policy, position: usize) -> Option<Self> {
        statements(policy).get(position).map(Self)
    }

    /// The element of one of two names.
    pub(super) fn element(&self, plain: &str, negated: &str) -> Option<&'d Entry> {
        let mut entries = self.0.entries().iter();
        entries.find(|entry| entry.name == plain || entry.name == negated)
    }

    /// The operator and the key of the condition at this position.
    pub(super) fn condition(&self, position: usize) -> Option<(&'d str, &'d Entry)> {
        let blocks = self.0.get("Condition")?.entries().iter();
        let mut conditions = blocks.flat_map(|block| {
            let keys = block.value.entries().iter();
            keys.map(|entry| (block.name.as_str(), entry))
        });
        conditions.nth(position)
    }
}

/// All statements of a document, also those about other services.
pub(super) fn statements(policy: &Policy) -> &[Node] {
    policy
        .document()
        .get("Statement")
        .map_or(&[], |node| list(node))
}

/// The texts of an element: a text, a list of them, or a map to texts as in Principal.
pub(super) fn texts(node: &Node) -> impl Iterator<Item = Cow<'_, str>> {
    let maps = node.entries().iter().flat_map(|entry| list(&entry.value));
    let plain = match node.entries() {
        [] => list(node),
        _ => &[],
    };
    plain.iter().chain(maps).filter_map(scalar)
}

/// The names of the variables in a text: what stands between `${` and a comma or `}`. Only version 2012-10-17 of the
/// language has variables; `${*}`, `${?}` and `${$}` are none.
pub(super) fn variables<'t>(policy: &Policy, text: &'t str) -> impl Iterator<Item = &'t str> {
    let version = policy.document().get("Version").and_then(Node::text);
    let text = match version {
        Some("2012-10-17") => text,
        Some(_) | None => "",
    };
    let names = text.split("${").skip(1).filter_map(|rest| {
        let end = rest.find([',', '}'])?;
        rest.get(..end).map(str::trim)
    });
    names.filter(|name| !["*", "?", "$"].contains(name))
}

fn list(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
            std::slice::from_ref(node)
        }
    }
}

fn scalar(node: &Node) -> Option<Cow<'_, str>> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(Cow::Borrowed(text)),
        Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}
