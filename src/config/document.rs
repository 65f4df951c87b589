//! Opens files: reads, parses, and puts environment variables in.

use super::check::Check;
use super::expand::expand;
use super::finding::Finding;
use super::place::Document;
use super::secrets::in_words;
use portcullis_core::document;
use std::collections::HashSet;
use std::path::Path;

/// What became of a file.
pub(super) enum Opened {
    /// It was read.
    Read(Document),
    /// It could not be read; says why.
    Unreadable(String),
    /// It is no document; that was reported.
    Broken,
}

/// Reads a file of configuration or identities.
pub(super) fn open(file: &Path, check: &mut Check<'_>) -> Opened {
    match open_verbatim(file, check) {
        Opened::Read(mut document) => {
            expand(&mut document, check);
            Opened::Read(document)
        }
        other => other,
    }
}

/// Reads a file in which `${…}` means something else: a policy.
pub(super) fn open_verbatim(file: &Path, check: &mut Check<'_>) -> Opened {
    let bytes = match check.sources.read(file) {
        Ok(bytes) => bytes,
        Err(error) => return Opened::Unreadable(format!("cannot read it: {}", in_words(&error))),
    };
    check.note_document(file, &bytes);
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Opened::Unreadable("it is not UTF-8".to_owned());
    };
    let parsed = match file.extension().is_some_and(|name| name == "json") {
        true => document::json(text),
        false => document::yaml(text),
    };
    match parsed {
        Ok(root) => Opened::Read(Document {
            file: file.to_owned(),
            root,
            substituted: HashSet::new(),
        }),
        Err(problems) => {
            for problem in problems {
                check.push(Finding::error(file, problem.at, problem.message));
            }
            Opened::Broken
        }
    }
}

/// Whether a file name says JSON or YAML.
pub(super) fn is_document(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|name| name.to_str());
    matches!(extension, Some("json" | "yaml" | "yml"))
}
