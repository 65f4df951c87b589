//! `state`: what the running gateway's store holds, copies of it, and putting one back.

use super::ask::{Answer, Question, ask};
use super::{Layout, Running};
use crate::config::{self, Host};
use crate::state::{StoreError, restore};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// It was refused.
const REFUSED: u8 = 1;
/// The gateway cannot be asked, or the disk fails.
const CANNOT_RUN: u8 = 2;

/// Arguments of `state`.
#[derive(Debug, Args)]
pub struct State {
    /// What to do.
    #[command(subcommand)]
    pub verb: StateVerb,
}

/// What to do with the state.
#[derive(Debug, Subcommand)]
pub enum StateVerb {
    /// Say what the running gateway's store holds: format, origin, buckets, accounts, creations that were cut short.
    Show(Show),
    /// Copy the running gateway's store to a new file while it serves. The gateway writes it, so the file is on its host;
    /// nothing is overwritten.
    Backup(Backup),
    /// Put a backup in the place of a state file that no gateway has open. What was there is kept as
    /// `<name>.before-restore`, which must not exist yet.
    Restore(Restore),
}

/// Arguments of `state show`.
#[derive(Debug, Args)]
pub struct Show {
    /// How it is printed.
    #[arg(long, value_enum, default_value_t = Layout::Text)]
    pub format: Layout,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `state backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// The new file, on the gateway's host; a relative path is taken from here.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `state restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The configuration file that names the state file.
    #[arg(
        long,
        value_name = "FILE",
        env = "PORTCULLIS_CONFIG",
        required_unless_present = "state"
    )]
    pub config: Option<PathBuf>,
    /// The state file. Default: that of the configuration.
    #[arg(long, value_name = "PATH")]
    pub state: Option<PathBuf>,
}

/// Does it.
pub(super) fn run(arguments: &State) -> ExitCode {
    let done = match &arguments.verb {
        StateVerb::Show(show) => run_show(show),
        StateVerb::Backup(backup) => run_backup(backup),
        StateVerb::Restore(restore) => run_restore(restore),
    };
    done.unwrap_or_else(|error| {
        eprintln!("portcullis: {error:#}");
        ExitCode::from(CANNOT_RUN)
    })
}

fn run_show(arguments: &Show) -> anyhow::Result<ExitCode> {
    let answer = ask(&arguments.running, &Question::State)?;
    if answer.status != 200 {
        return Ok(refused(&answer));
    }
    Ok(super::print(&match arguments.format {
        Layout::Text => as_text(&answer.body),
        Layout::Json => format!("{:#}\n", answer.body),
    }))
}

fn run_backup(arguments: &Backup) -> anyhow::Result<ExitCode> {
    let file = std::path::absolute(&arguments.file)?;
    let answer = ask(&arguments.running, &Question::Backup(&file))?;
    if answer.status != 200 {
        return Ok(refused(&answer));
    }
    let number = |name| answer.body.get(name).and_then(Value::as_u64);
    Ok(super::print(&format!(
        "backed up to {}: {} bytes, buckets: {}\n",
        file.display(),
        number("bytes").unwrap_or_default(),
        number("buckets").unwrap_or_default(),
    )))
}

/// What stands in the way now is refused; what fails may work another time.
fn refused(answer: &Answer) -> ExitCode {
    eprintln!("portcullis: {}", answer.error());
    ExitCode::from(match answer.status {
        400 | 404 | 409 => REFUSED,
        _ => CANNOT_RUN,
    })
}

fn run_restore(arguments: &Restore) -> anyhow::Result<ExitCode> {
    let to = state_file(arguments)?;
    let former = to.exists();
    if let Err(error) = restore(&arguments.file, &to) {
        eprintln!("portcullis: not restored: {error}");
        return Ok(ExitCode::from(code_of(&error)));
    }
    let mut said = format!(
        "restored {} from {}\n",
        to.display(),
        arguments.file.display()
    );
    if former {
        writeln!(
            said,
            "what was there is kept as {}.before-restore",
            to.display()
        )?;
    }
    Ok(super::print(&said))
}

