//! The constraints on parameters, with AWS's wording: everything that is wrong is said at once.

use super::error::{Code, StsError};
use std::ops::RangeInclusive;

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<String>);

/// The longest value that is repeated in a message, in bytes: answers are no longer than they must be.
const MAX_ECHO: usize = 256;

/// Which characters a text may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alphabet {
    /// As AWS writes it.
    pub(super) pattern: &'static str,
    pub(super) has: fn(char) -> bool,
}

/// Names of sessions and source identities.
pub(super) const NAME: Alphabet = Alphabet {
    pattern: r"[\w+=,.@-]*",
    has: |c| is_word(c) || "+=,.@-".contains(c),
};

pub(super) const EXTERNAL_ID: Alphabet = Alphabet {
    pattern: r"[\w+=,.@:\/-]*",
    has: |c| is_word(c) || "+=,.@:/-".contains(c),
};

/// Keys and values of tags.
pub(super) const TAG: Alphabet = Alphabet {
    pattern: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+",
    has: |c| {
        c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
    },
};

/// ARNs and documents.
pub(super) const TEXT: Alphabet = Alphabet {
    pattern: r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
    has: |c| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..),
};

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a value may be repeated in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    Shown,
    Hidden,
}

impl Checks {
    /// A text that must be there; empty if it is not, which is complained of.
    pub(super) fn required(
        &mut self,
        name: &str,
        value: Option<Box<str>>,
        length: RangeInclusive<usize>,
        alphabet: Alphabet,
        echo: Echo,
    ) -> Box<str> {
        match &value {
            Some(value) => self.text_with(name, value, length, alphabet, echo),
            None => self.0.push(format!(
                "Value null at '{name}' failed to satisfy constraint: Member must not be null"
            )),
        }
        value.unwrap_or_default()
    }

    /// Length in characters, and which ones.
    pub(super) fn text(
        &mut self,
        name: &str,
        value: &str,
        length: RangeInclusive<usize>,
        alphabet: Alphabet,
    ) {
        self.text_with(name, value, length, alphabet, Echo::Shown);
    }

    /// As [`Checks::text`]; a hidden value is not repeated.
    pub(super) fn text_with(
        &mut self,
        name: &str,
        value: &str,
        length: RangeInclusive<usize>,
        alphabet: Alphabet,
        echo: Echo,
    ) {
        let found = value.chars().count();
        if found < *length.start() {
            let least = length.start();
            let rule = format!("Member must have length greater than or equal to {least}");
            self.fail(name, value, echo, &rule);
        }
        if found > *length.end() {
            let most = length.end();
            let rule = format!("Member must have length less than or equal to {most}");
            self.fail(name, value, Echo::Hidden, &rule);
        }
        if !value.chars().all(alphabet.has) {
            let pattern = alphabet.pattern;
            let rule = format!("Member must satisfy regular expression pattern: {pattern}");
            self.fail(name, value, echo, &rule);
        }
    }

    /// A whole number within bounds; none if it is not.
    pub(super) fn number(
        &mut self,
        name: &str,
        value: Option<&str>,
        bounds: RangeInclusive<u32>,
    ) -> Option<u32> {
        let value = value?;
        let digits = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty();
        // What does not fit is larger than any bound.
        let number = digits.then(|| value.parse().unwrap_or(u32::MAX));
        let (least, most) = (bounds.start(), bounds.end());
        let rule = match number {
            None => "Member must be a whole number".to_owned(),
            Some(number) if number < *least => {
                format!("Member must have value greater than or equal to {least}")
            }
            Some(number) if number > *most => {
                format!("Member must have value less than or equal to {most}")
            }
            Some(_) => return number,
        };
        self.fail(name, value, Echo::Shown, &rule);
        None
    }

    /// How many members a list has.
    pub(super) fn count(&mut self, name: &str, found: usize, most: usize) {
        if found > most {
            let rule = format!("Member must have length less than or equal to {most}");
            self.fail(name, "", Echo::Hidden, &rule);
        }
    }

    /// Another constraint that is not satisfied.
    pub(super) fn fail(&mut self, name: &str, value: &str, echo: Echo, rule: &str) {
        let value = match echo {
            Echo::Shown if value.len() <= MAX_ECHO => format!("Value '{value}'"),
            Echo::Shown | Echo::Hidden => "Value".to_owned(),
        };
        self.0.push(format!(
            "{value} at '{name}' failed to satisfy constraint: {rule}"
        ));
    }

    /// Refuses if anything was wrong.
    pub(super) fn finish(self) -> Result<(), StsError> {
        let Self(wrong) = self;
        let errors = match wrong.len() {
            0 => return Ok(()),
            1 => "error",
            _ => "errors",
        };
        let message = format!(
            "{} validation {errors} detected: {}",
            wrong.len(),
            wrong.join("; ")
        );
        Err(StsError::new(Code::ValidationError, message))
    }
}
