//! Calls on the settings that the gateway keeps: a change is durable, and in force for the next request, before it is
//! answered.

use super::clock;
use super::exchange::Exchange;
use super::fault::Fault;
use super::objects::refused;
use super::passing::malformed;
use crate::state::NULL_VERSION;
use crate::upstream::client::UpstreamAnswer;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use portcullis_core::admission::{ObjectCall, Permit, SettingsOf, Settling};
use portcullis_core::controls::lock::refusal;
use portcullis_core::controls::settings::{Setting, SettingChange, SettingKind};
use portcullis_core::s3::answer::{Answer, S3Error};
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::sync::Arc;

impl Exchange<'_> {
    /// Makes a change of settings, if there is one, and answers. A bucket that the store does not know must be there at the
    /// upstream, and is put on record before anything is kept of it.
    pub(super) async fn settle_settings(
        &mut self,
        permit: &Permit,
        settling: &Settling,
    ) -> Result<(), Fault> {
        match settling.of() {
            SettingsOf::Bucket {
                name,
                incarnation,
                owner,
            } => {
                if incarnation.is_none() {
                    self.must_exist(permit).await?;
                }
                if let Some(change) = settling.change() {
                    self.change(permit, name, *incarnation, *owner, change)
                        .await?;
                }
            }
            SettingsOf::Account(account) => {
                if let Some(change) = settling.change() {
                    self.change_account(*account, change).await?;
                }
            }
        }
        self.answer(settling.answer().clone()).await
    }

    /// Carries out a call on what is kept of a version: on the one that the upstream names, with nobody else at it.
    pub(super) async fn call_on_object(
        &mut self,
        permit: &Permit,
        call: &ObjectCall,
    ) -> Result<(), Fault> {
        let target = self.target(permit)?;
        let found = self.send(&target, permit, Bytes::new()).await?;
        let headers = match found.status {
            StatusCode::METHOD_NOT_ALLOWED => Err(Fault::Refused(refusal::delete_marker())),
            StatusCode::NOT_FOUND if call.is_about_locks() && is_marker(&found.headers) => {
                Err(Fault::Refused(refusal::delete_marker()))
            }
            _ => self.there(permit, found),
        }?;
        let current = headers.get("x-amz-version-id");
        let current = current.and_then(|version| version.to_str().ok());
        let current = current.filter(|_| self.keeps_versions(permit));
        let version = call.version().or(current).unwrap_or(NULL_VERSION);
        let possible = self.possible_records(call.object(), version).await?;
        let called = call.carry_out(possible).map_err(Fault::Refused)?;
        if let Some(record) = &called.record {
            if let Some(passed) = call.passed() {
                self.pass_lock(passed).await?;
            }
            self.set_record(permit, call.object(), version, record)
                .await?;
        }
        self.answer(called.answer).await
    }

    /// Tells the store behind the bucket of a lock. Before the version has its new record: whichever of the two is lost, what
    /// is left is as strict as what was acknowledged.
    async fn pass_lock(&mut self, permit: &Permit) -> Result<(), Fault> {
        let target = self.target(permit)?;
        let answer = self.send(&target, permit, permit.document()).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        match self.hidden(permit, &answer) {
            _ if self.is_locked_there(permit, &answer) => Err(Fault::Refused(refusal::protected())),
            Some(fault) => Err(fault),
            None => Err(malformed(answer.status)),
        }
    }

    async fn answer(&mut self, answer: Answer) -> Result<(), Fault> {
        match answer {
            Answer::Success(success) => self.succeed(success).await,
            Answer::Error(error) => Err(Fault::Refused(error)),
        }
    }

    /// The headers of what is there.
    async fn must_exist(&mut self, permit: &Permit) -> Result<HeaderMap, Fault> {
        let target = self.target(permit)?;
        let found = self.send(&target, permit, Bytes::new()).await?;
        self.there(permit, found)
    }

    fn there(&self, permit: &Permit, found: UpstreamAnswer) -> Result<HeaderMap, Fault> {
        match found.status {
            StatusCode::NOT_FOUND => Err(Fault::Refused(absent(permit))),
            status if status.is_success() => Ok(found.headers),
            status => Err(self
                .hidden(permit, &found)
                .unwrap_or_else(|| malformed(status))),
        }
    }

    async fn change(
        &mut self,
        permit: &Permit,
        bucket: &BucketName,
        incarnation: Option<u64>,
        owner: AccountId,
        change: &SettingChange,
    ) -> Result<(), Fault> {
        if let SettingChange::Put(Setting::ObjectLock(_)) = change {
            return self
                .change_lock(permit, bucket, incarnation, owner, change)
                .await;
        }
        self.store_change(permit, bucket, incarnation, owner, change)
            .await
    }

    /// The first lock configuration of a bucket waits for changes of objects that are under way: nothing that was admitted
    /// without a look at locks replaces what is locked.
    async fn change_lock(
        &mut self,
        permit: &Permit,
        bucket: &BucketName,
        incarnation: Option<u64>,
        owner: AccountId,
        change: &SettingChange,
    ) -> Result<(), Fault> {
        let buckets = self.gateway.store.buckets();
        let record = buckets.get(bucket);
        if record.is_some_and(|record| record.settings.object_lock.is_some()) {
            return self
                .store_change(permit, bucket, incarnation, owner, change)
                .await;
        }
        let (gateway, snapshot) = (Arc::clone(self.gateway), Arc::clone(&self.snapshot));
        let position = permit.upstream().unwrap_or(usize::MAX);
        gateway.make_lockable(&snapshot, position, bucket).await?;
        let _gate = self.close_gate(bucket).await?;
        self.store_change(permit, bucket, incarnation, owner, change)
            .await?;
        self.gateway.keep_lock_clock().await.map_err(Fault::Store)
    }

    async fn store_change(
        &mut self,
        permit: &Permit,
        bucket: &BucketName,
        incarnation: Option<u64>,
        owner: AccountId,
        change: &SettingChange,
    ) -> Result<(), Fault> {
        let store = &self.gateway.store;
        let incarnation = match incarnation {
            Some(incarnation) => incarnation,
            // There is nothing to take away from what nobody knows.
            None if matches!(change, SettingChange::Delete(_)) => return Ok(()),
            None => {
                let upstream = self.target(permit)?.name;
                let adopted = store.adopt(bucket, owner, &upstream, clock::now()).await;
                adopted.map_err(refused)?.incarnation
            }
        };
        let changed = store.change(bucket, incarnation, change.clone()).await;
        changed.map_err(refused)?;
        self.gateway.publish_state();
        Ok(())
    }

    async fn change_account(
        &mut self,
        account: AccountId,
        change: &SettingChange,
    ) -> Result<(), Fault> {
        let block = match change {
            SettingChange::Put(Setting::PublicAccessBlock(block)) => Some(*block),
            SettingChange::Delete(SettingKind::PublicAccessBlock) => None,
            SettingChange::Put(_) | SettingChange::Delete(_) => {
                return Err(Fault::Refused(ErrorCode::InternalError.into()));
            }
        };
        let changed = self.gateway.store.change_account(account, block).await;
        changed.map_err(refused)?;
        self.gateway.publish_state();
        Ok(())
    }
}

fn is_marker(headers: &HeaderMap) -> bool {
    let said = headers.get("x-amz-delete-marker");
    said.is_some_and(|said| said.as_bytes() == b"true")
}

fn absent(permit: &Permit) -> S3Error {
    if permit.key().is_empty() {
        return S3Error::new(ErrorCode::NoSuchBucket).with("BucketName", permit.bucket());
    }
    S3Error::new(
        match (permit.conceals_missing(), permit.query().is_empty()) {
            (true, _) => ErrorCode::AccessDenied,
            (false, true) => ErrorCode::NoSuchKey,
            (false, false) => ErrorCode::NoSuchVersion,
        },
    )
}
