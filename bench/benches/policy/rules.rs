//! Rules that every engine can be given, and their text in the language of policies.

use http::HeaderMap;
use serde_json::{Value, json};

/// One statement.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) effect: Effect,
    pub(crate) actions: &'static [&'static str],
    /// What the resource begins with, without `arn:aws:s3:::`.
    pub(crate) beginning: String,
    pub(crate) condition: Condition,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    None,
    /// The connection is not TLS.
    PlainHttp,
}

/// What is asked.
pub(crate) struct Asked {
    pub(crate) action: &'static str,
    pub(crate) resource: String,
    pub(crate) prefix: Option<String>,
    pub(crate) headers: HeaderMap,
}

impl Asked {
    pub(crate) fn usual() -> Self {
        Self {
            action: "s3:GetObject",
            resource: "lake/team-0500/2026/03/04/part-00017-of-00128.snappy.parquet".into(),
            prefix: None,
            headers: HeaderMap::new(),
        }
    }
}

pub(crate) const ACTIONS: &[&str] = &[
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:ListBucket",
];

/// Ten statements, of which the ninth allows what is asked.
pub(crate) fn typical() -> Vec<Rule> {
    use Effect::{Allow, Deny};
    let rule = |effect, actions, beginning: &str| Rule {
        effect,
        actions,
        beginning: beginning.into(),
        condition: Condition::None,
    };
    vec![
        Rule {
            condition: Condition::PlainHttp,
            ..rule(Deny, ACTIONS, "lake/")
        },
        rule(Deny, &["s3:DeleteObject"], "lake/archive/"),
        rule(Deny, ACTIONS, "lake/sealed/"),
        rule(Deny, &["s3:PutObject"], "lake/frozen/"),
        rule(Allow, &["s3:GetObject"], "lake/public/"),
        rule(Allow, &["s3:GetObject", "s3:PutObject"], "lake/partner/"),
        rule(Allow, &["s3:GetObject", "s3:PutObject"], "lake/home/alice/"),
        rule(Allow, &["s3:ListBucket"], "lake"),
        rule(Allow, &["s3:GetObject"], "lake/team-0500/"),
        rule(Allow, &["s3:PutObject"], "lake/events/"),
    ]
}

/// A hundred times the ten, for other teams each, in ten documents. That all must come by TLS is said once.
pub(crate) fn thousand() -> Vec<Vec<Rule>> {
    let team = |number: usize| {
        let mut rules = typical();
        for rule in rules.iter_mut().skip(1) {
            rule.beginning = format!(
                "{}team-{number:04}/",
                rule.beginning.trim_end_matches("team-0500/")
            );
        }
        rules
    };
    let document = |first: usize| (0..10).flat_map(|more| team(first + more)).collect();
    let mut documents: Vec<Vec<Rule>> = (0..10).map(|tens| document(455 + tens * 10)).collect();
    for rule in documents.iter_mut().flatten().skip(1) {
        if rule.condition == Condition::PlainHttp {
            *rule = forbidden_corner(rule.clone());
        }
    }
    documents
}

/// An Allow for so many networks, the last of which has the client.
pub(crate) fn networks(count: usize) -> String {
    let mut networks: Vec<String> = (1..count)
        .map(|at| format!("10.{}.{}.0/24", at / 250, at % 250))
        .collect();
    networks.push("192.0.2.0/24".into());
    let statement = json!({
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*",
        "Condition": { "IpAddress": { "aws:SourceIp": networks } },
    });
    document(vec![statement])
}

/// The rules as a document of a caller.
pub(crate) fn as_aws(rules: &[Rule]) -> String {
    document(rules.iter().map(statement).collect())
}

/// The rule for a folder that nobody asks for, so that the number of rules stays.
fn forbidden_corner(rule: Rule) -> Rule {
    Rule {
        beginning: "lake/corner/".into(),
        ..rule
    }
}

fn document(statements: Vec<Value>) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn statement(rule: &Rule) -> Value {
    let mut statement = json!({
        "Effect": match rule.effect { Effect::Allow => "Allow", Effect::Deny => "Deny" },
        "Action": rule.actions,
        "Resource": format!("arn:aws:s3:::{}*", rule.beginning),
    });
    let condition = match rule.condition {
        Condition::None => None,
        Condition::PlainHttp => Some(json!({ "Bool": { "aws:SecureTransport": "false" } })),
    };
    if let (Some(condition), Some(elements)) = (condition, statement.as_object_mut()) {
        elements.insert("Condition".into(), condition);
    }
    statement
}
