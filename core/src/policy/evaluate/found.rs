//! What a search for statements finds, and what becomes of it.

use crate::policy::truth::Truth;
use crate::policy::{Deciding, Decision, Layer, Missing, Origin, Policy, Statement, Verdict};
use std::sync::{Arc, LazyLock};

/// A statement that decides, a grant of an ACL by its position, the root user's right, or a statement that makes its
/// bucket policy public.
#[derive(Debug, Clone, Copy)]
pub(in crate::policy) enum Source<'p> {
    Statement(Layer, &'p Policy, &'p Statement),
    Grant(usize),
    Root,
    Public(&'p Policy, &'p Statement),
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
    pub(super) fn denied(by: Source<'_>) -> Self {
        Self {
            verdict: Verdict::ExplicitDeny,
            by: Some(by.deciding()),
            with: None,
        }
    }

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
            Self::Statement(layer, policy, statement) => at(layer, policy, statement),
            Self::Public(policy, statement) => at(Layer::PublicAccess, policy, statement),
            Self::Grant(position) => Deciding {
                statement: position,
                ..without_document(Layer::Acl, &ACL)
            },
            Self::Root => without_document(Layer::Root, &ROOT),
        }
    }
}

fn at(layer: Layer, policy: &Policy, statement: &Statement) -> Deciding {
    Deciding {
        layer,
        origin: Arc::clone(&policy.origin),
        sid: statement.sid.clone(),
        statement: statement.position,
        line: statement.line,
    }
}

fn without_document(layer: Layer, origin: &Arc<Origin>) -> Deciding {
    Deciding {
        layer,
        origin: Arc::clone(origin),
        sid: None,
        statement: 0,
        line: 0,
    }
}

// Shared, so that an allow by these does not allocate either.
static ROOT: LazyLock<Arc<Origin>> = LazyLock::new(|| origin("the root user of the account"));
static ACL: LazyLock<Arc<Origin>> = LazyLock::new(|| origin("the access control list"));

fn origin(source: &str) -> Arc<Origin> {
    Arc::new(Origin {
        source: source.into(),
    })
}
