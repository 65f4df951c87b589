//! Where each character stands in a text: one bit for each place, so that a segment is looked for at 64 places at once.
//!
//! A segment `a?b` stands at a place if `a` is there and `b` two further on: the places of `a`, and those of `b` moved
//! by two, have a bit in common. So a search costs one step for each character of the segment and each 64 places of
//! the text, whatever they are made of, and `?` costs nothing.

/// The places of every character of a text.
#[derive(Debug)]
pub(super) struct Positions {
    /// For each ASCII character its row; 0 if it is nowhere.
    ascii: [usize; 128],
    /// Other characters and their rows, sorted.
    others: Vec<(char, usize)>,
    /// One bit for each place; row 0 has none. Behind each row stand `BLOCK` empty words, so that a block can be read
    /// from anywhere within it.
    rows: Vec<u64>,
    /// Words of a row, with the empty ones.
    stride: usize,
}

/// Words that are searched together: the compiler keeps them in vector registers.
const BLOCK: usize = 8;

impl Positions {
    pub(super) fn of(text: &str) -> Self {
        let stride = text.chars().count() / 64 + 1 + BLOCK;
        let mut positions = Self {
            ascii: [0; 128],
            others: Vec::new(),
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

    /// The leftmost place within `from..=to` at which all these characters stand, each so far behind the place as the
    /// number beside it says.
    pub(super) fn find(
        &self,
        from: usize,
        to: usize,
        characters: &[(usize, char)],
    ) -> Option<usize> {
        let here = |(_, character): &(usize, char)| self.row(*character) != 0;
        if from > to || !characters.iter().all(here) {
            return None;
        }
        let first = from / 64;
        // Most searches end near to where they begin: the first word alone, then whole blocks.
        let near = self.search::<1>(first, characters, from);
        let found = near.or_else(|| {
            let blocks = (first + 1..=to / 64).step_by(BLOCK);
            blocks
                .filter_map(|word| self.search::<BLOCK>(word, characters, from))
                .next()
        });
        found.filter(|place| *place <= to)
    }

    /// The leftmost place in `N` words from `first` that is not before `from`.
    fn search<const N: usize>(
        &self,
        first: usize,
        characters: &[(usize, char)],
        from: usize,
    ) -> Option<usize> {
        let mut places = [u64::MAX; N];
        if let Some(word) = places.first_mut().filter(|_| first == from / 64) {
            *word <<= from % 64;
        }
        for (checked, (behind, character)) in characters.iter().enumerate() {
            let start = self.row(*character) * self.stride + first + behind / 64;
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
        let found = places.iter().position(|word| *word != 0)?;
        let bit = places.get(found)?.trailing_zeros();
        Some((first + found) * 64 + usize::try_from(bit).ok()?)
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
        let row = self.rows.len() / self.stride;
        self.rows.resize(self.rows.len() + self.stride, 0);
        match self.ascii.get_mut(character as usize) {
            Some(place) => *place = row,
            None => {
                let at = self.others.partition_point(|(other, _)| *other < character);
                self.others.insert(at, (character, row));
            }
        }
        row
    }
}
