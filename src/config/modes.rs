//! The modes of policy sources: which are in force, which only in shadow, which not at all.
//!
//! A source is a file below the folder that `policies` names, and is named by its path in there. [`Modes::of`] is asked
//! for every file that is compiled; at the end [`finish`] complains of entries that mean no file, and says what is not
//! enforced.

use super::check::Check;
use super::finding::Finding;
use super::place::At;
use super::raw::SourceMode;
use portcullis_core::document::did_you_mean;
use portcullis_core::policy::Pattern;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Names under which the candidate for a bucket's policy may stand.
pub(super) const CANDIDATE_FILES: [&str; 3] = [
    "policy.candidate.json",
    "policy.candidate.yaml",
    "policy.candidate.yml",
];

/// So many files are named in one warning.
const MOST_NAMED: usize = 5;

/// What the configuration says of modes, and what became of it.
#[derive(Debug, Default)]
pub(super) struct Modes {
    /// The folder that `policies` names, without `.` and `..`.
    folder: Option<PathBuf>,
    entries: Vec<Entry>,
    /// The sources so far, and the entry that gives each its mode.
    sources: BTreeMap<String, (SourceMode, Option<usize>)>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    mode: SourceMode,
    /// Set: the name has wildcards.
    pattern: Option<Pattern>,
    matched: Matched,
    /// A complaint about the entry, yet without its message.
    at: Finding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Matched {
    Nothing,
    Some,
}

impl Modes {
    /// What is written at `modes`; `policies` is the folder as written.
    pub(super) fn read(
        written: Option<BTreeMap<String, SourceMode>>,
        policies: Option<&str>,
        at: &At<'_>,
    ) -> Self {
        let mut written = written.unwrap_or_default();
        let entry = |name: String| {
            Some(Entry {
                mode: written.remove(&name)?,
                pattern: name.contains(['*', '?']).then(|| Pattern::new(&name)),
                matched: Matched::Nothing,
                at: at.field(&name).error_at_name(""),
                name,
            })
        };
        Self {
            entries: at.names().into_iter().filter_map(entry).collect(),
            folder: policies.map(|written| plain(&at.document.resolve(written))),
            sources: BTreeMap::new(),
        }
    }

    /// The sources that are not simply in force, by name, with their modes.
    pub(super) fn exceptions(&self) -> BTreeMap<Box<str>, SourceMode> {
        let sources = self.sources.iter();
        sources
            .filter(|(_, (mode, _))| *mode != SourceMode::Enforce)
            .map(|(name, (mode, _))| (name.as_str().into(), *mode))
            .collect()
    }

    fn name_of(&self, file: &Path) -> Option<String> {
        let file = plain(file);
        let inside = file.strip_prefix(self.folder.as_ref()?).ok()?;
        Some(inside.to_str()?.to_owned())
    }

    /// The entry that gives a source its mode, or the two patterns that contradict each other.
    fn decide(&mut self, name: &str) -> Result<Option<usize>, (usize, usize)> {
        let mut patterns = Vec::new();
        let mut exact = None;
        for (position, entry) in self.entries.iter_mut().enumerate() {
            match &entry.pattern {
                None if entry.name == name => exact = Some(position),
                Some(pattern) if pattern.matches(name) => patterns.push((position, entry.mode)),
                None | Some(_) => continue,
            }
            entry.matched = Matched::Some;
        }
        let first = patterns.first().copied();
        let other = patterns
            .iter()
            .find(|(_, mode)| first.is_some_and(|(_, first)| first != *mode));
        match (exact, first, other) {
            (Some(exact), _, _) => Ok(Some(exact)),
            (None, Some((first, _)), Some((other, _))) => Err((first, *other)),
            (None, first, _) => Ok(first.map(|(first, _)| first)),
        }
    }
}

impl Check<'_> {
    /// The mode of a policy source, which is a file.
    pub(super) fn mode_of(&mut self, file: &Path) -> SourceMode {
        let Some(name) = self.modes.name_of(file) else {
            return SourceMode::Enforce;
        };
        if let Some((mode, _)) = self.modes.sources.get(&name) {
            return *mode;
        }
        let entry = match self.modes.decide(&name) {
            Ok(entry) => entry,
            Err((first, other)) => {
                self.contradiction(&name, first, other);
                Some(first)
            }
        };
        let written = entry.and_then(|at| self.modes.entries.get(at));
        let written = written.map(|entry| entry.mode);
        let mode = match (is_candidate(file), written) {
            (true, Some(SourceMode::Enforce)) => {
                self.enforced_candidate(entry);
                SourceMode::Shadow
            }
            (true, None) => SourceMode::Shadow,
            (_, written) => written.unwrap_or(SourceMode::Enforce),
        };
        self.modes.sources.insert(name, (mode, entry));
        mode
    }

