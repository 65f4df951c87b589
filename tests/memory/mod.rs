//! Configuration sources in memory.

#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "each test binary uses its own part"
)]

use portcullis::config::Sources;
use portcullis::config::sources::{Access, Item, ItemKind, Owner};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

/// Files and variables.
#[derive(Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, (Vec<u8>, Access)>,
    variables: BTreeMap<String, String>,
}

/// A file of ours that is closed to others.
pub const CLOSED: Access = Access {
    mode: 0o600,
    owner: Owner::Ourselves,
};

impl Memory {
    pub fn file(self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.file_with(path, content, CLOSED)
    }

    pub fn file_with(
        mut self,
        path: impl Into<PathBuf>,
        content: impl Into<Vec<u8>>,
        access: Access,
    ) -> Self {
        self.files.insert(path.into(), (content.into(), access));
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Every file under a folder of the checkout, at `as_folder`.
    pub fn folder(self, folder: &Path, as_folder: &Path) -> Self {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.fold(self, |memory, entry| {
            let path = entry.unwrap().path();
            let target = as_folder.join(path.file_name().unwrap());
            match path.is_dir() {
                true => memory.folder(&path, &target),
                false => memory.file(target, std::fs::read(&path).unwrap()),
            }
        })
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
