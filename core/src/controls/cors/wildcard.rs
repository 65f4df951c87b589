//! Texts with at most one `*`, which stands for any text, also for none.

use super::fault::{Fault, Field};
use std::fmt;

/// An AllowedOrigin or AllowedHeader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wildcard {
    /// All of it, if there is no `*`.
    before: Box<str>,
    after: Option<Box<str>>,
}

impl Wildcard {
    /// Reads a text as it stands in a document. What is no origin or no header name is kept, as S3 keeps it, also the
    /// empty text: it matches nothing that is sent. Characters that XML or a header cannot carry are refused.
    pub(super) fn parse(field: Field, text: &str) -> Result<Self, Fault> {
        if text.chars().any(is_unfit) {
            return Err(Fault::Character(field, text.into()));
        }
        let (before, after) = match text.split_once('*') {
            Some((_, after)) if after.contains('*') => {
                return Err(Fault::Wildcards(field, text.into()));
            }
            Some((before, after)) => (before, Some(after.into())),
            None => (text, None),
        };
        Ok(Self {
            before: before.into(),
            after,
        })
    }

    /// Whether it is `*`.
    pub(super) fn is_any(&self) -> bool {
        self.before.is_empty() && self.after.as_deref() == Some("")
    }

    /// Whether it matches this text. AWS does not say whether case counts in an origin; browsers send it in lower
    /// case, and here every byte counts.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.covers(text, <[u8]>::eq)
    }

    /// Whether it matches this text when case does not count.
    pub(super) fn matches_ignoring_case(&self, text: &str) -> bool {
        self.covers(text, <[u8]>::eq_ignore_ascii_case)
    }

    fn covers(&self, text: &str, same: fn(&[u8], &[u8]) -> bool) -> bool {
        let (text, before) = (text.as_bytes(), self.before.as_bytes());
        let Some(after) = &self.after else {
            return same(text, before);
        };
        let Some((start, rest)) = text.split_at_checked(before.len()) else {
            return false;
        };
        let end = rest.len().checked_sub(after.len());
        let end = end.and_then(|from| rest.get(from..));
        same(start, before) && end.is_some_and(|end| same(end, after.as_bytes()))
    }
}

impl fmt::Display for Wildcard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.before)?;
        match &self.after {
            Some(after) => write!(f, "*{after}"),
            None => Ok(()),
        }
    }
}

/// What no header has, or XML cannot carry.
pub(super) fn is_unfit(character: char) -> bool {
    character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// Whether a text can be a header's name. <https://www.rfc-editor.org/rfc/rfc9110#section-5.1>
pub(super) fn is_token(text: &str) -> bool {
    let in_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(in_token)
}

#[cfg(test)]
mod tests;
