//! Checks one file by itself, whatever it is: a configuration, identities or a policy.

use super::check::{self, Check};
use super::document::is_document;
use super::finding::Finding;
use super::policies::Folder;
use super::sources::{ItemKind, Sources};
use super::{buckets, cases, guardrails, identities, policies};
use portcullis_core::document::{Node, Value};
use portcullis_core::policy::PolicyKind;
use portcullis_core::s3::names::BucketName;
use std::path::Path;

/// Checks a file, or every JSON and YAML file of a folder and its folders; folders `guardrails` and `buckets` as the gateway
/// reads them.
///
/// What a file is shows in what it holds: `listeners` or `upstreams` make a configuration, `accounts` or
/// `organizations` identities, `Statement` a policy, `rules` or `expected` decision cases. A policy is a bucket's if it
/// stands in `buckets/<bucket>/`, or in `examples/<name>/` and names a bucket; a resource-control document if it stands
/// in `guardrails/`; else an identity policy. A `.rego` file is checked by itself.
pub fn verify(path: &Path, sources: &dyn Sources) -> Vec<Finding> {
    let mut check = Check::new(sources);
    any(path, &mut check);
    check.findings()
}

/// As [`verify`], reporting to `check`.
pub(super) fn any(path: &Path, check: &mut Check<'_>) {
    if !check.sources.is_folder(path) {
        return file(path, check);
    }
    if path.file_name().is_some_and(|name| name == "guardrails") {
        guardrails::folder(path, crate::rego::DEADLINE, check);
        return;
    }
    if path.file_name().is_some_and(|name| name == "buckets") {
        return buckets::folder(path, &mut Folder::default(), check);
    }
    let items = match check.sources.list(path) {
        Ok(items) => items,
        Err(error) => {
            let message = format!("cannot read it: {}", super::secrets::in_words(&error));
            return check.push(Finding::error(path, Default::default(), message));
        }
    };
    // As when the gateway loads it: what a folder of policies has as examples is not in force.
    let of_policies = items.iter().any(|item| item.name == "buckets");
    let passed_over = |name: &str| name.starts_with('.') || (of_policies && name == "examples");
    for item in items {
        let read = !passed_over(&item.name);
        if read && (item.kind == ItemKind::Folder || is_document(&item.name)) {
            any(&path.join(item.name), check);
        }
    }
}

fn file(path: &Path, check: &mut Check<'_>) {
    if path.extension().is_some_and(|name| name == "rego") {
        return guardrails::rules_file(path, check);
    }
    let Some(root) = policies::policy_document(path, check) else {
        return;
    };
    let has = |name| root.get(name).is_some();
    if has("listeners") || has("upstreams") {
        check::settings(path, check);
    } else if has("accounts") || has("organizations") {
        let _ = identities::file(path, check);
    } else if has("Statement") || has("Version") {
        policy(path, &root, check);
    } else if cases::are_cases(&root) {
        cases::read(path, &root, check);
    } else {
        let message = "neither a configuration (`listeners`, `upstreams`), nor identities (`accounts`), nor a policy (`Statement`), nor decision cases (`rules`, `expected`)";
        check.push(Finding::error(path, root.at, message));
    }
}

fn policy(path: &Path, root: &Node, check: &mut Check<'_>) {
    let folder = path.parent().and_then(Path::file_name);
    match bucket_of(path, root) {
        Some(bucket) => policies::bucket_policy(&bucket, path, check),
        None if folder.is_some_and(|name| name == "guardrails") => {
            guardrails::document(path, check)
        }
        None => policies::policy_file(path, PolicyKind::Identity, check),
    };
}

/// The bucket of `buckets/<bucket>/policy.json`; of `examples/<name>/policy.json` the one that the policy is about.
fn bucket_of(path: &Path, root: &Node) -> Option<BucketName> {
    let folder = path.parent()?;
    let above = folder.parent()?.file_name()?;
    if above == "examples" {
        return bucket_named(root);
    }
    let name = BucketName::parse(folder.file_name()?.to_str()?).ok()?;
    (above == "buckets").then_some(name)
}

/// The bucket in the first resource of a policy.
fn bucket_named(policy: &Node) -> Option<BucketName> {
    let resource = first(first(policy.get("Statement")?)?.get("Resource")?)?.text()?;
    let name = resource.strip_prefix("arn:aws:s3:::")?;
    BucketName::parse(name.split('/').next()?).ok()
}

/// The first element of a list; what is no list itself.
fn first(node: &Node) -> Option<&Node> {
    match &node.value {
        Value::List(items) => items.first(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
            Some(node)
        }
    }
}
