//! `validate`: findings of the configuration and of policies, in the form asked for.

mod github;
mod json;
mod page;
mod sarif;
mod text;

pub use page::rules;
pub(super) use text::print as as_text;

use super::probe::{self, Probes};
use super::{Format, Validate};
use crate::config::{self, Finding, Host, Severity};
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
            probed.unwrap_or_default() + &text::print(&findings)
        }
        Format::Json => json::print(&findings, probes.as_ref()),
        Format::Sarif => sarif::print(&findings),
        Format::Github => github::print(&findings),
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
    let config = arguments.config.as_deref();
    let (settings, mut findings) = config::review(config, &arguments.paths, &Host);
    let mut probes = None;
    if let (Some(config), Some(settings), true) = (config, settings, arguments.probe_upstream) {
        let probed = probe::run(settings)?;
        findings.extend(probed.findings(config));
        probes = Some(probed);
    }
    findings.sort();
    findings.dedup();
    Ok((findings, probes))
}

fn fails(findings: &[Finding], arguments: &Validate) -> bool {
    findings.iter().any(|finding| match finding.severity {
        Severity::Error => true,
        Severity::Warning => arguments.strict,
        Severity::Note => false,
    })
}

/// How many findings there are of each severity.
struct Numbers {
    errors: usize,
    warnings: usize,
    notes: usize,
}

impl Numbers {
    fn of(findings: &[Finding]) -> Self {
        let number = |severity: Severity| {
            let counted = findings.iter().filter(|each| each.severity == severity);
            counted.count()
        };
        Self {
            errors: number(Severity::Error),
            warnings: number(Severity::Warning),
            notes: number(Severity::Note),
        }
    }
}

#[cfg(test)]
mod tests;
