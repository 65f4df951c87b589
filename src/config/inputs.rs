//! What a configuration was made from, and what of it is different now.
//!
//! Whatever is read, listed or looked at while a configuration is loaded is noted with what was there. Nothing else has a
//! part in what comes of it, so nothing else needs to be watched: the list is never out of date, and a file that was
//! missing is on it too. Contents are compared, not times, through whatever links lead to them: the swapped `..data` of
//! a Kubernetes mount is a change like any other, and a file that was only touched is none.

use super::finding::Finding;
use super::sources::{Access, Host, Item, Sources};
use aws_lc_rs::digest::{SHA256, digest};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Everything one load has read, listed or looked at.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Inputs(BTreeMap<Input, Found>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Input {
    path: PathBuf,
    question: Question,
}

/// What was asked of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Contents,
    Access,
    Entries,
    IsFolder,
}

/// What was there. Of contents a digest, since they may be secret.
#[derive(Clone, PartialEq, Eq)]
enum Found {
    Contents(Result<Digest, ErrorKind>),
    Access(Result<Access, ErrorKind>),
    Entries(Result<Vec<Item>, ErrorKind>),
    IsFolder(bool),
}

type Digest = Box<[u8]>;

impl fmt::Debug for Inputs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Inputs({})", self.0.len())
    }
}

impl Inputs {
    /// Whether what both know of is the same in both.
    pub fn agree(&self, other: &Self) -> bool {
        let mut both = self.0.iter();
        both.all(|(input, found)| other.0.get(input).is_none_or(|theirs| theirs == found))
    }

    /// A complaint about each folder that the configuration names and that is empty, unlike `before`: more likely a
    /// volume that is gone or being filled than the wish to have no policies or identities.
    pub fn emptied_since(&self, before: &Self) -> Vec<Finding> {
        let emptied = self.0.iter().filter(|(input, found)| {
            self.is_named(input)
                && found.entries() == Some(0)
                && before.0.get(input).and_then(Found::entries) > Some(0)
        });
        let message = "is empty and was not: perhaps a volume that is not there; to have nothing here, remove the entry that names this folder";
        emptied
            .map(|(input, _)| Finding::error(&input.path, Default::default(), message))
            .collect()
    }

    /// Whether no folder that was listed holds it.
    fn is_named(&self, input: &Input) -> bool {
        let parent = input.path.parent().map(|parent| Input {
            path: parent.to_owned(),
            question: Question::Entries,
        });
        parent.is_none_or(|parent| !self.0.contains_key(&parent))
    }
}

impl Found {
    /// How many entries a folder has.
    fn entries(&self) -> Option<usize> {
        match self {
            Self::Entries(entries) => entries.as_ref().ok().map(Vec::len),
            Self::Contents(_) | Self::Access(_) | Self::IsFolder(_) => None,
        }
    }
}

/// Sources that note what is taken from them.
pub(super) struct Noted<'s> {
    sources: &'s dyn Sources,
    inputs: RefCell<Inputs>,
}

impl<'s> Noted<'s> {
    pub(super) fn new(sources: &'s dyn Sources) -> Self {
        Self {
            sources,
            inputs: RefCell::default(),
        }
    }

    pub(super) fn into_inputs(self) -> Inputs {
        self.inputs.into_inner()
    }

    /// The first finding stays: if the second is another, something has changed since.
    fn note(&self, path: &Path, question: Question, found: Found) {
        let path = path.to_owned();
        let input = Input { path, question };
        self.inputs.borrow_mut().0.entry(input).or_insert(found);
    }
}

impl Sources for Noted<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.sources.variable(name)
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let read = self.sources.read(file);
        self.note(file, Question::Contents, Found::Contents(digested(&read)));
        read
    }

    fn access(&self, file: &Path) -> io::Result<Access> {
        let access = self.sources.access(file);
        self.note(file, Question::Access, Found::Access(kept(&access)));
        access
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Item>> {
        let listed = self.sources.list(folder);
        self.note(folder, Question::Entries, Found::Entries(shown(&listed)));
        listed
    }

    fn is_folder(&self, path: &Path) -> bool {
        let is_folder = self.sources.is_folder(path);
        self.note(path, Question::IsFolder, Found::IsFolder(is_folder));
        is_folder
    }

    fn host_name(&self) -> Option<String> {
        self.sources.host_name()
    }

    fn processors(&self) -> usize {
        self.sources.processors()
    }
}

fn digested(read: &io::Result<Vec<u8>>) -> Result<Digest, ErrorKind> {
    match read {
        Ok(bytes) => Ok(digest(&SHA256, bytes).as_ref().into()),
        Err(error) => Err(error.kind()),
    }
}

fn kept<T: Clone>(result: &io::Result<T>) -> Result<T, ErrorKind> {
    match result {
        Ok(value) => Ok(value.clone()),
        Err(error) => Err(error.kind()),
    }
}

/// Hidden entries are nobody's input: editors and mounts keep theirs there.
fn shown(listed: &io::Result<Vec<Item>>) -> Result<Vec<Item>, ErrorKind> {
    let mut entries = kept(listed)?;
    entries.retain(|item| !item.name.starts_with('.'));
    Ok(entries)
}

/// Looks at inputs of this host again and again. A file is read again only if something about it says that it may have
/// changed.
#[derive(Debug, Default)]
pub struct Lookout {
    files: HashMap<PathBuf, Seen>,
}

/// A file as it was when it was read.
#[derive(Debug)]
struct Seen {
    status: Status,
    contents: Digest,
    /// Two changes between two ticks of the file system's clock leave one time, so that a file is read twice before its
    /// times are believed.
    again: bool,
}

/// What changes when a file is written or replaced.
#[derive(Debug, PartialEq, Eq)]
struct Status {
    file: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Lookout {
    /// What is now where `inputs` were found.
    pub fn look(&mut self, inputs: &Inputs) -> Inputs {
        let now = inputs.0.iter().map(|(input, then)| {
            let path = &*input.path;
            let found = match then {
                Found::Contents(then) => Found::Contents(self.contents(path, then)),
                Found::Access(_) => Found::Access(kept(&Host.access(path))),
                Found::Entries(_) => Found::Entries(shown(&Host.list(path))),
                Found::IsFolder(_) => Found::IsFolder(Host.is_folder(path)),
            };
            (input.clone(), found)
        });
        let now = Inputs(now.collect());
        self.files.retain(|path, _| {
            let path = path.clone();
            let question = Question::Contents;
            now.0.contains_key(&Input { path, question })
        });
        now
    }

    fn contents(
        &mut self,
        file: &Path,
        then: &Result<Digest, ErrorKind>,
    ) -> Result<Digest, ErrorKind> {
        let metadata = std::fs::metadata(file).map_err(|error| error.kind())?;
        if !metadata.is_file() && !metadata.is_dir() {
            // What a pipe held can be read once only.
            return then.clone();
        }
        let status = Status::of(&metadata);
        let known = self.files.get(file);
        let known = known.filter(|seen| seen.status == status);
        let again = match known {
            Some(seen) if seen.again => return Ok(seen.contents.clone()),
            known => known.is_some(),
        };
        let contents = digested(&Host.read(file))?;
        let seen = Seen {
            status,
            contents: contents.clone(),
            again,
        };
        self.files.insert(file.to_owned(), seen);
        Ok(contents)
    }
}

impl Status {
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests;
