//! Who calls: accounts, users, roles and their access keys, and the [`Principal`] of a request.
//!
//! Knows no request and no policy language beyond holding compiled documents.

mod roles;
mod sessions;

pub use roles::{BadMaxSession, MaxSession, Role, Roles};
pub use sessions::SessionFacts;

use crate::policy::{Policy, PolicySet};
use crate::s3::names::AccountId;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// An access key id, e.g. `AKIA…`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccessKeyId(pub Box<str>);

/// A secret access key. Prints as `***`.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<String>);

impl SecretKey {
    /// Takes a secret; its memory is wiped when it is dropped.
    pub fn new(secret: String) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// The secret itself; only for deriving a signing key.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// In constant time.
impl PartialEq for SecretKey {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
    }
}

impl Eq for SecretKey {}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// An AWS account as the gateway knows it.
#[derive(Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// 64 hex digits.
    pub canonical_id: Box<str>,
    /// Shown as the owner's display name.
    pub name: Box<str>,
    /// Its place in an organisation, if it is in one.
    pub membership: Option<Membership>,
    /// Service-control documents by level (organisation, unit, account), the root user's too: each level must allow.
    /// None: there is no such level.
    pub service_control: Vec<PolicySet>,
    /// Resource-control documents on what the account owns, those for every account included.
    pub resource_control: PolicySet,
}

impl Account {
    /// An account under no organisation's policies.
    pub fn new(
        id: AccountId,
        canonical_id: impl Into<Box<str>>,
        name: impl Into<Box<str>>,
    ) -> Self {
        Self {
            id,
            canonical_id: canonical_id.into(),
            name: name.into(),
            membership: None,
            service_control: Vec::new(),
            resource_control: PolicySet::default(),
        }
    }
}

/// Where in an organisation an account is.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_getting-started_concepts.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The organisation's id, `o-…`: `aws:PrincipalOrgID`, `aws:ResourceOrgID`.
    pub organization: Box<str>,
    /// The ids of organisation, root and units above the account, each with a slash after it: `aws:PrincipalOrgPaths`,
    /// `aws:ResourceOrgPaths`. None if the root's id is not known.
    pub path: Option<Box<str>>,
}

/// Who makes a request.
#[derive(Debug, Clone, Default)]
pub enum Principal {
    /// No credentials were presented.
    #[default]
    Anonymous,
    /// A user, a role session or an account's root user.
    Known(Arc<Caller>),
    /// An AWS service by its name, e.g. `cloudtrail.amazonaws.com`. No request authenticates as one; `explain` and
    /// test cases ask about them.
    Service(Box<str>),
}

/// A caller with an account.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account it belongs to.
    pub account: Arc<Account>,
    /// User, session or root.
    pub kind: CallerKind,
    /// As in AWS's error text and logs: `arn:aws:iam::A:user/path/name`, `arn:aws:sts::A:assumed-role/name/session`,
    /// `arn:aws:sts::A:federated-user/name`, `arn:aws:iam::A:root`.
    pub arn: Box<str>,
    /// `aws:PrincipalArn`: the role's ARN for a role session, else `arn`.
    pub principal_arn: Box<str>,
    /// `aws:userid`.
    pub user_id: Box<str>,
    /// `aws:PrincipalTag/…`.
    pub tags: BTreeMap<Box<str>, Box<str>>,
    /// The identity provider that vouched for a role's session: the domain or ARN of an OIDC provider, or the ARN of a
    /// SAML provider.
    pub provider: Option<Box<str>>,
    /// Inline, attached and group policies; of a federated user those of its user.
    pub policies: PolicySet,
    /// The permissions boundary: it only caps.
    pub boundary: Option<Arc<Policy>>,
    /// The policy the session was made with: it only caps.
    pub session_policy: Option<Arc<Policy>>,
    /// What is known of the session if temporary credentials were used; none of long-term ones.
    pub session: Option<Arc<SessionFacts>>,
}

/// What kind of caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerKind {
    /// The root user of its account.
    Root,
    /// A user.
    User {
        /// Its name, without path.
        name: Box<str>,
    },
    /// A session of a role.
    RoleSession {
        /// The role's name, without path.
        role: Box<str>,
        /// The session's name.
        session: Box<str>,
    },
    /// A session that a user made with GetFederationToken.
    FederatedUser {
        /// The session's name.
        name: Box<str>,
        /// The ARN of the user.
        user: Box<str>,
    },
}

impl Caller {
    /// The ARN of the role or user whose session this is; of a user and of a root user its own.
    pub fn session_issuer(&self) -> &str {
        match &self.kind {
            CallerKind::FederatedUser { user, .. } => user,
            CallerKind::Root | CallerKind::User { .. } | CallerKind::RoleSession { .. } => {
                &self.principal_arn
            }
        }
    }

    /// Whether this is a session of a role that AWS keeps for one of its services. Neither service-control nor
    /// resource-control documents bind those.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
    pub fn is_service_linked(&self) -> bool {
        let role = match self.kind {
            CallerKind::RoleSession { .. } => self.principal_arn.splitn(6, ':').nth(5),
            CallerKind::Root | CallerKind::User { .. } | CallerKind::FederatedUser { .. } => None,
        };
        role.is_some_and(|role| role.starts_with("role/aws-service-role/"))
    }
}

/// One access key and whose it is.
#[derive(Debug, Clone)]
pub struct AccessKey {
    /// The key's id.
    pub id: AccessKeyId,
    /// Its secret.
    pub secret: SecretKey,
    /// An inactive key is unknown.
    pub active: bool,
    /// Whose it is.
    pub caller: Arc<Caller>,
}

/// Every account, caller and key of one snapshot.
#[derive(Debug, Default)]
pub struct Directory {
    /// Every account, also those that only own buckets.
    pub accounts: HashMap<AccountId, Arc<Account>>,
    /// By access key id.
    pub keys: HashMap<Box<str>, AccessKey>,
    /// By ARN (`arn:aws:iam::A:user/…`, `…:role/…`, `…:root`), for fixed-principal listeners.
    pub callers: HashMap<Box<str>, Arc<Caller>>,
}

impl Principal {
    /// The caller's account, if it has one.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Anonymous | Self::Service(_) => None,
            Self::Known(caller) => Some(caller.account.id),
        }
    }
}

#[cfg(test)]
mod tests;
