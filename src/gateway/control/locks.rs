//! Object Lock as its operators see it: how it stands, which locks there are, and what ends a doubt.

mod rebuild;
mod there;
mod verify;

use super::super::{Gateway, clock};
use super::state::refused;
use crate::admin::Refused;
use crate::state::{NULL_VERSION, Note, ObjectName, VersionRecord};
use portcullis_core::controls::lock::{
    Bypass, ClockState, Freeze, LockTime, ObjectLock, Protected, RecordedLock, may_destroy,
};
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::s3::names::BucketName;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// How many records are read at once.
const PAGE: usize = 500;

/// After this version of this key.
type Place = (Box<str>, Box<str>);

impl Gateway {
    pub(super) fn show_locks(&self) -> Result<Value, Refused> {
        self.kept()?;
        let notes = self.store.notes();
        let doubt = notes.get(&Note::LockDoubt);
        let doubt = doubt.map(|why| String::from_utf8_lossy(why).into_owned());
        Ok(json!({
            "clock": clock_said(self.lock_clock.state()),
            "in_doubt": doubt,
            "unresolved": self.store.unresolved_intents().len(),
            "buckets": self.locked_buckets(),
        }))
    }

    /// The buckets that have Object Lock, on record or by files.
    fn locked_buckets(&self) -> BTreeSet<String> {
        let buckets = self.store.buckets();
        let snapshot = self.snapshot.load();
        let recorded = buckets.iter();
        let recorded = recorded.filter(|(_, record)| record.settings.object_lock.is_some());
        let by_files = snapshot.rules.files.iter();
        let by_files = by_files.filter(|(_, settings)| settings.object_lock.is_some());
        let names = recorded.map(|(name, _)| name);
        let names = names.chain(by_files.map(|(name, _)| name));
        names.map(|name| name.as_str().to_owned()).collect()
    }

    pub(super) async fn acknowledge_clock(&self) -> Result<Value, Refused> {
        self.kept()?;
        let now = clock::now();
        let ClockState::Frozen { since, .. } = self.lock_clock.state() else {
            let why = "the clock of locks is not frozen: there is nothing to acknowledge";
            return Err(Refused::Conflict(why.to_owned()));
        };
        self.lock_clock.acknowledge(now);
        self.keep_lock_clock().await.map_err(refused)?;
        tracing::warn!(%since, %now, "the clock is right, says who uses the admin listener: locks are released again");
        Ok(json!({ "since": since.to_string(), "now": now.to_string() }))
    }

    pub(super) async fn acknowledge_restore(&self) -> Result<Value, Refused> {
        self.kept()?;
        let notes = self.store.notes();
        let Some(doubt) = notes.get(&Note::LockDoubt) else {
            let why = "no lock is in doubt: there is nothing to acknowledge";
            return Err(Refused::Conflict(why.to_owned()));
        };
        self.store
            .note(Note::LockDoubt, None)
            .await
            .map_err(refused)?;
        self.metrics.locks_in_doubt(false);
        let why = String::from_utf8_lossy(doubt).into_owned();
        tracing::warn!(state = %why, "the locks on record are all there are, says who uses the admin listener: they are in doubt no more");
        Ok(json!({ "in_doubt": why }))
    }

    pub(super) async fn list_locks(
        &self,
        bucket: &BucketName,
        wanted: &Value,
    ) -> Result<Value, Refused> {
        self.kept()?;
        let active = match wanted.get("active") {
            None | Some(Value::Bool(false)) => false,
            Some(Value::Bool(true)) => true,
            Some(_) => return Err(Refused::Malformed("`active` is true or false".to_owned())),
        };
        let Some(incarnation) = self.incarnation_of(bucket)? else {
            return Ok(json!({ "locks": [], "next": null }));
        };
        let now = self.lock_clock.now(clock::now());
        let (records, next) = self.page(bucket, incarnation, after(wanted)?, PAGE).await?;
        let is_wanted = |version: &&VersionRecord| {
            let lock = &version.record.lock;
            *lock != ObjectLock::none().into() && (!active || is_protected(lock, now))
        };
        let shown = records.iter().filter(is_wanted).map(|version| {
            let mut row = shown(&version.record.lock, now);
            row.insert("key".to_owned(), (&*version.key).into());
            row.insert("version".to_owned(), (&*version.version).into());
            Value::from(row)
        });
        Ok(json!({ "locks": shown.collect::<Value>(), "next": next }))
    }

    pub(super) async fn show_lock(
        &self,
        bucket: &BucketName,
        wanted: &Value,
    ) -> Result<Value, Refused> {
        self.kept()?;
        let text = |name: &str| wanted.get(name).and_then(Value::as_str);
        let key = text("key").ok_or_else(|| Refused::Malformed("`key` is a text".to_owned()))?;
        let incarnation = self
            .incarnation_of(bucket)?
            .ok_or_else(|| nothing(bucket, key))?;
        let object = ObjectName {
            bucket: bucket.clone(),
            incarnation,
            key: key.into(),
        };
        let versions = match text("version") {
            Some(version) => vec![version.into()],
            None => self.versions_on_record(&object).await?,
        };
        let now = self.lock_clock.now(clock::now());
        let mut rows = Vec::new();
        for version in versions {
            let possible = self.store.object(&object, Some(&version)).await;
            let possible = possible.map_err(refused)?;
            if possible.iter().any(Option::is_some) {
                rows.push(self.version_shown(&version, &possible, now));
            }
        }
        match rows.is_empty() {
            true => Err(nothing(bucket, key)),
            false => Ok(json!({ "versions": rows })),
        }
    }

