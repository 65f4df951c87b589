//! The real gateway between raw clients and an origin that remembers every byte it was sent.
//!
//! Whatever is refused is checked for three things: the S3 error, that the origin heard nothing, and one record.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod admin;
mod buckets;
mod chunks;
mod client;
mod origin;
mod passing;
mod probing;
mod replay;
mod request;
mod stand;
mod timing;
mod upstream;
mod verbs;
mod visibility;

mod answers;
mod bodies;
mod documents;
mod expect_continue;
mod faults;
mod forms;
mod framing;
mod guardrails;
mod leaving;
mod locked;
mod locks;
mod logs;
mod modes;
mod names;
mod relaying;
mod tags;
mod tls;
mod unreadable;
mod waiting;
mod watching;
