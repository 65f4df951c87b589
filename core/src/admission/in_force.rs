//! The settings in force for a bucket: what files say of a kind goes before what is stored.

use super::{Route, Rules};
use crate::controls::acl::Acl;
use crate::controls::cors::Cors;
use crate::controls::lock::LockConfiguration;
use crate::controls::ownership::ObjectOwnership;
use crate::controls::public_access::PublicAccessBlock;
use crate::controls::settings::{
    AccountSettings, BucketPolicy, BucketSettings, Setting, SettingKind,
};
use crate::s3::names::AccountId;

/// The settings of one bucket and of the account that owns it.
#[derive(Debug, Clone, Copy)]
pub struct InForce<'a> {
    files: Option<&'a BucketSettings>,
    stored: Option<&'a BucketSettings>,
    incarnation: Option<u64>,
    account: AccountSettings,
    /// Kinds that are the upstream's.
    theirs: &'a [SettingKind],
}

impl Rules {
    /// The settings of a bucket of this upstream.
    pub fn in_force<'a>(&'a self, bucket: &str, route: &'a Route) -> InForce<'a> {
        let record = self.buckets.as_ref().and_then(|all| all.get(bucket));
        InForce {
            files: self.files.get(bucket),
            stored: record.map(|record| &*record.settings),
            incarnation: record.map(|record| record.incarnation),
            account: self.account_settings(self.owner_of(bucket, route)),
            theirs: &route.theirs,
        }
    }

    /// The settings of an account.
    pub fn account_settings(&self, account: AccountId) -> AccountSettings {
        let of = |settings: &AccountSettings| settings.public_access_block;
        let files = self.account_files.get(&account).and_then(of);
        let stored = || self.accounts.get(&account).and_then(of);
        AccountSettings {
            public_access_block: files.or_else(stored),
        }
    }
}

impl<'a> InForce<'a> {
    /// The same with these in the place of what is stored.
    pub(super) fn over(self, stored: &'a BucketSettings) -> Self {
        Self {
            stored: Some(stored),
            ..self
        }
    }

    /// The bucket policy.
    pub fn policy(&self) -> Option<&'a BucketPolicy> {
        let of = |settings: &'a BucketSettings| settings.policy.as_ref();
        self.of(SettingKind::Policy, of)
    }

    /// The CORS configuration.
    pub fn cors(&self) -> Option<&'a Cors> {
        let of = |settings: &'a BucketSettings| settings.cors.as_deref();
        self.of(SettingKind::Cors, of)
    }

    /// The flags of Block Public Access, the account's and the bucket's together.
    pub fn public_access_block(&self) -> PublicAccessBlock {
        let of = |settings: &'a BucketSettings| settings.public_access_block;
        let own = self.of(SettingKind::PublicAccessBlock, of);
        let account = self.account.public_access_block;
        own.unwrap_or_default().with(account.unwrap_or_default())
    }

    /// Whether ACLs count, and whose objects are.
    pub fn ownership(&self) -> ObjectOwnership {
        let of = |settings: &'a BucketSettings| settings.ownership;
        self.of(SettingKind::Ownership, of).unwrap_or_default()
    }

    /// Whether ACLs count.
    pub fn acls_count(&self) -> bool {
        self.ownership() != ObjectOwnership::BucketOwnerEnforced
    }

    /// The bucket's ACL; none if nobody gave it one.
    pub fn acl(&self) -> Option<&'a Acl> {
        let of = |settings: &'a BucketSettings| settings.acl.as_deref();
        self.of(SettingKind::Acl, of)
    }

    /// The Object Lock configuration that the gateway enforces; none of a bucket without Object Lock.
    pub fn object_lock(&self) -> Option<LockConfiguration> {
        self.of(SettingKind::ObjectLock, |settings| settings.object_lock)
    }

    /// Whether records are kept of its objects: as long as ACLs count, and afterwards, lest what is written then comes
    /// under the ACL of what was there before; and for ever, where the bucket has Object Lock.
    pub fn keeps_records(&self) -> bool {
        let marked = self.acls_count() || self.stored.is_some_and(|stored| stored.acl.is_some());
        let acls = marked && !self.theirs.contains(&SettingKind::Acl);
        acls || self.object_lock().is_some()
    }

    /// Which bucket of its name it is, if the store knows it.
    pub fn incarnation(&self) -> Option<u64> {
        self.incarnation
    }

    /// The bucket's own setting of a kind.
    pub(super) fn get(&self, kind: SettingKind) -> Option<Setting> {
        self.of(kind, |settings| settings.get(kind))
    }

    /// What files say, or else what is stored; nothing of what is the upstream's.
    fn of<T>(&self, kind: SettingKind, of: impl Fn(&'a BucketSettings) -> Option<T>) -> Option<T> {
        if self.theirs.contains(&kind) {
            return None;
        }
        self.files
            .and_then(&of)
            .or_else(|| self.stored.and_then(of))
    }

    /// Whether files say it, and so no call changes it.
    pub(super) fn is_of_files(&self, kind: SettingKind) -> bool {
        self.files
            .is_some_and(|settings| settings.get(kind).is_some())
    }
}
