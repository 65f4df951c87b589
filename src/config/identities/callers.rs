//! One account: its root user, users, roles, keys and policies.

use super::super::check::Check;
use super::super::fill::did_you_mean;
use super::super::place::At;
use super::super::{policies, raw, secrets};
use super::names;
use portcullis_core::document::Value;
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
    check: &mut Check<'_>,
    directory: &mut Directory,
) {
    let Ok(parsed) = AccountId::parse(id) else {
        return check
            .push(at.error_at_name(format!("`{id}`: an account id has exactly 12 digits")));
    };
    if directory.accounts.contains_key(&parsed) {
        return check
            .push(at.error_at_name(format!("account `{id}` stands in another file already")));
    }
    let account = Arc::new(Account::new(
        parsed,
        canonical_id(raw.canonical_id, parsed, &at.field("canonical_id"), check),
        raw.name.unwrap_or_else(|| id.to_owned()),
    ));
    directory.accounts.insert(parsed, account.clone());
    let mut members = Members {
        documents: documents(&at.field("policies")),
        account,
        directory,
    };
    members.check_documents(check);
    members.root(raw.root, &at.field("root"), check);
    members.users(raw.users.unwrap_or_default(), &at.field("users"), check);
    members.roles(raw.roles.unwrap_or_default(), &at.field("roles"), check);
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

/// An account's policy documents by name.
fn documents<'a>(at: &At<'a>) -> BTreeMap<String, At<'a>> {
    let named = at.names().into_iter();
    named.map(|name| (name.clone(), at.field(&name))).collect()
}

/// An account while its members are added.
struct Members<'a, 'd> {
    documents: BTreeMap<String, At<'d>>,
    account: Arc<Account>,
    directory: &'a mut Directory,
}

/// What users and roles have in common.
struct Rights {
    path: Option<String>,
    policies: Vec<serde_json::Value>,
    tags: BTreeMap<String, String>,
}

impl Members<'_, '_> {
    /// A document that nobody refers to is checked all the same.
    fn check_documents(&self, check: &mut Check<'_>) {
        for at in self.documents.values() {
            let is_reference = |text: &str| !text.starts_with("file:");
            match at.node().and_then(|node| node.text()) {
                Some(text) if is_reference(text) => {
                    check.push(at.error("expected a policy document or `file:PATH`"));
                }
                _ => {
                    document(at, PolicyKind::Identity, check);
                }
            }
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
                policies: raw.policies.unwrap_or_default(),
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
                policies: raw.policies.unwrap_or_default(),
                tags: raw.tags.unwrap_or_default(),
            };
            let path = checked_path(&name, &rights, &at, check);
            let role = names::role(self.account.clone(), &path, &name);
            let role = self.with_rights(role, rights, &at, check);
            self.admit(role, None, &at, check);
        }
    }

    fn with_rights(
        &self,
        caller: Caller,
        rights: Rights,
        at: &At<'_>,
        check: &mut Check<'_>,
    ) -> Caller {
        let list = at.field("policies");
        let indexes = 0..rights.policies.len();
        let policies = indexes
            .filter_map(|index| self.policy(&list.index(index), PolicyKind::Identity, check))
            .collect();
        let boundary = self.policy(&at.field("boundary"), PolicyKind::Boundary, check);
        Caller {
            policies,
            boundary,
            tags: tags(rights.tags, &at.field("tags"), check),
            ..caller
        }
    }

    /// A document, the name of one, or `file:PATH`.
    fn policy(
        &self,
        at: &At<'_>,
        kind: PolicyKind<'_>,
        check: &mut Check<'_>,
    ) -> Option<Arc<Policy>> {
        let name = match &at.node()?.value {
            Value::Text(text) if !text.starts_with("file:") => text,
            _ => return document(at, kind, check),
        };
        if let Some(named) = self.documents.get(name) {
            return document(named, kind, check);
        }
        let known: Vec<_> = self.documents.keys().cloned().collect();
        let hint = did_you_mean(name, &known);
        check.push(at.error(format!("no policy of this account is named `{name}`{hint}")));
        None
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

/// Compiles a document written at `at`, or in the file it names.
fn document(at: &At<'_>, kind: PolicyKind<'_>, check: &mut Check<'_>) -> Option<Arc<Policy>> {
    let node = at.node()?;
    match &node.value {
        Value::Text(text) => {
            let path = text.strip_prefix("file:").unwrap_or(text);
            policies::named_file(&at.document.resolve(path), kind, at, check)
        }
        Value::Map(_) => policies::compile(node, kind, &at.document.file, check),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
            check.push(at.error(format!("expected a policy document, found {}", node.kind())));
            None
        }
    }
}
