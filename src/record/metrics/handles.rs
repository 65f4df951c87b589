//! Handles: series resolved once, so that counting is an index and an atomic addition.
//!
//! A series appears when it first counts, so that a scrape does not list every operation times every status.

use super::{Families, OTHER, Sets};
use crate::record::draft::{Draft, Ending, Record};
use http::StatusCode;
use portcullis_core::admission::{Asked, DecisionMode, DifferenceKind, Shadowed};
use portcullis_core::policy::{Layer, Missing, Verdict};
use portcullis_core::s3::operations::{Level, Operation};
use prometheus::{Histogram, IntCounter, IntCounterVec, IntGauge};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Series that are made when first used.
#[derive(Debug)]
pub(super) struct Lazy {
    family: IntCounterVec,
    series: Box<[OnceLock<IntCounter>]>,
}

impl Lazy {
    pub(super) fn new(family: &IntCounterVec, length: usize) -> Self {
        Self {
            family: family.clone(),
            series: (0..length).map(|_| OnceLock::new()).collect(),
        }
    }

    pub(super) fn inc(&self, position: usize, labels: &[&str]) {
        self.inc_by(position, labels, 1);
    }

    fn inc_by(&self, position: usize, labels: &[&str], count: u64) {
        if let Some(series) = self.series.get(position) {
            series
                .get_or_init(|| self.family.with_label_values(labels))
                .inc_by(count);
        }
    }
}

/// What all listeners share.
#[derive(Debug, Clone)]
pub(super) struct Handles(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The operations' names by `OperationId as usize`.
    operations: Box<[Option<&'static str>]>,
    refusals: HashMap<&'static str, IntCounter>,
    other_refusals: IntCounter,
    front: HashMap<&'static str, IntCounter>,
    other_front: IntCounter,
    decisions: Lazy,
    differences: Lazy,
    seconds: [Histogram; Kind::ALL.len()],
}

impl Handles {
    pub(super) fn new(families: &Families, sets: &Sets) -> Self {
        let by_name = |family: &IntCounterVec, names: &[&'static str]| {
            names
                .iter()
                .map(|name| (*name, family.with_label_values(&[*name])))
                .collect()
        };
        let verdicts = VERDICTS.len() * (LAYERS.len() + 1);
        Self(Arc::new(Shared {
            operations: by_position(&sets.operations),
            refusals: by_name(&families.refusals_total, &sets.error_codes),
            other_refusals: families.refusals_total.with_label_values(&[OTHER]),
            front: by_name(&families.front_refusals_total, &sets.front_reasons),
            other_front: families.front_refusals_total.with_label_values(&[OTHER]),
            decisions: Lazy::new(&families.decisions_total, verdicts),
            differences: Lazy::new(
                &families.shadow_differences_total,
                DifferenceKind::ALL.len() * (LAYERS.len() + 1),
            ),
            seconds: Kind::ALL
                .map(|kind| families.request_seconds.with_label_values(&[kind.name()])),
        }))
    }

    pub(super) fn front_refusal(&self, reason: &str) -> &IntCounter {
        self.0.front.get(reason).unwrap_or(&self.0.other_front)
    }

    fn refusal(&self, code: Option<&str>) -> &IntCounter {
        code.and_then(|code| self.0.refusals.get(code))
            .unwrap_or(&self.0.other_refusals)
    }

    fn shadow(&self, shadowed: &Shadowed) {
        for (kind, layer, count) in &shadowed.counts {
            let row = DifferenceKind::ALL.iter().position(|known| known == kind);
            let (column, layer) = by_layer(*layer);
            let position = row.unwrap_or_default() * (LAYERS.len() + 1) + column;
            let labels = [layer, kind.name()];
            self.0.differences.inc_by(position, &labels, *count);
        }
    }

    fn decision(&self, asked: &Asked) {
        let verdict = asked.decision.verdict;
        let row = VERDICTS.iter().position(|known| same(*known, verdict));
        let (column, layer) = by_layer(asked.decision.by.as_ref().map(|by| by.layer));
        let position = row.unwrap_or_default() * (LAYERS.len() + 1) + column;
        self.0.decisions.inc(position, &[verdict.name(), layer]);
    }
}

/// The position of a layer among the series, and its name; the last is for no layer.
fn by_layer(layer: Option<Layer>) -> (usize, &'static str) {
    let position = layer.and_then(|layer| LAYERS.iter().position(|known| *known == layer));
    let position = position.unwrap_or(LAYERS.len());
    (position, layer.map_or("none", Layer::name))
}

fn by_position(operations: &[&'static Operation]) -> Box<[Option<&'static str>]> {
    let length = operations
        .iter()
        .map(|operation| operation.id as usize + 1)
        .max()
        .unwrap_or_default();
    let mut names = vec![None; length];
    for operation in operations {
        if let Some(name) = names.get_mut(operation.id as usize) {
            *name = Some(operation.name);
        }
    }
    names.into()
}

const VERDICTS: [Verdict; 4] = [
    Verdict::Allow,
    Verdict::ExplicitDeny,
    Verdict::ImplicitDeny(Missing::Identity),
    Verdict::Unknown,
];

/// Whichever side's allow is missing.
fn same(one: Verdict, other: Verdict) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}

const LAYERS: [Layer; 10] = [
    Layer::Guardrail,
    Layer::Rego,
    Layer::ServiceControl,
    Layer::Bucket,
    Layer::Acl,
    Layer::Identity,
    Layer::Boundary,
    Layer::Session,
    Layer::Root,
    Layer::PublicAccess,
];

/// What kind of work a request is; its duration depends on it.
#[derive(Debug, Clone, Copy)]
enum Kind {
    ObjectRead,
    ObjectWrite,
    ObjectDelete,
    Bucket,
    Other,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::ObjectRead,
        Self::ObjectWrite,
        Self::ObjectDelete,
        Self::Bucket,
        Self::Other,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::ObjectRead => "object_read",
            Self::ObjectWrite => "object_write",
            Self::ObjectDelete => "object_delete",
            Self::Bucket => "bucket",
            Self::Other => OTHER,
        }
    }

    fn of(operation: Option<&Operation>) -> Self {
        let Some(operation) = operation else {
            return Self::Other;
        };
        match (operation.acts_on(), operation.method) {
            (Level::Service | Level::Account | Level::Bucket, _) => Self::Bucket,
            (Level::ObjectLambda, _) => Self::Other,
            (Level::Object, "GET" | "HEAD") => Self::ObjectRead,
            (Level::Object, "PUT" | "POST") => Self::ObjectWrite,
            (Level::Object, "DELETE") => Self::ObjectDelete,
            (Level::Object, _) => Self::Other,
        }
    }
}

