//! Object Lock on its way through admission: what a request asks for what it makes, what it may do to what is locked, and
//! which settings a bucket with Object Lock does not take.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>
//!
//! Whether a version is locked is looked at when nobody else can change that any more, just before the upstream is asked to
//! destroy or replace it: admission gives a [`Guard`] along for then.

use super::legality::Case;
use super::{DecisionMode, Labels, Locks, Route, refuse};
use crate::controls::lock::{
    Bypass, BypassHeader, BypassPermission, Danger, LockConfiguration, LockRequest, LockTime,
    ObjectLock, Protected, RecordedLock, destroys, may_destroy, may_overwrite, refusal,
};
use crate::controls::objects::ObjectRecord;
use crate::controls::settings::SettingKind;
use crate::identity::Principal;
use crate::s3::actions::Action;
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::s3::operations::{Operation, OperationId};
use crate::sigv4::payload::Algorithm;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Says that a new bucket is to have Object Lock.
const ENABLED: &str = "x-amz-bucket-object-lock-enabled";

/// Part of an object's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LockPart {
    Retention,
    LegalHold,
}

/// What decides, once it is known what is on record, whether a version may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guard {
    now: LockTime,
    bypass: Bypass,
}

impl Guard {
    /// Of who may bypass this much, at this time. For a request, admission makes it.
    pub fn new(now: LockTime, bypass: Bypass) -> Self {
        Self { now, bypass }
    }

    /// Whether a version may be destroyed of which this may be on record.
    ///
    /// # Errors
    /// What protects it, or may.
    pub fn may_destroy(&self, possible: &[Option<ObjectRecord>]) -> Result<(), Protected> {
        let mut locks = possible.iter().flatten().map(|record| &record.lock);
        locks.try_for_each(|lock| may_destroy(lock, self.now, self.bypass))
    }

    /// Whether a version may be replaced of which this may be on record. No write can ask for bypass.
    ///
    /// # Errors
    /// As [`Guard::may_destroy`].
    pub fn may_replace(&self, possible: &[Option<ObjectRecord>]) -> Result<(), Protected> {
        let mut locks = possible.iter().flatten().map(|record| &record.lock);
        locks.try_for_each(|lock| may_overwrite(lock, self.now))
    }
}

impl Case<'_> {
    /// The Object Lock configuration of the target's bucket, if the gateway enforces one.
    pub(super) fn object_lock(&self) -> Option<LockConfiguration> {
        self.in_force(&self.request.target)?.object_lock()
    }

    /// Whether the store behind the bucket is told of its locks.
    pub(super) fn passes_locks(&self) -> bool {
        let passes = self
            .route()
            .is_some_and(|route| route.locks == Locks::Passed);
        passes && self.object_lock().is_some()
    }
}

/// The part of a lock that an operation is about, if it is about one.
pub(super) fn call(operation: &Operation) -> Option<LockPart> {
    match operation.id {
        OperationId::GetObjectRetention | OperationId::PutObjectRetention => {
            Some(LockPart::Retention)
        }
        OperationId::GetObjectLegalHold | OperationId::PutObjectLegalHold => {
            Some(LockPart::LegalHold)
        }
        _ => None,
    }
}

/// The headers that tell of an object how it is locked.
pub(super) fn shown(record: &ObjectRecord) -> HeaderMap {
    let RecordedLock::Known(lock) = &record.lock else {
        return HeaderMap::new();
    };
    let header = |(name, value): (&'static str, String)| {
        let value = HeaderValue::try_from(value).ok()?;
        Some((HeaderName::from_static(name), value))
    };
    lock.headers().filter_map(header).collect()
}

/// Whether a new bucket is to have Object Lock.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
///
/// # Errors
/// InvalidArgument for what is neither yes nor no; AccessDenied where nothing is kept of buckets.
pub(super) fn of_new_bucket(case: &Case<'_>) -> Result<bool, S3Error> {
    let Some(value) = case.head.headers.get(ENABLED) else {
        return Ok(false);
    };
    if case.leaves(SettingKind::ObjectLock) || value.as_bytes().eq_ignore_ascii_case(b"false") {
        return Ok(false);
    }
    if !value.as_bytes().eq_ignore_ascii_case(b"true") {
        return Err(S3Error::new(ErrorCode::InvalidArgument).with("ArgumentName", ENABLED));
    }
    if case.rules.buckets.is_none() {
        return Err(refuse::managed_by_configuration());
    }
    Ok(true)
}

/// The lock of the version that an allowed request makes, or of the one that an upload which begins with it will make: a
/// default retention counts from when that is done.
///
/// # Errors
/// Those of what it says of locks and of how; see [`LockRequest::read`] and [`refusal`].
pub(super) fn of_new_object(case: &Case<'_>, labels: &Labels) -> Result<ObjectLock, S3Error> {
    if case.leaves(SettingKind::ObjectLock) {
        return Ok(ObjectLock::none());
    }
    let (headers, now) = (case.head.headers, case.arrival.lock_time);
    let asked = LockRequest::from_headers(headers, now)?;
    let lock = asked.lock(case.object_lock().as_ref(), now)?;
    if !asked.is_none() && matches!(labels.principal, Principal::Anonymous) {
        return Err(refusal::anonymous());
    }
    match case.request.operation.id {
        OperationId::CreateMultipartUpload => Ok(ObjectLock {
            retention: asked.retention,
            ..lock
        }),
        OperationId::PutObject | OperationId::PostObject
            if lock != ObjectLock::none() && !has_checksum(headers) =>
        {
            Err(refusal::without_checksum(refusal::Upload::Object))
        }
        _ => Ok(lock),
    }
}

