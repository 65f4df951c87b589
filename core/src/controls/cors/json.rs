//! The aws cli's form of a configuration, for files: every problem is reported, with its place.
//! <https://docs.aws.amazon.com/cli/latest/reference/s3api/put-bucket-cors.html>

use super::fault::{Fault, Field};
use super::rule::{self, CorsMethod, Parts, Rule};
use super::wildcard::Wildcard;
use super::xml::seconds;
use super::{Cors, MAX_RULES};
use crate::document::{Node, Place, Problem, Value, did_you_mean};
use serde_json::{Map, Value as Json, json};

/// The fields of a rule.
const FIELDS: [&str; 6] = [
    "ID",
    "AllowedOrigins",
    "AllowedMethods",
    "AllowedHeaders",
    "ExposeHeaders",
    "MaxAgeSeconds",
];

pub(super) fn parse(document: &Node) -> Result<Cors, Vec<Problem>> {
    let mut reader = Reader::default();
    let rules = reader.document(document).unwrap_or_default();
    if reader.problems.is_empty() {
        return Cors::of(rules).map_err(|fault| vec![told(document.at, &fault)]);
    }
    reader.problems.sort_by_key(|problem| problem.at);
    Err(reader.problems)
}

pub(super) fn write(rules: &[Rule]) -> Json {
    json!({ "CORSRules": rules.iter().map(written).collect::<Json>() })
}

fn written(rule: &Rule) -> Json {
    let parts = &rule.parts;
    let texts = |wildcards: &[Wildcard]| wildcards.iter().map(ToString::to_string).collect();
    let methods = parts.methods.iter().map(|method| method.name()).collect();
    let lists: [(_, Json); 4] = [
        ("AllowedOrigins", texts(&parts.origins)),
        ("AllowedMethods", methods),
        ("AllowedHeaders", texts(&parts.headers)),
        (
            "ExposeHeaders",
            parts.expose.iter().map(|name| &**name).collect(),
        ),
    ];
    let mut fields = Map::new();
    fields.extend(parts.id.as_deref().map(|id| ("ID".to_owned(), id.into())));
    let lists = lists.into_iter().filter(|(_, list)| *list != json!([]));
    fields.extend(lists.map(|(name, list)| (name.to_owned(), list)));
    let seconds = parts.max_age.map(Json::from);
    fields.extend(seconds.map(|seconds| ("MaxAgeSeconds".to_owned(), seconds)));
    fields.into()
}

fn told(at: Place, fault: &Fault) -> Problem {
    Problem::new(at, fault.to_string())
}

