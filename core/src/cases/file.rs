//! From a file to its cases: names are replaced by what they stand for, defaults filled in.

use super::fields::{CASE, Problems};
use super::principal::{Who, account};
use super::{Case, Document, Loader, Setup};
use crate::document::{Entry, Node, Place, Problem, Value, did_you_mean};
use crate::policy::Origin;
use crate::s3::actions::Action;
use std::sync::Arc;

const LIST: [&str; 4] = ["principals", "policies", "defaults", "rules"];

pub(super) fn read(root: &Node, file: &str, load: &Loader<'_>) -> Result<Vec<Case>, Vec<Problem>> {
    let mut reader = Reader {
        root,
        origin: Arc::new(Origin {
            source: file.into(),
        }),
        load,
        problems: Problems::default(),
    };
    let cases = match root.get("rules") {
        Some(rules) => reader.rules(rules),
        None => reader.single(),
    };
    let mut problems = reader.problems.0;
    if problems.is_empty() {
        return Ok(cases);
    }
    problems.sort_by_key(|problem| problem.at);
    Err(problems)
}

struct Reader<'r> {
    root: &'r Node,
    origin: Arc<Origin>,
    load: &'r Loader<'r>,
    problems: Problems,
}

impl Reader<'_> {
    fn single(&mut self) -> Vec<Case> {
        if !self.problems.is_map(self.root, "a case") {
            return Vec::new();
        }
        self.problems.known(self.root, &CASE);
        self.case(self.root, None).into_iter().collect()
    }

    fn rules(&mut self, rules: &Node) -> Vec<Case> {
        self.problems.known(self.root, &LIST);
        let none = map(self.root, Vec::new());
        let defaults = self.root.get("defaults").unwrap_or(&none);
        self.problems.known(defaults, &CASE);
        let mut cases = Vec::new();
        for rule in self.problems.items(rules, "`rules`") {
            let fields = rule.entries().iter();
            let fields = fields.filter(|entry| entry.name != "cases").cloned();
            let fields = map(rule, fields.collect());
            self.problems.known(&fields, &CASE);
            let fields = filled(&fields, defaults);
            let Some(listed) = rule.get("cases") else {
                self.problems.add(rule.at, "a rule needs `cases`");
                continue;
            };
            for case in self.problems.items(listed, "`cases`") {
                self.problems.known(case, &CASE);
                cases.extend(self.case(case, Some(&fields)));
            }
        }
        cases
    }

    /// A case with what it takes over from its rule.
    fn case(&mut self, case: &Node, rule: Option<&Node>) -> Option<Case> {
        if !self.problems.is_map(case, "a case") {
            return None;
        }
        let fields = rule.map_or_else(|| case.clone(), |rule| filled(case, rule));
        let fields = self.with_named_principal(fields);
        let name = self
            .problems
            .text(&fields, "name", |name| Ok(name.to_owned()));
        let setup = self.setup(&fields);
        let problems = &mut self.problems;
        Some(Case {
            name: name?,
            rule: problems.optional_text(&fields, "rule"),
            source: problems.optional_text(&fields, "source"),
            why: problems.optional_text(&fields, "why"),
            expected: problems.expected(&fields),
            by: problems.optional_text(&fields, "by"),
            line: case.at.line,
            in_list: rule.is_some(),
            setup: setup?,
        })
    }

    fn setup(&mut self, fields: &Node) -> Option<Setup> {
        let statement = fields.get("statement");
        let bucket = self.policy(fields, "bucket_policy", statement);
        let identity = self.policies(fields, "identity_policies", statement);
        let boundary = self.policy(fields, "permission_boundary", statement);
        let session = self.policy(fields, "session_policy", statement);
        let resource_control = self.policies(fields, "resource_control_policies", statement);
        let service_control = self.levels(fields, statement);
        let problems = &mut self.problems;
        let who = problems.principal(fields).map(|who| with_role(who, fields));
        let owner = problems.text(fields, "bucket_owner_account", account);
        let action = problems.text(fields, "action", action);
        let resource = problems.text(fields, "resource", |text| Ok(resource(text)));
        let block = problems.block(fields);
        let acl = problems.acl(fields, block);
        let (who, owner) = (who?, owner?);
        Some(Setup {
            context: problems.context(fields, &who, owner),
            who,
            owner,
            action: action?,
            resource: resource?,
            bucket,
            identity,
            boundary,
            session,
            resource_control,
            service_control,
            block,
            acl,
        })
    }

    fn with_named_principal(&mut self, case: Node) -> Node {
        let named = case.get("principal").and_then(|node| {
            let name = node.text().filter(|name| *name != "anonymous")?;
            self.named("principals", name, node.at)
        });
        let Some(named) = named else { return case };
        let entries = case.entries().iter().map(|entry| match &*entry.name {
            "principal" => Entry {
                value: named.clone(),
                ..entry.clone()
            },
            _ => entry.clone(),
        });
        map(&case, entries.collect())
    }

    fn named(&mut self, kind: &str, name: &str, at: Place) -> Option<Node> {
        let all = self.root.get(kind);
        let found = all.and_then(|all| all.get(name)).cloned();
        if found.is_none() {
            let names = all.map(Node::entries).unwrap_or_default().iter();
            let hint = did_you_mean(name, names.map(|entry| entry.name.as_str()));
            let message = format!("there is no `{name}` in `{kind}`{hint}");
            self.problems.add(at, message);
        }
        found
    }

    fn policy(&mut self, fields: &Node, name: &str, statement: Option<&Node>) -> Option<Document> {
        let node = self.problems.field(fields, name)?;
        self.document(node, name, statement)
    }

    fn policies(&mut self, fields: &Node, name: &str, statement: Option<&Node>) -> Vec<Document> {
        match self.problems.field(fields, name) {
            Some(node) => self.documents(node, name, statement),
            None => Vec::new(),
        }
    }

    fn levels(&mut self, fields: &Node, statement: Option<&Node>) -> Vec<Vec<Document>> {
        let name = "service_control_policies";
        let Some(node) = self.problems.field(fields, name) else {
            return Vec::new();
        };
        let levels = self.problems.items(node, &format!("`{name}`")).iter();
        levels
            .map(|level| self.documents(level, name, statement))
            .collect()
    }

    fn documents(&mut self, node: &Node, name: &str, statement: Option<&Node>) -> Vec<Document> {
        let nodes = self.problems.items(node, &format!("`{name}`")).iter();
        nodes
            .filter_map(|node| self.document(node, name, statement))
            .collect()
    }

    /// A document, `{file: PATH}`, the name of one of the file's policies, or a list of statements, each of which takes
    /// over from `statement` what it does not say.
    fn document(&mut self, node: &Node, name: &str, statement: Option<&Node>) -> Option<Document> {
        if let Some(policy) = node.text() {
            let named = self.named("policies", policy, node.at)?;
            return self.written(&named, name, None);
        }
        self.written(node, name, statement)
    }

    fn written(&mut self, node: &Node, name: &str, statement: Option<&Node>) -> Option<Document> {
        let (node, origin) = match (&node.value, node.entries()) {
            (Value::Map(_), [entry]) if entry.name == "file" => {
                return self.elsewhere(&entry.value);
            }
            (Value::Map(_), _) => (node.clone(), &self.origin),
            (Value::List(statements), _) => {
                let principals = ["bucket_policy", "resource_control_policies"].contains(&name);
                (
                    listed(node, statements, statement, principals),
                    &self.origin,
                )
            }
            _ => {
                let message = format!("`{name}` is a policy, not {}", node.kind());
                self.problems.add(node.at, message);
                return None;
            }
        };
        Some(Document {
            node,
            origin: origin.clone(),
        })
    }

    fn elsewhere(&mut self, path: &Node) -> Option<Document> {
        let Some(text) = path.text() else {
            self.problems.add(path.at, "`file` is the path of a policy");
            return None;
        };
        match (self.load)(text) {
            Ok(node) => Some(Document {
                node,
                origin: Arc::new(Origin {
                    source: text.into(),
                }),
            }),
            Err(message) => {
                self.problems.add(path.at, format!("`{text}`: {message}"));
                None
            }
        }
    }
}

