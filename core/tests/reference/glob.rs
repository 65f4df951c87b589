//! Matching with `*` (any run) and `?` (one character), by recursion over the definition.

/// One element of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// This character itself.
    Is(char),
    /// `*` of the policy's text.
    Run,
    /// `?` of the policy's text.
    One,
}

/// The pattern that a text without variables is.
pub(super) fn tokens(pattern: &str) -> Vec<Token> {
    pattern.chars().map(token).collect()
}

/// What a character of the policy's text means in a pattern.
pub(super) fn token(character: char) -> Token {
    match character {
        '*' => Token::Run,
        '?' => Token::One,
        other => Token::Is(other),
    }
}

/// Whether the whole text fits the pattern.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    tokens_match(&tokens(pattern), text)
}

/// Whether the whole text fits the pattern.
pub(super) fn tokens_match(pattern: &[Token], text: &str) -> bool {
    let mut rest = text.chars();
    match pattern.split_first() {
        None => text.is_empty(),
        Some((Token::Run, after)) => {
            tokens_match(after, text)
                || (rest.next().is_some() && tokens_match(pattern, rest.as_str()))
        }
        Some((Token::One, after)) => rest.next().is_some() && tokens_match(after, rest.as_str()),
        Some((Token::Is(wanted), after)) => {
            rest.next() == Some(*wanted) && tokens_match(after, rest.as_str())
        }
    }
}
