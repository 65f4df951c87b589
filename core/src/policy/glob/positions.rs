//! Where each character stands in a text: one bit for each place, so that a segment is looked for at 64 places at once.
//!
//! A segment `a?b` stands at a place if `a` is there and `b` two further on: the places of `a`, and those of `b` moved
//! by two, have a bit in common. So a search costs one step for each character of the segment and each 64 places of
//! the text, whatever they are made of, and `?` costs nothing. The value of a variable is looked for once and then counts
//! as one character, so that a long value cannot make a short pattern dear.

use super::values::Values;
use super::{Piece, Segment};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// The places of every character of a text, and of texts that were looked for in it.
#[derive(Debug)]
pub(super) struct Positions {
    /// Characters of the text.
    length: usize,
    /// For each ASCII character its row; 0 if it is nowhere.
    ascii: [usize; 128],
    /// Other characters and their rows, sorted.
    others: Vec<(char, usize)>,
    /// Values of variables and their rows, by their hash: a list may name each of them hundreds of times.
    texts: BTreeMap<u64, (Box<str>, usize)>,
    /// One bit for each place; row 0 has none. Behind each row stand `BLOCK` empty words, so that a block can be read
    /// from anywhere within it.
    rows: Vec<u64>,
    /// Words of a row, with the empty ones.
    stride: usize,
}

/// The row of what is looked for, and how far behind the place it must stand.
type Mark = (usize, usize);

/// Words that are searched together: the compiler keeps them in vector registers.
const BLOCK: usize = 8;

impl Positions {
    pub(super) fn of(text: &str) -> Self {
        let length = text.chars().count();
        let stride = length / 64 + 1 + BLOCK;
        let mut positions = Self {
            length,
            ascii: [0; 128],
            others: Vec::new(),
            texts: BTreeMap::new(),
            rows: vec![0; stride],
            stride,
        };
        for (at, character) in text.chars().enumerate() {
            let row = positions.row_to_write(character);
            if let Some(word) = positions.rows.get_mut(row * stride + at / 64) {
                *word |= 1 << (at % 64);
            }
        }
        positions
    }

    /// Whether these segments stand one behind the other where the text has `before` characters less at its beginning
    /// and `after` less at its end.
    pub(super) fn find_all(
        &mut self,
        segments: &[Segment],
        before: usize,
        after: usize,
        values: &Values<'_>,
    ) -> Option<()> {
        let end = self.length.checked_sub(after)?;
        let mut from = before;
        for segment in segments {
            let to = end.checked_sub(segment.length(values))?;
            let place = match &segment.fixed {
                Some((_, characters)) => {
                    let marks = characters.iter();
                    self.find(from, to, marks.map(|(behind, it)| (*behind, self.row(*it))))
                }
                None => {
                    let marks = self.marks(segment, values);
                    self.find(from, to, marks.iter().copied())
                }
            };
            from = place? + segment.length(values);
        }
        Some(())
    }

    /// Of a segment with variables, of each of which the whole value is one mark.
    fn marks(&mut self, segment: &Segment, values: &Values<'_>) -> Vec<Mark> {
        let (mut behind, mut marks) = (0, Vec::with_capacity(segment.pieces.len()));
        for piece in &segment.pieces {
            match piece {
                Piece::Text(literal) => {
                    let characters = (behind..).zip(literal.chars());
                    marks.extend(characters.map(|(behind, it)| (behind, self.row(it))));
                }
                Piece::Variable(index) => {
                    let value = values.get(*index).unwrap_or_default();
                    marks.extend(self.row_of_text(value).map(|row| (behind, row)));
                }
                Piece::One => {}
            }
            behind += piece.length(values);
        }
        marks
    }

    /// The leftmost place within `from..=to` at which all these marks stand.
    fn find(
        &self,
        from: usize,
        to: usize,
        marks: impl Iterator<Item = Mark> + Clone,
    ) -> Option<usize> {
        if from > to || marks.clone().any(|(_, row)| row == 0) {
            return None;
        }
        let first = from / 64;
        // Most searches end near to where they begin: the first word alone, then whole blocks.
        let near = self.search::<1>(first, marks.clone(), from);
        let found = near.or_else(|| {
            let blocks = (first + 1..=to / 64).step_by(BLOCK);
            blocks
                .filter_map(|word| self.search::<BLOCK>(word, marks.clone(), from))
                .next()
        });
        found.filter(|place| *place <= to)
    }

