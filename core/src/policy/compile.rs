//! From a document to a compiled policy, with every problem at once and each at its place.
//!
//! A bucket policy is read as strictly as AWS reads it, and unknown names in it are errors. Other documents may speak
//! of other services: statements about those are dropped, and unknown names are warnings.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod condition;
mod statement;

pub(super) use condition::{read_operator, scalar};

use super::glob::{Glob, Variables};
use super::lint::{Finding, Rule};
use super::{Effect, Mode, Origin, Policy, PolicyKind, Statement, Statements, public};
use crate::context::Key;
use crate::document::{self, Entry, Node, Place, Problem, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// A policy that can be enforced, and what looks wrong with it all the same.
#[derive(Debug)]
pub struct Compiled {
    /// The policy.
    pub policy: Policy,
    /// What is probably not meant; the policy works as AWS would read it.
    pub warnings: Vec<Finding>,
}

/// The largest bucket policy, in bytes without white space.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html>
const MAX_BUCKET_POLICY: usize = 20 * 1024;

impl Policy {
    /// Compiles a document. Fails with everything that is wrong with it, in the order of the document.
    pub fn compile(
        node: &Node,
        kind: PolicyKind<'_>,
        origin: Arc<Origin>,
    ) -> Result<Compiled, Vec<Problem>> {
        let (denies, allows, warnings) = statements(node, kind)?;
        let policy = Self::of(node.clone(), origin, denies, allows);
        Ok(Compiled { policy, warnings })
    }

    /// Compiles documents that allow together what one of them allows, and deny what one of them denies, as the session
    /// policies of one session do. Their statements count on from one document to the next.
    ///
    /// # Errors
    /// What is wrong with the first that is refused.
    pub fn compile_together(
        nodes: &[&Node],
        kind: PolicyKind<'_>,
        origin: Arc<Origin>,
    ) -> Result<Self, Vec<Problem>> {
        let (mut denies, mut allows, mut written) = (Vec::new(), Vec::new(), Vec::new());
        for node in nodes {
            let (mut denied, mut allowed, _) = statements(node, kind)?;
            for statement in denied.iter_mut().chain(&mut allowed) {
                statement.position += written.len();
            }
            written.extend(node.get("Statement").into_iter().flat_map(list).cloned());
            denies.append(&mut denied);
            allows.append(&mut allowed);
        }
        Ok(Self::of(together(written), origin, denies, allows))
    }

    fn of(
        document: Node,
        origin: Arc<Origin>,
        denies: Vec<Statement>,
        allows: Vec<Statement>,
    ) -> Self {
        Self {
            origin,
            document,
            mode: Mode::Enforce,
            public: allows.iter().any(public::statement_is_public),
            denies: Statements::of(denies),
            allows: Statements::of(allows),
        }
    }
}

/// The deny and the allow statements of a document, and what looks wrong with it all the same.
type Read = (Vec<Statement>, Vec<Statement>, Vec<Finding>);

fn statements(node: &Node, kind: PolicyKind<'_>) -> Result<Read, Vec<Problem>> {
    let mut compiler = Compiler {
        kind,
        variables: Variables::Literal,
        errors: Vec::new(),
        warnings: Vec::new(),
    };
    let (denies, allows) = compiler.document(node);
    if !compiler.errors.is_empty() {
        compiler.errors.sort_by_key(|problem| problem.at);
        return Err(compiler.errors);
    }
    Ok((denies, allows, compiler.warnings))
}

/// A document of these statements, to be shown.
fn together(statements: Vec<Node>) -> Node {
    let at = Place::default();
    let value = Node {
        at,
        value: Value::List(statements),
    };
    let entry = Entry {
        name: "Statement".to_owned(),
        at,
        value,
    };
    Node {
        at,
        value: Value::Map(vec![entry]),
    }
}

struct Compiler<'k> {
    kind: PolicyKind<'k>,
    /// Whether `${…}` is a variable in this version of the language.
    variables: Variables,
    errors: Vec<Problem>,
    warnings: Vec<Finding>,
}

