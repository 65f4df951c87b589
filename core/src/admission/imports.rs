//! Settings that an administrator carries over from elsewhere. Nobody's permission is asked, since who may administrate has
//! it; but each is put by the rules of the S3 call that puts it, as if the calls were made in the order that succeeds.

use super::{InForce, Rules, SettingsOf};
use crate::controls::acl::Acl;
use crate::controls::ownership::{ObjectOwnership, put_ownership};
use crate::controls::public_access::PublicAccessBlock;
use crate::controls::settings::{
    AccountSettings, BucketSettings, Setting, SettingChange, SettingKind,
};
use crate::policy::is_public;
use crate::s3::names::{AccountId, BucketName};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What becomes of settings that are carried over. Made only by admission.
#[derive(Debug, Clone)]
pub struct Import {
    of: SettingsOf,
    upstream: Option<usize>,
    changes: Vec<SettingChange>,
    outcomes: BTreeMap<SettingKind, Imported>,
}

/// What becomes of one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// It is put.
    Put,
    /// It is so already.
    Unchanged,
    /// It is not put; says why, lower case, no full stop.
    Refused(String),
}

/// Why nothing can be carried over to a bucket or an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotImportable {
    /// There is no store.
    #[error("nothing can be set: the gateway has no `state`")]
    NoStore,
    /// The bucket is none of ours.
    #[error("no upstream holds this bucket")]
    NoUpstream,
}

impl Import {
    /// Whose settings they are. A bucket without an incarnation must be asked for at [`Import::upstream`].
    pub fn of(&self) -> &SettingsOf {
        &self.of
    }

    /// The position of the bucket's upstream in the routes.
    pub fn upstream(&self) -> Option<usize> {
        self.upstream
    }

    /// What is made durable, in this order.
    pub fn changes(&self) -> &[SettingChange] {
        &self.changes
    }

    /// What becomes of each setting.
    pub fn outcomes(&self) -> &BTreeMap<SettingKind, Imported> {
        &self.outcomes
    }
}

/// In which order they are tried: what Block Public Access would refuse comes before its flags, and what was refused is tried
/// again after the others.
const ORDER: [SettingKind; 7] = [
    SettingKind::Policy,
    SettingKind::Cors,
    SettingKind::Acl,
    SettingKind::Ownership,
    SettingKind::PublicAccessBlock,
    SettingKind::Tagging,
    SettingKind::ObjectLock,
];

impl Rules {
    /// Works out what becomes of these settings of a bucket; of two of one kind the last counts.
    ///
    /// # Errors
    /// If the bucket can have none.
    pub fn import(
        &self,
        bucket: &BucketName,
        wanted: Vec<Setting>,
    ) -> Result<Import, NotImportable> {
        let known = self.buckets.as_ref().ok_or(NotImportable::NoStore)?;
        let upstream = self.routes.find(bucket.as_str());
        let route = upstream.and_then(|position| self.routes.get(position));
        let (upstream, route) = upstream.zip(route).ok_or(NotImportable::NoUpstream)?;
        let record = known.get(bucket);
        let owner = self.owner_of(bucket.as_str(), route);
        let mut importing = Importing {
            bucket,
            in_force: self.in_force(bucket.as_str(), route),
            tags_are_theirs: !self.keeps_tags(Some(route)),
            canonical_id: self.canonical_id(owner),
            stored: record.map_or_else(BucketSettings::default, |record| {
                BucketSettings::clone(&record.settings)
            }),
            changes: Vec::new(),
            outcomes: BTreeMap::new(),
        };
        importing.all(wanted);
        Ok(Import {
            of: SettingsOf::Bucket {
                name: bucket.clone(),
                incarnation: record.map(|record| record.incarnation),
                owner,
            },
            upstream: Some(upstream),
            changes: importing.changes,
            outcomes: importing.outcomes,
        })
    }

    /// Works out what becomes of an account's flags of Block Public Access.
    ///
    /// # Errors
    /// If there is no store.
    pub fn import_account(
        &self,
        account: AccountId,
        block: PublicAccessBlock,
    ) -> Result<Import, NotImportable> {
        if self.buckets.is_none() {
            return Err(NotImportable::NoStore);
        }
        let of = |all: &HashMap<AccountId, AccountSettings>| all.get(&account)?.public_access_block;
        let outcome = match (of(&self.account_files), of(&self.accounts)) {
            (Some(_), _) => {
                Imported::Refused("managed by configuration: the identities say it".to_owned())
            }
            (None, Some(stored)) if stored == block => Imported::Unchanged,
            (None, _) => Imported::Put,
        };
        let change = SettingChange::Put(Setting::PublicAccessBlock(block));
        Ok(Import {
            of: SettingsOf::Account(account),
            upstream: None,
            changes: Vec::from_iter((outcome == Imported::Put).then_some(change)),
            outcomes: BTreeMap::from([(SettingKind::PublicAccessBlock, outcome)]),
        })
    }

