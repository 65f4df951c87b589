//! Decision cases in files, and the policies that they name.

use super::check::Check;
use super::document::is_document;
use super::finding::Finding;
use super::policies;
use super::secrets::in_words;
use super::sources::{ItemKind, Sources};
use portcullis_core::cases::{self, Case, Loaded};
use portcullis_core::document::{Node, Place, Value};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// The cases of one file.
#[derive(Debug)]
pub struct CaseFile {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// At least one.
    pub cases: Vec<Case>,
}

/// A folder in a folder and so on, deeper than this, is most likely a link to one above.
const DEEPEST: usize = 32;

/// Reads the cases of a file, or of every JSON and YAML file of a folder and its folders, hidden ones left out. Of a
/// folder policies are passed over, which stand beside the cases that name them, and a folder `guardrails`, which has
/// tests of another form.
///
/// Whatever cannot be read is a finding, as is a path without any case.
pub fn cases(path: &Path, sources: &dyn Sources) -> (Vec<CaseFile>, Vec<Finding>) {
    let mut check = Check::new(sources);
    let mut found = Vec::new();
    if sources.is_folder(path) {
        folder(path, 0, &mut found, &mut check);
        if found.is_empty() && !check.failed() {
            let message = "there is no decision case in this folder";
            check.push(Finding::error(path, Place::default(), message));
        }
    } else if let Some(root) = policies::policy_document(path, &mut check) {
        found.extend(file(path, &root, &mut check));
    }
    (found, check.findings())
}

fn folder(path: &Path, depth: usize, found: &mut Vec<CaseFile>, check: &mut Check<'_>) {
    let complain = |message: String| Finding::error(path, Place::default(), message);
    if depth > DEEPEST {
        let message =
            format!("more than {DEEPEST} folders in each other: is one a link to another?");
        return check.push(complain(message));
    }
    let items = match check.sources.list(path) {
        Ok(items) => items,
        Err(error) => {
            return check.push(complain(format!("cannot read it: {}", in_words(&error))));
        }
    };
    for item in items.iter().filter(|item| !item.name.starts_with('.')) {
        let path = path.join(&item.name);
        match item.kind {
            ItemKind::Folder if item.name == "guardrails" => (),
            ItemKind::Folder => folder(&path, depth + 1, found, check),
            ItemKind::File if is_document(&item.name) => {
                let root = policies::policy_document(&path, check);
                if let Some(root) = root.filter(|root| !is_policy(root)) {
                    found.extend(file(&path, &root, check));
                }
            }
            ItemKind::File => (),
        }
    }
}

fn file(path: &Path, root: &Node, check: &mut Check<'_>) -> Option<CaseFile> {
    if let Some(message) = something_else(root) {
        check.push(Finding::error(path, root.at, message));
        return None;
    }
    let cases = read(path, root, check)?;
    if cases.is_empty() {
        check.push(Finding::error(path, root.at, "there is no case in it"));
        return None;
    }
    Some(CaseFile {
        file: path.to_owned(),
        cases,
    })
}

/// What a document is that has nothing of a case.
fn something_else(root: &Node) -> Option<&'static str> {
    let marks = ["rules", "principal", "action", "expected"];
    let marked = root.entries().is_empty() || marks.iter().any(|name| root.get(name).is_some());
    match (is_policy(root), marked) {
        (true, _) => Some("this is a policy, not a decision case: a case names it by `file: PATH`"),
        (false, false) => Some(
            "this is no decision case: it has none of `rules`, `principal`, `action`, `expected`",
        ),
        (false, true) => None,
    }
}

fn is_policy(root: &Node) -> bool {
    root.get("Statement").is_some()
}

/// Whether a document holds decision cases, or tries to.
pub(super) fn are_cases(root: &Node) -> bool {
    let is_case = |node: &Node| node.get("expected").is_some();
    match &root.value {
        Value::List(items) => items.iter().any(is_case),
        Value::Map(_) => is_case(root) || root.get("rules").is_some(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => false,
    }
}

/// Reads the cases of a document that stands in `path`.
pub(super) fn read(path: &Path, root: &Node, check: &mut Check<'_>) -> Option<Vec<Case>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let known = RefCell::new(HashMap::new());
    let sources = check.sources;
    let load = |written: &str| -> Result<Loaded, String> {
        let mut known = known.borrow_mut();
        let file = folder.join(written);
        let loaded = known
            .entry(written.to_owned())
            .or_insert_with(|| policy(&file, sources));
        loaded.clone()
    };
    match cases::read(root, &path.display().to_string(), &load) {
        Ok(cases) => Some(cases),
        Err(problems) => {
            for problem in problems {
                check.push(Finding::error(path, problem.at, problem.message));
            }
            None
        }
    }
}

fn policy(file: &Path, sources: &dyn Sources) -> Result<Loaded, String> {
    let mut check = Check::new(sources);
    let source = shown(file).display().to_string().into();
    match policies::policy_document(file, &mut check) {
        Some(root) => Ok(Loaded { source, root }),
        None => Err(in_one_line(&check.findings())),
    }
}

/// A path without `folder/..`, for people; a link may lead elsewhere.
fn shown(file: &Path) -> PathBuf {
    let mut shown = PathBuf::new();
    for part in file.components() {
        let above = shown.components().next_back();
        match (part, above) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                shown.pop();
            }
            (part, _) => shown.push(part),
        }
    }
    shown
}

fn in_one_line(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| match finding.line {
        0 => finding.message.to_string(),
        line => format!("{line}:{}: {}", finding.column, finding.message),
    });
    lines.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_without_detours() {
        for (path, expected) in [
            ("tests/../policy.json", "policy.json"),
            ("a/b/../../c.json", "c.json"),
            ("../a/../c.json", "../c.json"),
            ("../../c.json", "../../c.json"),
            ("/a/../c.json", "/c.json"),
            ("a/./c.json", "a/c.json"),
        ] {
            assert_eq!(shown(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
