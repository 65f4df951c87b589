//! What the schema expects at a path: for messages that name known fields and expected types.

use super::place::Step;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The alternatives a value may be, as JSON schemas.
#[derive(Debug)]
pub(super) struct Shape(Vec<Value>);

impl Shape {
    /// The shape of a raw type.
    pub(super) fn of<T: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.inline_subschemas = true;
        });
        let schema = settings.into_generator().into_root_schema_for::<T>();
        Self(alternatives(schema.as_value()))
    }

    /// The shape of what stands further in.
    pub(super) fn follow(&self, trail: &[Step]) -> Self {
        let start = Self(self.0.clone());
        trail.iter().fold(start, |shape, step| shape.step(step))
    }

    fn step(&self, step: &Step) -> Self {
        let inner = |schema: &Value| match step {
            Step::Field(name) => schema
                .get("properties")
                .and_then(|properties| properties.get(name))
                .or_else(|| schema.get("additionalProperties"))
                .cloned(),
            Step::Index(_) => schema.get("items").cloned(),
        };
        let found = self.0.iter().filter_map(inner);
        Self(found.flat_map(|schema| alternatives(&schema)).collect())
    }

    /// The fields a map may have here.
    pub(super) fn names(&self) -> Vec<String> {
        let properties = self.0.iter().filter_map(|schema| schema.get("properties"));
        let names = properties.filter_map(Value::as_object);
        names.flat_map(|map| map.keys().cloned()).collect()
    }

    /// Whether a value is of an expected type.
    pub(super) fn takes(&self, value: &Value) -> bool {
        self.0.iter().any(|schema| {
            types(schema).any(|name| match name {
                "string" => value.is_string(),
                "integer" => value.is_u64(),
                "boolean" => value.is_boolean(),
                "array" => value.is_array(),
                "object" => value.is_object(),
                _ => false,
            })
        })
    }

    /// Says what was expected and what was found.
    pub(super) fn mismatch(&self, found: Option<&Value>) -> String {
        let constants = self.constants();
        let mut expected: Vec<&str> = self.0.iter().flat_map(types).filter_map(in_words).collect();
        expected.dedup();
        match found {
            Some(found) if !constants.is_empty() => {
                format!(
                    "expected {}, found {}",
                    constants.join(" or "),
                    described(found, Echo::Yes)
                )
            }
            Some(found @ (Value::Number(_) | Value::Bool(_))) if expected == ["a text"] => {
                format!(
                    "expected a text, found {}; put it in quotes",
                    described(found, Echo::Yes)
                )
            }
            Some(found) => {
                let echo = match expected.as_slice() {
                    ["a whole number" | "true or false"] => Echo::Yes,
                    _ => Echo::No,
                };
                format!(
                    "expected {}, found {}",
                    expected.join(" or "),
                    described(found, echo)
                )
            }
            None => format!("expected {}", expected.join(" or ")),
        }
    }

    fn constants(&self) -> Vec<String> {
        let texts = self.0.iter().flat_map(|schema| {
            let listed = schema.get("enum").and_then(Value::as_array);
            listed.into_iter().flatten().chain(schema.get("const"))
        });
        texts
            .filter_map(Value::as_str)
            .map(|text| format!("`{text}`"))
            .collect()
    }
}

/// A text of a place where a secret may have slipped is not repeated.
#[derive(Debug, Clone, Copy)]
enum Echo {
    Yes,
    No,
}

fn described(value: &Value, echo: Echo) -> String {
    match (value, echo) {
        (Value::Null, _) => "nothing".to_owned(),
        (Value::Bool(value), _) => format!("`{value}`"),
        (Value::Number(number), _) => format!("the number `{number}`"),
        (Value::String(text), Echo::Yes) => format!("`{text}`"),
        (Value::String(_), Echo::No) => "a text".to_owned(),
        (Value::Array(_), _) => "a list".to_owned(),
        (Value::Object(_), _) => "a map".to_owned(),
    }
}

/// The schema itself, or the schemas it offers a choice of.
fn alternatives(schema: &Value) -> Vec<Value> {
    let choices = ["anyOf", "oneOf"]
        .iter()
        .filter_map(|name| schema.get(name)?.as_array());
    let mut found: Vec<_> = choices.flatten().flat_map(alternatives).collect();
    if found.is_empty() {
        found.push(schema.clone());
    }
    found
}

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let (one, many) = match schema.get("type") {
        Some(Value::String(name)) => (Some(name.as_str()), None),
        Some(Value::Array(names)) => (None, Some(names)),
        _ => (None, None),
    };
    let many = many.into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many)
}

fn in_words(name: &str) -> Option<&'static str> {
    match name {
        "string" => Some("a text"),
        "integer" => Some("a whole number"),
        "boolean" => Some("true or false"),
        "array" => Some("a list"),
        "object" => Some("a map"),
        _ => None,
    }
}
