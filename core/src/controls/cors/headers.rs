//! The headers of an answer that a rule allows.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderName,
    VARY,
};
use http::{HeaderMap, HeaderValue};

/// What a rule says to a browser. S3 says the same to a preflight and with an actual answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsHeaders {
    pub(super) allow_origin: AllowOrigin,
    pub(super) allow_headers: Option<HeaderValue>,
    pub(super) constant: Constant,
}

/// Whom a rule allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AllowOrigin {
    /// Everyone, without credentials: `*` and credentials together are refused by browsers.
    Any,
    /// One origin, also with credentials.
    One(HeaderValue),
}

/// What a rule says whatever the request. Shared, not copied, when a request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Constant {
    pub(super) methods: Option<HeaderValue>,
    pub(super) expose: Option<HeaderValue>,
    pub(super) max_age: Option<HeaderValue>,
}

/// The names that [`CorsHeaders::put`] sets in `Vary`, as S3 writes them.
const VARIES: [&str; 3] = [
    "Origin",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
];

impl CorsHeaders {
    /// The headers that are a rule's to say: whoever answers removes those that an upstream sent.
    pub const NAMES: [HeaderName; 6] = [
        ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE,
    ];

    /// Puts them in the place of all CORS headers that are there, and adds to `Vary` what it lacks.
    pub fn put(&self, headers: &mut HeaderMap) {
        let (origin, credentials) = match &self.allow_origin {
            AllowOrigin::Any => (HeaderValue::from_static("*"), None),
            AllowOrigin::One(origin) => (origin.clone(), Some(HeaderValue::from_static("true"))),
        };
        let values = [
            Some(origin),
            credentials,
            self.constant.methods.clone(),
            self.allow_headers.clone(),
            self.constant.expose.clone(),
            self.constant.max_age.clone(),
        ];
        for (name, value) in Self::NAMES.into_iter().zip(values) {
            match value {
                Some(value) => headers.insert(name, value),
                None => headers.remove(name),
            };
        }
        vary(headers);
    }
}

/// Adds to `Vary` the headers that the choice of a rule depends on, in one line.
fn vary(headers: &mut HeaderMap) {
    let there: Vec<&[u8]> = headers
        .get_all(VARY)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let has = |name: &str| {
        let mut entries = there
            .iter()
            .flat_map(|line| line.split(|byte| *byte == b','));
        entries.any(|entry| {
            let entry = entry.trim_ascii();
            entry == b"*" || entry.eq_ignore_ascii_case(name.as_bytes())
        })
    };
    let missing = VARIES.iter().filter(|name| !has(name));
    let line = there
        .iter()
        .copied()
        .filter(|line| !line.trim_ascii().is_empty());
    let line: Vec<&[u8]> = line.chain(missing.map(|name| name.as_bytes())).collect();
    // Made of values and names, it is one.
    if let Ok(line) = HeaderValue::from_bytes(&line.join(&b", "[..])) {
        headers.insert(VARY, line);
    }
}