    fn contradiction(&mut self, name: &str, first: usize, other: usize) {
        let entries = &self.modes.entries;
        let (Some(first), Some(other)) = (entries.get(first), entries.get(other)) else {
            return;
        };
        let message = format!(
            "`{name}` is `{}` by this and `{}` by `{}`; name the file itself",
            other.mode.name(),
            first.mode.name(),
            first.name
        );
        let finding = other.at.clone().saying(message);
        self.push(finding);
    }

    /// A pattern may take in candidates beside others; a name that stands for one alone is a mistake.
    fn enforced_candidate(&mut self, entry: Option<usize>) {
        let entry = entry.and_then(|at| self.modes.entries.get(at));
        if let Some(entry) = entry.filter(|entry| entry.pattern.is_none()) {
            let message = "a candidate is never in force: move it to the place of `policy.json`";
            let finding = entry.at.clone().saying(message);
            self.push(finding);
        }
    }
}

/// Complains of entries that mean no source, and says what is not enforced.
pub(super) fn finish(check: &mut Check<'_>) {
    let modes = std::mem::take(&mut check.modes);
    for (position, entry) in modes.entries.iter().enumerate() {
        let finding = match entry.matched {
            Matched::Nothing => Some(entry.at.clone().saying(no_source(entry, &modes))),
            Matched::Some => not_enforced(position, entry, &modes)
                .map(|message| entry.at.clone().saying(message).softened()),
        };
        if let Some(finding) = finding {
            check.push(finding);
        }
    }
    check.modes = modes;
}

fn no_source(entry: &Entry, modes: &Modes) -> String {
    let known = modes.sources.keys().map(String::as_str);
    match (&modes.folder, modes.sources.is_empty()) {
        (None, _) => "there is no folder `policies` that it could lie in".to_owned(),
        (Some(_), true) => "there is no such policy: `policies` holds none".to_owned(),
        (Some(_), false) => format!(
            "no policy below `policies` has this name{}",
            did_you_mean(&entry.name, known)
        ),
    }
}

fn not_enforced(position: usize, entry: &Entry, modes: &Modes) -> Option<String> {
    let of_this = modes
        .sources
        .iter()
        .filter(|(name, (_, by))| *by == Some(position) && !is_candidate(Path::new(name)));
    let names: Vec<_> = of_this.map(|(name, _)| format!("`{name}`")).collect();
    let what = match entry.mode {
        SourceMode::Enforce => return None,
        SourceMode::Shadow => "in shadow, and decides nothing",
        SourceMode::Off => "off, and decides nothing",
    };
    let (named, rest) = names.split_at_checked(MOST_NAMED).unwrap_or((&names, &[]));
    let named = named.join(", ");
    match (names.is_empty(), rest.len()) {
        (true, _) => None,
        (false, 0) => Some(format!("not enforced: {named} is {what}")),
        (false, more) => Some(format!("not enforced: {named} and {more} more: {what}")),
    }
}

/// Whether a file is a candidate for a bucket's policy.
fn is_candidate(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| CANDIDATE_FILES.contains(&name))
}

/// A path without `.` and `..`, as far as its own text says.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        let above = plain.components().next_back();
        match part {
            Component::CurDir => (),
            Component::ParentDir if matches!(above, Some(Component::Normal(_))) => {
                plain.pop();
            }
            Component::ParentDir
            | Component::Prefix(_)
            | Component::RootDir
            | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}
