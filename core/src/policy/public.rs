//! Whether a bucket policy is public, as Block Public Access understands it.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status>

use super::conditions::{Condition, Presence, Quantifier};
use super::glob::Glob;
use super::operands::Operand;
use super::operators::Sense;
use super::principals::{Pattern, Principals};
use super::{Effect, Policy, Statement};
use crate::context::Key;
use ipnet::IpNet;

/// Whether the policy is public: some Allow is open to everyone and not confined, by its conditions, to fixed values
/// that AWS lists. Deny statements count for nothing. Where AWS is silent the answer is `true`.
pub fn is_public(policy: &Policy) -> bool {
    policy.public
}

/// The positions of the statements that make the policy public.
pub(super) fn public_statements(policy: &Policy) -> Vec<usize> {
    let allows = policy.statements(Effect::Allow).list.iter();
    allows
        .filter(|statement| statement_is_public(statement))
        .map(|statement| statement.position)
        .collect()
}

/// Whether one Allow statement makes its policy public.
pub(super) fn statement_is_public(statement: &Statement) -> bool {
    open_to_everyone(&statement.principals)
        && statement
            .conditions
            .iter()
            .all(|condition| looseness(condition).is_some())
}

/// Why a condition does not confine its statement to fixed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looseness {
    /// It also holds where the key is absent or has any other value.
    HoldsWithoutValue,
    /// AWS counts no test of this kind of this key as confining.
    NotListed,
    /// A value has wildcards or variables.
    NotFixed,
    /// A range is broader than /8, or /32 for IPv6.
    BroadRange,
}

/// A provider such as `graph.facebook.com` is anyone with an account there.
fn open_to_everyone(principals: &Principals) -> bool {
    match principals {
        Principals::Only(patterns) => patterns.iter().any(|pattern| match pattern {
            Pattern::Everyone | Pattern::Federated(_) => true,
            Pattern::Account(_)
            | Pattern::Arn(_)
            | Pattern::CanonicalUser(_)
            | Pattern::Service(_)
            | Pattern::Deleted(_) => false,
        }),
        Principals::Not(_) => true,
        Principals::Holder => false,
    }
}

/// Why a condition does not confine its statement to fixed values; none if it alone does.
pub(super) fn looseness(condition: &Condition) -> Option<Looseness> {
    let holds_only_with_value = condition.operator.sense == Sense::Positive
        && condition.presence == Presence::Required
        && condition.quantifier != Quantifier::ForAllValues;
    if !holds_only_with_value {
        return Some(Looseness::HoldsWithoutValue);
    }
    looseness_of_values(condition)
}

fn looseness_of_values(condition: &Condition) -> Option<Looseness> {
    let fixed = |operand: &Operand, passes: fn(&[Glob]) -> bool| match operand.globs().is_empty() {
        true => Some(Looseness::NotListed),
        false => (!globs_all(operand, passes)).then_some(Looseness::NotFixed),
    };
    match (&condition.key, &condition.operand) {
        (Key::SourceIp, Operand::Networks(networks)) => {
            (!networks.iter().all(is_narrow)).then_some(Looseness::BroadRange)
        }
        (Key::DataAccessPointArn, operand) => fixed(operand, names_account),
        (
            Key::PrincipalOrgID
            | Key::PrincipalArn
            | Key::PrincipalAccount
            | Key::SourceArn
            | Key::SourceVpc
            | Key::SourceVpce
            | Key::SourceAccount
            | Key::SourceOwner
            | Key::Userid
            | Key::XAmzServerSideEncryptionAwsKmsKeyId
            | Key::DataAccessPointAccount,
            operand,
        ) => fixed(operand, |globs| {
            globs.iter().all(|glob| glob.literal().is_some())
        }),
        // Every other key, and a test of these that AWS does not list, leaves the statement public.
        _ => Some(Looseness::NotListed),
    }
}

/// AWS: ranges broader than /8 (IPv4) or /32 (IPv6) count as public. No private range of RFC 1918 is broader.
fn is_narrow(network: &IpNet) -> bool {
    match network {
        IpNet::V4(net) => net.prefix_len() >= 8,
        IpNet::V6(net) => net.prefix_len() >= 32,
    }
}

/// Whether each value, given as its globs (six for an ARN), passes.
fn globs_all(operand: &Operand, passes: impl Fn(&[Glob]) -> bool) -> bool {
    match operand {
        Operand::Text(globs) | Operand::TextIgnoringCase(globs) => {
            globs.iter().all(|glob| passes(std::slice::from_ref(glob)))
        }
        Operand::Arns(patterns) => patterns.iter().all(|pattern| passes(pattern.parts())),
        Operand::Numbers(..)
        | Operand::Dates(..)
        | Operand::Bools(_)
        | Operand::Binary(_)
        | Operand::Networks(_)
        | Operand::Null(_) => false,
    }
}

/// An access point's ARN may have wildcards in the access point's name if the account is fixed.
fn names_account(globs: &[Glob]) -> bool {
    let account = match globs {
        [whole] => whole.literal_prefix().split(':').nth(4),
        [_, _, _, _, account, _] => account.literal(),
        _ => None,
    };
    // In a whole text the account is complete only if a colon follows, which 12 digits and a sixth part show.
    let followed = match globs {
        [whole] => whole.literal_prefix().split(':').nth(5).is_some(),
        _ => true,
    };
    followed && account.is_some_and(|id| crate::s3::names::AccountId::parse(id).is_ok())
}

impl Looseness {
    /// As in explanations.
    pub fn name(self) -> &'static str {
        match self {
            Self::HoldsWithoutValue => "holds_without_value",
            Self::NotListed => "not_listed",
            Self::NotFixed => "not_fixed",
            Self::BroadRange => "broad_range",
        }
    }

    /// As a sentence about the condition.
    pub fn says(self) -> &'static str {
        match self {
            Self::HoldsWithoutValue => "also holds without one fixed value",
            Self::NotListed => "is no test that AWS counts as confining",
            Self::NotFixed => "has a value with wildcards or variables",
            Self::BroadRange => "has a range broader than /8 (IPv4) or /32 (IPv6)",
        }
    }
}

#[cfg(test)]
mod tests;