/// The handle of a listener.
#[derive(Debug)]
pub struct ListenerMetrics {
    name: Box<str>,
    shared: Handles,
    requests: Lazy,
    endings: Lazy,
    received: IntCounter,
    sent: IntCounter,
    connections: IntGauge,
    handshake_failures: IntCounter,
    observed: Lazy,
    modes: [(DecisionMode, IntGauge); 2],
}

impl ListenerMetrics {
    pub(super) fn new(families: &Families, shared: &Handles, name: &str) -> Self {
        let operations = shared.0.operations.len() + 1;
        Self {
            name: name.into(),
            shared: shared.clone(),
            requests: Lazy::new(&families.requests_total, operations * STATUS_CLASSES.len()),
            endings: Lazy::new(&families.endings_total, ENDINGS),
            received: families.bytes_received_total.with_label_values(&[name]),
            sent: families.bytes_sent_total.with_label_values(&[name]),
            connections: families.connections.with_label_values(&[name]),
            handshake_failures: families
                .tls_handshake_failures_total
                .with_label_values(&[name]),
            observed: Lazy::new(&families.observed_denials_total, LAYERS.len() + 1),
            modes: [DecisionMode::Enforce, DecisionMode::Observe].map(|mode| {
                let labels = [name, mode.name()];
                (mode, families.decision_mode.with_label_values(&labels))
            }),
        }
    }

    /// Counts a record of an exchange that came through this listener.
    pub fn observe(&self, record: &Record) {
        let exchange = &record.exchange;
        self.request(exchange);
        let (position, name) = (ending_position(record.ending), record.ending.name());
        self.endings.inc(position, &[&self.name, name]);
        if matches!(record.ending, Ending::Refused | Ending::BodyRefused) {
            self.shared
                .refusal(exchange.sent.error_code.as_deref())
                .inc();
        }
        if let Some(asked) = &exchange.labels.decision {
            self.shared.decision(asked);
        }
        if let Some(shadowed) = &exchange.labels.shadow {
            self.shared.shadow(shadowed);
        }
        if let Some(observed) = &exchange.labels.observed {
            let (position, layer) = by_layer(observed.layer());
            let count = observed.count as u64;
            self.observed.inc_by(position, &[&self.name, layer], count);
        }
        let kind = Kind::of(exchange.labels.operation);
        if let Some(seconds) = self.shared.0.seconds.get(kind as usize) {
            seconds.observe(exchange.total.as_secs_f64());
        }
        self.received.inc_by(exchange.bytes_received);
        self.sent.inc_by(exchange.sent.bytes);
    }

    /// Says how it decides.
    pub fn decides(&self, mode: DecisionMode) {
        for (known, gauge) in &self.modes {
            gauge.set(i64::from(*known == mode));
        }
    }

    /// One connection more, until what this gives is dropped.
    pub fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// A TLS handshake came to nothing.
    pub fn handshake_failed(&self) {
        self.handshake_failures.inc();
    }

    fn request(&self, exchange: &Draft) {
        let names = &self.shared.0.operations;
        let known = exchange
            .labels
            .operation
            .map(|operation| operation.id as usize)
            .and_then(|id| Some((id, (*names.get(id)?)?)));
        let (row, name) = known.unwrap_or((names.len(), OTHER));
        let column = status_class(exchange.sent.status);
        let class = STATUS_CLASSES.get(column).copied().unwrap_or(OTHER);
        let position = row * STATUS_CLASSES.len() + column;
        self.requests.inc(position, &[&self.name, name, class]);
    }
}

/// A connection that counts as open as long as this lives.
#[derive(Debug)]
#[must_use = "dropping it counts the connection as closed"]
pub struct Connected(IntGauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

const STATUS_CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

fn status_class(status: Option<StatusCode>) -> usize {
    let hundreds = status.map_or(0, |status| usize::from(status.as_u16() / 100));
    if hundreds < STATUS_CLASSES.len() {
        hundreds
    } else {
        0
    }
}

const ENDINGS: usize = 7;

fn ending_position(ending: Ending) -> usize {
    match ending {
        Ending::Answered => 0,
        Ending::Refused => 1,
        Ending::FrontRefused => 2,
        Ending::BodyRefused => 3,
        Ending::ClientAborted => 4,
        Ending::UpstreamFailed(_) => 5,
        Ending::Failed => 6,
    }
}
