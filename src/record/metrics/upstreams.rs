//! What is counted of an upstream.

use super::Families;
use super::handles::Lazy;
use crate::record::draft::UpstreamError;
use jiff::Timestamp;
use prometheus::{GaugeVec, Histogram};
use std::time::Duration;

/// How a look-up went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookedUp {
    /// The upstream was asked.
    Asked,
    /// Another asked for both.
    Shared,
    /// The upstream was not asked: it would be too much.
    Limited,
    /// The upstream did not say.
    Failed,
}

impl LookedUp {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Shared, Self::Limited, Self::Failed];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Shared => "shared",
            Self::Limited => "limited",
            Self::Failed => "failed",
        }
    }
}

/// The handle of an upstream.
#[derive(Debug)]
pub struct UpstreamMetrics {
    name: Box<str>,
    seconds: Histogram,
    errors: Lazy,
    look_ups: Lazy,
    expiry: GaugeVec,
}

impl UpstreamMetrics {
    pub(super) fn new(families: &Families, name: &str) -> Self {
        Self {
            name: name.into(),
            seconds: families.upstream_seconds.with_label_values(&[name]),
            errors: Lazy::new(&families.upstream_errors_total, UpstreamError::ALL.len()),
            look_ups: Lazy::new(&families.look_ups_total, LookedUp::ALL.len()),
            expiry: families
                .upstream_credentials_expiry_timestamp_seconds
                .clone(),
        }
    }

    /// An answer began after this long.
    pub fn answered(&self, after: Duration) {
        self.seconds.observe(after.as_secs_f64());
    }

    /// A request to it failed.
    pub fn failed(&self, error: UpstreamError) {
        let position = UpstreamError::ALL.iter().position(|known| *known == error);
        if let Some(position) = position {
            self.errors.inc(position, &[&self.name, error.name()]);
        }
    }

    /// A fact was looked up there, or was to be.
    pub fn looked_up(&self, how: LookedUp) {
        let position = LookedUp::ALL.iter().position(|known| *known == how);
        if let Some(position) = position {
            self.look_ups.inc(position, &[&self.name, how.name()]);
        }
    }

    /// When its credentials expire; `None` when they do not.
    pub fn credentials_expire(&self, at: Option<Timestamp>) {
        match at {
            Some(at) => self
                .expiry
                .with_label_values(&[&*self.name])
                .set(at.as_second() as f64),
            // It fails only where there was nothing to remove.
            None => drop(self.expiry.remove_label_values(&[&*self.name])),
        }
    }
}
