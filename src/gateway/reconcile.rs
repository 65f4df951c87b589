//! Changes of objects whose fate is not known, after a crash or an upstream that did not answer: the upstream is asked
//! what is there. Meanwhile, and where it cannot be told, the narrower of the records that may be right is in force.

use super::{Gateway, clock};
use crate::state::{Ending, Intent, NULL_VERSION, ObjectName, OpenIntent, StoreError};
use crate::upstream::client::UpstreamAnswer;
use bytes::Bytes;
use http::StatusCode;
use http::header::LAST_MODIFIED;
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use portcullis_core::admission::Permit;
use portcullis_core::controls::acl::narrowest;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::xml::versions_of;
use std::sync::Weak;
use std::time::Duration;

/// How often what is not settled is looked at.
const AGAIN: Duration = Duration::from_secs(10);
/// How long an upstream may go on with a request that nobody waits for any more.
const LATE: SignedDuration = SignedDuration::from_mins(1);
/// How far the upstream's clock and ours may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(15);
/// The most bytes of an answer that are read.
const LIMIT: usize = 4 << 20;

/// Settles open intents for as long as the gateway lives.
pub(super) async fn reconcile(gateway: Weak<Gateway>) {
    while let Some(gateway) = gateway.upgrade() {
        let late = |open: &OpenIntent| clock::now().duration_since(open.begun) >= LATE;
        let mut open = gateway.store.unresolved_intents();
        open.retain(late);
        for open in open {
            if let Err(error) = gateway.reconcile(&open).await {
                tracing::warn!(
                    bucket = open.object.bucket.as_str(),
                    key = &*open.object.key,
                    "a change that was cut short is not settled: {error}"
                );
            }
        }
        drop(gateway);
        tokio::time::sleep(AGAIN).await;
    }
}

/// What the upstream has of an object.
enum There {
    Absent,
    /// The version is a delete marker.
    Marker,
    /// Since when, if it says.
    Since(Option<Timestamp>),
}

impl Gateway {
    async fn reconcile(&self, open: &OpenIntent) -> Result<(), StoreError> {
        // From the look at what may be on record to the end, nobody else sets anything there, e.g. a legal hold. Who holds
        // it for long is not waited for: it is looked at again.
        let Ok(_lease) = self.leases.write(&open.object).await else {
            return Ok(());
        };
        let ending = match &open.intent {
            Intent::Write(_) => self.written(open).await?,
            Intent::Destroy { version } => self.destroyed(&open.object, version).await,
        };
        match ending {
            Some(ending) => self.store.settle(vec![(open.clone(), ending)]).await,
            None => Ok(()),
        }
    }

    /// Gives every version that may be the one that was written its record, or the narrower one where an older object may
    /// still be there, or where another write is open that may have made it. `None`: the upstream does not say.
    async fn written(&self, open: &OpenIntent) -> Result<Option<Ending>, StoreError> {
        let Some(position) = self.upstream_of(&open.object) else {
            return Ok(None);
        };
        if !self.tells_versions(position) {
            let there = self.look(&open.object, None).await;
            return self.replaced(open, there).await;
        }
        let permit = Permit::versions_of(position, &open.object.bucket, &open.object.key);
        let Some(answer) = self.ask(position, &permit).await else {
            return Ok(None);
        };
        let Ok(versions) = versions_of(&open.object.key, &answer.body) else {
            return Ok(None);
        };
        let mut new = Vec::new();
        for version in versions {
            if version.id == NULL_VERSION {
                let there = There::Since(version.last_modified);
                self.replaced(open, Some(there)).await?;
            } else if may_be_of(open, version.last_modified)
                && let Some(records) = self.unrecorded(&open.object, &version.id).await?
            {
                new.push((version.id, records));
            }
        }
        if let [(version, records)] = new.as_slice()
            && records.len() == 1
        {
            let version = version.as_str().into();
            return Ok(Some(Ending::Done { version }));
        }
        let owner = self.bucket_owner(&open.object);
        for (version, records) in new {
            let record = narrowest(records, &owner);
            let set = self.store.set_object(&open.object, &version, record);
            set.await?;
        }
        Ok(Some(Ending::NotDone))
    }

