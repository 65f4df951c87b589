//! Several policies of one layer, searched as one.

use super::evaluate::{Found, Source};
use super::glob::Subject;
use super::index::{Index, Place};
use super::principals::Naming;
use super::truth::Truth;
use super::{Effect, Layer, Policy, Question, Statement};
use crate::context::Context;
use std::sync::Arc;

/// The policies of one layer. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct PolicySet(Arc<Indexed>);

#[derive(Debug, Default)]
struct Indexed {
    documents: Box<[Arc<Policy>]>,
    denies: Index,
    allows: Index,
}

impl PolicySet {
    /// The documents, in the order in which they are named when several decide alike.
    pub fn documents(&self) -> &[Arc<Policy>] {
        &self.0.documents
    }

    /// The first statement of this effect that applies and names the caller as wanted.
    pub(super) fn find<'p, C: Context>(
        &'p self,
        effect: Effect,
        layer: Layer,
        question: &Question<'_, C>,
        wanted: impl Fn(Naming) -> bool + Copy,
    ) -> Found<'p> {
        let index = match effect {
            Effect::Deny => &self.0.denies,
            Effect::Allow => &self.0.allows,
        };
        first(index, question, |place, resource| {
            let Some((policy, statement)) = self.at(effect, place) else {
                return Found::No;
            };
            policy.ask(statement, effect, layer, resource, question, wanted)
        })
    }

    fn at(&self, effect: Effect, place: Place) -> Option<(&Policy, &Statement)> {
        let policy = self
            .0
            .documents
            .get(usize::try_from(place.document).ok()?)?;
        Some((policy, policy.at(effect, place)?))
    }
}

impl From<Vec<Arc<Policy>>> for PolicySet {
    fn from(policies: Vec<Arc<Policy>>) -> Self {
        let index = |effect| Index::of(policies.iter().map(|each| &*each.statements(effect).list));
        Self(Arc::new(Indexed {
            denies: index(Effect::Deny),
            allows: index(Effect::Allow),
            documents: policies.into(),
        }))
    }
}

impl FromIterator<Arc<Policy>> for PolicySet {
    fn from_iter<I: IntoIterator<Item = Arc<Policy>>>(policies: I) -> Self {
        policies.into_iter().collect::<Vec<_>>().into()
    }
}

impl Policy {
    /// The first statement of this effect that applies and names the caller as wanted.
    pub(super) fn find<'p, C: Context>(
        &'p self,
        effect: Effect,
        layer: Layer,
        question: &Question<'_, C>,
        wanted: impl Fn(Naming) -> bool,
    ) -> Found<'p> {
        first(
            &self.statements(effect).index,
            question,
            |place, resource| {
                self.at(effect, place).map_or(Found::No, |statement| {
                    self.ask(statement, effect, layer, resource, question, &wanted)
                })
            },
        )
    }

    fn at(&self, effect: Effect, place: Place) -> Option<&Statement> {
        let index = usize::try_from(place.statement).ok()?;
        self.statements(effect).list.get(index)
    }

    /// Whether one of its statements applies and names the caller as wanted.
    fn ask<'p, C: Context>(
        &'p self,
        statement: &'p Statement,
        effect: Effect,
        layer: Layer,
        resource: &Subject<'_>,
        question: &Question<'_, C>,
        wanted: impl Fn(Naming) -> bool,
    ) -> Found<'p> {
        let naming = || statement.principals.name(question.principal);
        if !self.counts_in(question.view) || !naming().is_some_and(wanted) {
            return Found::No;
        }
        match statement.applies(effect, resource, question) {
            Truth::Yes => Found::Yes(Source::Statement(layer, self, statement)),
            Truth::Unknown => Found::Unknown,
            Truth::No | Truth::Undecidable => Found::No,
        }
    }
}

/// What is found at the first place at which something is; otherwise whether there may be something.
fn first<'p, C: Context>(
    index: &Index,
    question: &Question<'_, C>,
    ask: impl Fn(Place, &Subject<'_>) -> Found<'p>,
) -> Found<'p> {
    let resource = Subject::of(question.resource);
    let mut result = (None, Found::No);
    for places in index.candidates(question.action, question.resource) {
        for place in places {
            if result.0.is_some_and(|earlier| earlier < *place) {
                break;
            }
            match (ask(*place, &resource), result.1) {
                (found @ Found::Yes(_), _) => result = (Some(*place), found),
                (Found::Unknown, Found::No) => result.1 = Found::Unknown,
                (Found::Unknown | Found::No, _) => (),
            }
        }
    }
    result.1
}

#[cfg(test)]
mod tests;
