//! Conditions that can never all hold.
//!
//! All conditions on one key are asked, with the code that decides requests, about the key being absent and about every
//! value at which their answer could turn to yes: the values they name, and those next to them. If each answer is a
//! certain no, no request matches.

use super::written::{Condition as Written, Document};
use super::{Finding, Rule};
use crate::context::keys::Found;
use crate::context::{Context, Key, Lookup};
use crate::policy::conditions::{Condition, Quantifier};
use crate::policy::operands::{self, Decimal};
use crate::policy::operators::Compare;
use crate::policy::truth::Truth;
use crate::policy::{Effect, Policy};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(super) fn check(policy: &Policy, document: &Document<'_>, findings: &mut Vec<Finding>) {
    let compiled = [Effect::Deny, Effect::Allow]
        .into_iter()
        .flat_map(|effect| &policy.statements(effect).list);
    for statement in compiled {
        let Some(written) = document
            .statements
            .iter()
            .find(|each| each.position == statement.position)
        else {
            continue;
        };
        let groups = Group::all(&statement.conditions, &written.conditions);
        let Some((key, why)) = groups
            .iter()
            .find_map(|group| Some((group.key, group.contradicts()?)))
        else {
            continue;
        };
        let at = written
            .conditions
            .iter()
            .find(|each| each.key.same(key))
            .map_or(written.node.at, |each| each.at);
        let message = format!("this statement never matches: {why}");
        findings.push(Finding::new(Rule::NeverMatches, at, message));
    }
}

/// The conditions of a statement on one key.
struct Group<'c> {
    key: &'c Key,
    conditions: Vec<&'c Condition>,
    written: Vec<&'c Written<'c>>,
}

/// A request of which only one key is known.
struct Only<'v> {
    key: &'v Key,
    value: Option<&'v str>,
}

impl Context for Only<'_> {
    fn lookup(&self, key: &Key) -> Lookup<'_> {
        match key.same(self.key) {
            true => Lookup::optional(self.value),
            false => Lookup::Unknown,
        }
    }
}

impl<'c> Group<'c> {
    fn all(conditions: &'c [Condition], written: &'c [Written<'c>]) -> Vec<Self> {
        let mut groups: Vec<Self> = Vec::new();
        for condition in conditions {
            let Some(written) = written.get(condition.position) else {
                continue;
            };
            match groups
                .iter_mut()
                .find(|group| group.key.same(&condition.key))
            {
                Some(group) => {
                    group.conditions.push(condition);
                    group.written.push(written);
                }
                None => groups.push(Self {
                    key: &condition.key,
                    conditions: vec![condition],
                    written: vec![written],
                }),
            }
        }
        groups
    }

    /// Why they cannot all hold, if that is certain.
    fn contradicts(&self) -> Option<String> {
        let key = self.key;
        if self.may_hold(None) {
            return None;
        }
        if is_never_present(key) {
            return Some(format!("`{key}` is absent from every request"));
        }
        if self.written.iter().any(|each| each.is_null("true")) {
            return Some(format!("`{key}` must be absent and have a value"));
        }
        let values = self.candidates()?;
        let possible = values.iter().any(|value| self.may_hold(Some(value)));
        (!possible).then(|| format!("no value of `{key}` satisfies all conditions on it"))
    }

    /// Whether a request with this value, or without the key, may satisfy every condition.
    fn may_hold(&self, value: Option<&str>) -> bool {
        let context = Only {
            key: self.key,
            value,
        };
        self.conditions
            .iter()
            .all(|each| each.holds(&context) != Truth::No)
    }

    /// The values of which one satisfies all conditions if any value does; none if they cannot be listed.
    fn candidates(&self) -> Option<Vec<String>> {
        let plain = |each: &&Written<'_>| each.quantifier == Quantifier::One;
        if self.key.is_set() || !self.written.iter().all(plain) || self.has_variables() {
            return None;
        }
        self.listed().or_else(|| self.beside())
    }

    fn has_variables(&self) -> bool {
        let mut values = self.written.iter().flat_map(|each| &each.values);
        values.any(|(value, _)| value.contains("${"))
    }

    /// The values of a condition that lists every value it matches.
    fn listed(&self) -> Option<Vec<String>> {
        let lists = |each: &&&'_ Written<'_>| {
            let wild = || {
                each.values
                    .iter()
                    .any(|(value, _)| value.contains(['*', '?']))
            };
            let exact = match each.operator.compare {
                Compare::Text | Compare::Bool => true,
                Compare::Arn => !wild(),
                Compare::TextIgnoringCase
                | Compare::Like
                | Compare::Number(_)
                | Compare::Date(_)
                | Compare::Binary
                | Compare::Network
                | Compare::Null => false,
            };
            exact && each.needs_value()
        };
        let condition = self.written.iter().find(lists)?;
        let values = condition.values.iter();
        Some(
            values
                .map(|(value, _)| slashless(self.key, value).to_owned())
                .collect(),
        )
    }

    /// The values named in comparisons by order, and their neighbours.
    fn beside(&self) -> Option<Vec<String>> {
        let mut all = Vec::new();
        let compared = self
            .written
            .iter()
            .filter(|each| each.operator.compare != Compare::Null);
        for condition in compared {
            let beside = match condition.operator.compare {
                Compare::Number(_) => number_and_next,
                Compare::Date(_) => date_and_next,
                Compare::Network => ends_of_network,
                Compare::Text
                | Compare::TextIgnoringCase
                | Compare::Like
                | Compare::Bool
                | Compare::Binary
                | Compare::Arn
                | Compare::Null => return None,
            };
            for (value, _) in &condition.values {
                all.extend(beside(value)?);
            }
        }
        (!all.is_empty()).then_some(all)
    }
}

fn is_never_present(key: &Key) -> bool {
    match key.info().map(|info| info.found) {
        Some(Found::Never(_)) => true,
        // One of another service shows that the statement is not about S3.
        None | Some(Found::By(_) | Found::ByTag(_) | Found::Assuming) => false,
    }
}

/// Copy sources are compared without the slash they may be written with.
fn slashless<'t>(key: &Key, value: &'t str) -> &'t str {
    match key {
        Key::XAmzCopySource => value.trim_start_matches('/'),
        _ => value,
    }
}

