//! `serve`: the gateway from a configuration file, until it is told to stop.

use super::Serve;
use crate::config::{self, Host, Settings, Severity};
use crate::gateway;
use anyhow::Context as _;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

/// Runs the gateway from a configuration file.
pub(super) fn run(arguments: &Serve) -> ExitCode {
    let (settings, warnings) = match config::load(&arguments.config, &Host) {
        Ok(loaded) => loaded,
        Err(findings) => {
            eprint!("{}", super::validate::as_text(&findings));
            return ExitCode::FAILURE;
        }
    };
    for warning in warnings
        .iter()
        .filter(|finding| finding.severity != Severity::Note)
    {
        eprintln!("{warning}");
    }
    eprint!("# effective configuration\n{}", settings.masked_yaml());
    super::finish(serve(settings, || ()))
}

/// Runs a gateway until SIGTERM or SIGINT. `ready` is called once it serves.
pub(super) fn serve(settings: Settings, ready: impl FnOnce()) -> anyhow::Result<()> {
    super::diagnostics();
    install_provider()?;
    let runtime = runtime(settings.threads)?;
    runtime.block_on(async {
        let shutdown = settings.shutdown;
        let running = gateway::start(settings).await?;
        for bound in running.bound() {
            tracing::info!("serving on {bound}");
        }
        ready();
        until_stopped(&running).await?;
        tracing::info!("stopping");
        running.stop(shutdown.delay, shutdown.drain).await;
        Ok(())
    })
}

/// One TLS provider for the whole process, before anybody else installs one.
fn install_provider() -> anyhow::Result<()> {
    let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    installed.map_err(|_| anyhow::anyhow!("a TLS provider is installed already"))
}

fn runtime(threads: usize) -> anyhow::Result<Runtime> {
    let mut builder = match threads {
        // Nobody to share work with, so nothing is spent on sharing it.
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    builder
        .worker_threads(threads)
        .enable_all()
        .thread_name("portcullis");
    builder.build().context("cannot start the runtime")
}

/// Until SIGTERM or SIGINT. SIGHUP reads the files again.
async fn until_stopped(running: &gateway::Running) -> anyhow::Result<()> {
    let mut hang_up = signal(SignalKind::hangup()).context("cannot wait for SIGHUP")?;
    let mut stopped = std::pin::pin!(stop_signal());
    loop {
        tokio::select! {
            result = &mut stopped => return result,
            _ = hang_up.recv() => {
                // What came of it is in the diagnostics and metrics.
                let _ = running.reload().await;
            }
        }
    }
}

async fn stop_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
    }
    Ok(())
}
