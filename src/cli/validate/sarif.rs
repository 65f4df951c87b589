//! `--format sarif`: Static Analysis Results Interchange Format.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use crate::config::{Finding, Severity, plain};
use portcullis_core::policy::lint::{self, Rule};
use serde_json::{Value, json};
use std::path::Path;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The rule of findings that are no linter's: they are about what cannot be used as written.
const UNUSABLE: &str = "configuration";

/// One run with every rule and every finding.
pub(super) fn print(findings: &[Finding]) -> String {
    let rules: Vec<Value> = Rule::ALL.iter().map(rule).chain([unusable()]).collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "portcullis",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            // Of a column, which is counted in characters.
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(rule: &Rule) -> Value {
    let level = match rule.severity() {
        lint::Severity::Warning => "warning",
        lint::Severity::Note => "note",
    };
    json!({
        "id": rule.id(),
        "shortDescription": { "text": rule.summary() },
        "fullDescription": { "text": rule.why() },
        "help": { "text": rule.help() },
        "defaultConfiguration": { "level": level },
    })
}

fn unusable() -> Value {
    json!({
        "id": UNUSABLE,
        "shortDescription": { "text": "a file that cannot be used as it is written, or a setting that is likely not meant" },
        "fullDescription": { "text": "With an error the gateway does not start." },
        "help": { "text": "Correct what the message names." },
        "defaultConfiguration": { "level": "error" },
    })
}

fn result(finding: &Finding) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let position = |rule: Rule| Rule::ALL.iter().position(|each| *each == rule);
    let index = finding.rule.and_then(position).unwrap_or(Rule::ALL.len());
    let text = match &*finding.path {
        "" => finding.message.to_string(),
        path => format!("`{path}`: {}", finding.message),
    };
    json!({
        "ruleId": finding.rule.map_or(UNUSABLE, Rule::id),
        "ruleIndex": index,
        "level": level,
        "message": { "text": text },
        "locations": [{ "physicalLocation": location(finding) }],
    })
}

fn location(finding: &Finding) -> Value {
    let artifact = json!({ "uri": uri(&finding.file) });
    match finding.line {
        0 => json!({ "artifactLocation": artifact }),
        line => json!({
            "artifactLocation": artifact,
            "region": { "startLine": line, "startColumn": finding.column.max(1) },
        }),
    }
}

/// A relative path stays relative, to wherever the log is read; an absolute one is a file's address.
fn uri(file: &str) -> String {
    let path = plain(Path::new(file));
    let encoded = encode(&path.display().to_string());
    match path.is_absolute() {
        true => format!("file://{encoded}"),
        false => encoded,
    }
}

/// What is not plain in a path is percent-encoded. A colon too: it would make a scheme of what precedes it.
fn encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}
