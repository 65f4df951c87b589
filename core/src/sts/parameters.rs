//! The parameters of a call, as a query or a form carries them.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/programming.html>

use super::error::{Code, StsError};
use crate::request::percent_decode;
use std::collections::{BTreeMap, BTreeSet};

/// The most parameters that are read: more than any call has.
const MAX_PARAMETERS: usize = 256;

/// Decoded parameters, each at most once. What is taken is removed; what is left over in the end is unknown.
#[derive(Debug)]
pub(super) struct Parameters(BTreeMap<Box<str>, Box<str>>);

impl Parameters {
    /// Reads the query and the body together. Parameters of a presigned URL are left out.
    pub(super) fn read(query: &[u8], body: &[u8]) -> Result<Self, StsError> {
        let malformed =
            || StsError::new(Code::MalformedQueryString, "the parameters are malformed");
        let parts = query.split(|byte| *byte == b'&');
        let parts = parts.chain(body.split(|byte| *byte == b'&'));
        let mut all = BTreeMap::new();
        for part in parts.filter(|part| !part.is_empty()) {
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let name = text(halves.next().unwrap_or_default()).ok_or_else(malformed)?;
            let value = text(halves.next().unwrap_or_default()).ok_or_else(malformed)?;
            if name.starts_with("X-Amz-") {
                continue;
            }
            if all.len() == MAX_PARAMETERS || all.insert(name, value).is_some() {
                return Err(malformed());
            }
        }
        Ok(Self(all))
    }

    /// The parameter of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<Box<str>> {
        self.0.remove(name)
    }

    /// The parameters `NAME.member.N`, or with a field `NAME.member.N.FIELD`, in the order of their numbers, each as
    /// the fields it has. An empty list is written as `NAME=`.
    pub(super) fn list<const N: usize>(
        &mut self,
        name: &str,
        fields: [&str; N],
    ) -> Vec<[Option<Box<str>>; N]> {
        if self.0.get(name).is_some_and(|value| value.is_empty()) {
            self.0.remove(name);
        }
        let prefix = format!("{name}.member.");
        let numbers: BTreeSet<u16> = self
            .0
            .keys()
            .filter_map(|name| number(name.strip_prefix(&prefix)?))
            .collect();
        let mut field = |number: u16, field: &str| {
            let dot = if field.is_empty() { "" } else { "." };
            self.0.remove(&*format!("{prefix}{number}{dot}{field}"))
        };
        numbers
            .into_iter()
            .map(|number| fields.map(|name| field(number, name)))
            .collect()
    }

    /// Refuses what nobody took: a parameter that we do not know may be one that narrows.
    pub(super) fn finish(self) -> Result<(), StsError> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => {
                let name: String = name.chars().take(64).collect();
                let message = format!("The parameter {name} is not supported by this action");
                Err(StsError::new(Code::InvalidQueryParameter, message))
            }
        }
    }
}

/// The number at the beginning: from 1, without leading zeros.
fn number(rest: &str) -> Option<u16> {
    let digits = rest.split('.').next().unwrap_or_default();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    plain.then(|| digits.parse().ok()).flatten()
}

/// Form encoding: a plus is a space.
fn text(raw: &[u8]) -> Option<Box<str>> {
    let spaced: Vec<u8> = raw
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    let bytes = percent_decode(&spaced)?;
    std::str::from_utf8(&bytes).ok().map(Box::from)
}
