//! Sets of actions, one bit each.

use super::glob::{Glob, Variables, Wildcards};
use crate::s3::actions::Action;

const WORDS: usize = Action::ALL.len().div_ceil(64);

/// A set of the actions of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ActionSet([u64; WORDS]);

impl ActionSet {
    /// The actions that a pattern such as `s3:Get*` names. Case does not count.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
    pub(crate) fn named(pattern: &str) -> Self {
        let lower = pattern.to_ascii_lowercase();
        let Ok(glob) = Glob::parse(&lower, Wildcards::Match, Variables::Literal) else {
            return Self::default();
        };
        let named = |action: &&Action| glob.matches_text(&action.name().to_ascii_lowercase());
        Action::ALL.iter().filter(named).copied().collect()
    }

    pub(crate) fn contains(&self, action: Action) -> bool {
        let (word, bit) = place(action);
        self.0.get(word).is_some_and(|bits| bits & bit != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Action> {
        let all = Action::ALL.iter().copied();
        all.filter(|action| self.contains(*action))
    }

    pub(crate) fn union(mut self, other: &Self) -> Self {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
        self
    }

    /// Every action of the table that is not in this set.
    pub(crate) fn complement(&self) -> Self {
        let all = Action::ALL.iter().copied();
        all.filter(|action| !self.contains(*action)).collect()
    }
}

impl FromIterator<Action> for ActionSet {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        let mut set = Self::default();
        for action in actions {
            let (word, bit) = place(action);
            if let Some(bits) = set.0.get_mut(word) {
                *bits |= bit;
            }
        }
        set
    }
}

fn place(action: Action) -> (usize, u64) {
    let index = action as usize;
    (index / 64, 1 << (index % 64))
}
