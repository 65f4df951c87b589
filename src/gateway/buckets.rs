//! Creating and deleting buckets: what the upstream does, and whose they are.

use super::control::is_protected;
use super::exchange::Exchange;
use super::fault::Fault;
use super::passing::malformed;
use super::snapshot::Target;
use super::{Gateway, clock};
use crate::state::{Claim, Intent, StoreError};
use crate::upstream::client::UpstreamAnswer;
use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderMap, HeaderValue, LOCATION};
use portcullis_core::admission::Permit;
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::s3::answer::{S3Error, Success};
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::names::{AccountId, BucketName};
use portcullis_core::s3::xml::UpstreamError;

/// How many records are read at once.
const PAGE: usize = 500;

impl Exchange<'_> {
    /// Creates a bucket and records whose it is. The upstream is asked for it first, because several stores take a
    /// second creation for a success; then the name is claimed, so that of two creators one is the owner.
    ///
    /// Not the other way round: a claim that a crash leaves is settled by whether the bucket exists, and would make who
    /// asked for somebody else's bucket its owner.
    pub(super) async fn create_bucket(
        &mut self,
        permit: &Permit,
        body: Bytes,
        settings: &BucketSettings,
    ) -> Result<(), Fault> {
        let target = self.target(permit)?;
        let bucket = bucket_of(permit)?;
        let creator = self.creator(permit);
        if let Some(record) = self.gateway.store.buckets().get(&bucket) {
            return Err(Fault::Refused(exists(Some(record.owner), creator)));
        }
        self.absent(permit, &target, &bucket, creator).await?;
        let claim = self.claim(&bucket, creator, &target, settings).await?;
        let created = self.send(&target, permit, body).await;
        match &created {
            Ok(answer) if answer.status.is_success() => {
                if settings.object_lock.is_some() {
                    self.begin_locks(permit, &claim).await?;
                }
                self.gateway
                    .store
                    .commit(&claim)
                    .await
                    .map_err(Fault::Store)?;
                self.gateway.publish_state();
            }
            // What became of it is not known: the claim stays, and the name with it.
            outcome if is_unknown(outcome) => {
                self.gateway
                    .store
                    .release(&claim)
                    .await
                    .map_err(Fault::Store)?;
            }
            Ok(_) | Err(_) => self.abandon(&claim).await?,
        }
        let answer = created?;
        if !answer.status.is_success() {
            return self.pass(permit, answer).await;
        }
        self.succeed(created_bucket(&claim.bucket)?).await
    }

    /// A bucket with Object Lock keeps versions from its first object on. If it cannot, there is no such bucket.
    async fn begin_locks(&mut self, permit: &Permit, claim: &Claim) -> Result<(), Fault> {
        let position = permit.upstream().unwrap_or(usize::MAX);
        let begun = self
            .gateway
            .begin_versioning(&self.snapshot, position, &claim.bucket)
            .await;
        let kept = match &begun {
            Ok(()) => self.gateway.keep_lock_clock().await.map_err(Fault::Store),
            Err(_) => Ok(()),
        };
        let Err(fault) = begun.and(kept) else {
            return Ok(());
        };
        let target = self.target(permit)?;
        let undone = Permit::undo_creation(position, &claim.bucket);
        match self.send(&target, &undone, Bytes::new()).await {
            Ok(answer) if answer.status.is_success() => self.abandon(claim).await?,
            Ok(_) | Err(_) => {
                let released = self.gateway.store.release(claim).await;
                released.map_err(Fault::Store)?;
            }
        }
        Err(fault)
    }

    async fn abandon(&self, claim: &Claim) -> Result<(), Fault> {
        self.gateway
            .store
            .abandon(claim)
            .await
            .map_err(Fault::Store)
    }

    /// Whose a bucket will be.
    fn creator(&self, permit: &Permit) -> AccountId {
        let caller = self.entry.labels.principal.account();
        caller
            .or_else(|| self.route_owner(permit))
            .unwrap_or(AccountId::NOBODY)
    }

    async fn claim(
        &self,
        bucket: &BucketName,
        owner: AccountId,
        target: &Target,
        settings: &BucketSettings,
    ) -> Result<Claim, Fault> {
        let claimed = self
            .gateway
            .store
            .claim(bucket, owner, &target.name, settings.clone(), clock::now())
            .await;
        claimed.map_err(|error| match error {
            StoreError::AlreadyExists { record } => {
                Fault::Refused(exists(Some(record.owner), owner))
            }
            StoreError::BeingCreated { .. } => Fault::Refused(ErrorCode::OperationAborted.into()),
            error => Fault::Store(error),
        })
    }

    /// Asks the upstream for the bucket, which must not be there.
    async fn absent(
        &mut self,
        permit: &Permit,
        target: &Target,
        bucket: &BucketName,
        creator: AccountId,
    ) -> Result<(), Fault> {
        let position = permit.upstream();
        let position = position.ok_or(Fault::Refused(ErrorCode::InternalError.into()))?;
        let probe = Permit::inquiry(position, bucket);
        let found = self.send(target, &probe, Bytes::new()).await?;
        match found.status {
            StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => {
                Err(Fault::Refused(exists(self.route_owner(permit), creator)))
            }
            status => Err(self
                .hidden(&probe, &found)
                .unwrap_or_else(|| malformed(status))),
        }
    }

    fn route_owner(&self, permit: &Permit) -> Option<AccountId> {
        permit
            .upstream()
            .and_then(|position| self.snapshot.rules.routes.get(position))
            .map(|route| route.owner)
    }

    /// Deletes a bucket, and what was recorded of it, also when an earlier deletion broke off and it is gone already.
    pub(super) async fn delete_bucket(&mut self, permit: &Permit) -> Result<(), Fault> {
        let target = self.target(permit)?;
        self.holds_no_lock(&bucket_of(permit)?).await?;
        let answer = self.send(&target, permit, Bytes::new()).await?;
        let gone = || {
            let error = UpstreamError::parse(&answer.body);
            error.is_some_and(|error| error.code == ErrorCode::NoSuchBucket.name())
        };
        if answer.status.is_success() || gone() {
            self.forget(permit).await?;
        }
        self.pass(permit, answer).await
    }

    /// Whether nothing in a bucket is locked: a store may delete buckets that are not empty.
    async fn holds_no_lock(&self, bucket: &BucketName) -> Result<(), Fault> {
        let gateway = self.gateway;
        if !gateway.may_have_locks(bucket) {
            return Ok(());
        }
        let protects = match gateway.doubts_locks() {
            true => Some(ErrorCode::ServiceUnavailable),
            false => {
                let is_locked = gateway.has_protected(bucket).await;
                let is_locked = is_locked.map_err(Fault::Store)?;
                is_locked.then_some(ErrorCode::BucketNotEmpty)
            }
        };
        let Some(code) = protects else {
            return Ok(());
        };
        gateway.metrics.lock_refused(code.name());
        Err(Fault::Refused(code.into()))
    }

    async fn forget(&mut self, permit: &Permit) -> Result<(), Fault> {
        let bucket = bucket_of(permit)?;
        let recorded = self
            .gateway
            .store
            .buckets()
            .get(&bucket)
            .map(|record| record.incarnation);
        if let Some(incarnation) = recorded {
            match self.gateway.store.forget(&bucket, incarnation).await {
                Ok(()) | Err(StoreError::NotOnRecord { .. }) => self.gateway.publish_state(),
                Err(error) => return Err(Fault::Store(error)),
            }
        }
        Ok(())
    }
}

