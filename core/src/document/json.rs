//! JSON with the place of every value.
//!
//! The parser is serde_json's: each value is first taken as a [`RawValue`], a slice of the source, and where that
//! slice begins in the source is its place. No tokeniser of our own decides what JSON is.

use super::{Entries, Entry, MAX_DEPTH, Node, Place, Problem, Value};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Reads a JSON text. Duplicate keys, and nesting deeper than [`MAX_DEPTH`](super::MAX_DEPTH), are problems;
/// syntax errors stop at the first, duplicate keys are all reported.
pub fn json(text: &str) -> Result<Node, Vec<Problem>> {
    let mut reader = Reader {
        source: Source::new(text),
        problems: Vec::new(),
    };
    let root: Result<&RawValue, _> = serde_json::from_str(text);
    let node = match root {
        Ok(raw) => reader.node(raw, 0),
        Err(error) => {
            reader.complain(text, &error);
            None
        }
    };
    match node {
        Some(node) if reader.problems.is_empty() => Ok(node),
        Some(_) | None => Err(reader.problems),
    }
}

/// A text and where its lines begin.
struct Source<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
}

impl<'t> Source<'t> {
    fn new(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            text,
            line_starts: std::iter::once(0)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
        }
    }

    /// Where a slice of this text begins in it, in bytes.
    fn offset(&self, slice: &str) -> usize {
        (slice.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize)
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line.saturating_sub(1)).copied();
        let before = start.and_then(|start| self.text.get(start..offset));
        let column = before.map_or(0, |before| before.chars().count()) + 1;
        Place {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

struct Reader<'t> {
    source: Source<'t>,
    problems: Vec<Problem>,
}

impl<'t> Reader<'t> {
    fn node(&mut self, raw: &'t RawValue, depth: usize) -> Option<Node> {
        let text = raw.get();
        let at = self.source.place(self.source.offset(text));
        let value = match text.as_bytes().first() {
            Some(b'{') => Value::Map(self.map(raw, depth)?),
            Some(b'[') => Value::List(self.list(raw, depth)?),
            Some(b'"') => Value::Text(self.parse(text)?),
            Some(b't' | b'f') => Value::Bool(self.parse(text)?),
            Some(b'n') => Value::Null,
            Some(_) | None => Value::Number(text.to_owned()),
        };
        Some(Node { value, at })
    }

    fn list(&mut self, raw: &'t RawValue, depth: usize) -> Option<Vec<Node>> {
        self.within_depth(raw, depth)?;
        let items: Vec<&RawValue> = self.parse_borrowed(raw.get())?;
        items
            .into_iter()
            .map(|item| self.node(item, depth + 1))
            .collect()
    }

    fn map(&mut self, raw: &'t RawValue, depth: usize) -> Option<Vec<Entry>> {
        self.within_depth(raw, depth)?;
        let pairs: Pairs<'t> = self.parse_borrowed(raw.get())?;
        let mut entries = Entries::default();
        for (key, value) in pairs.0 {
            let entry = Entry {
                name: self.parse(key.get())?,
                at: self.source.place(self.source.offset(key.get())),
                value: self.node(value, depth + 1)?,
            };
            if let Err(problem) = entries.push(entry) {
                self.problems.push(problem);
            }
        }
        Some(entries.list)
    }

    fn within_depth(&mut self, raw: &'t RawValue, depth: usize) -> Option<()> {
        if depth < MAX_DEPTH {
            return Some(());
        }
        let at = self.source.place(self.source.offset(raw.get()));
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        self.problems.push(Problem::new(at, message));
        None
    }

    fn parse<T: DeserializeOwned>(&mut self, slice: &'t str) -> Option<T> {
        self.parse_borrowed(slice)
    }

    fn parse_borrowed<T: Deserialize<'t>>(&mut self, slice: &'t str) -> Option<T> {
        serde_json::from_str(slice)
            .map_err(|error| self.complain(slice, &error))
            .ok()
    }

    /// Records a syntax error in `slice` at its place in the whole text.
    fn complain(&mut self, slice: &str, error: &serde_json::Error) {
        let line_start = Source::new(slice)
            .line_starts
            .get(error.line().saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let offset = self.source.offset(slice) + line_start + error.column().saturating_sub(1);
        let shown = error.to_string();
        let message = shown
            .rsplit_once(" at line ")
            .map_or(shown.as_str(), |(message, _)| message);
        let at = self.source.place(self.source.boundary(offset));
        self.problems.push(Problem::new(at, message));
    }
}

impl Source<'_> {
    /// The nearest character boundary at or before an offset.
    fn boundary(&self, offset: usize) -> usize {
        (0..=offset.min(self.text.len()))
            .rev()
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(0)
    }
}

/// The entries of an object in the order written, with names still as slices of the source.
struct Pairs<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'t> Deserialize<'t> for Pairs<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'t> Visitor<'t> for InOrder {
            type Value = Pairs<'t>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }
            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
