//! From method, target, query and headers to a row of the operation table.

use super::query::{belongs_to_signature, is_ignored};
use super::{ParseError, Query};
use crate::s3::names::Target;
use crate::s3::operations::{Level, Mark, Operation};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};

/// Names whose empty or blank value some stores take for the name's absence, and then do something else than was
/// authorised.
const NEVER_EMPTY: &[&str] = &[
    "annotationName",
    "id",
    "partNumber",
    "uploadId",
    "versionId",
];

/// Finds the row of a request and checks its query against it.
pub(super) fn find(
    method: &Method,
    target: &Target,
    query: &Query,
    headers: &HeaderMap,
) -> Result<&'static Operation, ParseError> {
    let level = level(method, target).ok_or(ParseError::NoOperation)?;
    let holds = |mark: &Mark| match mark {
        Mark::Query(name) => query.has(name),
        Mark::QueryValue(name, value) => query.get(name) == Some(value),
        Mark::Header(name) => headers.contains_key(*name),
        Mark::ContentType(kind) => content_type(headers).is_some_and(|found| found == *kind),
    };
    let parameters = query.0.iter().filter(|each| could_mark(&each.name));
    let parameters = parameters.count();
    let Some(operation) = Operation::find(method.as_str(), level, parameters, holds) else {
        return Err(unknown(method, level, parameters));
    };
    check(operation, query)?;
    Ok(operation)
}

fn unknown(method: &Method, level: Level, parameters: usize) -> ParseError {
    match Operation::of(method.as_str(), level) {
        [] => ParseError::MethodNotAllowed,
        [..] if method == Method::POST && level == Level::Bucket && parameters == 0 => {
            ParseError::NotAForm
        }
        [..] => ParseError::NoOperation,
    }
}

/// A preflight asks the bucket, whatever key it names.
fn level(method: &Method, target: &Target) -> Option<Level> {
    match target.level()? {
        Level::Object if method == Method::OPTIONS => Some(Level::Bucket),
        level => Some(level),
    }
}

/// No sub-resource of S3 begins so: these are the names of presigned URLs and what S3 ignores.
fn could_mark(name: &str) -> bool {
    !name.starts_with("X-") && !name.starts_with("x-")
}

/// The media type without its parameters, in lower case.
fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = value.split(';').next().unwrap_or_default();
    Some(kind.trim().to_ascii_lowercase())
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
