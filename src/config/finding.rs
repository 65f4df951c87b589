//! What is wrong with a configuration, and where.

use portcullis_core::document::Place;
use portcullis_core::policy::lint::{self, Rule};
use std::fmt;
use std::path::Path;

/// One complaint about a file. Sorts by file and place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, as the operator would name it.
    pub file: Box<str>,
    /// From 1; 0 when the complaint is about the file itself.
    pub line: u32,
    /// From 1, in characters; 0 when the complaint is about the file itself.
    pub column: u32,
    /// Whether the gateway refuses to start.
    pub severity: Severity,
    /// The field, e.g. `upstreams.lake.tls.ca`; empty when the complaint is about no field.
    pub path: Box<str>,
    /// Lower case, no full stop.
    pub message: Box<str>,
    /// The rule of the linter that was broken; none when it is no rule of a policy.
    pub rule: Option<Rule>,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The gateway does not start.
    Error,
    /// The gateway starts; `validate --strict` fails.
    Warning,
    /// Worth a look; nothing fails.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl Finding {
    /// An error at a place of a file.
    pub fn error(file: &Path, at: Place, message: impl Into<Box<str>>) -> Self {
        Self {
            file: file.display().to_string().into(),
            line: at.line,
            column: at.column,
            severity: Severity::Error,
            path: "".into(),
            message: message.into(),
            rule: None,
        }
    }

    /// What the linter found in a policy.
    pub(super) fn of_policy(file: &Path, found: lint::Finding) -> Self {
        let severity = match found.rule.severity() {
            lint::Severity::Warning => Severity::Warning,
            lint::Severity::Note => Severity::Note,
        };
        Self {
            severity,
            rule: Some(found.rule),
            ..Self::error(file, found.at, found.message)
        }
    }

    /// The same, about the field `path`.
    pub fn of(self, path: impl Into<Box<str>>) -> Self {
        Self {
            path: path.into(),
            ..self
        }
    }

    /// The same, with this message.
    pub fn saying(self, message: impl Into<Box<str>>) -> Self {
        Self {
            message: message.into(),
            ..self
        }
    }

    /// The same, as a warning.
    pub fn softened(self) -> Self {
        Self {
            severity: Severity::Warning,
            ..self
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        write!(f, " {}: ", self.severity.as_str())?;
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match self.rule {
            Some(rule) => write!(f, " [{}]", rule.id()),
            None => Ok(()),
        }
    }
}
