//! What became of what an upstream was asked to do to objects, by its answer.

use super::fault::Fault;
use super::locks::Threat;
use crate::state::{Ending, Intent, NULL_VERSION, ObjectName, OpenIntent};
use crate::upstream::client::UpstreamAnswer;
use http::{HeaderMap, StatusCode};
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::xml::{DeleteResult, Deleted, UpstreamError};

/// What an upstream did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Became<'a> {
    /// As it answered, with these headers.
    Done(&'a HeaderMap),
    /// Nothing.
    NotDone,
    /// Nobody knows.
    Unknown,
}

impl<'a> Became<'a> {
    /// Of an upstream's answer that is at hand.
    pub(super) fn of(answer: &'a Result<UpstreamAnswer, Fault>) -> Self {
        match answer {
            // An error may come with the status of a success.
            Ok(answer) => match UpstreamError::parse(&answer.body) {
                Some(error) if error.code == ErrorCode::InternalError.name() => Self::Unknown,
                Some(_) if answer.status.is_success() => Self::NotDone,
                Some(_) | None => Self::of_head(answer.status, Some(&answer.headers)),
            },
            Err(fault) => Self::of_fault(fault),
        }
    }

    /// Of the head of an answer.
    pub(super) fn of_head(status: StatusCode, headers: Option<&'a HeaderMap>) -> Self {
        match headers {
            _ if status.is_server_error() => Self::Unknown,
            Some(headers) if status.is_success() => Self::Done(headers),
            Some(_) | None => Self::NotDone,
        }
    }

    pub(super) fn of_fault(fault: &Fault) -> Self {
        match fault {
            Fault::Upstream(error) if !error.may_be_done() => Self::NotDone,
            _ => Self::Unknown,
        }
    }
}

/// What is about to be destroyed: without a version, the one that a bucket without versions has.
pub(super) fn destroyed(
    object: &ObjectName,
    versions: &[(Box<str>, Option<Box<str>>)],
) -> Vec<(ObjectName, Intent, Threat)> {
    let destroy = |(key, version): &(Box<str>, Option<Box<str>>)| {
        let object = ObjectName {
            key: key.clone(),
            ..object.clone()
        };
        let threat = Threat::of(version.as_deref());
        let version = version.clone().unwrap_or_else(|| NULL_VERSION.into());
        (object, Intent::Destroy { version }, threat)
    };
    versions.iter().map(destroy).collect()
}

/// What became of one intent, by the answer's headers. A deletion that names no version destroys the version `null`, if
/// anything: in a bucket with versions a delete marker comes on top, whose id is `null` where versioning is suspended.
pub(super) fn ending(intent: &Intent, headers: &HeaderMap, versions: bool) -> Ending {
    let text = |name: &str| {
        let value = headers.get(name).filter(|_| versions)?;
        value.to_str().ok()
    };
    let version = text("x-amz-version-id");
    match intent {
        Intent::Write(_) => Ending::Done {
            version: version.unwrap_or(NULL_VERSION).into(),
        },
        Intent::Destroy { version: named } => {
            let marked = text("x-amz-delete-marker") == Some("true");
            made_marker(named, marked, version)
        }
    }
}

fn made_marker(named: &str, marked: bool, marker: Option<&str>) -> Ending {
    let on_top = named == NULL_VERSION && marked && marker.is_some_and(|it| it != NULL_VERSION);
    match on_top {
        true => Ending::NotDone,
        false => Ending::Done {
            version: named.into(),
        },
    }
}

/// What became of one key of DeleteObjects.
pub(super) fn deletion(open: &OpenIntent, result: &DeleteResult) -> Ending {
    let Intent::Destroy { version } = &open.intent else {
        return Ending::Unknown;
    };
    let of = |key: &str, named: &Option<String>| {
        key == &*open.object.key && named.as_deref().unwrap_or(NULL_VERSION) == &**version
    };
    let mut errors = result.errors.iter();
    if let Some(error) = errors.find(|error| of(&error.key, &error.version_id)) {
        return match error.code == ErrorCode::InternalError.name() {
            true => Ending::Unknown,
            false => Ending::NotDone,
        };
    }
    let mut deleted = result.deleted.iter();
    let found = deleted.find(|deleted| of(&deleted.key, &deleted.version_id));
    let marked = |it: &Deleted| it.delete_marker.as_deref() == Some("true");
    made_marker(
        version,
        found.is_some_and(marked),
        found.and_then(|it| it.delete_marker_version_id.as_deref()),
    )
}

#[cfg(test)]
mod tests;
