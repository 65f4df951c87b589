//! The policy document of a form: until when, and what its fields may be.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>

use super::Form;
use crate::document::{self, Node, Value};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

/// A policy that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormPolicy {
    expiration: Timestamp,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    /// The field has exactly this value.
    Is(String, String),
    StartsWith(String, String),
    /// The file has at least and at most so many bytes.
    Length(u64, u64),
}

/// Why a policy document cannot be read. 400 InvalidPolicyDocument "Invalid Policy: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(String);

/// What a form violates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// 403 AccessDenied "Invalid according to Policy: Policy expired."
    #[error("policy expired")]
    Expired,
    /// 403 AccessDenied "Invalid according to Policy: Policy Condition failed: …".
    #[error("condition failed: {0}")]
    Condition(String),
    /// 403 AccessDenied "Invalid according to Policy: Extra input fields: …".
    #[error("field `{0}` is in no condition")]
    Uncovered(String),
    /// 400 EntityTooSmall.
    #[error("the file has {0} bytes, at least {1} are asked for")]
    TooSmall(u64, u64),
    /// 400 EntityTooLarge.
    #[error("the file has {0} bytes, at most {1} are allowed")]
    TooLarge(u64, u64),
}

/// Fields that need no condition. Those of signature version 4 but the signature itself do.
const FREE: [&str; 3] = ["x-amz-signature", "file", "policy"];

impl FormPolicy {
    /// Reads the value of the field `policy`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(base64: &str) -> Result<Self, PolicyError> {
        let bytes = BASE64_STANDARD.decode(base64.trim());
        let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.ok_or_else(|| bad("it is no base64 of a text"))?;
        let node = document::json(&text).map_err(|problems| match problems.first() {
            Some(problem) => bad(problem.to_string()),
            None => bad("it is no JSON"),
        })?;
        if !matches!(node.value, Value::Map(_)) {
            return Err(bad("it is no JSON object"));
        }
        for entry in node.entries() {
            if !["expiration", "conditions"].contains(&entry.name.as_str()) {
                return Err(bad(format!("unexpected `{}`", entry.name)));
            }
        }
        Ok(Self {
            expiration: expiration(node.get("expiration"))?,
            conditions: conditions(node.get("conditions"))?,
        })
    }

    /// Checks a form that is sent to `bucket` with a file of `length` bytes.
    ///
    /// # Errors
    /// The first thing that is not as the policy says.
    pub fn check(
        &self,
        form: &Form,
        bucket: &str,
        length: u64,
        now: Timestamp,
    ) -> Result<(), Violation> {
        if now > self.expiration {
            return Err(Violation::Expired);
        }
        self.check_cover(form)?;
        self.conditions
            .iter()
            .try_for_each(|condition| condition.check(form, bucket, length))
    }

    fn check_cover(&self, form: &Form) -> Result<(), Violation> {
        let covered = |name: &str| {
            FREE.contains(&name)
                || name.starts_with("x-ignore-")
                || self
                    .conditions
                    .iter()
                    .any(|condition| condition.field() == Some(name))
        };
        let mut names = form.fields().map(|(name, _)| name);
        match names.find(|name| !covered(name)) {
            Some(name) => Err(Violation::Uncovered(name.to_owned())),
            None => Ok(()),
        }
    }
}

impl Condition {
    fn field(&self) -> Option<&str> {
        match self {
            Self::Is(field, _) | Self::StartsWith(field, _) => Some(field),
            Self::Length(..) => None,
        }
    }

    /// The bucket is that of the request, whatever a field of the name says; such a field must agree too.
    fn check(&self, form: &Form, bucket: &str, length: u64) -> Result<(), Violation> {
        let found = |field: &str| match (field, form.get(field)) {
            ("bucket", None) => Some(bucket.to_owned()),
            ("bucket", Some(said)) if said != bucket => None,
            (_, found) => found.map(str::to_owned),
        };
        let (holds, shown) = match self {
            Self::Is(field, wanted) => (
                found(field).is_some_and(|value| value == *wanted),
                format!("[\"eq\", \"${field}\", \"{wanted}\"]"),
            ),
            Self::StartsWith(field, start) => (
                found(field).is_some_and(|value| starts(field, &value, start)),
                format!("[\"starts-with\", \"${field}\", \"{start}\"]"),
            ),
            Self::Length(least, _) if length < *least => {
                return Err(Violation::TooSmall(length, *least));
            }
            Self::Length(_, most) if length > *most => {
                return Err(Violation::TooLarge(length, *most));
            }
            Self::Length(..) => return Ok(()),
        };
        if holds {
            Ok(())
        } else {
            Err(Violation::Condition(shown))
        }
    }
}

/// A Content-Type may be a list, each element of which must begin so.
fn starts(field: &str, value: &str, start: &str) -> bool {
    match field {
        "content-type" => value
            .split(',')
            .all(|element| element.trim().starts_with(start)),
        _ => value.starts_with(start),
    }
}

fn bad(message: impl Into<String>) -> PolicyError {
    PolicyError(message.into())
}

fn expiration(node: Option<&Node>) -> Result<Timestamp, PolicyError> {
    let node = node.ok_or_else(|| bad("it has no `expiration`"))?;
    let time = node.text().and_then(|text| text.parse().ok());
    time.ok_or_else(|| bad("`expiration` is no time such as `2026-12-01T12:00:00.000Z`"))
}

fn conditions(node: Option<&Node>) -> Result<Vec<Condition>, PolicyError> {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().map(condition).collect(),
        Some(_) => Err(bad("`conditions` is no list")),
        None => Err(bad("it has no `conditions`")),
    }
}

fn condition(node: &Node) -> Result<Condition, PolicyError> {
    let wrong = || {
        bad(format!(
            "the condition on line {} is malformed",
            node.at.line
        ))
    };
    match &node.value {
        Value::Map(entries) => match entries.as_slice() {
            [entry] => {
                let value = entry.value.text().ok_or_else(wrong)?;
                Ok(Condition::Is(
                    entry.name.to_ascii_lowercase(),
                    value.to_owned(),
                ))
            }
            _ => Err(wrong()),
        },
        Value::List(items) => match items.as_slice() {
            [kind, first, second] => listed(kind, first, second).ok_or_else(wrong),
            _ => Err(wrong()),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => Err(wrong()),
    }
}

fn listed(kind: &Node, first: &Node, second: &Node) -> Option<Condition> {
    let kind = kind.text()?.to_ascii_lowercase();
    if kind == "content-length-range" {
        return Some(Condition::Length(number(first)?, number(second)?));
    }
    let field = first.text()?.strip_prefix('$')?.to_ascii_lowercase();
    let value = second.text()?.to_owned();
    match kind.as_str() {
        "eq" => Some(Condition::Is(field, value)),
        "starts-with" => Some(Condition::StartsWith(field, value)),
        _ => None,
    }
}

fn number(node: &Node) -> Option<u64> {
    match &node.value {
        Value::Number(text) | Value::Text(text) => text.parse().ok(),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
    }
}

#[cfg(test)]
mod tests;
