//! The tables.

use crate::cpu;
use crate::frames::crc;
use crate::gateway::BINARY;
use crate::nginx::Flavour;
use crate::options::Options;
use crate::rounds::{Path, Results, Sample};
use crate::sign::sha256;
use crate::workload::bytes;
use anyhow::Result;
use std::fmt::Write;
use std::process::Command;
use std::time::{Duration, Instant};

const MIB: f64 = (1_u64 << 20) as f64;
const GIB: f64 = (1_u64 << 30) as f64;

/// All results as Markdown.
pub(crate) fn render(results: &[Results], paths: &[Path], options: &Options) -> Result<String> {
    let mut text = String::from("# Measurements\n\n");
    describe(&mut text, options)?;
    for result in results {
        table(&mut text, result, paths)?;
    }
    text.push_str("## Memory\n\n| path | most it ever held |\n|---|---|\n");
    for path in paths {
        if let Some(process) = path.process() {
            let mib = cpu::peak_memory(process)? >> 20;
            writeln!(text, "| {} | {mib} MiB |", path.name)?;
        }
    }
    text.push('\n');
    text.push_str(include_str!("../notes.md"));
    Ok(text)
}

fn describe(text: &mut String, options: &Options) -> Result<()> {
    let (rounds, seconds) = (options.rounds, options.time.as_secs_f64());
    writeln!(
        text,
        "Written by `cargo run --profile dist -p portcullis-bench`. Medians of {rounds} interleaved rounds of \
         {seconds} s each. Each proxy runs on one core with one worker; load and upstream (nginx with files in \
         memory) run on the other, so that rates are bounded by that core: compare CPU. Portcullis verifies the \
         signature, evaluates an identity policy and a bucket policy, signs toward the upstream and writes the S3 \
         access log; the others check nothing.\n"
    )?;
    let facts = [
        ("arguments", options.given.clone()),
        ("date", printed("date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
        ("machine", machine()),
        ("kernel", printed("uname", &["-sr"])),
        ("nginx", printed("nginx", &["-v"])),
        ("Rust", printed("rustc", &["--version"])),
        ("Portcullis", gateway_version(options)),
        (
            "SHA-256 of 64 MiB, one pass",
            rate(|body| sha256(body).len()),
        ),
        ("CRC64NVME of 64 MiB, one pass", rate(crc)),
    ];
    for (name, fact) in facts {
        writeln!(text, "- {name}: {fact}")?;
    }
    for flavour in Flavour::ALL {
        writeln!(
            text,
            "- {}: `proxy_pass` {}",
            flavour.name(),
            flavour.directives()
        )?;
    }
    text.push('\n');
    Ok(())
}

fn table(text: &mut String, result: &Results, paths: &[Path]) -> Result<()> {
    let (rate, cpu) = match result.workload.is_bulk() {
        true => ("MiB/s", "CPU s/GiB"),
        false => ("requests/s", "CPU us/request"),
    };
    writeln!(text, "## {}\n", result.workload.name)?;
    write!(text, "| path | {rate} | p50 | p99 | {cpu} |")?;
    for flavour in Flavour::ALL {
        write!(text, " CPU x {} |", flavour.name())?;
    }
    text.push_str("\n|---|---|---|---|---|---|---|---|\n");
    let own_cpu = |samples: &[Sample]| median(samples, |sample| seconds(sample.cpu));
    let measured = || paths.iter().zip(&result.samples);
    let bases = Flavour::ALL.map(|flavour| {
        let (_, samples) = measured().find(|(path, _)| path.name == flavour.name())?;
        own_cpu(samples)
    });
    for (path, samples) in measured() {
        row(text, path.name, result, samples)?;
        for base in bases {
            let ratio = own_cpu(samples).zip(base).map(|(used, base)| used / base);
            write!(text, " {} |", number(ratio, 2))?;
        }
        text.push('\n');
    }
    text.push('\n');
    Ok(())
}

/// The first columns of a row: what was measured.
fn row(text: &mut String, name: &str, result: &Results, samples: &[Sample]) -> Result<()> {
    let size = result.workload.size as f64;
    let rate = median(samples, |sample| Some(sample.rate)).unwrap_or_default();
    let cpu = median(samples, |sample| seconds(sample.cpu));
    let p50 = latency(median(samples, |sample| seconds(Some(sample.p50))));
    let p99 = latency(median(samples, |sample| seconds(Some(sample.p99))));
    let (rate, cpu) = match result.workload.is_bulk() {
        true => (
            rate * size / MIB,
            number(cpu.map(|used| used * GIB / size), 3),
        ),
        false => (rate, number(cpu.map(|used| used * 1e6), 1)),
    };
    write!(text, "| {name} | {rate:.0} | {p50} | {p99} | {cpu} |")?;
    Ok(())
}

fn median(samples: &[Sample], of: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = samples.iter().filter_map(of).collect();
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (
        values.get(values.len().checked_sub(1)? / 2)?,
        values.get(values.len() / 2)?,
    );
    Some((low + high) / 2.0)
}

fn seconds(time: Option<Duration>) -> Option<f64> {
    time.map(|time| time.as_secs_f64())
}

fn latency(seconds: Option<f64>) -> String {
    match seconds {
        Some(seconds) if seconds < 0.01 => format!("{:.0} us", seconds * 1e6),
        Some(seconds) => format!("{:.0} ms", seconds * 1e3),
        None => "-".to_owned(),
    }
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.digits$}"))
}

fn rate<T>(digest: impl Fn(&[u8]) -> T) -> String {
    let body = bytes(64 << 20);
    let times = (0..5).map(|_| {
        let began = Instant::now();
        std::hint::black_box(digest(&body));
        began.elapsed()
    });
    let best = times.min().unwrap_or_default();
    let per_gib = best.as_secs_f64() * 16.0;
    format!("{:.0} ms, {per_gib:.3} s/GiB", best.as_secs_f64() * 1e3)
}

fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |model| {
        model.trim_start_matches([' ', '\t', ':'])
    });
    let cores = info
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    format!("{model}, {cores} cores")
}

fn gateway_version(options: &Options) -> String {
    match options.gateway {
        true => printed(BINARY, &["version"]),
        false => "left out".to_owned(),
    }
}

/// What a command prints, on either stream; nginx tells its version on the second.
fn printed(command: &str, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(command).args(arguments).output() else {
        return "unknown".to_owned();
    };
    let both = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&both).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[f64], expected: Option<f64>) {
        let sample = |&rate| Sample {
            rate,
            p50: Duration::ZERO,
            p99: Duration::ZERO,
            cpu: None,
        };
        let samples: Vec<Sample> = values.iter().map(sample).collect();
        assert_eq!(median(&samples, |sample| Some(sample.rate)), expected);
    }

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middle_ones() {
        check(&[], None);
        check(&[3.0], Some(3.0));
        check(&[9.0, 1.0, 2.0], Some(2.0));
        check(&[4.0, 1.0, 2.0, 9.0], Some(3.0));
    }
}
