//! Ending files: the next one begun, the ended one compressed and, when it is old, deleted.

use super::bodies::{Archived, Torn, Unfinished};
use super::chain::Chain;
use super::line::{Hash, Head, Line, Lines};
use super::shelf::{self, Shelf, Volume};
use super::walk::split;
use super::writer::Writer;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Writer {
    /// Ends the present file with a checkpoint and begins the next.
    pub(super) fn seal(&mut self) -> io::Result<()> {
        self.checkpoint()?;
        self.is_full = true;
        self.rotate()
    }

    pub(super) fn rotate(&mut self) -> io::Result<()> {
        let next = self.volume.next();
        let body = Unfinished {
            intents: self.open.iter().copied().collect(),
        };
        let mut lines = Lines::after(self.chain.head(), (self.clock)());
        lines.push("carried", &serde_json::to_string(&body)?);
        // Whatever an attempt that failed has left there is emptied; the chain goes on nowhere else.
        let log = self.disk.create(&next.path(&self.config.dir))?;
        let mut chain = Chain::new(log, 0, self.chain.head());
        chain.append(&lines)?;
        self.chain = chain;
        let sealed = std::mem::replace(&mut self.volume, next);
        self.is_full = false;
        self.begun = Instant::now();
        self.shared.counters.sealed.fetch_add(1, Ordering::Relaxed);
        self.pack(sealed);
        if let Err(error) = self.prune() {
            // The log can be written all the same; it is tried again with the next file.
            tracing::warn!(%error, "old audit files stay");
        }
        Ok(())
    }

    /// Compresses what earlier runs have left uncompressed.
    pub(super) fn pack_earlier(&mut self) -> io::Result<()> {
        let shelf = Shelf::look(&self.config.dir)?;
        for (volume, forms) in shelf.volumes.range(..self.volume) {
            if forms.plain {
                self.pack(*volume);
            }
        }
        Ok(())
    }

    fn pack(&mut self, sealed: Volume) {
        if let Some(packing) = self.packing.take() {
            let _ = packing.join();
        }
        let dir = self.config.dir.clone();
        self.packing = Some(std::thread::spawn(move || {
            if let Err(error) = shelf::pack(&dir, sealed) {
                let file = sealed.name();
                tracing::warn!(%error, file, "an audit file stays uncompressed");
            }
        }));
    }

    /// Deletes files that are old enough, each after the manifest says so.
    pub(super) fn prune(&mut self) -> io::Result<()> {
        let Some(keep) = self.config.prune_after else {
            return Ok(());
        };
        let keep = jiff::SignedDuration::try_from(keep).map_err(io::Error::other)?;
        if let Some(packing) = self.packing.take() {
            let _ = packing.join();
        }
        let shelf = Shelf::look(&self.config.dir)?;
        let present = self.volume;
        for (volume, forms) in shelf.volumes.range(..present) {
            let content = shelf::read(&self.config.dir, *volume, *forms)?;
            if content.is_empty() {
                continue;
            }
            let Some((body, until)) = stub(*volume, &content, &self.torn) else {
                // What is not in order is evidence.
                break;
            };
            if (self.clock)().duration_since(until) < keep {
                break;
            }
            let mut lines = Lines::after(self.manifest.head(), (self.clock)());
            let body = serde_json::to_string(&body)?;
            let line = lines.push_signed("archived", &body, &self.config.key);
            self.manifest.append(&lines)?;
            (self.witness)(&line);
            shelf::remove(&self.config.dir, *volume, *forms)?;
            self.shared
                .counters
                .archived
                .fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// What the manifest keeps of a file, and when its last record was written; `None` if it is not whole, but for what a crash
/// has left behind its last line.
fn stub(volume: Volume, content: &[u8], torn: &[Torn]) -> Option<(Archived, jiff::Timestamp)> {
    let left = torn.iter().find(|torn| torn.file == volume.name());
    let left = usize::try_from(left.map_or(0, |torn| torn.bytes)).ok()?;
    let (whole, behind) = content.split_at_checked(content.len().checked_sub(left)?)?;
    let (lines, tail) = split(whole);
    let first = Line::parse(lines.first()?)?;
    let mut head = Head {
        seq: first.seq.checked_sub(1)?,
        hash: Hash::parse(&first.prev)?,
    };
    let prev = head.hash.to_string();
    let mut until = first.time.clone();
    for bytes in lines {
        let line = Line::parse(bytes).filter(|line| line.is_behind(&head))?;
        until.clone_from(&line.time);
        head = Head {
            seq: line.seq,
            hash: Hash::of(bytes),
        };
    }
    let is_known = torn
        .iter()
        .any(|torn| torn.sha256 == Hash::of(behind).to_string());
    let body = Archived {
        file: volume.name(),
        first: first.seq,
        last: head.seq,
        prev,
        hash: head.hash.to_string(),
        sha256: Hash::of(content).to_string(),
    };
    let is_whole = tail.is_empty() && (behind.is_empty() || is_known);
    is_whole.then_some((body, until.parse().ok()?))
}
