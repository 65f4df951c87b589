//! Texts with `*`, `?` and policy variables, matched in time about linear in the text.
//!
//! A pattern is cut at its `*`s into segments. The first segment stands at the start of the text, the last at the
//! end, and each one between is taken at its leftmost place after the one before: going further right never helps,
//! so nothing is tried twice. Values of variables are compared as they are and never read as patterns.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::truth::Truth;
use crate::context::{Context, Key, Lookup};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Glob {
    // INVARIANT: never empty; between each two segments stands a `*`.
    segments: Box<[Segment]>,
    variables: Box<[Variable]>,
}

/// What stands between two stars.
#[derive(Debug, Clone, PartialEq)]
struct Segment(Box<[Piece]>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(Box<str>),
    /// `?`
    One,
    /// An index into the glob's variables.
    Variable(usize),
}

/// `${key}` or `${key, 'default'}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Variable {
    pub(crate) key: Key,
    pub(crate) default: Option<Box<str>>,
}

/// One step of a pattern before it is cut into segments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Char(char),
    One,
    Star,
    Variable(Variable),
}

/// Whether `*` and `?` are wildcards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wildcards {
    Match,
    Literal,
}

/// Whether `${…}` is a variable: only since version 2012-10-17 of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variables {
    Substitute,
    Literal,
}

/// The values of a glob's variables for one request.
enum Bound<'a> {
    Values(Vec<Cow<'a, str>>),
    NoValue,
    Unknown,
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

/// Reads a pattern into tokens. The error says what is wrong with a variable.
pub(crate) fn tokens(
    text: &str,
    wildcards: Wildcards,
    variables: Variables,
) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let variable = rest.strip_prefix("${");
        if let (Some(inside), Variables::Substitute) = (variable, variables) {
            let (token, after) = variable_token(inside)?;
            tokens.push(token);
            rest = after;
            continue;
        }
        tokens.push(match (first, wildcards) {
            ('*', Wildcards::Match) => Token::Star,
            ('?', Wildcards::Match) => Token::One,
            (literal, _) => Token::Char(literal),
        });
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    Ok(tokens)
}

/// Reads what follows `${`, up to and including `}`.
fn variable_token(inside: &str) -> Result<(Token, &str), String> {
    let mut quoted = false;
    let end = inside.find(|c| {
        quoted ^= c == '\'';
        c == '}' && !quoted
    });
    let (name, rest) = end
        .and_then(|end| inside.split_at_checked(end))
        .ok_or("a policy variable `${` has no closing `}`")?;
    let rest = rest.strip_prefix('}').unwrap_or(rest);
    let token = match name {
        "*" | "?" | "$" => Token::Char(name.chars().next().unwrap_or_default()),
        _ => Token::Variable(variable(name)?),
    };
    Ok((token, rest))
}

fn variable(written: &str) -> Result<Variable, String> {
    let (name, default) = match written.split_once(',') {
        None => (written, None),
        Some((name, default)) => {
            let quoted = default.trim().strip_prefix('\'');
            let text = quoted
                .and_then(|text| text.strip_suffix('\''))
                .ok_or_else(|| {
                    format!("the default in `${{{written}}}` must be quoted: `${{{name}, 'text'}}`")
                })?;
            (name, Some(text.into()))
        }
    };
    let name = name.trim();
    if name.is_empty() {
        return Err("a policy variable names no key".to_owned());
    }
    let key = Key::parse(name).unwrap_or_else(|| Key::Foreign(name.into()));
    Ok(Variable { key, default })
}

/// The remainders of a pattern after every way to match `prefix` with its beginning.
pub(crate) fn after<'t>(tokens: &'t [Token], prefix: &str) -> Vec<&'t [Token]> {
    let mut states = reachable(tokens, BTreeSet::from([0]));
    for c in prefix.chars() {
        let stepped = states.iter().filter_map(|at| match tokens.get(*at)? {
            Token::Char(literal) => (*literal == c).then_some(at + 1),
            Token::One => Some(at + 1),
            Token::Star | Token::Variable(_) => Some(*at),
        });
        states = reachable(tokens, stepped.collect());
    }
    let implied = |at: &usize| {
        at.checked_sub(1)
            .is_some_and(|before| states.contains(&before) && skippable(tokens, before))
    };
    states
        .iter()
        .filter(|at| !implied(at))
        .filter_map(|at| tokens.get(*at..))
        .collect()
}

/// Adds the states behind tokens that match nothing at all.
fn reachable(tokens: &[Token], mut states: BTreeSet<usize>) -> BTreeSet<usize> {
    let mut pending: Vec<usize> = states.iter().copied().collect();
    while let Some(at) = pending.pop() {
        if skippable(tokens, at) && states.insert(at + 1) {
            pending.push(at + 1);
        }
    }
    states
}

