//! The command line.

use anyhow::{Context, Result, bail};
use std::time::Duration;

/// What to measure, and for how long.
#[derive(Debug)]
pub(crate) struct Options {
    /// How often each path is measured for each workload.
    pub(crate) rounds: usize,
    /// For which each path is loaded in each round.
    pub(crate) time: Duration,
    /// Part of the names of the workloads to run; empty for all.
    pub(crate) only: String,
    /// Whether Portcullis is among the paths.
    pub(crate) gateway: bool,
    /// Whether bench/RESULTS.md is written.
    pub(crate) write: bool,
    /// The arguments as given.
    pub(crate) given: String,
}

impl Options {
    /// Reads the arguments after the program's name.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let arguments: Vec<String> = arguments.collect();
        let mut options = Self {
            rounds: 5,
            time: Duration::from_secs(2),
            only: String::new(),
            gateway: true,
            write: true,
            given: arguments.join(" "),
        };
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            let mut value = || {
                rest.next()
                    .with_context(|| format!("`{argument}` needs a value"))
            };
            match argument.as_str() {
                "--rounds" => options.rounds = value()?.parse().context("--rounds")?,
                "--seconds" => {
                    options.time = Duration::from_secs_f64(value()?.parse().context("--seconds")?);
                }
                "--only" => options.only = value()?,
                "--without-portcullis" => options.gateway = false,
                "--no-results" => options.write = false,
                _ => bail!("unknown argument `{argument}`; see bench/src/main.rs"),
            }
        }
        if options.rounds == 0 || options.time.is_zero() {
            bail!("rounds and seconds are above zero");
        }
        Ok(options)
    }
}
