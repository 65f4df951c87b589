//! `--format text`

use super::Numbers;
use crate::config::Finding;

/// A line for each finding, and a closing line with their number.
pub(in crate::cli) fn print(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        text += &format!("{finding}\n");
    }
    text + &closing(findings)
}

/// The closing line.
pub(super) fn closing(findings: &[Finding]) -> String {
    let numbers = Numbers::of(findings);
    let errors = counted(numbers.errors, "error");
    let warnings = counted(numbers.warnings, "warning");
    match numbers.notes {
        0 => format!("{errors}, {warnings}\n"),
        notes => format!("{errors}, {warnings}, {}\n", counted(notes, "note")),
    }
}

fn counted(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}
