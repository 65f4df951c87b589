//! From a document to its cases: names are replaced by what they stand for, defaults filled in.

use super::fields::{FIELDS, Problems, WITH_PRINCIPAL, given};
use super::fill::{document, filled, map, without};
use super::principal::{Who, account};
use super::scene::{BY, Outcome};
use super::{Case, Document, Loaded, Loader, Setup};
use crate::document::{Node, Problem, Value, did_you_mean};
use crate::policy::Origin;
use crate::s3::actions::Action;
use crate::s3::names::BucketName;
use std::sync::Arc;

/// What a file of cases by rule may say.
const BY_RULE: [&str; 4] = ["principals", "policies", "defaults", "rules"];

/// Reads the cases of a document: one case, a list of them, or a list of cases by rule. `source` names the document in
/// explanations.
///
/// # Errors
/// Everything that is wrong with the cases, in the order of the document. What is wrong with a policy is no error of
/// the case: it decides as [`Outcome::InvalidPolicy`].
pub fn read(root: &Node, source: &str, load: &Loader<'_>) -> Result<Vec<Case>, Vec<Problem>> {
    let mut reader = Reader {
        root,
        origin: Arc::new(Origin {
            source: source.into(),
        }),
        load,
        problems: Problems::default(),
    };
    let cases = match (&root.value, root.get("rules")) {
        (Value::List(nodes), _) => nodes.iter().filter_map(|node| reader.alone(node)).collect(),
        (_, Some(rules)) => reader.rules(rules),
        (_, None) => reader.alone(root).into_iter().collect(),
    };
    match reader.problems.sorted() {
        problems if problems.is_empty() => Ok(cases),
        problems => Err(problems),
    }
}

struct Reader<'r> {
    root: &'r Node,
    origin: Arc<Origin>,
    load: &'r Loader<'r>,
    problems: Problems,
}

