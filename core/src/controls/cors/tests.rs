use super::*;
use crate::document;
use http::{HeaderMap, HeaderValue, Method};

mod explanations;
mod files;
mod limits;
mod matching;
mod preflights;
mod xml;

/// A configuration, from rules in XML.
fn rules(rules: &str) -> Result<Cors, S3Error> {
    let document = format!("<CORSConfiguration>{rules}</CORSConfiguration>");
    Cors::parse_xml(document.as_bytes())
}

/// A configuration of one rule, from members in XML.
fn rule(members: &str) -> Result<Cors, S3Error> {
    rules(&format!("<CORSRule>{members}</CORSRule>"))
}

fn from_json(text: &str) -> Result<Cors, Vec<Problem>> {
    Cors::parse_json(&document::json(text).unwrap())
}

/// A head with these headers.
fn head(headers: &[(&'static str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    map
}

/// The CORS headers and Vary that an answer gets, in lines.
fn shown(answer: &CorsHeaders) -> String {
    let mut headers = HeaderMap::new();
    answer.put(&mut headers);
    let lines = headers.iter();
    let mut lines: Vec<String> = lines
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.join("\n")
}

/// An origin's request for a method and headers.
fn preflight_of<'r>(origin: &'r str, method: &'r str, headers: &'r str) -> CorsRequest<'r> {
    CorsRequest {
        origin,
        method: "OPTIONS",
        requested_method: Some(method),
        requested_headers: headers.into(),
    }
}

/// An origin's request.
fn actual_of<'r>(origin: &'r str, method: &'r Method) -> CorsRequest<'r> {
    CorsRequest {
        origin,
        method: method.as_str(),
        requested_method: None,
        requested_headers: "".into(),
    }
}
