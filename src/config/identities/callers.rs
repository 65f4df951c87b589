//! One account: its root user, users, groups, roles, keys and policies.

use super::super::check::Check;
use super::super::fill::did_you_mean;
use super::super::place::At;
use super::super::{raw, secrets};
use super::documents::Documents;
use super::names;
use super::organizations::{Level, level};
use super::{Around, Known};
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::AccountSettings;
use portcullis_core::identity::{AccessKey, AccessKeyId, Account, Caller, Directory};
use portcullis_core::policy::{Policy, PolicyKind};
use portcullis_core::s3::names::AccountId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Adds an account and everyone in it.
pub(super) fn account(
    id: &str,
    raw: raw::Account,
    at: &At<'_>,
    around: &Around<'_>,
    check: &mut Check<'_>,
    known: &mut Known,
) {
    let directory = &mut known.directory;
    let Ok(parsed) = AccountId::parse(id) else {
        return check
            .push(at.error_at_name(format!("`{id}`: an account id has exactly 12 digits")));
    };
    if directory.accounts.contains_key(&parsed) {
        return check
            .push(at.error_at_name(format!("account `{id}` stands in another file already")));
    }
    let mut documents = Documents::new("account", &at.field("policies"), check);
    let (organization, unit) = (raw.organization.as_deref(), raw.unit.as_deref());
    let mut placed = around.organizations.place(organization, unit, at, check);
    placed.levels.push(level(&mut documents, at, check));
    let plain = Account::new(
        parsed,
        canonical_id(raw.canonical_id, parsed, &at.field("canonical_id"), check),
        raw.name.unwrap_or_else(|| id.to_owned()),
    );
    let account = Arc::new(Account {
        membership: placed.membership,
        ..controlled(plain, placed.levels, around.guardrails)
    });
    directory.accounts.insert(parsed, account.clone());
    if let Some(block) = raw.public_access_block {
        known.accounts.insert(parsed, with_block(block));
    }
    let mut members = Members {
        documents,
        groups: BTreeMap::new(),
        account,
        directory,
    };
    members.groups(&at.field("groups"), check);
    members.root(raw.root, &at.field("root"), check);
    members.users(raw.users.unwrap_or_default(), &at.field("users"), check);
    members.roles(raw.roles.unwrap_or_default(), &at.field("roles"), check);
    members.documents.check_unused(PolicyKind::Identity, check);
}

fn with_block(raw: raw::PublicAccessBlock) -> AccountSettings {
    let on = |flag: Option<bool>| flag.unwrap_or(false);
    AccountSettings {
        public_access_block: Some(PublicAccessBlock {
            block_public_acls: on(raw.block_public_acls),
            ignore_public_acls: on(raw.ignore_public_acls),
            block_public_policy: on(raw.block_public_policy),
            restrict_public_buckets: on(raw.restrict_public_buckets),
        }),
    }
}

/// The account under the levels from the organisation down to itself.
fn controlled(account: Account, levels: Vec<Level>, guardrails: &[Arc<Policy>]) -> Account {
    let resource = levels.iter().flat_map(|level| &level.resource);
    let resource_control = guardrails.iter().chain(resource).cloned().collect();
    let service = levels.into_iter().filter_map(|level| level.service);
    Account {
        service_control: service.map(Into::into).collect(),
        resource_control,
        ..account
    }
}

fn canonical_id(
    written: Option<String>,
    id: AccountId,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Box<str> {
    let Some(text) = written else {
        return names::canonical_id(id);
    };
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        check.push(at.error("a canonical id has 64 hexadecimal digits"));
    }
    text.to_ascii_lowercase().into()
}

/// An account while its members are added.
struct Members<'a, 'd> {
    documents: Documents<'d>,
    /// What each group gives its users.
    groups: BTreeMap<String, Vec<Arc<Policy>>>,
    account: Arc<Account>,
    directory: &'a mut Directory,
}

/// What users and roles have in common.
struct Rights {
    path: Option<String>,
    groups: Vec<String>,
    tags: BTreeMap<String, String>,
}

impl Members<'_, '_> {
    fn groups(&mut self, at: &At<'_>, check: &mut Check<'_>) {
        for name in at.names() {
            let at = at.field(&name);
            if let Err(message) = names::check_name(&name) {
                check.push(at.error_at_name(message));
            }
            let list = at.field("policies");
            let policies = self.documents.list(&list, PolicyKind::Identity, check);
            self.groups.insert(name, policies);
        }
    }

    fn root(&mut self, raw: Option<raw::Root>, at: &At<'_>, check: &mut Check<'_>) {
        let keys = raw.and_then(|root| root.access_keys);
        let caller = names::root(self.account.clone());
        self.admit(caller, keys, at, check);
    }

