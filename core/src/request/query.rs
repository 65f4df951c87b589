//! The query string.

use super::ParseError;
use super::encoding::{encode_query_component, percent_decode};

/// Decoded query parameters in the order they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(pub Vec<Parameter>);

/// One query parameter, percent-decoded; `+` stays a plus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The name; its case counts.
    pub name: Box<str>,
    /// `None` for `?name`, empty for `?name=`.
    pub value: Option<Box<str>>,
}

/// The names of a presigned URL, exactly so: S3 knows no other case.
const PRESIGNED: &[&str] = &[
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

/// The names of a URL presigned with Signature Version 2.
const PRESIGNED_V2: &[&str] = &["AWSAccessKeyId", "Expires", "Signature"];

/// Headers the SDKs move into the query of a presigned URL although they only ask for more in the answer or say
/// which algorithm the SDK would use. Signed over, otherwise without effect.
const REMARKS: &[&str] = &[
    "x-amz-checksum-mode",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-user-agent",
];

/// Whether a query name is for the signature: accepted with every operation and never sent upstream.
pub fn belongs_to_signature(name: &str) -> bool {
    PRESIGNED.contains(&name) || PRESIGNED_V2.contains(&name)
}

/// Whether S3 ignores a query name: `x-id` and whatever else begins with `x-` but not with `x-amz-`. Accepted with
/// every operation, signed over, never routed on and never sent upstream.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>
pub fn is_ignored(name: &str) -> bool {
    REMARKS.contains(&name) || starts_with(name, "x-") && !starts_with(name, "x-amz-")
}

fn starts_with(name: &str, prefix: &str) -> bool {
    let start = name.get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

impl Query {
    /// Decodes what stands after the question mark. Empty parts (`a&&b`) do not count; a part without a name is
    /// refused.
    pub fn parse(raw: &[u8]) -> Result<Self, ParseError> {
        raw.split(|byte| *byte == b'&')
            .filter(|part| !part.is_empty())
            .map(Parameter::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The value of a parameter; empty if it has none, `None` if there is no such parameter. The first one counts,
    /// and [`super::parse`] refuses a second.
    pub fn get(&self, name: &str) -> Option<&str> {
        let parameter = self.0.iter().find(|parameter| &*parameter.name == name)?;
        Some(parameter.value.as_deref().unwrap_or_default())
    }

    /// Whether there is a parameter of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|parameter| &*parameter.name == name)
    }

    /// The canonical query string of the signature, without the names that `drop` picks: encoded, sorted by name
    /// and value, `name=` for a parameter without value.
    pub fn canonical(&self, drop: impl Fn(&str) -> bool) -> String {
        let mut pairs: Vec<(String, String)> = self
            .0
            .iter()
            .filter(|parameter| !drop(&parameter.name))
            .map(Parameter::encoded)
            .collect();
        pairs.sort_unstable();
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    }

    /// The query as the upstream gets it: canonical, without what belongs to the client's signature or is ignored.
    pub fn upstream(&self) -> String {
        self.canonical(|name| belongs_to_signature(name) || is_ignored(name))
    }
}

impl Parameter {
    fn parse(part: &[u8]) -> Result<Self, ParseError> {
        let mut halves = part.splitn(2, |byte| *byte == b'=');
        let name = text(halves.next().unwrap_or_default())?;
        if name.is_empty() {
            return Err(ParseError::BadTarget);
        }
        let value = halves.next().map(text).transpose()?;
        Ok(Self { name, value })
    }

    fn encoded(&self) -> (String, String) {
        let value = self.value.as_deref().unwrap_or_default();
        (
            encode_query_component(&self.name),
            encode_query_component(value),
        )
    }
}

fn text(raw: &[u8]) -> Result<Box<str>, ParseError> {
    let bytes = percent_decode(raw).ok_or(ParseError::BadTarget)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) if !text.contains('\0') => Ok(text.into()),
        _ => Err(ParseError::BadTarget),
    }
}
