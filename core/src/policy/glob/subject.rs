//! A text that patterns are matched against.

use super::Segment;
use super::positions::Positions;
use super::values::Values;
use std::cell::Cell;

/// A text; one for all patterns, so that what is learned of it for one serves the others.
pub(crate) struct Subject<'t> {
    text: &'t str,
    /// Patterns that have been looked for within the text.
    searches: Cell<usize>,
    /// Boxed, as most texts never have them and are passed around.
    positions: Cell<Option<Box<Positions>>>,
}

/// Texts so short, and so many searches, are faster without a table of positions.
const SHORT: usize = 32;
const FEW: usize = 2;

impl<'t> Subject<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self {
            text,
            searches: Cell::new(0),
            positions: Cell::new(None),
        }
    }

    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// Whether all segments stand one behind the other in the part of the text that begins at the byte `start`.
    pub(super) fn find_all(
        &self,
        segments: &[Segment],
        start: usize,
        part: &str,
        values: &Values<'_>,
    ) -> Option<()> {
        if segments.is_empty() {
            return Some(());
        }
        self.searches.set(self.searches.get() + 1);
        let many = self.searches.get() > FEW || !segments.iter().all(Segment::is_literal);
        if many && part.len() > SHORT {
            return self.find_by_positions(segments, start, part, values);
        }
        let mut segments = segments.iter();
        let rest = segments.try_fold(part, |text, segment| segment.find(text, values));
        rest.map(|_| ())
    }

    fn find_by_positions(
        &self,
        segments: &[Segment],
        start: usize,
        part: &str,
        values: &Values<'_>,
    ) -> Option<()> {
        let before = self.text.get(..start)?.chars().count();
        let after = self.text.get(start + part.len()..)?.chars().count();
        let positions = self.positions.take();
        let mut positions = positions.unwrap_or_else(|| Box::new(Positions::of(self.text)));
        let found = positions.find_all(segments, before, after, values);
        self.positions.set(Some(positions));
        found
    }
}
