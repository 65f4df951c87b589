//! Roles: whom their trust policies let in, and what their sessions may.

use super::{Account, Caller, CallerKind};
use crate::policy::{Policy, PolicySet};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A role that sessions can be made of.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>
#[derive(Debug)]
pub struct Role {
    /// The account it belongs to.
    pub account: Arc<Account>,
    /// Its name, without path.
    pub name: Box<str>,
    /// `arn:aws:iam::A:role/path/name`.
    pub arn: Box<str>,
    /// Its unique id, `AROA…`. A role made again under the same name has another, and none of the old one's sessions.
    pub id: Box<str>,
    /// `AssumeRolePolicyDocument`: who may make sessions of it, compiled as
    /// [`PolicyKind::Trust`](crate::policy::PolicyKind::Trust).
    pub trust: Arc<Policy>,
    /// `MaxSessionDuration`.
    pub max_session: MaxSession,
    /// Its tags; a session's own of the same key count in their place.
    pub tags: BTreeMap<Box<str>, Box<str>>,
    /// Inline and attached policies.
    pub policies: PolicySet,
    /// The permissions boundary.
    pub boundary: Option<Arc<Policy>>,
}

/// How long sessions of a role may live: 1 to 12 hours, by default 1.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-settings.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxSession(u32);

/// Why a number is no `MaxSessionDuration`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a session duration: 3600 to 43200 seconds")]
pub struct BadMaxSession(u32);

impl MaxSession {
    /// Seconds, from one hour to twelve.
    ///
    /// # Errors
    /// Outside of that.
    pub fn new(seconds: u32) -> Result<Self, BadMaxSession> {
        let fits = (3600..=43_200).contains(&seconds);
        fits.then_some(Self(seconds)).ok_or(BadMaxSession(seconds))
    }

    /// In seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl Default for MaxSession {
    fn default() -> Self {
        Self(3600)
    }
}

impl Role {
    /// A session of this name, without tags, policy and facts of its own.
    pub fn session(&self, name: &str) -> Caller {
        let account = self.account.id;
        Caller {
            account: Arc::clone(&self.account),
            kind: CallerKind::RoleSession {
                role: self.name.clone(),
                session: name.into(),
            },
            arn: format!("arn:aws:sts::{account}:assumed-role/{}/{name}", self.name).into(),
            principal_arn: self.arn.clone(),
            user_id: format!("{}:{name}", self.id).into(),
            tags: self.tags.clone(),
            provider: None,
            policies: self.policies.clone(),
            boundary: self.boundary.clone(),
            session_policy: None,
            session: None,
        }
    }
}

/// Every role of one snapshot.
#[derive(Debug, Default)]
pub struct Roles(HashMap<Box<str>, Arc<Role>>);

impl Roles {
    /// The role with this ARN.
    pub fn find(&self, arn: &str) -> Option<&Arc<Role>> {
        self.0.get(arn)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.0.values()
    }
}

impl FromIterator<Arc<Role>> for Roles {
    fn from_iter<I: IntoIterator<Item = Arc<Role>>>(roles: I) -> Self {
        let by_arn = roles.into_iter().map(|role| (role.arn.clone(), role));
        Self(by_arn.collect())
    }
}