/// A part of what will be retained by the bucket's default.
///
/// # Errors
/// InvalidRequest if it comes without a checksum.
pub(super) fn check_part(case: &Case<'_>) -> Result<(), S3Error> {
    let retains = case
        .object_lock()
        .is_some_and(|lock| lock.default.is_some());
    match retains && !has_checksum(case.head.headers) {
        true => Err(refusal::without_checksum(refusal::Upload::Part)),
        false => Ok(()),
    }
}

/// In the head or announced to come behind the body.
fn has_checksum(headers: &HeaderMap) -> bool {
    let is_one = |name: &HeaderName| {
        let name = name.as_str();
        matches!(name, "content-md5" | "x-amz-trailer") || Algorithm::of_header(name).is_some()
    };
    headers.keys().any(is_one)
}

/// What an allowed request may do to versions that are locked.
pub(super) fn guard(case: &Case<'_>, labels: &Labels) -> Result<Guard, S3Error> {
    Ok(Guard {
        now: case.arrival.lock_time,
        bypass: bypass(case, labels)?,
    })
}

/// Whether the caller asks to bypass governance, and may.
///
/// # Errors
/// InvalidArgument if it asks in a bucket without Object Lock.
pub(super) fn bypass(case: &Case<'_>, labels: &Labels) -> Result<Bypass, S3Error> {
    let header = BypassHeader::read(|name| case.head.headers.get_all(name));
    if header.is_sent() && case.object_lock().is_none() && !case.leaves(SettingKind::ObjectLock) {
        return Err(refusal::bypass_without_lock());
    }
    Ok(Bypass {
        header,
        permission: bypass_permission(case, labels),
    })
}

/// Only who is allowed it bypasses, and not who is let pass because a listener observes: locks are never softened. Of the
/// keys of DeleteObjects each was asked with the rest of what it takes, so that where nobody is let pass, those allowed may.
fn bypass_permission(case: &Case<'_>, labels: &Labels) -> BypassPermission {
    let name = Action::BypassGovernanceRetention.name();
    let mut permissions = labels.permissions.iter();
    let held = match case.request.operation.id {
        OperationId::DeleteObjects => labels.mode == DecisionMode::Enforce,
        _ => permissions.any(|permission| permission.action == name && permission.allowed),
    };
    match held {
        true => BypassPermission::Held,
        false => BypassPermission::Missing,
    }
}

/// Settings of the store's by which it would destroy or replace versions that it does not know to be locked.
///
/// # Errors
/// InvalidBucketState for what a bucket with Object Lock does not take.
pub(super) fn check_settings(case: &Case<'_>, document: &[u8]) -> Result<(), S3Error> {
    let checked = matches!(
        case.request.operation.id,
        OperationId::PutBucketVersioning
            | OperationId::PutBucketLifecycleConfiguration
            | OperationId::PutBucketReplication
    );
    if !checked || case.leaves(SettingKind::ObjectLock) {
        return Ok(());
    }
    let Some(danger) = destroys(document).map_err(refuse::bad_xml)? else {
        return Ok(());
    };
    match &danger {
        // Into other buckets: those may be locked, whatever this one is.
        Danger::Replication(into) => {
            let mut into = into.iter();
            match into.any(|bucket| is_locked_here(case, bucket)) {
                true => Err(endangers(&danger)),
                false => Ok(()),
            }
        }
        _ if case.object_lock().is_none() => Ok(()),
        Danger::Suspension => Err(refusal::versioning_stays()),
        Danger::DeleteMarkers => Ok(()),
        // A store that knows the locks keeps them.
        _ if case.passes_locks() => Ok(()),
        Danger::CurrentVersions if case.route().is_some_and(|route| route.profile.versions) => {
            Ok(())
        }
        Danger::CurrentVersions | Danger::NoncurrentVersions | Danger::Unknown(_) => {
            Err(endangers(&danger))
        }
    }
}

/// Whether the gateway alone knows the locks of a bucket.
fn is_locked_here(case: &Case<'_>, bucket: &str) -> bool {
    let position = case.rules.routes.find(bucket);
    let route = position.and_then(|position| case.rules.routes.get(position));
    route.is_some_and(|route| {
        let lock = case.rules.in_force(bucket, route).object_lock();
        lock.is_some() && route.locks == Locks::Here
    })
}

/// Whether the lifecycle that a bucket has at its store destroys what is locked here.
///
/// # Errors
/// InvalidBucketState if it does, or is not understood.
pub fn check_lifecycle(route: &Route, lifecycle: &[u8]) -> Result<(), S3Error> {
    let danger = destroys(lifecycle).unwrap_or_else(|_| Some(Danger::Unknown("?".into())));
    match danger {
        None | Some(Danger::DeleteMarkers) => Ok(()),
        Some(_) if route.locks == Locks::Passed => Ok(()),
        Some(Danger::CurrentVersions) if route.profile.versions => Ok(()),
        Some(danger) => Err(endangers(&danger)),
    }
}

fn endangers(danger: &Danger) -> S3Error {
    S3Error::new(ErrorCode::InvalidBucketState).say(format!(
        "The configuration {danger}, which may be protected by object lock"
    ))
}