    /// The leftmost place in `N` words from `first` that is not before `from`.
    fn search<const N: usize>(
        &self,
        first: usize,
        marks: impl Iterator<Item = Mark>,
        from: usize,
    ) -> Option<usize> {
        let mut places = [u64::MAX; N];
        if let Some(word) = places.first_mut().filter(|_| first == from / 64) {
            *word <<= from % 64;
        }
        self.narrow(&mut places, first, marks)?;
        let found = places.iter().position(|word| *word != 0)?;
        let bit = places.get(found)?.trailing_zeros();
        Some((first + found) * 64 + usize::try_from(bit).ok()?)
    }

    /// Leaves of these places, which begin at the word `first`, those at which all marks stand; `None` if it is seen
    /// that there are none.
    fn narrow<const N: usize>(
        &self,
        places: &mut [u64; N],
        first: usize,
        marks: impl Iterator<Item = Mark>,
    ) -> Option<()> {
        for (checked, (behind, row)) in marks.enumerate() {
            let start = row * self.stride + first + behind / 64;
            let row = self.rows.get(start..)?;
            let (low, high) = (row.first_chunk::<N>()?, row.get(1..)?.first_chunk::<N>()?);
            let shift = behind % 64;
            for (word, (low, high)) in places.iter_mut().zip(low.iter().zip(high)) {
                // Shifted in two steps, as by 64 at once would be none.
                *word &= (low >> shift) | (high << 1 << (63 - shift));
            }
            if checked % 4 == 3 && places.iter().all(|word| *word == 0) {
                return None;
            }
        }
        Some(())
    }

    /// The row of the places at which a whole text stands; `None` for the empty one, which stands everywhere.
    fn row_of_text(&mut self, text: &str) -> Option<usize> {
        let mut characters = text.chars();
        let first = characters.next()?;
        if characters.next().is_none() {
            return Some(self.row(first));
        }
        let hash = xxh3_64(text.as_bytes());
        let known = self.texts.get(&hash);
        if let Some((_, row)) = known.filter(|(known, _)| **known == *text) {
            return Some(*row);
        }
        let Some(last) = self.length.checked_sub(text.chars().count()) else {
            return Some(0);
        };
        let row = self.add_row();
        for word in (0..=last / 64).step_by(BLOCK) {
            let marks = text.chars().enumerate();
            let marks = marks.map(|(behind, it)| (behind, self.row(it)));
            let mut places = [u64::MAX; BLOCK];
            // Row 0 narrows to nothing.
            if self.narrow(&mut places, word, marks).is_some() {
                let written = self.rows.iter_mut().skip(row * self.stride + word);
                written
                    .zip(places)
                    .for_each(|(word, places)| *word = places);
            }
        }
        self.texts.insert(hash, (text.into(), row));
        Some(row)
    }

    fn row(&self, character: char) -> usize {
        match self.ascii.get(character as usize) {
            Some(row) => *row,
            None => {
                let at = self
                    .others
                    .binary_search_by_key(&character, |(known, _)| *known);
                at.ok()
                    .and_then(|at| self.others.get(at))
                    .map_or(0, |(_, row)| *row)
            }
        }
    }

    fn row_to_write(&mut self, character: char) -> usize {
        let known = self.row(character);
        if known != 0 {
            return known;
        }
        let row = self.add_row();
        match self.ascii.get_mut(character as usize) {
            Some(place) => *place = row,
            None => {
                let at = self.others.partition_point(|(other, _)| *other < character);
                self.others.insert(at, (character, row));
            }
        }
        row
    }
    /// An empty one.
    fn add_row(&mut self) -> usize {
        let row = self.rows.len() / self.stride;
        self.rows.resize(self.rows.len() + self.stride, 0);
        row
    }
}
