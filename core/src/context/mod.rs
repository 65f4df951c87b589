//! The condition-key table and the facts behind it.
//!
//! A policy compiles the names of condition keys to [`Key`]s; at decision time it asks a [`Context`] for their
//! values. [`RequestContext`] computes a value from the request's [`Facts`] only when a condition asks for it;
//! [`FixedContext`] holds values written down in a test case. Nothing enters a context but through the rows of
//! [`keys`].

mod callers;
pub mod facts;
mod fixed;
pub mod keys;
pub mod tags;

pub use facts::{AuthType, Body, Facts, Listing, RequestContext, Stored, TlsVersion};
pub use fixed::FixedContext;
pub use keys::Key;
pub use tags::{Tag, parse as parse_tags};

use std::borrow::Cow;
use std::net::IpAddr;

/// Where conditions and policy variables get their values.
pub trait Context {
    /// The value of a key for this request.
    fn lookup(&self, key: &Key) -> Lookup<'_>;
}

/// What is known of a condition key.
#[derive(Debug, Clone, PartialEq)]
pub enum Lookup<'a> {
    /// The key is present with one value.
    One(Value<'a>),
    /// The key is present with a set of values, possibly empty (multivalued keys).
    Many(Vec<Value<'a>>),
    /// The key is absent from this request.
    Absent,
    /// The key may be present; it takes a look-up that has not been made.
    Unknown,
}

/// One value of a condition key.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// A text, also for ARNs and decimals.
    Text(Cow<'a, str>),
    /// An IP address.
    Ip(IpAddr),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// An instant.
    Time(jiff::Timestamp),
}

impl<'a> Value<'a> {
    /// The value as a policy would write it.
    pub fn to_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Ip(address) => Cow::Owned(address.to_string()),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Time(time) => Cow::Owned(time.to_string()),
        }
    }

    /// As [`Value::to_text`], giving up the value.
    pub fn into_text(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => text,
            Self::Ip(_) | Self::Bool(_) | Self::Number(_) | Self::Time(_) => {
                Cow::Owned(self.to_text().into_owned())
            }
        }
    }
}

impl<'a> Lookup<'a> {
    /// A text that is there.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::One(Value::Text(text.into()))
    }

    /// A text that may be absent.
    pub fn optional(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::text)
    }
}

#[cfg(test)]
mod tests;
