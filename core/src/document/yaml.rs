//! YAML with the place of every value.
//!
//! The parser is serde-saphyr's, with YAML 1.2 booleans: only `true` and `false` are, so `no` stays a text and an
//! unquoted account id keeps its leading zeros.

use super::{Entries, Entry, Node, Place, Problem, Value};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Location, Options, Spanned};
use std::fmt;

/// The deepest nesting that is read. The parser recurses with some 35 KB of stack a level in a debug build: at the
/// 64 levels of JSON a thread of 2 MB would overflow.
const MAX_DEPTH: usize = 32;

/// Reads one YAML document. Duplicate keys, merge keys (`<<`), nesting deeper than 32 levels, and anchors that
/// expand to very much are problems.
pub fn yaml(text: &str) -> Result<Node, Vec<Problem>> {
    let tree: Spanned<Tree> =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| vec![told(&error)])?;
    let mut problems = Vec::new();
    let node = tree.into_node(text, &mut problems);
    if problems.is_empty() {
        Ok(node)
    } else {
        Err(problems)
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        // Ours, so that JSON and YAML complain in the same words and all duplicates are reported at once.
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
        },
    }
}

fn told(error: &serde_saphyr::Error) -> Problem {
    let at = error.location().map_or(Place::default(), place);
    let shown = error.to_string();
    let message = shown
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.');
    Problem::new(at, message)
}

fn place(location: Location) -> Place {
    Place {
        line: u32::try_from(location.line()).unwrap_or(u32::MAX),
        column: u32::try_from(location.column()).unwrap_or(u32::MAX),
    }
}

/// A value as the parser hands it over.
enum Tree {
    Null,
    Bool(bool),
    /// The number as the parser understood it; the source text replaces it.
    Number(String),
    Text(String),
    List(Vec<Spanned<Tree>>),
    Map(Vec<(Spanned<String>, Spanned<Tree>)>),
}

trait IntoNode {
    fn into_node(self, text: &str, problems: &mut Vec<Problem>) -> Node;
}

impl IntoNode for Spanned<Tree> {
    fn into_node(self, text: &str, problems: &mut Vec<Problem>) -> Node {
        let value = match self.value {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(value),
            Tree::Number(understood) => {
                Value::Number(as_written(text, self.defined).unwrap_or(understood))
            }
            Tree::Text(text) => Value::Text(text),
            Tree::List(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| item.into_node(text, problems))
                    .collect(),
            ),
            Tree::Map(pairs) => Value::Map(entries(pairs, text, problems)),
        };
        Node {
            value,
            at: place(self.referenced),
        }
    }
}

fn entries(
    pairs: Vec<(Spanned<String>, Spanned<Tree>)>,
    text: &str,
    problems: &mut Vec<Problem>,
) -> Vec<Entry> {
    let mut entries = Entries::default();
    for (name, value) in pairs {
        let entry = Entry {
            name: name.value,
            at: place(name.referenced),
            value: value.into_node(text, problems),
        };
        if let Err(problem) = entries.push(entry) {
            problems.push(problem);
        }
    }
    entries.list
}

/// The source text of a scalar; the parser would print `1.10` as `1.1`.
fn as_written(text: &str, location: Location) -> Option<String> {
    let span = location.span();
    let from = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    let written = text.get(from..from.checked_add(length)?)?.trim();
    written.parse::<f64>().ok().map(|_| written.to_owned())
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Number(value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Tree::Map(pairs))
    }
}
