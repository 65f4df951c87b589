//! Builds the directory of accounts, callers and keys.

mod callers;
mod documents;
mod names;
mod organizations;

pub(super) use names::{bare_account, caller_of_arn};

use super::check::Check;
use super::document::{Opened, is_document, open};
use super::fill::fill;
use super::finding::Finding;
use super::place::{At, Document};
use super::raw;
use super::secrets;
use organizations::{Organizations, Scope};
use portcullis_core::controls::settings::AccountSettings;
use portcullis_core::document::Value;
use portcullis_core::identity::Directory;
use portcullis_core::policy::Policy;
use portcullis_core::s3::names::AccountId;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What accounts take from outside their own entry.
struct Around<'w> {
    organizations: &'w Organizations,
    /// Resource-control documents on what every account owns.
    guardrails: &'w [Arc<Policy>],
}

/// What identities say.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) directory: Directory,
    /// What is set on accounts.
    pub(super) accounts: HashMap<AccountId, AccountSettings>,
}

/// What `identities` says: a file, a folder of files, or accounts written there. None if it says nothing. Every
/// account is under the resource-control documents `guardrails` too.
pub(super) fn read(
    at: &At<'_>,
    guardrails: &[Arc<Policy>],
    check: &mut Check<'_>,
) -> Option<Known> {
    match &at.node()?.value {
        Value::Text(path) => {
            let files = files(&at.document.resolve(path), at, check);
            let documents: Vec<_> = files
                .iter()
                .filter_map(|file| opened(file, at, check))
                .collect();
            let tops: Vec<_> = documents.iter().map(Document::top).collect();
            Some(filled(&tops, Scope::Whole, guardrails, check))
        }
        Value::Map(_) => Some(filled(
            std::slice::from_ref(at),
            Scope::Whole,
            guardrails,
            check,
        )),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
            check.push(at.error("expected a path, or a map with `accounts`"));
            Some(Known::default())
        }
    }
}

/// Checks a file of identities by itself, and says what it holds.
pub(super) fn file(file: &Path, check: &mut Check<'_>) -> Known {
    match open(file, check) {
        Opened::Read(document) => filled(&[document.top()], Scope::OneFile, &[], check),
        Opened::Unreadable(message) => {
            check.push(Finding::error(file, Default::default(), message));
            Known::default()
        }
        Opened::Broken => Known::default(),
    }
}

/// The files of a folder, in the order of their names; or the file.
fn files(path: &Path, at: &At<'_>, check: &mut Check<'_>) -> Vec<PathBuf> {
    if !check.sources.is_folder(path) {
        return vec![path.to_owned()];
    }
    let listed = check.sources.list(path);
    let listed = listed.map_err(|error| {
        format!(
            "cannot read `{}`: {}",
            path.display(),
            secrets::in_words(&error)
        )
    });
    let mut files = Vec::new();
    for item in check.take(at, listed).unwrap_or_default() {
        let file = path.join(&item.name);
        if item.name.starts_with('.') {
            continue;
        }
        match is_document(&item.name) {
            true => files.push(file),
            false => check.push(
                Finding::error(
                    &file,
                    Default::default(),
                    "not read: its name ends in none of .yaml, .yml, .json",
                )
                .softened(),
            ),
        }
    }
    files
}

fn opened(file: &Path, at: &At<'_>, check: &mut Check<'_>) -> Option<Document> {
    match open(file, check) {
        Opened::Read(document) => Some(document),
        Opened::Unreadable(message) => {
            check.push(at.error(format!("`{}`: {message}", file.display())));
            None
        }
        Opened::Broken => None,
    }
}

/// Everything that stands in these places: first the organisations, which an account of any file may name.
fn filled(
    places: &[At<'_>],
    scope: Scope,
    guardrails: &[Arc<Policy>],
    check: &mut Check<'_>,
) -> Known {
    let mut organizations = Organizations::new(scope);
    let mut all_accounts = Vec::new();
    for at in places {
        let raw: raw::Identities = fill(at, check);
        let accounts_at = at.field("accounts");
        match raw.organizations {
            Some(written) => organizations.add(written, &at.field("organizations"), check),
            None if raw.accounts.is_none() && accounts_at.node().is_none() => {
                check.push(accounts_at.error("missing"));
            }
            None => (),
        }
        all_accounts.push((raw.accounts.unwrap_or_default(), accounts_at));
    }
    let around = Around {
        organizations: &organizations,
        guardrails,
    };
    let mut known = Known::default();
    for (mut accounts, at) in all_accounts {
        for id in at.names() {
            if let Some(account) = accounts.remove(&id) {
                let at = at.field(&id);
                callers::account(&id, account, &at, &around, check, &mut known);
            }
        }
    }
    known
}
