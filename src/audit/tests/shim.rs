//! A disk that fails when it is told to, and knows what was synced.

use super::super::disk::{Disk, Log, RealDisk};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What is wrong with a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A write puts down half of what it should, and there is no more room.
    Full,
    /// Nothing can be written.
    Broken,
    /// What was written cannot be synced.
    Unsynced,
}

/// A real disk that can fail.
#[derive(Debug, Default)]
pub(super) struct Shim {
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Shim {
    pub(super) fn set(&self, fault: Option<Fault>) {
        *self.fault.lock().unwrap() = fault;
    }

    fn log(&self, log: Box<dyn Log>) -> Box<dyn Log> {
        let fault = Arc::clone(&self.fault);
        Box::new(Failing { log, fault })
    }
}

impl Disk for Shim {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Log>> {
        match *self.fault.lock().unwrap() {
            Some(Fault::Full | Fault::Broken) => Err(full()),
            Some(Fault::Unsynced) | None => Ok(self.log(RealDisk.create(path)?)),
        }
    }

    fn open(&self, path: &Path) -> io::Result<(Box<dyn Log>, u64)> {
        let (log, len) = RealDisk.open(path)?;
        Ok((self.log(log), len))
    }
}

struct Failing {
    log: Box<dyn Log>,
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Log for Failing {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let fault = *self.fault.lock().unwrap();
        match fault {
            Some(Fault::Full) => {
                self.log.write(offset, &bytes[..bytes.len() / 2])?;
                Err(full())
            }
            Some(Fault::Broken) => Err(failure()),
            Some(Fault::Unsynced) | None => self.log.write(offset, bytes),
        }
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        match *self.fault.lock().unwrap() {
            Some(Fault::Broken) => Err(failure()),
            Some(Fault::Full | Fault::Unsynced) | None => self.log.set_len(len),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        match *self.fault.lock().unwrap() {
            Some(Fault::Broken | Fault::Unsynced) => Err(failure()),
            Some(Fault::Full) | None => self.log.sync(),
        }
    }
}

fn failure() -> io::Error {
    io::Error::other("a test's disk failed")
}

fn full() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "a test's disk is full")
}
