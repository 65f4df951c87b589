//! Policy documents by name, and references to them.

use super::super::check::Check;
use super::super::fill::did_you_mean;
use super::super::place::At;
use super::super::policies;
use portcullis_core::document::{self, Node, Value};
use portcullis_core::policy::{Policy, PolicyKind};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The name of what AWS attaches to every level of service control.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>
const FULL_ACCESS: &str = "FullAWSAccess";

const FULL_ACCESS_DOCUMENT: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#;

/// The named documents of an account or an organisation. Each is compiled once for each kind that it is used as.
pub(super) struct Documents<'d> {
    /// `account` or `organization`, for messages.
    whose: &'static str,
    named: BTreeMap<String, Named<'d>>,
}

struct Named<'d> {
    at: At<'d>,
    made: Vec<(PolicyKind<'static>, Option<Arc<Policy>>)>,
}

impl<'d> Documents<'d> {
    /// The documents of a map of names.
    pub(super) fn new(whose: &'static str, at: &At<'d>, check: &mut Check<'_>) -> Self {
        let mut named = BTreeMap::new();
        for name in at.names() {
            let at = at.field(&name);
            let text = at.node().and_then(Node::text);
            if text.is_some_and(|text| !text.starts_with("file:")) {
                check.push(at.error("expected a policy document or `file:PATH`"));
            }
            let made = Vec::new();
            named.insert(name, Named { at, made });
        }
        Self { whose, named }
    }

    /// What stands at `at`: a document, the name of one, or `file:PATH`.
    pub(super) fn policy(
        &mut self,
        at: &At<'_>,
        kind: PolicyKind<'static>,
        check: &mut Check<'_>,
    ) -> Option<Arc<Policy>> {
        let name = match &at.node()?.value {
            Value::Text(text) if !text.starts_with("file:") => text,
            _ => return read(at, kind, check),
        };
        if let Some(named) = self.named.get_mut(name) {
            return named.policy(kind, check);
        }
        if name == FULL_ACCESS && kind == PolicyKind::ServiceControl {
            let document = document::json(FULL_ACCESS_DOCUMENT).ok()?;
            return policies::compile(&document, kind, Path::new(FULL_ACCESS), check);
        }
        let known: Vec<_> = self.named.keys().cloned().collect();
        let hint = did_you_mean(name, &known);
        let whose = self.whose;
        check.push(at.error(format!("no policy of this {whose} is named `{name}`{hint}")));
        None
    }

    /// The elements of the list at `at`.
    pub(super) fn list(
        &mut self,
        at: &At<'_>,
        kind: PolicyKind<'static>,
        check: &mut Check<'_>,
    ) -> Vec<Arc<Policy>> {
        let length = match at.node().map(|node| &node.value) {
            Some(Value::List(list)) => list.len(),
            _ => 0,
        };
        let elements = (0..length).map(|index| at.index(index));
        elements
            .filter_map(|at| self.policy(&at, kind, check))
            .collect()
    }

    /// Checks the documents that nobody referred to all the same.
    pub(super) fn check_unused(&mut self, kind: PolicyKind<'static>, check: &mut Check<'_>) {
        for named in self.named.values_mut() {
            if named.made.is_empty() {
                named.policy(kind, check);
            }
        }
    }
}

impl Named<'_> {
    fn policy(&mut self, kind: PolicyKind<'static>, check: &mut Check<'_>) -> Option<Arc<Policy>> {
        let made = self.made.iter().find(|(made, _)| *made == kind);
        if let Some((_, policy)) = made {
            return policy.clone();
        }
        let policy = match self.at.node().and_then(Node::text) {
            Some(text) if !text.starts_with("file:") => None,
            _ => read(&self.at, kind, check),
        };
        self.made.push((kind, policy.clone()));
        policy
    }
}

/// Compiles a document written at `at`, or in the file it names.
fn read(at: &At<'_>, kind: PolicyKind<'static>, check: &mut Check<'_>) -> Option<Arc<Policy>> {
    let node = at.node()?;
    match &node.value {
        Value::Text(text) => {
            let path = text.strip_prefix("file:").unwrap_or(text);
            policies::named_file(&at.document.resolve(path), kind, at, check)
        }
        Value::Map(_) => policies::compile(node, kind, &at.document.file, check),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) => {
            check.push(at.error(format!("expected a policy document, found {}", node.kind())));
            None
        }
    }
}
