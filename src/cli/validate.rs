//! `validate`

use super::probe::{self, Probes};
use super::{Format, Validate};
use crate::config::{self, Finding, Host, Severity};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// There is nothing to check, or it cannot be read.
const CANNOT_RUN: u8 = 2;

/// Checks and prints.
pub(super) fn run(arguments: &Validate) -> ExitCode {
    if let Err(message) = can_run(arguments) {
        eprintln!("portcullis: {message}");
        return ExitCode::from(CANNOT_RUN);
    }
    let (findings, probes) = match check(arguments) {
        Ok(checked) => checked,
        Err(error) => {
            eprintln!("portcullis: {error:#}");
            return ExitCode::from(CANNOT_RUN);
        }
    };
    let text = match arguments.format {
        Format::Text => {
            let probed = probes.as_ref().map(Probes::as_text);
            probed.unwrap_or_default() + &as_text(&findings)
        }
        Format::Json => as_json(&findings, probes.as_ref()),
    };
    let printed = super::print(&text);
    match fails(&findings, arguments) {
        true => ExitCode::FAILURE,
        false => printed,
    }
}

fn can_run(arguments: &Validate) -> Result<(), String> {
    let mut all = arguments.config.iter().chain(&arguments.paths).peekable();
    if all.peek().is_none() {
        return Err(
            "nothing to check: name a configuration with --config or PORTCULLIS_CONFIG, or files"
                .to_owned(),
        );
    }
    all.try_for_each(|path| readable(path))
}

fn readable(path: &Path) -> Result<(), String> {
    let read = match path.is_dir() {
        true => path.read_dir().map(drop),
        false => std::fs::File::open(path).map(drop),
    };
    read.map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

/// Checks the files; probes if that is asked for and the configuration has no error.
fn check(arguments: &Validate) -> anyhow::Result<(Vec<Finding>, Option<Probes>)> {
    let mut findings = Vec::new();
    let mut probes = None;
    if let Some(config) = &arguments.config {
        match config::load(config, &Host) {
            Ok((settings, warnings)) => {
                findings = warnings;
                if arguments.probe_upstream {
                    let probed = probe::run(settings)?;
                    findings.extend(probed.findings(config));
                    probes = Some(probed);
                }
            }
            Err(errors) => findings = errors,
        }
    }
    for path in &arguments.paths {
        findings.extend(config::verify(path, &Host));
    }
    findings.sort();
    findings.dedup();
    Ok((findings, probes))
}

fn fails(findings: &[Finding], arguments: &Validate) -> bool {
    let counts = |finding: &Finding| arguments.strict || finding.severity == Severity::Error;
    findings.iter().any(counts)
}

/// A line for each finding, and a closing line with their number.
pub(super) fn as_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        text += &format!("{finding}\n");
    }
    let (errors, warnings) = numbers(findings);
    text += &format!(
        "{}, {}\n",
        counted(errors, "error"),
        counted(warnings, "warning")
    );
    text
}

fn counted(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

fn numbers(findings: &[Finding]) -> (usize, usize) {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let errors = errors.count();
    (errors, findings.len() - errors)
}

fn as_json(findings: &[Finding], probes: Option<&Probes>) -> String {
    let (errors, warnings) = numbers(findings);
    let shown: Vec<_> = findings
        .iter()
        .map(|finding| {
            json!({
                "severity": finding.severity.as_str(),
                "file": finding.file,
                "line": finding.line,
                "column": finding.column,
                "path": finding.path,
                "message": finding.message,
            })
        })
        .collect();
    let mut all = json!({ "errors": errors, "warnings": warnings, "findings": shown });
    if let (Some(probes), Some(all)) = (probes, all.as_object_mut()) {
        all.insert("upstreams".into(), probes.as_json());
    }
    format!("{all:#}\n")
}
