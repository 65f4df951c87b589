//! Patterns of which one must match, filed under their literal beginnings: of a long list only those are tried whose
//! beginning the text has, and where those are many with `*` on both sides of something, all at once.

use super::glob::{Automaton, Glob, Matched, Subject};
use super::prefixes::Prefixes;
use super::truth::Truth;
use crate::context::Context;
use std::collections::BTreeMap;

/// A list of patterns.
#[derive(Debug)]
pub(crate) struct Globs(Prefixes<Group>);

/// Patterns with the same literal beginning.
#[derive(Debug)]
enum Group {
    Each(Box<[Glob]>),
    AtOnce(Automaton, Box<[Glob]>),
}

/// So many patterns that are looked for within a text cost less at once than each alone.
const MANY: usize = 32;

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
        Truth::any(likely.map(|group| match group {
            Group::Each(globs) => Truth::any(globs.iter().map(|glob| test(glob).truth())),
            Group::AtOnce(automaton, _) => automaton.matches(text.text()).into(),
        }))
    }

    /// All patterns, sorted by their beginnings.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Glob> {
        self.0.iter().flat_map(|group| match group {
            Group::Each(globs) | Group::AtOnce(_, globs) => globs,
        })
    }
}

impl FromIterator<Glob> for Globs {
    fn from_iter<I: IntoIterator<Item = Glob>>(globs: I) -> Self {
        let mut filed: BTreeMap<Box<str>, Vec<Glob>> = BTreeMap::new();
        for glob in globs {
            let beginning = glob.literal_prefix().into();
            filed.entry(beginning).or_default().push(glob);
        }
        let grouped = filed.into_iter().flat_map(|(beginning, globs)| {
            let groups = groups(globs).into_iter();
            groups.map(move |group| (beginning.clone(), group))
        });
        Self(grouped.collect())
    }
}

fn groups(globs: Vec<Glob>) -> Vec<Group> {
    let (sought, mut others): (Vec<_>, Vec<_>) = globs.into_iter().partition(Glob::is_sought);
    let mut groups = Vec::new();
    match Automaton::of(&sought).filter(|_| sought.len() >= MANY) {
        Some(automaton) => groups.push(Group::AtOnce(automaton, sought.into())),
        None => others.extend(sought),
    }
    if !others.is_empty() {
        groups.push(Group::Each(others.into()));
    }
    groups
}

#[cfg(test)]
mod tests;
