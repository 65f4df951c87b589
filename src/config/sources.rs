//! Where configuration comes from: files and the environment, behind a trait so that tests need neither.

use std::io;
use std::path::Path;

/// Files and the environment.
pub trait Sources {
    /// An environment variable, if it is set and UTF-8.
    fn variable(&self, name: &str) -> Option<String>;

    /// The whole of a file.
    fn read(&self, file: &Path) -> io::Result<Vec<u8>>;

    /// Who may read a file.
    fn access(&self, file: &Path) -> io::Result<Access>;

    /// The entries of a folder, sorted by name.
    fn list(&self, folder: &Path) -> io::Result<Vec<Item>>;

    /// Whether a path is a folder.
    fn is_folder(&self, path: &Path) -> bool;

    /// The name of this host.
    fn host_name(&self) -> Option<String>;

    /// Processors to use.
    fn processors(&self) -> usize;
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The permission bits.
    pub mode: u32,
    /// Whether this process could change them.
    pub owner: Owner,
}

/// Whether this process could change a file's permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The file is this process's user's, on a file system that can be written.
    Ourselves,
    /// It is another user's, or the file system is read-only, as a Kubernetes Secret is.
    Other,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// What it is, links followed.
    pub kind: ItemKind,
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// The host this runs on.
#[derive(Debug, Clone, Copy)]
pub struct Host;

impl Sources for Host {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(file)
    }

    fn access(&self, file: &Path) -> io::Result<Access> {
        let status = rustix::fs::stat(file)?;
        let mounted = rustix::fs::statvfs(file)?;
        let ours = status.st_uid == rustix::process::geteuid().as_raw();
        let read_only = mounted
            .f_flag
            .contains(rustix::fs::StatVfsMountFlags::RDONLY);
        Ok(Access {
            mode: status.st_mode & 0o7777,
            owner: match ours && !read_only {
                true => Owner::Ourselves,
                false => Owner::Other,
            },
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Item>> {
        let mut items = std::fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| item(folder, &entry.file_name().to_string_lossy())))
            .collect::<io::Result<Vec<_>>>()?;
        items.sort();
        Ok(items)
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn host_name(&self) -> Option<String> {
        let name = rustix::system::uname();
        name.nodename().to_str().ok().map(str::to_owned)
    }

    fn processors(&self) -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }
}

fn item(folder: &Path, name: &str) -> Item {
    Item {
        name: name.to_owned(),
        kind: match folder.join(name).is_dir() {
            true => ItemKind::Folder,
            false => ItemKind::File,
        },
    }
}
