//! Single conditions that do not do what they look like.

use super::written::{Condition, Document, Statement};
use super::{Finding, Rule};
use crate::context::Key;
use crate::context::keys::Found;
use crate::policy::conditions::{Presence, Quantifier};
use crate::policy::operators::{Compare, Sense};
use crate::policy::{Effect, Policy, PolicyKind, public};

pub(super) fn check(
    policy: &Policy,
    document: &Document<'_>,
    kind: PolicyKind<'_>,
    findings: &mut Vec<Finding>,
) {
    let public = public::public_statements(policy);
    for statement in &document.statements {
        for condition in &statement.conditions {
            findings.extend(literal_variable(condition, document));
            findings.extend(wildcard_in_literal_operator(condition));
            findings.extend(mfa(statement, condition));
        }
        if statement.effect == Effect::Allow {
            findings.extend(
                statement
                    .conditions
                    .iter()
                    .filter_map(|each| for_all_values(statement, each)),
            );
        }
        // What makes the statement public is complained of already.
        if statement.effect == Effect::Allow && !public.contains(&statement.position) {
            findings.extend(negated_allow(statement));
        }
        if matches!(kind, PolicyKind::Bucket(_)) {
            findings.extend(any_account(statement));
        }
    }
}

fn literal_variable(condition: &Condition<'_>, document: &Document<'_>) -> Option<Finding> {
    if document.has_variables() {
        return None;
    }
    let (_, at) = condition
        .values
        .iter()
        .find(|(value, _)| value.contains("${"))?;
    let message = "`${` is plain text before version `2012-10-17`";
    Some(Finding::new(Rule::LiteralVariable, *at, message))
}

fn wildcard_in_literal_operator(condition: &Condition<'_>) -> Option<Finding> {
    match condition.operator.compare {
        Compare::Text | Compare::TextIgnoringCase => (),
        Compare::Like
        | Compare::Number(_)
        | Compare::Date(_)
        | Compare::Bool
        | Compare::Binary
        | Compare::Network
        | Compare::Arn
        | Compare::Null => return None,
    }
    // A question mark is usual in addresses.
    let looks_wild = |value: &str| match condition.key {
        Key::Referer | Key::UserAgent => value.contains('*'),
        _ => value
            .replace("${*}", "")
            .replace("${?}", "")
            .contains(['*', '?']),
    };
    let (value, at) = condition
        .values
        .iter()
        .find(|(value, _)| looks_wild(value))?;
    let message = format!(
        "`{}` compares `{value}` literally, wildcards included",
        condition.written
    );
    Some(Finding::new(Rule::WildcardInLiteralOperator, *at, message))
}

fn mfa(statement: &Statement<'_>, condition: &Condition<'_>) -> Option<Finding> {
    let trap = condition.key == Key::MultiFactorAuthPresent
        && condition.operator.compare == Compare::Bool
        && condition.presence == Presence::IfExists;
    let effect = match statement.effect {
        Effect::Allow => "so the Allow needs no second factor",
        Effect::Deny => "so the Deny holds with a second factor too",
    };
    let message = format!(
        "`{}` holds for every request here, {effect}",
        condition.written
    );
    trap.then(|| Finding::new(Rule::MfaIfExists, condition.at, message))
}

fn for_all_values(statement: &Statement<'_>, condition: &Condition<'_>) -> Option<Finding> {
    if condition.quantifier != Quantifier::ForAllValues || is_guarded(statement, &condition.key) {
        return None;
    }
    let message = format!(
        "`{}` holds for requests without `{}`",
        condition.written, condition.key
    );
    Some(Finding::new(Rule::ForAllValuesAllow, condition.at, message))
}

/// Whether another condition holds only when the key is there.
fn is_guarded(statement: &Statement<'_>, key: &Key) -> bool {
    let mut conditions = statement.conditions.iter();
    conditions.any(|each| each.key.same(key) && each.needs_value())
}

fn negated_allow(statement: &Statement<'_>) -> Option<Finding> {
    let first = statement.conditions.first()?;
    let mut conditions = statement.conditions.iter();
    let open = |each: &Condition<'_>| {
        // Of what a request may carry, IfExists says what is usual: a storage class, if one is named.
        let if_exists =
            each.presence == Presence::IfExists && !each.key.to_string().starts_with("s3:");
        let lax = each.operator.sense == Sense::Negated || if_exists;
        lax && each.quantifier == Quantifier::One && may_be_absent(statement, &each.key)
    };
    if !conditions.all(open) {
        return None;
    }
    let message = format!(
        "`{}` holds for requests without `{}`, and nothing else confines this Allow",
        first.written, first.key
    );
    Some(Finding::new(Rule::NegatedAllow, first.at, message))
}

/// Whether some request that the statement is about lacks the key.
fn may_be_absent(statement: &Statement<'_>, key: &Key) -> bool {
    let always = [
        Key::SourceIp,
        Key::CurrentTime,
        Key::EpochTime,
        Key::SecureTransport,
        Key::ResourceAccount,
        Key::S3ResourceAccount,
        Key::RequestedRegion,
    ];
    let of_callers = [
        Key::PrincipalArn,
        Key::PrincipalAccount,
        Key::PrincipalType,
        Key::Userid,
    ];
    // The holder of a policy is a known caller.
    let known = statement.principals.is_none() && of_callers.contains(key);
    let never = matches!(key.info().map(|info| info.found), Some(Found::Never(_)));
    // Keys that are always absent have a rule of their own.
    !always.contains(key) && !known && !never
}

/// An open account in an ARN that decides who is let in, or who is not kept out.
fn any_account(statement: &Statement<'_>) -> Option<Finding> {
    let fixes_account = |each: &Condition<'_>| {
        matches!(
            each.key,
            Key::PrincipalAccount | Key::PrincipalOrgID | Key::SourceAccount
        )
    };
    if statement.conditions.iter().any(fixes_account) {
        return None;
    }
    let lets_in = match statement.effect {
        Effect::Allow => Sense::Positive,
        Effect::Deny => Sense::Negated,
    };
    let deciding = statement.conditions.iter().filter(|each| {
        matches!(each.key, Key::PrincipalArn | Key::SourceArn)
            && matches!(each.operator.compare, Compare::Arn | Compare::Like)
            && each.operator.sense == lets_in
    });
    let (value, at) = deciding
        .flat_map(|each| &each.values)
        .find(|(value, _)| leaves_account_open(value))?;
    let message = format!("`{value}` matches in any account");
    Some(Finding::new(Rule::AnyAccountArn, *at, message))
}

/// A pattern that asks for a name but not for the account it is in.
fn leaves_account_open(pattern: &str) -> bool {
    let mut parts = pattern.splitn(6, ':').skip(4);
    let (account, name) = (parts.next(), parts.next());
    account.is_some_and(|account| account.contains('*')) && name.is_some_and(|name| name != "*")
}
