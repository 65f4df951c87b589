//! The command line: every verb and its arguments, and the way to each verb's code.

mod completions;
pub mod demo;
mod man;
mod schema;
mod serve;
mod validate;
mod version;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// The command line as it was written.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    about = "An S3 gateway that verifies, decides, re-signs, streams and records every request",
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the gateway.
    Serve(Serve),
    /// Run the gateway with an upstream of its own, sample accounts and policies.
    Demo(Demo),
    /// Check configuration, identities and policies; report all problems at once.
    ///
    /// Exits with 0 if there is nothing to report, 1 if there is, 2 if there is nothing to check or it cannot be read.
    Validate(Validate),
    /// Print the JSON schema of the configuration file.
    Schema,
    /// Print completions for a shell.
    Completions(Completions),
    /// Print the manual page.
    Man,
    /// Print the version.
    Version(Version),
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    pub config: PathBuf,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keeps data, logs, configuration and credentials here; without it they go with the process.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The port to listen on, on the loopback address.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub struct Validate {
    /// The configuration file; everything it names is checked too.
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    pub config: Option<PathBuf>,
    /// More files or folders: configurations, identities, policies.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Warnings fail too.
    #[arg(long)]
    pub strict: bool,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// `file:line:column: error: message`, a line each.
    Text,
    /// One JSON object.
    Json,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// Arguments of `version`.
#[derive(Debug, Args)]
pub struct Version {
    /// As one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> ExitCode {
    match &arguments.verb {
        Verb::Serve(serve) => serve::run(serve),
        Verb::Demo(demo) => demo::run(demo),
        Verb::Validate(validate) => validate::run(validate),
        Verb::Schema => print(&schema::text()),
        Verb::Completions(completions) => print(&completions::text(completions.shell)),
        Verb::Man => print(&man::text()),
        Verb::Version(version) => print(&version::text(version)),
    }
}

/// The definition of the command line, for completions and the manual.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Diagnostics go to standard error; records alone go to standard output. `RUST_LOG` chooses more or less.
fn diagnostics() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second gateway in one process, as in tests, keeps the first one's.
    let _ = subscriber.try_init();
}

/// The exit code of a verb that may fail; says why on standard error.
fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portcullis: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output; a reader that has gone away is a failure, not a panic.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
