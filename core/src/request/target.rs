//! Bucket and key from path and host.

use super::encoding::percent_decode;
use super::{Hosts, ParseError};
use crate::s3::names::{AccountId, BadKey, BucketName, Target};
use http::HeaderMap;
use http::header::HOST;
use std::net::IpAddr;

/// Splits a request target into the path without its first slash and the query without its question mark, both raw.
pub(super) fn split(raw: &[u8]) -> Result<(&[u8], &[u8]), ParseError> {
    let rest = raw.strip_prefix(b"/").ok_or(ParseError::NotOriginForm)?;
    // A fragment never reaches a server; one that does would end the target for some readers and not for others.
    let illegal = |byte: &u8| byte.is_ascii_control() || matches!(byte, b' ' | b'#');
    if rest.iter().any(illegal) {
        return Err(ParseError::BadTarget);
    }
    let mut halves = rest.splitn(2, |byte| *byte == b'?');
    Ok((
        halves.next().unwrap_or_default(),
        halves.next().unwrap_or_default(),
    ))
}

/// The one Host header, in lower case, without port and trailing dot.
pub(super) fn host(headers: &HeaderMap) -> Result<String, ParseError> {
    let mut values = headers.get_all(HOST).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(ParseError::BadHost);
    };
    let text = value.to_str().map_err(|_| ParseError::BadHost)?;
    let name = without_port(text).ok_or(ParseError::BadHost)?;
    let name = name.strip_suffix('.').unwrap_or(name);
    let legal =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if name.is_empty() || !name.chars().all(legal) {
        return Err(ParseError::BadHost);
    }
    Ok(name.to_ascii_lowercase())
}

fn without_port(host: &str) -> Option<&str> {
    let (name, port) = match host.rsplit_once(':') {
        // The last colon of an IPv6 address without a port is inside the brackets.
        Some((name, port)) if !port.ends_with(']') => (name, port),
        Some(_) | None => return Some(host),
    };
    let digits = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    digits.then_some(name)
}

/// The target of a raw path (without its first slash), under the host that the headers name.
pub(super) fn parse(path: &[u8], headers: &HeaderMap, hosts: &Hosts) -> Result<Target, ParseError> {
    let host = host(headers)?;
    let front = virtual_bucket(&host, hosts);
    if let Some(target) = of_no_bucket(path, headers, front)? {
        return Ok(target);
    }
    let (bucket, key) = match front {
        Some(bucket) => (bucket.to_owned(), path),
        None if path.is_empty() => return Ok(Target::service()),
        None => first_segment(path)?,
    };
    if front.is_none() && bucket.starts_with("arn:") {
        return access_point(path, bucket);
    }
    let Ok(bucket) = BucketName::parse(&bucket) else {
        return Err(ParseError::BadBucket(bucket.into()));
    };
    if key.is_empty() {
        return Ok(Target::bucket(&bucket));
    }
    let key = percent_decode(key).ok_or(ParseError::BadTarget)?;
    Target::object(&bucket, &key).map_err(|bad| match bad {
        BadKey::TooLong => ParseError::KeyTooLong,
        BadKey::NotUtf8 | BadKey::Nul | BadKey::Empty => ParseError::BadKey(bad),
    })
}

/// What S3's other endpoints are asked for. Their clients put the account, or the route to the waiting request, before
/// the host's name, where a bucket would stand.
fn of_no_bucket(
    path: &[u8],
    headers: &HeaderMap,
    front: Option<&str>,
) -> Result<Option<Target>, ParseError> {
    let named = |name: &str| headers.contains_key(name);
    match path {
        b"v20180820/configuration/publicAccessBlock" if named("x-amz-account-id") => {
            let account = account(headers)?;
            let own = front.is_none_or(|front| front == account.as_str());
            Ok(own.then(|| Target::of_account(account)))
        }
        b"WriteGetObjectResponse" if named("x-amz-request-route") => {
            Ok(Some(Target::object_lambda()))
        }
        _ => Ok(None),
    }
}

fn account(headers: &HeaderMap) -> Result<AccountId, ParseError> {
    let mut values = headers.get_all("x-amz-account-id").iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(ParseError::BadAccount);
    };
    let text = value.to_str().map_err(|_| ParseError::BadAccount)?;
    AccountId::parse(text).map_err(|_| ParseError::BadAccount)
}

/// An ARN may hold slashes of its own, encoded or not.
fn access_point(path: &[u8], first: String) -> Result<Target, ParseError> {
    let path = percent_decode(path).ok_or(ParseError::BadTarget)?;
    let text = std::str::from_utf8(&path).map_err(|_| ParseError::BadKey(BadKey::NotUtf8))?;
    Target::access_point(text).map_err(|_| ParseError::BadBucket(first.into()))
}

/// The bucket that a host names: what stands before the longest of the listener's names.
fn virtual_bucket<'a>(host: &'a str, hosts: &Hosts) -> Option<&'a str> {
    let fronts = || hosts.0.iter().filter_map(|name| before(host, name));
    if host.parse::<IpAddr>().is_ok() || fronts().any(str::is_empty) {
        return None;
    }
    fronts()
        .filter_map(|front| front.strip_suffix('.'))
        .min_by_key(|bucket| bucket.len())
}

/// What stands before a name at the end of a host.
fn before<'a>(host: &'a str, name: &str) -> Option<&'a str> {
    let (front, end) = host.split_at_checked(host.len().checked_sub(name.len())?)?;
    end.eq_ignore_ascii_case(name).then_some(front)
}

/// The decoded first segment of a path, and the raw rest behind its slash.
fn first_segment(path: &[u8]) -> Result<(String, &[u8]), ParseError> {
    let mut halves = path.splitn(2, |byte| *byte == b'/');
    let segment = percent_decode(halves.next().unwrap_or_default()).ok_or(ParseError::BadTarget)?;
    let bucket = String::from_utf8_lossy(&segment).into_owned();
    Ok((bucket, halves.next().unwrap_or_default()))
}
