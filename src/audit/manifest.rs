//! The manifest: which streams there are, which keys sign them, and which files are archived.

use super::bodies::{Archived, FORMAT, NextKey, Stream};
use super::key::PublicKey;
use super::line::{Hash, Head, Line};
use super::shelf::MANIFEST;
use super::walk::{Finding, What, follow, split};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A manifest as far as it is in order.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) streams: Vec<Opened>,
    /// By the file's name.
    pub(super) archived: BTreeMap<String, Archived>,
    /// Of each line.
    pub(super) hashes: Vec<Hash>,
    /// Keys that may open the next stream, the present one first.
    pub(super) keys: Vec<PublicKey>,
    /// Keys that have had their time.
    retired: Vec<PublicKey>,
    pub(super) head: Head,
    /// Bytes of whole lines, and behind them.
    pub(super) len: u64,
    pub(super) torn: u64,
}

/// A stream and the line that opens it.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) body: Stream,
    pub(super) key: PublicKey,
    pub(super) line: u64,
    pub(super) hash: Hash,
    /// `None` if it is none.
    pub(super) time: Option<Timestamp>,
}

/// What is wrong with a line, if it is.
type Judged = Result<(), (What, &'static str)>;

impl Manifest {
    /// Reads a manifest up to the first thing that is wrong. Without trusted keys the first signer is taken on trust.
    pub(super) fn read(content: &[u8], trusted: &[PublicKey]) -> (Self, Option<Finding>) {
        let (lines, tail) = split(content);
        let mut manifest = Self {
            streams: Vec::new(),
            archived: BTreeMap::new(),
            hashes: Vec::new(),
            keys: Vec::new(),
            retired: Vec::new(),
            head: Head::after(Hash::NONE),
            len: (content.len() - tail.len()) as u64,
            torn: tail.len() as u64,
        };
        let mut rest = lines.as_slice();
        while let Some((bytes, behind)) = rest.split_first() {
            rest = behind;
            if let Err(finding) = manifest.take(bytes, rest, trusted) {
                return (manifest, Some(finding));
            }
        }
        (manifest, None)
    }

    /// The line that opened a stream.
    pub(super) fn stream(&self, stream: u64) -> Option<&Opened> {
        let index = usize::try_from(stream.checked_sub(1)?).ok()?;
        self.streams.get(index)
    }

    /// The hash of a line, by its number.
    pub(super) fn hash(&self, seq: u64) -> Option<Hash> {
        let index = usize::try_from(seq.checked_sub(1)?).ok()?;
        self.hashes.get(index).copied()
    }

    fn take(&mut self, bytes: &[u8], rest: &[&[u8]], trusted: &[PublicKey]) -> Result<(), Finding> {
        let number = self.head.seq.saturating_add(1);
        let signer = self.keys.first();
        let is_signed = |line: &Line<'_>| signer.is_some_and(|key| line.is_signed(bytes, key));
        let line = follow(MANIFEST, number, &self.head, bytes, rest, is_signed)?;
        self.judge(&line, bytes, trusted)
            .map_err(|(what, detail)| Finding {
                what,
                file: MANIFEST.to_owned(),
                line: number,
                sequence: number,
                detail: detail.to_owned(),
            })?;
        let hash = Hash::of(bytes);
        self.hashes.push(hash);
        self.head = Head { seq: number, hash };
        Ok(())
    }

    fn judge(&mut self, line: &Line<'_>, bytes: &[u8], trusted: &[PublicKey]) -> Judged {
        let strange = (What::Altered, "it does not hold what its kind does");
        match line.kind.as_str() {
            "stream" => {
                let body: Stream = line.read().ok_or(strange)?;
                self.open(line, body, bytes, trusted)
            }
            "key" => {
                let body: NextKey = line.read().ok_or(strange)?;
                let key = PublicKey::parse(&body.public).ok_or(strange)?;
                self.check_signature(line, bytes)?;
                self.keys.push(key);
                Ok(())
            }
            "archived" => {
                let body: Archived = line.read().ok_or(strange)?;
                self.check_signature(line, bytes)?;
                self.archived.insert(body.file.clone(), body);
                Ok(())
            }
            _ => Err((What::Altered, "its kind is unknown")),
        }
    }

    fn check_signature(&self, line: &Line<'_>, bytes: &[u8]) -> Judged {
        let signer = self.keys.first();
        match signer.is_some_and(|key| line.is_signed(bytes, key)) {
            true => Ok(()),
            false => Err((What::Altered, "its signature is not that of the key in use")),
        }
    }

    fn open(
        &mut self,
        line: &Line<'_>,
        body: Stream,
        bytes: &[u8],
        trusted: &[PublicKey],
    ) -> Judged {
        let strange = (What::Altered, "it does not hold what its kind does");
        let key = PublicKey::parse(&body.public).ok_or(strange)?;
        let known = self.keys.iter().position(|known| *known == key);
        let may_sign = trusted.contains(&key)
            || known.is_some()
            || (self.streams.is_empty() && trusted.is_empty());
        // A key that was pinned is not vouched for by one that was not.
        let is_first = self.streams.is_empty() && !trusted.is_empty() && !trusted.contains(&key);
        if !may_sign || is_first || self.retired.contains(&key) {
            return Err((What::Resigned, "its key is neither given nor introduced"));
        }
        if !line.is_signed(bytes, &key) {
            return Err((What::Altered, "its signature is wrong"));
        }
        let next = self.streams.len() as u64 + 1;
        let is_continued = body.previous.is_some() == (next > 1);
        if body.stream != next || body.format != FORMAT || !is_continued {
            return Err(strange);
        }
        let passed = self.keys.drain(..known.unwrap_or(self.keys.len()));
        self.retired.extend(passed);
        if self.keys.is_empty() {
            self.keys.push(key.clone());
        }
        self.streams.push(Opened {
            body,
            key,
            line: line.seq,
            hash: Hash::of(bytes),
            time: line.time.parse().ok(),
        });
        Ok(())
    }
}