fn state_file(arguments: &Restore) -> anyhow::Result<PathBuf> {
    if let Some(state) = &arguments.state {
        return Ok(state.clone());
    }
    let config = arguments.config.as_deref().unwrap_or(Path::new(""));
    let shown = config.display();
    let (settings, _) = config::load(config, &Host).map_err(|_| {
        anyhow::anyhow!("`{shown}` has errors, see `portcullis validate`: give --state")
    })?;
    let state = settings
        .state
        .with_context(|| format!("`{shown}` has no `state`"))?;
    Ok(state.0)
}

fn code_of(error: &StoreError) -> u8 {
    match error {
        StoreError::Locked(_)
        | StoreError::FileExists(_)
        | StoreError::NewerFormat { .. }
        | StoreError::Unreadable { .. } => REFUSED,
        StoreError::AlreadyExists { .. }
        | StoreError::BeingCreated { .. }
        | StoreError::NotOnRecord { .. }
        | StoreError::ReadOnly
        | StoreError::Unavailable(_) => CANNOT_RUN,
    }
}

fn as_text(state: &Value) -> String {
    let mut text = String::new();
    for name in ["file", "format", "origin"] {
        text += &format!("{name}: {}\n", word(state, name));
    }
    section(&mut text, state, "buckets", |of| {
        let [name, owner, upstream, created] =
            ["name", "owner", "upstream", "created"].map(|field| word(of, field));
        format!(
            "{name} of {owner} on {upstream} since {created}: {}",
            kinds(of)
        )
    });
    section(&mut text, state, "accounts", |of| {
        format!("{}: {}", word(of, "id"), kinds(of))
    });
    section(&mut text, state, "unresolved", |of| {
        let [name, owner, upstream, created] =
            ["name", "owner", "upstream", "created"].map(|field| word(of, field));
        format!("{name} for {owner} on {upstream} since {created}")
    });
    text + &format!(
        "unresolved objects: {}\n",
        word(state, "unresolved_objects")
    )
}

fn section(text: &mut String, state: &Value, name: &str, line: impl Fn(&Value) -> String) {
    let rows = state.get(name).and_then(Value::as_array);
    let rows = rows.map(Vec::as_slice).unwrap_or_default();
    *text += &format!("{name}: {}\n", rows.len());
    for row in rows {
        *text += &format!("  {}\n", line(row));
    }
}

fn word(of: &Value, field: &str) -> String {
    match of.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    }
}

fn kinds(of: &Value) -> String {
    let kinds = of.get("settings").and_then(Value::as_array);
    let kinds = kinds.into_iter().flatten().filter_map(Value::as_str);
    let kinds: Vec<&str> = kinds.collect();
    match kinds.is_empty() {
        true => "nothing set".to_owned(),
        false => kinds.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_state_is_shown_in_lines() {
        let state = json!({
            "file": "/s/state.redb", "format": 3, "origin": "restored",
            "buckets": [{ "name": "lake", "owner": "111122223333", "upstream": "rgw", "created": "2026-01-02T03:04:05Z",
                "settings": ["policy", "cors"] }],
            "accounts": [{ "id": "111122223333", "settings": ["public-access-block"] }],
            "unresolved": [], "unresolved_objects": 2,
        });
        let expected = "file: /s/state.redb\nformat: 3\norigin: restored\nbuckets: 1\n  \
            lake of 111122223333 on rgw since 2026-01-02T03:04:05Z: policy, cors\naccounts: 1\n  \
            111122223333: public-access-block\nunresolved: 0\nunresolved objects: 2\n";
        assert_eq!(as_text(&state), expected);
    }

    #[test]
    fn what_stands_in_the_way_is_refused_and_what_fails_cannot_run() {
        assert_eq!(code_of(&StoreError::Locked("a".into())), REFUSED);
        assert_eq!(code_of(&StoreError::Unavailable("disk".into())), CANNOT_RUN);
    }
}
