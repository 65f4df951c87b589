//! Locks that a restored or replaced store has forgotten, as far as they can be known: the stricter of what is on record and
//! what the upstream has, or the bucket's default where an upstream keeps no locks. Over-locked rather than lost.
//!
//! Each version is looked at with nobody else at its key. Doing it again changes nothing.

use super::super::super::recorded::gate;
use super::super::super::{Gateway, clock};
use super::super::state::refused;
use super::there::There;
use super::{Protection, shown};
use crate::admin::Refused;
use crate::state::ObjectName;
use portcullis_core::controls::acl::narrowest;
use portcullis_core::controls::lock::{
    LockConfiguration, LockTime, ObjectLock, RecordedLock, Retention,
};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::settings::{Setting, SettingChange};
use portcullis_core::s3::names::BucketName;
use portcullis_core::s3::xml::{Listed, Marker};
use serde_json::{Map, Value, json};

/// A bucket whose locks are rebuilt.
struct Rebuild<'g> {
    gateway: &'g Gateway,
    there: There<'g>,
    incarnation: u64,
    configuration: LockConfiguration,
    source: Source,
    now: LockTime,
}

/// Where forgotten locks are known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The upstream keeps them too.
    Upstream,
    /// From nowhere: a version without a record gets the bucket's default.
    Default,
}

/// What became of a version.
enum Became {
    Unchanged,
    /// It is locked as it was not before.
    Locked(ObjectLock),
    /// It had no record, and the bucket has no default that would protect it.
    Unknown,
    /// What is on record cannot be read, and so protects it.
    Unreadable(String),
    /// The upstream does not say.
    Unheard,
}

impl Gateway {
    pub(in crate::gateway::control) async fn rebuild_locks(
        &self,
        bucket: &BucketName,
        wanted: &Value,
    ) -> Result<Value, Refused> {
        self.kept()?;
        let after = marker(wanted)?;
        let there = self.there(bucket)?;
        let Some(rebuild) = self.rebuild(there).await? else {
            return Ok(json!({ "object_lock": false, "versions": 0, "changes": [], "next": null }));
        };
        let page = rebuild.there.versions(after.as_ref()).await?;
        let mut changes = Vec::new();
        for listed in &page.versions {
            let became = rebuild.version(listed).await?;
            changes.extend(rebuild.row(listed, &became));
        }
        let next = page
            .next
            .map(|next| json!({ "key": next.key, "version": next.version }));
        Ok(json!({
            "object_lock": true,
            "versions": page.versions.len(),
            "changes": changes,
            "next": next,
        }))
    }

    /// `None`: the bucket has no Object Lock, as far as anybody knows.
    async fn rebuild<'g>(&'g self, there: There<'g>) -> Result<Option<Rebuild<'g>>, Refused> {
        let theirs = there.configuration().await?;
        let route = there.route()?;
        let rules = &there.snapshot.rules;
        let ours = rules.in_force(there.bucket.as_str(), route).object_lock();
        let Some(configuration) = ours.or(theirs) else {
            return Ok(None);
        };
        let owner = rules.owner_of(there.bucket.as_str(), route);
        let adopted = self
            .store
            .adopt(&there.bucket, owner, &route.name, clock::now());
        let record = adopted.await.map_err(refused)?;
        if record.settings.object_lock.is_none() {
            let mark = match ours {
                // By files, which go before what is on record.
                Some(_) => LockConfiguration::default(),
                None => configuration,
            };
            self.mark(&there.bucket, record.incarnation, mark).await?;
        }
        Ok(Some(Rebuild {
            gateway: self,
            there,
            incarnation: record.incarnation,
            configuration,
            source: match theirs {
                Some(_) => Source::Upstream,
                None => Source::Default,
            },
            now: self.lock_clock.now(clock::now()),
        }))
    }

    /// Puts on record that a bucket has Object Lock.
    async fn mark(
        &self,
        bucket: &BucketName,
        incarnation: u64,
        configuration: LockConfiguration,
    ) -> Result<(), Refused> {
        let gate = self.leases.write(&gate(bucket)).await;
        let _gate = gate.map_err(|_| busy(bucket))?;
        let mark = SettingChange::Put(Setting::ObjectLock(configuration));
        let marked = self.store.change(bucket, incarnation, mark).await;
        marked.map_err(refused)?;
        self.publish_state();
        self.keep_lock_clock().await.map_err(refused)
    }
}

