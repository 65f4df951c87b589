//! `test`

mod junit;

use super::{Test, TestFormat};
use crate::config::{self, CaseFile, Finding, Host};
use portcullis_core::cases::{Case, Decided, Outcome};
use portcullis_core::document::Place;
use portcullis_core::policy::explain::Located;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Something cannot be read, or is no case.
const CANNOT_RUN: u8 = 2;

/// Reads the cases, decides them, prints.
pub(super) fn run(arguments: &Test) -> ExitCode {
    let report = Report::of(arguments);
    let text = match arguments.format {
        TestFormat::Text => report.as_text(),
        TestFormat::Json => report.as_json(),
        TestFormat::Junit => match junit::text(&report) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("portcullis: {error}");
                return ExitCode::from(CANNOT_RUN);
            }
        },
    };
    let printed = super::print(&text);
    match (report.findings.len(), report.failed()) {
        (0, 0) => printed,
        (0, _) => ExitCode::FAILURE,
        (_, _) => ExitCode::from(CANNOT_RUN),
    }
}

/// What came of all cases.
struct Report {
    tested: Vec<Tested>,
    /// What could not be run.
    findings: Vec<Finding>,
}

/// One case that was decided.
struct Tested {
    file: String,
    line: u32,
    name: String,
    rule: Option<String>,
    expected: Expected,
    decided: Decided,
    /// Why it was not decided as expected; none if it was.
    reason: Option<String>,
}

/// What a case says must come of it.
struct Expected {
    outcome: Outcome,
    by: Option<&'static str>,
}

impl Report {
    fn of(arguments: &Test) -> Self {
        let mut report = Self {
            tested: Vec::new(),
            findings: Vec::new(),
        };
        for path in &arguments.paths {
            let (files, findings) = config::cases(path, &Host);
            report.findings.extend(findings);
            for CaseFile { file, cases } in files {
                for case in &cases {
                    match Tested::of(&file, case) {
                        Ok(tested) => report.tested.push(tested),
                        Err(finding) => report.findings.push(finding),
                    }
                }
            }
        }
        report
    }

    fn failed(&self) -> usize {
        let failed = self.tested.iter().filter(|tested| tested.reason.is_some());
        failed.count()
    }

    /// A line for each failure and each finding, and a closing line with the numbers.
    fn as_text(&self) -> String {
        let mut text = String::new();
        for tested in &self.tested {
            if let Some(reason) = &tested.reason {
                let Tested { file, line, .. } = tested;
                let (name, difference) = (one_line(&tested.name), tested.difference());
                text += &format!("{file}:{line}: {name}: {difference}{reason}\n");
            }
        }
        for finding in &self.findings {
            text += &format!("{}\n", one_line(&finding.to_string()));
        }
        let (failed, errors) = (self.failed(), self.findings.len());
        let passed = self.tested.len() - failed;
        text += &match errors {
            0 => format!("{passed} passed, {failed} failed\n"),
            1 => format!("{passed} passed, {failed} failed, 1 error\n"),
            errors => format!("{passed} passed, {failed} failed, {errors} errors\n"),
        };
        text
    }

    fn as_json(&self) -> String {
        let cases: Vec<Value> = self.tested.iter().map(Tested::as_json).collect();
        let errors: Vec<Value> = self.findings.iter().map(finding_as_json).collect();
        let failed = self.failed();
        let all = json!({
            "passed": self.tested.len() - failed,
            "failed": failed,
            "cases": cases,
            "errors": errors,
        });
        format!("{all:#}\n")
    }
}

impl Tested {
    /// A case that does not say what it expects is a finding.
    fn of(file: &Path, case: &Case) -> Result<Self, Finding> {
        let Some(outcome) = case.expected else {
            let at = Place {
                line: case.line,
                column: 1,
            };
            let message = format!("`{}` has no `expected`", case.name);
            return Err(Finding::error(file, at, message));
        };
        let decided = case.decide();
        Ok(Self {
            file: file.display().to_string(),
            line: case.line,
            name: case.name.clone(),
            rule: case.rule.clone(),
            expected: Expected {
                outcome,
                by: case.by,
            },
            reason: (!case.is_met_by(&decided)).then(|| reason(case, &decided)),
            decided,
        })
    }

    /// `expected allow, got implicit_deny by identity`
    fn difference(&self) -> String {
        let got = &self.decided;
        let got = format!("{} by {}", got.outcome.name(), got.by);
        match self.expected.by {
            None => format!("expected {}, got {got}", self.expected.outcome.name()),
            Some(by) => format!(
                "expected {} by {by}, got {got}",
                self.expected.outcome.name()
            ),
        }
    }

    fn as_json(&self) -> Value {
        let mut shown = json!({
            "file": self.file,
            "line": self.line,
            "name": self.name,
            "passed": self.reason.is_none(),
            "expected": self.expected.outcome.name(),
            "outcome": self.decided.outcome.name(),
            "by": self.decided.by,
        });
        let optional = [
            ("rule", self.rule.as_deref()),
            ("expected_by", self.expected.by),
            ("reason", self.reason.as_deref().map(without_colon)),
        ];
        for (name, value) in optional {
            if let (Some(value), Some(shown)) = (value, shown.as_object_mut()) {
                shown.insert(name.to_owned(), value.into());
            }
        }
        shown
    }
}

/// Why a case was decided as it was, after a colon; nothing if there is no more to say.
fn reason(case: &Case, decided: &Decided) -> String {
    let text = match (case.scene(), &decided.statement) {
        (Err(refused), _) => {
            let problems = refused.iter().map(ToString::to_string);
            problems.collect::<Vec<_>>().join("; ")
        }
        (Ok(scene), statement) => {
            let reason = scene.explain().reason;
            let told = reason.map(|reason| reason.to_string());
            let located = || statement.as_ref().map(|at| Located::from(at).to_string());
            told.or_else(located).unwrap_or_default()
        }
    };
    match text.is_empty() {
        true => text,
        false => format!(": {}", one_line(&text)),
    }
}

fn without_colon(reason: &str) -> &str {
    reason.strip_prefix(": ").unwrap_or(reason)
}

fn finding_as_json(finding: &Finding) -> Value {
    json!({
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
    })
}

/// What a case file says may hold line ends and what acts on a terminal.
fn one_line(text: &str) -> String {
    let acts = |character: char| {
        character.is_control()
            || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
    };
    let characters = text.chars().map(|character| match acts(character) {
        true => character.escape_default().to_string(),
        false => character.to_string(),
    });
    characters.collect()
}
