//! `demo`

use super::Demo;
use std::process::ExitCode;

/// Runs the gateway with an upstream of its own.
pub fn run(_arguments: &Demo) -> ExitCode {
    eprintln!("portcullis: not wired yet");
    ExitCode::FAILURE
}
