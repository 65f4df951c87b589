//! Following a chain through lines, and naming the line where it breaks.

use super::line::{Hash, Head, Line};
use serde::Serialize;

/// What is wrong with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A line is not what was written.
    Altered,
    /// A line, and maybe more behind it, is not there.
    Missing,
    /// A line is not in its place.
    Reordered,
    /// A line is signed by a key that may not sign it.
    Resigned,
    /// There is more than was written.
    Added,
}

/// The first thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of which sort.
    pub what: What,
    /// The file's name.
    pub file: String,
    /// The line in it, from 1.
    pub line: u64,
    /// The sequence number that this line has or should have.
    pub sequence: u64,
    /// Why.
    pub detail: String,
}

/// A file's whole lines, and what is behind the last newline.
pub(super) fn split(content: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let end = content.iter().rposition(|byte| *byte == b'\n');
    let (whole, tail) = content
        .split_at_checked(end.map_or(0, |end| end + 1))
        .unwrap_or((content, &[]));
    let lines = whole.split_inclusive(|byte| *byte == b'\n');
    (
        lines
            .map(|line| line.strip_suffix(b"\n").unwrap_or(line))
            .collect(),
        tail,
    )
}

/// Reads the line that must come next, or says what is wrong. `rest` is what follows it in the file; `is_signed` says whether
/// a line has a valid signature.
pub(super) fn follow<'a>(
    file: &str,
    number: u64,
    head: &Head,
    bytes: &'a [u8],
    rest: &[&[u8]],
    is_signed: impl Fn(&Line<'_>) -> bool,
) -> Result<Line<'a>, Finding> {
    let expected = head.seq.saturating_add(1);
    let finding = |what, line, sequence, detail: &str| Finding {
        what,
        file: file.to_owned(),
        line,
        sequence,
        detail: detail.to_owned(),
    };
    let Some(line) = Line::parse(bytes) else {
        let detail = "it is no line of this format";
        return Err(finding(What::Altered, number, expected, detail));
    };
    if line.is_behind(head) {
        return Ok(line);
    }
    if line.seq == expected {
        let hash = Hash::of(bytes).to_string();
        let next = rest.first().and_then(|next| Line::parse(next));
        let is_whole = is_signed(&line) || next.is_some_and(|next| next.prev == hash);
        // What comes behind vouches for this line, so the one before it is not what it was.
        if is_whole && number > 1 {
            let detail = "the line behind it holds another hash";
            return Err(finding(What::Altered, number - 1, head.seq, detail));
        }
        let detail = "it does not hold the hash of the line before it";
        return Err(finding(What::Altered, number, expected, detail));
    }
    let detail = format!("there is the line of sequence {}", line.seq);
    let later = |line: &&[u8]| Line::parse(line).is_some_and(|line| line.seq == expected);
    let what = if line.seq < expected || rest.iter().any(later) {
        What::Reordered
    } else {
        What::Missing
    };
    Err(finding(what, number, expected, &detail))
}
