//! What a verified token says.

use super::JwtError;
use super::issuer::Issuer;
use crate::document::{Node, Value};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The claims of a token whose signature, issuer, audience and times were found good.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// `sub`
    pub subject: Box<str>,
    /// `aud`, at least one.
    pub audience: Vec<Box<str>>,
    /// `exp`
    pub expires: Timestamp,
    /// `iat`
    pub issued: Timestamp,
    all: Node,
}

/// The longest subject that AWS takes.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
const MAX_SUBJECT: usize = 255;

impl Claims {
    /// Checks audience and times. `all` is a map.
    pub(super) fn check(all: Node, issuer: &Issuer, now: Timestamp) -> Result<Self, JwtError> {
        let audience = audience(&all)?;
        if !audience.iter().any(|each| issuer.audiences.contains(each)) {
            return Err(JwtError::Audience);
        }
        let expires = time(&all, "exp")?.ok_or(JwtError::Missing("exp"))?;
        let issued = time(&all, "iat")?.ok_or(JwtError::Missing("iat"))?;
        let leeway = issuer.leeway.duration();
        // Additions saturate: a time out of range is one that never comes.
        let ahead = now.saturating_add(leeway).unwrap_or(now);
        let behind = now.saturating_sub(leeway).unwrap_or(now);
        if expires <= behind {
            return Err(JwtError::Expired(expires));
        }
        if let Some(start) = time(&all, "nbf")?.filter(|start| *start > ahead) {
            return Err(JwtError::NotYet(start));
        }
        if issued > ahead {
            return Err(JwtError::NotYet(issued));
        }
        Ok(Self {
            subject: subject(&all)?,
            audience,
            expires,
            issued,
            all,
        })
    }

    /// A claim at the end of a path of names.
    pub fn find(&self, path: &[Box<str>]) -> Option<&Node> {
        let (first, rest) = path.split_first()?;
        let start = self.all.get(first)?;
        rest.iter().try_fold(start, |node, name| node.get(name))
    }

    /// The values of a claim: one of a text, number or boolean, several of a list of such; none of anything else.
    pub fn values(&self, path: &[Box<str>]) -> Vec<Box<str>> {
        self.find(path).map(values).unwrap_or_default()
    }

    /// Every claim that has values, by `ISSUER:CLAIM`.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif>
    pub fn for_conditions(&self, issuer: &str) -> BTreeMap<Box<str>, Vec<Box<str>>> {
        let entries = self.all.entries().iter();
        let named = entries.map(|entry| {
            let name: Box<str> = format!("{issuer}:{}", entry.name).into();
            (name, values(&entry.value))
        });
        named.filter(|(_, values)| !values.is_empty()).collect()
    }
}

fn subject(all: &Node) -> Result<Box<str>, JwtError> {
    let subject = all.get("sub").ok_or(JwtError::Missing("sub"))?;
    let text = subject.text().filter(|text| !text.is_empty());
    let text = text.filter(|text| text.len() <= MAX_SUBJECT);
    text.map(Box::from).ok_or(JwtError::BadClaim("sub"))
}

/// A text or a list of texts.
fn audience(all: &Node) -> Result<Vec<Box<str>>, JwtError> {
    let node = all.get("aud").ok_or(JwtError::Missing("aud"))?;
    let text = |node: &Node| node.text().map(Box::from);
    let texts: Option<Vec<_>> = match &node.value {
        Value::List(items) => items.iter().map(text).collect(),
        Value::Text(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_) => {
            text(node).map(|text| vec![text])
        }
    };
    let texts = texts.filter(|texts| !texts.is_empty());
    texts.ok_or(JwtError::BadClaim("aud"))
}

/// A NumericDate: seconds, perhaps with a fraction, which is cut off.
/// <https://www.rfc-editor.org/rfc/rfc7519#section-2>
fn time(all: &Node, name: &'static str) -> Result<Option<Timestamp>, JwtError> {
    let Some(node) = all.get(name) else {
        return Ok(None);
    };
    let seconds = match &node.value {
        Value::Number(written) => {
            let (whole, fraction) = written.split_once('.').unwrap_or((written, "0"));
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let plain = digits(whole) && digits(fraction);
            plain.then(|| whole.parse::<i64>().ok()).flatten()
        }
        Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
    };
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map(Some).ok_or(JwtError::BadClaim(name))
}

fn values(node: &Node) -> Vec<Box<str>> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(scalar).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
            scalar(node).into_iter().collect()
        }
    }
}

fn scalar(node: &Node) -> Option<Box<str>> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Some(text.as_str().into()),
        Value::Bool(true) => Some("true".into()),
        Value::Bool(false) => Some("false".into()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}
