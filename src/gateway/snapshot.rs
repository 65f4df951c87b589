//! What one exchange is served from, from start to end.

use crate::record::metrics::{ListenerMetrics, UpstreamMetrics};
use crate::upstream::Upstream;
use portcullis_core::admission::{ListenerRules, Rules};
use std::sync::Arc;

/// Everything an exchange needs that may change while the gateway runs. Never changed, only replaced.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What decisions are made from.
    pub(super) rules: Rules,
    /// In the order of the rules' routes.
    pub(super) upstreams: Arc<[Target]>,
    /// In the order of the configuration; the front names them by position.
    pub(super) listeners: Arc<[Door]>,
}

/// One upstream as the gateway sees it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) name: Arc<str>,
    pub(super) upstream: Arc<Upstream>,
    pub(super) metrics: Arc<UpstreamMetrics>,
}

/// One listener as the gateway sees it.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) name: Arc<str>,
    pub(super) rules: ListenerRules,
    pub(super) metrics: Arc<ListenerMetrics>,
}
