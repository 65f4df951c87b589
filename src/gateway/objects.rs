//! Records of objects in buckets where ACLs are enabled or the gateway keeps tags: what is asked of the store before a decision, and what it is told
//! of objects that are written and deleted.
//!
//! What will be is durable before the upstream can know of it, and what became of it afterwards: so a crash at any point
//! leaves the narrower of two records in force, never that of what was there before.

use super::became::{Became, deletion, destroyed, ending};
use super::exchange::Exchange;
use super::fault::Fault;
use super::leases::{Busy, Lease};
use super::locks::{Leave, Threat};
use super::{Gateway, clock};
use crate::state::{Ending, Intent, ObjectName, OpenIntent, StoreError};
use crate::upstream::client::UpstreamAnswer;
use http::{HeaderMap, StatusCode};
use portcullis_core::admission::{
    Guard, Hold, Keeping, KeptObject, Permit, RecordChange, RecordOf, Recorded, Run,
};
use portcullis_core::controls::lock::{BadRecord, ObjectLock, RecordedLock};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::answer::S3Error;
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::xml::{DeleteFailure, DeleteResult, upload_id};
use std::sync::Arc;

/// Names the version that an answer is about.
const VERSION: &str = "x-amz-version-id";

/// What the store knows is about to be done; whoever holds it says what became of it. Dropped, nobody knows.
pub(super) struct Begun {
    gateway: Arc<Gateway>,
    open: Vec<OpenIntent>,
    /// In force until what became of it is durable.
    leases: Vec<Lease>,
    /// An upload that is completed with it.
    upload: Option<Box<str>>,
    /// Keys of DeleteObjects that are locked, and so must not be deleted.
    pub(super) locked: Vec<DeleteFailure>,
}

