//! Creations of buckets that were cut short, by a crash or by an upstream that did not answer: the upstream is asked
//! whether the bucket exists, and the claim becomes a record or is given up. Until then the name stays taken.

use super::snapshot::Snapshot;
use super::{Gateway, clock};
use crate::state::{Claim, StoreError};
use bytes::Bytes;
use http::StatusCode;
use portcullis_core::admission::Permit;
use portcullis_core::s3::names::BucketName;
use std::sync::Weak;
use std::time::Duration;

/// How long until an upstream that did not say is asked again.
const AGAIN: Duration = Duration::from_secs(10);
/// The most bytes of an answer to HEAD worth reading.
const LIMIT: usize = 64 << 10;

/// Settles open claims for as long as the gateway lives.
pub(super) async fn settle(gateway: Weak<Gateway>) {
    while let Some(gateway) = gateway.upgrade() {
        for claim in gateway.store.unresolved() {
            if let Err(error) = gateway.settle(&claim).await {
                tracing::warn!(
                    bucket = claim.bucket.as_str(),
                    "a creation that was cut short is not settled: {error}"
                );
            }
        }
        drop(gateway);
        tokio::time::sleep(AGAIN).await;
    }
}

impl Gateway {
    async fn settle(&self, claim: &Claim) -> Result<(), StoreError> {
        match self.exists(claim).await {
            Some(true) if claim.record.settings.object_lock.is_some() => {
                if !self.begins_versioning(claim).await {
                    return Ok(());
                }
                self.store.commit(claim).await?;
            }
            Some(true) => self.store.commit(claim).await?,
            Some(false) => self.store.abandon(claim).await?,
            None => return Ok(()),
        }
        self.publish_state();
        Ok(())
    }

    /// Whether a bucket with Object Lock keeps versions from now on.
    async fn begins_versioning(&self, claim: &Claim) -> bool {
        let snapshot = self.snapshot.load_full();
        let mut targets = snapshot.upstreams.iter();
        let position = targets.position(|target| *target.name == *claim.record.upstream);
        let position = position.unwrap_or(usize::MAX);
        let begun = self.begin_versioning(&snapshot, position, &claim.bucket);
        let begun = begun.await.is_ok();
        if !begun {
            tracing::warn!(
                bucket = claim.bucket.as_str(),
                "it was created with Object Lock, and its versioning cannot be enabled"
            );
        }
        begun
    }

    /// Whether the upstream has the bucket; `None` if it does not say.
    async fn exists(&self, claim: &Claim) -> Option<bool> {
        let snapshot = self.snapshot.load_full();
        let position = snapshot
            .upstreams
            .iter()
            .position(|target| *target.name == *claim.record.upstream)?;
        self.has(&snapshot, position, &claim.bucket).await
    }

    /// Whether the upstream at a position has a bucket; `None` if it does not say.
    pub(super) async fn has(
        &self,
        snapshot: &Snapshot,
        position: usize,
        bucket: &BucketName,
    ) -> Option<bool> {
        let target = snapshot.upstreams.get(position)?;
        let inquiry = Permit::inquiry(position, bucket);
        let sent = self
            .upstreams
            .send(
                &target.upstream,
                &inquiry,
                Bytes::new(),
                LIMIT,
                clock::now(),
            )
            .await;
        match sent.ok()?.status {
            StatusCode::NOT_FOUND => Some(false),
            status if status.is_success() => Some(true),
            _ => None,
        }
    }
}
