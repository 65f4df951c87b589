//! CPU time and memory of running processes, from /proc.

use anyhow::{Context, Result};
use std::fs::read_to_string;
use std::time::Duration;

/// Clock ticks a second; Linux shows user space 100 on every platform.
const TICKS: u32 = 100;

/// CPU time, user and system, of a process and its children that still run.
pub(crate) fn time_of(process: u32) -> Result<Duration> {
    let mut sum = own_time(process)?;
    for child in children(process)? {
        sum += own_time(child)?;
    }
    Ok(sum)
}

/// The most memory a process and its children ever held, in bytes.
pub(crate) fn peak_memory(process: u32) -> Result<u64> {
    let mut sum = own_peak(process)?;
    for child in children(process)? {
        sum += own_peak(child)?;
    }
    Ok(sum)
}

/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>: utime and stime are fields 14 and 15; the second
/// field, the name in brackets, may hold spaces.
fn own_time(process: u32) -> Result<Duration> {
    let stat = read_to_string(format!("/proc/{process}/stat")).context("the process has ended")?;
    let (_, fields) = stat.rsplit_once(')').context("stat")?;
    let ticks: u32 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    Ok(Duration::from_secs(ticks.into()) / TICKS)
}

fn own_peak(process: u32) -> Result<u64> {
    let status = read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .context("VmHWM")?
        .parse()?;
    Ok(kib * 1024)
}

fn children(process: u32) -> Result<Vec<u32>> {
    let text = read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    Ok(text
        .split_whitespace()
        .filter_map(|id| id.parse().ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_some_time_and_memory() {
        let spin = (0..30_000_000_u64).fold(0, |sum, i| sum ^ std::hint::black_box(i));
        std::hint::black_box(spin);
        assert!(time_of(std::process::id()).unwrap() > Duration::ZERO);
        assert!(peak_memory(std::process::id()).unwrap() > 1 << 20);
    }
}