impl Exchange<'_> {
    /// What may be on record of a version. Until the upstream has opened the object, or the exchange ends, nobody changes
    /// it.
    pub(super) async fn find_record(
        &mut self,
        of: &RecordOf,
    ) -> Result<Vec<Option<ObjectRecord>>, Fault> {
        let object = ObjectName {
            bucket: of.bucket.clone(),
            incarnation: of.incarnation,
            key: of.key.clone(),
        };
        if !self.reading.iter().any(|lease| *lease.object() == object) {
            let leases = &self.gateway.leases;
            let lease = match of.hold {
                Hold::Shared => leases.read(&object).await,
                Hold::Alone => leases.write(&object).await,
            };
            self.reading.push(lease.map_err(busy)?);
        }
        let found = self.gateway.possible(&object, of.version.as_deref());
        found.await.map_err(Fault::Store)
    }

    /// Makes durable what a permit is about to do to objects; nothing where no records are kept.
    pub(super) async fn begin_change(&mut self, permit: &Permit) -> Result<Option<Begun>, Fault> {
        let Some(keeping) = permit.keeping() else {
            return Ok(None);
        };
        let changes_objects = match &keeping.change {
            RecordChange::Write(_) | RecordChange::Complete { .. } | RecordChange::Delete(_) => {
                true
            }
            RecordChange::Begin(_) | RecordChange::Abort(_) => false,
        };
        if !changes_objects {
            return Ok(None);
        }
        if self.goes_unrecorded(keeping).await? {
            self.check_doubt(permit, keeping).await?;
            return Ok(None);
        }
        let object = self.on_record(permit, &keeping.object).await?;
        let mut completed = None;
        let intents = match &keeping.change {
            RecordChange::Write(record) | RecordChange::Begin(record) => {
                vec![(object, Intent::Write(record.clone()), Threat::Replaces)]
            }
            RecordChange::Complete { upload, otherwise } => {
                let begun = self.gateway.store.upload(&object, upload).await;
                let record = begun.map_err(Fault::Store)?;
                completed = Some(upload.clone());
                let record = RecordChange::completed(record, otherwise);
                vec![(object, Intent::Write(record), Threat::Replaces)]
            }
            RecordChange::Delete(versions) => destroyed(&object, versions),
            RecordChange::Abort(_) => Vec::new(),
        };
        self.announce(permit, &keeping.guard, intents, completed)
            .await
            .map(Some)
    }

    async fn announce(
        &mut self,
        permit: &Permit,
        guard: &Guard,
        intents: Vec<(ObjectName, Intent, Threat)>,
        upload: Option<Box<str>>,
    ) -> Result<Begun, Fault> {
        let mut objects: Vec<&ObjectName> = intents.iter().map(|(object, ..)| object).collect();
        // In one order, so that no two wait for each other; of what is read and written, the writing lease is enough.
        objects.sort();
        objects.dedup();
        self.reading
            .retain(|lease| !objects.contains(&lease.object()));
        let mut leases = Vec::with_capacity(objects.len());
        for object in objects {
            leases.push(self.gateway.leases.write(object).await.map_err(busy)?);
        }
        let (mut allowed, mut locked) = (Vec::with_capacity(intents.len()), Vec::new());
        for (object, intent, threat) in intents {
            match self.check_lock(permit, guard, &object, &threat).await {
                // Nothing is destroyed: the answer may not say so, and the record must not go by it.
                Ok(Leave::Spared) if threat == Threat::Marks => {}
                Ok(Leave::Free | Leave::Spared) => allowed.push((object, intent)),
                Err(Fault::Refused(error)) if is_of_many(permit) => {
                    locked.push(failure(object.key, &threat, &error));
                }
                Err(fault) => return Err(fault),
            }
        }
        let open = self.gateway.store.begin(allowed, clock::now()).await;
        Ok(Begun {
            gateway: Arc::clone(self.gateway),
            open: open.map_err(refused)?,
            leases,
            upload,
            locked,
        })
    }

    /// Tells the store what became of a change, before the client hears of it.
    pub(super) async fn end_change(
        &self,
        permit: &Permit,
        begun: Option<Begun>,
        became: Became<'_>,
    ) -> Result<(), Fault> {
        let Some(mut begun) = begun else {
            return Ok(());
        };
        let versions = self.keeps_versions(permit);
        let unnamed = match became {
            Became::Done(headers) if versions => self.unnamed(permit, &begun, headers).await,
            Became::Done(_) | Became::NotDone | Became::Unknown => None,
        };
        let ending = |open: &OpenIntent| match became {
            Became::Done(_) if unnamed.is_some() => unnamed.clone().unwrap_or(Ending::Unknown),
            Became::Done(headers) => ending(&open.intent, headers, versions),
            Became::NotDone => Ending::NotDone,
            Became::Unknown => Ending::Unknown,
        };
        let object = begun.open.first().map(|open| open.object.clone());
        let upload = begun.upload.take();
        begun.end(ending).await?;
        if let (Some(object), Some(upload), Became::Done(_)) = (object, upload, became) {
            self.drop_upload(&object, &upload).await;
        }
        Ok(())
    }

    /// What became of a write whose version the upstream did not say, where a lock depends on which it is: the version that is
    /// current now, while nobody else writes. `None`: it need not be asked.
    async fn unnamed(&self, permit: &Permit, begun: &Begun, headers: &HeaderMap) -> Option<Ending> {
        let mut open = begun.open.iter();
        let written = open.find(|open| matches!(open.intent, Intent::Write(_)))?;
        if headers.contains_key(VERSION) || !self.gateway.may_have_locks(&written.object.bucket) {
            return None;
        }
        let position = permit.upstream()?;
        let version = self.gateway.current(position, &written.object).await;
        let done = version.map(|version| Ending::Done { version });
        Some(done.unwrap_or(Ending::Unknown))
    }

    /// Tells the store which keys of DeleteObjects are gone. `None`: nobody knows.
    pub(super) async fn end_deletion(
        &self,
        begun: Option<Begun>,
        result: Option<&DeleteResult>,
    ) -> Result<(), Fault> {
        let Some(begun) = begun else {
            return Ok(());
        };
        begun
            .end(|open| result.map_or(Ending::Unknown, |result| deletion(open, result)))
            .await
    }

    /// Keeps what an upload will be, once it has begun, or forgets one that was aborted; before the client hears of it.
    pub(super) async fn note_upload(
        &mut self,
        permit: &Permit,
        answer: &UpstreamAnswer,
    ) -> Result<(), Fault> {
        let recorded = |keeping: &&Keeping| keeping.recorded == Recorded::Yes;
        let Some(keeping) = permit
            .keeping()
            .filter(recorded)
            .filter(|_| answer.status.is_success())
        else {
            return Ok(());
        };
        match &keeping.change {
            RecordChange::Begin(record) => {
                let object = self.on_record(permit, &keeping.object).await?;
                let id = upload_id(&answer.body);
                let id = id.ok_or(Fault::Foreign(
                    ErrorCode::ServiceUnavailable.into(),
                    answer.status,
                ))?;
                let kept = self.gateway.store.keep_upload(&object, &id, record.clone());
                kept.await.map_err(refused)
            }
            RecordChange::Write(_)
            | RecordChange::Complete { .. }
            | RecordChange::Abort(_)
            | RecordChange::Delete(_) => Ok(()),
        }
    }

    /// Forgets an upload that was aborted.
    pub(super) async fn forget_upload(&mut self, permit: &Permit, status: StatusCode) {
        let Some(keeping) = permit.keeping().filter(|_| status.is_success()) else {
            return;
        };
        if let (RecordChange::Abort(upload), Recorded::Yes) = (&keeping.change, keeping.recorded)
            && let Ok(object) = self.on_record(permit, &keeping.object).await
        {
            self.drop_upload(&object, upload).await;
        }
    }

    /// What is left of an upload counts for nothing: its id does not come again.
    async fn drop_upload(&self, object: &ObjectName, upload: &str) {
        if let Err(error) = self.gateway.store.drop_upload(object, upload).await {
            tracing::warn!(key = &*object.key, "the record of an upload stays: {error}");
        }
    }

    /// What may be on record of a version that is called on; from now on nobody else changes it.
    pub(super) async fn possible_records(
        &mut self,
        object: &KeptObject,
        version: &str,
    ) -> Result<Vec<Option<ObjectRecord>>, Fault> {
        let Some(incarnation) = object.incarnation else {
            return Ok(vec![self.gateway.forgotten()]);
        };
        let object = ObjectName {
            bucket: object.bucket.clone(),
            incarnation,
            key: object.key.clone(),
        };
        // Whoever looked at the record of what it changes holds it already.
        if !self.reading.iter().any(|lease| *lease.object() == object) {
            let lease = self.gateway.leases.write(&object).await;
            self.reading.push(lease.map_err(busy)?);
        }
        let found = self.gateway.possible(&object, Some(version));
        found.await.map_err(Fault::Store)
    }

    /// Gives a version that is there another record.
    pub(super) async fn set_record(
        &mut self,
        permit: &Permit,
        object: &KeptObject,
        version: &str,
        record: &ObjectRecord,
    ) -> Result<(), Fault> {
        let object = self.on_record(permit, object).await?;
        // Whoever looked at a record holds it already.
        let held = self.reading.iter().any(|lease| *lease.object() == object);
        let _lease = match held {
            true => None,
            false => Some(self.gateway.leases.write(&object).await.map_err(busy)?),
        };
        let mut record = record.clone();
        if record.lock == RecordedLock::Unreadable(BadRecord::Forgotten) {
            record.lock = self.remembered_lock(&object, version).await?;
        }
        let set = self.gateway.store.set_object(&object, version, record);
        set.await.map_err(refused)
    }

    /// What the store itself knows of a lock: its doubt counts, but is not written down, as it would outlive its end.
    async fn remembered_lock(
        &self,
        object: &ObjectName,
        version: &str,
    ) -> Result<RecordedLock, Fault> {
        let possible = self.gateway.store.object(object, Some(version)).await;
        let records = possible.map_err(Fault::Store)?.into_iter().flatten();
        let lock = records
            .map(|record| record.lock)
            .reduce(RecordedLock::stricter);
        Ok(lock.unwrap_or(ObjectLock::none().into()))
    }

    /// Whether the upstream tells versions apart; one that does not may say a version all the same.
    pub(super) fn keeps_versions(&self, permit: &Permit) -> bool {
        let routes = &self.snapshot.rules.routes;
        let route = permit.upstream().and_then(|position| routes.get(position));
        route.is_some_and(|route| route.profile.versions)
    }
}

