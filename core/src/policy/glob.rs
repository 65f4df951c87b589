//! Texts with `*`, `?` and policy variables, matched in time about linear in the text.
//!
//! A pattern is cut at its `*`s into segments. The first segment stands at the start of the text, the last at the
//! end, and each one between is taken at its leftmost place after the one before: going further right never helps,
//! so nothing is tried twice. How that place is found is the business of [`Subject`]. Values of variables are compared as they are and never read as patterns.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

mod automaton;
mod positions;
mod subject;
mod tokens;
mod values;

pub(crate) use automaton::Automaton;
pub(crate) use subject::Subject;
pub(crate) use tokens::{Token, Variable, Variables, Wildcards, after, tokens};

use super::truth::Truth;
use crate::context::Context;
use values::{Bound, Values};

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Glob {
    // INVARIANT: never empty; between each two segments stands a `*`.
    segments: Box<[Segment]>,
    variables: Box<[Variable]>,
}

/// What stands between two stars.
#[derive(Debug, Clone, PartialEq)]
struct Segment {
    pieces: Box<[Piece]>,
    /// If it has no variables: how many characters it takes, and those that are fixed.
    fixed: Option<(usize, Box<[Placed]>)>,
}

/// A character, and how far behind the start of its segment it stands.
type Placed = (usize, char);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(Box<str>),
    /// `?`
    One,
    /// An index into the glob's variables.
    Variable(usize),
}

/// What a glob says about a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matched {
    Yes,
    No,
    /// A variable has no value and no default.
    NoValue,
    /// A variable's value takes a look-up.
    Unknown,
}

impl Matched {
    /// An entry with a variable without value matches nothing.
    pub(crate) fn truth(self) -> Truth {
        match self {
            Self::Yes => Truth::Yes,
            Self::No | Self::NoValue => Truth::No,
            Self::Unknown => Truth::Unknown,
        }
    }
}

impl Glob {
    /// Reads a pattern.
    pub(crate) fn parse(
        text: &str,
        wildcards: Wildcards,
        variables: Variables,
    ) -> Result<Self, String> {
        Ok(Self::of(&tokens(text, wildcards, variables)?))
    }

    /// The pattern that these tokens make.
    pub(crate) fn of(tokens: &[Token]) -> Self {
        let mut variables = Vec::new();
        let segments = tokens
            .split(|token| *token == Token::Star)
            .map(|tokens| Segment::of(tokens, &mut variables))
            .collect();
        Self {
            segments,
            variables: variables.into(),
        }
    }