impl Rebuild<'_> {
    async fn version(&self, listed: &Listed) -> Result<Became, Refused> {
        let object = ObjectName {
            bucket: self.there.bucket.clone(),
            incarnation: self.incarnation,
            key: listed.key.as_str().into(),
        };
        let version = listed.version.id.as_str();
        let lease = self.gateway.leases.write(&object).await;
        let _lease = lease.map_err(|_| busy(&self.there.bucket))?;
        let possible = self.gateway.store.object(&object, Some(version)).await;
        let possible = possible.map_err(refused)?;
        let is_known = possible.iter().any(Option::is_some);
        let found = match self.found(listed, is_known).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Became::Unchanged),
            Err(_) => return Ok(Became::Unheard),
        };
        let settled = matches!(possible.as_slice(), [_]);
        let owner = self.gateway.bucket_owner(&object);
        let record = narrowest(possible, &owner);
        let lock = match record.lock.clone().stricter(found.into()) {
            RecordedLock::Known(lock) => lock,
            RecordedLock::Unreadable(why) => return Ok(Became::Unreadable(why.to_string())),
        };
        if lock == ObjectLock::none() && !is_known && self.source == Source::Default {
            return Ok(Became::Unknown);
        }
        if lock == ObjectLock::none() || (settled && is_known && record.lock == lock.into()) {
            return Ok(Became::Unchanged);
        }
        let record = ObjectRecord {
            lock: lock.into(),
            ..record
        };
        let set = self.gateway.store.set_object(&object, version, record);
        set.await.map_err(refused)?;
        Ok(Became::Locked(lock))
    }

    /// What is to be added to what is on record; `None`: the version went.
    async fn found(&self, listed: &Listed, is_known: bool) -> Result<Option<ObjectLock>, Refused> {
        match self.source {
            Source::Upstream => {
                let lock = self.there.lock(&listed.key, &listed.version.id);
                lock.await
            }
            Source::Default if is_known => Ok(Some(ObjectLock::none())),
            Source::Default => Ok(Some(ObjectLock {
                retention: self.by_default(listed),
                ..ObjectLock::none()
            })),
        }
    }

    /// The default retention since a version was written.
    fn by_default(&self, listed: &Listed) -> Option<Retention> {
        let since = listed.version.last_modified.map(LockTime::certain);
        let default = self.configuration.default?;
        let retention = default.retention(since.unwrap_or(self.now));
        Some(retention).filter(|retention| retention.is_active(self.now))
    }

    /// What is said of a version, if there is anything to say.
    fn row(&self, listed: &Listed, became: &Became) -> Option<Value> {
        let (word, mut row) = match became {
            Became::Unchanged => return None,
            Became::Locked(lock) => ("locked", shown(&(*lock).into(), self.now)),
            Became::Unknown => ("no record", Map::new()),
            Became::Unheard => ("unknown", Map::new()),
            Became::Unreadable(why) => {
                let mut row = Map::new();
                row.insert("unreadable".to_owned(), why.as_str().into());
                row.insert("protected".to_owned(), Protection::Everyone.name().into());
                ("unreadable", row)
            }
        };
        let by = match (self.source, became) {
            (Source::Default, Became::Locked(_)) => "default",
            (Source::Default | Source::Upstream, _) => "upstream",
        };
        row.insert("became".to_owned(), word.into());
        row.insert("by".to_owned(), by.into());
        row.insert("key".to_owned(), listed.key.as_str().into());
        row.insert("version".to_owned(), listed.version.id.as_str().into());
        Some(row.into())
    }
}

fn busy(bucket: &BucketName) -> Refused {
    let bucket = bucket.as_str();
    Refused::Unavailable(format!("objects of bucket `{bucket}` are in use for long"))
}

/// Where a page begins, as the upstream said.
fn marker(wanted: &Value) -> Result<Option<Marker>, Refused> {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    match wanted.get("after") {
        None | Some(Value::Null) => Ok(None),
        Some(place) => {
            let key = text(place, "key");
            let key =
                key.ok_or_else(|| Refused::Malformed("`after` is what `next` was".to_owned()))?;
            Ok(Some(Marker {
                key,
                version: text(place, "version"),
            }))
        }
    }
}
