//! Name patterns outside policy documents: bucket patterns of routes.

use super::glob::{Glob, Variables, Wildcards};

/// A name with `*` for any run and `?` for one character; matched as in policies, without variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern(Glob);

impl Pattern {
    /// Every text is a pattern.
    pub fn new(text: &str) -> Self {
        // Without variables there is nothing to be wrong.
        let glob = Glob::parse(text, Wildcards::Match, Variables::Literal);
        Self(glob.unwrap_or_else(|_| Glob::of(&[])))
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        self.0.matches_text(name)
    }
}
