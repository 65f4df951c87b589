//! The order of checks.

use super::{Arrival, Auth, Permit, Rules};
use crate::identity::{AccessKeyId, Account, Principal};
use crate::policy::Decision;
use crate::request::Head;
use crate::s3::answer::Answer;
use crate::s3::names::Target;
use crate::s3::operations::Operation;
use bytes::Bytes;
use std::sync::Arc;

/// What became of a request, and what its record says of it.
#[derive(Debug)]
pub struct Admission {
    pub labels: Labels,
    pub outcome: Outcome,
}

/// What is done next.
#[derive(Debug)]
pub enum Outcome {
    /// Go upstream. The permit carries its own copy of the labels.
    Forward(Box<Permit>),
    /// Answer without the upstream.
    Answer(Answer),
    /// Read the body, then resume.
    Need(Box<Waiting>),
}

/// What is known of a request for its record, as far as admission got.
#[derive(Debug, Clone)]
pub struct Labels {
    pub operation: Option<&'static Operation>,
    pub target: Option<Target>,
    /// The version asked for.
    pub version_id: Option<Box<str>>,
    pub auth: Option<Auth>,
    pub principal: Principal,
    pub access_key: Option<AccessKeyId>,
    /// The account that owns the bucket.
    pub owner: Option<Arc<Account>>,
    /// Position in [`super::Routes`].
    pub upstream: Option<usize>,
    /// The permission that decided: the first that was refused, or the first that was asked.
    pub decision: Option<Asked>,
    /// DeleteObjects: each key, its version and what was decided.
    pub items: Vec<Item>,
}

/// One permission and the decision on it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub action: &'static str,
    /// The resource's ARN.
    pub resource: String,
    pub decision: Decision,
}

/// One key of DeleteObjects.
#[derive(Debug, Clone)]
pub struct Item {
    pub key: Box<str>,
    pub version_id: Option<Box<str>>,
    pub allowed: bool,
}

/// A request that cannot be decided before its body is read.
#[derive(Debug)]
pub struct Waiting {
    _todo: (),
}

impl Waiting {
    /// The most bytes the body may have.
    pub fn limit(&self) -> usize {
        0
    }

    /// Continues with the whole body, decoded and verified by [`crate::sigv4::payload`].
    pub fn resume(
        self: Box<Self>,
        _rules: &Rules,
        _arrival: &Arrival<'_>,
        _body: Bytes,
    ) -> Admission {
        unimplemented!()
    }
}

/// Decides what becomes of a request.
pub fn admit(_rules: &Rules, _head: &Head<'_>, _arrival: &Arrival<'_>) -> Admission {
    unimplemented!()
}