    fn canonical_id(&self, account: AccountId) -> Option<&str> {
        let account = self.directory.accounts.get(&account)?;
        Some(&account.canonical_id)
    }
}

/// An import as far as it has come.
struct Importing<'a> {
    bucket: &'a BucketName,
    in_force: InForce<'a>,
    /// Whether the store behind the bucket keeps tags itself.
    tags_are_theirs: bool,
    /// Of the bucket's owner.
    canonical_id: Option<&'a str>,
    /// What is stored then.
    stored: BucketSettings,
    changes: Vec<SettingChange>,
    outcomes: BTreeMap<SettingKind, Imported>,
}

impl Importing<'_> {
    fn all(&mut self, wanted: Vec<Setting>) {
        let mut waiting: BTreeMap<SettingKind, Setting> = wanted
            .into_iter()
            .map(|setting| (setting.kind(), setting))
            .collect();
        loop {
            let before = waiting.len();
            for kind in ORDER {
                let Some(setting) = waiting.get(&kind) else {
                    continue;
                };
                let outcome = self.one(setting.clone());
                if !matches!(outcome, Imported::Refused(_)) {
                    waiting.remove(&kind);
                }
                self.outcomes.insert(kind, outcome);
            }
            if waiting.len() == before {
                return;
            }
        }
    }

    fn one(&mut self, setting: Setting) -> Imported {
        let setting = match self.checked(setting) {
            Ok(setting) => setting,
            Err(why) => return Imported::Refused(why),
        };
        if self.stored.get(setting.kind()).as_ref() == Some(&setting) {
            return Imported::Unchanged;
        }
        self.stored = std::mem::take(&mut self.stored).with(setting.clone());
        self.changes.push(SettingChange::Put(setting));
        Imported::Put
    }

    /// By the rules of the calls in `settings` and `acls`.
    fn checked(&self, setting: Setting) -> Result<Setting, String> {
        let kind = setting.kind();
        if self.in_force.is_of_files(kind) {
            let (bucket, kind) = (self.bucket.as_str(), kind.name());
            return Err(format!(
                "managed by configuration: `policies/buckets/{bucket}/` has `{kind}`"
            ));
        }
        if self.stored.get(kind).as_ref() == Some(&setting) {
            return Ok(setting);
        }
        let now = self.in_force.over(&self.stored);
        match &setting {
            Setting::Policy(policy)
                if now.public_access_block().block_public_policy && is_public(&policy.policy) =>
            {
                Err("the policy is public, and BlockPublicPolicy is in force".to_owned())
            }
            Setting::Ownership(ownership) => self.ownership(&now, *ownership).map(|()| setting),
            Setting::Acl(acl) => self.acl(&now, acl).map(|acl| Setting::Acl(Arc::new(acl))),
            Setting::Tagging(_) if self.tags_are_theirs => {
                Err("the store behind the bucket keeps its tags".to_owned())
            }
            Setting::Policy(_)
            | Setting::PublicAccessBlock(_)
            | Setting::Cors(_)
            | Setting::Tagging(_)
            | Setting::ObjectLock(_) => Ok(setting),
        }
    }

    fn ownership(&self, now: &InForce<'_>, wanted: ObjectOwnership) -> Result<(), String> {
        let Some(acl) = now.acl() else {
            return Ok(());
        };
        put_ownership(wanted, acl).map_err(|_| {
            "the bucket's ACL grants to others, so that ACLs cannot be disabled".to_owned()
        })
    }

    /// A document need not say whose it is: an ACL is always its bucket's owner's.
    fn acl(&self, now: &InForce<'_>, acl: &Acl) -> Result<Acl, String> {
        let owner = self
            .canonical_id
            .ok_or("the bucket's owner is an account that no identities name")?;
        if !acl.owner.is_empty() && !acl.owner.eq_ignore_ascii_case(owner) {
            return Err(format!(
                "its owner is `{}`, and the bucket's is `{owner}`",
                acl.owner
            ));
        }
        let acl = Acl {
            owner: owner.into(),
            ..acl.clone()
        };
        if self.stored.acl.as_deref() == Some(&acl) {
            return Ok(acl);
        }
        if !now.acls_count() && !acl.is_private() {
            return Err("it grants to others, and ACLs are disabled".to_owned());
        }
        if now.public_access_block().block_public_acls && acl.is_public() {
            return Err("it is public, and BlockPublicAcls is in force".to_owned());
        }
        Ok(acl)
    }
}
