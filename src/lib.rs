//! Portcullis, an S3 gateway: the parts around `portcullis-core` that touch network, disk and clock.

pub mod admin;
pub mod audit;
pub mod cli;
pub mod config;
pub mod gateway;
pub mod record;
pub mod rego;
pub mod state;
pub mod upstream;
