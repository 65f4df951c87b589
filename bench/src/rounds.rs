//! Rounds: every path once in each, so that a disturbance of the machine meets all of them.

use crate::cpu;
use crate::gateway::Gateway;
use crate::load::{self, Outcome, Script};
use crate::nginx::{Nginx, Upstream};
use crate::options::Options;
use crate::sign::{self, Key, Payload};
use crate::workload::{Kind, WORKLOADS, Workload};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

/// One way to the upstream.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) name: &'static str,
    address: SocketAddr,
    key: Key,
    via: Via,
}

/// What is on the way; held so that it runs as long as the path.
#[derive(Debug)]
enum Via {
    Nothing,
    Nginx(Nginx),
    Gateway(Gateway),
}

/// One measurement of one path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Answers a second.
    pub(crate) rate: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// CPU of the proxy for one request; `None` where there is no proxy.
    pub(crate) cpu: Option<Duration>,
}

/// The samples of a workload: for each path, one of each round.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) workload: &'static Workload,
    pub(crate) samples: Vec<Vec<Sample>>,
}

impl Path {
    /// Straight to the upstream.
    pub(crate) fn direct(upstream: &Upstream) -> Self {
        Self {
            name: "direct",
            address: upstream.address(),
            key: nobody(),
            via: Via::Nothing,
        }
    }

    /// Through nginx.
    pub(crate) fn nginx(nginx: Nginx) -> Self {
        Self {
            name: nginx.flavour().name(),
            address: nginx.address(),
            key: nobody(),
            via: Via::Nginx(nginx),
        }
    }

    /// Through Portcullis.
    pub(crate) fn gateway(gateway: Gateway) -> Self {
        Self {
            name: "Portcullis",
            address: gateway.address(),
            key: gateway.key().clone(),
            via: Via::Gateway(gateway),
        }
    }

    /// The proxy's process, if there is one.
    pub(crate) fn process(&self) -> Option<u32> {
        match &self.via {
            Via::Nothing => None,
            Via::Nginx(nginx) => Some(nginx.id()),
            Via::Gateway(gateway) => Some(gateway.id()),
        }
    }

    fn scripts(
        &self,
        workload: &Workload,
        body: &Rc<Vec<u8>>,
        digest: &str,
    ) -> Result<Vec<Script>> {
        let payload = match workload.kind {
            Kind::Get => Payload::None,
            Kind::PutUnsigned => Payload::Unsigned,
            Kind::PutHashed => Payload::Hashed(digest),
            Kind::PutRetained => Payload::Checked(digest),
            Kind::PutSignedChunks => Payload::SignedChunks,
            Kind::PutTrailer => Payload::Trailer,
        };
        let method = workload.kind.method();
        let script = |connection| {
            let target = workload.target(connection);
            let asked = (method, target.as_str());
            let (head, body) = sign::request(&self.key, self.address, asked, payload, body)?;
            let expected = workload.expected();
            Ok(Script {
                head,
                body,
                expected,
            })
        };
        (0..workload.connections).map(script).collect()
    }
}

/// Measures every path for every workload.
pub(crate) fn run(paths: &[Path], options: &Options) -> Result<Vec<Results>> {
    let chosen = WORKLOADS
        .iter()
        .filter(|workload| workload.name.contains(&options.only));
    chosen
        .map(|workload| measure_all(workload, paths, options))
        .collect()
}

fn measure_all(workload: &'static Workload, paths: &[Path], options: &Options) -> Result<Results> {
    eprint!("{}", workload.name);
    let body = workload.body();
    let (digest, body) = (sign::sha256(&body), Rc::new(body));
    let mut samples = vec![Vec::new(); paths.len()];
    for _ in 0..options.rounds {
        eprint!(" .");
        for (path, own) in paths.iter().zip(&mut samples) {
            let sample = measure(path, workload, &body, &digest, options.time);
            own.push(sample.with_context(|| format!("{}: {}", path.name, workload.name))?);
        }
    }
    eprintln!();
    Ok(Results { workload, samples })
}

fn measure(
    path: &Path,
    workload: &Workload,
    body: &Rc<Vec<u8>>,
    digest: &str,
    time: Duration,
) -> Result<Sample> {
    load::run(
        path.address,
        path.scripts(workload, body, digest)?,
        time / 8,
    )?; // Warms connections and caches.
    let scripts = path.scripts(workload, body, digest)?;
    let before = path.process().map(cpu::time_of).transpose()?;
    let outcome = load::run(path.address, scripts, time)?;
    let after = path.process().map(cpu::time_of).transpose()?;
    let used = after.zip(before).map(|(after, before)| after - before);
    Ok(sample(outcome, used))
}

fn sample(mut outcome: Outcome, used: Option<Duration>) -> Sample {
    outcome.latencies.sort_unstable();
    let count = outcome.latencies.len();
    let at = |share: usize| {
        let place = (count * share / 100).min(count.saturating_sub(1));
        outcome.latencies.get(place).copied().unwrap_or_default()
    };
    Sample {
        rate: count as f64 / outcome.elapsed.as_secs_f64(),
        p50: at(50),
        p99: at(99),
        cpu: used.map(|used| used.div_f64(count.max(1) as f64)),
    }
}

/// The key of paths that check none: their requests are as long as the others.
fn nobody() -> Key {
    Key {
        id: "AKIA0000000000000000".to_owned(),
        secret: "0".repeat(40),
    }
}
