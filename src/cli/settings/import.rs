//! `settings import DIR`: from files to a running gateway.

use super::super::ask::{Gateway, Question};
use super::{Ending, Import, Wanted, complain, tell};
use crate::admin::Holder;
use crate::config::imports::{self, Kept};
use crate::config::{Host, Severity};
use anyhow::bail;
use portcullis_core::controls::settings::Setting;
use serde_json::{Map, Value, json};
use std::path::Path;

pub(super) fn run(arguments: &Import, dir: &Path) -> anyhow::Result<Ending> {
    if !dir.is_dir() {
        bail!("`{}` is not a folder", dir.display());
    }
    let (kept, findings) = match imports::kept(dir, &Host) {
        Ok(read) => read,
        Err(findings) => {
            complain(&findings);
            eprintln!("portcullis: nothing was changed");
            return Ok(Ending::Refused);
        }
    };
    let notes = |severity| severity == Severity::Note;
    let shown: Vec<_> = findings
        .into_iter()
        .filter(|finding| !notes(finding.severity))
        .collect();
    complain(&shown);
    for path in &kept.passed_over {
        let why = "only configuration takes it";
        tell("not read", format!("{}: {why}", path.display()));
    }
    hand_over(arguments, kept)
}

fn hand_over(arguments: &Import, kept: Kept) -> anyhow::Result<Ending> {
    let gateway = Gateway::find(&arguments.running)?;
    let wanted = Wanted::of(arguments.bucket.as_deref());
    let mut ending = Ending::Done;
    for (name, settings) in kept.buckets {
        if wanted.has(&name) {
            let shown = name.as_str().to_owned();
            let handed = put(
                &gateway,
                arguments,
                &Holder::Bucket(name),
                &shown,
                &settings,
            )?;
            ending = ending.max(handed);
        }
    }
    if wanted.has_accounts() {
        for (id, block) in kept.accounts {
            let shown = format!("account {id}");
            let settings = [Setting::PublicAccessBlock(block)];
            let handed = put(&gateway, arguments, &Holder::Account(id), &shown, &settings)?;
            ending = ending.max(handed);
        }
    }
    Ok(ending)
}

fn put(
    gateway: &Gateway<'_>,
    arguments: &Import,
    holder: &Holder,
    shown: &str,
    settings: &[Setting],
) -> anyhow::Result<Ending> {
    let files = settings.iter().map(|setting| {
        let file = setting.to_file();
        let text = String::from_utf8_lossy(&file).into_owned();
        (setting.kind().name().to_owned(), Value::from(text))
    });
    let files: Map<_, _> = files.collect();
    let body = json!({ "settings": files, "dry_run": arguments.dry_run });
    let answer = gateway.ask(&Question::PutSettings(holder, &body))?;
    match answer.status {
        200 => Ok(outcomes(&answer.body, arguments, shown)),
        400 | 404 | 409 => {
            for setting in settings {
                let (kind, why) = (setting.kind().name(), answer.error());
                tell("refused", format!("{shown}/{kind}: {why}"));
            }
            Ok(Ending::Refused)
        }
        503 => {
            tell("failed", format!("{shown}: {}", answer.error()));
            Ok(Ending::CannotRun)
        }
        _ => bail!("{}", answer.error()),
    }
}

fn outcomes(answer: &Value, arguments: &Import, shown: &str) -> Ending {
    let mut ending = Ending::Done;
    let settings = answer.get("settings").and_then(Value::as_object);
    for (kind, of) in settings.into_iter().flatten() {
        let said = |name| of.get(name).and_then(Value::as_str);
        match (said("outcome"), arguments.dry_run) {
            (Some("put"), true) => tell("would put", format!("{shown}/{kind}")),
            (Some(outcome @ ("put" | "unchanged")), _) => tell(outcome, format!("{shown}/{kind}")),
            (_, _) => {
                let why = said("why").unwrap_or("the gateway does not say why");
                tell("refused", format!("{shown}/{kind}: {why}"));
                ending = Ending::Refused;
            }
        }
    }
    ending
}
