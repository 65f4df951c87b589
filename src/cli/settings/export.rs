//! `settings export`: from a running gateway to files.

use super::super::ask::{Gateway, Question};
use super::files::{Effect, Files, Present, Wrote, text_of};
use super::{Ending, Export, Wanted, complain, tell};
use crate::admin::Holder;
use crate::config::imports::ACCOUNTS;
use anyhow::{Context as _, bail};
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{Setting, SettingKind};
use portcullis_core::document;
use portcullis_core::s3::names::{AccountId, BucketName};
use serde_json::Value;
use std::path::Path;

pub(super) fn run(arguments: &Export) -> anyhow::Result<Ending> {
    let gateway = Gateway::find(&arguments.running)?;
    let state = gateway.ask(&Question::State)?;
    if state.status == 409 {
        eprintln!("portcullis: {}", state.error());
        return Ok(Ending::Refused);
    }
    if state.status != 200 {
        bail!("{}", state.error());
    }
    let files = Files {
        folder: &arguments.dir,
        present: present(arguments.force),
        effect: Effect::Durable,
    };
    let folder = arguments.dir.join("buckets");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make `{}`", folder.display()))?;
    let wanted = Wanted::of(arguments.bucket.as_deref());
    let mut ending = Ending::Done;
    for name in names(&state.body, "buckets", "name") {
        let name = BucketName::parse(name).context("the gateway names a bucket that is none")?;
        if wanted.has(&name) {
            ending = ending.max(bucket(&gateway, &files, name)?);
        }
    }
    if wanted.has_accounts() {
        ending = ending.max(accounts(&gateway, &files, &state.body)?);
    }
    Ok(ending)
}

pub(super) fn present(force: bool) -> Present {
    match force {
        true => Present::Overwritten,
        false => Present::Kept,
    }
}

fn names<'s>(
    state: &'s Value,
    list: &str,
    field: &'static str,
) -> impl Iterator<Item = &'s str> + use<'s> {
    let rows = state.get(list).and_then(Value::as_array);
    let rows = rows.map(Vec::as_slice).unwrap_or_default().iter();
    rows.filter_map(move |row| row.get(field)?.as_str())
}

fn bucket(gateway: &Gateway<'_>, files: &Files<'_>, name: BucketName) -> anyhow::Result<Ending> {
    let holder = Holder::Bucket(name.clone());
    let mut ending = Ending::Done;
    for (kind, text) in settings(gateway, &holder)? {
        let setting = Setting::of_file(kind, &name, &text);
        let setting = setting
            .map_err(|why| anyhow::anyhow!("`{}` of `{}`: {why}", kind.name(), name.as_str()))?;
        let wrote = files.put(&name, kind, &text_of(&setting))?;
        ending = ending.max(told(&files.path(&name, kind), wrote));
    }
    Ok(ending)
}

/// The settings of a bucket that went meanwhile are none.
fn settings(gateway: &Gateway<'_>, holder: &Holder) -> anyhow::Result<Vec<(SettingKind, String)>> {
    let answer = gateway.ask(&Question::Settings(holder))?;
    match answer.status {
        200 => {}
        404 => return Ok(Vec::new()),
        _ => bail!("{}", answer.error()),
    }
    let settings = answer.body.get("settings").and_then(Value::as_object);
    let settings = settings.into_iter().flatten().map(|(kind, text)| {
        let kind = SettingKind::of_name(kind)
            .with_context(|| format!("the gateway keeps `{kind}`, which is not known here"))?;
        Ok((kind, text.as_str().unwrap_or_default().to_owned()))
    });
    settings.collect()
}

fn accounts(gateway: &Gateway<'_>, files: &Files<'_>, state: &Value) -> anyhow::Result<Ending> {
    let mut found = Vec::new();
    for id in names(state, "accounts", "id") {
        let id = AccountId::parse(id).ok();
        let id = id.context("the gateway names an account that is none")?;
        for (kind, text) in settings(gateway, &Holder::Account(id))? {
            if kind == SettingKind::PublicAccessBlock {
                found.push((id, block(&text)?));
            }
        }
    }
    if found.is_empty() {
        return Ok(Ending::Done);
    }
    let wrote = files.put_accounts(&found)?;
    Ok(told(&files.folder.join(ACCOUNTS), wrote))
}

fn block(text: &str) -> anyhow::Result<PublicAccessBlock> {
    let node = document::json(text);
    let block = node.and_then(|node| PublicAccessBlock::parse_json(&node));
    block.map_err(|_| anyhow::anyhow!("the gateway answered flags that cannot be read"))
}

/// Says what became of a file.
pub(super) fn told(file: &Path, wrote: Wrote) -> Ending {
    let shown = file.display();
    match wrote {
        Wrote::Written => {
            tell("written", shown);
            return Ending::Done;
        }
        Wrote::Writable => {
            tell("would write", shown);
            return Ending::Done;
        }
        Wrote::Unchanged => {
            tell("unchanged", shown);
            return Ending::Done;
        }
        Wrote::Differs => {
            let why = "is there and says something else; --force overwrites it";
            tell("refused", format!("{shown}: {why}"));
        }
        Wrote::Elsewhere(other) => {
            let other = other.display();
            tell("refused", format!("{shown}: `{other}` says it already"));
        }
        Wrote::Unreadable(findings) => {
            let why = "the gateway would not read it";
            tell("refused", format!("{shown}: {why}"));
            complain(&findings);
        }
    }
    Ending::Refused
}
