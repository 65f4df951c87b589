//! Statements that another one makes useless. What is covered is only what is certainly covered.

use super::principals::is_everything;
use super::written::{Document, Element, Statement};
use super::{Finding, Rule};
use crate::document::{Node, Value};
use crate::policy::principals::Pattern;
use crate::policy::{Effect, Pattern as Wild};

pub(super) fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    for statement in &document.statements {
        findings.extend(copy_of(statement, document).or_else(|| shadowed(statement, document)));
    }
}

/// A statement before this one that differs in nothing but its Sid.
fn copy_of(statement: &Statement<'_>, document: &Document<'_>) -> Option<Finding> {
    let mut before = document
        .statements
        .iter()
        .take_while(|each| each.position < statement.position);
    let first = before.find(|each| same(each.node, statement.node))?;
    let message = format!("this statement says what {} says", first.name());
    Some(Finding::new(
        Rule::DuplicateStatement,
        statement.node.at,
        message,
    ))
}

fn same(one: &Node, other: &Node) -> bool {
    let without_sid = |node: &Node| {
        let mut json = node.to_json();
        if let Some(map) = json.as_object_mut() {
            map.remove("Sid");
        }
        json
    };
    matches!(one.value, Value::Map(_)) && without_sid(one) == without_sid(other)
}

/// A Deny without conditions that covers the statement. Of two that cover each other the later one is useless.
fn shadowed(statement: &Statement<'_>, document: &Document<'_>) -> Option<Finding> {
    let denies = |each: &&Statement<'_>| each.effect == Effect::Deny;
    let denies = document.statements.iter().filter(denies);
    let mut others = denies.filter(|each| covers(each, statement));
    let first = others.find(|other| {
        let mutual = statement.effect == Effect::Deny && covers(statement, other);
        !mutual || other.position < statement.position
    })?;
    let name = first.name();
    let (rule, message) = match statement.effect {
        Effect::Allow => (
            Rule::AllowShadowed,
            format!("all that this allows is denied by {name}"),
        ),
        Effect::Deny => (
            Rule::DenyShadowed,
            format!("all that this denies is denied by {name} anyway"),
        ),
    };
    Some(Finding::new(rule, statement.node.at, message))
}

/// Whether a Deny certainly matches wherever the other statement does.
fn covers(deny: &Statement<'_>, other: &Statement<'_>) -> bool {
    deny.conditions.is_empty()
        && principals_cover(deny.principals.as_ref(), other.principals.as_ref())
        && actions_cover(deny, other)
        && resources_cover(&deny.resources, &other.resources)
}

fn principals_cover(
    deny: Option<&Element<'_, Pattern>>,
    other: Option<&Element<'_, Pattern>>,
) -> bool {
    // A document names them in every statement or in none.
    let (Some(deny), Some(other)) = (deny, other) else {
        return true;
    };
    let named = |pattern: &Pattern| deny.entries.iter().any(|item| item.means == *pattern);
    let account_named = |pattern: &Pattern| {
        // A Deny of an account is one of everybody in it.
        let mut accounts = deny.entries.iter();
        accounts.any(|item| matches!((&item.means, pattern), (Pattern::Account(id), Pattern::Arn(arn)) if arn.split(':').nth(4) == Some(id.as_str())))
    };
    match (deny.negated, other.negated) {
        (true, _) => false,
        (false, _) if named(&Pattern::Everyone) => true,
        (false, true) => false,
        (false, false) => other
            .entries
            .iter()
            .all(|item| named(&item.means) || account_named(&item.means)),
    }
}

fn actions_cover(deny: &Statement<'_>, other: &Statement<'_>) -> bool {
    let denied = deny.all_actions();
    let of_s3 = |text: &str| {
        text.get(..3)
            .is_some_and(|prefix| prefix.eq_ignore_ascii_case("s3:"))
    };
    let all_services =
        !deny.actions.negated && deny.actions.entries.iter().any(|item| item.text == "*");
    let everything = deny
        .actions
        .entries
        .iter()
        .any(|item| !deny.actions.negated && is_everything(item.text));
    // What other services' actions it names, the table does not know.
    let known = !other.actions.negated && other.actions.entries.iter().all(|item| of_s3(item.text));
    let all = other.all_actions();
    all_services
        || (known
            && (everything || all.iter().all(|action| denied.contains(action)))
            && !all.is_empty())
}

fn resources_cover(deny: &Element<'_, ()>, other: &Element<'_, ()>) -> bool {
    let covered = |text: &str| {
        deny.entries
            .iter()
            .any(|item| pattern_covers(item.text, text))
    };
    match (deny.negated, other.negated) {
        (true, _) => false,
        (false, true) => covered("*"),
        (false, false) => other.entries.iter().all(|item| covered(item.text)),
    }
}

/// Whether a pattern matches whatever the other does. A star takes any text, so also one with wildcards in it.
fn pattern_covers(broad: &str, narrow: &str) -> bool {
    let simple = !broad.contains('?') && !broad.contains("${");
    broad == narrow || (simple && Wild::new(broad).matches(narrow))
}
