//! Whether this caller may make this request: every permission the operation's row asks for is put to the engine.

use super::permit::Run;
use super::{Arrival, Asked, Item, Labels, Rules, refuse};
use crate::context::{Facts, RequestContext};
use crate::policy::{self, Decision, Policies, Question, Verdict};
use crate::request::{Head, S3Request};
use crate::s3::answer::S3Error;
use crate::s3::names::Target;
use crate::s3::operations::{Effect, Need, On, OperationId, When};
use crate::s3::xml::{DeleteFailure, DeleteObject, DeleteRequest};
use bytes::Bytes;

/// One request on its way through admission, after its caller is known.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) rules: &'a Rules,
    pub(super) head: &'a Head<'a>,
    pub(super) arrival: &'a Arrival<'a>,
    pub(super) request: &'a S3Request,
    /// Position in the routes; `None` for the service.
    pub(super) route: Option<usize>,
}

/// What was granted.
pub(super) struct Granted {
    pub(super) run: Run,
    /// The caller may not learn that a key is missing.
    pub(super) conceal_missing: bool,
}
