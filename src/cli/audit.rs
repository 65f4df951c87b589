//! `audit`: whether a log was tampered with, and the key that signs one.

use super::Layout;
use crate::audit::verify::{Anchor, Question, Report, Verdict, verify};
use crate::audit::{AuditError, PublicKey, SigningKey};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// It cannot be read.
const CANNOT_RUN: u8 = 2;

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// What to do.
    #[command(subcommand)]
    pub verb: AuditVerb,
}

/// What to do with an audit log.
#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Say whether a log is what was written, and name the first line that is not. The log may be in use.
    Verify(Verify),
    /// Print the public half of a key and its fingerprint; make the key if the file is not there.
    Key(Key),
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The log's folder.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// A public key to trust, and those introduced under it: in base64, or a file with it or in PEM.
    #[arg(long = "key", value_name = "PUB")]
    pub keys: Vec<String>,
    /// A file with checkpoints that were kept elsewhere, a line each.
    #[arg(long = "anchor", value_name = "FILE")]
    pub anchors: Vec<PathBuf>,
    /// Leave out runs of the gateway that had ended by then, e.g. `2026-11-01T00:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Layout::Text)]
    pub format: Layout,
}

/// Arguments of `audit key`.
#[derive(Debug, Args)]
pub struct Key {
    /// The file of the private key, in PEM.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Runs the verb.
pub(super) fn run(arguments: &Audit) -> ExitCode {
    let done = match &arguments.verb {
        AuditVerb::Verify(arguments) => run_verify(arguments),
        AuditVerb::Key(arguments) => run_key(&arguments.file),
    };
    match done {
        Ok((text, code)) => {
            let printed = super::print(&text);
            if printed == ExitCode::SUCCESS {
                ExitCode::from(code)
            } else {
                ExitCode::from(CANNOT_RUN)
            }
        }
        Err(error) => {
            eprintln!("portcullis: {error}");
            ExitCode::from(CANNOT_RUN)
        }
    }
}

fn run_verify(arguments: &Verify) -> Result<(String, u8), AuditError> {
    let keys: Result<Vec<_>, _> = arguments
        .keys
        .iter()
        .map(|key| PublicKey::read(key))
        .collect();
    let mut anchors = Vec::new();
    for path in &arguments.anchors {
        anchors.extend(Anchor::read(path)?);
    }
    let question = Question {
        keys: keys?,
        anchors,
        since: arguments.since,
    };
    let report = verify(&arguments.dir, &question)?;
    let text = match arguments.format {
        Layout::Text => text(&report),
        Layout::Json => {
            let json = serde_json::to_string_pretty(&report).unwrap_or_default();
            format!("{json}\n")
        }
    };
    Ok((text, report.verdict.code()))
}

fn run_key(file: &Path) -> Result<(String, u8), AuditError> {
    let key = if file.exists() {
        SigningKey::read(file)?
    } else {
        SigningKey::create(file)?
    };
    let public = key.public();
    let text = format!(
        "{}\n{}\n{public}\n",
        public.pem().trim_end(),
        public.fingerprint()
    );
    Ok((text, 0))
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{} records of {} streams read, {} files archived",
        report.records, report.streams, report.archived
    );
    for note in &report.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if let Some(signer) = &report.signer {
        let pinned = if report.pinned {
            "pinned"
        } else {
            "signer not pinned"
        };
        let _ = writeln!(text, "signer: {signer} ({pinned})");
    }
    if let Some(proven) = &report.proven {
        let _ = writeln!(
            text,
            "proven up to the checkpoint of stream {}, record {}, at {}; {} records behind it, {} anchors hold",
            proven.stream, proven.sequence, proven.time, report.unproven, report.anchors
        );
    }
    if let Some(finding) = &report.finding {
        let what = format!("{:?}", finding.what).to_lowercase();
        let _ = writeln!(
            text,
            "{what}: `{}` line {} (sequence {}): {}",
            finding.file, finding.line, finding.sequence, finding.detail
        );
    }
    text.push_str(match report.verdict {
        Verdict::Untouched => "untouched\n",
        Verdict::Tampered => "TAMPERED\n",
        Verdict::Proven => "nothing is wrong up to that checkpoint; whether anything was cut off behind it only an anchor can tell\n",
        Verdict::NotPinned => "nothing is wrong if this is the signer: trust its key with --key\n",
    });
    text
}
