//! Where one stands while checking: a document, a path in it, and the place to point at.

use super::finding::Finding;
use portcullis_core::document::{Node, Place, Value};
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

/// A file that was read.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) file: PathBuf,
    pub(super) root: Node,
    /// Where texts stand that came out of the environment.
    pub(super) substituted: HashSet<Place>,
}

impl Document {
    /// A path as the document writes it: relative to the folder it stands in.
    pub(super) fn resolve(&self, written: &str) -> PathBuf {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        folder.join(written)
    }

    /// The top of the document.
    pub(super) fn top(&self) -> At<'_> {
        At {
            document: self,
            trail: Trail::default(),
            node: Some(&self.root),
            name_at: self.root.at,
        }
    }
}

/// A path in a document, e.g. `upstreams.lake.buckets[0]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trail(pub(super) Vec<Step>);

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Field(String),
    Index(usize),
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if position == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A position in a document, which need not exist there.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    pub(super) document: &'a Document,
    pub(super) trail: Trail,
    node: Option<&'a Node>,
    /// Where the entry's name stands; the nearest existing parent's if there is no such entry.
    name_at: Place,
}

impl<'a> At<'a> {
    /// What is written here, unless it is nothing.
    pub(super) fn node(&self) -> Option<&'a Node> {
        self.node.filter(|node| node.value != Value::Null)
    }

    /// An entry of this map.
    pub(super) fn field(&self, name: &str) -> Self {
        let entry = match self.node.map(|node| &node.value) {
            Some(Value::Map(entries)) => entries.iter().find(|entry| entry.name == name),
            _ => None,
        };
        self.step(
            Step::Field(name.to_owned()),
            entry.map(|entry| (&entry.value, entry.at)),
        )
    }

    /// An element of this list.
    pub(super) fn index(&self, index: usize) -> Self {
        let element = match self.node.map(|node| &node.value) {
            Some(Value::List(list)) => list.get(index),
            _ => None,
        };
        self.step(Step::Index(index), element.map(|node| (node, node.at)))
    }

    /// Some way further.
    pub(super) fn follow(&self, trail: &Trail) -> Self {
        let step = |at: Self, step: &Step| match step {
            Step::Field(name) => at.field(name),
            Step::Index(index) => at.index(*index),
        };
        trail.0.iter().fold(self.clone(), step)
    }

    /// The names of this map's entries, in the order written.
    pub(super) fn names(&self) -> Vec<String> {
        match self.node.map(|node| &node.value) {
            Some(Value::Map(entries)) => entries.iter().map(|entry| entry.name.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// A complaint about the value.
    pub(super) fn error(&self, message: impl Into<Box<str>>) -> Finding {
        let place = self.node().map_or(self.name_at, |node| node.at);
        self.finding(place, message)
    }

    /// A complaint about the entry's name.
    pub(super) fn error_at_name(&self, message: impl Into<Box<str>>) -> Finding {
        self.finding(self.name_at, message)
    }

    fn finding(&self, place: Place, message: impl Into<Box<str>>) -> Finding {
        Finding::error(&self.document.file, place, message).of(self.trail.to_string())
    }

    fn step(&self, step: Step, found: Option<(&'a Node, Place)>) -> Self {
        let mut trail = self.trail.clone();
        trail.0.push(step);
        Self {
            document: self.document,
            trail,
            node: found.map(|(node, _)| node),
            name_at: found.map_or(self.name_at, |(_, place)| place),
        }
    }
}
