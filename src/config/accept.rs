//! Findings of the linter that are accepted knowingly, by file and rule, each with its reason.
//!
//! They stand in the configuration and not in the policies, which are AWS's documents copied unchanged. An entry that
//! matches nothing is a finding itself, so that none outlives what it was written for.

use super::check::Check;
use super::finding::Finding;
use super::place::At;
use super::raw;
use portcullis_core::document::did_you_mean;
use portcullis_core::policy::lint::Rule;
use std::path::{Component, Path, PathBuf};

/// One accepted rule of one file.
pub(super) struct Accepted {
    file: PathBuf,
    rule: Rule,
    /// What to say if the file has no such finding.
    unused: Finding,
}

/// Reads what the configuration accepts.
pub(super) fn read(written: Option<raw::Lint>, at: &At<'_>, check: &mut Check<'_>) {
    let files = written.and_then(|lint| lint.allow).unwrap_or_default();
    let at = at.field("allow");
    for (file, rules) in files {
        let at = at.field(&file);
        let path = plain(&at.document.resolve(&file));
        for (name, reason) in rules {
            let at = at.field(&name);
            if reason.trim().is_empty() {
                check.push(at.error("say why the finding is accepted"));
            }
            match rule(&name) {
                Ok(rule) => check.accepted.push(Accepted {
                    file: path.clone(),
                    rule,
                    unused: at
                        .error_at_name(format!("`{file}` has no such finding"))
                        .softened(),
                }),
                Err(message) => check.push(at.error_at_name(message)),
            }
        }
    }
}

fn rule(name: &str) -> Result<Rule, String> {
    let ids = || Rule::ALL.iter().map(|rule| rule.id());
    let found = Rule::ALL.iter().find(|rule| rule.id() == name);
    found
        .copied()
        .ok_or_else(|| format!("unknown rule `{name}`{}", did_you_mean(name, ids())))
}

/// What is not accepted, and a complaint about each entry that accepts nothing.
pub(super) fn split(findings: Vec<Finding>, accepted: &[Accepted]) -> (Vec<Finding>, Vec<Finding>) {
    let accepts = |entry: &Accepted, finding: &Finding| {
        finding.rule == Some(entry.rule) && plain(Path::new(&*finding.file)) == entry.file
    };
    let unused = accepted
        .iter()
        .filter(|entry| !findings.iter().any(|finding| accepts(entry, finding)));
    let unused = unused.map(|entry| entry.unused.clone()).collect();
    let kept = findings
        .into_iter()
        .filter(|finding| !accepted.iter().any(|entry| accepts(entry, finding)));
    (kept.collect(), unused)
}

/// The same path without `.` and without `folder/..`, as far as that shows without looking at the disk.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => (),
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            Component::ParentDir
            | Component::Normal(_)
            | Component::RootDir
            | Component::Prefix(_) => {
                plain.push(component);
            }
        }
    }
    plain
}