/// A session's role by `aws:PrincipalArn` of the context, where the principal does not say it.
fn with_role(mut who: Who, fields: &Node) -> Who {
    let context = fields.get("context").map(Node::entries).unwrap_or_default();
    let arn = context
        .iter()
        .find(|entry| entry.name.eq_ignore_ascii_case("aws:PrincipalArn"));
    if let (Who::Known(known), Some(arn)) = (&mut who, arn.and_then(|entry| entry.value.text())) {
        known.role.get_or_insert_with(|| arn.to_owned());
    }
    who
}

fn action(text: &str) -> Result<Action, String> {
    Action::parse(text).ok_or_else(|| {
        let hint = did_you_mean(text, Action::ALL.iter().map(|action| action.name()));
        format!("unknown action `{text}`{hint}")
    })
}

/// As a question has it: without `arn:aws:s3:::`, empty for the service level.
fn resource(text: &str) -> String {
    match text {
        "*" => String::new(),
        text => text
            .strip_prefix("arn:aws:s3:::")
            .unwrap_or(text)
            .to_owned(),
    }
}

/// A document of version 2012-10-17 with these statements.
fn listed(node: &Node, statements: &[Node], base: Option<&Node>, principals: bool) -> Node {
    let fill = |node: &Node| {
        let Some(base) = base else {
            return node.clone();
        };
        let entries = base.entries().iter();
        let fitting = entries.filter(|entry| principals || !entry.name.ends_with("Principal"));
        filled(node, &map(base, fitting.cloned().collect()))
    };
    let entry = |name: &str, value: Value| Entry {
        name: name.to_owned(),
        at: node.at,
        value: Node { value, at: node.at },
    };
    let version = Value::Text("2012-10-17".to_owned());
    let statements = Value::List(statements.iter().map(fill).collect());
    map(
        node,
        vec![entry("Version", version), entry("Statement", statements)],
    )
}

/// The entries of a map, and those of `base` for which it has neither the name nor its opposite (`NotAction` for
/// `Action`). Of contexts and statements the entries within are taken over in the same way.
fn filled(node: &Node, base: &Node) -> Node {
    let opposite = |a: &str, b: &str| a.strip_prefix("Not") == Some(b);
    let mut entries = node.entries().to_vec();
    for entry in base.entries() {
        let same = |known: &Entry| {
            known.name == entry.name
                || opposite(&known.name, &entry.name)
                || opposite(&entry.name, &known.name)
        };
        match entries.iter_mut().find(|known| same(known)) {
            None => entries.push(entry.clone()),
            Some(known) if ["context", "statement"].contains(&known.name.as_str()) => {
                known.value = filled(&known.value, &entry.value);
            }
            Some(_) => (),
        }
    }
    map(node, entries)
}

fn map(at: &Node, entries: Vec<Entry>) -> Node {
    Node {
        value: Value::Map(entries),
        at: at.at,
    }
}

#[cfg(test)]
mod tests;
