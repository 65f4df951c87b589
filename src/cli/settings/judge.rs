//! What an upstream's answer says of a bucket's setting, and whether that can be carried over.

use crate::upstream::answer::{self, Treatment};
use crate::upstream::client::UpstreamAnswer;
use portcullis_core::controls::acl::Acl;
use portcullis_core::controls::ownership::ObjectOwnership;
use portcullis_core::controls::settings::{Setting, SettingKind};
use portcullis_core::policy::{Grant, Grantee};
use portcullis_core::s3::names::BucketName;
use portcullis_core::s3::xml;

/// What is there of one kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum There {
    /// This, which a file can hold.
    Text(Vec<u8>),
    /// The same, and a word of what it does not bring along.
    But(Vec<u8>, String),
    /// Nothing that would have to be carried over.
    Nothing,
    /// The store has no such setting.
    Lacking(String),
    /// Something that cannot be carried over.
    Lost(String),
    /// The store does not say.
    Unknown(String),
    /// The store failed, or the bucket is not there.
    Failed(String),
}

/// What is asked of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Setting(SettingKind),
    Locks,
}

impl Asked {
    /// In the order in which they are asked: the ACL after what says whether it counts.
    pub(super) const ALL: [Self; 6] = [
        Self::Setting(SettingKind::Policy),
        Self::Setting(SettingKind::PublicAccessBlock),
        Self::Setting(SettingKind::Cors),
        Self::Setting(SettingKind::Ownership),
        Self::Setting(SettingKind::Acl),
        Self::Locks,
    ];

    pub(super) fn kind(self) -> SettingKind {
        match self {
            Self::Setting(kind) => kind,
            Self::Locks => SettingKind::ObjectLock,
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.kind().name()
    }
}

/// Codes that say that there is no such setting.
const NONE: [&str; 6] = [
    "NoSuchBucketPolicy",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchCORSConfiguration",
    "OwnershipControlsNotFoundError",
    "ObjectLockConfigurationNotFoundError",
    "ObjectLockConfigurationNotFound",
];

/// Codes that say that the store does not know such a setting.
const LACKING: [&str; 3] = ["NotImplemented", "MethodNotAllowed", "XNotImplemented"];

/// Judges an answer of the upstream of this name.
pub(super) fn judge(
    asked: Asked,
    bucket: &BucketName,
    upstream: &str,
    answer: &UpstreamAnswer,
) -> There {
    let error = xml::UpstreamError::parse(&answer.body);
    let fault = answer::fault(&answer.headers, error.as_ref());
    let code = fault.as_ref().map_or("", |fault| &fault.code);
    let status = answer.status.as_u16();
    match status {
        200 => return document(asked, bucket, &answer.body),
        204 => return There::Nothing,
        404 if NONE.contains(&code) => return There::Nothing,
        405 | 501 => return There::Lacking(format!("the store answered {status} {code}")),
        _ if LACKING.contains(&code) => {
            return There::Lacking(format!("the store answered {status} {code}"));
        }
        500..=599 => return There::Failed(format!("the store answered {status} {code}")),
        _ => {}
    }
    match answer::classify(answer.status, fault.as_ref()) {
        Treatment::Replace(_, cause) => There::Unknown(cause.explain(upstream)),
        Treatment::Pass if code == "NoSuchBucket" => {
            There::Failed("the bucket is not there".to_owned())
        }
        Treatment::Pass => There::Unknown(format!("the store answered {status} {code}")),
    }
}

fn document(asked: Asked, bucket: &BucketName, body: &[u8]) -> There {
    match asked {
        // Read by who reads files, so that what is wrong has its place.
        Asked::Setting(SettingKind::Policy) if body.trim_ascii().is_empty() => There::Nothing,
        Asked::Setting(SettingKind::Policy) => There::Text(body.trim_ascii_start().to_vec()),
        Asked::Setting(kind) => match Setting::read(kind, bucket, body.trim_ascii()) {
            Ok(setting) => setting_of(&setting),
            Err(error) => There::Lost(format!(
                "the store's document cannot be read: {}: {}",
                error.code.name(),
                error.message
            )),
        },
        Asked::Locks if is_locked(body) => {
            document(Asked::Setting(SettingKind::ObjectLock), bucket, body)
        }
        Asked::Locks => There::Nothing,
    }
}

fn setting_of(setting: &Setting) -> There {
    let text = setting.to_file().to_vec();
    match setting {
        Setting::Acl(acl) if acl.is_private() => There::Nothing,
        Setting::Acl(acl) => There::Lost(format!(
            "it grants to others, by ids that are the store's own: {}",
            grants(acl)
        )),
        Setting::Ownership(ObjectOwnership::BucketOwnerEnforced) => There::Text(text),
        Setting::Ownership(_) => There::But(
            text,
            "ACLs count in this bucket, and those of its objects are not carried over".to_owned(),
        ),
        Setting::Policy(_)
        | Setting::PublicAccessBlock(_)
        | Setting::Cors(_)
        | Setting::Tagging(_)
        | Setting::ObjectLock(_) => There::Text(text),
    }
}

fn is_locked(body: &[u8]) -> bool {
    xml::Element::of_answer(body).is_ok_and(|root| {
        root.name == "ObjectLockConfiguration"
            && root.child_text("ObjectLockEnabled").map(str::trim) == Some("Enabled")
    })
}

/// Those to others than the owner.
fn grants(acl: &Acl) -> String {
    let others = acl.grants.iter().filter_map(|grant: &Grant| {
        let to = match &grant.grantee {
            Grantee::AllUsers => "everyone".to_owned(),
            Grantee::AuthenticatedUsers => "whoever signs".to_owned(),
            Grantee::LogDelivery => "the delivery of logs".to_owned(),
            Grantee::CanonicalUser(id) if *id == acl.owner => return None,
            Grantee::CanonicalUser(id) => format!("`{id}`"),
        };
        Some(format!("{:?} to {to}", grant.permission))
    });
    let others: Vec<String> = others.collect();
    others.join(", ")
}

#[cfg(test)]
mod tests;
