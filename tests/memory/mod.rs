//! Configuration sources in memory.

use portcullis::config::Sources;
use portcullis::config::sources::{Access, Item, ItemKind, Owner};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// Files and variables.
#[derive(Default)]
pub(crate) struct Memory {
    files: BTreeMap<PathBuf, (Vec<u8>, Access)>,
    variables: BTreeMap<String, String>,
}

/// A file of ours that is closed to others.
pub(crate) const CLOSED: Access = Access {
    mode: 0o600,
    owner: Owner::Ourselves,
};

impl Memory {
    pub(crate) fn file(self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.file_with(path, content, CLOSED)
    }

    pub(crate) fn file_with(
        mut self,
        path: impl Into<PathBuf>,
        content: impl Into<Vec<u8>>,
        access: Access,
    ) -> Self {
        self.files.insert(path.into(), (content.into(), access));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn found(&self, file: &Path) -> io::Result<&(Vec<u8>, Access)> {
        self.files
            .get(&plain(file))
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Sources for Memory {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        match self.is_folder(file) {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => Ok(self.found(file)?.0.clone()),
        }
    }

    fn access(&self, file: &Path) -> io::Result<Access> {
        Ok(self.found(file)?.1)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Item>> {
        let folder = plain(folder);
        let inside = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&folder).ok());
        let items: BTreeSet<_> = inside
            .filter_map(|rest| {
                let mut parts = rest.iter();
                let name = parts.next()?.to_str()?.to_owned();
                let kind = match parts.next() {
                    Some(_) => ItemKind::Folder,
                    None => ItemKind::File,
                };
                Some(Item { name, kind })
            })
            .collect();
        Ok(items.into_iter().collect())
    }

    fn is_folder(&self, path: &Path) -> bool {
        let path = plain(path);
        !self.files.contains_key(&path) && self.files.keys().any(|file| file.starts_with(&path))
    }

    fn host_name(&self) -> Option<String> {
        Some("host-1".to_owned())
    }

    fn processors(&self) -> usize {
        4
    }
}

/// Without `..`, as the system would follow it.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            std::path::Component::ParentDir => {
                plain.pop();
            }
            std::path::Component::CurDir => (),
            other => plain.push(other),
        }
        plain
    })
}
