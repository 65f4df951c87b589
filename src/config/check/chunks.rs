//! How bodies go to an upstream, as far as its store and its key allow it.

use super::super::place::At;
use super::super::raw;
use super::super::settings::{Chunks, Credentials};
use super::Check;
use portcullis_core::s3::profiles::Profile;

/// `at` is the setting's place, for findings.
pub(super) fn chunks(
    written: Option<raw::Chunks>,
    profile: Option<&Profile>,
    credentials: Option<&Credentials>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Chunks {
    let none = profile.filter(|profile| !profile.trailers);
    match (written, none, credentials) {
        (Some(raw::Chunks::Trailer), Some(profile), _) => check.push(at.error(format!(
            "stores of profile `{}` take no trailers; use `plain` or `signed`",
            profile.name
        ))),
        (Some(raw::Chunks::Signed), _, Some(Credentials::Anonymous)) => {
            check.push(at.error("`signed` needs a key: `credentials` is `anonymous`"));
        }
        (Some(_) | None, _, _) => {}
    }
    match written {
        None => Chunks::Passed,
        Some(raw::Chunks::Plain) => Chunks::Plain,
        Some(raw::Chunks::Trailer) => Chunks::Trailer,
        Some(raw::Chunks::Signed) => Chunks::Signed,
    }
}
