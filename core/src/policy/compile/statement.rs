//! Statements: effect, principals, actions, resources.

use super::Compiler;
use crate::context::Key;
use crate::document::{self, Entry, Node, Place, Value};
use crate::policy::action_set::ActionSet;
use crate::policy::conditions::{Condition, Conditions, Presence, Quantifier};
use crate::policy::glob::Variables;
use crate::policy::lint::Rule;
use crate::policy::operators::{Compare, Sense};
use crate::policy::principals::{self, Pattern, Principals};
use crate::policy::resources::{self, Patterns, Reach, Resources};
use crate::policy::{Effect, PolicyKind, Statement};
use crate::s3::actions::{Action, Applies};
use std::sync::Arc;

const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// The actions of a statement.
struct Actions {
    all: ActionSet,
    /// What each entry of Action names, to check that it fits a resource; empty for NotAction.
    entries: Vec<(ActionSet, String, Place)>,
}

impl Compiler<'_> {
    /// Compiles one statement; none if it is wrong or can never apply.
    pub(super) fn statement(
        &mut self,
        node: &Node,
        position: usize,
    ) -> Option<(Effect, Statement)> {
        self.map_of(node, "a statement", &ELEMENTS)?;
        let sid = node.get("Sid").and_then(|sid| self.text(sid, "`Sid`"));
        let effect = self.effect(node);
        let actions = self.actions(node);
        if actions
            .as_ref()
            .is_some_and(|actions| self.is_foreign(actions))
        {
            return None;
        }
        let principals = self.principals(node, effect);
        let resources = self.resources(node, actions.as_ref());
        let conditions = self.conditions(node);
        if let (Some(Effect::Allow), Some(Principals::Only(trusted)), Some(conditions)) =
            (effect, &principals, &conditions)
        {
            self.trusts_every_token(node, trusted, conditions);
        }
        let statement = Statement {
            sid: sid.map(Arc::from),
            position,
            line: node.at.line,
            actions: actions?.all,
            principals: principals?,
            resources: resources?,
            conditions: Conditions::of(conditions?),
        };
        Some((effect?, statement))
    }

    fn effect(&mut self, statement: &Node) -> Option<Effect> {
        let Some(node) = statement.get("Effect") else {
            self.error(statement.at, "a statement needs `Effect`");
            return None;
        };
        match (node.text(), self.kind) {
            (Some("Allow"), PolicyKind::Guardrail) => {
                self.error(node.at, "a guardrail only narrows: its `Effect` is `Deny`");
                None
            }
            (Some("Allow"), _) => Some(Effect::Allow),
            (Some("Deny"), _) => Some(Effect::Deny),
            (Some(_) | None, _) => {
                self.error(node.at, "`Effect` is `Allow` or `Deny`");
                None
            }
        }
    }

    /// Whether the statement is about other services alone, which no bucket policy may be.
    fn is_foreign(&self, actions: &Actions) -> bool {
        actions.all.is_empty() && !matches!(self.kind, PolicyKind::Bucket(_))
    }

    /// A trust policy speaks of making sessions and of nothing else.
    fn trust_action(&mut self, text: &str, at: Place) -> ActionSet {
        let lower = text.to_ascii_lowercase();
        let known = ["sts:assumerolewithsaml", "sts:setcontext"].contains(&lower.as_str());
        let named = match lower.starts_with("sts:") {
            true => ActionSet::named(text),
            false => ActionSet::default(),
        };
        if named.is_empty() && !known {
            let message = format!("`{text}`: a trust policy names only `sts:` actions on roles");
            self.error(at, message);
        }
        named
    }

    fn actions(&mut self, statement: &Node) -> Option<Actions> {
        let entry = self.one_of(statement, "Action", "NotAction")?;
        let mut entries = Vec::new();
        for (text, at) in self.texts(entry) {
            entries.push((self.action(text, at), text.to_owned(), at));
        }
        let named = entries
            .iter()
            .fold(ActionSet::default(), |all, (named, ..)| all.union(named));
        Some(if entry.name == "Action" {
            Actions {
                all: named,
                entries,
            }
        } else {
            Actions {
                all: named.complement(),
                entries: Vec::new(),
            }
        })
    }

    /// The actions that one entry names; none if it is wrong.
    fn action(&mut self, text: &str, at: Place) -> ActionSet {
        if matches!(self.kind, PolicyKind::Trust) {
            return self.trust_action(text, at);
        }
        let named = ActionSet::named(text);
        let of_s3 = text == "*" || text.to_ascii_lowercase().starts_with("s3:");
        if of_s3 && named.is_empty() {
            let names = Action::ALL.iter().map(|action| action.name());
            let hint = document::did_you_mean(text, names);
            self.strict(
                Rule::UnknownName,
                at,
                format!("unknown action `{text}`{hint}"),
            );
        } else if !of_s3 && matches!(self.kind, PolicyKind::Bucket(_)) {
            let names = Action::ALL.iter().map(|action| action.name());
            let hint = match text.contains(':') {
                true => String::new(),
                false => document::did_you_mean(&format!("s3:{text}"), names),
            };
            self.error(at, format!("`{text}` is no action of S3{hint}"));
            return ActionSet::default();
        } else if !of_s3 && !text.contains(':') {
            self.error(
                at,
                format!("`{text}` is no action: it has no service prefix"),
            );
        }
        named
    }

    fn principals(&mut self, statement: &Node, effect: Option<Effect>) -> Option<Principals> {
        match self.kind {
            PolicyKind::Bucket(_) | PolicyKind::Guardrail | PolicyKind::Trust => {
                let entry = self.one_of(statement, "Principal", "NotPrincipal")?;
                let patterns = self.patterns(&entry.value)?;
                if entry.name == "Principal" {
                    return Some(Principals::Only(patterns.into()));
                }
                if matches!(self.kind, PolicyKind::Guardrail) {
                    self.error(entry.at, "`NotPrincipal` stands in bucket policies only");
                    return None;
                }
                if effect == Some(Effect::Allow) {
                    self.error(entry.at, "`NotPrincipal` cannot stand with `Allow`");
                    return None;
                }
                Some(Principals::Not(patterns.into()))
            }
            PolicyKind::Identity
            | PolicyKind::Boundary
            | PolicyKind::Session
            | PolicyKind::ServiceControl => {
                let mut named = statement.entries().iter();
                let named = named.find(|entry| entry.name.ends_with("Principal"));
                if let Some(entry) = named {
                    self.error(
                        entry.at,
                        format!("`{}` stands in bucket policies only", entry.name),
                    );
                    return None;
                }
                Some(Principals::Holder)
            }
        }
    }

    fn patterns(&mut self, node: &Node) -> Option<Vec<Pattern>> {
        if node.text() == Some("*") {
            return Some(vec![Pattern::Everyone]);
        }
        if !matches!(node.value, Value::Map(_)) || node.entries().is_empty() {
            self.error(
                node.at,
                "a principal is `*` or a map such as {\"AWS\": \"…\"}",
            );
            return None;
        }
        let patterns: Vec<_> = node
            .entries()
            .iter()
            .flat_map(|entry| self.patterns_of(entry))
            .collect();
        Some(patterns)
    }

    fn patterns_of(&mut self, entry: &Entry) -> Vec<Pattern> {
        let read: fn(&str) -> Result<Pattern, String> = match entry.name.as_str() {
            "AWS" => principals::aws,
            "CanonicalUser" => principals::canonical,
            "Service" => principals::service,
            "Federated" => principals::federated,
            other => {
                let kinds = ["AWS", "CanonicalUser", "Service", "Federated"];
                let hint = document::did_you_mean(other, kinds);
                self.error(
                    entry.at,
                    format!("unknown kind of principal `{other}`{hint}"),
                );
                return Vec::new();
            }
        };
        let mut patterns = Vec::new();
        for (text, at) in self.texts(entry) {
            match read(text) {
                Ok(pattern) => patterns.push(pattern),
                Err(message) => self.error(at, message),
            }
            let nobody = match patterns.last() {
                Some(Pattern::Deleted(id)) => Some(id),
                Some(Pattern::Federated(id)) if !matches!(self.kind, PolicyKind::Trust) => Some(id),
                Some(_) | None => None,
            };
            if let Some(id) = nobody {
                let message = format!("`{id}` matches nobody here");
                self.warn(Rule::MatchesNobody, at, message);
            }
        }
        patterns
    }

    /// An audience alone confines nobody: whoever asks the provider gets it.
    fn trusts_every_token(&mut self, node: &Node, trusted: &[Pattern], conditions: &[Condition]) {
        let provider = trusted.iter().find_map(|pattern| match pattern {
            Pattern::Federated(provider) if !provider.contains(":saml-provider/") => Some(provider),
            _ => None,
        });
        let (PolicyKind::Trust, Some(provider)) = (self.kind, provider) else {
            return;
        };
        if !conditions.iter().any(confines_tokens) {
            let message = format!("every token of `{provider}` is trusted");
            self.warn(Rule::TrustsEveryToken, node.at, message);
        }
    }

    /// Of a trust policy the resource is the role it is attached to.
    fn the_role(&mut self, statement: &Node) -> Option<Resources> {
        let mut entries = statement.entries().iter();
        if let Some(entry) = entries.find(|entry| entry.name.ends_with("Resource")) {
            let message = format!("`{}` cannot stand in a trust policy", entry.name);
            self.error(entry.at, message);
            return None;
        }
        let all = resources::entry("*", Variables::Literal, None).ok()?;
        Some(Resources::Only(Patterns::of(vec![all])))
    }

    fn resources(&mut self, statement: &Node, actions: Option<&Actions>) -> Option<Resources> {
        if matches!(self.kind, PolicyKind::Trust) {
            return self.the_role(statement);
        }
        let entry = self.one_of(statement, "Resource", "NotResource")?;
        let mut entries = Vec::new();
        let mut reach = Reach::default();
        for (text, at) in self.texts(entry) {
            let Some(compiled) = self.resource(text, at) else {
                continue;
            };
            self.check_variables(&compiled.globs.iter().collect::<Vec<_>>(), at);
            reach = reach.or(compiled.reach);
            entries.push(compiled);
        }
        let patterns = Patterns::of(entries);
        if entry.name == "NotResource" {
            return Some(Resources::Not(patterns));
        }
        for (named, text, at) in actions.iter().flat_map(|actions| &actions.entries) {
            self.check_fit(named, reach, text, *at);
        }
        Some(Resources::Only(patterns))
    }

    fn resource(&mut self, text: &str, at: Place) -> Option<resources::Entry> {
        let bucket = match self.kind {
            PolicyKind::Bucket(name) => Some(name.as_str()),
            PolicyKind::Identity
            | PolicyKind::Boundary
            | PolicyKind::Session
            | PolicyKind::Guardrail
            | PolicyKind::ServiceControl
            | PolicyKind::Trust => None,
        };
        if self.variables == Variables::Literal && text.contains("${") {
            self.warn(
                Rule::LiteralVariable,
                at,
                "`${` is plain text before version `2012-10-17`",
            );
        }
        match (resources::entry(text, self.variables, bucket), bucket) {
            (Ok(entry), Some(bucket)) if entry.reach == Reach::default() => {
                let hint = misshapen(text);
                self.error(
                    at,
                    format!("`{text}` lies outside the bucket `{bucket}`{hint}"),
                );
                None
            }
            (Ok(entry), _) => Some(entry),
            (Err(message), _) => {
                self.error(at, message);
                None
            }
        }
    }

    /// AWS: "Action does not apply to any resource(s) in statement".
    fn check_fit(&mut self, named: &ActionSet, reach: Reach, text: &str, at: Place) {
        let fits = named.iter().any(|action| match action.applies_to() {
            Applies::Service => reach.service,
            Applies::Bucket => reach.bucket,
            Applies::Object => reach.object,
            Applies::Other => !matches!(self.kind, PolicyKind::Bucket(_)),
        });
        // Names nothing at all: that was complained of before.
        if !fits && !named.is_empty() {
            self.strict(
                Rule::ActionWithoutResource,
                at,
                format!("`{text}` applies to no resource of this statement"),
            );
        }
    }
}

/// Whether a condition asks for a claim, other than the audience, to be there and to have a value.
fn confines_tokens(condition: &Condition) -> bool {
    let claim = matches!(&condition.key, Key::Claim(name) if !name.ends_with(":aud"));
    claim
        && condition.operator.sense == Sense::Positive
        && condition.operator.compare != Compare::Null
        && condition.quantifier != Quantifier::ForAllValues
        && condition.presence == Presence::Required
}

/// What is wrong with an ARN that was most likely meant for a bucket or an object.
fn misshapen(text: &str) -> &'static str {
    let of_s3 = text.starts_with("arn:aws:s3:") && !text.starts_with("arn:aws:s3:::");
    match of_s3 || text.starts_with("arn:aws-") {
        true => ": buckets and objects are `arn:aws:s3:::bucket` and `arn:aws:s3:::bucket/key`",
        false => "",
    }
}
