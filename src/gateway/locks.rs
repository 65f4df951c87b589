//! Object Lock where it counts: what is locked is neither destroyed nor replaced. Looked at while nobody else can change the
//! object or its lock, between the decision and the upstream.

use super::exchange::Exchange;
use super::fault::Fault;
use super::passing::malformed;
use super::snapshot::Snapshot;
use super::{Gateway, clock};
use crate::state::{NULL_VERSION, Note, ObjectName, StoreError};
use crate::upstream::client::UpstreamAnswer;
use bytes::Bytes;
use http::{Method, StatusCode};
use portcullis_core::admission::{
    Guard, Keeping, Locks, Permit, RecordChange, Route, check_lifecycle,
};
use portcullis_core::controls::lock::{BadRecord, Protected, RecordedLock, refusal};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::settings::SettingKind;
use portcullis_core::s3::answer::S3Error;
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::names::BucketName;
use portcullis_core::s3::operations::OperationId;
use portcullis_core::s3::xml::{Element, UpstreamError};

/// The most bytes of a bucket's setting that are read.
const LIMIT: usize = 1 << 20;

/// What a change does to a version that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Threat {
    /// A write: it takes the place of the version `null`, unless versions are kept.
    Replaces,
    /// A deletion that names no version: the same with a delete marker.
    Marks,
    /// This version goes for good.
    Destroys(Box<str>),
}

/// That a change may go on, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// Nothing that is locked is there.
    Free,
    /// What is locked stays, beside what is new.
    Spared,
}

impl Threat {
    /// Of a deletion.
    pub(super) fn of(version: Option<&str>) -> Self {
        version.map_or(Self::Marks, |version| Self::Destroys(version.into()))
    }

    /// What it is done to.
    pub(super) fn version(&self) -> &str {
        match self {
            Self::Replaces | Self::Marks => NULL_VERSION,
            Self::Destroys(version) => version,
        }
    }

    /// Whether it may be done to a version of which this may be on record.
    pub(super) fn is_allowed(
        &self,
        guard: &Guard,
        possible: &[Option<ObjectRecord>],
    ) -> Result<(), Protected> {
        match self {
            Self::Replaces => guard.may_replace(possible),
            Self::Marks | Self::Destroys(_) => guard.may_destroy(possible),
        }
    }
}

