//! The Principal and NotPrincipal elements.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use crate::identity::{Account, Caller, CallerKind, Principal};
use crate::s3::names::AccountId;

/// Whom a statement is about.
#[derive(Debug)]
pub(crate) enum Principals {
    /// The holder of the policy: identity policies, boundaries, session policies.
    Holder,
    Only(Box<[Pattern]>),
    Not(Box<[Pattern]>),
}

/// One principal as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `*`
    Everyone,
    /// An account id or the ARN of its root.
    Account(AccountId),
    /// A user, a role, a role session or a federated user.
    Arn(Box<str>),
    /// An account by its canonical id, 64 hex digits.
    CanonicalUser(Box<str>),
    /// An AWS service.
    Service(Box<str>),
    /// An identity provider: the sessions of roles that it vouched for.
    Federated(Box<str>),
    /// Someone who no longer exists, shown as a unique id: nobody.
    Deleted(Box<str>),
}

/// How a statement names a caller, the strongest first: what else must allow depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Naming {
    /// As everyone.
    Everyone,
    /// By the ARN of the user or of the session itself, or the service by its name.
    Exactly,
    /// By what the session comes from: the ARN of its role, or of its user for a federated user.
    Role,
    /// By the identity provider that vouched for the session.
    Provider,
    /// By the account.
    Account,
}

impl Principals {
    /// How the caller is named, if at all.
    pub(crate) fn name(&self, principal: &Principal) -> Option<Naming> {
        match self {
            Self::Holder => Some(Naming::Exactly),
            Self::Only(patterns) => patterns
                .iter()
                .filter_map(|pattern| pattern.name(principal))
                .min(),
            Self::Not(patterns) => (!spares(patterns, principal)).then_some(Naming::Everyone),
        }
    }
}

impl Pattern {
    fn name(&self, principal: &Principal) -> Option<Naming> {
        match (self, principal) {
            (Self::Everyone, _) => Some(Naming::Everyone),
            (Self::Service(name), Principal::Service(service)) => name
                .eq_ignore_ascii_case(service)
                .then_some(Naming::Exactly),
            (Self::Arn(arn), Principal::Known(caller)) if *arn == caller.arn => {
                Some(Naming::Exactly)
            }
            (Self::Arn(arn), Principal::Known(caller)) => {
                (**arn == *caller.session_issuer()).then_some(Naming::Role)
            }
            // AWS does not say whether boundary and session policy limit such a grant. Like one to the role they do,
            // which is the narrower reading.
            (Self::Federated(provider), Principal::Known(caller)) => {
                (caller.provider.as_ref() == Some(provider)).then_some(Naming::Provider)
            }
            (Self::Account(_) | Self::CanonicalUser(_), Principal::Known(caller)) => {
                self.is_account(&caller.account).then_some(Naming::Account)
            }
            (
                Self::Account(_)
                | Self::Arn(_)
                | Self::CanonicalUser(_)
                | Self::Service(_)
                | Self::Federated(_)
                | Self::Deleted(_),
                Principal::Anonymous | Principal::Known(_) | Principal::Service(_),
            ) => None,
        }
    }

    fn is_account(&self, account: &Account) -> bool {
        match self {
            Self::Account(id) => *id == account.id,
            Self::CanonicalUser(id) => id.eq_ignore_ascii_case(&account.canonical_id),
            Self::Everyone
            | Self::Arn(_)
            | Self::Service(_)
            | Self::Federated(_)
            | Self::Deleted(_) => false,
        }
    }

    fn is_arn(&self, named: &str) -> bool {
        matches!(self, Self::Arn(arn) if **arn == *named)
    }
}

/// Whether NotPrincipal leaves a caller alone: only if it lists the whole chain of session, role or user, and
/// account. AWS warns that otherwise the part that is not listed may be caught; we always catch it. A caller with a
/// permissions boundary is caught whatever is listed, as AWS says.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn spares(patterns: &[Pattern], principal: &Principal) -> bool {
    match principal {
        Principal::Anonymous | Principal::Service(_) => patterns
            .iter()
            .any(|pattern| pattern.name(principal).is_some()),
        Principal::Known(caller) if caller.boundary.is_some() => false,
        Principal::Known(caller) => {
            patterns.contains(&Pattern::Everyone)
                || (patterns.iter().any(|each| each.is_account(&caller.account))
                    && lists_below_account(patterns, caller))
        }
    }
}

