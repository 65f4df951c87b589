//! Query and headers as guardrails read them: without secrets.

use crate::request::Query;
use crate::s3::operations::Operation;
use http::HeaderMap;
use http::header::USER_AGENT;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Query parameters by name; a name that means something comes once, or the request is refused before.
pub(super) struct Parameters<'a>(pub(super) &'a Query);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let parameters = self.0.0.iter().map(|parameter| {
            let value = parameter.value.as_deref().unwrap_or_default();
            match value.is_empty() || !is_secret(&parameter.name) {
                true => (&*parameter.name, value),
                false => (&*parameter.name, "***"),
            }
        });
        // Names that S3 ignores may repeat: a map has each once.
        to.collect_map(parameters.collect::<BTreeMap<_, _>>())
    }
}

/// The headers that mean something to the operation, and `user-agent`. Any other is not sent on, and nobody knows whether
/// it is a secret.
pub(super) struct Headers<'a> {
    pub(super) operation: &'static Operation,
    pub(super) sent: &'a HeaderMap,
}

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        let listed = |name: &str| self.operation.disposition(name).is_some();
        for name in self.sent.keys() {
            if (*name == USER_AGENT || listed(name.as_str())) && !is_secret(name.as_str()) {
                map.serialize_entry(name.as_str(), &joined(self.sent, name))?;
            }
        }
        map.end()
    }
}

/// A header's values, as HTTP reads a repeated one.
fn joined<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Cow<'a, str> {
    let mut values = headers
        .get_all(name)
        .iter()
        .map(|value| text(value.as_bytes()));
    let first = values.next().unwrap_or_default();
    values.fold(first, |all, value| Cow::Owned(format!("{all}, {value}")))
}

/// Names of headers and query parameters whose values are credentials, keys or proofs.
const SECRETS: [&str; 7] = [
    "authorization",
    "awsaccesskeyid",
    "cookie",
    "policy",
    "signature",
    "x-amz-credential",
    "x-amz-signature",
];

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // SSE-C keys with their digests, and the tokens of sessions.
    SECRETS.contains(&&*name)
        || name.contains("customer-key")
        || name.ends_with("-token") && name != "continuation-token"
}
