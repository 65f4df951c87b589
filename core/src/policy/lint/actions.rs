//! Actions and resources: what is granted by leaving out, and what is missed.

use super::principals::is_everything;
use super::written::{Document, Item, Statement};
use super::{Finding, Rule};
use crate::policy::action_set::ActionSet;
use crate::policy::{Effect, PolicyKind};
use crate::s3::actions::Action;

pub(super) fn check(document: &Document<'_>, kind: PolicyKind<'_>, findings: &mut Vec<Finding>) {
    for statement in &document.statements {
        if statement.effect == Effect::Allow && grants(kind) {
            findings.extend(everything_but(statement));
        }
        findings.extend(half_of_the_bucket(statement));
    }
    findings.extend(unversioned_denies(document));
}

/// Whether an Allow in it grants; in the other kinds it caps what others grant.
fn grants(kind: PolicyKind<'_>) -> bool {
    match kind {
        PolicyKind::Bucket(_) | PolicyKind::Identity | PolicyKind::Trust => true,
        PolicyKind::Boundary
        | PolicyKind::Session
        | PolicyKind::Guardrail
        | PolicyKind::ServiceControl => false,
    }
}

fn everything_but(statement: &Statement<'_>) -> Vec<Finding> {
    let (actions, resources) = (&statement.actions, &statement.resources);
    let action = actions.negated.then(|| {
        let message = "`NotAction` in an Allow grants every action that is not listed";
        Finding::new(Rule::NotActionAllow, actions.at, message)
    });
    let resource = resources.negated.then(|| {
        let message = "`NotResource` in an Allow grants on everything that is not listed";
        Finding::new(Rule::NotResourceAllow, resources.at, message)
    });
    action.into_iter().chain(resource).collect()
}

/// Every action, but only on buckets or only on objects.
fn half_of_the_bucket(statement: &Statement<'_>) -> Option<Finding> {
    if statement.actions.negated || statement.resources.negated {
        return None;
    }
    let mut actions = statement.actions.entries.iter();
    let item = actions.find(|item| is_everything(item.text))?;
    let resources = || statement.resources.entries.iter().map(|item| item.text);
    let message = if resources().all(is_objects) {
        format!(
            "`{}` on objects alone covers no action on the bucket itself",
            item.text
        )
    } else if resources().all(is_bucket) {
        format!(
            "`{}` on the bucket alone covers no action on its objects",
            item.text
        )
    } else {
        return None;
    };
    Some(Finding::new(Rule::ActionResourceSplit, item.at, message))
}

/// Every object of a bucket: a narrower pattern shows that objects are what is meant.
fn is_objects(resource: &str) -> bool {
    let name = resource.strip_prefix("arn:aws:s3:::");
    name.and_then(|name| name.split_once('/'))
        .is_some_and(|(bucket, key)| !bucket.contains('*') && key == "*")
}

fn is_bucket(resource: &str) -> bool {
    let name = resource.strip_prefix("arn:aws:s3:::");
    name.is_some_and(|name| !name.contains(['/', '*', '?', '$']))
}

/// Actions on the current version, and the same on a version by its id.
const VERSIONED: [(Action, Action); 10] = [
    (Action::GetObject, Action::GetObjectVersion),
    (Action::GetObjectAcl, Action::GetObjectVersionAcl),
    (Action::GetObjectTagging, Action::GetObjectVersionTagging),
    (
        Action::GetObjectAttributes,
        Action::GetObjectVersionAttributes,
    ),
    (Action::GetObjectTorrent, Action::GetObjectVersionTorrent),
    (
        Action::GetObjectAnnotation,
        Action::GetObjectVersionAnnotation,
    ),
    (Action::DeleteObject, Action::DeleteObjectVersion),
    (
        Action::DeleteObjectTagging,
        Action::DeleteObjectVersionTagging,
    ),
    (Action::PutObjectAcl, Action::PutObjectVersionAcl),
    (Action::PutObjectTagging, Action::PutObjectVersionTagging),
];

fn unversioned_denies(document: &Document<'_>) -> Vec<Finding> {
    let denies = || {
        document
            .statements
            .iter()
            .filter(|each| each.effect == Effect::Deny)
    };
    // Which of several denies is the counterpart is hard to tell: any will do.
    let denied = denies().fold(ActionSet::default(), |all, each| {
        all.union(&each.all_actions())
    });
    let missed = |item: &Item<'_, ActionSet>| {
        VERSIONED
            .into_iter()
            .find(|(plain, version)| item.means.contains(*plain) && !denied.contains(*version))
    };
    let items = denies()
        .filter(|each| !each.actions.negated)
        .flat_map(|each| &each.actions.entries);
    items
        .filter_map(|item| {
            let (plain, version) = missed(item)?;
            let message = format!(
                "`{plain}` is denied, but `{version}` is not: a request with a versionId passes"
            );
            Some(Finding::new(Rule::DenyMissesVersion, item.at, message))
        })
        .collect()
}
