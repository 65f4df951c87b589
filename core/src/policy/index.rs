//! Which statements can match an action and a resource, found without asking each.
//!
//! Actions that exactly the same statements name are one class. Each class has its statements filed under the literal
//! beginnings of their resources: `arn:aws:s3:::lake/events/*/x` under `lake/events/`. What is found may still not
//! match; what is not found cannot.

use super::Statement;
use super::prefixes::Prefixes;
use crate::s3::actions::Action;
use std::collections::BTreeMap;

/// A statement by its document and its place among the statements of its effect there. In this order they are named
/// when several decide alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) document: u32,
    pub(super) statement: u32,
}

/// The statements of one effect in one or several documents.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// For each action of the table its class.
    class_of: Box<[u16]>,
    classes: Box<[Prefixes<Place>]>,
}

impl Index {
    /// The index of these lists of statements, one for each document.
    pub(super) fn of<'s>(documents: impl IntoIterator<Item = &'s [Statement]>) -> Self {
        let places: Vec<(Place, &Statement)> = documents
            .into_iter()
            .enumerate()
            .flat_map(|(document, list)| places(document, list))
            .filter(|(_, statement)| !statement.conditions.never_hold())
            .collect();
        let mut classes: Vec<Prefixes<Place>> = Vec::new();
        let mut known: BTreeMap<Vec<Place>, u16> = BTreeMap::new();
        let class_of = Action::ALL.iter().map(|action| {
            let named = || {
                places
                    .iter()
                    .filter(|(_, each)| each.actions.contains(*action))
            };
            *known
                .entry(named().map(|(place, _)| *place).collect())
                .or_insert_with(|| {
                    classes.push(named().flat_map(filed).collect());
                    u16::try_from(classes.len() - 1).unwrap_or(u16::MAX)
                })
        });
        Self {
            class_of: class_of.collect(),
            classes: classes.into(),
        }
    }

    /// Lists of statements in their order, each statement in one of them at most.
    pub(super) fn candidates(
        &self,
        action: Action,
        resource: &str,
    ) -> impl Iterator<Item = &[Place]> {
        let class = self.class_of.get(action as usize);
        let class = class.and_then(|class| self.classes.get(usize::from(*class)));
        class
            .into_iter()
            .flat_map(move |statements| statements.beginning(resource))
    }
}

fn places(document: usize, list: &[Statement]) -> impl Iterator<Item = (Place, &Statement)> {
    let number = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    list.iter().enumerate().map(move |(index, statement)| {
        let place = Place {
            document: number(document),
            statement: number(index),
        };
        (place, statement)
    })
}

/// A statement under each beginning of its resources, of which no two begin the same text.
fn filed<'s>(entry: &'s (Place, &'s Statement)) -> impl Iterator<Item = (Box<str>, Place)> {
    let (place, statement) = entry;
    let beginnings = statement.resources.beginnings().into_iter();
    beginnings.map(|prefix| (prefix.into(), *place))
}