impl Reader<'_> {
    fn alone(&mut self, node: &Node) -> Option<Case> {
        match self.problems.map(node, "a case", &FIELDS) {
            true => self.case(node, node.clone(), false),
            false => None,
        }
    }

    fn rules(&mut self, rules: &Node) -> Vec<Case> {
        self.problems.map(self.root, "a file of cases", &BY_RULE);
        for name in ["principals", "policies"] {
            if let Some(named) = given(self.root, name) {
                self.problems.is_map(named, &format!("`{name}`"));
            }
        }
        let none = map(self.root, Vec::new());
        let defaults = given(self.root, "defaults").unwrap_or(&none);
        self.problems.map(defaults, "`defaults`", &FIELDS);
        let mut cases = Vec::new();
        for rule in self.problems.items(rules, "`rules`") {
            self.rule(rule, defaults, &mut cases);
        }
        cases
    }

    fn rule(&mut self, rule: &Node, defaults: &Node, cases: &mut Vec<Case>) {
        if !self.problems.is_map(rule, "a rule") {
            return;
        }
        let fields = without(rule, |name| name == "cases");
        self.problems.map(&fields, "a rule", &FIELDS);
        let Some(listed) = rule.get("cases") else {
            self.problems.add(rule.at, "a rule needs `cases`");
            return;
        };
        let fields = filled(&fields, defaults);
        for case in self.problems.items(listed, "`cases`") {
            if self.problems.map(case, "a case", &FIELDS) {
                cases.extend(self.case(case, filled(case, &fields), true));
            }
        }
    }

    /// The case that begins where `node` does, with all it takes over in `fields`.
    fn case(&mut self, node: &Node, fields: Node, in_rule: bool) -> Option<Case> {
        let setup = self.setup(&fields);
        let problems = &mut self.problems;
        let name = problems.required(&fields, "name").map(str::to_owned);
        let mut text = |name| problems.text(&fields, name).map(str::to_owned);
        let (rule, source, why) = (text("rule"), text("source"), text("why"));
        Some(Case {
            name: name?,
            rule,
            source,
            why,
            expected: problems.one_of(&fields, "expected", Outcome::ALL, Outcome::name),
            by: problems.one_of(&fields, "by", BY, |name| name),
            line: node.at.line,
            in_rule,
            setup: setup?,
        })
    }

    fn setup(&mut self, fields: &Node) -> Option<Setup> {
        let statement = given(fields, "statement");
        if let Some(statement) = statement {
            self.problems.is_map(statement, "`statement`");
        }
        let bucket = self.policy(fields, "bucket_policy", statement);
        let identity = self.policies(fields, "identity_policies", statement);
        let boundary = self.policy(fields, "permission_boundary", statement);
        let session = self.policy(fields, "session_policy", statement);
        let resource_control = self.policies(fields, "resource_control_policies", statement);
        let service_control = self.levels(fields, "service_control_policies", statement);
        let who = self.principal(fields);
        let problems = &mut self.problems;
        let owner = problems.parsed(fields, "bucket_owner_account", account);
        let action = problems.parsed(fields, "action", action);
        let resource = problems.parsed(fields, "resource", resource);
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

    /// The principal, which may be one of the file's `principals`.
    fn principal(&mut self, fields: &Node) -> Option<Who> {
        let Some(node) = given(fields, "principal") else {
            self.problems.add(fields.at, "`principal` is missing");
            return None;
        };
        match node.text() {
            None | Some("anonymous") => self.problems.principal(node, fields),
            Some(name) => {
                let named = self.named("principals", name, node)?;
                self.problems.principal(&named, fields)
            }
        }
    }

    fn named(&mut self, kind: &str, name: &str, at: &Node) -> Option<Node> {
        let all = self.root.get(kind);
        let found = all.and_then(|all| all.get(name)).cloned();
        if found.is_none() {
            let names = all.map(Node::entries).unwrap_or_default().iter();
            let hint = did_you_mean(name, names.map(|entry| entry.name.as_str()));
            let message = format!("there is no `{name}` in `{kind}`{hint}");
            self.problems.add(at.at, message);
        }
        found
    }

    fn policy(&mut self, fields: &Node, name: &str, statement: Option<&Node>) -> Option<Document> {
        self.document(given(fields, name)?, name, statement)
    }

    fn policies(&mut self, fields: &Node, name: &str, statement: Option<&Node>) -> Vec<Document> {
        match given(fields, name) {
            Some(node) => self.documents(node, name, statement),
            None => Vec::new(),
        }
    }

    fn levels(
        &mut self,
        fields: &Node,
        name: &str,
        statement: Option<&Node>,
    ) -> Vec<Vec<Document>> {
        let Some(node) = given(fields, name) else {
            return Vec::new();
        };
        let levels = self.problems.items(node, &format!("`{name}`")).iter();
        levels
            .map(|level| self.documents(level, name, statement))
            .collect()
    }

    fn documents(&mut self, node: &Node, name: &str, statement: Option<&Node>) -> Vec<Document> {
        let what = match name {
            "service_control_policies" => "a level of `service_control_policies`".to_owned(),
            name => format!("`{name}`"),
        };
        let nodes = self.problems.items(node, &what).iter();
        nodes
            .filter_map(|node| self.document(node, name, statement))
            .collect()
    }

    /// A document, `{file: PATH}`, the name of one of the file's policies, or a list of statements, each of which takes
    /// over from `statement` what it does not say.
    fn document(&mut self, node: &Node, name: &str, statement: Option<&Node>) -> Option<Document> {
        let Some(policy) = node.text() else {
            return self.written(node, name, statement);
        };
        let named = self.named("policies", policy, node)?;
        self.written(&named, name, None)
    }

    fn written(&mut self, node: &Node, name: &str, statement: Option<&Node>) -> Option<Document> {
        let node = match (&node.value, node.entries()) {
            (Value::Map(_), [entry]) if entry.name == "file" => {
                return self.elsewhere(&entry.value);
            }
            (Value::Map(_), _) => node.clone(),
            (Value::List(statements), _) => {
                let base = statement.map(|base| {
                    let fits = WITH_PRINCIPAL.contains(&name);
                    without(base, |element| !fits && element.ends_with("Principal"))
                });
                document(node, statements, base.as_ref())
            }
            (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_), _) => {
                let message = format!(
                    "a policy is a document, a list of statements, `file: PATH` or a name from `policies`, not {}",
                    node.kind()
                );
                self.problems.add(node.at, message);
                return None;
            }
        };
        Some(Document {
            node,
            origin: Arc::clone(&self.origin),
        })
    }

    fn elsewhere(&mut self, path: &Node) -> Option<Document> {
        let Some(text) = path.text() else {
            let message = format!("`file` is the path of a policy, not {}", path.kind());
            self.problems.add(path.at, message);
            return None;
        };
        match (self.load)(text) {
            Ok(Loaded { source, root }) => Some(Document {
                node: root,
                origin: Arc::new(Origin { source }),
            }),
            Err(message) => {
                self.problems.add(path.at, format!("`{text}`: {message}"));
                None
            }
        }
    }
}

fn action(text: &str) -> Result<Action, String> {
    Action::parse(text).ok_or_else(|| {
        let hint = did_you_mean(text, Action::ALL.iter().map(|action| action.name()));
        format!("unknown action `{text}`{hint}")
    })
}

/// As a question has it: without `arn:aws:s3:::`, empty for the service level.
fn resource(text: &str) -> Result<Box<str>, String> {
    if text == "*" {
        return Ok("".into());
    }
    if !text.starts_with("arn:") {
        return Err(format!(
            "`{text}` is no resource: it is `*` or an ARN, e.g. `arn:aws:s3:::BUCKET/KEY`"
        ));
    }
    let Some(name) = text.strip_prefix("arn:aws:s3:::") else {
        return Ok(text.into());
    };
    let bucket = name.split('/').next().unwrap_or_default();
    BucketName::parse(bucket).map_err(|error| format!("`{bucket}`: {error}"))?;
    Ok(name.into())
}
