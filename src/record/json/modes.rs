//! The decision of a record: what was decided, in which mode, and what would have been decided otherwise.

use super::JsonDecision;
use portcullis_core::admission::{Difference, Labels, Observed, Shadowed};
use portcullis_core::policy::{Decision, Missing};
use serde::Serialize;

/// What stands under `decision`.
#[derive(Serialize)]
pub(super) struct JsonDecided<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    revision: &'a str,
    #[serde(flatten)]
    asked: Option<JsonDecision<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    would_deny: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    would_allow: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed: Option<JsonObserved<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shadow: Option<JsonShadowed<'a>>,
}

#[derive(Serialize)]
struct JsonObserved<'a> {
    #[serde(flatten)]
    asked: JsonDecision<'a>,
    count: usize,
}

#[derive(Serialize)]
struct JsonShadowed<'a> {
    would_deny: usize,
    would_allow: usize,
    unknown: usize,
    differences: Vec<JsonDifference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_differences: Option<u64>,
}

#[derive(Serialize)]
struct JsonDifference<'a> {
    kind: &'static str,
    action: &'static str,
    resource: String,
    live: JsonView<'a>,
    shadow: JsonView<'a>,
}

/// What one view of the policies decides.
#[derive(Serialize)]
struct JsonView<'a> {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<usize>,
}

impl<'a> JsonDecided<'a> {
    pub(super) fn of(labels: &'a Labels, revision: &'a str) -> Self {
        let shadow = labels.shadow.as_deref();
        let would_deny = labels.observed.is_some() || shadow.is_some_and(|it| it.would_deny > 0);
        let would_allow = shadow.is_some_and(|shadow| shadow.would_allow > 0);
        Self {
            mode: labels.mode.name(),
            asked: labels.decision.as_ref().map(JsonDecision::of),
            revision,
            would_deny: would_deny.then_some(true),
            would_allow: would_allow.then_some(true),
            observed: labels.observed.as_deref().map(JsonObserved::of),
            shadow: shadow.map(JsonShadowed::of),
        }
    }
}

impl<'a> JsonObserved<'a> {
    fn of(observed: &'a Observed) -> Self {
        Self {
            asked: JsonDecision::of(&observed.first),
            count: observed.count,
        }
    }
}

impl<'a> JsonShadowed<'a> {
    fn of(shadowed: &'a Shadowed) -> Self {
        let more = shadowed.unlisted();
        Self {
            would_deny: shadowed.would_deny,
            would_allow: shadowed.would_allow,
            unknown: shadowed.unknown,
            differences: shadowed
                .differences
                .iter()
                .map(JsonDifference::of)
                .collect(),
            more_differences: (more > 0).then_some(more),
        }
    }
}

impl<'a> JsonDifference<'a> {
    fn of(difference: &'a Difference) -> Self {
        Self {
            kind: difference.kind.name(),
            action: difference.action,
            resource: difference.resource.arn(),
            live: JsonView::of(&difference.live),
            shadow: JsonView::of(&difference.shadow),
        }
    }
}

impl<'a> JsonView<'a> {
    fn of(decision: &'a Decision) -> Self {
        let by = decision.by.as_ref();
        Self {
            verdict: decision.verdict.name(),
            missing: decision.verdict.missing().map(Missing::name),
            layer: by.map(|by| by.layer.name()),
            sid: by.and_then(|by| by.sid.as_deref()),
            file: by.map(|by| &*by.origin.source),
            line: by.map(|by| by.line),
            statement: by.map(|by| by.statement),
        }
    }
}
