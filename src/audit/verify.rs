//! Whether a log is what was written, judged from its files, trusted keys and checkpoints from elsewhere.

mod stream;

use super::AuditError;
use super::bodies::Checkpoint;
use super::key::PublicKey;
use super::line::{Hash, Line};
use super::manifest::{Manifest, Opened};
use super::shelf::{MANIFEST, Shelf};
use super::walk::{Finding, What};
use jiff::Timestamp;
use serde::Serialize;
use std::path::Path;
use stream::Walk;

/// What a log is held against.
#[derive(Debug, Default)]
pub struct Question {
    /// Keys that are trusted, and those introduced under them.
    pub keys: Vec<PublicKey>,
    /// Signed lines that were kept elsewhere.
    pub anchors: Vec<Anchor>,
    /// Streams that ended before are not read.
    pub since: Option<Timestamp>,
}

/// A checkpoint that was kept elsewhere.
#[derive(Debug, Clone)]
pub struct Anchor {
    bytes: Vec<u8>,
    stream: u64,
    seq: u64,
    hash: Hash,
}

impl Anchor {
    /// Reads checkpoints from the lines of a file; what stands before the object, as in a log, is skipped.
    ///
    /// # Errors
    /// The file cannot be read, or a line holds no checkpoint.
    pub fn read(path: &Path) -> Result<Vec<Self>, AuditError> {
        let text = std::fs::read_to_string(path).map_err(|error| AuditError::io(path, error))?;
        let lines = text.lines().enumerate();
        let anchors = lines.filter(|(_, line)| !line.trim().is_empty());
        let anchors = anchors.map(|(index, line)| {
            Self::parse(line).ok_or_else(|| AuditError::Anchor {
                path: path.to_owned(),
                line: index + 1,
            })
        });
        anchors.collect()
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (_, text) = text.split_at_checked(text.find(r#"{"seq":"#)?)?;
        let bytes = text.trim_end().as_bytes();
        let line = Line::parse(bytes).filter(|line| line.kind == "checkpoint")?;
        let body: Checkpoint = line.read()?;
        Some(Self {
            bytes: bytes.to_vec(),
            stream: body.stream,
            seq: line.seq,
            hash: Hash::of(bytes),
        })
    }
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How it is to be taken.
    pub verdict: Verdict,
    /// The first thing that is wrong.
    pub finding: Option<Finding>,
    /// The fingerprint of the key that signed last.
    pub signer: Option<String>,
    /// Whether keys were given.
    pub pinned: bool,
    /// Streams in the manifest.
    pub streams: u64,
    /// Records that were read.
    pub records: u64,
    /// The last checkpoint that holds.
    pub proven: Option<Proven>,
    /// Records behind it, which nothing is signed of yet.
    pub unproven: u64,
    /// Anchors that hold.
    pub anchors: u64,
    /// Files that are archived and gone.
    pub archived: u64,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proven {
    /// Its stream.
    pub stream: u64,
    /// Its sequence number.
    pub sequence: u64,
    /// Its time.
    pub time: String,
}

/// How a log is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Untouched: the signer is trusted, an anchor holds, everything is signed.
    Untouched,
    /// Something is wrong.
    Tampered,
    /// Nothing is wrong up to a checkpoint; whether more was there cannot be said.
    Proven,
    /// Nothing is wrong if the signer is who it should be.
    NotPinned,
}

impl Verdict {
    /// The exit code; 2 is for what cannot be checked at all.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Untouched => 0,
            Self::Tampered => 1,
            Self::Proven => 3,
            Self::NotPinned => 4,
        }
    }
}

