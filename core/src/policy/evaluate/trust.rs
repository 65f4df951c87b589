//! Who may make a session of a role.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>

use super::found::{Found, Outcome};
use super::{Naming, capped, cross_account, decide, identity_side, owner_side};
use crate::context::Context;
use crate::identity::{Caller, Principal};
use crate::policy::{Decision, Missing, Policies, Question};

/// What is presented for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credentials {
    /// A request signed by a user or another session.
    Signature,
    /// The token of an identity provider. The question's principal is then a [`Caller`] of no account whose `provider`
    /// is the one that vouches, and only statements that name it as `Federated` let it in.
    WebIdentity,
}

/// Decides whether the caller may make a session of a role: `policies.bucket` is the role's trust policy, the question's
/// resource the role's ARN and its owner the role's account. As with [`super::evaluate`] any Deny wins and each level of
/// service control must allow. Unlike a bucket's, the trust policy must allow also within the account; if it only names
/// the account, so must the caller's own policies.
pub fn evaluate_trust<C: Context>(
    policies: Policies<'_>,
    question: &Question<'_, C>,
    credentials: Credentials,
) -> Decision {
    decide(policies, question, || {
        match (question.principal, credentials) {
            (Principal::Anonymous | Principal::Service(_), _) => {
                Outcome::Missing(Missing::Resource)
            }
            (Principal::Known(_), Credentials::WebIdentity) => {
                owner_side(policies, question, |naming| naming == Naming::Provider)
                    .outcome(Missing::Resource)
            }
            (Principal::Known(caller), Credentials::Signature)
                if caller.account.id == question.owner =>
            {
                within_account(policies, question, caller)
            }
            (Principal::Known(caller), Credentials::Signature) => {
                cross_account(policies, question, caller)
            }
        }
    })
}

/// How the trust policy names the caller decides what else must allow, as in a bucket policy.
fn within_account<'p, C: Context>(
    policies: Policies<'p>,
    question: &Question<'p, C>,
    caller: &'p Caller,
) -> Outcome<'p> {
    let named = |wanted: fn(Naming) -> bool| owner_side(policies, question, wanted);
    let direct = named(|naming| match naming {
        Naming::Everyone | Naming::Exactly => true,
        Naming::Role | Naming::Provider | Naming::Account => false,
    });
    if let Found::Yes(by) = direct {
        return Outcome::Allow { by, with: None };
    }
    let role = named(|naming| naming == Naming::Role).outcome(Missing::Resource);
    let role = capped(role, question, caller);
    if matches!(role, Outcome::Allow { .. }) {
        return role;
    }
    // A provider named beside it is for tokens. Whether it also stands for sessions that were made with one AWS does not
    // say, so it adds nothing to what their own policies allow.
    let account = named(|naming| match naming {
        Naming::Account | Naming::Provider => true,
        Naming::Everyone | Naming::Exactly | Naming::Role => false,
    });
    let account = account.outcome(Missing::Resource);
    let own = identity_side(question, caller).outcome(Missing::Identity);
    let own = capped(own, question, caller);
    let delegated = match (account, own) {
        (Outcome::Allow { by, .. }, Outcome::Allow { by: with, .. }) => Outcome::Allow {
            by,
            with: Some(with),
        },
        (missing @ Outcome::Missing(_), _) | (_, missing @ Outcome::Missing(_)) => missing,
        (Outcome::Unknown, _) | (_, Outcome::Unknown) => Outcome::Unknown,
    };
    match (direct, role, delegated) {
        (_, _, allowed @ Outcome::Allow { .. }) => allowed,
        (Found::Unknown, _, _) | (_, Outcome::Unknown, _) | (_, _, Outcome::Unknown) => {
            Outcome::Unknown
        }
        // Named by its role and capped: that is why.
        (_, Outcome::Missing(why @ (Missing::Boundary | Missing::Session)), _)
        | (_, _, Outcome::Missing(why)) => Outcome::Missing(why),
    }
}
