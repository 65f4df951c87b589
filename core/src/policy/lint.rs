//! What is allowed to stand in a policy, but is probably not meant.
//!
//! A finding is a [`Rule`] of the table in `rules`, a place in the document as written, and a message about that
//! place. A rule that cannot be sure is silent: each has its nearest harmless neighbour among its tests. [`lint`] is
//! the way in; what `Policy::compile` notices on its way is reported as findings of the same table.

mod actions;
mod conditions;
mod contradiction;
mod principals;
mod public;
mod rules;
mod shadow;
mod written;

pub use rules::{Rule, Severity};

use super::{Policy, PolicyKind};
use crate::document::Place;
use std::fmt;
use written::Document;

/// Something in a policy that is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule it breaks.
    pub rule: Rule,
    /// Where.
    pub at: Place,
    /// Lower case, no full stop; what was written in backticks.
    pub message: String,
}

impl Finding {
    pub(super) fn new(rule: Rule, at: Place, message: impl Into<String>) -> Self {
        Self {
            rule,
            at,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.at;
        write!(f, "{line}:{column}: {} [{}]", self.message, self.rule.id())
    }
}

/// Everything in a policy that is probably not meant, in the order of the document. `kind` is what it was compiled as.
pub fn lint(policy: &Policy, kind: PolicyKind<'_>) -> Vec<Finding> {
    let document = Document::read(policy.document());
    let mut findings = Vec::new();
    findings.extend(no_version(&document));
    public::check(policy, &document, &mut findings);
    principals::check(&document, kind, &mut findings);
    actions::check(&document, kind, &mut findings);
    conditions::check(policy, &document, kind, &mut findings);
    contradiction::check(policy, &document, &mut findings);
    shadow::check(&document, &mut findings);
    findings.sort_by_key(|finding| (finding.at, finding.rule));
    findings
}

fn no_version(document: &Document<'_>) -> Option<Finding> {
    let message =
        "without `Version` this is read as version `2008-10-17`, which knows no policy variables";
    (document.version.is_none()).then(|| Finding::new(Rule::NoVersion, document.at, message))
}

#[cfg(test)]
mod tests;