/// What is wrong, collected while everything is read.
#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn document(&mut self, node: &Node) -> Option<Vec<Rule>> {
        self.map(node, "a CORS configuration", &["CORSRules"])?;
        let list = self.required(node, "CORSRules")?;
        let items = self.items(list, "CORSRules")?;
        if items.is_empty() {
            self.add(list.at, "`CORSRules` has at least one rule");
        }
        if items.len() > MAX_RULES {
            self.problems.push(told(list.at, &Fault::TooManyRules));
        }
        let mut rules = Vec::new();
        for item in items.iter().take(MAX_RULES) {
            let Some(rule) = self.rule(item) else {
                continue;
            };
            if let Err(fault) = rule::add(&mut rules, rule) {
                let at = item.get("ID").map_or(item.at, |id| id.at);
                self.problems.push(told(at, &fault));
            }
        }
        Some(rules)
    }

    fn rule(&mut self, node: &Node) -> Option<Rule> {
        self.map(node, "a CORS rule", &FIELDS)?;
        let wildcard = |field| move |text: &str| Wildcard::parse(field, text);
        let parts = Parts {
            id: self.id(node),
            origins: self.some(node, "AllowedOrigins", wildcard(Field::AllowedOrigin)),
            methods: self.some(node, "AllowedMethods", CorsMethod::parse),
            headers: self.texts(node, "AllowedHeaders", wildcard(Field::AllowedHeader)),
            expose: self.texts(node, "ExposeHeaders", rule::exposed),
            max_age: self.max_age(node),
        };
        Some(parts.into())
    }

    /// A map; a complaint if not, and about every name in it that is not known.
    fn map(&mut self, node: &Node, what: &str, names: &[&str]) -> Option<()> {
        for entry in node.entries() {
            if !names.contains(&entry.name.as_str()) {
                let hint = did_you_mean(&entry.name, names.iter().copied());
                self.add(entry.at, format!("unknown field `{}`{hint}", entry.name));
            }
        }
        if matches!(node.value, Value::Map(_)) {
            return Some(());
        }
        self.add(node.at, format!("{what} is a map, not {}", node.kind()));
        None
    }

    fn required<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n Node> {
        let value = node.get(name);
        if value.is_none() {
            self.add(node.at, format!("`{name}` is missing"));
        }
        value
    }

    fn items<'n>(&mut self, node: &'n Node, name: &str) -> Option<&'n [Node]> {
        if let Value::List(items) = &node.value {
            return Some(items);
        }
        self.add(node.at, format!("`{name}` is a list, not {}", node.kind()));
        None
    }

    /// A list that must be there and have an element.
    fn some<T>(
        &mut self,
        node: &Node,
        name: &str,
        read: impl Fn(&str) -> Result<T, Fault>,
    ) -> Vec<T> {
        if let Some(list) = self.required(node, name)
            && list.value == Value::List(Vec::new())
        {
            self.add(list.at, format!("`{name}` has at least one text"));
        }
        self.texts(node, name, read)
    }

    /// A list of texts that may be left out.
    fn texts<T>(
        &mut self,
        node: &Node,
        name: &str,
        read: impl Fn(&str) -> Result<T, Fault>,
    ) -> Vec<T> {
        let items = node.get(name).and_then(|list| self.items(list, name));
        let mut values = Vec::new();
        for item in items.unwrap_or_default() {
            match item.text().map(&read) {
                Some(Ok(value)) => values.push(value),
                Some(Err(fault)) => self.complain(item.at, &fault),
                None => self.add(item.at, format!("`{name}` has texts, not {}", item.kind())),
            }
        }
        values
    }

    fn id(&mut self, node: &Node) -> Option<Box<str>> {
        let value = node.get("ID")?;
        match value.text().map(rule::id) {
            Some(Ok(id)) => return id,
            Some(Err(fault)) => self.complain(value.at, &fault),
            None => self.add(value.at, format!("`ID` is a text, not {}", value.kind())),
        }
        None
    }

    fn max_age(&mut self, node: &Node) -> Option<u32> {
        let value = node.get("MaxAgeSeconds")?;
        let found = match &value.value {
            Value::Number(written) => match seconds(written) {
                Some(seconds) => return Some(seconds),
                None => format!("`{written}`"),
            },
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                value.kind().to_owned()
            }
        };
        let message = format!(
            "`MaxAgeSeconds` is a whole number from 0 to {}, not {found}",
            i32::MAX
        );
        self.add(value.at, message);
        None
    }

    fn complain(&mut self, at: Place, fault: &Fault) {
        let hint = match fault {
            Fault::Method(text) => {
                let names = CorsMethod::ALL.map(CorsMethod::name);
                match did_you_mean(text, names) {
                    hint if hint.is_empty() => format!("; it is one of `{}`", names.join("`, `")),
                    hint => hint,
                }
            }
            Fault::Wildcards(..)
            | Fault::ExposedWildcard(_)
            | Fault::Character(..)
            | Fault::LongId
            | Fault::SameId(_)
            | Fault::TooManyRules
            | Fault::TooLarge => String::new(),
        };
        self.add(at, format!("{fault}{hint}"));
    }

    fn add(&mut self, at: Place, message: impl Into<String>) {
        self.problems.push(Problem::new(at, message));
    }
}
