//! `settings`: carries the settings of buckets and accounts between a running gateway's store, files and an upstream.

mod export;
mod files;
mod import;
mod judge;
mod upstream;

use super::Running;
use crate::config::Finding;
use clap::{Args, Subcommand};
use portcullis_core::policy::Pattern;
use portcullis_core::s3::names::BucketName;
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `settings`.
#[derive(Debug, Args)]
pub struct Settings {
    /// What to do.
    #[command(subcommand)]
    pub verb: SettingsVerb,
}

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub enum SettingsVerb {
    /// Write everything that the running gateway's store keeps as files, in the layout of a folder of `policies`:
    /// `buckets/<bucket>/<kind>.json`, and accounts' Block Public Access in `identities/accounts.json`.
    Export(Export),
    /// Hand the settings of a folder, laid out as `export` does, to the running gateway; or write those of an upstream as
    /// files.
    Import(Import),
}

/// Arguments of `settings export`.
#[derive(Debug, Args)]
pub struct Export {
    /// The folder; made if it is not there.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Only buckets whose names match; `*` stands for any run of characters, `?` for one. No accounts then.
    #[arg(long, value_name = "PATTERN")]
    pub bucket: Option<String>,
    /// Overwrites files that say something else.
    #[arg(long)]
    pub force: bool,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `settings import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The folder. It is read whole, and any problem reported, before anything changes.
    #[arg(
        value_name = "DIR",
        required_unless_present = "from_upstream",
        conflicts_with = "from_upstream"
    )]
    pub dir: Option<PathBuf>,
    /// Says what would be done and changes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Only buckets whose names match; `*` stands for any run of characters, `?` for one. No accounts then.
    #[arg(long, value_name = "PATTERN")]
    pub bucket: Option<String>,
    /// Reads what this upstream of the configuration has set on the buckets that are routed to it, with the gateway's own
    /// credentials, and writes files. No gateway is asked.
    #[arg(long, value_name = "NAME", requires = "config")]
    pub from_upstream: Option<String>,
    /// Where the files of an upstream's settings go. Default: the configuration's folder of policies.
    #[arg(long, value_name = "DIR", requires = "from_upstream")]
    pub into: Option<PathBuf>,
    /// Overwrites files that say something else.
    #[arg(long, requires = "from_upstream")]
    pub force: bool,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// How it ended, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Done,
    /// Something was refused, or could not be carried over.
    Refused,
    CannotRun,
}

/// Does it.
pub(super) fn run(arguments: &Settings) -> ExitCode {
    let ending = match &arguments.verb {
        SettingsVerb::Export(arguments) => export::run(arguments),
        SettingsVerb::Import(arguments) => match (&arguments.dir, &arguments.from_upstream) {
            (Some(dir), _) => import::run(arguments, dir),
            (None, Some(name)) => upstream::run(arguments, name),
            (None, None) => Err(anyhow::anyhow!("nothing to import")),
        },
    };
    let ending = ending.unwrap_or_else(|error| {
        eprintln!("portcullis: {error:#}");
        Ending::CannotRun
    });
    ExitCode::from(match ending {
        Ending::Done => 0,
        Ending::Refused => 1,
        Ending::CannotRun => 2,
    })
}

/// Which buckets are meant.
struct Wanted(Option<Pattern>);

impl Wanted {
    fn of(pattern: Option<&str>) -> Self {
        Self(pattern.map(Pattern::new))
    }

    fn has(&self, bucket: &BucketName) -> bool {
        let pattern = self.0.as_ref();
        pattern.is_none_or(|pattern| pattern.matches(bucket.as_str()))
    }

    /// A pattern of buckets means no account.
    fn has_accounts(&self) -> bool {
        self.0.is_none()
    }
}

/// Prints a line: what was done, and to what.
fn tell(what: &str, to: impl std::fmt::Display) {
    // A reader that has gone away does not stop the work.
    let _ = super::print(&format!("{what:<11} {to}\n"));
}

fn complain(findings: &[Finding]) {
    for finding in findings {
        eprintln!("{finding}");
    }
}
