//! What the gateway keeps of an object beside its bucket's settings.

use super::acl::Acl;
use super::lock::{ObjectLock, RecordedLock};
use super::tags::Tag;

/// What is kept of one version of an object. Of a version without a record, the bucket's owner is the owner, and nobody else
/// has a grant on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectRecord {
    /// The canonical id of its owner.
    pub owner: Box<str>,
    /// Its ACL; `None` if it was written while ACLs were disabled.
    pub acl: Option<Acl>,
    /// Its tags, where the upstream keeps none.
    pub tags: Vec<Tag>,
    /// Its retention and legal hold.
    pub lock: RecordedLock,
}

impl ObjectRecord {
    /// Of a version that has no record: this account's, with nothing set on it.
    pub fn of(owner: &str) -> Self {
        Self {
            owner: owner.into(),
            acl: None,
            tags: Vec::new(),
            lock: ObjectLock::none().into(),
        }
    }
}
