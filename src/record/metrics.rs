//! Metrics, as a table.
//!
//! Every label comes from a closed set: the configuration's names, the operation table, the error table, our own enums.
//! Nothing a client sends becomes a label. Handles are resolved once, for a listener or an upstream, and counting a
//! record looks nothing up by name.

mod handles;
#[cfg(test)]
mod tests;
mod upstreams;

pub use handles::{Connected, ListenerMetrics};
pub use upstreams::{LookedUp, UpstreamMetrics};

use handles::Handles;
use portcullis_core::s3::operations::Operation;
use prometheus::{
    GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What begins every name.
pub const NAMESPACE: &str = "portcullis";

/// One row of the table: a metric as it is scraped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Its name, without the namespace.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What it counts, and in which unit.
    pub help: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
}

/// Declares the metrics: a field, its kind, its labels and its help.
macro_rules! metrics {
    ($($field:ident: $kind:ident [$($label:ident),*] $help:literal;)*) => {
        /// Every metric but those of the process.
        pub const FAMILIES: &[Family] = &[$(Family {
            name: stringify!($field),
            kind: metrics!(@name $kind),
            help: $help,
            labels: &[$(stringify!($label)),*],
        }),*];

        #[derive(Debug)]
        struct Families {
            $($field: metrics!(@type $kind),)*
        }

        impl Families {
            fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
                $(
                    let $field = metrics!(@new $kind, stringify!($field), $help, &[$(stringify!($label)),*]);
                    registry.register(Box::new($field.clone()))?;
                )*
                Ok(Self { $($field),* })
            }
        }
    };
    (@name counter) => { "counter" };
    (@name gauge) => { "gauge" };
    (@name seconds) => { "gauge" };
    (@name histogram) => { "histogram" };
    (@type counter) => { IntCounterVec };
    (@type gauge) => { IntGaugeVec };
    (@type seconds) => { GaugeVec };
    (@type histogram) => { HistogramVec };
    (@new counter, $name:expr, $help:expr, $labels:expr) => {
        IntCounterVec::new(Opts::new($name, $help).namespace(NAMESPACE), $labels)?
    };
    (@new gauge, $name:expr, $help:expr, $labels:expr) => {
        IntGaugeVec::new(Opts::new($name, $help).namespace(NAMESPACE), $labels)?
    };
    (@new seconds, $name:expr, $help:expr, $labels:expr) => {
        GaugeVec::new(Opts::new($name, $help).namespace(NAMESPACE), $labels)?
    };
    (@new histogram, $name:expr, $help:expr, $labels:expr) => {
        HistogramVec::new(
            HistogramOpts::new($name, $help).namespace(NAMESPACE).buckets(BUCKETS.to_vec()),
            $labels,
        )?
    };
}

metrics! {
    requests_total: counter [listener, operation, status_class] "Exchanges, by S3 operation and class of the status sent; `none` when the client got no status.";
    endings_total: counter [listener, ending] "Exchanges, by how they ended.";
    refusals_total: counter [code] "Requests the gateway refused, by S3 error code.";
    decisions_total: counter [verdict, layer] "Decisions, by verdict and the layer of policy that gave it; `none` when no statement did.";
    request_seconds: histogram [kind] "Seconds from a request's arrival to the last byte of its answer.";
    upstream_seconds: histogram [upstream] "Seconds from the last byte sent upstream to the first byte of the answer.";
    bytes_received_total: counter [listener] "Bytes of request bodies.";
    bytes_sent_total: counter [listener] "Bytes of answers' bodies.";
    connections: gauge [listener] "Open client connections, those in their TLS handshake included.";
    tls_handshake_failures_total: counter [listener] "TLS handshakes with clients that failed, took too long or were broken off.";
    front_refusals_total: counter [reason] "Requests refused before they were S3 requests: framing, limits, deadlines.";
    upstream_errors_total: counter [upstream, kind] "Failures of an upstream.";
    look_ups_total: counter [upstream, outcome] "Look-ups of facts that a decision depended on: the upstream was `asked`, another's answer was `shared`, it would have been too much (`limited`), or it `failed`.";
    upstream_credentials_expiry_timestamp_seconds: seconds [upstream] "When the credentials for an upstream expire; absent when they do not.";
    decision_mode: gauge [listener, mode] "1 for the mode in which a listener decides, `enforce` or `observe`; 0 for the other.";
    observed_denials_total: counter [listener, layer] "Requests, and keys of DeleteObjects, that passed only because the listener observes, by the layer whose allow is missing.";
    shadow_differences_total: counter [layer, kind] "Permissions that policies in shadow would decide otherwise, by the layer that would make the difference.";
    lock_refusals_total: counter [code] "Changes that Object Lock refused: `AccessDenied` because a version is locked, `ServiceUnavailable` because it may be.";
    lock_clock_frozen: gauge [] "1 while no lock is released because the clock is in doubt.";
    locks_in_doubt: gauge [] "1 while every version counts as locked because the state store may have forgotten locks.";
    records_dropped_total: counter [] "Records a sink could not take.";
    config_last_reload_success_timestamp_seconds: seconds [] "When configuration, identities and policies were last read and taken.";
    config_last_reload_successful: gauge [] "1 if the last attempt to read configuration, identities and policies was taken, 0 if what was in force stayed.";
    config_reloads_total: counter [] "Reloads that were taken.";
    config_reload_failures_total: counter [reason] "Reloads that were not taken: the files are `broken`, or what changed `needs_restart`.";
    policies_info: gauge [revision] "Always 1: which configuration, identities and policies are in force.";
    build_info: gauge [version] "Always 1.";
}

