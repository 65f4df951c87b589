//! Portcullis, an S3 gateway: verifies, decides, re-signs, streams and records every request.

pub mod cli;
pub mod config;
