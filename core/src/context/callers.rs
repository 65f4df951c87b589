//! The facts about who calls, and about the organisations of caller and owner.

use super::facts::{Facts, named, one_or_many};
use super::{Lookup, Value};
use crate::identity::{Caller, CallerKind, Membership, Principal, SessionFacts};

impl<'a> Facts<'a> {
    /// A tag of the caller.
    pub(super) fn principal_tag(&'a self, key: &str) -> Lookup<'a> {
        let tag = self.caller().and_then(|caller| {
            let pairs = || caller.tags.iter().map(|(key, value)| (&**key, &**value));
            let exact = caller.tags.get(key).map(|value| &**value);
            exact.or_else(|| named(pairs, key))
        });
        Lookup::optional(tag)
    }

    /// The caller, unless the request is anonymous or a service's.
    pub(super) fn caller(&'a self) -> Option<&'a Caller> {
        match self.principal {
            Principal::Known(caller) => Some(caller),
            Principal::Anonymous | Principal::Service(_) => None,
        }
    }

    /// The place of the caller's account in an organisation.
    pub(super) fn membership(&'a self) -> Option<&'a Membership> {
        self.caller()?.account.membership.as_ref()
    }

    /// `aws:FederatedProvider`: of sessions made with AssumeRoleWithWebIdentity, not of those made with SAML.
    pub(super) fn web_identity_provider(&'a self) -> Option<&'a str> {
        let provider = self.caller()?.provider.as_deref();
        provider.filter(|provider| !provider.contains(":saml-provider/"))
    }

    fn session(&'a self) -> Option<&'a SessionFacts> {
        self.caller()?.session.as_deref()
    }

    /// `aws:TokenIssueTime`: of temporary credentials only.
    pub(super) fn token_issued(&'a self) -> Lookup<'a> {
        let issued = self.session().map(|session| session.issued);
        issued.map_or(Lookup::Absent, |time| Lookup::One(Value::Time(time)))
    }

    /// `aws:SourceIdentity`.
    pub(super) fn source_identity(&'a self) -> Option<&'a str> {
        self.session()?.source_identity.as_deref()
    }

    /// A claim of the token that the session was made with, by `ISSUER:CLAIM`.
    pub(super) fn claim(&'a self, name: &str) -> Lookup<'a> {
        let claims = self.session().map(|session| &session.claims);
        let mut all = claims.into_iter().flatten();
        let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
        let values = found.into_iter().flat_map(|(_, values)| values);
        one_or_many(values.map(|value| Value::Text((&**value).into())))
    }

    /// `aws:username`: of users only.
    pub(super) fn user_name(&'a self) -> Option<&'a str> {
        match &self.caller()?.kind {
            CallerKind::User { name } => Some(name),
            CallerKind::Root
            | CallerKind::RoleSession { .. }
            | CallerKind::FederatedUser { .. } => None,
        }
    }

    /// `aws:userid`.
    pub(super) fn user_id(&'a self) -> Option<&'a str> {
        match self.principal {
            Principal::Anonymous => Some("anonymous"),
            Principal::Service(_) => None,
            Principal::Known(caller) => Some(&caller.user_id),
        }
    }

    /// `aws:PrincipalType`.
    pub(super) fn principal_type(&'a self) -> Option<&'static str> {
        match self.principal {
            Principal::Anonymous => Some("Anonymous"),
            Principal::Service(_) => None,
            Principal::Known(caller) => Some(match caller.kind {
                CallerKind::Root => "Account",
                CallerKind::User { .. } => "User",
                CallerKind::RoleSession { .. } => "AssumedRole",
                CallerKind::FederatedUser { .. } => "FederatedUser",
            }),
        }
    }

    /// The service that calls.
    pub(super) fn service_name(&'a self) -> Option<&'a str> {
        match self.principal {
            Principal::Service(name) => Some(name),
            Principal::Anonymous | Principal::Known(_) => None,
        }
    }

    /// `aws:PrincipalIsAWSService`: of signed requests only.
    pub(super) fn is_service(&'a self) -> Option<bool> {
        match self.principal {
            Principal::Anonymous => None,
            Principal::Service(_) => Some(true),
            Principal::Known(_) => Some(false),
        }
    }
}

/// `aws:PrincipalOrgPaths`, `aws:ResourceOrgPaths`: a set of one.
pub(super) fn paths(membership: Option<&Membership>) -> Lookup<'_> {
    let path = membership.and_then(|membership| membership.path.as_deref());
    path.map_or(Lookup::Absent, |path| {
        Lookup::Many(vec![Value::Text(path.into())])
    })
}

/// `aws:PrincipalOrgID`, `aws:ResourceOrgID`.
pub(super) fn organization(membership: Option<&Membership>) -> Lookup<'_> {
    Lookup::optional(membership.map(|membership| &*membership.organization))
}
