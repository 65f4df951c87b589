//! The lock a request asks for.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>

use super::refusal::{argument, bucket_without_lock, event_hold, past};
use super::{
    LegalHold, LockConfiguration, LockTime, ObjectLock, RetainUntil, Retention, RetentionMode,
};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use http::HeaderMap;

pub(super) const MODE: &str = "x-amz-object-lock-mode";
pub(super) const UNTIL: &str = "x-amz-object-lock-retain-until-date";
pub(super) const HOLD: &str = "x-amz-object-lock-legal-hold";

/// Since 2026. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
const EVENT_HOLD: [&str; 3] = [
    "x-amz-object-lock-event-hold",
    "x-amz-object-lock-event-hold-duration-days",
    "x-amz-object-lock-event-hold-duration-years",
];

/// What a request says of the lock of what it makes or of what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LockRequest {
    /// The retention; until a time that was not over when it was read.
    pub retention: Option<Retention>,
    /// The legal hold.
    pub legal_hold: Option<LegalHold>,
}

impl LockRequest {
    /// Reads the headers of PutObject, CopyObject or CreateMultipartUpload, or those that the fields of a form stand for.
    ///
    /// # Errors
    /// As [`LockRequest::read`].
    pub fn from_headers(headers: &HeaderMap, now: LockTime) -> Result<Self, S3Error> {
        Self::read(|name| headers.get_all(name), now)
    }

    /// Reads the values of each header, wherever they stand; names are in lower case. All of it is checked before the
    /// bucket is looked at.
    ///
    /// # Errors
    /// InvalidArgument for a mode without a date or a date without a mode, for a value that is none or comes twice, and
    /// for a date that is not in the future; NotImplemented for event holds.
    pub fn read<V>(values: impl Fn(&'static str) -> V, now: LockTime) -> Result<Self, S3Error>
    where
        V: IntoIterator,
        V::Item: AsRef<[u8]>,
    {
        for name in EVENT_HOLD {
            if values(name).into_iter().next().is_some() {
                return Err(event_hold(name));
            }
        }
        let mode = once(MODE, values(MODE))?;
        let until = once(UNTIL, values(UNTIL))?;
        let hold = once(HOLD, values(HOLD))?;
        let retention = match (mode, until) {
            (None, None) => None,
            (Some(mode), Some(until)) => Some(retention(&mode, &until, now)?),
            (Some(_), None) => return Err(unpaired(UNTIL)),
            (None, Some(_)) => return Err(unpaired(MODE)),
        };
        Ok(Self {
            retention,
            legal_hold: hold.as_deref().map(legal_hold).transpose()?,
        })
    }

    /// Whether it asks for nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The lock of the version that the request makes now in a bucket that has this configuration, or has none: a
    /// retention of its own replaces the bucket's default, a legal hold comes on top of either. What a copy is made from
    /// has no part in it.
    ///
    /// # Errors
    /// InvalidRequest if it asks for a lock in a bucket without Object Lock.
    pub fn lock(
        &self,
        bucket: Option<&LockConfiguration>,
        now: LockTime,
    ) -> Result<ObjectLock, S3Error> {
        match bucket {
            None if self.is_none() => Ok(ObjectLock::none()),
            None => Err(bucket_without_lock()),
            Some(bucket) => Ok(ObjectLock {
                retention: self.retention.or(bucket.lock_for(now).retention),
                legal_hold: self.legal_hold,
            }),
        }
    }

    /// The condition keys that have a value for this request, with it. What is not asked for has none, even where the
    /// bucket's default applies.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html#object-lock-managing-retention-limits>
    pub fn conditions(&self, now: LockTime) -> Vec<(&'static str, String)> {
        let mut values = Vec::with_capacity(4);
        if let Some(Retention { mode, until }) = self.retention {
            let days = until.days_from(now.latest());
            values.push(("s3:object-lock-mode", mode.name().to_owned()));
            values.push(("s3:object-lock-retain-until-date", until.to_string()));
            values.push(("s3:object-lock-remaining-retention-days", days.to_string()));
        }
        if let Some(hold) = self.legal_hold {
            values.push(("s3:object-lock-legal-hold", hold.name().to_owned()));
        }
        values
    }
}

fn retention(mode: &str, until: &str, now: LockTime) -> Result<Retention, S3Error> {
    let unknown = || argument("Unknown wormMode directive.", MODE, mode);
    let mode = RetentionMode::parse(mode).ok_or_else(unknown)?;
    let message = "The retain until date must be provided in ISO 8601 format";
    let date = RetainUntil::parse(until).map_err(|_| argument(message, UNTIL, until))?;
    match date.is_future(now.latest()) {
        true => Ok(Retention { mode, until: date }),
        false => Err(past(UNTIL, until)),
    }
}

fn legal_hold(status: &str) -> Result<LegalHold, S3Error> {
    let unknown = || argument("Legal Hold must be either of 'ON' or 'OFF'", HOLD, status);
    LegalHold::parse(status).ok_or_else(unknown)
}

fn unpaired(missing: &'static str) -> S3Error {
    let message =
        "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied";
    S3Error::new(ErrorCode::InvalidArgument)
        .say(message)
        .with("ArgumentName", missing)
}

/// The one value of a header, if it is there.
fn once<V>(name: &'static str, values: V) -> Result<Option<String>, S3Error>
where
    V: IntoIterator,
    V::Item: AsRef<[u8]>,
{
    let text = |value: V::Item| String::from_utf8_lossy(value.as_ref()).into_owned();
    let mut values = values.into_iter().map(text);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(second)) => {
            let message = "The header was sent more than once";
            Err(argument(message, name, &second))
        }
    }
}

#[cfg(test)]
mod tests;