    /// Of what a write may have put into the place of another: the narrower record of the two.
    async fn replaced(
        &self,
        open: &OpenIntent,
        there: Option<There>,
    ) -> Result<Option<Ending>, StoreError> {
        match there {
            None => return Ok(None),
            Some(There::Since(at)) if may_be_of(open, at) => {
                let possible = self.store.object(&open.object, Some(NULL_VERSION)).await?;
                let record = narrowest(possible, &self.bucket_owner(&open.object));
                let set = self.store.set_object(&open.object, NULL_VERSION, record);
                set.await?;
            }
            Some(There::Absent | There::Marker | There::Since(_)) => {}
        }
        Ok(Some(Ending::NotDone))
    }

    /// The records of which a version gets one once all that is open is settled; `None`: it has one already.
    async fn unrecorded(
        &self,
        object: &ObjectName,
        version: &str,
    ) -> Result<Option<Vec<Option<ObjectRecord>>>, StoreError> {
        let mut possible = self.store.object(object, Some(version)).await?;
        let has_none = possible.contains(&None);
        possible.retain(Option::is_some);
        Ok(has_none.then_some(possible))
    }

    /// A key may have a delete marker above the version `null`: where versions are told apart, that one is asked for.
    async fn destroyed(&self, object: &ObjectName, version: &str) -> Option<Ending> {
        let position = self.upstream_of(object)?;
        let is_null = version == NULL_VERSION;
        let named = Some(version).filter(|_| !is_null || self.tells_versions(position));
        Some(match self.look(object, named).await? {
            There::Absent => Ending::Done {
                version: version.into(),
            },
            // It took the place of the version, as where versioning is suspended.
            There::Marker if is_null => Ending::Done {
                version: version.into(),
            },
            There::Marker | There::Since(_) => Ending::NotDone,
        })
    }

    /// Asks for an object's head. `None`: the upstream does not say.
    async fn look(&self, object: &ObjectName, version: Option<&str>) -> Option<There> {
        let position = self.upstream_of(object)?;
        let permit = Permit::head_of(position, &object.bucket, &object.key, version);
        let answer = self.ask(position, &permit).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Some(There::Absent),
            StatusCode::METHOD_NOT_ALLOWED => Some(There::Marker),
            status if status.is_success() => {
                let at = answer.headers.get(LAST_MODIFIED);
                let at = at.and_then(|at| rfc2822::parse(at.to_str().ok()?).ok());
                Some(There::Since(at.map(|at| at.timestamp())))
            }
            _ => None,
        }
    }

    /// The current version of an object; `None`: the upstream does not say.
    pub(super) async fn current(&self, position: usize, object: &ObjectName) -> Option<Box<str>> {
        let permit = Permit::head_of(position, &object.bucket, &object.key, None);
        let answer = self.ask(position, &permit).await?;
        if !answer.status.is_success() {
            return None;
        }
        let version = answer.headers.get("x-amz-version-id");
        match version {
            Some(version) => version.to_str().ok().map(Into::into),
            None => Some(NULL_VERSION.into()),
        }
    }

    /// Asks an upstream. `None`: it does not answer.
    pub(super) async fn ask(&self, position: usize, permit: &Permit) -> Option<UpstreamAnswer> {
        let snapshot = self.snapshot.load_full();
        let target = snapshot.upstreams.get(position)?;
        let asked =
            self.upstreams
                .send(&target.upstream, permit, Bytes::new(), LIMIT, clock::now());
        asked.await.ok()
    }

    /// Whether an upstream tells versions apart.
    fn tells_versions(&self, position: usize) -> bool {
        let snapshot = self.snapshot.load();
        let route = snapshot.rules.routes.get(position);
        route.is_some_and(|route| route.profile.versions)
    }

    fn upstream_of(&self, object: &ObjectName) -> Option<usize> {
        let buckets = self.store.buckets();
        let record = buckets.get(&object.bucket)?;
        let snapshot = self.snapshot.load();
        let mut upstreams = snapshot.upstreams.iter();
        upstreams.position(|target| *target.name == *record.upstream)
    }

    pub(super) fn bucket_owner(&self, object: &ObjectName) -> Box<str> {
        let buckets = self.store.buckets();
        let owner = buckets.get(&object.bucket).map(|record| record.owner);
        let snapshot = self.snapshot.load();
        let accounts = &snapshot.rules.directory.accounts;
        let account = owner.and_then(|owner| accounts.get(&owner));
        account.map_or_else(Box::default, |account| account.canonical_id.clone())
    }
}

/// Whether a version can be the one that was about to be written; of one without a date that is not known.
fn may_be_of(open: &OpenIntent, last_modified: Option<Timestamp>) -> bool {
    last_modified.is_none_or(|at| open.begun.duration_since(at) <= SKEW)
}

#[cfg(test)]
mod tests;
