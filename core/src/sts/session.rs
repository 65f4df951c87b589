//! A session as its token holds it, and the caller it becomes.

use super::managed::ManagedPolicies;
use crate::document::json;
use crate::identity::{AccessKeyId, Caller, CallerKind, Directory, Roles, SecretKey, SessionFacts};
use crate::policy::{Origin, Policy, PolicyKind};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Everything that temporary credentials stand for. The gateway keeps none of it: it is in the session token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The key the token belongs to.
    pub access_key: AccessKeyId,
    /// Its secret.
    pub secret: SecretKey,
    /// What was granted.
    pub terms: Terms,
}

/// What a session may, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Whose session it is.
    pub holder: Holder,
    /// When it was made; whole seconds.
    pub issued: Timestamp,
    /// From when on it is refused; whole seconds.
    pub expires: Timestamp,
    /// What narrows it.
    pub limits: Limits,
    /// Session tags, inherited ones included.
    pub tags: BTreeMap<Box<str>, Box<str>>,
    /// The keys of those that go on to sessions made from this one.
    pub transitive: BTreeSet<Box<str>>,
    /// Set by whoever made the first session of the chain.
    pub source_identity: Option<Box<str>>,
    /// The identity provider that vouched for it, and what it said.
    pub vouched: Option<Vouched>,
}

/// Whose session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A session of a role.
    Role {
        /// The role's ARN.
        arn: Box<str>,
        /// The role's unique id when the session was made.
        id: Box<str>,
        /// The session's name.
        session: Box<str>,
    },
    /// A user, or an account's root user, by GetSessionToken.
    User {
        /// Its ARN.
        arn: Box<str>,
        /// Its unique id when the session was made.
        id: Box<str>,
    },
}

/// The session policies.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// The document passed as `Policy`, without white space.
    pub document: Option<Box<str>>,
    /// The ARNs passed as `PolicyArns`.
    pub managed: Vec<Box<str>>,
}

/// The identity provider behind a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// `aws:FederatedProvider`.
    pub provider: Box<str>,
    /// By `ISSUER:CLAIM`; each has at least one value.
    pub claims: BTreeMap<Box<str>, Vec<Box<str>>>,
}

/// Everyone and everything a session can refer to.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Users and accounts.
    pub directory: &'a Directory,
    /// Roles.
    pub roles: &'a Roles,
    /// What `PolicyArns` can name.
    pub managed: &'a ManagedPolicies,
}

/// Why a session whose token is sound is refused all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSession {
    /// Its role or user is gone, or was made again since.
    #[error("`{0}` does not exist any more")]
    HolderGone(Box<str>),
    /// One of its session policies is gone or cannot be read any more. What narrowed it is not left out.
    #[error("the session policy `{0}` cannot be applied any more")]
    PolicyGone(Box<str>),
}

/// Where the documents of a session's policies come from, in records.
const ORIGIN: &str = "session policies";

impl Terms {
    /// The caller it makes: the role or user as it is now, under the session's policies and tags.
    ///
    /// # Errors
    /// What it refers to is no more.
    pub fn caller(&self, known: Known<'_>) -> Result<Caller, BadSession> {
        let holder = self.holder.caller(known)?;
        let mut tags = holder.tags.clone();
        for (key, value) in &self.tags {
            tags.retain(|other, _| !other.eq_ignore_ascii_case(key));
            tags.insert(key.clone(), value.clone());
        }
        Ok(Caller {
            tags,
            provider: self.vouched.as_ref().map(|it| it.provider.clone()),
            session_policy: self.limits.compile(known.managed)?,
            session: Some(Arc::new(self.facts())),
            ..holder
        })
    }

    fn facts(&self) -> SessionFacts {
        let goes_on = |key: &str| self.transitive.contains(key);
        let tags = self.tags.iter().filter(|(key, _)| goes_on(key));
        let claims = self.vouched.as_ref().map(|it| it.claims.clone());
        SessionFacts {
            issued: self.issued,
            source_identity: self.source_identity.clone(),
            transitive: tags.map(|(k, v)| (k.clone(), v.clone())).collect(),
            claims: claims.unwrap_or_default(),
        }
    }
}

impl Holder {
    fn caller(&self, known: Known<'_>) -> Result<Caller, BadSession> {
        match self {
            Self::Role { arn, id, session } => {
                let role = known.roles.find(arn).filter(|role| role.id == *id);
                let caller = role.map(|role| role.session(session));
                caller.ok_or_else(|| BadSession::HolderGone(arn.clone()))
            }
            Self::User { arn, id } => {
                let caller = known.directory.callers.get(arn);
                let same = |caller: &&Arc<Caller>| {
                    caller.user_id == *id
                        && matches!(caller.kind, CallerKind::User { .. } | CallerKind::Root)
                };
                let caller = caller.filter(same).map(|caller| (**caller).clone());
                caller.ok_or_else(|| BadSession::HolderGone(arn.clone()))
            }
        }
    }
}

impl Limits {
    /// Whether nothing narrows the session.
    pub fn is_empty(&self) -> bool {
        self.document.is_none() && self.managed.is_empty()
    }

    /// The documents as one policy: together they allow what one of them allows; none if there is none.
    ///
    /// # Errors
    /// A managed policy is not known, or a document cannot be read.
    pub fn compile(&self, managed: &ManagedPolicies) -> Result<Option<Arc<Policy>>, BadSession> {
        if self.is_empty() {
            return Ok(None);
        }
        let gone = |name: &str| BadSession::PolicyGone(name.into());
        let inline = self.document.as_deref().map(json).transpose();
        let inline = inline.map_err(|_| gone("Policy"))?;
        let mut nodes: Vec<_> = inline.iter().collect();
        for arn in &self.managed {
            nodes.push(managed.find(arn).ok_or_else(|| gone(arn))?.document());
        }
        let origin = Arc::new(Origin {
            source: ORIGIN.into(),
        });
        let policy = Policy::compile_together(&nodes, PolicyKind::Session, origin);
        policy
            .map(|policy| Some(Arc::new(policy)))
            .map_err(|_| gone("Policy"))
    }
}

#[cfg(test)]
mod tests;
