//! The settings that the gateway keeps of a bucket or an account: each is read from the document that clients send, kept
//! as text, and held in memory as what decisions need of it.

use super::acl::Acl;
use super::cors::Cors;
use super::lock::LockConfiguration;
use super::ownership::ObjectOwnership;
use super::public_access::PublicAccessBlock;
use super::tags::{Tagged, Tags};
use crate::document::{self, Problem};
use crate::policy::{Origin, Policy, PolicyKind};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::s3::names::BucketName;
use bytes::Bytes;
use std::sync::Arc;

/// What kinds of settings there are. The names are those of the files that hold them under `policies/buckets/`, and of
/// the rows of the state store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettingKind {
    /// `policy`
    Policy,
    /// `public-access-block`, of a bucket or an account.
    PublicAccessBlock,
    /// `cors`
    Cors,
    /// `ownership`
    Ownership,
    /// `acl`
    Acl,
    /// `tagging`: kept where the store behind the bucket keeps none.
    Tagging,
    /// `object-lock`: once it is there it stays.
    ObjectLock,
}

impl SettingKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Policy,
        Self::PublicAccessBlock,
        Self::Cors,
        Self::Ownership,
        Self::Acl,
        Self::Tagging,
        Self::ObjectLock,
    ];

    /// As in files and the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::PublicAccessBlock => "public-access-block",
            Self::Cors => "cors",
            Self::Ownership => "ownership",
            Self::Acl => "acl",
            Self::Tagging => "tagging",
            Self::ObjectLock => "object-lock",
        }
    }

    /// The kinds that are left to an upstream together: an ACL means nothing without the ownership it is under.
    pub fn goes_with(self) -> &'static [Self] {
        match self {
            Self::Policy => &[Self::Policy],
            Self::PublicAccessBlock => &[Self::PublicAccessBlock],
            Self::Cors => &[Self::Cors],
            Self::Ownership | Self::Acl => &[Self::Ownership, Self::Acl],
            Self::Tagging => &[Self::Tagging],
            Self::ObjectLock => &[Self::ObjectLock],
        }
    }

    /// The kind of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One setting, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A bucket policy.
    Policy(BucketPolicy),
    /// Block Public Access.
    PublicAccessBlock(PublicAccessBlock),
    /// Cross-origin resource sharing.
    Cors(Arc<Cors>),
    /// Whether ACLs count.
    Ownership(ObjectOwnership),
    /// The bucket's ACL.
    Acl(Arc<Acl>),
    /// The bucket's tags.
    Tagging(Arc<Tags>),
    /// That the bucket has Object Lock, and its default retention.
    ObjectLock(LockConfiguration),
}

impl Setting {
    /// Reads the document of a setting of a bucket, as the S3 call that puts it has it. Fails with the error that the
    /// call is answered with.
    pub fn read(kind: SettingKind, bucket: &BucketName, document: &[u8]) -> Result<Self, S3Error> {
        Ok(match kind {
            SettingKind::Policy => Self::Policy(BucketPolicy::read(bucket, document)?),
            SettingKind::PublicAccessBlock => {
                Self::PublicAccessBlock(PublicAccessBlock::parse_xml(document)?)
            }
            SettingKind::Cors => Self::Cors(Arc::new(Cors::parse_xml(document)?)),
            SettingKind::Ownership => Self::Ownership(ObjectOwnership::parse_xml(document)?),
            SettingKind::Acl => Self::Acl(Arc::new(Acl::parse_xml(document)?)),
            SettingKind::Tagging => {
                Self::Tagging(Arc::new(Tags::parse_xml(Tagged::Bucket, document)?))
            }
            SettingKind::ObjectLock => Self::ObjectLock(LockConfiguration::parse_xml(document)?),
        })
    }

    /// What it is.
    pub fn kind(&self) -> SettingKind {
        match self {
            Self::Policy(_) => SettingKind::Policy,
            Self::PublicAccessBlock(_) => SettingKind::PublicAccessBlock,
            Self::Cors(_) => SettingKind::Cors,
            Self::Ownership(_) => SettingKind::Ownership,
            Self::Acl(_) => SettingKind::Acl,
            Self::Tagging(_) => SettingKind::Tagging,
            Self::ObjectLock(_) => SettingKind::ObjectLock,
        }
    }