/// A variable may be empty, so here it is read as a star.
fn skippable(tokens: &[Token], at: usize) -> bool {
    matches!(tokens.get(at), Some(Token::Star | Token::Variable(_)))
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
            [Segment(pieces)] => match &**pieces {
                [] => Some(""),
                [Piece::Text(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    /// The text that everything it matches begins with.
    pub(crate) fn literal_prefix(&self) -> &str {
        match self.segments.first().and_then(|first| first.0.first()) {
            Some(Piece::Text(text)) => text,
            Some(Piece::One | Piece::Variable(_)) | None => "",
        }
    }

    /// Whether the whole text matches.
    pub(crate) fn matches<C: Context>(&self, text: &str, context: &C) -> Matched {
        match self.bind(context) {
            Bound::Values(values) => self.matches_with(text, &values),
            Bound::NoValue => Matched::NoValue,
            Bound::Unknown => Matched::Unknown,
        }
    }

    /// As [`Glob::matches`] for a pattern in lower case, ignoring the case of text and variables.
    pub(crate) fn matches_ignoring_case<C: Context>(&self, text: &str, context: &C) -> Matched {
        match self.bind(context) {
            Bound::Values(values) => {
                let lower: Vec<_> = values
                    .iter()
                    .map(|value| value.to_lowercase().into())
                    .collect();
                self.matches_with(&text.to_lowercase(), &lower)
            }
            Bound::NoValue => Matched::NoValue,
            Bound::Unknown => Matched::Unknown,
        }
    }

    /// Whether a text matches a pattern without variables.
    pub(crate) fn matches_text(&self, text: &str) -> bool {
        self.matches_with(text, &[]) == Matched::Yes
    }

    /// Looks up each variable once, before matching begins, so that a value is never read twice.
    fn bind<'a, C: Context>(&'a self, context: &'a C) -> Bound<'a> {
        // An empty vector does not allocate: patterns without variables pay nothing.
        let mut values = Vec::new();
        for variable in &self.variables {
            let value = match context.lookup(&variable.key) {
                Lookup::One(value) => value.into_text(),
                // Variables are for keys with one value.
                Lookup::Absent | Lookup::Many(_) => match &variable.default {
                    Some(default) => Cow::Borrowed(&**default),
                    None => return Bound::NoValue,
                },
                Lookup::Unknown => return Bound::Unknown,
            };
            values.push(value);
        }
        Bound::Values(values)
    }

    fn matches_with(&self, text: &str, values: &[Cow<'_, str>]) -> Matched {
        if self.match_segments(text, values).is_some() {
            Matched::Yes
        } else {
            Matched::No
        }
    }

    fn match_segments(&self, text: &str, values: &[Cow<'_, str>]) -> Option<()> {
        let (first, rest) = self.segments.split_first()?;
        let mut text = first.strip_start(text, values)?;
        let Some((last, middle)) = rest.split_last() else {
            return text.is_empty().then_some(());
        };
        for segment in middle {
            text = segment.find(text, values)?;
        }
        last.strip_end(text, values).map(|_| ())
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
        Self(pieces.into())
    }

    /// What follows this segment at the start of a text.
    fn strip_start<'t>(&self, text: &'t str, values: &[Cow<'_, str>]) -> Option<&'t str> {
        self.0.iter().try_fold(text, |text, piece| match piece {
            Piece::Text(literal) => text.strip_prefix(&**literal),
            Piece::Variable(index) => text.strip_prefix(&**values.get(*index)?),
            Piece::One => {
                let mut chars = text.chars();
                chars.next().map(|_| chars.as_str())
            }
        })
    }

    /// What precedes this segment at the end of a text.
    fn strip_end<'t>(&self, text: &'t str, values: &[Cow<'_, str>]) -> Option<&'t str> {
        self.0
            .iter()
            .rev()
            .try_fold(text, |text, piece| match piece {
                Piece::Text(literal) => text.strip_suffix(&**literal),
                Piece::Variable(index) => text.strip_suffix(&**values.get(*index)?),
                Piece::One => {
                    let mut chars = text.chars();
                    chars.next_back().map(|_| chars.as_str())
                }
            })
    }

    /// What follows the leftmost place of this segment in a text.
    fn find<'t>(&self, text: &'t str, values: &[Cow<'_, str>]) -> Option<&'t str> {
        if let [Piece::Text(literal)] = &*self.0 {
            return text.split_once(&**literal).map(|(_, after)| after);
        }
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        starts
            .filter_map(|at| text.get(at..))
            .find_map(|rest| self.strip_start(rest, values))
    }
}

#[cfg(test)]
mod tests;
