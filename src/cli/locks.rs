//! `locks`: what the running gateway has on record of Object Lock, against its upstreams, and back from them.
//!
//! The gateway does the work, a page at a time; the verb asks on until it is done, so that no call lasts for long and nobody
//! holds more than a page.

mod list;
mod rebuild;
mod said;
mod verify;

use super::ask::{Answer, Gateway, Question};
use super::{Layout, Running};
use crate::admin::{Doubt, LockWork};
use clap::{Args, Subcommand, ValueEnum};
use portcullis_core::s3::names::BucketName;
use serde_json::{Map, Value};
use std::process::ExitCode;

/// Arguments of `locks`.
#[derive(Debug, Args)]
pub struct Locks {
    /// What to do.
    #[command(subcommand)]
    pub verb: LocksVerb,
}

/// What to do with locks.
#[derive(Debug, Subcommand)]
pub enum LocksVerb {
    /// Say that an operator has looked, and end a doubt. Refused if there is none.
    Acknowledge(Acknowledge),
    /// List the locks on record in the order of their keys, and say first how the clock of locks stands, whether locks may
    /// have been forgotten and how many changes are unresolved.
    List(List),
    /// Show all that may be on record of an object's versions, and against whom each is protected now.
    Show(Show),
    /// Compare the locks on record with the upstreams: whether each locked version is there, whether stores that keep locks
    /// too say the same, and whether the buckets' versioning and lifecycle there endanger them.
    Verify(Verify),
    /// Win locks back after the state was restored or replaced: the stricter of what is on record and what the upstream has,
    /// or the bucket's default where an upstream keeps no locks. Can be run again; acknowledges nothing.
    Rebuild(Rebuild),
}

/// Arguments of `locks acknowledge`.
#[derive(Debug, Args)]
pub struct Acknowledge {
    /// What was looked at.
    #[arg(value_enum)]
    pub what: What,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// The host's clock is right: locks are released again.
    Clock,
    /// The restored or replaced state has all locks, as far as they can be known: only what is on record is locked.
    Restore,
}

/// Arguments of `locks list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only of this bucket.
    #[arg(value_name = "BUCKET")]
    pub bucket: Option<String>,
    /// Only locks that protect something now.
    #[arg(long)]
    pub active: bool,
    /// How they are printed.
    #[arg(long, value_enum, default_value_t = Layout::Text)]
    pub format: Layout,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `locks show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The bucket.
    #[arg(value_name = "BUCKET")]
    pub bucket: String,
    /// Its key.
    #[arg(value_name = "KEY")]
    pub object: String,
    /// Only this version.
    #[arg(long, value_name = "ID")]
    pub version: Option<String>,
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Layout::Text)]
    pub format: Layout,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `locks verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Only this bucket. Default: all that have Object Lock on record or by files.
    #[arg(value_name = "BUCKET")]
    pub bucket: Option<String>,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `locks rebuild`.
#[derive(Debug, Args)]
pub struct Rebuild {
    /// Only this bucket. Default: all that have Object Lock on record, by files, or at an upstream that keeps locks too.
    #[arg(value_name = "BUCKET")]
    pub bucket: Option<String>,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// How it ended, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    Done,
    /// Something was found or refused.
    Refused,
    CannotRun,
}

/// Why it did not go on.
enum Stop {
    Refused(String),
    CannotRun(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::CannotRun(error)
    }
}

/// Does it.
pub(super) fn run(arguments: &Locks) -> ExitCode {
    let ended = match &arguments.verb {
        LocksVerb::Acknowledge(arguments) => acknowledge(arguments),
        LocksVerb::List(arguments) => list::list(arguments),
        LocksVerb::Show(arguments) => list::show(arguments),
        LocksVerb::Verify(arguments) => verify::run(arguments),
        LocksVerb::Rebuild(arguments) => rebuild::run(arguments),
    };
    let ending = ended.unwrap_or_else(|stop| match stop {
        Stop::Refused(why) => {
            eprintln!("portcullis: {why}");
            Ending::Refused
        }
        Stop::CannotRun(error) => {
            eprintln!("portcullis: {error:#}");
            Ending::CannotRun
        }
    });
    ExitCode::from(match ending {
        Ending::Done => 0,
        Ending::Refused => 1,
        Ending::CannotRun => 2,
    })
}

fn acknowledge(arguments: &Acknowledge) -> Result<Ending, Stop> {
    let gateway = Gateway::find(&arguments.running)?;
    let (doubt, done) = match arguments.what {
        What::Clock => (Doubt::Clock, "the clock is right: locks are released again"),
        What::Restore => (
            Doubt::Restore,
            "no lock is in doubt any more: what is on record is locked, and nothing else",
        ),
    };
    answered(gateway.ask(&Question::Acknowledge(doubt))?)?;
    say(format!("acknowledged: {done}"));
    Ok(Ending::Done)
}

/// An answer's JSON, if it did as asked.
fn answered(answer: Answer) -> Result<Value, Stop> {
    match answer.status {
        200 => Ok(answer.body),
        400 | 404 | 409 => Err(Stop::Refused(answer.error().to_owned())),
        _ => Err(Stop::CannotRun(anyhow::anyhow!("{}", answer.error()))),
    }
}

/// Asks for one page after the other.
fn pages(
    gateway: &Gateway<'_>,
    work: LockWork,
    bucket: &BucketName,
    mut wanted: Map<String, Value>,
    mut page: impl FnMut(&Value),
) -> Result<(), Stop> {
    loop {
        let body = Value::from(wanted.clone());
        let answer = answered(gateway.ask(&Question::WorkOnLocks(work, bucket, &body))?)?;
        page(&answer);
        match answer.get("next") {
            None | Some(Value::Null) => return Ok(()),
            // A store that goes round in circles is not followed.
            Some(next) if wanted.get("after") == Some(next) => {
                let name = bucket.as_str();
                return Err(anyhow::anyhow!("the list of bucket `{name}` has no end").into());
            }
            Some(next) => wanted.insert("after".to_owned(), next.clone()),
        };
    }
}

/// The bucket that was named, or these.
fn chosen(named: Option<&str>, all: &Value) -> Result<Vec<BucketName>, Stop> {
    if let Some(name) = named {
        return Ok(vec![bucket(name)?]);
    }
    let names = all.get("buckets").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    Ok(names
        .filter_map(|name| BucketName::parse(name).ok())
        .collect())
}

fn bucket(name: &str) -> Result<BucketName, Stop> {
    BucketName::parse(name).map_err(|error| Stop::Refused(format!("`{name}`: {error}")))
}

fn rows<'v>(answer: &'v Value, name: &str) -> &'v [Value] {
    let rows = answer.get(name).and_then(Value::as_array);
    rows.map(Vec::as_slice).unwrap_or_default()
}

fn number(answer: &Value, name: &str) -> u64 {
    let number = answer.get(name).and_then(Value::as_u64);
    number.unwrap_or_default()
}

fn say(line: impl std::fmt::Display) {
    // A reader that has gone away does not stop the work.
    let _ = super::print(&format!("{line}\n"));
}
