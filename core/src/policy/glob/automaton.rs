//! Many patterns run over a text at once: one bit for each character of each pattern, and a step for each character of
//! the text, whatever either is made of. For lists in which every pattern would be looked for on its own.
//!
//! A state says how far a pattern has matched: its first, that nothing has been read; each further one, that its
//! character has. A `*` lets the state before it stay. So a step moves every bit on by one, keeps those whose character
//! it is, and adds those that stay.
//!
//! States that follow each other are in words that follow each other, so that a bit moves on without being shifted; only
//! from the last word to the first it takes the next place.

use super::{Glob, Piece};

/// Patterns without variables.
#[derive(Debug)]
pub(crate) struct Automaton {
    /// The characters of the patterns, sorted; each has a row.
    characters: Box<[char]>,
    /// For each character the states that it leads to; the last row is that of all other characters.
    rows: Box<[u64]>,
    /// States in which a text may begin; before a `*`; at the end of a pattern.
    begin: Box<[u64]>,
    stay: Box<[u64]>,
    end: Box<[u64]>,
}

/// A state, and what leads to it.
enum Step {
    Begin,
    Character(char),
    Any,
}

impl Automaton {
    /// None if one of the patterns has variables.
    pub(crate) fn of(globs: &[Glob]) -> Option<Self> {
        let (mut steps, mut stay, mut end) = (Vec::new(), Vec::new(), Vec::new());
        for glob in globs {
            steps.push(Step::Begin);
            for (index, segment) in glob.segments.iter().enumerate() {
                if index > 0 {
                    stay.push(steps.len() - 1);
                }
                for piece in &segment.pieces {
                    match piece {
                        Piece::Text(text) => steps.extend(text.chars().map(Step::Character)),
                        Piece::One => steps.push(Step::Any),
                        Piece::Variable(_) => return None,
                    }
                }
            }
            end.push(steps.len() - 1);
        }
        Some(Self::with(&steps, &stay, &end))
    }

    fn with(steps: &[Step], stay: &[usize], end: &[usize]) -> Self {
        let words = steps.len().div_ceil(64);
        let places = |wanted: &dyn Fn(&Step) -> bool| {
            let wanted = |(at, step)| wanted(step).then_some(at);
            bits(words, steps.iter().enumerate().filter_map(wanted))
        };
        let mut characters: Vec<char> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Character(character) => Some(*character),
                Step::Begin | Step::Any => None,
            })
            .collect();
        characters.sort_unstable();
        characters.dedup();
        let row = |character: Option<char>| {
            places(&|step| match step {
                Step::Begin => false,
                Step::Character(wanted) => Some(*wanted) == character,
                Step::Any => true,
            })
        };
        let rows = characters.iter().map(|known| Some(*known)).chain([None]);
        Self {
            rows: rows.flat_map(row).collect(),
            characters: characters.into(),
            begin: places(&|step| matches!(step, Step::Begin)),
            stay: bits(words, stay.iter().copied()),
            end: bits(words, end.iter().copied()),
        }
    }

    /// Whether one of the patterns matches the whole text.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let words = self.begin.len();
        // A word in front, for what comes into the first out of the last.
        let mut now = vec![0; words + 1];
        let mut next = now.clone();
        for (word, begin) in now.iter_mut().skip(1).zip(&self.begin) {
            *word = *begin;
        }
        for character in text.chars() {
            let at = self.characters.binary_search(&character);
            let at = at.unwrap_or(self.characters.len()) * words;
            let Some(row) = self.rows.get(at..at + words) else {
                return false;
            };
            let moved = now.last().map_or(0, |last| last << 1);
            if let Some(front) = now.first_mut() {
                *front = moved;
            }
            let (Some(current), Some(to)) = (now.get(1..), next.get_mut(1..)) else {
                return false;
            };
            let leads = row.iter().zip(&self.stay);
            let from = now.iter().zip(current);
            for ((to, (before, from)), (row, stay)) in to.iter_mut().zip(from).zip(leads) {
                *to = (before & row) | (from & stay);
            }
            std::mem::swap(&mut now, &mut next);
        }
        let mut states = now.iter().skip(1).zip(&self.end);
        states.any(|(state, end)| state & end != 0)
    }
}

fn bits(words: usize, places: impl Iterator<Item = usize>) -> Box<[u64]> {
    let mut set = vec![0; words];
    for at in places {
        if let Some(word) = set.get_mut(at % words) {
            *word |= 1 << (at / words);
        }
    }
    set.into()
}
