//! The errors of Object Lock, in AWS's words where they have been observed.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use super::Protected;
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;

/// The header that asks for bypass.
pub(super) const BYPASS: &str = "x-amz-bypass-governance-retention";

impl From<Protected> for S3Error {
    /// AccessDenied; a lock that cannot be read is our fault, and may be readable later: ServiceUnavailable.
    fn from(protected: Protected) -> Self {
        match protected {
            Protected::LegalHold | Protected::Compliance(_) | Protected::Governance(_) => {
                self::protected()
            }
            Protected::Unreadable => ErrorCode::ServiceUnavailable.into(),
        }
    }
}

/// A version is locked against what is asked.
pub fn protected() -> S3Error {
    S3Error::new(ErrorCode::AccessDenied)
        .say("Access Denied because object protected by object lock.")
}

/// A lock is asked of, or for, a version in a bucket without Object Lock: InvalidRequest.
pub fn bucket_without_lock() -> S3Error {
    S3Error::new(ErrorCode::InvalidRequest).say("Bucket is missing Object Lock Configuration")
}

/// [`BypassHeader::is_sent`](super::BypassHeader::is_sent) to a bucket without Object Lock, whatever it says: InvalidArgument.
pub fn bypass_without_lock() -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument)
        .say("x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.")
        .with("ArgumentName", BYPASS)
}

/// GetObjectLockConfiguration of a bucket without Object Lock.
pub fn no_configuration(bucket: &str) -> S3Error {
    S3Error::new(ErrorCode::ObjectLockConfigurationNotFoundError).with("BucketName", bucket)
}

/// GetObjectRetention or GetObjectLegalHold of a version that has none.
pub fn no_lock() -> S3Error {
    ErrorCode::NoSuchObjectLockConfiguration.into()
}

/// An operation on the retention or the legal hold of a delete marker, which has neither.
pub fn delete_marker() -> S3Error {
    S3Error::new(ErrorCode::MethodNotAllowed).with("ResourceType", "DeleteMarker")
}

/// PutObjectLockConfiguration of a bucket whose versioning is not enabled.
pub fn versioning_not_enabled() -> S3Error {
    let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
    S3Error::new(ErrorCode::InvalidBucketState).say(message)
}

/// PutBucketVersioning that would suspend the versioning of a bucket with Object Lock.
pub fn versioning_stays() -> S3Error {
    let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
    S3Error::new(ErrorCode::InvalidBucketState).say(message)
}

/// What is sent for a version that is locked, also by the bucket's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upload {
    /// PutObject or a form.
    Object,
    /// UploadPart.
    Part,
}

/// It comes without Content-MD5 and without `x-amz-checksum-…`, be it header or trailer; the payload's hash in the
/// signature does not count: InvalidRequest.
pub fn without_checksum(upload: Upload) -> S3Error {
    let message = match upload {
        Upload::Object => {
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters"
        }
        Upload::Part => {
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests with Object Lock parameters"
        }
    };
    S3Error::new(ErrorCode::InvalidRequest).say(message)
}

/// An anonymous request asks for a lock: InvalidArgument.
pub fn anonymous() -> S3Error {
    let message = "Put Object requests with Object Lock parameters require AWS Signature Version 4";
    S3Error::new(ErrorCode::InvalidArgument)
        .say(message)
        .with("ArgumentName", "Authorization")
}

/// Event holds, which S3 has since 2026: a hold that is asked for and not kept would be a promise broken, so that the
/// request is refused.
pub(super) fn event_hold(name: &'static str) -> S3Error {
    S3Error::new(ErrorCode::NotImplemented)
        .say("Event holds are not implemented")
        .with("Header", name)
}

/// The date is not later than now.
pub(super) fn past(name: &'static str, value: &str) -> S3Error {
    argument("The retain until date must be in the future!", name, value)
}

pub(super) fn argument(message: &'static str, name: &'static str, value: &str) -> S3Error {
    S3Error::new(ErrorCode::InvalidArgument)
        .say(message)
        .with("ArgumentName", name)
        .with("ArgumentValue", value)
}

pub(super) fn malformed() -> S3Error {
    ErrorCode::MalformedXML.into()
}

#[cfg(test)]
mod tests;
