//! Reading a pattern: characters, wildcards, policy variables.

use crate::context::Key;
use std::collections::BTreeSet;

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
