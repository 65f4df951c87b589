//! What is known of a test.

use super::Effect;

/// The outcome of a test, ordered so that "any of these" is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    /// It does not hold.
    No,
    /// No look-up would settle it: a value of the wrong form, several values where one is expected.
    Undecidable,
    /// It depends on a fact that has not been looked up.
    Unknown,
    /// It holds.
    Yes,
}

impl Truth {
    pub(crate) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Yes => Self::No,
            Self::Undecidable | Self::Unknown => self,
        }
    }

    pub(crate) fn any(tests: impl IntoIterator<Item = Self>) -> Self {
        let mut greatest = Self::No;
        for test in tests {
            greatest = greatest.max(test);
            if greatest == Self::Yes {
                break;
            }
        }
        greatest
    }

    pub(crate) fn all(tests: impl IntoIterator<Item = Self>) -> Self {
        Self::any(tests.into_iter().map(Self::not)).not()
    }

    /// What cannot be decided must not widen access: it counts as matching in a Deny and as not matching in an Allow.
    pub(crate) fn in_a(self, effect: Effect) -> Self {
        match (self, effect) {
            (Self::Undecidable, Effect::Deny) => Self::Yes,
            (Self::Undecidable, Effect::Allow) => Self::No,
            (Self::No | Self::Unknown | Self::Yes, _) => self,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}
