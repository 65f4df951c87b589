//! From a file to its cases: names are replaced by what they stand for, defaults filled in.

use portcullis_core::document::{self, Entry, Node, Value};
use std::path::Path;

/// One case, with every field that it takes over from its rule and its file.
pub(crate) struct Case {
    /// The name of its file.
    pub(crate) file: String,
    /// Where it begins, from 1.
    pub(crate) line: u32,
    /// Whether it stands in a list of cases by rule.
    pub(crate) in_list: bool,
    fields: Node,
}

/// What a case may say.
const CASE: [&str; 19] = [
    "name",
    "rule",
    "source",
    "bucket_policy",
    "identity_policies",
    "permission_boundary",
    "session_policy",
    "resource_control_policies",
    "service_control_policies",
    "block_public_access",
    "principal",
    "bucket_owner_account",
    "action",
    "resource",
    "context",
    "statement",
    "expected",
    "by",
    "why",
];

/// Reads the cases of a file.
pub(crate) fn read(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap();
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    let read = match path.extension().unwrap().to_str() {
        Some("json") => document::json(&text),
        Some("yaml") => document::yaml(&text),
        _ => panic!("{file} is neither JSON nor YAML"),
    };
    let node = read.unwrap_or_else(|problems| panic!("{file}: {problems:?}"));
    if node.get("rules").is_some() {
        List { file, node }.cases()
    } else {
        vec![Case::of(file, node, false)]
    }
}

/// A file with a list of cases by rule.
struct List {
    file: String,
    node: Node,
}

impl List {
    fn cases(&self) -> Vec<Case> {
        self.known(&self.node, &["principals", "policies", "defaults", "rules"]);
        let none = map(&self.node, Vec::new());
        let defaults = self.node.get("defaults").unwrap_or(&none);
        self.known(defaults, &CASE);
        let rules = items(self.node.get("rules").unwrap());
        let cases = rules.iter().flat_map(|rule| {
            let fields = rule.entries().iter();
            let fields = fields.filter(|entry| entry.name != "cases").cloned();
            let rule_fields = filled(&map(rule, fields.collect()), defaults);
            self.known(&rule_fields, &CASE);
            let cases = items(rule.get("cases").unwrap()).iter();
            cases.map(move |case| self.case(case, &rule_fields))
        });
        cases.collect()
    }

    fn case(&self, case: &Node, rule: &Node) -> Case {
        self.known(case, &CASE);
        let merged = filled(case, rule);
        let statement = merged.get("statement");
        let fields = merged.entries().iter().map(|entry| {
            let value = &entry.value;
            let value = match entry.name.as_str() {
                "bucket_policy" | "permission_boundary" | "session_policy" => {
                    self.policy(value, statement, &entry.name)
                }
                "identity_policies" | "resource_control_policies" => {
                    self.policies(value, statement, &entry.name)
                }
                "service_control_policies" => {
                    list(value, |level| self.policies(level, statement, &entry.name))
                }
                "principal" => self.named("principals", value).unwrap_or(value).clone(),
                _ => value.clone(),
            };
            Entry {
                value,
                ..entry.clone()
            }
        });
        Case::of(self.file.clone(), map(case, fields.collect()), true)
    }

    fn policies(&self, node: &Node, statement: Option<&Node>, field: &str) -> Node {
        list(node, |policy| self.policy(policy, statement, field))
    }

    /// A document, `null`, the name of one of the file's policies, or a list of statements, each of which takes over
    /// from `statement` what it does not say.
    fn policy(&self, node: &Node, statement: Option<&Node>, field: &str) -> Node {
        let named = self.named("policies", node);
        let (node, statement) = (named.unwrap_or(node), statement.filter(|_| named.is_none()));
        let Value::List(statements) = &node.value else {
            let document = node.value == Value::Null || matches!(node.value, Value::Map(_));
            assert!(document, "{}:{}: no policy", self.file, node.at.line);
            return node.clone();
        };
        let has_principal = ["bucket_policy", "resource_control_policies"].contains(&field);
        let fill = |node: &Node| {
            let Some(base) = statement else {
                return node.clone();
            };
            let entries = base.entries().iter();
            let fitting =
                entries.filter(|entry| has_principal || !entry.name.ends_with("Principal"));
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

    fn named(&self, kind: &str, node: &Node) -> Option<&Node> {
        let name = node.text().filter(|name| *name != "anonymous")?;
        let found = self.node.get(kind).and_then(|all| all.get(name));
        let missing = || panic!("{}:{}: no `{name}` in {kind}", self.file, node.at.line);
        Some(found.unwrap_or_else(missing))
    }

    fn known(&self, node: &Node, names: &[&str]) {
        for Entry { name, at, .. } in node.entries() {
            assert!(
                names.contains(&name.as_str()),
                "{}:{at:?}: unknown `{name}`",
                self.file
            );
        }
    }
}

impl Case {
    fn of(file: String, fields: Node, in_list: bool) -> Self {
        let line = fields.at.line;
        Self {
            file,
            line,
            in_list,
            fields,
        }
    }

    /// A field that is there.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.fields
            .get(name)
            .filter(|node| node.value != Value::Null)
    }

    /// A text that must be there.
    pub(crate) fn text(&self, name: &str) -> &str {
        let missing = || panic!("{}:{}: no text `{name}`", self.file, self.line);
        self.optional_text(name).unwrap_or_else(missing)
    }

    /// A text that may be there.
    pub(crate) fn optional_text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Node::text)
    }
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

fn list(node: &Node, each: impl Fn(&Node) -> Node) -> Node {
    Node {
        at: node.at,
        value: Value::List(items(node).iter().map(each).collect()),
    }
}

/// The elements of a list.
pub(crate) fn items(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(items) => items,
        other => panic!("line {}: no list: {other:?}", node.at.line),
    }
}
