//! Portcullis: an S3 gateway that verifies, decides, re-signs, streams and records every request.

pub mod config;
