//! What a case takes over from its rule and its file, and a statement from `statement`.

use crate::document::{Entry, Node, Value};

/// The entries of a map, and those of `base` for which it has neither the name nor its opposite (`NotAction` for
/// `Action`). Of contexts and statements the entries within are taken over in the same way.
pub(super) fn filled(node: &Node, base: &Node) -> Node {
    let mut entries = node.entries().to_vec();
    for entry in base.entries() {
        match entries
            .iter_mut()
            .find(|known| same(&known.name, &entry.name))
        {
            None => entries.push(entry.clone()),
            Some(known) if taken_apart(known) => known.value = filled(&known.value, &entry.value),
            Some(_) => (),
        }
    }
    map(node, entries)
}

/// Whether two names cannot both be there.
fn same(one: &str, other: &str) -> bool {
    let opposite = |a: &str, b: &str| a.strip_prefix("Not") == Some(b);
    one == other || opposite(one, other) || opposite(other, one)
}

/// A value that is no map stays as it is, so that it is complained about.
fn taken_apart(entry: &Entry) -> bool {
    let is_map = matches!(entry.value.value, Value::Map(_));
    is_map && ["context", "statement"].contains(&entry.name.as_str())
}

/// A policy of version 2012-10-17 with these statements, each with what it lacks from `base`.
pub(super) fn document(at: &Node, statements: &[Node], base: Option<&Node>) -> Node {
    let statements = statements.iter().map(|statement| match base {
        // What is no statement is the compiler's to complain about.
        Some(base) if matches!(statement.value, Value::Map(_)) => filled(statement, base),
        Some(_) | None => statement.clone(),
    });
    let statements = Value::List(statements.collect());
    let version = Value::Text("2012-10-17".to_owned());
    let entry = |name: &str, value| Entry {
        name: name.to_owned(),
        at: at.at,
        value: Node { value, at: at.at },
    };
    map(
        at,
        vec![entry("Version", version), entry("Statement", statements)],
    )
}

/// The map without the entries that `drop` names.
pub(super) fn without(node: &Node, drop: impl Fn(&str) -> bool) -> Node {
    let entries = node.entries().iter();
    let entries = entries.filter(|entry| !drop(&entry.name));
    map(node, entries.cloned().collect())
}

/// A map that stands where `at` does.
pub(super) fn map(at: &Node, entries: Vec<Entry>) -> Node {
    Node {
        value: Value::Map(entries),
        at: at.at,
    }
}
