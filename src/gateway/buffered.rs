//! Operations whose answer the gateway reads whole: it must understand it, or do something of its own about it.

use super::became::Became;
use super::clock;
use super::exchange::Exchange;
use super::fault::Fault;
use super::look_ups::NotFound;
use super::passing::malformed;
use super::snapshot::{Tags, Target};
use crate::upstream::client::UpstreamAnswer;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use portcullis_core::admission::Permit;
use portcullis_core::identity::Principal;
use portcullis_core::s3::answer::Success;
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::names::AccountId;
use portcullis_core::s3::xml::{
    Bucket, BucketList, BucketOwner, BucketPage, DeleteFailure, DeleteResult, Settings,
};
use std::time::Instant;

/// The longest answer read whole: a result or listing that names 1000 keys of 1024 bytes, or a long list of buckets.
pub(super) const LIMIT: usize = 16 << 20;

/// Says that the requester pays.
const REQUEST_CHARGED: HeaderName = HeaderName::from_static("x-amz-request-charged");

impl Exchange<'_> {
    /// Sends a body that is at hand and passes the answer on.
    pub(super) async fn call(&mut self, permit: &Permit, body: Bytes) -> Result<(), Fault> {
        let target = self.target(permit)?;
        let begun = self.begin_change(permit).await?;
        let answer = self.send(&target, permit, body).await;
        self.end_change(permit, begun, Became::of(&answer)).await?;
        self.pass(permit, answer?).await
    }

    /// Sends a body that is at hand and lets the answer stream through.
    pub(super) async fn call_streaming(
        &mut self,
        permit: &Permit,
        body: &Bytes,
    ) -> Result<(), Fault> {
        let target = self.target(permit)?;
        self.note_upstream(&target);
        let asked = Instant::now();
        let upstreams = &self.gateway.upstreams;
        let call = upstreams.ask(&target.upstream, permit, body, None, clock::now());
        let call = call.await.map_err(Fault::Upstream)?;
        self.note_turn_around(&target, asked);
        self.relay(call, permit).await
    }

    /// Sends the keys that may be deleted, and puts the others into the answer as errors of their own.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>
    pub(super) async fn delete_objects(
        &mut self,
        permit: &Permit,
        refused: &[DeleteFailure],
        quiet: bool,
    ) -> Result<(), Fault> {
        let mut begun = match permit.document().is_empty() {
            true => None,
            false => self.begin_change(permit).await?,
        };
        let locked = begun
            .as_mut()
            .map(|begun| std::mem::take(&mut begun.locked));
        let locked = locked.unwrap_or_default();
        let narrower = permit.without(&locked).filter(|_| !locked.is_empty());
        let sent = match locked.is_empty() {
            true => Some(permit),
            false => narrower.as_ref(),
        };
        let (mut result, mut charged) = (DeleteResult::default(), None);
        if let Some(sent) = sent.filter(|sent| !sent.document().is_empty()) {
            let target = self.target(permit)?;
            let answer = self.send(&target, sent, sent.document()).await;
            let answer = match answer {
                Ok(answer) if answer.status == StatusCode::OK => answer,
                other => {
                    self.end_change(permit, begun, Became::of(&other)).await?;
                    return self.pass(permit, other?).await;
                }
            };
            let parsed = DeleteResult::parse(&answer.body);
            self.end_deletion(begun, parsed.as_ref().ok()).await?;
            result = parsed.map_err(|_| malformed(answer.status))?;
            charged = answer.headers.get(REQUEST_CHARGED).cloned();
        }
        if quiet {
            result.deleted.clear();
        }
        result.errors.extend(locked);
        self.entry.failures = result.errors.clone();
        result.errors.extend_from_slice(refused);
        let mut success = document(result.to_xml());
        let charged = charged.map(|charged| (REQUEST_CHARGED, charged));
        success.headers.extend(charged);
        self.succeed(success).await
    }

    /// Finds out the tags of an object, at the upstream or from who asks for the same. One that is not there has none.
    pub(super) async fn look_up_tags(&mut self, permit: &Permit) -> Result<Tags, Fault> {
        let target = self.target(permit)?;
        let of = format!("{}/{}?{}", permit.bucket(), permit.key(), permit.query());
        let ask = self.ask_for_tags(&target, permit);
        let (found, how) = target.tags.find(&of, ask).await;
        target.metrics.looked_up(how);
        found.map_err(|error| match error {
            NotFound::Failed(fault) => fault,
            NotFound::Limited => Fault::Refused(ErrorCode::SlowDown.into()),
            NotFound::FailedElsewhere => Fault::Refused(ErrorCode::ServiceUnavailable.into()),
        })
    }

    async fn ask_for_tags(&mut self, target: &Target, permit: &Permit) -> Result<Tags, Fault> {
        let answer = self.send(target, permit, Bytes::new()).await?;
        if let Some(fault) = self.hidden(permit, &answer) {
            return Err(fault);
        }
        match answer.status {
            StatusCode::OK => Settings::parse("Tagging", &answer.body)
                .ok()
                .and_then(|document| document.tags)
                .ok_or_else(|| malformed(answer.status)),
            // No such key, version or bucket; the version is a deletion.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Ok(Vec::new()),
            status => Err(malformed(status)),
        }
    }

    /// Lists the buckets of the caller's account over all upstreams. One that does not answer makes the whole list fail:
    /// a shorter one would be a lie.
    pub(super) async fn list_buckets(
        &mut self,
        permit: &Permit,
        page: &BucketPage,
    ) -> Result<(), Fault> {
        let Principal::Known(caller) = self.entry.labels.principal.clone() else {
            return Err(Fault::Refused(ErrorCode::AccessDenied.into()));
        };
        let mut buckets = Vec::new();
        for position in self.routes_of(caller.account.id) {
            buckets.extend(self.buckets_of(permit, position, caller.account.id).await?);
        }
        let owner = Some(BucketOwner {
            id: caller.account.canonical_id.to_string(),
            display_name: None,
        });
        let list = BucketList {
            owner,
            buckets,
            ..BucketList::default()
        };
        self.succeed(document(list.page(page).to_xml())).await
    }

    /// The upstreams that may hold buckets of an account.
    fn routes_of(&self, account: AccountId) -> Vec<usize> {
        let rules = &self.snapshot.rules;
        let recorded = |name: &str| {
            let records = rules.buckets.iter().flat_map(|buckets| buckets.values());
            records
                .filter(|record| &*record.upstream == name)
                .any(|record| record.owner == account)
        };
        let routes = rules.routes.0.iter().enumerate();
        routes
            .filter(|(_, route)| route.owner == account || recorded(&route.name))
            .map(|(position, _)| position)
            .collect()
    }

    /// The buckets of an account on one upstream, as far as they are routed there.
    async fn buckets_of(
        &mut self,
        permit: &Permit,
        position: usize,
        account: AccountId,
    ) -> Result<Vec<Bucket>, Fault> {
        let target = self.snapshot.upstreams.get(position).cloned();
        let target = target.ok_or(Fault::Refused(ErrorCode::InternalError.into()))?;
        let answer = self.send(&target, permit, Bytes::new()).await?;
        if let Some(fault) = self.hidden(permit, &answer) {
            return Err(fault);
        }
        let list = BucketList::parse(&answer.body)
            .ok()
            .filter(|_| answer.status == StatusCode::OK)
            .ok_or_else(|| malformed(answer.status))?;
        let rules = &self.snapshot.rules;
        let Some(route) = rules.routes.get(position) else {
            return Ok(Vec::new());
        };
        let here = |bucket: &Bucket| rules.routes.find(&bucket.name) == Some(position);
        let theirs = |bucket: &Bucket| rules.owner_of(&bucket.name, route) == account;
        let mut buckets: Vec<Bucket> = list
            .buckets
            .into_iter()
            .filter(|bucket| here(bucket) && theirs(bucket))
            .collect();
        for bucket in &mut buckets {
            bucket.region = Some(route.region.to_string());
        }
        Ok(buckets)
    }

    pub(super) async fn send(
        &mut self,
        target: &Target,
        permit: &Permit,
        body: Bytes,
    ) -> Result<UpstreamAnswer, Fault> {
        self.note_upstream(target);
        let asked = Instant::now();
        let sent = self
            .gateway
            .upstreams
            .send(&target.upstream, permit, body, LIMIT, clock::now())
            .await;
        let answer = sent.map_err(Fault::Upstream)?;
        self.note_turn_around(target, asked);
        self.note_answer(answer.status, &answer.headers);
        Ok(answer)
    }
}

fn document(body: Bytes) -> Success {
    let headers =
        HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/xml"))]);
    Success {
        status: StatusCode::OK,
        headers,
        body,
    }
}