fn lists_below_account(patterns: &[Pattern], caller: &Caller) -> bool {
    let listed = |arn: &str| patterns.iter().any(|pattern| pattern.is_arn(arn));
    match caller.kind {
        CallerKind::Root => true,
        CallerKind::User { .. }
        | CallerKind::RoleSession { .. }
        | CallerKind::FederatedUser { .. } => {
            listed(&caller.arn) && listed(caller.session_issuer())
        }
    }
}

/// Reads one text under `kind`; none if the kind or the text is wrong.
pub(crate) fn read(kind: &str, text: &str) -> Option<Pattern> {
    match kind {
        "AWS" => aws(text).ok(),
        "CanonicalUser" => canonical(text).ok(),
        "Service" => service(text).ok(),
        "Federated" => federated(text).ok(),
        _ => None,
    }
}

/// Reads one text under `AWS`. The error says what it should be.
pub(crate) fn aws(text: &str) -> Result<Pattern, String> {
    if text == "*" {
        return Ok(Pattern::Everyone);
    }
    if let Ok(account) = AccountId::parse(text) {
        return Ok(Pattern::Account(account));
    }
    if is_unique_id(text) || text.starts_with("arn:aws:iam::cloudfront:user/") {
        return Ok(Pattern::Deleted(text.into()));
    }
    if text.contains(['*', '?']) {
        return Err(format!(
            "`{text}`: a principal is `*` or named in full, it has no wildcards"
        ));
    }
    arn(text).ok_or_else(|| {
        format!("`{text}` is no account, user, role or session; groups cannot be principals")
    })
}

fn arn(text: &str) -> Option<Pattern> {
    let rest = text.strip_prefix("arn:aws:")?;
    let (service, rest) = rest.split_once("::")?;
    let (account, name) = rest.split_once(':')?;
    let account = AccountId::parse(account).ok()?;
    let mut parts = name.split('/');
    let kind = parts.next()?;
    let names: Vec<&str> = parts.collect();
    let named = names.last().is_some_and(|last| !last.is_empty());
    match (service, kind) {
        ("iam", "root") if names.is_empty() => Some(Pattern::Account(account)),
        ("iam", "user" | "role") if named => Some(Pattern::Arn(text.into())),
        ("sts", "federated-user") if named && names.len() == 1 => Some(Pattern::Arn(text.into())),
        ("sts", "assumed-role") if named && names.len() == 2 => Some(Pattern::Arn(text.into())),
        _ => None,
    }
}

/// `AIDA…`, `AROA…`: what AWS shows in place of a deleted principal.
fn is_unique_id(text: &str) -> bool {
    let kinds = ["AIDA", "AROA", "AGPA", "ANPA", "ASCA"];
    text.len() >= 16
        && kinds.iter().any(|kind| text.starts_with(kind))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Reads one text under `CanonicalUser`. Those of CloudFront's origin access identities have 96 digits.
pub(crate) fn canonical(text: &str) -> Result<Pattern, String> {
    let good = [64, 96].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| Pattern::CanonicalUser(text.into()))
        .ok_or_else(|| format!("`{text}` is no canonical user id of 64 hex digits"))
}

/// Reads one text under `Service`.
pub(crate) fn service(text: &str) -> Result<Pattern, String> {
    let good = text.contains('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-');
    good.then(|| Pattern::Service(text.into()))
        .ok_or_else(|| format!("`{text}` is no service such as `cloudtrail.amazonaws.com`"))
}

/// Reads one text under `Federated`.
pub(crate) fn federated(text: &str) -> Result<Pattern, String> {
    let good = !text.is_empty() && !text.contains(['*', '?']);
    good.then(|| Pattern::Federated(text.into()))
        .ok_or_else(|| format!("`{text}` is no identity provider"))
}

#[cfg(test)]
mod tests;
