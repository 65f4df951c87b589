//! Small values: addresses, durations, bounds.

use super::super::place::{At, Document};
use super::super::raw;
use super::super::settings::{Bind, Limits, LookUpLimits, Shutdown, Timeouts};
use super::Check;
use portcullis_core::document::Value;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// How often files are looked at unless it is said.
const WATCH: Duration = Duration::from_secs(1);

/// `address:port`, `unix:PATH` or an absolute path.
pub(super) fn bind(text: &str, document: &Document) -> Result<Bind, String> {
    match text.strip_prefix("unix:") {
        Some("") => Err("`unix:` without a path".to_owned()),
        Some(path) => socket(document.resolve(path)),
        None if text.starts_with('/') => socket(text.into()),
        None => parse_address(text).map(Bind::Tcp),
    }
}

/// The system takes no longer path for a socket.
fn socket(path: PathBuf) -> Result<Bind, String> {
    match path.as_os_str().len() {
        0..=107 => Ok(Bind::Unix(path)),
        _ => Err(format!(
            "`{}` is longer than the 107 bytes of a Unix socket's path",
            path.display()
        )),
    }
}

/// An address and port.
pub(super) fn address(
    written: Option<String>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<SocketAddr> {
    check.take(at, parse_address(&written?))
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("`{text}` is not an IP address and port, such as `127.0.0.1:8080` or `[::]:8080`")
    })
}

/// `500ms`, `5s`, `2m`, `1h`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let message =
        || format!("`{text}` is not a duration: a whole number and `ms`, `s`, `m` or `h`");
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text.strip_prefix(digits).unwrap_or_default();
    let number: u64 = digits.parse().map_err(|_| message())?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(message()),
    };
    let total = number.checked_mul(milliseconds).ok_or_else(message)?;
    let longest = Duration::from_secs(24 * 3600);
    match Duration::from_millis(total) {
        duration if duration > longest => Err(format!("`{text}` is longer than a day")),
        duration => Ok(duration),
    }
}

/// A duration above zero, or the default.
fn span(
    written: Option<String>,
    default: Duration,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Duration {
    let above_zero = |duration: Duration| match duration.is_zero() {
        true => Err("must be above zero".to_owned()),
        false => Ok(duration),
    };
    let parsed = written.map(|text| parse_duration(&text).and_then(above_zero));
    parsed
        .and_then(|result| check.take(at, result))
        .unwrap_or(default)
}

/// How long an upstream may take.
pub(super) fn timeouts(
    written: Option<raw::Timeouts>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Timeouts {
    let raw = written.unwrap_or_default();
    let usual = Timeouts::default();
    Timeouts {
        connect: span(raw.connect, usual.connect, &at.field("connect"), check),
        read: span(raw.read, usual.read, &at.field("read"), check),
        write: span(raw.write, usual.write, &at.field("write"), check),
        idle: span(raw.idle, usual.idle, &at.field("idle"), check),
    }
}

/// How often an upstream is asked for facts.
pub(super) fn look_ups(
    written: Option<raw::LookUps>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> LookUpLimits {
    let raw = written.unwrap_or_default();
    let usual = LookUpLimits::default();
    let bounds = (1, 1_000_000);
    let concurrent = &at.field("concurrent");
    let concurrent = count(raw.concurrent, usual.concurrent, bounds, concurrent, check);
    let (often, every) = (usual.per_second.get() as usize, &at.field("per_second"));
    let per_second = count(raw.per_second, often, bounds, every, check);
    let per_second = u32::try_from(per_second).ok().and_then(NonZeroU32::new);
    LookUpLimits {
        concurrent,
        per_second: per_second.unwrap_or(usual.per_second),
    }
}

/// How long guardrails in Rego may take for a request.
pub(super) fn deadline(
    written: Option<raw::Guardrails>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Duration {
    let written = written.and_then(|raw| raw.deadline);
    span(written, crate::rego::DEADLINE, &at.field("deadline"), check)
}

/// How the gateway ends; here zero is a choice.
pub(super) fn shutdown(
    written: Option<raw::Shutdown>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Shutdown {
    let raw = written.unwrap_or_default();
    let usual = Shutdown::default();
    let mut read = |written: Option<String>, default, name: &str| {
        let parsed = written.map(|text| parse_duration(&text));
        parsed
            .and_then(|result| check.take(&at.field(name), result))
            .unwrap_or(default)
    };
    Shutdown {
        delay: read(raw.delay, usual.delay, "delay"),
        drain: read(raw.drain, usual.drain, "drain"),
    }
}

/// How often files are looked at, if at all.
pub(super) fn watch(at: &At<'_>, check: &mut Check<'_>) -> Option<Duration> {
    match at.node().map(|node| &node.value) {
        None | Some(Value::Bool(true)) => Some(WATCH),
        Some(Value::Bool(false)) => None,
        Some(Value::Text(text)) => Some(span(Some(text.clone()), WATCH, at, check)),
        Some(Value::Number(_) | Value::List(_) | Value::Map(_) | Value::Null) => {
            check.push(at.error("expected true, false or a duration, such as `5s`"));
            None
        }
    }
}

/// What one client may use.
pub(super) fn limits(written: Option<raw::Limits>, at: &At<'_>, check: &mut Check<'_>) -> Limits {
    let raw = written.unwrap_or_default();
    let usual = Limits::default();
    let mut number =
        |written, default, bounds, name| count(written, default, bounds, &at.field(name), check);
    let max_connections = number(
        raw.max_connections,
        usual.max_connections,
        (1, 1_000_000),
        "max_connections",
    );
    let header_bytes = number(
        raw.header_bytes,
        usual.header_bytes,
        (1024, 256 * 1024),
        "header_bytes",
    );
    // At least a bucket policy fits.
    let bounds = (20 * 1024, 64 * 1024 * 1024);
    let document_bytes = number(
        raw.document_bytes,
        usual.document_bytes,
        bounds,
        "document_bytes",
    );
    let mut time = |written, default, name| span(written, default, &at.field(name), check);
    let header_timeout = time(raw.header_timeout, usual.header_timeout, "header_timeout");
    let idle_timeout = time(raw.idle_timeout, usual.idle_timeout, "idle_timeout");
    let body_idle_timeout = time(
        raw.body_idle_timeout,
        usual.body_idle_timeout,
        "body_idle_timeout",
    );
    Limits {
        max_connections,
        header_bytes,
        header_timeout,
        idle_timeout,
        body_idle_timeout,
        document_bytes,
        silence: usual.silence,
    }
}

/// A number within bounds, or the default.
fn count(
    written: Option<u32>,
    default: usize,
    (least, most): (usize, usize),
    at: &At<'_>,
    check: &mut Check<'_>,
) -> usize {
    let Some(number) = written.map(|number| number as usize) else {
        return default;
    };
    let fits = (least..=most).contains(&number).then_some(number);
    let message = format!("must be from {least} to {most}");
    check.take(at, fits.ok_or(message)).unwrap_or(default)
}