impl Exchange<'_> {
    /// Whether what is about to be written may be, before its body is read. It is asked again when the body is there.
    pub(super) async fn check_lock_early(&mut self, permit: &Permit) -> Result<(), Fault> {
        let Some(keeping) = permit.keeping() else {
            return Ok(());
        };
        let (RecordChange::Write(_), Some(incarnation)) =
            (&keeping.change, keeping.object.incarnation)
        else {
            return Ok(());
        };
        if self.keeps_versions(permit) || !self.gateway.may_have_locks(&keeping.object.bucket) {
            return Ok(());
        }
        let object = ObjectName {
            bucket: keeping.object.bucket.clone(),
            incarnation,
            key: keeping.object.key.clone(),
        };
        let checked = self.check_lock(permit, &keeping.guard, &object, &Threat::Replaces);
        checked.await.map(drop)
    }

    /// Whether this may be done to an object. To be asked with the object leased.
    pub(super) async fn check_lock(
        &mut self,
        permit: &Permit,
        guard: &Guard,
        object: &ObjectName,
        threat: &Threat,
    ) -> Result<Leave, Fault> {
        if !self.gateway.may_have_locks(&object.bucket) {
            return Ok(Leave::Free);
        }
        let possible = self.gateway.possible(object, Some(threat.version())).await;
        let possible = possible.map_err(Fault::Store)?;
        let Err(protected) = threat.is_allowed(guard, &possible) else {
            return Ok(Leave::Free);
        };
        let spares = self.spares(permit, &object.bucket, threat, protected);
        spares.await.map(|()| Leave::Spared)
    }

    /// The same of a bucket of which nothing is on record: nothing is locked there, unless the store may have forgotten.
    pub(super) async fn check_doubt(
        &mut self,
        permit: &Permit,
        keeping: &Keeping,
    ) -> Result<(), Fault> {
        if !self.gateway.doubts_locks() {
            return Ok(());
        }
        let bucket = &keeping.object.bucket;
        let threats = match &keeping.change {
            RecordChange::Write(_) | RecordChange::Complete { .. } => vec![Threat::Replaces],
            RecordChange::Delete(versions) => {
                let versions = versions.iter().map(|(_, version)| version.as_deref());
                versions.map(Threat::of).collect()
            }
            RecordChange::Begin(_) | RecordChange::Abort(_) => Vec::new(),
        };
        for threat in threats {
            let unknown = Protected::Unreadable;
            self.spares(permit, bucket, &threat, unknown).await?;
        }
        Ok(())
    }

    /// Whether a store that keeps locks too refuses a change because of one that we do not know of.
    pub(super) fn is_locked_there(&self, permit: &Permit, answer: &UpstreamAnswer) -> bool {
        let routes = &self.snapshot.rules.routes;
        let route = permit.upstream().and_then(|position| routes.get(position));
        let told = route.is_some_and(|route| route.locks == Locks::Passed);
        let changes = matches!(
            *permit.method(),
            Method::PUT | Method::DELETE | Method::POST
        );
        if !told || !changes || answer.status != StatusCode::FORBIDDEN {
            return false;
        }
        let locked = BucketName::parse(permit.bucket());
        let locked = locked.is_ok_and(|bucket| self.gateway.may_have_locks(&bucket));
        let error = UpstreamError::parse(&answer.body);
        let denied = |error: UpstreamError| error.code == ErrorCode::AccessDenied.name();
        locked && !permit.key().is_empty() && error.is_some_and(denied)
    }

    /// Of what may not be touched: passes only if the upstream keeps it beside what is new.
    async fn spares(
        &mut self,
        permit: &Permit,
        bucket: &BucketName,
        threat: &Threat,
        protected: Protected,
    ) -> Result<(), Fault> {
        let spares = match threat {
            Threat::Destroys(_) => false,
            Threat::Replaces | Threat::Marks => {
                self.keeps_versions(permit) && self.has_versioning(permit, bucket).await?
            }
        };
        if spares {
            return Ok(());
        }
        self.entry.labels.locked.get_or_insert(protected);
        let error = S3Error::from(protected);
        self.gateway.metrics.lock_refused(error.code.name());
        Err(Fault::Refused(error))
    }

    /// Whether the upstream keeps versions in a bucket now. A store can be told otherwise by others than us.
    async fn has_versioning(
        &mut self,
        permit: &Permit,
        bucket: &BucketName,
    ) -> Result<bool, Fault> {
        if let Some(known) = self.versioning {
            return Ok(known);
        }
        let target = self.target(permit)?;
        let position = permit.upstream().unwrap_or(usize::MAX);
        let asked = Permit::versioning_of(position, bucket);
        let answer = self.send(&target, &asked, Bytes::new()).await?;
        let enabled = is_enabled(&answer, "Status").ok_or_else(|| malformed(answer.status))?;
        self.versioning = Some(enabled);
        Ok(enabled)
    }
}

impl Gateway {
    /// Whether objects of a bucket may be locked, as far as the store knows.
    pub(super) fn may_have_locks(&self, bucket: &BucketName) -> bool {
        let buckets = self.store.buckets();
        let record = buckets.get(bucket);
        self.doubts_locks() || record.is_some_and(|record| record.settings.object_lock.is_some())
    }

    /// Whether the store may have forgotten locks.
    pub(super) fn doubts_locks(&self) -> bool {
        self.store.notes().contains_key(&Note::LockDoubt)
    }

    /// What counts of a version in a bucket of which nothing is on record.
    pub(super) fn forgotten(&self) -> Option<ObjectRecord> {
        self.doubts_locks().then(|| ObjectRecord {
            lock: RecordedLock::Unreadable(BadRecord::Forgotten),
            ..ObjectRecord::of("")
        })
    }

    /// All that may be on record of a version. While the store may have forgotten locks, there may be one on each.
    pub(super) async fn possible(
        &self,
        object: &ObjectName,
        version: Option<&str>,
    ) -> Result<Vec<Option<ObjectRecord>>, StoreError> {
        let mut possible = self.store.object(object, version).await?;
        if self.doubts_locks() {
            let owner = self.bucket_owner(object);
            for record in &mut possible {
                let record = record.get_or_insert_with(|| ObjectRecord::of(&owner));
                record.lock = RecordedLock::Unreadable(BadRecord::Forgotten);
            }
        }
        Ok(possible)
    }

