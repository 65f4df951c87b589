//! Policy documents: bucket policies from their folder, identity policies from the identities.

use super::check::{Check, matches};
use super::document::{Opened, open_verbatim};
use super::finding::Finding;
use super::place::At;
use super::settings::Upstream;
use super::sources::{Item, ItemKind};
use portcullis_core::document::{Node, Problem};
use portcullis_core::policy::{Origin, Policy, PolicyKind};
use portcullis_core::s3::names::BucketName;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Names under which a bucket's policy may stand.
const POLICY_FILES: [&str; 3] = ["policy.json", "policy.yaml", "policy.yml"];

/// Reads `buckets/<bucket>/policy.json` of the folder that `policies` names.
pub(super) fn buckets(
    written: Option<String>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> HashMap<BucketName, Arc<Policy>> {
    let Some(path) = written else {
        return HashMap::new();
    };
    let folder = at.document.resolve(&path);
    if !check.sources.is_folder(&folder) {
        check.push(at.error(format!("`{}` is not a folder", folder.display())));
        return HashMap::new();
    }
    folder_of_policies(&folder, check)
}

/// Reads a folder of policies. Whatever it holds that this version does not read is an error, for it would
/// otherwise be believed to be in force.
pub(super) fn folder_of_policies(
    folder: &Path,
    check: &mut Check<'_>,
) -> HashMap<BucketName, Arc<Policy>> {
    let mut found = HashMap::new();
    for item in list(folder, check) {
        let path = folder.join(&item.name);
        match (item.name.as_str(), item.kind) {
            ("buckets", ItemKind::Folder) => found = all_buckets(&path, check),
            ("guardrails", _) => refuse(&path, "guardrails are not in this version", check),
            ("README.md", ItemKind::File) | ("identities", ItemKind::Folder) => (),
            _ => refuse(
                &path,
                "not read: only `buckets/<bucket>/policy.json` is",
                check,
            ),
        }
    }
    found
}

fn all_buckets(folder: &Path, check: &mut Check<'_>) -> HashMap<BucketName, Arc<Policy>> {
    let mut found = HashMap::new();
    for item in list(folder, check) {
        let path = folder.join(&item.name);
        if item.kind == ItemKind::File {
            refuse(
                &path,
                "not read: a bucket has a folder of its own with `policy.json` in it",
                check,
            );
            continue;
        }
        match BucketName::parse(&item.name) {
            Ok(name) => {
                if let Some(policy) = bucket(&name, &path, check) {
                    found.insert(name, policy);
                }
            }
            Err(error) => refuse(
                &path,
                &format!("`{}` is not a bucket: {error}", item.name),
                check,
            ),
        }
    }
    found
}

fn bucket(name: &BucketName, folder: &Path, check: &mut Check<'_>) -> Option<Arc<Policy>> {
    let mut files = Vec::new();
    for item in list(folder, check) {
        match POLICY_FILES.contains(&item.name.as_str()) {
            true => files.push(folder.join(item.name)),
            false => refuse(
                &folder.join(item.name),
                "not in this version: only `policy.json` is read",
                check,
            ),
        }
    }
    if let Some(second) = files.get(1) {
        refuse(
            second,
            "a bucket has one policy; another file holds it already",
            check,
        );
    }
    bucket_policy(name, files.first()?, check)
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
    match open_verbatim(file, check) {
        Opened::Read(document) => Some(document.root),
        Opened::Unreadable(message) => {
            refuse(file, &message, check);
            None
        }
        Opened::Broken => None,
    }
}

/// Compiles a document that stands in `file`.
pub(super) fn compile(
    root: &Node,
    kind: PolicyKind<'_>,
    file: &Path,
    check: &mut Check<'_>,
) -> Option<Arc<Policy>> {
    let origin = Arc::new(Origin {
        source: file.display().to_string().into(),
    });
    let finding = |problem: Problem| Finding::error(file, problem.at, problem.message);
    match Policy::compile(root, kind, origin) {
        Ok(compiled) => {
            let linted = portcullis_core::policy::lint(&compiled.policy, kind);
            for found in compiled.warnings.into_iter().chain(linted) {
                check.push(Finding::of_policy(file, found));
            }
            Some(Arc::new(compiled.policy))
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
pub(super) fn warn_unrouted(
    policies: &HashMap<BucketName, Arc<Policy>>,
    upstreams: &[Upstream],
    at: &At<'_>,
    check: &mut Check<'_>,
) {
    if upstreams.iter().any(|upstream| upstream.default) || check.failed() {
        return;
    }
    for bucket in policies.keys() {
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
fn list(folder: &Path, check: &mut Check<'_>) -> Vec<Item> {
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

fn refuse(file: &Path, message: &str, check: &mut Check<'_>) {
    check.push(Finding::error(file, Default::default(), message));
}