/// Upper bounds of the histograms, in seconds: small reads at one end, large uploads at the other.
const BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0,
];

/// The label of what is in no closed set.
const OTHER: &str = "other";

/// The closed sets that labels come from, beside the configuration's names.
#[derive(Debug, Default)]
pub struct Sets {
    /// The operation table.
    pub operations: Vec<&'static Operation>,
    /// The error table's codes.
    pub error_codes: Vec<&'static str>,
    /// Why the front refuses.
    pub front_reasons: Vec<&'static str>,
}

/// Why a reload was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadFailure {
    /// The files are broken.
    Broken,
    /// What changed cannot change while the gateway runs.
    NeedsRestart,
    /// Anything else.
    Other,
}

impl ReloadFailure {
    const ALL: [Self; 3] = [Self::Broken, Self::NeedsRestart, Self::Other];

    fn name(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::NeedsRestart => "needs_restart",
            Self::Other => OTHER,
        }
    }
}

/// All metrics of the gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    families: Families,
    handles: Handles,
    listeners: Mutex<HashMap<Box<str>, Arc<ListenerMetrics>>>,
    upstreams: Mutex<HashMap<Box<str>, Arc<UpstreamMetrics>>>,
}

impl Metrics {
    /// Registers every metric, and those of the process where the system tells them.
    pub fn new(sets: &Sets) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let families = Families::register(&registry)?;
        #[cfg(target_os = "linux")]
        registry.register(Box::new(
            prometheus::process_collector::ProcessCollector::for_self(),
        ))?;
        families
            .build_info
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        for code in ["AccessDenied", "ServiceUnavailable"] {
            families.lock_refusals_total.with_label_values(&[code]);
        }
        Ok(Self {
            handles: Handles::new(&families, sets),
            registry,
            families,
            listeners: Mutex::default(),
            upstreams: Mutex::default(),
        })
    }

    /// The handle of a listener; the same one for the same name. `name` must come from the configuration.
    pub fn listener(&self, name: &str) -> Arc<ListenerMetrics> {
        resolve(&self.listeners, name, || {
            ListenerMetrics::new(&self.families, &self.handles, name)
        })
    }

    /// The handle of an upstream; the same one for the same name. `name` must come from the configuration.
    pub fn upstream(&self, name: &str) -> Arc<UpstreamMetrics> {
        resolve(&self.upstreams, name, || {
            UpstreamMetrics::new(&self.families, name)
        })
    }

    /// Counts a refusal of the front. A reason outside [`Sets::front_reasons`] counts as `other`.
    pub fn front_refusal(&self, reason: &str) {
        self.handles.front_refusal(reason).inc();
    }

    /// Counts records that no sink took; for [`super::Recorder::open`].
    pub fn records_dropped(&self) -> IntCounter {
        self.families
            .records_dropped_total
            .with_label_values::<&str>(&[])
    }

    /// Counts a change that Object Lock refused, by the code of the error.
    pub fn lock_refused(&self, code: &'static str) {
        let refusals = &self.families.lock_refusals_total;
        refusals.with_label_values(&[code]).inc();
    }

    /// Whether no lock is released, because the clock is in doubt.
    pub fn lock_clock_frozen(&self) -> IntGauge {
        let frozen = &self.families.lock_clock_frozen;
        frozen.with_label_values::<&str>(&[])
    }

    /// Whether the store may have forgotten locks.
    pub fn locks_in_doubt(&self, doubt: bool) {
        let gauge = &self.families.locks_in_doubt;
        gauge.with_label_values::<&str>(&[]).set(doubt.into());
    }

    /// Configuration, identities and policies of this revision are in force: read at the start.
    pub fn loaded(&self, now: jiff::Timestamp, revision: &str) {
        let families = &self.families;
        // All count from zero, so that an alert sees the first.
        families.config_reloads_total.with_label_values::<&str>(&[]);
        for reason in ReloadFailure::ALL {
            let failures = &families.config_reload_failures_total;
            failures.with_label_values(&[reason.name()]);
        }
        self.in_force(now, revision);
    }

    /// The same: read again.
    pub fn reloaded(&self, now: jiff::Timestamp, revision: &str) {
        let reloads = &self.families.config_reloads_total;
        reloads.with_label_values::<&str>(&[]).inc();
        self.in_force(now, revision);
    }

    fn in_force(&self, now: jiff::Timestamp, revision: &str) {
        let seconds = now.as_millisecond() as f64 / 1000.0;
        let when = &self.families.config_last_reload_success_timestamp_seconds;
        when.with_label_values::<&str>(&[]).set(seconds);
        self.last_reload().set(1);
        // One series at a time, whatever is loaded.
        self.families.policies_info.reset();
        let info = &self.families.policies_info;
        info.with_label_values(&[revision]).set(1);
    }

    /// A reload was not taken.
    pub fn reload_failed(&self, reason: ReloadFailure) {
        let failures = &self.families.config_reload_failures_total;
        failures.with_label_values(&[reason.name()]).inc();
        self.last_reload().set(0);
    }

    fn last_reload(&self) -> IntGauge {
        let last = &self.families.config_last_reload_successful;
        last.with_label_values::<&str>(&[])
    }

    /// Everything in the Prometheus text format.
    pub fn text(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

fn resolve<T>(
    known: &Mutex<HashMap<Box<str>, Arc<T>>>,
    name: &str,
    make: impl FnOnce() -> T,
) -> Arc<T> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let handle = known.entry(name.into()).or_insert_with(|| Arc::new(make()));
    Arc::clone(handle)
}