    /// Whether a bucket can have Object Lock, and makes its store keep locks too where it is told of them.
    pub(super) async fn make_lockable(
        &self,
        snapshot: &Snapshot,
        position: usize,
        bucket: &BucketName,
    ) -> Result<(), Fault> {
        let route = snapshot.rules.routes.get(position);
        let route = route.ok_or(Fault::Refused(ErrorCode::InternalError.into()))?;
        if route.profile.versions {
            let asked = Permit::versioning_of(position, bucket);
            let answer = self.ask_for(snapshot, position, &asked).await?;
            match is_enabled(&answer, "Status") {
                Some(true) => {}
                Some(false) => return Err(Fault::Refused(refusal::versioning_not_enabled())),
                None => return Err(malformed(answer.status)),
            }
        }
        self.check_lifecycle(snapshot, position, route, bucket)
            .await?;
        match route.locks {
            Locks::Here => Ok(()),
            Locks::Passed => self.lock_there(snapshot, position, bucket).await,
        }
    }

    /// Whether the lifecycle that a bucket has at its upstream spares what is locked.
    pub(super) async fn check_lifecycle(
        &self,
        snapshot: &Snapshot,
        position: usize,
        route: &Route,
        bucket: &BucketName,
    ) -> Result<(), Fault> {
        if !route
            .profile
            .has(OperationId::GetBucketLifecycleConfiguration)
        {
            return Ok(());
        }
        let asked = Permit::lifecycle_of(position, bucket);
        let answer = self.ask_for(snapshot, position, &asked).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(()),
            StatusCode::OK => check_lifecycle(route, &answer.body).map_err(Fault::Refused),
            status => Err(malformed(status)),
        }
    }

    async fn lock_there(
        &self,
        snapshot: &Snapshot,
        position: usize,
        bucket: &BucketName,
    ) -> Result<(), Fault> {
        let asked = Permit::setting_of(position, bucket, SettingKind::ObjectLock);
        let answer = self.ask_for(snapshot, position, &asked).await?;
        if is_enabled(&answer, "ObjectLockEnabled") == Some(true) {
            return Ok(());
        }
        let told = Permit::enable_lock(position, bucket);
        let answer = self.ask_for(snapshot, position, &told).await?;
        match answer.status.is_success() {
            true => Ok(()),
            false => Err(Fault::Refused(refused_there())),
        }
    }

    /// Makes the upstream keep the versions of a bucket.
    pub(super) async fn begin_versioning(
        &self,
        snapshot: &Snapshot,
        position: usize,
        bucket: &BucketName,
    ) -> Result<(), Fault> {
        let route = snapshot.rules.routes.get(position);
        if !route.is_some_and(|route| route.profile.versions) {
            return Ok(());
        }
        let told = Permit::enable_versioning(position, bucket);
        let answer = self.ask_for(snapshot, position, &told).await?;
        match answer.status.is_success() {
            true => Ok(()),
            false => Err(malformed(answer.status)),
        }
    }

    async fn ask_for(
        &self,
        snapshot: &Snapshot,
        position: usize,
        permit: &Permit,
    ) -> Result<UpstreamAnswer, Fault> {
        let target = snapshot.upstreams.get(position);
        let target = target.ok_or(Fault::Refused(ErrorCode::InternalError.into()))?;
        let sent = self.upstreams.send(
            &target.upstream,
            permit,
            permit.document(),
            LIMIT,
            clock::now(),
        );
        sent.await.map_err(Fault::Upstream)
    }
}

fn refused_there() -> S3Error {
    let message = "The store behind this bucket cannot enable Object Lock on it";
    S3Error::new(ErrorCode::InvalidBucketState).say(message)
}

/// Whether a document of an upstream says `Enabled`. `None`: it is no such document.
pub(super) fn is_enabled(answer: &UpstreamAnswer, member: &str) -> Option<bool> {
    match answer.status {
        StatusCode::OK => {
            let root = Element::of_answer(&answer.body).ok()?;
            Some(root.child_text(member).map(str::trim) == Some("Enabled"))
        }
        StatusCode::NOT_FOUND if member != "Status" => Some(false),
        _ => None,
    }
}
