//! Files that appear whole or not at all.

use super::super::StoreError;
use std::fmt::Display;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A private file in the making. It gets its name when it is whole; until then a crash or an error leaves nothing there.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    /// An empty file, in the folder that it is meant for.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        static DRAFTS: AtomicU64 = AtomicU64::new(0);
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let path = with_suffix(path, &format!("new.{}.{number}", std::process::id()));
        // Of a process that had our id and crashed.
        let _ = std::fs::remove_file(&path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        Ok(Self { path, file })
    }

    /// Where it is for the time being.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it a name that is free: fails with `AlreadyExists` else. Durable when this returns.
    pub(super) fn link(&self, to: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::hard_link(&self.path, to)?;
        sync_directory(to)
    }

    /// Puts it in the place of what has the name. Durable when this returns.
    pub(super) fn replace(&self, to: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.path, to)?;
        sync_directory(to)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// `path.suffix`
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// A copy of a file that nobody changes meanwhile.
pub(super) fn copy(from: &Path, beside: &Path) -> Result<Draft, StoreError> {
    let io = |error: io::Error| unreadable(from, error);
    let source = File::open(from).map_err(io)?;
    lock(from, source.try_lock_shared())?;
    let copied = Draft::beside(beside).and_then(|draft| {
        io::copy(&mut &source, &mut &draft.file)?;
        Ok(draft)
    });
    copied.map_err(|error| {
        let beside = beside.display();
        unreadable(
            from,
            format!("it cannot be copied to beside `{beside}`: {error}"),
        )
    })
}

/// The file, for as long as the answer lives: no process has it open as its state. `None` if there is none.
pub(super) fn hold(path: &Path) -> Result<Option<File>, StoreError> {
    match File::open(path) {
        Ok(file) => {
            lock(path, file.try_lock())?;
            Ok(Some(file))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn lock(path: &Path, locked: Result<(), TryLockError>) -> Result<(), StoreError> {
    locked.map_err(|error| match error {
        TryLockError::WouldBlock => StoreError::Locked(path.to_owned()),
        TryLockError::Error(error) => unreadable(path, error),
    })
}

pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

pub(super) fn unreadable(path: &Path, reason: impl Display) -> StoreError {
    StoreError::Unreadable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
