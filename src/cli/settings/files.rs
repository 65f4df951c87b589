//! Writes settings as files that a folder of `policies` takes.

use crate::config::{Finding, imports};
use anyhow::Context as _;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{Setting, SettingKind};
use portcullis_core::s3::names::{AccountId, BucketName};
use serde_json::{Map, Value, json};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// A folder of policies that is being written.
pub(super) struct Files<'a> {
    pub(super) folder: &'a Path,
    pub(super) present: Present,
    pub(super) effect: Effect,
}

/// What becomes of files that say something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Present {
    Kept,
    Overwritten,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Durable,
    DryRun,
}

/// What became of one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrote {
    Written,
    /// It would be, were this no dry run.
    Writable,
    Unchanged,
    /// The file is there and says something else.
    Differs,
    /// Another file holds the setting.
    Elsewhere(PathBuf),
    /// The gateway would not read it.
    Unreadable(Vec<Finding>),
}

/// Under which endings a setting may stand beside `.json`.
const OTHERS: [&str; 3] = ["yaml", "yml", "xml"];

impl Files<'_> {
    /// Where the file of a setting is.
    pub(super) fn path(&self, bucket: &BucketName, kind: SettingKind) -> PathBuf {
        let folder = self.folder.join("buckets").join(bucket.as_str());
        folder.join(format!("{}.json", kind.name()))
    }

    /// Writes the file of a setting, once it is known that the gateway reads it.
    pub(super) fn put(
        &self,
        bucket: &BucketName,
        kind: SettingKind,
        text: &[u8],
    ) -> anyhow::Result<Wrote> {
        let file = self.path(bucket, kind);
        let read = |text: &[u8]| imports::setting(kind, bucket, &file, text);
        let setting = match read(text) {
            Ok((setting, _)) => setting,
            Err(findings) => return Ok(Wrote::Unreadable(findings)),
        };
        let others = OTHERS.map(|ending| file.with_extension(ending));
        if let Some(other) = others.into_iter().find(|other| other.exists()) {
            return Ok(Wrote::Elsewhere(other));
        }
        let same = |there: &[u8]| read(there).is_ok_and(|(there, _)| there == setting);
        self.write(&file, text, same)
    }

    /// Writes the file of accounts' flags, in the form of identities.
    pub(super) fn put_accounts(
        &self,
        accounts: &[(AccountId, PublicAccessBlock)],
    ) -> anyhow::Result<Wrote> {
        let each = accounts.iter().map(|(id, block)| {
            let settings = json!({ "public_access_block": block.to_json() });
            (id.as_str().to_owned(), settings)
        });
        let all = json!({ "accounts": each.collect::<Map<_, _>>() });
        let same =
            |there: &[u8]| serde_json::from_slice::<Value>(there).is_ok_and(|there| there == all);
        let file = self.folder.join(imports::ACCOUNTS);
        self.write(&file, format!("{all:#}\n").as_bytes(), same)
    }

    fn write(
        &self,
        file: &Path,
        text: &[u8],
        same: impl Fn(&[u8]) -> bool,
    ) -> anyhow::Result<Wrote> {
        let context = || format!("cannot write `{}`", file.display());
        match std::fs::read(file) {
            Ok(there) if there == text || same(&there) => return Ok(Wrote::Unchanged),
            Ok(_) if self.present == Present::Kept => return Ok(Wrote::Differs),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(context),
        }
        match self.effect {
            Effect::Durable => whole(file, text).with_context(context)?,
            Effect::DryRun => return Ok(Wrote::Writable),
        }
        Ok(Wrote::Written)
    }
}

/// Under its name the file is whole from the beginning: a gateway may watch the folder.
fn whole(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".new.{}", std::process::id()));
    let written = std::fs::File::create(&draft).and_then(|mut draft| {
        draft.write_all(text)?;
        draft.sync_all()
    });
    let done = written.and_then(|()| std::fs::rename(&draft, file));
    if done.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    done
}

/// What a file of a bucket's setting holds.
pub(super) fn text_of(setting: &Setting) -> Vec<u8> {
    setting.to_file().to_vec()
}

#[cfg(test)]
mod tests;
