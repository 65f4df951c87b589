//! Texts of policies and requests made fit for a reason: masked, escaped and cut.

use crate::context::{Key, Lookup};
use crate::s3::secrets;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Write};

/// A text of bounded length without control characters. A backslash stands before a backslash and a backtick;
/// what could act on a terminal or a line is `\u{…}`; an ellipsis is ours: it says how much was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(Box<str>);

/// Some texts. Their last says how many more there were, if there were more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    shown: Vec<Text>,
    more: usize,
}

/// How much is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Bytes of one value.
    pub(super) text: usize,
    /// Values of one list.
    pub(super) values: usize,
    /// Conditions of one statement.
    pub(super) conditions: usize,
}

impl Limits {
    /// For the reason of a refusal, which stands in every record.
    pub(super) const REASON: Self = Self {
        text: 128,
        values: 4,
        conditions: 4,
    };
    /// For an explanation that was asked for.
    pub(super) const FULL: Self = Self {
        text: 512,
        values: 64,
        conditions: 64,
    };
}

/// Of names, files and ARNs, in bytes.
const NAME: usize = 256;

impl Text {
    /// A name, a file or an ARN.
    pub(crate) fn name(text: &str) -> Self {
        Self::of(text, NAME)
    }

    /// A value, with secrets in it masked.
    fn value(text: &str, limits: Limits) -> Self {
        Self::of(&secrets::masked(text), limits.text)
    }

    fn of(text: &str, limit: usize) -> Self {
        let mut out = String::with_capacity(text.len().min(limit));
        for (at, character) in text.char_indices() {
            let before = out.len();
            escape(&mut out, character);
            if out.len() > limit {
                out.truncate(before);
                // Writing to a String cannot fail.
                let _ = write!(out, "… {} bytes more", text.len() - at);
                break;
            }
        }
        Self(out.into())
    }

    /// The text, fit for one line.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn escape(out: &mut String, character: char) {
    match character {
        '\\' | '`' => out.extend(['\\', character]),
        _ if acts(character) => out.extend(character.escape_unicode()),
        _ => out.push(character),
    }
}

/// What a terminal or a reader of lines may act on, or what nobody sees: controls, separators of lines, marks of
/// direction, characters without width.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '…' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl Values {
    /// Some texts, for an explanation that was asked for.
    pub(crate) fn shown<'t>(texts: impl IntoIterator<Item = Cow<'t, str>>) -> Self {
        Self::of(texts, Limits::FULL)
    }

    /// The first of some texts.
    pub(super) fn of<'t>(texts: impl IntoIterator<Item = Cow<'t, str>>, limits: Limits) -> Self {
        let mut texts = texts.into_iter();
        let first = texts.by_ref().take(limits.values);
        let shown = first.map(|text| Text::value(&text, limits)).collect();
        Self {
            shown,
            more: texts.count(),
        }
    }

    /// What a request says of a key; none if it is absent or not known.
    pub(super) fn found(key: &Key, found: &Lookup<'_>, limits: Limits) -> Option<Self> {
        let values = match found {
            Lookup::Absent | Lookup::Unknown => return None,
            Lookup::One(value) => std::slice::from_ref(value),
            Lookup::Many(values) => values,
        };
        let texts = values.iter().map(|value| match value.to_text() {
            text if hides(key, &text) => Cow::Borrowed(secrets::MASK),
            text => text,
        });
        Some(Self::of(texts, limits))
    }

    /// The texts, and a last one that says how many more there were.
    pub fn iter(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let more = (self.more > 0).then(|| Cow::Owned(format!("… {} more", self.more)));
        let shown = self.shown.iter().map(|text| Cow::Borrowed(text.as_str()));
        shown.chain(more)
    }
}

/// Whether a value may be a secret in the wrong place: a customer key sent where the algorithm goes.
fn hides(key: &Key, text: &str) -> bool {
    *key == Key::XAmzServerSideEncryptionCustomerAlgorithm && !text.eq_ignore_ascii_case("AES256")
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// In backticks, with commas between.
impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, text) in self.shown.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}`{text}`")?;
        }
        match (self.more, self.shown.is_empty()) {
            (0, true) => f.write_str("no value"),
            (0, false) => Ok(()),
            (more, _) => write!(f, ", … {more} more"),
        }
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests;
