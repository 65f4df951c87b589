//! What the admin listener asks of the gateway.

mod locks;
mod settings;
mod state;

use super::Gateway;
use super::reload::ReloadError;
use crate::admin::{Control, Doubt, Holder, LockWork, Refused};
use crate::config::Finding;
use async_trait::async_trait;
use portcullis_core::s3::names::BucketName;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

pub(super) use locks::is_protected;
pub(super) use state::Kept;

/// The gateway as its admin listener sees it.
pub(super) struct Desk(pub(super) Arc<Gateway>);

#[async_trait]
impl Control for Desk {
    fn status(&self) -> Value {
        let gateway = &self.0;
        let snapshot = gateway.snapshot.load();
        let doors = snapshot.listeners.iter();
        let modes = doors.map(|door| {
            (
                door.name.to_string(),
                json!({ "decision": door.rules.decision.name() }),
            )
        });
        let listeners: serde_json::Map<_, _> = modes.collect();
        let last = gateway.last_reload.lock();
        let last = last.unwrap_or_else(PoisonError::into_inner);
        let last = last.as_ref().map(
            |(at, error)| json!({ "time": at.to_string(), "ok": error.is_none(), "error": error }),
        );
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "instance": &*gateway.instance,
            "revision": &*snapshot.rules.revision,
            "listeners": listeners,
            "uptime_seconds": gateway.began.elapsed().as_secs(),
            "last_reload": last,
        })
    }

    fn explain(&self, id: &str) -> Option<Value> {
        self.0.recent.as_ref()?.explain(id)
    }

    async fn reload(&self) -> Result<Value, Value> {
        match self.0.reload().await {
            Ok(done) => {
                Ok(json!({ "revision": &*done.revision, "findings": findings(&done.warnings) }))
            }
            Err(error) => {
                let found = match &error {
                    ReloadError::Broken(found) => findings(found),
                    ReloadError::NeedsRestart(_)
                    | ReloadError::Upstream(_)
                    | ReloadError::Interrupted => json!([]),
                };
                Err(json!({ "error": error.to_string(), "findings": found }))
            }
        }
    }

    fn state(&self) -> Result<Value, Refused> {
        self.0.show_state()
    }

    async fn backup(&self, to: PathBuf) -> Result<Value, Refused> {
        self.0.back_up(to).await
    }

    fn settings(&self, of: &Holder) -> Result<Value, Refused> {
        self.0.show_settings(of)
    }

    async fn put_settings(&self, of: &Holder, wanted: &Value) -> Result<Value, Refused> {
        self.0.import(of, wanted).await
    }

    fn locks(&self) -> Result<Value, Refused> {
        self.0.show_locks()
    }

    async fn locked_upstream(&self) -> Result<Value, Refused> {
        self.0.buckets_there().await
    }

    async fn acknowledge(&self, doubt: Doubt) -> Result<Value, Refused> {
        match doubt {
            Doubt::Clock => self.0.acknowledge_clock().await,
            Doubt::Restore => self.0.acknowledge_restore().await,
        }
    }

    async fn work_on_locks(
        &self,
        work: LockWork,
        bucket: &BucketName,
        wanted: &Value,
    ) -> Result<Value, Refused> {
        match work {
            LockWork::List => self.0.list_locks(bucket, wanted).await,
            LockWork::Show => self.0.show_lock(bucket, wanted).await,
            LockWork::Verify => self.0.verify_locks(bucket, wanted).await,
            LockWork::Rebuild => self.0.rebuild_locks(bucket, wanted).await,
        }
    }
}

fn findings(findings: &[Finding]) -> Value {
    let one = |finding: &Finding| {
        json!({
            "severity": finding.severity.as_str(),
            "file": finding.file,
            "line": finding.line,
            "column": finding.column,
            "path": finding.path,
            "message": finding.message,
        })
    };
    findings.iter().map(one).collect()
}
