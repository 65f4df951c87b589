//! Patterns of which one must match, filed under their literal beginnings: of a long list only those are tried whose
//! beginning the text has.

use super::glob::{Glob, Matched, Subject};
use super::prefixes::Prefixes;
use super::truth::Truth;
use crate::context::Context;

/// A list of patterns.
#[derive(Debug)]
pub(crate) struct Globs(Prefixes<Glob>);

impl Globs {
    /// Whether one matches. A pattern with a variable without value matches nothing.
    pub(crate) fn match_any<C: Context>(&self, text: &Subject<'_>, context: &C) -> Truth {
        self.any(text, |glob| glob.matches(text, context))
    }

    /// As [`Globs::match_any`] for patterns in lower case, ignoring the case of text and variables.
    pub(crate) fn match_any_ignoring_case<C: Context>(&self, text: &str, context: &C) -> Truth {
        let lower = text.to_lowercase();
        let lower = Subject::of(&lower);
        self.any(&lower, |glob| glob.matches_ignoring_case(&lower, context))
    }

    fn any(&self, text: &Subject<'_>, test: impl Fn(&Glob) -> Matched) -> Truth {
        let likely = self.0.beginning(text.text()).flatten();
        Truth::any(likely.map(|glob| test(glob).truth()))
    }

    /// All patterns, sorted by their beginnings.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Glob> {
        self.0.iter()
    }
}

impl FromIterator<Glob> for Globs {
    fn from_iter<I: IntoIterator<Item = Glob>>(globs: I) -> Self {
        let filed = |glob: Glob| (glob.literal_prefix().into(), glob);
        Self(globs.into_iter().map(filed).collect())
    }
}