impl Compiler<'_> {
    /// The deny and the allow statements.
    fn document(&mut self, node: &Node) -> (Vec<Statement>, Vec<Statement>) {
        let known = ["Version", "Id", "Statement"];
        let Some(()) = self.map_of(node, "a policy", &known) else {
            return (Vec::new(), Vec::new());
        };
        self.size(node);
        self.version(node);
        if let Some(id) = node.get("Id") {
            self.text(id, "`Id`");
        }
        let Some(statement) = node.get("Statement") else {
            self.error(node.at, "a policy needs `Statement`");
            return (Vec::new(), Vec::new());
        };
        self.statements(statement)
    }

    fn statements(&mut self, node: &Node) -> (Vec<Statement>, Vec<Statement>) {
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        let mut sids = HashMap::new();
        let nodes = list(node);
        if nodes.is_empty() {
            self.error(node.at, "`Statement` needs at least one statement");
        }
        for (position, node) in nodes.iter().enumerate() {
            self.unique_sid(node, &mut sids);
            match self.statement(node, position) {
                Some((Effect::Deny, statement)) => denies.push(statement),
                Some((Effect::Allow, statement)) => allows.push(statement),
                None => (),
            }
        }
        (denies, allows)
    }

    fn unique_sid<'n>(&mut self, statement: &'n Node, seen: &mut HashMap<&'n str, Place>) {
        let Some(node) = statement.get("Sid") else {
            return;
        };
        let Some(sid) = node.text().filter(|sid| !sid.is_empty()) else {
            return;
        };
        if let Some(first) = seen.insert(sid, node.at) {
            let line = first.line;
            self.error(
                node.at,
                format!("duplicate Sid `{sid}`, first on line {line}"),
            );
        }
    }

    fn size(&mut self, node: &Node) {
        let size = node.to_json().to_string().len();
        if matches!(self.kind, PolicyKind::Bucket(_)) && size > MAX_BUCKET_POLICY {
            let message =
                format!("a bucket policy has at most {MAX_BUCKET_POLICY} bytes, this has {size}");
            self.error(node.at, message);
        }
    }

    /// Without a version the language is that of 2008, which knows no variables.
    fn version(&mut self, document: &Node) {
        let Some(node) = document.get("Version") else {
            return;
        };
        match node.text() {
            Some("2012-10-17") => self.variables = Variables::Substitute,
            Some("2008-10-17") => (),
            Some(_) | None => {
                self.error(node.at, "`Version` is `2012-10-17` or `2008-10-17`");
            }
        }
    }

    fn error(&mut self, at: Place, message: impl Into<String>) {
        self.errors.push(Problem::new(at, message));
    }

    fn warn(&mut self, rule: Rule, at: Place, message: impl Into<String>) {
        self.warnings.push(Finding::new(rule, at, message));
    }

    /// An error in a bucket policy, as with AWS; elsewhere, where the name may be another service's, a warning.
    fn strict(&mut self, rule: Rule, at: Place, message: impl Into<String>) {
        match self.kind {
            PolicyKind::Bucket(_) => self.error(at, message),
            PolicyKind::Identity
            | PolicyKind::Boundary
            | PolicyKind::Session
            | PolicyKind::Guardrail
            | PolicyKind::ServiceControl
            | PolicyKind::Trust => self.warn(rule, at, message),
        }
    }

    /// Checks that a node is a map with these names only.
    fn map_of(&mut self, node: &Node, what: &str, known: &[&str]) -> Option<()> {
        if !matches!(node.value, Value::Map(_)) {
            self.error(node.at, format!("{what} is a map, not {}", node.kind()));
            return None;
        }
        for entry in node.entries() {
            if !known.contains(&entry.name.as_str()) {
                let hint = document::did_you_mean(&entry.name, known.iter().copied());
                self.error(entry.at, format!("unknown element `{}`{hint}", entry.name));
            }
        }
        Some(())
    }

    fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        if node.text().is_none() {
            self.error(node.at, format!("{what} is a text, not {}", node.kind()));
        }
        node.text()
    }

    /// One text or a list of at least one.
    fn texts<'n>(&mut self, entry: &'n Entry) -> Vec<(&'n str, Place)> {
        let what = format!("`{}`", entry.name);
        let nodes = list(&entry.value);
        if nodes.is_empty() {
            self.error(entry.value.at, format!("{what} needs at least one text"));
        }
        nodes
            .iter()
            .filter_map(|node| self.text(node, &what).map(|text| (text, node.at)))
            .collect()
    }

    /// Exactly one of two elements that exclude each other.
    fn one_of<'n>(&mut self, node: &'n Node, plain: &str, negated: &str) -> Option<&'n Entry> {
        let mut found = node
            .entries()
            .iter()
            .filter(|entry| entry.name == plain || entry.name == negated);
        match (found.next(), found.next()) {
            (Some(entry), None) => Some(entry),
            (Some(_), Some(second)) => {
                self.error(
                    second.at,
                    format!("a statement has `{plain}` or `{negated}`, not both"),
                );
                None
            }
            (None, _) => {
                self.error(
                    node.at,
                    format!("a statement needs `{plain}` or `{negated}`"),
                );
                None
            }
        }
    }

    /// Complains about variables that can have no value.
    fn check_variables(&mut self, globs: &[&Glob], at: Place) {
        for key in globs
            .iter()
            .flat_map(|glob| glob.variables())
            .map(|variable| &variable.key)
        {
            if let Key::Foreign(name) = key {
                let hint = document::did_you_mean(name, Key::NAMES.iter().copied());
                self.strict(
                    Rule::UnknownName,
                    at,
                    format!("unknown policy variable `{name}`{hint}"),
                );
            } else if key.is_set() {
                self.error(at, format!("policy variable `{key}` has several values"));
            }
        }
    }
}

/// The elements of a list, or the one value that stands in its place.
pub(super) fn list(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
            std::slice::from_ref(node)
        }
    }
}

#[cfg(test)]
mod tests;