    /// With what is being written, which has no version yet.
    async fn versions_on_record(&self, object: &ObjectName) -> Result<Vec<Box<str>>, Refused> {
        let mut found: Vec<Box<str>> = Vec::new();
        let mut after = Some((object.key.clone(), Box::from("")));
        while let Some(place) = after {
            let read = self
                .store
                .records(&object.bucket, object.incarnation, Some(place), PAGE);
            let read = read.await.map_err(refused)?;
            let is_last = read.len() < PAGE;
            let its = read.into_iter().filter(|row| row.key == object.key);
            let before = found.len();
            found.extend(its.map(|row| row.version));
            let more = !is_last && found.len() - before == PAGE;
            after = found
                .last()
                .filter(|_| more)
                .map(|version| (object.key.clone(), version.clone()));
        }
        if found.is_empty() {
            found.push(NULL_VERSION.into());
        }
        Ok(found)
    }

    fn version_shown(
        &self,
        version: &str,
        possible: &[Option<ObjectRecord>],
        now: LockTime,
    ) -> Value {
        let rows = possible.iter().map(|record| match record {
            Some(record) => Value::from(shown(&record.lock, now)),
            None => json!({ "protected": "no", "no_record": true }),
        });
        let locks = possible.iter().flatten().map(|record| &record.lock);
        let mut protection = locks.map(|lock| protection(lock, now)).collect::<Vec<_>>();
        if self.doubts_locks() {
            protection.push(Protection::Everyone);
        }
        let strongest = protection.into_iter().max().unwrap_or(Protection::Nobody);
        json!({
            "version": version,
            "protected": strongest.name(),
            "possible": rows.collect::<Value>(),
        })
    }

    /// Records of a bucket, and where the next ones begin.
    async fn page(
        &self,
        bucket: &BucketName,
        incarnation: u64,
        after: Option<Place>,
        most: usize,
    ) -> Result<(Vec<VersionRecord>, Value), Refused> {
        let read = self.store.records(bucket, incarnation, after, most).await;
        let read = read.map_err(refused)?;
        let last = read.last().filter(|_| read.len() == most);
        let next = last.map(|row| json!({ "key": row.key, "version": row.version }));
        Ok((read, next.into()))
    }

    /// `None`: nothing is on record of a bucket that has Object Lock by files.
    fn incarnation_of(&self, bucket: &BucketName) -> Result<Option<u64>, Refused> {
        let buckets = self.store.buckets();
        if let Some(record) = buckets.get(bucket) {
            return Ok(Some(record.incarnation));
        }
        match self.locked_buckets().contains(bucket.as_str()) {
            true => Ok(None),
            false => Err(Refused::NotFound(format!(
                "bucket `{}` is not on record",
                bucket.as_str()
            ))),
        }
    }
}

/// Against whom a version is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Protection {
    Nobody,
    /// Against all but those who may bypass governance, and ask to.
    UnlessBypassed,
    Everyone,
}

impl Protection {
    fn name(self) -> &'static str {
        match self {
            Self::Nobody => "no",
            Self::UnlessBypassed => "unless-bypassed",
            Self::Everyone => "yes",
        }
    }
}

fn protection(lock: &RecordedLock, now: LockTime) -> Protection {
    match may_destroy(lock, now, Bypass::NO) {
        Ok(()) => Protection::Nobody,
        Err(Protected::Governance(_)) => Protection::UnlessBypassed,
        Err(Protected::LegalHold | Protected::Compliance(_) | Protected::Unreadable) => {
            Protection::Everyone
        }
    }
}

/// Whether a lock protects its version now.
pub(in crate::gateway) fn is_protected(lock: &RecordedLock, now: LockTime) -> bool {
    protection(lock, now) != Protection::Nobody
}

/// A lock on record.
fn shown(lock: &RecordedLock, now: LockTime) -> Map<String, Value> {
    let mut row = Map::new();
    let mut put = |name: &str, value: String| row.insert(name.to_owned(), value.into());
    put("protected", protection(lock, now).name().to_owned());
    match lock {
        RecordedLock::Known(lock) => {
            if let Some(retention) = lock.retention {
                put("mode", retention.mode.name().to_owned());
                put("until", retention.until.to_string());
            }
            if let Some(hold) = lock.legal_hold {
                put("legal_hold", hold.name().to_owned());
            }
        }
        RecordedLock::Unreadable(why) => {
            put("unreadable", why.to_string());
        }
    }
    row
}

fn clock_said(state: ClockState) -> Value {
    match state {
        ClockState::Running => json!({ "state": "running" }),
        ClockState::Frozen { since, because } => {
            let why = match because {
                Freeze::Jumped(to) => format!("the clock jumped to {to}"),
                Freeze::Lost => "what was known of the time is lost".to_owned(),
            };
            json!({ "state": "frozen", "since": since.to_string(), "why": why })
        }
    }
}

fn nothing(bucket: &BucketName, key: &str) -> Refused {
    let (bucket, key) = (bucket.as_str(), key.escape_debug());
    Refused::NotFound(format!(
        "nothing is on record of `{key}` in bucket `{bucket}`"
    ))
}

/// Where a page begins.
fn after(wanted: &Value) -> Result<Option<Place>, Refused> {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(Box::from);
    match wanted.get("after") {
        None | Some(Value::Null) => Ok(None),
        Some(place) => match (text(place, "key"), text(place, "version")) {
            (Some(key), Some(version)) => Ok(Some((key, version))),
            (Some(_) | None, _) => Err(Refused::Malformed(
                "`after` is what `next` was: a key and a version".to_owned(),
            )),
        },
    }
}