    fn users(
        &mut self,
        mut users: BTreeMap<String, raw::User>,
        at: &At<'_>,
        check: &mut Check<'_>,
    ) {
        for name in at.names() {
            let (Some(raw), at) = (users.remove(&name), at.field(&name)) else {
                continue;
            };
            let rights = Rights {
                path: raw.path,
                groups: raw.groups.unwrap_or_default(),
                tags: raw.tags.unwrap_or_default(),
            };
            let path = checked_path(&name, &rights, &at, check);
            let user = names::user(self.account.clone(), &path, &name);
            let user = self.with_rights(user, rights, &at, check);
            self.admit(user, raw.access_keys, &at, check);
        }
    }

    fn roles(
        &mut self,
        mut roles: BTreeMap<String, raw::Role>,
        at: &At<'_>,
        check: &mut Check<'_>,
    ) {
        for name in at.names() {
            let (Some(raw), at) = (roles.remove(&name), at.field(&name)) else {
                continue;
            };
            let rights = Rights {
                path: raw.path,
                groups: Vec::new(),
                tags: raw.tags.unwrap_or_default(),
            };
            let path = checked_path(&name, &rights, &at, check);
            let role = names::role(self.account.clone(), &path, &name);
            let role = self.with_rights(role, rights, &at, check);
            self.admit(role, None, &at, check);
        }
    }

    fn with_rights(
        &mut self,
        caller: Caller,
        rights: Rights,
        at: &At<'_>,
        check: &mut Check<'_>,
    ) -> Caller {
        let list = at.field("policies");
        let mut policies = self.documents.list(&list, PolicyKind::Identity, check);
        policies.extend(self.of_groups(&rights.groups, &at.field("groups"), check));
        let boundary = at.field("boundary");
        Caller {
            policies: policies.into(),
            boundary: self
                .documents
                .policy(&boundary, PolicyKind::Boundary, check),
            tags: tags(rights.tags, &at.field("tags"), check),
            ..caller
        }
    }

    fn of_groups(&self, names: &[String], at: &At<'_>, check: &mut Check<'_>) -> Vec<Arc<Policy>> {
        let mut policies = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if let Some(group) = self.groups.get(name) {
                policies.extend(group.iter().cloned());
                continue;
            }
            let known: Vec<_> = self.groups.keys().cloned().collect();
            let hint = did_you_mean(name, &known);
            let message = format!("no group of this account is named `{name}`{hint}");
            check.push(at.index(index).error(message));
        }
        policies
    }

    fn admit(
        &mut self,
        caller: Caller,
        keys: Option<Vec<raw::AccessKey>>,
        at: &At<'_>,
        check: &mut Check<'_>,
    ) {
        let caller = Arc::new(caller);
        let list = at.field("access_keys");
        for (index, raw) in keys.into_iter().flatten().enumerate() {
            self.key(raw, &caller, &list.index(index), check);
        }
        let arn = caller.principal_arn.clone();
        self.directory.callers.insert(arn, caller);
    }

    fn key(
        &mut self,
        raw: raw::AccessKey,
        caller: &Arc<Caller>,
        at: &At<'_>,
        check: &mut Check<'_>,
    ) {
        let (id_at, secret_at) = (at.field("id"), at.field("secret"));
        let id = check.required(&id_at, raw.id);
        let id = id.and_then(|id| secrets::key_id(&id, &id_at, check));
        let secret = check.required(&secret_at, raw.secret);
        let secret = secret.and_then(|text| secrets::key_secret(&text, &secret_at, check));
        let (Some(id), Some(secret)) = (id, secret) else {
            return;
        };
        if let Some(other) = self.directory.keys.get(&id) {
            let message = format!("access key id `{id}` is {}'s already", other.caller.arn);
            return check.push(id_at.error(message));
        }
        let key = AccessKey {
            id: AccessKeyId(id.clone()),
            secret,
            active: match raw.status {
                None | Some(raw::KeyStatus::Active) => true,
                Some(raw::KeyStatus::Inactive) => false,
            },
            caller: caller.clone(),
        };
        self.directory.keys.insert(id, key);
    }
}

fn checked_path(name: &str, rights: &Rights, at: &At<'_>, check: &mut Check<'_>) -> String {
    if let Err(message) = names::check_name(name) {
        check.push(at.error_at_name(message));
    }
    let path = rights.path.clone().unwrap_or_else(|| "/".to_owned());
    check.take(&at.field("path"), names::check_path(&path));
    path
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>
fn tags(
    written: BTreeMap<String, String>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> BTreeMap<Box<str>, Box<str>> {
    let mut tags = BTreeMap::new();
    for (name, value) in written {
        if !(1..=128).contains(&name.chars().count()) || value.chars().count() > 256 {
            let message = "a tag's name has 1 to 128 characters, its value at most 256";
            check.push(at.field(&name).error_at_name(message));
        }
        tags.insert(name.into(), value.into());
    }
    tags
}