    /// Its document, which [`Setting::read`] reads back to the same.
    pub fn document(&self) -> Bytes {
        match self {
            Self::Policy(policy) => policy.document.clone(),
            Self::PublicAccessBlock(block) => block.to_xml(),
            Self::Cors(cors) => cors.to_xml(),
            Self::Ownership(ownership) => ownership.to_xml(),
            Self::Acl(acl) => acl.to_xml(|_| None),
            Self::Tagging(tags) => tags.to_xml(),
            Self::ObjectLock(lock) => lock.to_xml(),
        }
    }

    /// What a file `<kind>.json` holds that says the same: a policy as it was put, the others in the form of the aws cli.
    pub fn to_file(&self) -> Bytes {
        let json = match self {
            Self::Policy(policy) => return policy.document.clone(),
            Self::PublicAccessBlock(block) => block.to_json(),
            Self::Cors(cors) => cors.to_json(),
            Self::Ownership(ownership) => ownership.to_json(),
            Self::Acl(acl) => acl.to_json(),
            Self::Tagging(tags) => tags.to_json(),
            Self::ObjectLock(lock) => lock.to_json(),
        };
        format!("{json:#}\n").into()
    }

    /// Reads what [`Setting::to_file`] wrote.
    ///
    /// # Errors
    /// What is wrong, in words with places.
    pub fn of_file(kind: SettingKind, bucket: &BucketName, text: &str) -> Result<Self, String> {
        let node = || document::json(text);
        let read = match kind {
            SettingKind::Policy => {
                let policy = BucketPolicy::read(bucket, text.as_bytes());
                return policy
                    .map(Self::Policy)
                    .map_err(|error| error.message.into());
            }
            SettingKind::PublicAccessBlock => node()
                .and_then(|node| PublicAccessBlock::parse_json(&node))
                .map(Self::PublicAccessBlock),
            SettingKind::Cors => node()
                .and_then(|node| Cors::parse_json(&node))
                .map(|cors| Self::Cors(Arc::new(cors))),
            SettingKind::Ownership => node()
                .and_then(|node| ObjectOwnership::parse_json(&node))
                .map(Self::Ownership),
            SettingKind::Acl => node()
                .and_then(|node| Acl::parse_json(&node))
                .map(|acl| Self::Acl(Arc::new(acl))),
            SettingKind::Tagging => node()
                .and_then(|node| Tags::parse_json(&node))
                .map(|tags| Self::Tagging(Arc::new(tags))),
            SettingKind::ObjectLock => node()
                .and_then(|node| LockConfiguration::parse_json(&node))
                .map(Self::ObjectLock),
        };
        read.map_err(|problems| told(&problems))
    }
}

/// A bucket policy and its text.
#[derive(Debug, Clone)]
pub struct BucketPolicy {
    /// As it was put: `GetBucketPolicy` answers with these bytes.
    pub document: Bytes,
    /// What it says.
    pub policy: Arc<Policy>,
}

impl BucketPolicy {
    /// Reads a document by AWS's rules for bucket policies; MalformedPolicy says what is wrong where.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html>
    pub fn read(bucket: &BucketName, document: &[u8]) -> Result<Self, S3Error> {
        let malformed = || S3Error::new(ErrorCode::MalformedPolicy);
        let text = std::str::from_utf8(document).map_err(|_| malformed())?;
        if !text.starts_with('{') {
            return Err(malformed());
        }
        let node = document::json(text).map_err(|problems| wrong(&problems))?;
        let origin = Arc::new(Origin {
            source: "PutBucketPolicy".into(),
        });
        let compiled = Policy::compile(&node, PolicyKind::Bucket(bucket), origin)
            .map_err(|problems| wrong(&problems))?;
        Ok(Self {
            document: Bytes::copy_from_slice(document),
            policy: Arc::new(compiled.policy),
        })
    }
}

/// With the text that its document has without white space.
impl From<Arc<Policy>> for BucketPolicy {
    fn from(policy: Arc<Policy>) -> Self {
        Self {
            document: policy.document().to_json().to_string().into(),
            policy,
        }
    }
}

/// By its text, which says it all.
impl PartialEq for BucketPolicy {
    fn eq(&self, other: &Self) -> bool {
        self.document == other.document
    }
}

impl Eq for BucketPolicy {}

/// How many of a document's problems an error tells.
const TOLD: usize = 5;

fn wrong(problems: &[Problem]) -> S3Error {
    S3Error::new(ErrorCode::MalformedPolicy).say(told(problems))
}

