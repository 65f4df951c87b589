//! What the head of a request says about its origin.

use super::rule::CorsMethod;
use http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, ORIGIN,
};
use http::{HeaderMap, HeaderValue, Method};
use std::borrow::Cow;

/// A request that a page of an origin makes, or asks whether it may make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsRequest<'r> {
    /// `Origin`.
    pub origin: &'r str,
    /// The request's own method: OPTIONS of a preflight.
    pub method: &'r str,
    /// `Access-Control-Request-Method`.
    pub requested_method: Option<&'r str>,
    /// `Access-Control-Request-Headers`: names with commas between; empty if there is none.
    pub requested_headers: Cow<'r, str>,
}

impl<'r> CorsRequest<'r> {
    /// Reads a head; nothing if it names no origin. Several `Origin`s, an empty one, or one that is not
    /// visible ASCII are no origin: no browser sends them, and none may stand in an answer.
    pub fn parse(method: &'r Method, headers: &'r HeaderMap) -> Option<Self> {
        let origin = only(headers, &ORIGIN).filter(|origin| !origin.is_empty())?;
        let requested = headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        Some(Self {
            origin,
            method: method.as_str(),
            // What cannot be read is no method, rather than not there: then the request's own would count.
            requested_method: requested
                .then(|| only(headers, &ACCESS_CONTROL_REQUEST_METHOD).unwrap_or_default()),
            requested_headers: requested_headers(headers),
        })
    }

    /// The method that rules are tested with: the requested one, also of a request that is no preflight, or its own.
    pub fn tested_method(&self) -> &'r str {
        self.requested_method.unwrap_or(self.method)
    }

    /// Whether it says which method is to follow, and that is one that a rule can allow.
    pub(super) fn asks_for_a_method(&self) -> bool {
        let requested = self.requested_method;
        requested.is_some_and(|method| CorsMethod::parse(method).is_ok())
    }

    /// The requested header names, as sent.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.requested_headers.split(',');
        names
            .map(|name| name.trim_matches([' ', '\t']))
            .filter(|name| !name.is_empty())
    }
}

/// The value of a header that is there once.
fn only<'r>(headers: &'r HeaderMap, name: &HeaderName) -> Option<&'r str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (_, _) => None,
    }
}

/// All lines as one. What is not text stays in it as something that is no header's name.
fn requested_headers(headers: &HeaderMap) -> Cow<'_, str> {
    let text = |value: &'_ HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut values = headers.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
    match (values.next(), values.next()) {
        (None, _) => Cow::Borrowed(""),
        (Some(value), None) => String::from_utf8_lossy(value.as_bytes()),
        (Some(first), Some(second)) => {
            let all = [first, second].into_iter().chain(values);
            all.map(text).collect::<Vec<_>>().join(",").into()
        }
    }
}
