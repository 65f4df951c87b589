//! Policy documents: those of the folder of policies, and identity policies from the identities.

use super::buckets;
use super::check::{Check, matches};
use super::document::{Opened, open_verbatim};
use super::finding::Finding;
use super::guardrails::{self, Guardrails};
use super::place::At;
use super::settings::{SourceMode, Upstream};
use super::sources::{Item, ItemKind};
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::document::{Node, Problem};
use portcullis_core::policy::{Mode, Origin, Policy, PolicyKind};
use portcullis_core::s3::names::BucketName;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What a folder of policies holds.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// The settings of buckets.
    pub(super) buckets: HashMap<BucketName, BucketSettings>,
    /// What is tried in their place.
    pub(super) candidates: HashMap<BucketName, Arc<Policy>>,
    /// `guardrails/`
    pub(super) guardrails: Guardrails,
}

/// Reads the folder that `policies` names. A guardrail in Rego may take this long.
pub(super) fn folder(
    written: Option<String>,
    deadline: Duration,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Folder {
    let Some(path) = written else {
        return Folder::default();
    };
    let folder = at.document.resolve(&path);
    if !check.sources.is_folder(&folder) {
        check.push(at.error(format!("`{}` is not a folder", folder.display())));
        return Folder::default();
    }
    folder_of_policies(&folder, deadline, check)
}

/// Reads a folder of policies. Whatever it holds that this version does not read is an error, for it would
/// otherwise be believed to be in force.
fn folder_of_policies(folder: &Path, deadline: Duration, check: &mut Check<'_>) -> Folder {
    let mut found = Folder::default();
    for item in list(folder, check) {
        let path = folder.join(&item.name);
        match (item.name.as_str(), item.kind) {
            ("buckets", ItemKind::Folder) => buckets::folder(&path, &mut found, check),
            ("guardrails", ItemKind::Folder) => {
                found.guardrails = guardrails::folder(&path, deadline, check);
            }
            ("README.md", ItemKind::File) | ("identities" | "examples", ItemKind::Folder) => (),
            _ => refuse(
                &path,
                "not read: only `buckets/<bucket>/` and `guardrails/` are",
                check,
            ),
        }
    }
    found
}

/// Reads one bucket's policy.
pub(super) fn bucket_policy(
    bucket: &BucketName,
    file: &Path,
    check: &mut Check<'_>,
) -> Option<Arc<Policy>> {
    policy_file(file, PolicyKind::Bucket(bucket), check)
}

/// Reads a policy from a file of its own.
pub(super) fn policy_file(
    file: &Path,
    kind: PolicyKind<'_>,
    check: &mut Check<'_>,
) -> Option<Arc<Policy>> {
    let root = policy_document(file, check)?;
    compile(&root, kind, file, check)
}

/// Reads a policy from the file that `at` names.
pub(super) fn named_file(
    file: &Path,
    kind: PolicyKind<'_>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<Arc<Policy>> {
    // Also a file that cannot be read is a source: its entry in `modes` is no mistake.
    check.mode_of(file);
    match open_verbatim(file, check) {
        Opened::Read(document) => compile(&document.root, kind, file, check),
        Opened::Unreadable(message) => {
            check.push(at.error(format!("`{}`: {message}", file.display())));
            None
        }
        Opened::Broken => None,
    }
}

/// Reads a file as a document without compiling it.
pub(super) fn policy_document(file: &Path, check: &mut Check<'_>) -> Option<Node> {
    check.mode_of(file);
    document(file, check)
}

pub(super) fn document(file: &Path, check: &mut Check<'_>) -> Option<Node> {
    match open_verbatim(file, check) {
        Opened::Read(document) => Some(document.root),
        Opened::Unreadable(message) => {
            refuse(file, &message, check);
            None
        }
        Opened::Broken => None,
    }
}

/// Compiles a document that stands in `file`, in the mode of that file; `None` if it is off.
pub(super) fn compile(
    root: &Node,
    kind: PolicyKind<'_>,
    file: &Path,
    check: &mut Check<'_>,
) -> Option<Arc<Policy>> {
    let origin = Arc::new(Origin {
        source: file.display().to_string().into(),
    });
    let mode = match check.mode_of(file) {
        SourceMode::Enforce => Some(Mode::Enforce),
        SourceMode::Shadow => Some(Mode::Shadow),
        SourceMode::Off => None,
    };
    let finding = |problem: Problem| Finding::error(file, problem.at, problem.message);
    match Policy::compile(root, kind, origin) {
        Ok(compiled) => {
            let linted = portcullis_core::policy::lint(&compiled.policy, kind);
            for found in compiled.warnings.into_iter().chain(linted) {
                check.push(Finding::of_policy(file, found));
            }
            Some(Arc::new(compiled.policy.in_mode(mode?)))
        }
        Err(problems) => {
            for problem in problems {
                check.push(finding(problem));
            }
            None
        }
    }
}

/// A policy of a bucket that no upstream holds is most likely misspelt.
pub(super) fn warn_unrouted<'b>(
    buckets: impl Iterator<Item = &'b BucketName>,
    upstreams: &[Upstream],
    at: &At<'_>,
    check: &mut Check<'_>,
) {
    if upstreams.iter().any(|upstream| upstream.default) || check.failed() {
        return;
    }
    for bucket in buckets {
        let held = |upstream: &Upstream| {
            let mut patterns = upstream.buckets.iter();
            patterns.any(|pattern| matches(pattern, bucket.as_str()))
        };
        if !upstreams.iter().any(held) {
            let message =
                format!("there is a policy for `{bucket}`, but no upstream holds that bucket");
            check.push(at.error(message).softened());
        }
    }
}

/// The entries of a folder but hidden ones, such as the `..data` of a Kubernetes mount.
pub(super) fn list(folder: &Path, check: &mut Check<'_>) -> Vec<Item> {
    match check.sources.list(folder) {
        Ok(items) => items
            .into_iter()
            .filter(|item| !item.name.starts_with('.'))
            .collect(),
        Err(error) => {
            let message = format!("cannot read it: {}", super::secrets::in_words(&error));
            refuse(folder, &message, check);
            Vec::new()
        }
    }
}

pub(super) fn refuse(file: &Path, message: &str, check: &mut Check<'_>) {
    check.push(Finding::error(file, Default::default(), message));
}
