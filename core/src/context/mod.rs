//! The condition-key table and the facts behind it.
//!
//! A policy compiles the names of condition keys to [`Key`]s; at decision time it asks a [`Context`] for their
//! values. [`RequestContext`] computes a value from the request's facts only when a condition asks for it.

pub mod keys;

pub use keys::Key;

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
    Text(Cow<'a, str>),
    Ip(IpAddr),
    Bool(bool),
    Number(i64),
    Time(jiff::Timestamp),
}
