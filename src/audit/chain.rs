//! A file of chained lines that is written: what it says it holds is durable.

use super::disk::Log;
use super::line::{Head, Lines};
use std::io;

/// A file and the end of its chain.
pub(super) struct Chain {
    log: Box<dyn Log>,
    /// Up to here everything is durable.
    len: u64,
    head: Head,
    /// A write failed: behind `len` may be anything, also after a sync that reports success without having written.
    doubtful: bool,
}

impl Chain {
    pub(super) fn new(log: Box<dyn Log>, len: u64, head: Head) -> Self {
        // What is behind `len`, a line cut short by a crash, is overwritten like what a failed write has left.
        let doubtful = true;
        Self {
            log,
            len,
            head,
            doubtful,
        }
    }

    pub(super) fn head(&self) -> Head {
        self.head
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Durable when this returns. After an error the chain is as before, and the next call writes over whatever became of
    /// this one.
    pub(super) fn append(&mut self, lines: &Lines) -> io::Result<()> {
        if self.doubtful {
            self.log.set_len(self.len)?;
        }
        self.doubtful = true;
        self.log.write(self.len, lines.text.as_bytes())?;
        self.log.sync()?;
        self.doubtful = false;
        self.len += lines.text.len() as u64;
        self.head = lines.head;
        Ok(())
    }
}
