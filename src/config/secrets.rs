//! Secrets: read from where they are written, refused when they are examples or open to others.

use super::check::Check;
use super::place::At;
use super::sources::{Access, Owner};
use portcullis_core::document::Place;
use portcullis_core::identity::SecretKey;
use std::path::Path;
use zeroize::Zeroizing;

/// A secret text: itself, or `file:PATH` with the last line end taken off.
pub(super) fn secret(text: &str, at: &At<'_>, check: &mut Check<'_>) -> Option<Zeroizing<String>> {
    let secret = match text.strip_prefix("file:") {
        Some(path) => {
            let path = at.document.resolve(path);
            let bytes = Zeroizing::new(read(&path, at, check)?);
            guard(&path, at, check);
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| format!("`{}` is not UTF-8", path.display()));
            Zeroizing::new(without_line_end(check.take(at, text)?).to_owned())
        }
        None => {
            guard_written(at, check);
            Zeroizing::new(text.to_owned())
        }
    };
    if secret.is_empty() {
        check.push(at.error("is empty"));
        return None;
    }
    Some(secret)
}

/// A text that is no secret: itself, or `file:PATH`. For certificates.
pub(super) fn public(text: &str, at: &At<'_>, check: &mut Check<'_>) -> Option<Vec<u8>> {
    match text.strip_prefix("file:") {
        Some(path) => read(&at.document.resolve(path), at, check),
        None if text.contains("-----BEGIN ") => Some(text.as_bytes().to_vec()),
        None => {
            check.push(at.error("expected `file:PATH` or PEM text"));
            None
        }
    }
}

/// An access key id.
pub(super) fn key_id(text: &str, at: &At<'_>, check: &mut Check<'_>) -> Option<Box<str>> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !(3..=128).contains(&text.len()) || !text.bytes().all(good) {
        check.push(at.error("not an access key id: 3 to 128 letters, digits, `_`, `-` and `.`"));
        return None;
    }
    // AWS writes every key id of its documentation so.
    if text.ends_with("EXAMPLE") {
        check.push(at.error(format!(
            "`{text}` is an example of AWS's documentation; make a key of your own"
        )));
        return None;
    }
    Some(text.into())
}

/// A secret access key.
pub(super) fn key_secret(text: &str, at: &At<'_>, check: &mut Check<'_>) -> Option<SecretKey> {
    let secret = secret(text, at, check)?;
    if is_example(&secret) {
        check.push(at.error("this secret is a published example; make a key of your own"));
        return None;
    }
    if secret.len() < 16 {
        check.push(
            at.error("this secret is shorter than 16 characters")
                .softened(),
        );
    }
    Some(SecretKey::new(secret.to_string()))
}

fn is_example(secret: &str) -> bool {
    secret.ends_with("EXAMPLEKEY") || matches!(secret, "minioadmin" | "minio123" | "changeme")
}

/// Refuses a file of secrets that others may read, if this process could have closed it.
pub(super) fn guard(file: &Path, at: &At<'_>, check: &mut Check<'_>) {
    let Ok(access) = check.sources.access(file) else {
        return;
    };
    let Some(message) = complaint(file, access) else {
        return;
    };
    check.push(match access.owner {
        Owner::Ourselves => at.error(message),
        Owner::Other => at.error(message).softened(),
    });
}

fn complaint(file: &Path, access: Access) -> Option<String> {
    let open = access.mode & 0o077 != 0;
    let (name, mode) = (file.display(), access.mode);
    open.then(|| match access.owner {
        Owner::Ourselves => {
            format!("`{name}` holds a secret and is open to others (mode {mode:04o}); run `chmod 600 {name}`")
        }
        Owner::Other => {
            format!("`{name}` holds a secret and is open to others (mode {mode:04o}); it is not ours to close")
        }
    })
}

/// A secret that stands in the document itself makes that a file of secrets; said once for all its secrets.
fn guard_written(at: &At<'_>, check: &mut Check<'_>) {
    let place = at.node().map_or(Place::default(), |node| node.at);
    if !at.document.substituted.contains(&place) {
        guard(&at.document.file, &at.document.top(), check);
    }
}

fn read(file: &Path, at: &At<'_>, check: &mut Check<'_>) -> Option<Vec<u8>> {
    let read = check.sources.read(file);
    let read =
        read.map_err(|error| format!("cannot read `{}`: {}", file.display(), in_words(&error)));
    check.take(at, read)
}

/// An error of the system without Rust's numbers.
pub(super) fn in_words(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
