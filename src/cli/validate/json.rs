//! `--format json`

use super::{Numbers, Probes};
use crate::config::Finding;
use serde_json::{Value, json};

/// One object with the numbers and every finding.
pub(super) fn print(findings: &[Finding], probes: Option<&Probes>) -> String {
    let numbers = Numbers::of(findings);
    let shown: Vec<Value> = findings.iter().map(shown).collect();
    let mut all = json!({
        "errors": numbers.errors,
        "warnings": numbers.warnings,
        "notes": numbers.notes,
        "findings": shown,
    });
    if let (Some(probes), Some(all)) = (probes, all.as_object_mut()) {
        all.insert("upstreams".into(), probes.as_json());
    }
    format!("{all:#}\n")
}

fn shown(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.as_str(),
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "path": finding.path,
        "message": finding.message,
        "rule": finding.rule.map(|rule| rule.id()),
        "help": finding.rule.map(|rule| rule.help()),
    })
}
