//! Names: accounts, buckets, keys, resources. Each is parsed once and cannot be wrong afterwards.

use super::operations::Level;
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

/// A general purpose bucket name. Clones share the text: maps of all buckets are copied whenever one changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BucketName(Arc<str>);

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

/// What a request is about: the service, an account, a bucket, or an object in a bucket; also an access point and
/// what is reached through it, and whatever else a permission is asked on.
///
/// Bucket and key are held as one text, `bucket` or `bucket/key`, which is also the last part of the ARN: so
/// a resource can be matched without building a string. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    // INVARIANT: empty for the service, twelve digits for an account; a BucketName of `name` bytes, and if the text is
    // longer a slash and a non-empty key; an access point's ARN of `name` bytes, and if the text is longer `/object/`
    // and a non-empty key; any other ARN, whole.
    text: Arc<str>,
    name: u16,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Service,
    Account,
    Bucket,
    AccessPoint,
    ObjectLambda,
    Arn,
}

/// What stands between an access point's ARN and a key.
const OBJECT: &str = "/object/";

/// Why a text is not the ARN of an access point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the ARN of an access point or of an object behind one")]
pub struct BadAccessPoint;

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
        Self::whole("", Kind::Service)
    }

    /// An account: its Block Public Access.
    pub fn of_account(id: AccountId) -> Self {
        Self::whole(id.as_str(), Kind::Account)
    }

    /// What a function of S3 Object Lambda answers to: WriteGetObjectResponse.
    pub fn object_lambda() -> Self {
        Self::whole("", Kind::ObjectLambda)
    }

    /// A bucket.
    pub fn bucket(name: &BucketName) -> Self {
        Self {
            text: (&*name.0).into(),
            name: name.0.len() as u16,
            kind: Kind::Bucket,
        }
    }

    /// An object; `key` is the decoded key, taken literally.
    pub fn object(name: &BucketName, key: &[u8]) -> Result<Self, BadKey> {
        let key = legal_key(key)?;
        Ok(Self {
            text: format!("{name}/{key}").into(),
            name: name.0.len() as u16,
            kind: Kind::Bucket,
        })
    }

    /// An access point, `arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME`, or an object behind one: `/object/KEY`, or `/KEY`,
    /// after it. `text` is decoded.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-naming.html>
    pub fn access_point(text: &str) -> Result<Self, BadAccessPoint> {
        let (front, rest) = text.split_once(":accesspoint/").ok_or(BadAccessPoint)?;
        let [_, partition, service, region, account] = arn_front(front).ok_or(BadAccessPoint)?;
        let (name, key) = match rest.split_once('/') {
            Some((name, key)) => (name, key.strip_prefix("object/").unwrap_or(key)),
            None => (rest, ""),
        };
        let word = |text: &str| {
            let legal =
                |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
            !text.is_empty() && text.len() <= 63 && text.bytes().all(legal)
        };
        // A Multi-Region Access Point has no region.
        let good = word(partition)
            && (region.is_empty() || word(region))
            && word(name)
            && front.split(':').count() == 5;
        if !good || service != "s3" || AccountId::parse(account).is_err() {
            return Err(BadAccessPoint);
        }
        let arn = format!("{front}:accesspoint/{name}");
        let name = arn.len() as u16;
        let text = match key {
            "" => arn,
            key => {
                let key = legal_key(key.as_bytes()).map_err(|_| BadAccessPoint)?;
                format!("{arn}{OBJECT}{key}")
            }
        };
        Ok(Self {
            text: text.into(),
            name,
            kind: Kind::AccessPoint,
        })
    }

    /// Whatever else has an ARN, e.g. a role; `None` if the text is no ARN, or one of S3's own.
    pub fn other(arn: &str) -> Option<Self> {
        let [_, _, service, ..] = arn_front(arn)?;
        let foreign = !service.is_empty() && service != "s3";
        foreign.then(|| Self::whole(arn, Kind::Arn))
    }

    fn whole(text: &str, kind: Kind) -> Self {
        Self {
            text: text.into(),
            name: 0,
            kind,
        }
    }

    /// The bucket's name, if the target is a bucket or an object in one.
    pub fn bucket_name(&self) -> Option<&str> {
        match self.kind {
            Kind::Bucket => self.text.get(..self.name.into()),
            Kind::Service | Kind::Account | Kind::AccessPoint | Kind::ObjectLambda | Kind::Arn => {
                None
            }
        }
    }

    /// Whether AWS reads the bucket's name as something else: a directory bucket, or the alias of an access point, which is
    /// another name for a bucket whose policy would not be asked.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
    pub fn is_reserved(&self) -> bool {
        const ENDINGS: [&str; 5] = ["--x-s3", "-s3alias", "--ol-s3", ".mrap", "--table-s3"];
        let named = |name: &str| ENDINGS.iter().any(|ending| name.ends_with(ending));
        self.bucket_name().is_some_and(named)
    }

    /// The ARN of the access point, if the target is one or an object behind one.
    pub fn access_point_arn(&self) -> Option<&str> {
        match self.kind {
            Kind::AccessPoint => self.text.get(..self.name.into()),
            Kind::Service | Kind::Account | Kind::Bucket | Kind::ObjectLambda | Kind::Arn => None,
        }
    }

    /// The account that the target is or that stands in its ARN; `None` for buckets, whose names do not say it.
    pub fn account(&self) -> Option<AccountId> {
        let text = match self.kind {
            Kind::Account => &*self.text,
            Kind::AccessPoint | Kind::Arn => self.text.split(':').nth(4)?,
            Kind::Service | Kind::Bucket | Kind::ObjectLambda => return None,
        };
        AccountId::parse(text).ok()
    }

    /// The decoded key, if the target is an object.
    pub fn key(&self) -> Option<&str> {
        let skipped = match self.kind {
            Kind::Bucket => 1,
            Kind::AccessPoint => OBJECT.len(),
            Kind::Service | Kind::Account | Kind::ObjectLambda | Kind::Arn => return None,
        };
        self.text.get(usize::from(self.name) + skipped..)
    }

    /// `bucket` or `bucket/key`; the whole ARN of what is neither, which no bucket's name can look like; empty for what
    /// has no ARN of its own and is asked on as `*`.
    pub fn as_str(&self) -> &str {
        match self.kind {
            Kind::Account => "",
            Kind::Service | Kind::Bucket | Kind::AccessPoint | Kind::ObjectLambda | Kind::Arn => {
                &self.text
            }
        }
    }

    /// What the operation table calls such a target; `None` for what no request can be about.
    pub fn level(&self) -> Option<Level> {
        match (self.kind, self.key()) {
            (Kind::Service, _) => Some(Level::Service),
            (Kind::Account, _) => Some(Level::Account),
            (Kind::ObjectLambda, _) => Some(Level::ObjectLambda),
            (Kind::Bucket | Kind::AccessPoint, None) => Some(Level::Bucket),
            (Kind::Bucket | Kind::AccessPoint, Some(_)) => Some(Level::Object),
            (Kind::Arn, _) => None,
        }
    }

    /// Another object of the same bucket; `key` is taken literally.
    pub fn with_key(&self, key: &str) -> Result<Self, BadKey> {
        let name = BucketName(self.bucket_name().unwrap_or_default().into());
        Self::object(&name, key.as_bytes())
    }

    /// The bucket of this target as a target of its own; the access point of an object behind one.
    pub fn of_bucket(&self) -> Self {
        let kept = match self.kind {
            Kind::Bucket | Kind::AccessPoint => self.text.get(..self.name.into()),
            Kind::Service | Kind::Account | Kind::ObjectLambda | Kind::Arn => None,
        };
        Self {
            text: kept.map_or_else(|| self.text.clone(), Arc::from),
            name: self.name,
            kind: self.kind,
        }
    }

    /// The ARN: `arn:aws:s3:::bucket/key`; `*` for the service and an account.
    pub fn arn(&self) -> String {
        match self.kind {
            Kind::Service | Kind::Account | Kind::ObjectLambda => "*".to_owned(),
            Kind::Bucket => format!("arn:aws:s3:::{}", self.text),
            Kind::AccessPoint | Kind::Arn => self.text.to_string(),
        }
    }
}

fn legal_key(key: &[u8]) -> Result<&str, BadKey> {
    let key = std::str::from_utf8(key).map_err(|_| BadKey::NotUtf8)?;
    match key.len() {
        0 => Err(BadKey::Empty),
        1..=Target::MAX_KEY if key.contains('\0') => Err(BadKey::Nul),
        1..=Target::MAX_KEY => Ok(key),
        _ => Err(BadKey::TooLong),
    }
}

/// The first five parts of an ARN.
fn arn_front(arn: &str) -> Option<[&str; 5]> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next();
    let front = [next()?, next()?, next()?, next()?, next()?];
    (front.first() == Some(&"arn")).then_some(front)
}

#[cfg(test)]
mod tests;
