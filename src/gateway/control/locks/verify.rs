//! Locks on record against what the upstream has.

use super::super::super::fault::Fault;
use super::super::super::{Gateway, clock};
use super::there::There;
use super::{after, is_protected};
use crate::admin::Refused;
use crate::state::VersionRecord;
use portcullis_core::admission::Locks;
use portcullis_core::controls::lock::{Agreement, LockTime, RecordedLock};
use portcullis_core::s3::names::BucketName;
use serde_json::{Value, json};

/// How many records are looked at in one call: for each that is locked the upstream is asked up to three times.
const MOST: usize = 50;

const UNKNOWN: &str = "the upstream does not say, or not so that it can be read";

impl Gateway {
    pub(in crate::gateway::control) async fn verify_locks(
        &self,
        bucket: &BucketName,
        wanted: &Value,
    ) -> Result<Value, Refused> {
        self.kept()?;
        let there = self.there(bucket)?;
        let begins = after(wanted)?;
        let mut findings = match &begins {
            None => self.bucket_findings(&there).await?,
            Some(_) => Vec::new(),
        };
        let Some(incarnation) = self.incarnation_of(bucket)? else {
            return Ok(json!({ "findings": findings, "locked": 0, "next": null }));
        };
        let now = self.lock_clock.now(clock::now());
        let (mut records, next) = self.page(bucket, incarnation, begins, MOST).await?;
        records.retain(|row| is_protected(&row.record.lock, now));
        for row in &records {
            let compared = compared(&there, row, now).await;
            // What it says of the others counts all the same.
            let found = compared.unwrap_or_else(|_| Some(("unknown", UNKNOWN.to_owned())));
            if let Some((finding, why)) = found {
                findings.push(json!({
                    "key": row.key, "version": row.version, "finding": finding, "why": why,
                }));
            }
        }
        Ok(json!({ "findings": findings, "locked": records.len(), "next": next }))
    }

    /// What of the bucket itself endangers its locks.
    async fn bucket_findings(&self, there: &There<'_>) -> Result<Vec<Value>, Refused> {
        let route = there.route()?;
        let mut found = Vec::new();
        let mut find = |why: String| found.push(json!({ "finding": "bucket", "why": why }));
        if route.profile.versions && !there.keeps_versions().await? {
            find("its versioning at the upstream is not enabled".to_owned());
        }
        if route.locks == Locks::Passed && there.configuration().await?.is_none() {
            find("it has no Object Lock at the upstream, which is to keep locks too".to_owned());
        }
        let checked = self
            .check_lifecycle(&there.snapshot, there.position, route, &there.bucket)
            .await;
        match checked {
            Ok(()) => {}
            Err(Fault::Refused(error)) => find(format!("its lifecycle: {}", error.message)),
            Err(_) => return Err(there.silent()),
        }
        Ok(found)
    }
}

/// What is wrong with a lock, and why; nothing if the upstream agrees.
async fn compared(
    there: &There<'_>,
    row: &VersionRecord,
    now: LockTime,
) -> Result<Option<(&'static str, String)>, Refused> {
    let Some(theirs) = there.lock(&row.key, &row.version).await? else {
        let why = "the version is not at the upstream".to_owned();
        return Ok(Some(("gone", why)));
    };
    let ours = match &row.record.lock {
        RecordedLock::Known(ours) => *ours,
        RecordedLock::Unreadable(why) => return Ok(Some(("unreadable", why.to_string()))),
    };
    if there.route()?.locks == Locks::Here {
        return Ok(None);
    }
    let finding = match ours.agreement(theirs, now) {
        Agreement::Agrees => return Ok(None),
        Agreement::Weaker => "weaker there",
        Agreement::Stricter => "stricter there",
        Agreement::Differs => "differs",
    };
    let shown: Vec<String> = theirs.headers().map(|(_, value)| value).collect();
    Ok(Some((
        finding,
        match shown.is_empty() {
            true => "the upstream has no lock on it".to_owned(),
            false => format!("the upstream has {}", shown.join(" ")),
        },
    )))
}
