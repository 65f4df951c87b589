//! What a search for statements finds, and what becomes of it.

use crate::policy::truth::Truth;
use crate::policy::{Deciding, Decision, Layer, Missing, Origin, Policy, Statement, Verdict};
use std::sync::{Arc, LazyLock};

/// A statement that decides, or the root user's right.
#[derive(Debug, Clone, Copy)]
pub(in crate::policy) enum Source<'p> {
    Statement(Layer, &'p Policy, &'p Statement),
    Root,
}

/// The result of looking for a statement.
#[derive(Debug, Clone, Copy)]
pub(in crate::policy) enum Found<'p> {
    Yes(Source<'p>),
    /// There may be one; it depends on a fact not looked up.
    Unknown,
    No,
}

/// The result of the search for allows.
pub(super) enum Outcome<'p> {
    Allow {
        by: Source<'p>,
        with: Option<Source<'p>>,
    },
    Missing(Missing),
    Unknown,
}

/// The first that is there; otherwise whether there may be one.
pub(in crate::policy) fn first<'p>(searches: impl Iterator<Item = Found<'p>>) -> Found<'p> {
    let mut result = Found::No;
    for found in searches {
        match found {
            Found::Yes(_) => return found,
            Found::Unknown => result = Found::Unknown,
            Found::No => (),
        }
    }
    result
}

impl<'p> Found<'p> {
    pub(super) fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Yes(_) => self,
            Self::Unknown => first([self, other()].into_iter()),
            Self::No => other(),
        }
    }

    pub(super) fn outcome(self, missing: Missing) -> Outcome<'p> {
        match self {
            Self::Yes(by) => Outcome::Allow { by, with: None },
            Self::Unknown => Outcome::Unknown,
            Self::No => Outcome::Missing(missing),
        }
    }

    pub(super) fn truth(self) -> Truth {
        match self {
            Self::Yes(_) => Truth::Yes,
            Self::Unknown => Truth::Unknown,
            Self::No => Truth::No,
        }
    }
}

impl Outcome<'_> {
    /// What is left under a layer that only limits. What was missing before stays the reason.
    pub(super) fn limited(self, allowed: Truth, missing: Missing) -> Self {
        match (self, allowed) {
            (Self::Missing(earlier), _) => Self::Missing(earlier),
            (outcome, Truth::Yes) => outcome,
            (Self::Allow { .. } | Self::Unknown, Truth::Unknown) => Self::Unknown,
            (Self::Allow { .. } | Self::Unknown, Truth::No | Truth::Undecidable) => {
                Self::Missing(missing)
            }
        }
    }
}

impl Decision {
    pub(super) fn plain(verdict: Verdict) -> Self {
        Self {
            verdict,
            by: None,
            with: None,
        }
    }
}

impl Source<'_> {
    pub(super) fn deciding(self) -> Deciding {
        match self {
            Self::Statement(layer, policy, statement) => Deciding {
                layer,
                origin: Arc::clone(&policy.origin),
                sid: statement.sid.clone(),
                statement: statement.position,
                line: statement.line,
            },
            Self::Root => Deciding {
                layer: Layer::Root,
                origin: root_origin(),
                sid: None,
                statement: 0,
                line: 0,
            },
        }
    }
}

/// Shared, so that the root user's allow does not allocate either.
fn root_origin() -> Arc<Origin> {
    static ROOT: LazyLock<Arc<Origin>> = LazyLock::new(|| {
        Arc::new(Origin {
            source: "the root user of the account".into(),
        })
    });
    Arc::clone(&ROOT)
}
