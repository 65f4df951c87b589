//! Builds the directory of accounts, callers and keys.

mod callers;
mod names;

pub(super) use names::caller_of_arn;

use super::check::Check;
use super::document::{Opened, is_document, open};
use super::fill::fill;
use super::finding::Finding;
use super::place::At;
use super::raw;
use super::secrets;
use portcullis_core::document::Value;
use portcullis_core::identity::Directory;
use std::path::Path;

/// What `identities` says: a file, a folder of files, or accounts written there. None if it says nothing.
pub(super) fn directory(at: &At<'_>, check: &mut Check<'_>) -> Option<Directory> {
    let mut directory = Directory::default();
    match &at.node()?.value {
        Value::Text(path) => {
            let path = at.document.resolve(path);
            for file in files(&path, at, check) {
                add_file(&file, at, check, &mut directory);
            }
        }
        Value::Map(_) => add(at, check, &mut directory),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
            check.push(at.error("expected a path, or a map with `accounts`"));
        }
    }
    Some(directory)
}

/// Checks a file of identities by itself.
pub(super) fn file(file: &Path, check: &mut Check<'_>) {
    if let Opened::Read(document) = open(file, check) {
        add(&document.top(), check, &mut Directory::default());
    }
}

/// The files of a folder, in the order of their names; or the file.
fn files(path: &Path, at: &At<'_>, check: &mut Check<'_>) -> Vec<std::path::PathBuf> {
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

fn add_file(file: &Path, at: &At<'_>, check: &mut Check<'_>, directory: &mut Directory) {
    match open(file, check) {
        Opened::Read(document) => add(&document.top(), check, directory),
        Opened::Unreadable(message) => {
            check.push(at.error(format!("`{}`: {message}", file.display())));
        }
        Opened::Broken => (),
    }
}

fn add(at: &At<'_>, check: &mut Check<'_>, directory: &mut Directory) {
    let raw: raw::Identities = fill(at, check);
    let at = at.field("accounts");
    let Some(mut accounts) = check.required(&at, raw.accounts) else {
        return;
    };
    for id in at.names() {
        if let Some(account) = accounts.remove(&id) {
            callers::account(&id, account, &at.field(&id), check, directory);
        }
    }
}
