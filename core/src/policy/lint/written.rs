//! A policy as it is written: its statements with what stands where, for a document that compiled.

use crate::context::Key;
use crate::document::{Entry, Node, Place};
use crate::policy::Effect;
use crate::policy::action_set::ActionSet;
use crate::policy::compile::{list, read_operator, scalar};
use crate::policy::conditions::{Presence, Quantifier};
use crate::policy::operators::{Compare, Operator, Sense};
use crate::policy::principals::{self, Pattern};

/// A document.
pub(super) struct Document<'d> {
    pub(super) at: Place,
    pub(super) version: Option<&'d Node>,
    pub(super) statements: Vec<Statement<'d>>,
}

/// A statement.
pub(super) struct Statement<'d> {
    pub(super) node: &'d Node,
    /// From 0.
    pub(super) position: usize,
    pub(super) effect: Effect,
    /// None in a policy that has a holder.
    pub(super) principals: Option<Element<'d, Pattern>>,
    pub(super) actions: Element<'d, ActionSet>,
    pub(super) resources: Element<'d, ()>,
    pub(super) conditions: Vec<Condition<'d>>,
}

/// `Action` or `NotAction` and the like.
pub(super) struct Element<'d, T> {
    pub(super) at: Place,
    pub(super) negated: bool,
    pub(super) entries: Vec<Item<'d, T>>,
}

/// One entry of an element.
pub(super) struct Item<'d, T> {
    pub(super) text: &'d str,
    pub(super) at: Place,
    pub(super) means: T,
}

/// One key under one operator.
pub(super) struct Condition<'d> {
    pub(super) at: Place,
    /// The operator as written, with prefix and suffix.
    pub(super) written: &'d str,
    pub(super) operator: &'static Operator,
    pub(super) quantifier: Quantifier,
    pub(super) presence: Presence,
    pub(super) key: Key,
    pub(super) values: Vec<(String, Place)>,
}

impl<'d> Document<'d> {
    pub(super) fn read(node: &'d Node) -> Self {
        let statements = node.get("Statement").map(list).unwrap_or_default();
        let statements = statements.iter().enumerate();
        Self {
            at: node.at,
            version: node.get("Version"),
            statements: statements
                .filter_map(|(position, node)| Statement::read(node, position))
                .collect(),
        }
    }

    /// Whether `${…}` is a variable.
    pub(super) fn has_variables(&self) -> bool {
        self.version.and_then(Node::text) == Some("2012-10-17")
    }
}

impl<'d> Statement<'d> {
    fn read(node: &'d Node, position: usize) -> Option<Self> {
        let effect = match node.get("Effect").and_then(Node::text)? {
            "Deny" => Effect::Deny,
            _ => Effect::Allow,
        };
        Some(Self {
            node,
            position,
            effect,
            principals: element(node, "Principal", "NotPrincipal", named_principals),
            actions: element(node, "Action", "NotAction", |entry| {
                texts(&entry.value, ActionSet::named)
            })?,
            resources: element(node, "Resource", "NotResource", |entry| {
                texts(&entry.value, |_| ())
            })?,
            conditions: conditions(node),
        })
    }

    /// Its Sid in backticks, or where it is.
    pub(super) fn name(&self) -> String {
        match self.node.get("Sid").and_then(Node::text) {
            Some(sid) if !sid.is_empty() => format!("`{sid}`"),
            Some(_) | None => format!("the one on line {}", self.node.at.line),
        }
    }

    /// The actions it is about.
    pub(super) fn all_actions(&self) -> ActionSet {
        let entries = self.actions.entries.iter();
        let named = entries.fold(ActionSet::default(), |all, item| all.union(&item.means));
        match self.actions.negated {
            true => named.complement(),
            false => named,
        }
    }
}

impl Condition<'_> {
    /// Whether it holds only for requests that have the key.
    pub(super) fn needs_value(&self) -> bool {
        match (self.operator.compare, self.quantifier) {
            (Compare::Null, _) => self.is_null("false"),
            (_, Quantifier::ForAllValues) => false,
            (_, Quantifier::ForAnyValue) => self.presence == Presence::Required,
            (_, Quantifier::One) => {
                self.presence == Presence::Required && self.operator.sense == Sense::Positive
            }
        }
    }

    /// Whether it is `Null` with this value alone.
    pub(super) fn is_null(&self, wanted: &str) -> bool {
        let mut values = self.values.iter();
        self.operator.compare == Compare::Null
            && values.all(|(value, _)| value.eq_ignore_ascii_case(wanted))
    }
}

fn element<'d, T>(
    statement: &'d Node,
    plain: &str,
    negated: &str,
    read: impl Fn(&'d Entry) -> Vec<Item<'d, T>>,
) -> Option<Element<'d, T>> {
    let mut entries = statement.entries().iter();
    let entry = entries.find(|entry| entry.name == plain || entry.name == negated)?;
    Some(Element {
        at: entry.at,
        negated: entry.name == negated,
        entries: read(entry),
    })
}

fn texts<'d, T>(node: &'d Node, read: impl Fn(&str) -> T) -> Vec<Item<'d, T>> {
    let nodes = list(node).iter();
    nodes
        .filter_map(|node| {
            let text = node.text()?;
            Some(Item {
                text,
                at: node.at,
                means: read(text),
            })
        })
        .collect()
}

fn named_principals(entry: &Entry) -> Vec<Item<'_, Pattern>> {
    if let Some(text) = entry.value.text() {
        return vec![Item {
            text,
            at: entry.value.at,
            means: Pattern::Everyone,
        }];
    }
    let kinds = entry.value.entries().iter();
    kinds
        .flat_map(|kind| {
            texts(&kind.value, |text| principals::read(&kind.name, text))
                .into_iter()
                .filter_map(|item| {
                    Some(Item {
                        text: item.text,
                        at: item.at,
                        means: item.means?,
                    })
                })
        })
        .collect()
}

fn conditions(statement: &Node) -> Vec<Condition<'_>> {
    let blocks = statement.get("Condition").map(Node::entries);
    let blocks = blocks.unwrap_or_default().iter();
    blocks.flat_map(block).collect()
}

fn block(block: &Entry) -> Vec<Condition<'_>> {
    let Ok(test) = read_operator(&block.name) else {
        return Vec::new();
    };
    let entries = block.value.entries().iter();
    entries
        .map(|entry| Condition {
            at: entry.at,
            written: &block.name,
            operator: test.operator,
            quantifier: test.quantifier,
            presence: test.presence,
            key: Key::parse(&entry.name)
                .unwrap_or_else(|| Key::Foreign(entry.name.as_str().into())),
            values: list(&entry.value)
                .iter()
                .filter_map(|node| Some((scalar(node)?, node.at)))
                .collect(),
        })
        .collect()
}
