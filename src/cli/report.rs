//! `report`: what other modes would have decided, counted from the JSON records of a gateway.

mod groups;
mod text;

use super::{Layout, Report};
use groups::Groups;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::ExitCode;

/// A log cannot be read.
const CANNOT_READ: u8 = 2;
/// So many broken lines are named; the others are counted.
const MOST_NAMED: u64 = 10;
/// No record is longer: that of a thousand keys, each of a thousand bytes that are all escaped.
const LONGEST_LINE: u64 = 16 << 20;

/// Reads, counts and prints.
pub(super) fn run(arguments: &Report) -> ExitCode {
    let mut groups = Groups::new(arguments);
    let standard_input = [Path::new("-").to_owned()];
    let files = match arguments.files.is_empty() {
        true => &standard_input[..],
        false => &arguments.files[..],
    };
    for file in files {
        if let Err(error) = read(file, &mut groups) {
            eprintln!("portcullis: cannot read `{}`: {error}", file.display());
            return ExitCode::from(CANNOT_READ);
        }
    }
    super::print(&match arguments.format {
        Layout::Text => text::page(&groups),
        Layout::Json => format!("{:#}\n", groups.to_json()),
    })
}

fn read(file: &Path, groups: &mut Groups) -> io::Result<()> {
    match file == Path::new("-") {
        true => lines(io::stdin().lock(), "standard input", groups),
        false => {
            let reader = BufReader::with_capacity(1 << 16, File::open(file)?);
            lines(reader, &file.display().to_string(), groups)
        }
    }
}

/// Takes in every line; says on standard error which are broken.
fn lines(mut reader: impl BufRead, name: &str, groups: &mut Groups) -> io::Result<()> {
    let mut line = Vec::new();
    let mut number = 0_u64;
    loop {
        line.clear();
        let taken = reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)?;
        if taken == 0 {
            return Ok(());
        }
        number += 1;
        if let Err(why) = take(&line, groups) {
            groups.broken += 1;
            if groups.broken <= MOST_NAMED {
                eprintln!("{name}:{number}: not a record: {why}");
            }
        }
        if taken as u64 == LONGEST_LINE {
            skip_rest(&mut reader)?;
        }
    }
}

fn skip_rest(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let (length, ended) = match end {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(length);
        if ended {
            return Ok(());
        }
    }
}

/// Counts a record; a line that is no object is somebody else's.
fn take(line: &[u8], groups: &mut Groups) -> Result<(), serde_json::Error> {
    if line.trim_ascii_start().first() != Some(&b'{') {
        groups.skipped += u64::from(!line.trim_ascii().is_empty());
        return Ok(());
    }
    let record: Value = serde_json::from_slice(line)?;
    let ours = ["request_id", "request_time", "ending"]
        .iter()
        .all(|name| record.get(name).is_some_and(Value::is_string));
    match ours {
        true => groups.add(&record),
        false => groups.skipped += 1,
    }
    Ok(())
}

#[cfg(test)]
mod tests;
