//! Who keeps the settings of an upstream's buckets.

use super::super::place::At;
use super::super::raw::{LockOwner, SettingOwner, SettingOwners};
use super::super::settings::Upstream;
use super::Check;
use portcullis_core::admission::Locks;
use portcullis_core::controls::settings::{BucketSettings, SettingKind};
use portcullis_core::s3::names::BucketName;
use portcullis_core::s3::operations::OperationId;
use portcullis_core::s3::profiles::Profile;
use std::collections::HashMap;

/// The kinds that are left to the store, which must have them.
pub(super) fn theirs(
    written: &SettingOwners,
    profile: Option<&Profile>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Vec<SettingKind> {
    let locks = written.object_lock.map(|owner| match owner {
        LockOwner::Upstream => SettingOwner::Upstream,
        LockOwner::Gateway | LockOwner::Both => SettingOwner::Gateway,
    });
    let kinds = [
        (
            "policy",
            written.policy,
            SettingKind::Policy,
            OperationId::PutBucketPolicy,
        ),
        (
            "public_access_block",
            written.public_access_block,
            SettingKind::PublicAccessBlock,
            OperationId::PutPublicAccessBlock,
        ),
        (
            "cors",
            written.cors,
            SettingKind::Cors,
            OperationId::PutBucketCors,
        ),
        (
            "acl",
            written.acl,
            SettingKind::Acl,
            OperationId::PutBucketAcl,
        ),
        (
            "object_lock",
            locks,
            SettingKind::ObjectLock,
            OperationId::PutObjectLockConfiguration,
        ),
    ];
    let mut theirs = Vec::new();
    for (name, owner, kind, operation) in kinds {
        if owner != Some(SettingOwner::Upstream) {
            continue;
        }
        match profile {
            Some(profile) if !profile.has_setting(operation) => {
                check.push(at.field(name).error(format!(
                    "stores of profile `{}` do not keep this, as far as is known",
                    profile.name
                )))
            }
            Some(_) | None => theirs.extend_from_slice(kind.goes_with()),
        }
    }
    theirs
}

/// Whether the store is told of locks: unless it is said otherwise, if it has them.
pub(super) fn locks(
    written: &SettingOwners,
    profile: Option<&Profile>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Locks {
    let has = |profile: &Profile| profile.has_setting(OperationId::PutObjectLockConfiguration);
    match (written.object_lock, profile) {
        (Some(LockOwner::Both), Some(profile)) if !has(profile) => {
            check.push(at.field("object_lock").error(format!(
                "stores of profile `{}` do not keep this, as far as is known",
                profile.name
            )));
            Locks::Here
        }
        (Some(LockOwner::Gateway | LockOwner::Upstream), _) => Locks::Here,
        (Some(LockOwner::Both), _) => Locks::Passed,
        (None, profile) => match profile.is_some_and(has) {
            true => Locks::Passed,
            false => Locks::Here,
        },
    }
}

/// A file that says what is left to the store would count for nothing.
pub(super) fn refuse_files(
    buckets: &HashMap<BucketName, BucketSettings>,
    upstreams: &[Upstream],
    at: &At<'_>,
    check: &mut Check<'_>,
) {
    let mut names: Vec<_> = buckets.iter().collect();
    names.sort_by_key(|(name, _)| name.as_str());
    for (name, settings) in names {
        let holds = |upstream: &&Upstream| {
            let mut patterns = upstream.buckets.iter();
            patterns.any(|pattern| super::matches(pattern, name.as_str()))
        };
        let upstream = upstreams.iter().find(holds);
        let upstream = upstream.or_else(|| upstreams.iter().find(|upstream| upstream.default));
        let theirs = upstream.map_or(&[][..], |upstream| &upstream.theirs);
        let keeps_tags = |upstream: &Upstream| upstream.profile.has(OperationId::PutBucketTagging);
        let tags = upstream.is_some_and(keeps_tags);
        if tags && settings.tagging.is_some() {
            check.push(at.error(format!(
                "`tagging` of `{}` counts for nothing: its store keeps tags",
                name.as_str()
            )));
        }
        for setting in settings
            .all()
            .filter(|setting| theirs.contains(&setting.kind()))
        {
            let (kind, bucket) = (setting.kind().name(), name.as_str());
            check.push(at.error(format!(
                "`{kind}` of `{bucket}` counts for nothing: by `settings` it is the upstream's"
            )));
        }
    }
}
