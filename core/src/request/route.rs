//! From method, target, query and headers to a row of the operation table.

use super::query::{belongs_to_signature, is_ignored};
use super::{ParseError, Query};
use crate::s3::names::Target;
use crate::s3::operations::{Level, Mark, Operation};
use http::{HeaderMap, Method};

/// Names whose empty or blank value some stores take for the name's absence, and then do something else than was
/// authorised.
const NEVER_EMPTY: &[&str] = &["partNumber", "uploadId", "versionId"];

/// Finds the row of a request and checks its query against it.
pub(super) fn find(
    method: &Method,
    target: &Target,
    query: &Query,
    headers: &HeaderMap,
) -> Result<&'static Operation, ParseError> {
    let (method, level) = (method.as_str(), level(target));
    let holds = |mark: &Mark| match mark {
        Mark::Query(name) => query.has(name),
        Mark::QueryValue(name, value) => query.get(name) == Some(value),
        Mark::Header(name) => headers.contains_key(*name),
    };
    let Some(operation) = Operation::find(method, level, holds) else {
        let known = Operation::of(method, level).next().is_some();
        return Err(match known {
            true => ParseError::NoOperation,
            false => ParseError::MethodNotAllowed,
        });
    };
    check(operation, query)?;
    Ok(operation)
}

fn level(target: &Target) -> Level {
    match (target.bucket_name(), target.key()) {
        (None, _) => Level::Service,
        (Some(_), None) => Level::Bucket,
        (Some(_), Some(_)) => Level::Object,
    }
}

fn check(operation: &Operation, query: &Query) -> Result<(), ParseError> {
    // Bounded by the names a row accepts: one more is either unknown or a repetition.
    let mut seen: Vec<&str> = Vec::new();
    for parameter in &query.0 {
        let name = &*parameter.name;
        if is_ignored(name) {
            continue;
        }
        if !operation.accepts(name) && !belongs_to_signature(name) {
            return Err(ParseError::UnknownQuery(name.into()));
        }
        if seen.contains(&name) {
            return Err(ParseError::RepeatedQuery(name.into()));
        }
        seen.push(name);
        if !legal_value(name, parameter.value.as_deref().unwrap_or_default()) {
            return Err(ParseError::BadQueryValue(name.into()));
        }
    }
    Ok(())
}

/// The values of `response-*` become headers of the answer, so they may not end one.
fn legal_value(name: &str, value: &str) -> bool {
    let splits = name.starts_with("response-") && value.contains(['\r', '\n', '\0']);
    let missing = value.trim().is_empty() && NEVER_EMPTY.contains(&name);
    !splits && !missing
}
