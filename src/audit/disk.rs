//! The disk under the audit, as little of it as is needed, so that a test can put a failing one in its place.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Opens files to write.
pub(super) trait Disk: Send + Sync {
    /// An empty file, durable with its name once it was synced; one that is there is emptied.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Log>>;
    /// A file that may be there, and how long it is.
    fn open(&self, path: &Path) -> io::Result<(Box<dyn Log>, u64)>;
}

/// A file that grows.
pub(super) trait Log: Send {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    fn set_len(&mut self, len: u64) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

/// That of the machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Log>> {
        let file = options().truncate(true).open(path)?;
        sync_directory(path)?;
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Log>, u64)> {
        let file = options().truncate(false).open(path)?;
        sync_directory(path)?;
        let len = file.metadata()?.len();
        Ok((Box::new(file), len))
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options
}

impl Log for File {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        File::set_len(self, len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Makes names of files durable.
pub(super) fn sync_directory(of: &Path) -> io::Result<()> {
    match of.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    }
}
