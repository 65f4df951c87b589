//! Portcullis, an S3 gateway: the adapter around `portcullis-core` and all that touches network, disk and clock.

pub mod admin;
pub mod record;
pub mod state;
