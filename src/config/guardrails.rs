//! The folder `guardrails` of the policies: resource-control documents for every account, and Rego.
//!
//! Whatever lies there and is not read is an error, for it would be believed to be in force. What is beside the rules
//! for people and tests is left alone: `README.md`, `input.schema.json`, `*_test.rego`, `*.test.yaml` and the folder
//! `library`, from which rules are copied.

use super::check::Check;
use super::document::{Opened, is_document, open_verbatim};
use super::finding::Finding;
use super::policies::{list, policy_file, refuse};
use super::raw::SourceMode;
use super::sources::{Item, ItemKind};
use crate::rego::{self, Problem, Source};
use portcullis_core::policy::{Policy, PolicyKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a folder of guardrails holds.
#[derive(Debug, Default)]
pub(super) struct Guardrails {
    /// Resource-control documents for every account.
    pub(super) documents: Vec<Arc<Policy>>,
    /// The rules in Rego, if there are any.
    pub(super) rego: Option<Arc<rego::Engine>>,
    /// Those of them that are in shadow.
    pub(super) shadow: Option<Arc<rego::Engine>>,
}

/// Reads a folder of guardrails.
pub(super) fn folder(folder: &Path, deadline: Duration, check: &mut Check<'_>) -> Guardrails {
    let mut sources = Sources::default();
    let mut data = Vec::new();
    let mut found = Guardrails::default();
    for item in list(folder, check) {
        let path = folder.join(&item.name);
        match kind(&item) {
            Kind::Rule => sources.add(&path, check),
            Kind::Data => data.push(path),
            Kind::Document => found.documents.extend(document(&path, check)),
            Kind::Beside => {}
            Kind::Unknown => refuse(
                &path,
                "not read: guardrails are `*.rego`, or resource-control documents `*.json` and `*.yaml`",
                check,
            ),
        }
    }
    if let Some(second) = data.get(1) {
        refuse(second, "another file holds the data already", check);
    }
    let data = data.first().map(|file| read_data(file, check));
    if let Some(data) = data.unwrap_or_else(|| Some(serde_json::json!({}))) {
        let mut compile =
            |sources: &[Source]| compile(folder, sources, data.clone(), deadline, check);
        found.rego = compile(&sources.enforced);
        found.shadow = compile(&sources.in_shadow);
        // What is off is checked all the same.
        compile(&sources.off);
    }
    found
}

/// Rules by their mode.
#[derive(Default)]
struct Sources {
    enforced: Vec<Source>,
    in_shadow: Vec<Source>,
    off: Vec<Source>,
}

impl Sources {
    fn add(&mut self, file: &Path, check: &mut Check<'_>) {
        let list = match check.mode_of(file) {
            SourceMode::Enforce => &mut self.enforced,
            SourceMode::Shadow => &mut self.in_shadow,
            SourceMode::Off => &mut self.off,
        };
        list.extend(source(file, check));
    }
}

/// Checks a file of Rego by itself.
pub(super) fn rules_file(file: &Path, check: &mut Check<'_>) {
    if let Some(source) = source(file, check) {
        let folder = file.parent().unwrap_or(file);
        let data = serde_json::json!({});
        compile(folder, &[source], data, rego::DEADLINE, check);
    }
}

/// A resource-control document.
pub(super) fn document(file: &Path, check: &mut Check<'_>) -> Option<Arc<Policy>> {
    policy_file(file, PolicyKind::Guardrail, check)
}

enum Kind {
    Rule,
    Data,
    Document,
    Beside,
    Unknown,
}

fn kind(item: &Item) -> Kind {
    let name = item.name.as_str();
    let is_test = is_document(name)
        && name
            .rsplit_once('.')
            .is_some_and(|(stem, _)| stem.ends_with(".test"));
    match (item.kind, name) {
        (ItemKind::Folder, "library") => Kind::Beside,
        (ItemKind::Folder, _) => Kind::Unknown,
        (ItemKind::File, "README.md" | "input.schema.json") => Kind::Beside,
        (ItemKind::File, "data.json" | "data.yaml" | "data.yml") => Kind::Data,
        (ItemKind::File, _) if is_test || name.ends_with("_test.rego") => Kind::Beside,
        (ItemKind::File, _) if name.ends_with(".rego") => Kind::Rule,
        (ItemKind::File, _) if is_document(name) => Kind::Document,
        (ItemKind::File, _) => Kind::Unknown,
    }
}

fn source(file: &Path, check: &mut Check<'_>) -> Option<Source> {
    let read = check.sources.read(file);
    if let Ok(bytes) = &read {
        check.note_document(file, bytes);
    }
    let text = read
        .map_err(|error| format!("cannot read it: {}", super::secrets::in_words(&error)))
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()));
    match text {
        Ok(text) => Some(Source {
            file: file.display().to_string().into(),
            text,
        }),
        Err(message) => {
            refuse(file, &message, check);
            None
        }
    }
}

fn read_data(file: &Path, check: &mut Check<'_>) -> Option<serde_json::Value> {
    match open_verbatim(file, check) {
        Opened::Read(document) => {
            let data = document.root.to_json();
            if !data.is_object() {
                check.push(Finding::error(file, document.root.at, "must be a map"));
                return None;
            }
            Some(data)
        }
        Opened::Unreadable(message) => {
            refuse(file, &message, check);
            None
        }
        Opened::Broken => None,
    }
}

fn compile(
    folder: &Path,
    sources: &[Source],
    data: serde_json::Value,
    deadline: Duration,
    check: &mut Check<'_>,
) -> Option<Arc<rego::Engine>> {
    if sources.is_empty() {
        return None;
    }
    let finding = |problem: Problem| {
        let file = problem.file.as_deref().map(PathBuf::from);
        let file = file.as_deref().unwrap_or(folder);
        Finding::error(file, problem.at, problem.message)
    };
    match rego::compile(sources, data, deadline) {
        Ok(compiled) => {
            for warning in compiled.warnings {
                check.push(finding(warning).softened());
            }
            compiled.engine.map(Arc::new)
        }
        Err(problems) => {
            for problem in problems {
                check.push(finding(problem));
            }
            None
        }
    }
}
