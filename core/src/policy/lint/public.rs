//! Who everyone is let in by, as Block Public Access counts it.

use super::written::{Condition, Document, Statement};
use super::{Finding, Rule};
use crate::context::Key;
use crate::policy::conditions::{Presence, Quantifier};
use crate::policy::operators::{Compare, Sense};
use crate::policy::{Policy, public};
use crate::s3::actions::Action;

pub(super) fn check(policy: &Policy, document: &Document<'_>, findings: &mut Vec<Finding>) {
    let positions = public::public_statements(policy);
    let is_public = |statement: &&Statement<'_>| positions.contains(&statement.position);
    for statement in document.statements.iter().filter(is_public) {
        findings.push(statement_is_public(statement));
        findings.extend(writes(statement));
    }
}

fn statement_is_public(statement: &Statement<'_>) -> Finding {
    let excuse = |condition: &Condition<'_>| {
        let why = why_not(condition)?;
        let message = format!("`{}` on `{}` {why}", condition.written, condition.key);
        Some(Finding::new(
            Rule::PublicByAccident,
            condition.at,
            message + ": the statement is public",
        ))
    };
    let accident = statement.conditions.iter().find_map(excuse);
    accident.unwrap_or_else(|| {
        let at = statement
            .principals
            .as_ref()
            .map_or(statement.node.at, |who| who.at);
        Finding::new(
            Rule::Public,
            at,
            "this statement opens the bucket to everyone",
        )
    })
}

/// Why a condition that looks as if it confined does not.
fn why_not(condition: &Condition<'_>) -> Option<&'static str> {
    if matches!(condition.key, Key::Referer | Key::UserAgent) {
        return Some("confines nobody, for clients may send any value");
    }
    if !is_confining(&condition.key) || condition.operator.compare == Compare::Null {
        return None;
    }
    if condition.quantifier == Quantifier::ForAllValues {
        return Some("holds when the key is missing");
    }
    match (condition.operator.sense, condition.presence) {
        (Sense::Negated, _) => Some("holds for everyone but those listed"),
        (_, Presence::IfExists) => Some("holds when the key is missing"),
        (Sense::Positive, Presence::Required) if condition.key == Key::SourceIp => {
            Some("is broader than /8 (IPv4) or /32 (IPv6)")
        }
        (Sense::Positive, Presence::Required) => Some("has a wildcard or a variable"),
    }
}

/// The keys by which Block Public Access counts a statement as confined, and those that look as if they were.
fn is_confining(key: &Key) -> bool {
    let confining = [
        Key::SourceIp,
        Key::DataAccessPointArn,
        Key::PrincipalOrgID,
        Key::PrincipalArn,
        Key::PrincipalAccount,
        Key::SourceArn,
        Key::SourceVpc,
        Key::SourceVpce,
        Key::SourceAccount,
        Key::Userid,
        Key::XAmzServerSideEncryptionAwsKmsKeyId,
        Key::DataAccessPointAccount,
    ];
    confining.contains(key)
}

fn writes(statement: &Statement<'_>) -> Option<Finding> {
    let writing = |action: &Action| {
        let verb = action.name().split_once(':').map_or("", |(_, verb)| verb);
        let reading = ["Get", "List", "Describe"];
        !reading.iter().any(|prefix| verb.starts_with(prefix))
    };
    let action = statement.all_actions().iter().find(writing)?;
    // Of a group such as `s3:*` name what readers know best.
    let known = [
        Action::PutObject,
        Action::DeleteObject,
        Action::PutBucketPolicy,
    ];
    let all = statement.all_actions();
    let shown = known
        .into_iter()
        .find(|known| all.contains(*known))
        .unwrap_or(action);
    let item = statement
        .actions
        .entries
        .iter()
        .find(|item| item.means.contains(shown));
    let at = item
        .filter(|_| !statement.actions.negated)
        .map_or(statement.actions.at, |item| item.at);
    let message = format!("`{shown}` is granted to everyone");
    Some(Finding::new(Rule::PublicWrite, at, message))
}
