//! The access logs.

use super::super::place::At;
use super::super::raw;
use super::super::settings::{Log, LogFormat, LogTarget};
use super::Check;
use std::collections::BTreeMap;

/// The logs in the order written; one in JSON on standard output if none is.
pub(super) fn logs(
    written: Option<BTreeMap<String, raw::Log>>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Vec<Log> {
    let Some(mut raw) = written else {
        return vec![Log {
            name: "access".into(),
            format: LogFormat::Json,
            to: LogTarget::Stdout,
        }];
    };
    let mut logs: Vec<Log> = Vec::new();
    for name in at.names() {
        let (Some(raw), at) = (raw.remove(&name), at.field(&name)) else {
            continue;
        };
        let log = log(&name, raw, &at, check);
        if let Some(same) = logs.iter().find(|other| other.to == log.to) {
            let message = format!("`logs.{}` is written to the same place", same.name);
            check.push(at.error(message));
        }
        logs.push(log);
    }
    if at.names().is_empty() {
        check.push(at.error("no log is configured: leave the entry out for the default, a JSON log on standard output"));
    }
    logs
}

fn log(name: &str, raw: raw::Log, at: &At<'_>, check: &mut Check<'_>) -> Log {
    let to = match raw.to.as_deref() {
        None | Some("stdout") => LogTarget::Stdout,
        Some("") => {
            check.push(at.field("to").error("is empty; write `stdout` or a file"));
            LogTarget::Stdout
        }
        Some(path) => LogTarget::File(at.document.resolve(path)),
    };
    let format = match raw.format {
        None | Some(raw::LogFormat::Json) => LogFormat::Json,
        Some(raw::LogFormat::S3) => LogFormat::S3,
    };
    Log {
        name: name.into(),
        format,
        to,
    }
}
