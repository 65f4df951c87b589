//! One stream, from the manifest's line that opens it through its files.

use super::super::bodies::{Archived, Checkpoint, End, Torn};
use super::super::line::{Hash, Head, Line};
use super::super::manifest::{Manifest, Opened};
use super::super::recover::has_signed;
use super::super::shelf::{self, Forms, Shelf, Volume};
use super::super::walk::{Finding, What, follow, split};
use super::{Anchor, Proven, Question, Report, check_place};
use std::path::Path;

/// Where in a stream the verification is.
pub(super) struct Walk<'a> {
    dir: &'a Path,
    shelf: &'a Shelf,
    manifest: &'a Manifest,
    stream: &'a Opened,
    anchors: Vec<&'a Anchor>,
    /// Where the manifest says that the stream ends.
    end: Option<&'a End>,
    head: Head,
    volume: Volume,
    /// The last line that was read.
    line: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        dir: &'a Path,
        shelf: &'a Shelf,
        manifest: &'a Manifest,
        stream: &'a Opened,
        question: &'a Question,
    ) -> Self {
        let number = stream.body.stream;
        let anchors = question.anchors.iter();
        Self {
            dir,
            shelf,
            manifest,
            stream,
            anchors: anchors.filter(|anchor| anchor.stream == number).collect(),
            end: None,
            head: Head::after(stream.hash),
            volume: Volume::first(number),
            line: 0,
        }
    }

    pub(super) fn run(
        mut self,
        next: Option<&'a Opened>,
        report: &mut Report,
    ) -> Result<(), Finding> {
        self.end = next.and_then(|next| next.body.previous.as_ref());
        report.unproven = 0;
        loop {
            let forms = self.shelf.volumes.get(&self.volume).copied();
            let stub = self.manifest.archived.get(&self.volume.name());
            match (forms, stub) {
                (Some(forms), _) => self.file(forms, report)?,
                (None, Some(stub)) => self.skip(stub, report)?,
                (None, None) => break,
            }
            self.volume = self.volume.next();
            self.line = 0;
        }
        let behind = self.shelf.last(self.volume.stream);
        if behind.is_some_and(|last| last > self.volume) {
            return Err(self.finding(What::Missing, "the file is not there".to_owned()));
        }
        self.check_end(report)
    }

    /// A file that is archived and gone.
    fn skip(&mut self, stub: &Archived, report: &mut Report) -> Result<(), Finding> {
        let is_next = stub.first == self.head.seq + 1 && stub.prev == self.head.hash.to_string();
        let Some(hash) = Hash::parse(&stub.hash).filter(|_| is_next) else {
            let detail = "what the manifest keeps of it does not follow".to_owned();
            return Err(self.finding(What::Altered, detail));
        };
        let seq = stub.last;
        self.head = Head { seq, hash };
        let covered = self.anchors.iter().filter(|anchor| anchor.seq <= seq);
        report.anchors += covered.count() as u64;
        self.anchors.retain(|anchor| anchor.seq > seq);
        report.archived += 1;
        Ok(())
    }

    fn file(&mut self, forms: Forms, report: &mut Report) -> Result<(), Finding> {
        let content = shelf::read(self.dir, self.volume, forms)
            .map_err(|error| self.finding(What::Altered, format!("it cannot be read: {error}")))?;
        let mut rest = content.as_slice();
        let (lines, _) = split(&content);
        let mut lines = lines.as_slice();
        while let Some((bytes, behind)) = lines.split_first() {
            if self.is_at_end() {
                break;
            }
            lines = behind;
            self.line += 1;
            self.record(bytes, lines, report)?;
            rest = rest.split_at_checked(bytes.len() + 1).unwrap_or_default().1;
        }
        self.remainder(rest, report)
    }

    fn is_at_end(&self) -> bool {
        self.end.is_some_and(|end| end.seq == self.head.seq)
    }

    fn record(&mut self, bytes: &[u8], rest: &[&[u8]], report: &mut Report) -> Result<(), Finding> {
        let key = &self.stream.key;
        let is_signed = |line: &Line<'_>| line.is_signed(bytes, key);
        let name = self.volume.name();
        let line = follow(&name, self.line, &self.head, bytes, rest, is_signed)?;
        report.records += 1;
        report.unproven += 1;
        if line.kind == "checkpoint" {
            self.checkpoint(&line, bytes)?;
            report.unproven = 0;
            report.proven = Some(Proven {
                stream: self.volume.stream,
                sequence: line.seq,
                time: line.time.clone(),
            });
        } else if line.sig.is_some() {
            let detail = "only checkpoints are signed".to_owned();
            return Err(self.finding(What::Altered, detail));
        }
        let hash = Hash::of(bytes);
        let (seq, anchors) = (line.seq, &self.anchors);
        if anchors
            .iter()
            .any(|anchor| anchor.seq == seq && anchor.hash != hash)
        {
            return Err(self.finding(What::Altered, "an anchor holds another line".to_owned()));
        }
        report.anchors += anchors.iter().filter(|anchor| anchor.seq == seq).count() as u64;
        self.anchors.retain(|anchor| anchor.seq != seq);
        self.head = Head { seq, hash };
        Ok(())
    }

    fn checkpoint(&self, line: &Line<'_>, bytes: &[u8]) -> Result<(), Finding> {
        let body: Option<Checkpoint> = line.read();
        let body = body.filter(|body| body.stream == self.volume.stream);
        let Some(body) = body else {
            let detail = "it is no checkpoint of this stream".to_owned();
            return Err(self.finding(What::Altered, detail));
        };
        if !line.is_signed(bytes, &self.stream.key) {
            let is_other = body.key != self.stream.key.fingerprint();
            let what = if is_other {
                What::Resigned
            } else {
                What::Altered
            };
            let detail = "its signature is not that of the stream's key".to_owned();
            return Err(self.finding(what, detail));
        }
        check_place(&body, self.manifest)
    }

    /// What is behind the last line of a file.
    fn remainder(&self, rest: &[u8], report: &mut Report) -> Result<(), Finding> {
        if rest.is_empty() {
            return Ok(());
        }
        let name = self.volume.name();
        let Some(end) = self.end else {
            let bytes = rest.len();
            report.notes.push(format!(
                "`{name}` ends in a line cut short, of {bytes} bytes: of a crash, or about to be written"
            ));
            return Ok(());
        };
        let found = Torn {
            file: name,
            bytes: rest.len() as u64,
            sha256: Hash::of(rest).to_string(),
        };
        let here = self.line + 1;
        let at = |what, detail: &str| Finding {
            line: here,
            ..self.finding(what, detail.to_owned())
        };
        if has_signed(rest, self.stream) {
            return Err(at(
                What::Altered,
                "a checkpoint follows it, so no crash cut it short",
            ));
        }
        if !self.is_at_end() {
            return Err(at(What::Altered, "it is cut short"));
        }
        if end.torn.as_ref() != Some(&found) {
            let detail = "the stream had ended before it";
            return Err(at(What::Added, detail));
        }
        report.notes.push(format!(
            "`{}` ends in {} bytes that a crash cut short, as the next run found",
            found.file, found.bytes
        ));
        Ok(())
    }

    fn check_end(&self, report: &mut Report) -> Result<(), Finding> {
        let wanted = self.end.map_or(0, |end| end.seq);
        let anchored = self.anchors.iter().map(|anchor| anchor.seq).max();
        if self.head.seq < wanted || anchored.is_some() {
            let wanted = anchored.unwrap_or(0).max(wanted);
            let detail = format!("there was at least record {wanted}");
            return Err(self.truncated(detail));
        }
        match self.end {
            Some(end) if end.hash != self.head.hash.to_string() => {
                let detail = "the next run found another last record".to_owned();
                Err(Finding {
                    sequence: self.head.seq,
                    ..self.truncated(detail)
                })
            }
            // What follows is signed of by the next stream's line.
            Some(_) => {
                report.unproven = 0;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Nothing comes behind the last line of the last file.
    fn truncated(&self, detail: String) -> Finding {
        let last = self.shelf.last(self.volume.stream).unwrap_or(self.volume);
        let forms = self.shelf.volumes.get(&last).copied().unwrap_or_default();
        let content = shelf::read(self.dir, last, forms).unwrap_or_default();
        Finding {
            what: What::Missing,
            file: last.name(),
            line: split(&content).0.len() as u64 + 1,
            sequence: self.head.seq + 1,
            detail,
        }
    }

    /// About the line that comes next.
    fn finding(&self, what: What, detail: String) -> Finding {
        Finding {
            what,
            file: self.volume.name(),
            line: self.line.max(1),
            sequence: self.head.seq + 1,
            detail,
        }
    }
}
