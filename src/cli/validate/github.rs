//! `--format github`: workflow commands.
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>

use super::text;
use crate::config::{Finding, Severity, plain};
use std::path::Path;

/// A command for each finding, and the closing line, which is for readers of the log.
pub(super) fn print(findings: &[Finding]) -> String {
    let commands: String = findings.iter().map(command).collect();
    commands + &text::closing(findings)
}

fn command(finding: &Finding) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let file = plain(Path::new(&*finding.file)).display().to_string();
    let mut properties = format!("file={}", property(&file));
    if finding.line > 0 {
        properties += &format!(",line={},col={}", finding.line, finding.column);
    }
    let title = finding.rule.map_or("portcullis validate", |rule| rule.id());
    properties += &format!(",title={}", property(title));
    format!("::{name} {properties}::{}\n", data(&message(finding)))
}

fn message(finding: &Finding) -> String {
    let field = match &*finding.path {
        "" => String::new(),
        path => format!("`{path}`: "),
    };
    let help = finding.rule.map(|rule| format!("\n{}", rule.help()));
    format!("{field}{}{}", finding.message, help.unwrap_or_default())
}

/// What would end the command.
fn data(text: &str) -> String {
    let percent = text.replace('%', "%25");
    percent.replace('\r', "%0D").replace('\n', "%0A")
}

/// What would end the property too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
