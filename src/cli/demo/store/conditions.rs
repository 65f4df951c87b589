//! Conditions of reads and writes: `If-Match` and its kin.

use super::catalogue::Entry;
use http::{HeaderMap, header};
use s3s::dto::{ETag, ETagCondition, Timestamp, TimestampFormat};
use s3s::{S3Error, S3Result, s3_error};

/// What must hold of the object that a write replaces.
#[derive(Default)]
pub(super) struct Replaces {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
}

impl Replaces {
    pub(super) fn check(&self, current: Option<&Entry>) -> S3Result<()> {
        let meets = |condition: &ETagCondition| {
            current.is_some_and(|entry| matches(condition, &entry.etag))
        };
        match &self.if_match {
            Some(_) if current.is_none() => return Err(s3_error!(NoSuchKey)),
            Some(condition) if !meets(condition) => return Err(s3_error!(PreconditionFailed)),
            Some(_) | None => (),
        }
        match &self.if_none_match {
            Some(condition) if meets(condition) => Err(s3_error!(PreconditionFailed)),
            Some(_) | None => Ok(()),
        }
    }
}

/// What must hold of an object that is read.
pub(super) struct Reads {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl Reads {
    /// In the order of <https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2>.
    pub(super) fn check(&self, entry: &Entry) -> S3Result<()> {
        let changed_after = |since: &Timestamp| in_seconds(&entry.modified) > in_seconds(since);
        let as_expected = match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) => matches(condition, &entry.etag),
            (None, Some(since)) => !changed_after(since),
            (None, None) => true,
        };
        if !as_expected {
            return Err(s3_error!(PreconditionFailed));
        }
        let known = match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) => matches(condition, &entry.etag),
            (None, Some(since)) => !changed_after(since),
            (None, None) => false,
        };
        match known {
            true => Err(not_modified(entry)),
            false => Ok(()),
        }
    }
}

/// 304 is an error: s3s lets no successful read have another status than its own.
fn not_modified(entry: &Entry) -> S3Error {
    let mut error = s3_error!(NotModified);
    let mut headers = HeaderMap::new();
    let etag = ETag::Strong(entry.etag.clone()).to_http_header().ok();
    headers.extend(etag.map(|etag| (header::ETAG, etag)));
    error.set_headers(headers);
    error
}

fn matches(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == etag,
    }
}

/// The time as a header can say it.
fn in_seconds(time: &Timestamp) -> Option<Timestamp> {
    let mut text = Vec::new();
    time.format(TimestampFormat::HttpDate, &mut text).ok()?;
    Timestamp::parse(TimestampFormat::HttpDate, std::str::from_utf8(&text).ok()?).ok()
}
