//! One [`Record`] per exchange, on every ending, and what is made of it: the S3 server access log line, one JSON
//! object, metrics.
//!
//! The gateway fills a [`Draft`] while the exchange runs and hands it to [`finish`]; [`Recorder`] writes the record,
//! [`metrics::Metrics`] counts it. Nothing here decides anything, reads a clock or knows the configuration.

mod draft;
mod escape;
mod id;
mod json;
mod line;
pub mod metrics;
mod names;
mod recorder;
#[cfg(test)]
mod tests;

pub use draft::{
    BatchItem, CopyFrom, Draft, Ending, LoggedUri, Record, RequestLine, Sent, Tls, UpstreamError,
    UpstreamUse, finish,
};
pub use id::{HostId, RequestId, RequestIds};
pub use recorder::{Destination, Format, Recorder, RecorderError, Sink, Unflushed};
