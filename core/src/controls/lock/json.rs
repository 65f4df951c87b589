//! The Object Lock configuration as a file has it, in the form of the aws cli.
//! <https://docs.aws.amazon.com/cli/latest/reference/s3api/put-object-lock-configuration.html>

use super::bucket::Unit;
use super::{DefaultRetention, LockConfiguration, Period, RetentionMode};
use crate::document::{Node, Problem, Value, did_you_mean};
use serde_json::{Value as Json, json};

impl LockConfiguration {
    /// Reads `{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"GOVERNANCE","Days":30}}}`, with or
    /// without rule, also under `ObjectLockConfiguration` as `get-object-lock-configuration` prints it.
    ///
    /// # Errors
    /// Every problem.
    pub fn parse_json(root: &Node) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let node = match root.get("ObjectLockConfiguration") {
            Some(node) => {
                only(root, &["ObjectLockConfiguration"], &mut problems);
                node
            }
            None => root,
        };
        let configuration = read(node, &mut problems);
        match problems.is_empty() {
            true => Ok(configuration),
            false => Err(problems),
        }
    }

    /// What [`LockConfiguration::parse_json`] reads back to the same.
    pub fn to_json(&self) -> Json {
        match self.default {
            None => json!({ "ObjectLockEnabled": "Enabled" }),
            Some(DefaultRetention { mode, period }) => {
                let (name, number) = period.written();
                let retention = json!({ "Mode": mode.name(), name: number });
                json!({ "ObjectLockEnabled": "Enabled", "Rule": { "DefaultRetention": retention } })
            }
        }
    }
}

fn read(node: &Node, problems: &mut Vec<Problem>) -> LockConfiguration {
    only(node, &["ObjectLockEnabled", "Rule"], problems);
    if matches!(node.value, Value::Map(_)) {
        let enabled = node.get("ObjectLockEnabled");
        if enabled.and_then(Node::text) != Some("Enabled") {
            let message = "`ObjectLockEnabled` is `Enabled`: there is no way to disable it";
            complain::<()>(enabled.unwrap_or(node), message, problems);
        }
    }
    let default = node.get("Rule").and_then(|rule| {
        only(rule, &["DefaultRetention"], problems);
        match rule.get("DefaultRetention") {
            Some(retention) => default_retention(retention, problems),
            None => complain(rule, "a rule has a `DefaultRetention`", problems),
        }
    });
    LockConfiguration { default }
}

fn default_retention(node: &Node, problems: &mut Vec<Problem>) -> Option<DefaultRetention> {
    only(node, &["Mode", "Days", "Years"], problems);
    let mode = match node.get("Mode") {
        Some(mode) => mode_of(mode, problems),
        None => complain(node, "`Mode` is missing", problems),
    };
    let period = match (node.get(Unit::DAYS.name), node.get(Unit::YEARS.name)) {
        (Some(days), None) => period(days, Unit::DAYS, problems),
        (None, Some(years)) => period(years, Unit::YEARS, problems),
        (Some(_), Some(_)) | (None, None) => {
            complain(node, "there is either `Days` or `Years`", problems)
        }
    };
    Some(DefaultRetention {
        mode: mode?,
        period: period?,
    })
}

fn mode_of(node: &Node, problems: &mut Vec<Problem>) -> Option<RetentionMode> {
    let name = node.text().unwrap_or_default();
    RetentionMode::parse(name).or_else(|| {
        let hint = did_you_mean(name, RetentionMode::ALL.map(RetentionMode::name));
        let message = format!("`Mode` is `GOVERNANCE` or `COMPLIANCE`, not `{name}`{hint}");
        complain(node, &message, problems)
    })
}

fn period(node: &Node, unit: Unit, problems: &mut Vec<Problem>) -> Option<Period> {
    let number = match &node.value {
        Value::Number(number) => number.parse().ok(),
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
    };
    let period = number.and_then(|number| unit.period(number).ok());
    period.or_else(|| {
        let message = format!("`{}` is a whole number from 1 to {}", unit.name, unit.most);
        complain(node, &message, problems)
    })
}

fn only(node: &Node, names: &[&str], problems: &mut Vec<Problem>) {
    let Value::Map(entries) = &node.value else {
        let message = format!("expected a map, found {}", node.kind());
        problems.push(Problem::new(node.at, message));
        return;
    };
    for entry in entries {
        if !names.contains(&entry.name.as_str()) {
            let hint = did_you_mean(&entry.name, names.iter().copied());
            let message = format!("unknown member `{}`{hint}", entry.name);
            problems.push(Problem::new(entry.at, message));
        }
    }
}

fn complain<T>(node: &Node, message: &str, problems: &mut Vec<Problem>) -> Option<T> {
    problems.push(Problem::new(node.at, message.to_owned()));
    None
}

#[cfg(test)]
mod tests;
