//! Measures requests, latency and CPU of the gateway beside a plain reverse proxy, interleaved in one run.
//!
//! ```text
//! cargo run --profile dist -p portcullis-bench            everything; writes bench/RESULTS.md
//!     --rounds N --seconds S                              how often and how long each path is measured
//!     --only NAME                                         workloads whose name contains NAME
//!     --without-portcullis                                the plain paths alone
//!     --no-results                                        print only
//! ```
//!
//! Needs nginx, taskset and two cores: the proxies run on the second with one worker each, load and upstream on the
//! first. Everything it starts it ends by process id.

mod cpu;
mod frames;
mod gateway;
mod load;
mod nginx;
mod options;
mod process;
mod report;
mod rounds;
mod sign;
mod workload;

use crate::gateway::Gateway;
use crate::nginx::{Flavour, Nginx, Upstream};
use crate::options::Options;
use crate::process::{Scratch, pin_self};
use crate::rounds::Path;
use anyhow::{Context, Result, bail};
use std::process::Command;

/// The core of load and upstream, and the core of the proxies.
const LOAD_CORE: usize = 0;
const PROXY_CORE: usize = 1;

fn main() -> Result<()> {
    let options = Options::read(std::env::args().skip(1))?;
    if options.gateway {
        build_gateway()?;
    }
    pin_self(LOAD_CORE)?;
    let scratch = Scratch::new()?;
    let upstream = Upstream::start(&scratch, LOAD_CORE)?;
    workload::store_objects(upstream.folder())?;

    let mut paths = vec![Path::direct(&upstream)];
    for flavour in Flavour::ALL {
        paths.push(Path::nginx(Nginx::start(
            &scratch, flavour, &upstream, PROXY_CORE,
        )?));
    }
    if options.gateway {
        paths.push(Path::gateway(Gateway::start(
            &scratch, &upstream, PROXY_CORE,
        )?));
    }
    let results = rounds::run(&paths, &options)?;
    let text = report::render(&results, &paths, &options)?;
    println!("{text}");
    if options.write {
        std::fs::write("bench/RESULTS.md", text).context("bench/RESULTS.md")?;
    }
    Ok(())
}

/// Builds `target/dist/portcullis`, what is measured.
fn build_gateway() -> Result<()> {
    let status = Command::new("cargo")
        .args([
            "build",
            "--locked",
            "--profile",
            "dist",
            "--bin",
            "portcullis",
        ])
        .status()
        .context("cargo")?;
    if !status.success() {
        bail!("`portcullis` does not build");
    }
    Ok(())
}
