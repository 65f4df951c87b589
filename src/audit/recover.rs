//! What the run before has left: where its stream ends, and which intents have no outcome.

use super::AuditError;
use super::bodies::{End, Intent, Outcome, Torn, Unfinished};
use super::line::{Hash, Head, Line};
use super::manifest::{Manifest, Opened};
use super::shelf::{self, Shelf, Volume};
use super::walk::split;
use std::collections::BTreeSet;
use std::path::Path;

/// What a stream left.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) end: End,
    pub(super) open: BTreeSet<Intent>,
    /// Behind the end there is a signed line: this is no crash.
    pub(super) is_damaged: bool,
}

/// Reads the end of the last stream, and the intents that it and streams before it have left open.
pub(super) fn left(
    dir: &Path,
    shelf: &Shelf,
    manifest: &Manifest,
) -> Result<Option<Left>, AuditError> {
    let mut streams = manifest.streams.iter().rev();
    let Some(last) = streams.next() else {
        return Ok(None);
    };
    let mut left = of_stream(dir, shelf, last)?;
    // A run that was ended before its first record took over nothing of the one before.
    let mut earlier = left.end.seq == 0;
    while earlier {
        let Some(stream) = streams.next() else { break };
        let before = of_stream(dir, shelf, stream)?;
        earlier = before.end.seq == 0;
        left.open = before.open;
    }
    Ok(Some(left))
}

fn of_stream(dir: &Path, shelf: &Shelf, stream: &Opened) -> Result<Left, AuditError> {
    let number = stream.body.stream;
    let mut left = Left {
        end: End {
            seq: 0,
            hash: stream.hash.to_string(),
            torn: None,
        },
        open: BTreeSet::new(),
        is_damaged: false,
    };
    let mut volume = shelf.last(number);
    while let Some(present) = volume {
        let forms = shelf.volumes.get(&present).copied().unwrap_or_default();
        let content = shelf::read(dir, present, forms)
            .map_err(|error| AuditError::io(&present.path(dir), error))?;
        if read_file(&content, present, stream, &mut left) {
            break;
        }
        // A file whose first line was cut short: the stream ends in the one before.
        volume = present
            .number
            .checked_sub(1)
            .map(|number| Volume { number, ..present });
        volume = volume.filter(|volume| shelf.volumes.contains_key(volume));
    }
    Ok(left)
}

/// Follows the chain through a file. Says whether there is a line at all.
fn read_file(content: &[u8], volume: Volume, stream: &Opened, left: &mut Left) -> bool {
    let (lines, _) = split(content);
    let mut head: Option<Head> = None;
    let mut sound = 0;
    for bytes in lines {
        let Some(line) = Line::parse(bytes) else {
            break;
        };
        let start = head.or_else(|| start(&line, volume, stream));
        if !start.is_some_and(|head| line.is_behind(&head)) {
            break;
        }
        note(&line, volume.stream, &mut left.open);
        head = Some(Head {
            seq: line.seq,
            hash: Hash::of(bytes),
        });
        sound += bytes.len() + 1;
    }
    let (_, behind) = content.split_at_checked(sound).unwrap_or((&[], content));
    if !behind.is_empty() {
        left.is_damaged |= has_signed(behind, stream);
        left.end.torn = Some(Torn {
            file: volume.name(),
            bytes: behind.len() as u64,
            sha256: Hash::of(behind).to_string(),
        });
    }
    if let Some(head) = head {
        left.end.seq = head.seq;
        left.end.hash = head.hash.to_string();
    }
    head.is_some()
}

/// Where the chain stands before the first line of a file.
fn start(line: &Line<'_>, volume: Volume, stream: &Opened) -> Option<Head> {
    if volume.number == 1 {
        return Some(Head::after(stream.hash));
    }
    Some(Head {
        seq: line.seq.checked_sub(1)?,
        hash: Hash::parse(&line.prev)?,
    })
}

fn note(line: &Line<'_>, stream: u64, open: &mut BTreeSet<Intent>) {
    match line.kind.as_str() {
        "open" | "carried" => {
            if let Some(unfinished) = line.read::<Unfinished>() {
                open.extend(unfinished.intents);
            }
        }
        "intent" => {
            open.insert(Intent(stream, line.seq));
        }
        "outcome" => {
            if let Some(intent) = line.read::<Outcome>().and_then(|outcome| outcome.intent) {
                open.remove(&intent);
            }
        }
        _ => {}
    }
}

/// Whether there is a checkpoint of the stream. It is written when all before it is durable, so a crash leaves none behind a
/// line that is cut short.
pub(super) fn has_signed(bytes: &[u8], stream: &Opened) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    lines.any(|bytes| {
        Line::parse(bytes)
            .is_some_and(|line| line.kind == "checkpoint" && line.is_signed(bytes, &stream.key))
    })
}
