//! Why a rule matches, or none does.

use super::request::CorsRequest;
use super::rule::{MAX_NAMES, Rule};
use super::wildcard::Wildcard;
use crate::policy::explain::{Text, Values};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// What the rules of a configuration say to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CorsExplanation {
    /// The origin.
    pub origin: Text,
    /// The method that the rules are tested with.
    pub method: Text,
    /// The number of the rule that matches, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched: Option<usize>,
    /// The rules that were tried, in their order: all up to the one that matches.
    pub rules: Vec<RuleReport>,
}

/// A rule that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    /// Its number, from 1.
    pub rule: usize,
    /// Its ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Text>,
    /// Why it does not match; empty if it does.
    pub mismatches: Vec<Mismatch>,
}

/// One reason why a rule does not match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mismatch {
    /// The origin is none of these.
    Origin {
        /// Its AllowedOrigins.
        allowed: Values,
    },
    /// The method is none of these.
    Method {
        /// Its AllowedMethods.
        allowed: Values,
    },
    /// Some of the requested headers match none of these.
    Headers {
        /// Those that do not.
        refused: Values,
        /// Its AllowedHeaders; without any it allows no header.
        allowed: Values,
    },
    /// More header names are requested than are looked at.
    TooManyHeaders,
}

pub(super) fn explain(rules: &[Rule], request: &CorsRequest<'_>) -> CorsExplanation {
    let first = rules.iter().position(|rule| rule.matches(request));
    let tried = first.map_or(rules.len(), |first| first + 1);
    let tried = rules.iter().take(tried).enumerate();
    CorsExplanation {
        origin: Text::name(request.origin),
        method: Text::name(request.tested_method()),
        matched: first.map(|first| first + 1),
        rules: tried
            .map(|(index, rule)| RuleReport {
                rule: index + 1,
                id: rule.parts.id.as_deref().map(Text::name),
                mismatches: mismatches(rule, request),
            })
            .collect(),
    }
}

fn mismatches(rule: &Rule, request: &CorsRequest<'_>) -> Vec<Mismatch> {
    let origin = (!rule.allows_origin(request)).then(|| Mismatch::Origin {
        allowed: values(&rule.parts.origins),
    });
    let methods = rule.parts.methods.iter();
    let method = (!rule.allows_method(request)).then(|| Mismatch::Method {
        allowed: Values::shown(methods.map(|method| method.name().into())),
    });
    let headers = match request.names().nth(MAX_NAMES) {
        Some(_) => Some(Mismatch::TooManyHeaders),
        None => header_mismatch(rule, request),
    };
    [origin, method, headers].into_iter().flatten().collect()
}

fn header_mismatch(rule: &Rule, request: &CorsRequest<'_>) -> Option<Mismatch> {
    let refused = || request.names().filter(|name| !rule.allows_header(name));
    refused().next()?;
    Some(Mismatch::Headers {
        refused: Values::shown(refused().map(Cow::Borrowed)),
        allowed: values(&rule.parts.headers),
    })
}

fn values(wildcards: &[Wildcard]) -> Values {
    Values::shown(wildcards.iter().map(|each| each.to_string().into()))
}

/// Several lines, of which the first says what was decided; without a newline at the end.
impl fmt::Display for CorsExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, method, .. } = self;
        match self.matched {
            Some(number) => write!(f, "allow: rule {number} allows `{origin}` to `{method}`")?,
            None => write!(f, "no rule: none allows `{origin}` to `{method}`")?,
        }
        for rule in &self.rules {
            write!(f, "\n  {rule}")?;
            for mismatch in &rule.mismatches {
                write!(f, "\n    ")?;
                mismatch.write(f, self)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for RuleReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule {}", self.rule)?;
        if let Some(id) = &self.id {
            write!(f, " `{id}`")?;
        }
        match self.mismatches.is_empty() {
            true => f.write_str(" matches"),
            false => f.write_str(" does not match:"),
        }
    }
}

impl Mismatch {
    fn write(&self, f: &mut fmt::Formatter<'_>, of: &CorsExplanation) -> fmt::Result {
        match self {
            Self::Origin { allowed } => write!(f, "origin `{}` is none of {allowed}", of.origin),
            Self::Method { allowed } => write!(f, "method `{}` is none of {allowed}", of.method),
            Self::Headers { refused, allowed } if allowed.iter().next().is_none() => {
                write!(
                    f,
                    "it allows no headers, and these are requested: {refused}"
                )
            }
            Self::Headers { refused, allowed } => {
                write!(
                    f,
                    "these requested headers match none of {allowed}: {refused}"
                )
            }
            Self::TooManyHeaders => write!(f, "more than {MAX_NAMES} headers are requested"),
        }
    }
}
