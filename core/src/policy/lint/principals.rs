//! Principals: whole accounts, and NotPrincipal that spares nobody.

use super::written::{Document, Element, Statement};
use super::{Finding, Rule};
use crate::policy::principals::Pattern;
use crate::policy::{Effect, PolicyKind};
use crate::s3::names::AccountId;

pub(super) fn check(document: &Document<'_>, kind: PolicyKind<'_>, findings: &mut Vec<Finding>) {
    if !matches!(kind, PolicyKind::Bucket(_)) {
        return;
    }
    for statement in &document.statements {
        let Some(who) = &statement.principals else {
            continue;
        };
        match (statement.effect, who.negated) {
            (Effect::Allow, false) => findings.extend(whole_accounts(statement, who)),
            (Effect::Deny, true) => findings.extend(unspared(who)),
            (Effect::Allow, true) | (Effect::Deny, false) => (),
        }
    }
}

/// Whole accounts that may do everything.
fn whole_accounts<'s>(
    statement: &'s Statement<'_>,
    who: &'s Element<'_, Pattern>,
) -> impl Iterator<Item = Finding> + 's {
    let mut entries = statement.actions.entries.iter();
    let everything = !statement.actions.negated
        && statement.conditions.is_empty()
        && entries.any(|item| is_everything(item.text));
    let entries = who.entries.iter().filter(move |_| everything);
    entries.filter_map(|item| match &item.means {
        Pattern::Account(account) => {
            let message = format!("account `{account}` may do everything to this bucket");
            Some(Finding::new(Rule::BroadPrincipal, item.at, message))
        }
        Pattern::Everyone
        | Pattern::Arn(_)
        | Pattern::CanonicalUser(_)
        | Pattern::Service(_)
        | Pattern::Federated(_)
        | Pattern::Deleted(_) => None,
    })
}

/// Whether an entry of Action names every action of S3.
pub(super) fn is_everything(action: &str) -> bool {
    action == "*" || action.eq_ignore_ascii_case("s3:*")
}

/// Callers that NotPrincipal names and catches all the same, for it does not list their whole chain.
fn unspared(who: &Element<'_, Pattern>) -> Vec<Finding> {
    let chains: Vec<_> = who
        .entries
        .iter()
        .map(|item| Link::of(&item.means))
        .collect();
    let accounts_known = !who.entries.iter().any(|item| {
        // Whose account a canonical id is, the document does not say.
        matches!(item.means, Pattern::CanonicalUser(_) | Pattern::Everyone)
    });
    if !accounts_known {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (item, link) in who.entries.iter().zip(&chains) {
        if let Some(missing) = link.as_ref().and_then(|link| link.missing(&chains)) {
            let message = format!("`{}` is caught all the same: {missing}", item.text);
            findings.push(Finding::new(Rule::NotPrincipalDeny, item.at, message));
        }
    }
    findings
}

/// One link of a caller's chain.
enum Link<'p> {
    Account(AccountId),
    User(AccountId),
    /// With its name without path.
    Role(AccountId, &'p str),
    Session(AccountId, &'p str),
}

impl<'p> Link<'p> {
    fn of(pattern: &'p Pattern) -> Option<Self> {
        match pattern {
            Pattern::Account(account) => Some(Self::Account(*account)),
            Pattern::Arn(arn) => Self::of_arn(arn),
            Pattern::Everyone
            | Pattern::CanonicalUser(_)
            | Pattern::Service(_)
            | Pattern::Federated(_)
            | Pattern::Deleted(_) => None,
        }
    }

    fn of_arn(arn: &'p str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').skip(4);
        let account = AccountId::parse(parts.next()?).ok()?;
        let (kind, name) = parts.next()?.split_once('/')?;
        match kind {
            "role" => Some(Self::Role(account, name.rsplit('/').next()?)),
            "assumed-role" => Some(Self::Session(account, name.split('/').next()?)),
            _ => Some(Self::User(account)),
        }
    }

    fn account(&self) -> AccountId {
        match self {
            Self::Account(id) | Self::User(id) | Self::Role(id, _) | Self::Session(id, _) => *id,
        }
    }

    /// What the list lacks for this one to be spared.
    fn missing(&self, listed: &[Option<Self>]) -> Option<&'static str> {
        let any = |test: &dyn Fn(&Self) -> bool| listed.iter().flatten().any(test);
        let account = self.account();
        if !any(&|link| matches!(link, Self::Account(id) if *id == account)) {
            return Some("its account is not listed too");
        }
        match self {
            Self::Account(_) => (!any(&|link| {
                link.account() == account && !matches!(link, Self::Account(_))
            }))
            .then_some("of an account alone only the root user is spared; list users, or roles with their sessions"),
            Self::User(_) => None,
            Self::Role(_, name) => {
                let session = |link: &Self| matches!(link, Self::Session(id, role) if *id == account && role == name);
                (!any(&session)).then_some("no session of the role is listed too")
            }
            Self::Session(_, name) => {
                let role = |link: &Self| matches!(link, Self::Role(id, role) if *id == account && role == name);
                (!any(&role)).then_some("its role is not listed too")
            }
        }
    }
}
