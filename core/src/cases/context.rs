//! The context of a case: the keys that it gives, and those that follow from principal and owner.

use super::fields::{Problems, given};
use super::principal::{Known, Who};
use crate::context::FixedContext;
use crate::document::{Entry, Node, Place, Value};
use crate::identity::CallerKind;
use crate::s3::names::AccountId;

impl Problems {
    /// A key that the case gives as null is absent.
    pub(super) fn context(&mut self, case: &Node, who: &Who, owner: AccountId) -> FixedContext {
        let written = given(case, "context");
        if written.is_some_and(|node| !self.is_map(node, "`context`")) {
            return FixedContext::default();
        }
        let mut entries = written.map(Node::entries).unwrap_or_default().to_vec();
        let at = given(case, "principal").map_or(case.at, |node| node.at);
        for (name, value) in derived(who, owner) {
            let known = |entry: &Entry| entry.name.eq_ignore_ascii_case(&name);
            if !entries.iter().any(known) {
                entries.push(entry(name, value, at));
            }
        }
        entries.retain(|entry| entry.value.value != Value::Null);
        let value = Value::Map(entries);
        FixedContext::read(&Node { value, at }).unwrap_or_else(|problems| {
            self.0.extend(problems);
            FixedContext::default()
        })
    }
}

fn entry(name: String, value: String, at: Place) -> Entry {
    let value = Value::Text(value);
    Entry {
        name,
        at,
        value: Node { value, at },
    }
}

fn derived(who: &Who, owner: AccountId) -> Vec<(String, String)> {
    let mut keys = vec![
        ("aws:ResourceAccount".to_owned(), owner.to_string()),
        ("aws:SecureTransport".to_owned(), "true".to_owned()),
    ];
    let mut add = |name: &str, value: &str| keys.push((name.to_owned(), value.to_owned()));
    match who {
        Who::Anonymous => {
            add("aws:PrincipalType", "Anonymous");
            add("aws:userid", "anonymous");
        }
        Who::Service(name) => {
            add("aws:PrincipalIsAWSService", "true");
            add("aws:PrincipalServiceName", name);
        }
        Who::Known(known) => keys.extend(of_caller(known)),
    }
    keys
}

fn of_caller(known: &Known) -> Vec<(String, String)> {
    let account = known.account.as_str();
    let mut keys = Vec::new();
    let mut add = |name: &str, value: &str| keys.push((name.to_owned(), value.to_owned()));
    add("aws:PrincipalIsAWSService", "false");
    add("aws:PrincipalAccount", account);
    add("aws:PrincipalArn", &known.principal_arn);
    match &known.kind {
        CallerKind::Root => {
            add("aws:PrincipalType", "Account");
            add("aws:userid", account);
        }
        CallerKind::User { name } => {
            add("aws:PrincipalType", "User");
            add("aws:username", name);
            add("aws:userid", &format!("AIDAEXAMPLE{}", name.to_uppercase()));
        }
        CallerKind::RoleSession { session, .. } => {
            add("aws:PrincipalType", "AssumedRole");
            add("aws:userid", &format!("AROAEXAMPLE:{session}"));
        }
        CallerKind::FederatedUser { name, .. } => {
            add("aws:PrincipalType", "FederatedUser");
            add("aws:userid", &format!("{account}:{name}"));
        }
    }
    let provider = known.provider.as_deref();
    if let Some(web) = provider.filter(|provider| !provider.contains(":saml-provider/")) {
        add("aws:FederatedProvider", web);
    }
    for (name, value) in &known.tags {
        add(&format!("aws:PrincipalTag/{name}"), value);
    }
    keys
}
