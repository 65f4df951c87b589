//! Settings in files that are to be put elsewhere, or were read elsewhere: held to what `policies/buckets/` is held to.

use super::buckets;
use super::check::Check;
use super::finding::Finding;
use super::identities;
use super::policies::{Folder, list, refuse};
use super::sources::{Access, Item, ItemKind, Owner, Sources};
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{BucketPolicy, Setting, SettingKind};
use portcullis_core::s3::names::{AccountId, BucketName};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The file of a folder that holds the settings of accounts, in the form of identities.
pub const ACCOUNTS: &str = "identities/accounts.json";

/// What a folder holds that can be put.
#[derive(Debug, Default)]
pub struct Kept {
    /// From `buckets/<bucket>/`.
    pub buckets: BTreeMap<BucketName, Vec<Setting>>,
    /// From [`ACCOUNTS`].
    pub accounts: BTreeMap<AccountId, PublicAccessBlock>,
    /// Files and folders that only configuration takes.
    pub passed_over: Vec<PathBuf>,
}

/// Reads a folder as `policies` names one: the settings of buckets, and [`ACCOUNTS`].
///
/// # Errors
/// All findings, if there is an error among them. Otherwise they come with what was read.
pub fn kept(folder: &Path, sources: &dyn Sources) -> Result<(Kept, Vec<Finding>), Vec<Finding>> {
    let mut check = Check::new(sources);
    let mut kept = Kept::default();
    for item in list(folder, &mut check) {
        let path = folder.join(&item.name);
        match (item.name.as_str(), item.kind) {
            ("buckets", ItemKind::Folder) => kept.read_buckets(&path, &mut check),
            ("identities", ItemKind::Folder) => kept.read_accounts(folder, &mut check),
            ("guardrails" | "examples", ItemKind::Folder) => kept.passed_over.push(path),
            ("README.md", ItemKind::File) => (),
            _ => refuse(
                &path,
                "not read: only `buckets/<bucket>/` and `identities/accounts.json` are",
                &mut check,
            ),
        }
    }
    let failed = check.failed();
    let findings = check.findings();
    match failed {
        true => Err(findings),
        false => Ok((kept, findings)),
    }
}

impl Kept {
    fn read_buckets(&mut self, folder: &Path, check: &mut Check<'_>) {
        let mut found = Folder::default();
        buckets::folder(folder, &mut found, check);
        let candidate = |bucket: &BucketName| folder.join(bucket.as_str()).join("policy.candidate");
        self.passed_over
            .extend(found.candidates.keys().map(candidate));
        for (bucket, settings) in found.buckets {
            let settings = settings.all().map(|setting| match setting {
                Setting::Policy(policy) => verbatim(folder, &bucket, policy, check),
                setting => setting,
            });
            let settings = settings.collect();
            self.buckets.insert(bucket, settings);
        }
    }

    fn read_accounts(&mut self, folder: &Path, check: &mut Check<'_>) {
        let file = folder.join(ACCOUNTS);
        for item in list(&folder.join("identities"), check) {
            let path = folder.join("identities").join(&item.name);
            match path == file {
                true => {
                    let all = identities::file(&file, check).accounts.into_iter();
                    let blocks = all.filter_map(|(id, of)| Some((id, of.public_access_block?)));
                    self.accounts.extend(blocks);
                }
                false => self.passed_over.push(path),
            }
        }
    }
}

/// A policy with the text of its file, where that is as a call takes it.
fn verbatim(
    folder: &Path,
    bucket: &BucketName,
    policy: BucketPolicy,
    check: &Check<'_>,
) -> Setting {
    let file = folder.join(bucket.as_str()).join("policy.json");
    let read = check.sources.read(&file).ok();
    let own = read.and_then(|bytes| BucketPolicy::read(bucket, &bytes).ok());
    Setting::Policy(own.unwrap_or(policy))
}

/// Reads what a file would hold, were it there.
///
/// # Errors
/// All findings, if there is an error among them. Otherwise they come with what was read.
pub fn setting(
    kind: SettingKind,
    bucket: &BucketName,
    file: &Path,
    text: &[u8],
) -> Result<(Setting, Vec<Finding>), Vec<Finding>> {
    let only = Only(text);
    let mut check = Check::new(&only);
    let read = buckets::setting(kind, bucket, file, &mut check);
    let failed = check.failed();
    match (read, failed) {
        (Some(setting), false) => Ok((setting, check.findings())),
        (Some(_), true) | (None, _) => Err(check.findings()),
    }
}

/// A place where every file holds this.
struct Only<'a>(&'a [u8]);

impl Sources for Only<'_> {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.to_vec())
    }

    fn access(&self, _: &Path) -> io::Result<Access> {
        Ok(Access {
            mode: 0o600,
            owner: Owner::Ourselves,
        })
    }

    fn list(&self, _: &Path) -> io::Result<Vec<Item>> {
        Ok(Vec::new())
    }

    fn is_folder(&self, _: &Path) -> bool {
        false
    }

    fn host_name(&self) -> Option<String> {
        None
    }

    fn processors(&self) -> usize {
        1
    }
}

#[cfg(test)]
mod tests;