/// Verifies a log, which may be in use.
///
/// # Errors
/// It cannot be read.
pub fn verify(dir: &Path, question: &Question) -> Result<Report, AuditError> {
    // Files first: what is begun meanwhile is then only in the manifest.
    let shelf = Shelf::look(dir).map_err(|error| AuditError::io(dir, error))?;
    let path = dir.join(MANIFEST);
    let content = std::fs::read(&path).map_err(|error| AuditError::io(&path, error))?;
    let (manifest, finding) = Manifest::read(&content, &question.keys);
    let mut report = Report {
        verdict: Verdict::Tampered,
        finding,
        signer: manifest.streams.last().map(|last| last.key.fingerprint()),
        pinned: !question.keys.is_empty(),
        streams: manifest.streams.len() as u64,
        records: 0,
        proven: None,
        unproven: 0,
        anchors: 0,
        archived: 0,
        notes: shelf
            .strange
            .iter()
            .map(|name| format!("`{name}` is no file of this log"))
            .collect(),
    };
    if manifest.torn > 0 {
        let bytes = manifest.torn;
        report.notes.push(format!(
            "the manifest ends in a line cut short, of {bytes} bytes"
        ));
    }
    if report.finding.is_none() {
        let judged = judge(dir, &shelf, &manifest, question, &mut report);
        report.finding = judged.err();
    }
    report.verdict = match &report.finding {
        Some(_) => Verdict::Tampered,
        None if !report.pinned => Verdict::NotPinned,
        None if report.anchors == 0 || report.unproven > 0 => Verdict::Proven,
        None => Verdict::Untouched,
    };
    Ok(report)
}

fn judge(
    dir: &Path,
    shelf: &Shelf,
    manifest: &Manifest,
    question: &Question,
    report: &mut Report,
) -> Result<(), Finding> {
    if manifest.streams.is_empty() {
        return Err(in_manifest(What::Missing, 1, "it opens no stream"));
    }
    for anchor in &question.anchors {
        check_anchor(anchor, manifest)?;
    }
    let last = manifest.streams.len() as u64;
    if let Some(volume) = shelf.volumes.keys().find(|volume| volume.stream > last) {
        let mut finding = in_manifest(What::Missing, manifest.head.seq + 1, "");
        finding.detail = format!("the stream of `{}` is not in it", volume.name());
        return Err(finding);
    }
    for stream in &manifest.streams {
        let next = manifest.stream(stream.body.stream + 1);
        if is_before(next, question.since) {
            continue;
        }
        Walk::new(dir, shelf, manifest, stream, question).run(next, report)?;
    }
    Ok(())
}

/// Whether a stream had ended by then.
fn is_before(next: Option<&Opened>, since: Option<Timestamp>) -> bool {
    matches!((next, since), (Some(next), Some(since)) if next.time.is_some_and(|time| time <= since))
}

/// Whether an anchor can be one of this log's.
fn check_anchor(anchor: &Anchor, manifest: &Manifest) -> Result<(), Finding> {
    let Some(stream) = manifest.stream(anchor.stream) else {
        let line = manifest.head.seq + 1;
        return Err(in_manifest(
            What::Missing,
            line,
            "it lacks the stream of an anchor",
        ));
    };
    let signed =
        Line::parse(&anchor.bytes).filter(|line| line.is_signed(&anchor.bytes, &stream.key));
    let Some(body) = signed.and_then(|line| line.read::<Checkpoint>()) else {
        let detail = "an anchor of this stream has another signature";
        return Err(in_manifest(What::Resigned, stream.line, detail));
    };
    check_place(&body, manifest)
}

/// Whether the manifest is still what a checkpoint saw.
fn check_place(body: &Checkpoint, manifest: &Manifest) -> Result<(), Finding> {
    let place = &body.manifest;
    match manifest.hash(place.seq) {
        None => {
            let line = manifest.head.seq + 1;
            Err(in_manifest(
                What::Missing,
                line,
                "a checkpoint saw more lines",
            ))
        }
        Some(hash) if hash.to_string() != place.hash => {
            let detail = "a checkpoint saw another line";
            Err(in_manifest(What::Altered, place.seq, detail))
        }
        Some(_) => Ok(()),
    }
}

fn in_manifest(what: What, line: u64, detail: &str) -> Finding {
    Finding {
        what,
        file: MANIFEST.to_owned(),
        line,
        sequence: line,
        detail: detail.to_owned(),
    }
}