impl Begun {
    async fn end(mut self, ending: impl Fn(&OpenIntent) -> Ending) -> Result<(), Fault> {
        let endings = self.open.drain(..);
        let endings = endings.map(|open| (ending(&open), open));
        let endings: Vec<_> = endings.map(|(ending, open)| (open, ending)).collect();
        let settled = self.gateway.store.settle(endings).await;
        self.leases.clear();
        settled.map_err(Fault::Store)
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let endings: Vec<_> = self
            .open
            .drain(..)
            .map(|open| (open, Ending::Unknown))
            .collect();
        if endings.is_empty() {
            return;
        }
        let (gateway, leases) = (Arc::clone(&self.gateway), std::mem::take(&mut self.leases));
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            // What the store cannot take now it finds open at the next start.
            if let Err(error) = gateway.store.settle(endings).await {
                tracing::error!("a change of unknown fate is not noted: {error}");
            }
            drop(leases);
        });
    }
}

/// Whether it is about many keys, each of which may be refused by itself.
fn is_of_many(permit: &Permit) -> bool {
    matches!(permit.run(), Run::DeleteObjects { .. })
}

fn failure(key: Box<str>, threat: &Threat, error: &S3Error) -> DeleteFailure {
    DeleteFailure {
        key: key.into(),
        version_id: match threat {
            Threat::Destroys(version) => Some(version.to_string()),
            Threat::Marks | Threat::Replaces => None,
        },
        code: error.code.name().to_owned(),
        message: error.message.to_string(),
    }
}

/// The bucket went, or is coming, while the request was decided.
pub(super) fn refused(error: StoreError) -> Fault {
    match error {
        StoreError::NotOnRecord { .. } => Fault::Refused(ErrorCode::NoSuchBucket.into()),
        StoreError::BeingCreated { .. } => Fault::Refused(ErrorCode::OperationAborted.into()),
        error => Fault::Store(error),
    }
}

pub(super) fn busy(_: Busy) -> Fault {
    Fault::Refused(S3Error::new(ErrorCode::OperationAborted))
}
