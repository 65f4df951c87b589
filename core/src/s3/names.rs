//! Names: accounts, buckets, keys, resources. Each is parsed once and cannot be wrong afterwards.

use std::fmt;
use std::sync::Arc;

/// A 12-digit AWS account id. Kept as text: leading zeros count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId([u8; 12]);

/// Why a text is not an account id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an account id has exactly 12 digits")]
pub struct BadAccountId;

impl AccountId {
    /// Exactly twelve ASCII digits.
    pub fn parse(text: &str) -> Result<Self, BadAccountId> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| BadAccountId)?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then_some(Self(digits))
            .ok_or(BadAccountId)
    }

    /// No account: what belongs to it belongs to nobody who can call.
    pub const NOBODY: Self = Self(*b"000000000000");

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A general purpose bucket name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketName(Box<str>);

/// Why a text is not a bucket name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a bucket name has 3 to 63 lower-case letters, digits, dots and hyphens, and begins and ends with a letter or digit"
)]
pub struct BadBucketName;

impl BucketName {
    /// Checks the naming rules of general purpose buckets.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
    pub fn parse(text: &str) -> Result<Self, BadBucketName> {
        let bytes = text.as_bytes();
        let edge =
            |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let inner =
            |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'.' || *b == b'-';
        let good = (3..=63).contains(&bytes.len())
            && edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(inner)
            && !text.contains("..")
            && text.parse::<std::net::Ipv4Addr>().is_err();
        good.then(|| Self(text.into())).ok_or(BadBucketName)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for BucketName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a request is about: the service, a bucket, or an object in a bucket.
///
/// Bucket and key are held as one text, `bucket` or `bucket/key`, which is also the last part of the ARN: so
/// a resource can be matched without building a string. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    // INVARIANT: empty for the service; otherwise `bucket` is a BucketName of that many bytes, and if the text is
    // longer a slash and a non-empty key follow.
    text: Arc<str>,
    bucket: u8,
}

/// Why bytes are not an object key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// The bytes are not UTF-8.
    #[error("an object key is UTF-8")]
    NotUtf8,
    /// More than [`Target::MAX_KEY`] bytes.
    #[error("an object key has at most 1024 bytes")]
    TooLong,
    /// There is a NUL, which some stores take for the end.
    #[error("an object key has no NUL")]
    Nul,
    /// No bytes.
    #[error("an object key is not empty")]
    Empty,
}

impl Target {
    /// The longest key, in bytes of UTF-8.
    pub const MAX_KEY: usize = 1024;

    /// The service itself: ListBuckets.
    pub fn service() -> Self {
        Self {
            text: "".into(),
            bucket: 0,
        }
    }

    /// A bucket.
    pub fn bucket(name: &BucketName) -> Self {
        Self {
            text: (&*name.0).into(),
            bucket: name.0.len() as u8,
        }
    }

    /// An object; `key` is the decoded key, taken literally.
    pub fn object(name: &BucketName, key: &[u8]) -> Result<Self, BadKey> {
        let key = std::str::from_utf8(key).map_err(|_| BadKey::NotUtf8)?;
        match key.len() {
            0 => return Err(BadKey::Empty),
            1..=Self::MAX_KEY => (),
            _ => return Err(BadKey::TooLong),
        }
        if key.contains('\0') {
            return Err(BadKey::Nul);
        }
        Ok(Self {
            text: format!("{name}/{key}").into(),
            bucket: name.0.len() as u8,
        })
    }

    /// The bucket's name, unless the target is the service.
    pub fn bucket_name(&self) -> Option<&str> {
        self.text
            .get(..self.bucket.into())
            .filter(|name| !name.is_empty())
    }

    /// The decoded key, if the target is an object.
    pub fn key(&self) -> Option<&str> {
        self.text.get(usize::from(self.bucket) + 1..)
    }

    /// `bucket` or `bucket/key`; empty for the service.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Another object of the same bucket; `key` is taken literally.
    pub fn with_key(&self, key: &str) -> Result<Self, BadKey> {
        let name = BucketName(self.bucket_name().unwrap_or_default().into());
        Self::object(&name, key.as_bytes())
    }

    /// The bucket of this target as a target of its own.
    pub fn of_bucket(&self) -> Self {
        Self {
            text: self.bucket_name().unwrap_or_default().into(),
            bucket: self.bucket,
        }
    }

    /// The ARN: `arn:aws:s3:::bucket/key`; `*` for the service.
    pub fn arn(&self) -> String {
        if self.text.is_empty() {
            "*".to_owned()
        } else {
            format!("arn:aws:s3:::{}", self.text)
        }
    }
}

#[cfg(test)]
mod tests;
