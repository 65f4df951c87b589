//! One rule.

use super::fault::{Fault, Field, MAX_ID};
use super::headers::{AllowOrigin, Constant, CorsHeaders};
use super::request::CorsRequest;
use super::wildcard::{Wildcard, is_token, is_unfit};
use http::HeaderValue;

/// The most header names of a preflight. A browser asks for a handful; without a limit every name would be held against
/// every AllowedHeader, and who may send no request at all could ask for that.
pub(super) const MAX_NAMES: usize = 256;

/// A rule of a configuration, with what it says ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) parts: Parts,
    constant: Constant,
}

/// What a document says of a rule. Each value has been checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Parts {
    pub(super) id: Option<Box<str>>,
    pub(super) origins: Vec<Wildcard>,
    pub(super) methods: Vec<CorsMethod>,
    pub(super) headers: Vec<Wildcard>,
    pub(super) expose: Vec<Box<str>>,
    /// In seconds, at most `i32::MAX`.
    pub(super) max_age: Option<u32>,
}

/// A method that a rule can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CorsMethod {
    Get,
    Put,
    Post,
    Delete,
    Head,
}

impl CorsMethod {
    pub(super) const ALL: [Self; 5] = [Self::Get, Self::Put, Self::Post, Self::Delete, Self::Head];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
        }
    }

    /// The method of this name; case counts.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut all = Self::ALL.into_iter();
        all.find(|method| method.name() == text)
            .ok_or_else(|| Fault::Method(text.into()))
    }
}

impl Rule {
    pub(super) fn matches(&self, request: &CorsRequest<'_>) -> bool {
        self.allows_origin(request)
            && self.allows_method(request)
            && request.names().nth(MAX_NAMES).is_none()
            && request.names().all(|name| self.allows_header(name))
    }

    pub(super) fn allows_origin(&self, request: &CorsRequest<'_>) -> bool {
        let mut origins = self.parts.origins.iter();
        origins.any(|origin| origin.matches(request.origin))
    }

    pub(super) fn allows_method(&self, request: &CorsRequest<'_>) -> bool {
        let mut methods = self.parts.methods.iter();
        methods.any(|method| method.name() == request.tested_method())
    }

    /// Whether it allows a header. What cannot be a header's name is no header, even where all are allowed.
    pub(super) fn allows_header(&self, name: &str) -> bool {
        let mut headers = self.parts.headers.iter();
        is_token(name) && headers.any(|header| header.matches_ignoring_case(name))
    }

    /// What it says to a request that it matches; nothing to an origin that no header can carry.
    pub(super) fn answer(&self, request: &CorsRequest<'_>) -> Option<CorsHeaders> {
        Some(CorsHeaders {
            allow_origin: self.allow_origin(request)?,
            allow_headers: allow_headers(request),
            constant: self.constant.clone(),
        })
    }

    /// AWS does not say what a rule answers that lists `*` beside the origin: anyone may read then, so it says so.
    fn allow_origin(&self, request: &CorsRequest<'_>) -> Option<AllowOrigin> {
        if self.parts.origins.iter().any(Wildcard::is_any) {
            return Some(AllowOrigin::Any);
        }
        let origin = HeaderValue::from_str(request.origin).ok()?;
        Some(AllowOrigin::One(origin))
    }
}

impl From<Parts> for Rule {
    fn from(parts: Parts) -> Self {
        let methods = parts.methods.iter().map(|method| method.name());
        let exposed = parts.expose.iter().map(|name| &**name);
        let constant = Constant {
            methods: list(methods),
            expose: list(exposed.filter(|name| !name.is_empty())),
            max_age: parts.max_age.map(HeaderValue::from),
        };
        Self { parts, constant }
    }
}

/// Reads an ID. An empty one is none.
pub(super) fn id(text: &str) -> Result<Option<Box<str>>, Fault> {
    if text.chars().any(is_unfit) {
        return Err(Fault::Character(Field::Id, text.into()));
    }
    if text.chars().nth(MAX_ID).is_some() {
        return Err(Fault::LongId);
    }
    Ok((!text.is_empty()).then(|| text.into()))
}

/// Reads an ExposeHeader: a header's name, in full. An empty one is kept and says nothing.
pub(super) fn exposed(text: &str) -> Result<Box<str>, Fault> {
    if text.contains('*') {
        return Err(Fault::ExposedWildcard(text.into()));
    }
    if !text.is_empty() && !is_token(text) {
        return Err(Fault::Character(Field::ExposeHeader, text.into()));
    }
    Ok(text.into())
}

/// Adds a rule whose ID no other has.
pub(super) fn add(rules: &mut Vec<Rule>, rule: Rule) -> Result<(), Fault> {
    let id = rule.parts.id.as_ref();
    if let Some(id) = id.filter(|id| rules.iter().any(|rule| rule.parts.id.as_ref() == Some(id))) {
        return Err(Fault::SameId(id.clone()));
    }
    rules.push(rule);
    Ok(())
}

/// The requested names in lower case and in their order, as S3 sends them back.
fn allow_headers(request: &CorsRequest<'_>) -> Option<HeaderValue> {
    request.names().next()?;
    let mut line = String::with_capacity(request.requested_headers.len() + 16);
    for name in request.names() {
        if !line.is_empty() {
            line.push_str(", ");
        }
        line.push_str(name);
    }
    line.make_ascii_lowercase();
    HeaderValue::try_from(line).ok()
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> Option<HeaderValue> {
    let line = texts.collect::<Vec<_>>().join(", ");
    let line = Some(line).filter(|line| !line.is_empty());
    line.and_then(|line| HeaderValue::try_from(line).ok())
}
