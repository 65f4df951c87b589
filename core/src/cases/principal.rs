//! Who asks, as a case says it.

use super::fields::{Problems, given};
use crate::document::Node;
use crate::identity::CallerKind;
use crate::s3::names::AccountId;

/// The caller of a case.
#[derive(Debug)]
pub(super) enum Who {
    Anonymous,
    /// An AWS service by its name.
    Service(Box<str>),
    Known(Known),
}

/// A caller with an account.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) account: AccountId,
    pub(super) kind: CallerKind,
    pub(super) arn: Box<str>,
    /// `aws:PrincipalArn`: of a session the ARN of its role.
    pub(super) principal_arn: Box<str>,
    pub(super) provider: Option<Box<str>>,
    pub(super) tags: Vec<(Box<str>, Box<str>)>,
}

const FIELDS: [&str; 7] = ["arn", "account", "type", "tags", "role", "user", "provider"];

/// What kind of principal, as `type` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Root,
    User,
    RoleSession,
    FederatedUser,
    Service,
}

impl Type {
    const ALL: [Self; 5] = [
        Self::Root,
        Self::User,
        Self::RoleSession,
        Self::FederatedUser,
        Self::Service,
    ];

    fn name(&self) -> &'static str {
        match self {
            Self::Root => "Account",
            Self::User => "User",
            Self::RoleSession => "AssumedRole",
            Self::FederatedUser => "FederatedUser",
            Self::Service => "Service",
        }
    }
}

impl Problems {
    /// The principal of a case: `anonymous`, or a map.
    pub(super) fn principal(&mut self, node: &Node, case: &Node) -> Option<Who> {
        if node.text() == Some("anonymous") {
            return Some(Who::Anonymous);
        }
        if !self.map(node, "a principal that is not `anonymous`", &FIELDS) {
            return None;
        }
        let arn = self.required(node, "arn");
        self.required(node, "type")?;
        match self.one_of(node, "type", Type::ALL, Type::name)? {
            Type::Service => self.service(node, arn?),
            kind @ (Type::Root | Type::User | Type::RoleSession | Type::FederatedUser) => {
                self.caller(case, node, kind)
            }
        }
    }

    fn service(&mut self, node: &Node, name: &str) -> Option<Who> {
        if let Some(account) = given(node, "account") {
            self.add(account.at, "a service has no account");
        }
        Some(Who::Service(name.into()))
    }

    fn caller(&mut self, case: &Node, node: &Node, kind: Type) -> Option<Who> {
        let account = self.parsed(node, "account", account);
        let user = self.text(node, "user");
        let tags = self.tags(node);
        let provider = self.text(node, "provider");
        let role = self.text(node, "role");
        let account = account?;
        if kind == Type::FederatedUser {
            self.required(node, "user")?;
        }
        let kind = self.parsed(node, "arn", |arn| {
            caller_kind(kind, arn, account, user).ok_or_else(|| not_of(kind, arn, account))
        })?;
        let arn = node.get("arn")?.text()?;
        Some(Who::Known(Known {
            account,
            principal_arn: principal_arn(&kind, arn, account, role.or_else(|| issuer(case))),
            kind,
            arn: arn.into(),
            provider: provider.map(Box::from),
            tags,
        }))
    }

    fn tags(&mut self, node: &Node) -> Vec<(Box<str>, Box<str>)> {
        let Some(tags) = given(node, "tags") else {
            return Vec::new();
        };
        self.is_map(tags, "`tags`");
        let mut found = Vec::new();
        for entry in tags.entries() {
            if let Some(value) = self.required(tags, &entry.name) {
                found.push((entry.name.as_str().into(), value.into()));
            }
        }
        found
    }
}

/// What the ARN names, if it is one of this kind and account.
fn caller_kind(
    kind: Type,
    arn: &str,
    account: AccountId,
    user: Option<&str>,
) -> Option<CallerKind> {
    let rest = arn.strip_prefix("arn:aws:")?;
    let (service, rest) = rest.split_once("::")?;
    let mut names = rest
        .strip_prefix(account.as_str())?
        .strip_prefix(':')?
        .split('/');
    let what = names.next()?;
    let last = names.clone().next_back().filter(|name| !name.is_empty());
    let count = names.clone().count();
    match (kind, service, what, count) {
        (Type::Root, "iam", "root", 0) => Some(CallerKind::Root),
        (Type::User, "iam", "user", _) => Some(CallerKind::User { name: last?.into() }),
        (Type::RoleSession, "sts", "assumed-role", 2) => Some(CallerKind::RoleSession {
            role: names.next().filter(|name| !name.is_empty())?.into(),
            session: last?.into(),
        }),
        (Type::FederatedUser, "sts", "federated-user", 1) => Some(CallerKind::FederatedUser {
            name: last?.into(),
            user: user?.into(),
        }),
        _ => None,
    }
}

fn not_of(kind: Type, arn: &str, account: AccountId) -> String {
    let form = match kind {
        Type::Root => format!("arn:aws:iam::{account}:root"),
        Type::User => format!("arn:aws:iam::{account}:user/NAME"),
        Type::RoleSession => format!("arn:aws:sts::{account}:assumed-role/ROLE/SESSION"),
        Type::FederatedUser => format!("arn:aws:sts::{account}:federated-user/NAME"),
        Type::Service => "NAME.amazonaws.com".to_owned(),
    };
    format!(
        "`{arn}` is not the ARN of a principal of type {}: it is `{form}`",
        kind.name()
    )
}

/// Of a session the ARN of its role, which may have a path that the session's own does not show.
fn principal_arn(
    kind: &CallerKind,
    arn: &str,
    account: AccountId,
    given: Option<&str>,
) -> Box<str> {
    match (kind, given) {
        (CallerKind::RoleSession { .. }, Some(given)) => given.into(),
        (CallerKind::RoleSession { role, .. }, None) => {
            format!("arn:aws:iam::{account}:role/{role}").into()
        }
        (CallerKind::Root | CallerKind::User { .. } | CallerKind::FederatedUser { .. }, _) => {
            arn.into()
        }
    }
}

/// `aws:PrincipalArn` where the context says it.
fn issuer(case: &Node) -> Option<&str> {
    let context = given(case, "context")?.entries().iter();
    let mut named = context.filter(|entry| entry.name.eq_ignore_ascii_case("aws:PrincipalArn"));
    named.next()?.value.text()
}

/// An account id.
pub(super) fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).map_err(|error| format!("`{text}`: {error}"))
}