    /// Its variables, in the order written.
    pub(crate) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The one text it matches, if there is just one whatever the request.
    pub(crate) fn literal(&self) -> Option<&str> {
        match &*self.segments {
            [segment] => match &*segment.pieces {
                [] => Some(""),
                [Piece::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The text that everything it matches begins with.
    pub(crate) fn literal_prefix(&self) -> &str {
        match self.segments.first().and_then(|first| first.pieces.first()) {
            Some(Piece::Text(text)) => text,
            Some(Piece::One | Piece::Variable(_)) | None => "",
        }
    }

    /// Whether something in it must be looked for within a text, having no variables.
    pub(crate) fn is_sought(&self) -> bool {
        self.segments.len() > 2 && self.variables.is_empty()
    }

    fn is_one_star(&self) -> bool {
        matches!(&*self.segments, [before, after] if before.pieces.is_empty() && after.pieces.is_empty())
    }

    /// Whether the whole text matches.
    pub(crate) fn matches<C: Context>(&self, text: &Subject<'_>, context: &C) -> Matched {
        if self.variables.is_empty() {
            return self.matches_with(text, &Values::default());
        }
        match Bound::of(&self.variables, context) {
            Bound::Values(values) => self.matches_with(text, &values),
            Bound::NoValue => Matched::NoValue,
            Bound::Unknown => Matched::Unknown,
        }
    }

    /// As [`Glob::matches`] for pattern and text in lower case, ignoring the case of variables.
    pub(crate) fn matches_ignoring_case<C: Context>(
        &self,
        text: &Subject<'_>,
        context: &C,
    ) -> Matched {
        match Bound::of(&self.variables, context) {
            Bound::Values(values) => self.matches_with(text, &values.lower()),
            Bound::NoValue => Matched::NoValue,
            Bound::Unknown => Matched::Unknown,
        }
    }

    /// Whether a text matches a pattern without variables.
    pub(crate) fn matches_text(&self, text: &str) -> bool {
        self.matches_with(&Subject::of(text), &Values::default()) == Matched::Yes
    }

    fn matches_with(&self, text: &Subject<'_>, values: &Values<'_>) -> Matched {
        if self.match_segments(text, values).is_some() {
            Matched::Yes
        } else {
            Matched::No
        }
    }

    fn match_segments(&self, whole: &Subject<'_>, values: &Values<'_>) -> Option<()> {
        let (first, rest) = self.segments.split_first()?;
        if self.is_one_star() {
            return Some(());
        }
        let text = first.strip_start(whole.text(), values)?;
        let Some((last, middle)) = rest.split_last() else {
            return text.is_empty().then_some(());
        };
        let start = whole.text().len() - text.len();
        whole.find_all(middle, start, last.strip_end(text, values)?, values)
    }
}

impl Segment {
    fn of(tokens: &[Token], variables: &mut Vec<Variable>) -> Self {
        let mut pieces = Vec::new();
        let mut text = String::new();
        for token in tokens {
            let piece = match token {
                Token::Char(literal) => {
                    text.push(*literal);
                    continue;
                }
                Token::One | Token::Star => Piece::One,
                Token::Variable(variable) => {
                    variables.push(variable.clone());
                    Piece::Variable(variables.len() - 1)
                }
            };
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text).into()));
            }
            pieces.push(piece);
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text.into()));
        }
        let variable = |piece: &Piece| matches!(piece, Piece::Variable(_));
        let fixed = (!pieces.iter().any(variable)).then(|| placed(&pieces));
        Self {
            pieces: pieces.into(),
            fixed,
        }
    }

    /// What follows this segment at the start of a text.
    fn strip_start<'t>(&self, text: &'t str, values: &Values<'_>) -> Option<&'t str> {
        self.pieces
            .iter()
            .try_fold(text, |text, piece| match piece {
                Piece::Text(literal) => text.strip_prefix(&**literal),
                Piece::Variable(index) => text.strip_prefix(values.get(*index)?),
                Piece::One => {
                    let mut chars = text.chars();
                    chars.next().map(|_| chars.as_str())
                }
            })
    }

    /// What precedes this segment at the end of a text.
    fn strip_end<'t>(&self, text: &'t str, values: &Values<'_>) -> Option<&'t str> {
        self.pieces
            .iter()
            .rev()
            .try_fold(text, |text, piece| match piece {
                Piece::Text(literal) => text.strip_suffix(&**literal),
                Piece::Variable(index) => text.strip_suffix(values.get(*index)?),
                Piece::One => {
                    let mut chars = text.chars();
                    chars.next_back().map(|_| chars.as_str())
                }
            })
    }

    /// Whether it is one text, or nothing at all.
    fn is_literal(&self) -> bool {
        matches!(&*self.pieces, [] | [Piece::Text(_)])
    }

    /// How many characters it takes.
    fn length(&self, values: &Values<'_>) -> usize {
        let sum = || self.pieces.iter().map(|piece| piece.length(values)).sum();
        self.fixed.as_ref().map_or_else(sum, |(length, _)| *length)
    }

    /// What follows the leftmost place of this segment in a text.
    fn find<'t>(&self, text: &'t str, values: &Values<'_>) -> Option<&'t str> {
        if let [Piece::Text(literal)] = &*self.pieces {
            return text.split_once(&**literal).map(|(_, after)| after);
        }
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        starts
            .filter_map(|at| text.get(at..))
            .find_map(|rest| self.strip_start(rest, values))
    }
}

impl Piece {
    /// In characters.
    fn length(&self, values: &Values<'_>) -> usize {
        match self {
            Self::Text(literal) => literal.chars().count(),
            Self::Variable(index) => values.get(*index).unwrap_or_default().chars().count(),
            Self::One => 1,
        }
    }
}

/// How many characters pieces without variables take, and those that are fixed.
fn placed(pieces: &[Piece]) -> (usize, Box<[Placed]>) {
    let (mut length, mut characters) = (0, Vec::new());
    for piece in pieces {
        if let Piece::Text(literal) = piece {
            characters.extend((length..).zip(literal.chars()));
        }
        length += piece.length(&Values::default());
    }
    (length, characters.into())
}

#[cfg(test)]
mod tests;
