//! Records of objects and intents as JSON, read strictly: what is not understood is an error and not a narrower record.

use super::super::objects::{Intent, ObjectName, OpenIntent};
use jiff::Timestamp;
use portcullis_core::controls::acl::Acl;
use portcullis_core::controls::lock::{ObjectLock, RecordedLock};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::policy::{AclPermission, Grant, Grantee};
use serde::{Deserialize, Deserializer, Serialize};

/// The document of a record.
pub(super) fn record_to_json(record: &ObjectRecord) -> Vec<u8> {
    // Texts and lists of them always serialise.
    serde_json::to_vec(&Record::of(record)).unwrap_or_default()
}

/// The record that a document says.
pub(super) fn record_of_json(document: &[u8]) -> Result<ObjectRecord, String> {
    let record: Record = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    Ok(record.record())
}

/// The document of an intent, without its object and id, which are the key of its row.
pub(super) fn intent_to_json(open: &OpenIntent) -> Vec<u8> {
    let document = Open {
        begun: open.begun.to_string(),
        intent: match &open.intent {
            Intent::Write(record) => What::Write(Record::of(record)),
            Intent::Destroy { version } => What::Destroy(version.clone()),
        },
    };
    serde_json::to_vec(&document).unwrap_or_default()
}

/// The intent that a document says.
pub(super) fn intent_of_json(
    object: ObjectName,
    id: u64,
    document: &[u8],
) -> Result<OpenIntent, String> {
    let open: Open = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    let begun = open.begun.parse::<Timestamp>();
    Ok(OpenIntent {
        id,
        object,
        intent: match open.intent {
            What::Write(record) => Intent::Write(record.record()),
            What::Destroy(version) => Intent::Destroy { version },
        },
        begun: begun.map_err(|error| error.to_string())?,
    })
}

/// A row of `intents`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    begun: String,
    intent: What,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Write(Record),
    Destroy(Box<str>),
}

/// A row of `objects` or `uploads`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    owner: Box<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acl: Option<List>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<(Box<str>, Box<str>)>,
    /// Of whatever form: what cannot be understood of it is a lock, and not a row that is damaged.
    #[serde(
        default,
        deserialize_with = "also_null",
        skip_serializing_if = "Option::is_none"
    )]
    lock: Option<serde_json::Value>,
}

/// An ACL.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    owner: Box<str>,
    grants: Vec<Granted>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Granted {
    to: To,
    permission: Permission,
}

/// S3's names, as the types of the policy module may come to be called otherwise.
#[derive(Debug, Serialize, Deserialize)]
enum To {
    CanonicalUser(Box<str>),
    AllUsers,
    AuthenticatedUsers,
    LogDelivery,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Permission {
    Read,
    Write,
    ReadAcp,
    WriteAcp,
    FullControl,
}

impl Record {
    fn of(record: &ObjectRecord) -> Self {
        let ObjectRecord {
            owner,
            acl,
            tags,
            lock,
        } = record;
        Self {
            owner: owner.clone(),
            acl: acl.as_ref().map(List::of),
            tags: tags.clone(),
            lock: lock_to_json(lock),
        }
    }

    fn record(self) -> ObjectRecord {
        ObjectRecord {
            owner: self.owner,
            acl: self.acl.map(List::acl),
            tags: self.tags,
            lock: lock_of_json(self.lock),
        }
    }
}

/// `None` of no lock. One that could not be read stays so.
fn lock_to_json(lock: &RecordedLock) -> Option<serde_json::Value> {
    match lock {
        RecordedLock::Known(lock) if *lock == ObjectLock::none() => None,
        RecordedLock::Known(lock) => {
            Some(serde_json::from_slice(&lock.to_record()).unwrap_or(LOST))
        }
        RecordedLock::Unreadable(_) => Some(LOST),
    }
}

fn lock_of_json(lock: Option<serde_json::Value>) -> RecordedLock {
    let document = lock.map(|lock| lock.to_string());
    RecordedLock::read(document.as_deref().map(str::as_bytes))
}

/// A member that is `null` is there, and is no lock that was written.
fn also_null<'de, D: Deserializer<'de>>(from: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(from).map(Some)
}

/// No lock is written so.
const LOST: serde_json::Value = serde_json::Value::Bool(false);

impl List {
    fn of(acl: &Acl) -> Self {
        Self {
            owner: acl.owner.clone(),
            grants: acl.grants.iter().map(Granted::of).collect(),
        }
    }

    fn acl(self) -> Acl {
        Acl {
            owner: self.owner,
            grants: self.grants.into_iter().map(Granted::grant).collect(),
        }
    }
}

impl Granted {
    fn of(grant: &Grant) -> Self {
        Self {
            to: match &grant.grantee {
                Grantee::CanonicalUser(id) => To::CanonicalUser(id.clone()),
                Grantee::AllUsers => To::AllUsers,
                Grantee::AuthenticatedUsers => To::AuthenticatedUsers,
                Grantee::LogDelivery => To::LogDelivery,
            },
            permission: match grant.permission {
                AclPermission::Read => Permission::Read,
                AclPermission::Write => Permission::Write,
                AclPermission::ReadAcp => Permission::ReadAcp,
                AclPermission::WriteAcp => Permission::WriteAcp,
                AclPermission::FullControl => Permission::FullControl,
            },
        }
    }

    fn grant(self) -> Grant {
        Grant {
            grantee: match self.to {
                To::CanonicalUser(id) => Grantee::CanonicalUser(id),
                To::AllUsers => Grantee::AllUsers,
                To::AuthenticatedUsers => Grantee::AuthenticatedUsers,
                To::LogDelivery => Grantee::LogDelivery,
            },
            permission: match self.permission {
                Permission::Read => AclPermission::Read,
                Permission::Write => AclPermission::Write,
                Permission::ReadAcp => AclPermission::ReadAcp,
                Permission::WriteAcp => AclPermission::WriteAcp,
                Permission::FullControl => AclPermission::FullControl,
            },
        }
    }
}
