//! `serve`

use super::Serve;
use crate::config::{self, Host, Settings};
use std::process::ExitCode;

/// Runs the gateway from a configuration file.
pub(super) fn run(arguments: &Serve) -> ExitCode {
    let (settings, warnings) = match config::load(&arguments.config, &Host) {
        Ok(loaded) => loaded,
        Err(findings) => {
            eprint!("{}", super::validate::as_text(&findings));
            return ExitCode::FAILURE;
        }
    };
    for warning in warnings {
        eprintln!("{warning}");
    }
    eprint!("# effective configuration\n{}", settings.masked_yaml());
    match serve(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portcullis: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(_settings: Settings) -> anyhow::Result<()> {
    anyhow::bail!("not wired yet")
}
