//! Several policies of one layer, searched as one.

use super::evaluate::{Found, Source, first};
use super::principals::Naming;
use super::truth::Truth;
use super::{Effect, Layer, Policy, Question};
use crate::context::Context;
use std::sync::Arc;

/// The policies of one layer.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    documents: Box<[Arc<Policy>]>,
}

impl PolicySet {
    /// The documents, in the order in which they are named when several decide alike.
    pub fn documents(&self) -> &[Arc<Policy>] {
        &self.documents
    }

    /// The first statement of this effect that applies and names the caller as wanted.
    pub(super) fn find<'p, C: Context>(
        &'p self,
        effect: Effect,
        layer: Layer,
        question: &Question<'_, C>,
        wanted: impl Fn(Naming) -> bool + Copy,
    ) -> Found<'p> {
        let documents = self.documents.iter();
        first(documents.map(|policy| policy.find(effect, layer, question, wanted)))
    }
}

impl From<Vec<Arc<Policy>>> for PolicySet {
    fn from(policies: Vec<Arc<Policy>>) -> Self {
        Self {
            documents: policies.into(),
        }
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
        if !self.counts_in(question.view) {
            return Found::No;
        }
        first(
            self.statements(effect)
                .about(question.action)
                .map(|statement| {
                    let naming = statement.principals.name(question.principal);
                    if !naming.is_some_and(&wanted) {
                        return Found::No;
                    }
                    match statement.applies(effect, question) {
                        Truth::Yes => Found::Yes(Source::Statement(layer, self, statement)),
                        Truth::Unknown => Found::Unknown,
                        Truth::No | Truth::Undecidable => Found::No,
                    }
                }),
        )
    }
}
