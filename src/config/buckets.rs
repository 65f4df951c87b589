//! The settings of buckets as files: `policies/buckets/<bucket>/` has one for each kind, in AWS's own form, named as the kind.

use super::check::Check;
use super::finding::Finding;
use super::modes::CANDIDATE_FILES;
use super::policies::{Folder, bucket_policy, document, list, refuse};
use super::secrets::in_words;
use super::sources::ItemKind;
use portcullis_core::controls::acl::Acl;
use portcullis_core::controls::cors::Cors;
use portcullis_core::controls::lock::LockConfiguration;
use portcullis_core::controls::ownership::ObjectOwnership;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{BucketPolicy, BucketSettings, Setting, SettingKind};
use portcullis_core::controls::tags::Tags;
use portcullis_core::document::{Node, Problem};
use portcullis_core::policy::Mode;
use portcullis_core::s3::names::BucketName;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads the folders of all buckets.
pub(super) fn folder(folder: &Path, found: &mut Folder, check: &mut Check<'_>) {
    for item in list(folder, check) {
        let path = folder.join(&item.name);
        if item.kind == ItemKind::File {
            let message = "not read: a bucket has a folder of its own with `policy.json` in it";
            refuse(&path, message, check);
            continue;
        }
        match BucketName::parse(&item.name) {
            Ok(name) => bucket(name, &path, found, check),
            Err(error) => {
                let message = format!("`{}` is not a bucket: {error}", item.name);
                refuse(&path, &message, check);
            }
        }
    }
}

/// Reads the folder of one bucket.
fn bucket(name: BucketName, folder: &Path, found: &mut Folder, check: &mut Check<'_>) {
    let (mut files, mut candidates) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
    for item in list(folder, check) {
        let path = folder.join(&item.name);
        match kind_of(&item.name) {
            Some(kind) => files.entry(kind).or_default().push(path),
            None if CANDIDATE_FILES.contains(&&*item.name) => candidates.push(path),
            None => refuse(&path, &not_read(), check),
        }
    }
    let candidate = one(&candidates, check).and_then(|file| bucket_policy(&name, file, check));
    let mut settings = BucketSettings::default();
    for (kind, files) in &files {
        let file = one(files, check);
        if let Some(setting) = file.and_then(|file| setting(*kind, &name, file, check)) {
            settings = settings.with(setting);
        }
    }
    let live = settings.policy().map(|policy| policy.mode());
    if let (Some(Mode::Shadow), Some(file)) = (live, candidates.first()) {
        let message = "hides the bucket's `policy.json`, which is in shadow itself: of the two only this one is tried";
        check.push(Finding::error(file, Default::default(), message).softened());
    }
    found
        .candidates
        .extend(candidate.map(|policy| (name.clone(), policy)));
    if settings != BucketSettings::default() {
        found.buckets.insert(name, settings);
    }
}

/// The kind of setting that a file of this name holds: JSON or YAML, and CORS as XML too.
fn kind_of(name: &str) -> Option<SettingKind> {
    let (stem, extension) = name.split_once('.')?;
    let kind = SettingKind::of_name(stem)?;
    let known = match extension {
        "json" | "yaml" | "yml" => true,
        "xml" => kind == SettingKind::Cors,
        _ => false,
    };
    known.then_some(kind)
}

fn not_read() -> String {
    let names = SettingKind::ALL.map(|kind| format!("`{}.json`", kind.name()));
    format!(
        "not read: only {} and `policy.candidate.json` are",
        names.join(", ")
    )
}

fn one<'f>(files: &'f [PathBuf], check: &mut Check<'_>) -> Option<&'f Path> {
    if let Some(second) = files.get(1) {
        let message = "a bucket has one of these; another file holds it already";
        refuse(second, message, check);
    }
    files.first().map(PathBuf::as_path)
}

/// Reads the file of one setting.
pub(super) fn setting(
    kind: SettingKind,
    bucket: &BucketName,
    file: &Path,
    check: &mut Check<'_>,
) -> Option<Setting> {
    match kind {
        SettingKind::Policy => {
            let policy = bucket_policy(bucket, file, check)?;
            Some(Setting::Policy(BucketPolicy::from(policy)))
        }
        SettingKind::PublicAccessBlock => {
            let block = read(file, PublicAccessBlock::parse_json, check)?;
            Some(Setting::PublicAccessBlock(block))
        }
        SettingKind::Cors if file.extension().is_some_and(|name| name == "xml") => {
            xml(kind, bucket, file, check)
        }
        SettingKind::Ownership => {
            let ownership = read(file, ObjectOwnership::parse_json, check)?;
            Some(Setting::Ownership(ownership))
        }
        SettingKind::Acl => {
            let acl = read(file, Acl::parse_json, check)?;
            Some(Setting::Acl(Arc::new(acl)))
        }
        SettingKind::Tagging => {
            let tags = read(file, Tags::parse_json, check)?;
            Some(Setting::Tagging(Arc::new(tags)))
        }
        SettingKind::ObjectLock => {
            let lock = read(file, LockConfiguration::parse_json, check)?;
            Some(Setting::ObjectLock(lock))
        }
        SettingKind::Cors => {
            let cors = read(file, Cors::parse_json, check)?;
            Some(Setting::Cors(Arc::new(cors)))
        }
    }
}

/// Reads a document that is a tree of values.
fn read<T>(
    file: &Path,
    parse: impl FnOnce(&Node) -> Result<T, Vec<Problem>>,
    check: &mut Check<'_>,
) -> Option<T> {
    let parsed = parse(&document(file, check)?);
    let problems = match parsed {
        Ok(read) => return Some(read),
        Err(problems) => problems,
    };
    for problem in problems {
        check.push(Finding::error(file, problem.at, problem.message));
    }
    None
}

/// Reads a document as the S3 call takes it.
fn xml(
    kind: SettingKind,
    bucket: &BucketName,
    file: &Path,
    check: &mut Check<'_>,
) -> Option<Setting> {
    let bytes = match check.sources.read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            refuse(
                file,
                &format!("cannot read it: {}", in_words(&error)),
                check,
            );
            return None;
        }
    };
    check.note_document(file, &bytes);
    match Setting::read(kind, bucket, &bytes) {
        Ok(setting) => Some(setting),
        Err(error) => {
            refuse(
                file,
                &format!("{}: {}", error.code.name(), error.message),
                check,
            );
            None
        }
    }
}