/// The least number, the number, and the least above it. None for what has no room for a digit more.
fn number_and_next(value: &str) -> Option<Vec<String>> {
    Decimal::parse(value)?;
    let (whole, places) = value.split_once('.').unwrap_or((value, ""));
    let next = (!value.starts_with('-')).then(|| format!("{whole}.{places:0<8}1"))?;
    Decimal::parse(&next)?;
    Some(vec!["-1000000000000000".to_owned(), value.to_owned(), next])
}

/// The first instant, the instant, and the second after it.
fn date_and_next(value: &str) -> Option<Vec<String>> {
    let date = operands::parse_date(value)?;
    let next = date.checked_add(SignedDuration::from_secs(1)).ok()?;
    Some(
        [Timestamp::MIN, date, next]
            .iter()
            .map(Timestamp::to_string)
            .collect(),
    )
}

/// The first and the last address of all, those of the network, and the ones beside it.
fn ends_of_network(value: &str) -> Option<Vec<String>> {
    let network = operands::network(value).ok()?;
    let all = match network {
        IpNet::V4(net) => {
            let beside = |address: Ipv4Addr, step: fn(u32, u32) -> u32| {
                IpAddr::V4(step(address.to_bits(), 1).into())
            };
            [
                net.network().into(),
                net.broadcast().into(),
                beside(net.network(), u32::saturating_sub),
                beside(net.broadcast(), u32::saturating_add),
                Ipv4Addr::UNSPECIFIED.into(),
                Ipv6Addr::UNSPECIFIED.into(),
            ]
        }
        IpNet::V6(net) => {
            let beside = |address: Ipv6Addr, step: fn(u128, u128) -> u128| {
                IpAddr::V6(step(address.to_bits(), 1).into())
            };
            [
                net.network().into(),
                net.broadcast().into(),
                beside(net.network(), u128::saturating_sub),
                beside(net.broadcast(), u128::saturating_add),
                Ipv4Addr::UNSPECIFIED.into(),
                Ipv6Addr::UNSPECIFIED.into(),
            ]
        }
    };
    Some(all.iter().map(ToString::to_string).collect())
}
