//! `x-amz-copy-source`: `bucket/key` with an optional first slash, percent-encoded as a whole, and an optional
//! `?versionId=…` that is not; or the ARN of an object behind an access point in place of `bucket/key`.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>

use super::encoding::{encode_path, encode_query_component, percent_decode};
use super::{CopySource, ParseError};
use crate::s3::names::{BucketName, Target};
use crate::s3::operations::{Mark, Operation};
use http::HeaderMap;

const NAME: &str = "x-amz-copy-source";

/// The source, if the operation is a copy.
pub(super) fn of(
    operation: &Operation,
    headers: &HeaderMap,
) -> Result<Option<CopySource>, ParseError> {
    if !operation.marks.contains(&Mark::Header(NAME)) {
        return Ok(None);
    }
    let mut values = headers.get_all(NAME).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(ParseError::BadCopySource);
    };
    CopySource::parse(value.as_bytes()).map(Some)
}

impl CopySource {
    /// Reads a header's value. The key is what is decoded once, `+` is a plus, and nothing is normalised.
    pub fn parse(raw: &[u8]) -> Result<Self, ParseError> {
        let mut halves = raw.splitn(2, |byte| *byte == b'?');
        let path = decoded(halves.next().unwrap_or_default())?;
        let version_id = halves.next().map(version).transpose()?;
        let path = path.strip_prefix('/').unwrap_or(&path);
        let target = match path.starts_with("arn:") {
            true => behind_access_point(path)?,
            false => in_bucket(path)?,
        };
        Ok(Self { target, version_id })
    }

    /// The header's value for the upstream: encoded anew, so that it names just what was authorised.
    pub fn to_header(&self) -> String {
        let path = encode_path(self.target.as_str());
        match &self.version_id {
            Some(version) => format!("{path}?versionId={}", encode_query_component(version)),
            None => path,
        }
    }
}

fn in_bucket(path: &str) -> Result<Target, ParseError> {
    let (bucket, key) = path.split_once('/').ok_or(ParseError::BadCopySource)?;
    let bucket = BucketName::parse(bucket).map_err(|_| ParseError::BadCopySource)?;
    Target::object(&bucket, key.as_bytes()).map_err(|_| ParseError::BadCopySource)
}

fn behind_access_point(arn: &str) -> Result<Target, ParseError> {
    let target = Target::access_point(arn).map_err(|_| ParseError::CopySourceArn)?;
    match target.key() {
        Some(_) => Ok(target),
        None => Err(ParseError::BadCopySource),
    }
}

fn version(query: &[u8]) -> Result<Box<str>, ParseError> {
    let raw = query
        .strip_prefix(b"versionId=")
        .ok_or(ParseError::BadCopySource)?;
    // A second parameter would be part of the version for us, and perhaps not for the upstream.
    let version = decoded(raw)?;
    if version.trim().is_empty() || raw.contains(&b'&') {
        return Err(ParseError::BadCopySource);
    }
    Ok(version.into())
}

fn decoded(raw: &[u8]) -> Result<String, ParseError> {
    let bytes = percent_decode(raw).ok_or(ParseError::BadCopySource)?;
    String::from_utf8(bytes.into_owned()).map_err(|_| ParseError::BadCopySource)
}