impl Gateway {
    /// Whether a version on record, or one that may have been written, is protected now.
    async fn has_protected(&self, bucket: &BucketName) -> Result<bool, StoreError> {
        let Some(record) = self.store.buckets().get(bucket).cloned() else {
            return Ok(false);
        };
        let now = self.lock_clock.now(clock::now());
        let open = self.store.unresolved_intents();
        let written = open.iter().any(|open| match &open.intent {
            Intent::Write(record) => {
                open.object.bucket == *bucket && is_protected(&record.lock, now)
            }
            Intent::Destroy { .. } => false,
        });
        if written {
            return Ok(true);
        }
        let mut after = None;
        loop {
            let rows = self.store.records(bucket, record.incarnation, after, PAGE);
            let rows = rows.await?;
            if rows.iter().any(|row| is_protected(&row.record.lock, now)) {
                return Ok(true);
            }
            after = match rows.into_iter().nth(PAGE - 1) {
                Some(last) => Some((last.key, last.version)),
                None => return Ok(false),
            };
        }
    }
}

/// Whether a change may have happened although nobody said so.
fn is_unknown(outcome: &Result<UpstreamAnswer, Fault>) -> bool {
    match outcome {
        Ok(answer) => answer.status.is_server_error(),
        Err(Fault::Upstream(error)) => error.may_be_done(),
        Err(_) => false,
    }
}

fn bucket_of(permit: &Permit) -> Result<BucketName, Fault> {
    BucketName::parse(permit.bucket())
        .map_err(|_| Fault::Refused(ErrorCode::InvalidBucketName.into()))
}

/// Where a new bucket is, as AWS says it; where the upstream says it is helps no client.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
fn created_bucket(bucket: &BucketName) -> Result<Success, Fault> {
    let location = HeaderValue::try_from(format!("/{}", bucket.as_str()));
    let location = location.map_err(|_| Fault::Refused(ErrorCode::InternalError.into()))?;
    Ok(Success {
        status: StatusCode::OK,
        headers: HeaderMap::from_iter([(LOCATION, location)]),
        body: Bytes::new(),
    })
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html>
fn exists(owner: Option<AccountId>, creator: AccountId) -> S3Error {
    S3Error::new(if owner == Some(creator) {
        ErrorCode::BucketAlreadyOwnedByYou
    } else {
        ErrorCode::BucketAlreadyExists
    })
}