fn told(problems: &[Problem]) -> String {
    let told: Vec<String> = problems.iter().take(TOLD).map(Problem::to_string).collect();
    told.join("; ")
}

/// What is done to one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingChange {
    /// It takes the place of what was there of its kind.
    Put(Setting),
    /// What was there of this kind goes.
    Delete(SettingKind),
}

/// The settings of one bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BucketSettings {
    /// Its policy.
    pub policy: Option<BucketPolicy>,
    /// Its own Block Public Access flags; `None` if there is no such configuration.
    pub public_access_block: Option<PublicAccessBlock>,
    /// Which origins' pages may ask for what.
    pub cors: Option<Arc<Cors>>,
    /// Whether ACLs count; they do not where this is not set.
    pub ownership: Option<ObjectOwnership>,
    /// The bucket's ACL, which counts where ACLs do; full control for the bucket's owner where this is not set.
    ///
    /// Once a bucket has one in the store, records are kept of its objects: so that those written while ACLs are disabled
    /// do not come under the ACL of what was there before.
    pub acl: Option<Arc<Acl>>,
    /// The bucket's tags, where its store keeps none.
    pub tagging: Option<Arc<Tags>>,
    /// Whether it has Object Lock, and how new versions are retained. Once a bucket has it in the store, it has it for
    /// good, whatever files come to say.
    pub object_lock: Option<LockConfiguration>,
}

impl BucketSettings {
    /// What its policy says.
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref().map(|policy| &policy.policy)
    }

    /// What a bucket has that was just created: all four flags of Block Public Access, and no ACLs that count.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html>
    pub fn of_new_bucket() -> Self {
        Self {
            public_access_block: Some(PublicAccessBlock::ALL),
            ownership: Some(ObjectOwnership::BucketOwnerEnforced),
            ..Self::default()
        }
    }

    /// The same settings with this one in the place of what was there of its kind.
    pub fn with(self, setting: Setting) -> Self {
        match setting {
            Setting::Policy(policy) => Self {
                policy: Some(policy),
                ..self
            },
            Setting::PublicAccessBlock(block) => Self {
                public_access_block: Some(block),
                ..self
            },
            Setting::Cors(cors) => Self {
                cors: Some(cors),
                ..self
            },
            Setting::Ownership(ownership) => Self {
                ownership: Some(ownership),
                ..self
            },
            Setting::Acl(acl) => Self {
                acl: Some(acl),
                ..self
            },
            Setting::Tagging(tags) => Self {
                tagging: Some(tags),
                ..self
            },
            Setting::ObjectLock(lock) => Self {
                object_lock: Some(lock),
                ..self
            },
        }
    }

    /// The same settings without those of one kind; a bucket's Object Lock is never taken away.
    pub fn without(self, kind: SettingKind) -> Self {
        match kind {
            SettingKind::Policy => Self {
                policy: None,
                ..self
            },
            SettingKind::PublicAccessBlock => Self {
                public_access_block: None,
                ..self
            },
            SettingKind::Cors => Self { cors: None, ..self },
            SettingKind::Ownership => Self {
                ownership: None,
                ..self
            },
            SettingKind::Acl => Self { acl: None, ..self },
            SettingKind::Tagging => Self {
                tagging: None,
                ..self
            },
            // Once it is there it stays.
            SettingKind::ObjectLock => self,
        }
    }

    /// The setting of one kind.
    pub fn get(&self, kind: SettingKind) -> Option<Setting> {
        match kind {
            SettingKind::Policy => self.policy.clone().map(Setting::Policy),
            SettingKind::PublicAccessBlock => {
                self.public_access_block.map(Setting::PublicAccessBlock)
            }
            SettingKind::Cors => self.cors.clone().map(Setting::Cors),
            SettingKind::Ownership => self.ownership.map(Setting::Ownership),
            SettingKind::Acl => self.acl.clone().map(Setting::Acl),
            SettingKind::Tagging => self.tagging.clone().map(Setting::Tagging),
            SettingKind::ObjectLock => self.object_lock.map(Setting::ObjectLock),
        }
    }

    /// All that are there.
    pub fn all(&self) -> impl Iterator<Item = Setting> {
        SettingKind::ALL
            .into_iter()
            .filter_map(|kind| self.get(kind))
    }
}

/// The settings of one account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountSettings {
    /// Its Block Public Access flags, which are in force beside those of each of its buckets.
    pub public_access_block: Option<PublicAccessBlock>,
}

#[cfg(test)]
mod tests;
