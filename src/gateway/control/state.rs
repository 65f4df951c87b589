//! What the state store holds, and copies of it.

use super::super::Gateway;
use crate::admin::Refused;
use crate::state::{Claim, Origin, RedbStore, Store as _, StoreError};
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::settings::SettingKind;
use portcullis_core::s3::names::BucketName;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// A store that is kept in a file.
pub(in crate::gateway) struct Kept {
    pub(in crate::gateway) store: Arc<RedbStore>,
    pub(in crate::gateway) file: PathBuf,
}

impl Gateway {
    pub(super) fn show_state(&self) -> Result<Value, Refused> {
        let Kept { store, file } = self.kept()?;
        let buckets = store.buckets();
        let mut buckets: Vec<_> = buckets.iter().collect();
        buckets.sort_by_key(|(name, _)| name.as_str());
        let buckets = buckets.into_iter().map(|(name, record)| {
            let kinds = record.settings.all().map(|setting| setting.kind().name());
            let mut shown = shown(name, record);
            shown.insert("settings".to_owned(), kinds.collect());
            Value::from(shown)
        });
        let accounts = store.accounts();
        let mut accounts: Vec<_> = accounts.iter().collect();
        accounts.sort_by_key(|(id, _)| **id);
        let accounts = accounts.into_iter().map(|(id, settings)| {
            let block = settings.public_access_block;
            let kinds = block.iter().map(|_| SettingKind::PublicAccessBlock.name());
            json!({ "id": id.as_str(), "settings": kinds.collect::<Value>() })
        });
        let unresolved = store.unresolved();
        let unresolved = unresolved
            .iter()
            .map(|Claim { bucket, record }| Value::from(shown(bucket, record)));
        Ok(json!({
            "file": file,
            "format": RedbStore::format(),
            "origin": said(store.origin()),
            "buckets": buckets.collect::<Value>(),
            "accounts": accounts.collect::<Value>(),
            "unresolved": unresolved.collect::<Value>(),
            "unresolved_objects": store.unresolved_intents().len(),
        }))
    }

    pub(super) async fn back_up(&self, to: PathBuf) -> Result<Value, Refused> {
        let store = self.kept()?.store.clone();
        let target = to.clone();
        let copied = tokio::task::spawn_blocking(move || {
            // Before and not after: what the copy holds is at least this.
            let buckets = store.buckets().len();
            store.backup(&target).map_err(refused)?;
            let size = std::fs::metadata(&target).map(|found| found.len());
            Ok((buckets, size.unwrap_or_default()))
        });
        let copied = copied.await;
        let copied = copied
            .map_err(|_| Refused::Unavailable("the copy could not be finished".to_owned()))?;
        let (buckets, bytes) = copied.inspect_err(|why| {
            tracing::warn!(file = %to.display(), "no backup through the admin listener: {why:?}");
        })?;
        tracing::info!(file = %to.display(), bytes, buckets, "state backed up through the admin listener");
        Ok(json!({ "file": to, "bytes": bytes, "buckets": buckets }))
    }

    pub(super) fn kept(&self) -> Result<&Kept, Refused> {
        let none = || Refused::Conflict("the gateway has no `state`".to_owned());
        self.kept.as_ref().ok_or_else(none)
    }
}

fn shown(name: &BucketName, record: &BucketRecord) -> Map<String, Value> {
    let fields = [
        ("name", json!(name.as_str())),
        ("incarnation", json!(record.incarnation)),
        ("owner", json!(record.owner.as_str())),
        ("created", json!(record.created.to_string())),
        ("upstream", json!(&*record.upstream)),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Map::from_iter(fields)
}

fn said(origin: Origin) -> &'static str {
    match origin {
        Origin::Same => "same",
        Origin::New => "new",
        Origin::Restored => "restored",
        Origin::Replaced => "replaced",
    }
}

/// What the admin listener says of a store that did not do as asked.
pub(super) fn refused(error: StoreError) -> Refused {
    let why = error.to_string();
    match error {
        StoreError::AlreadyExists { .. }
        | StoreError::BeingCreated { .. }
        | StoreError::NotOnRecord { .. }
        | StoreError::ReadOnly
        | StoreError::FileExists(_)
        | StoreError::Locked(_)
        | StoreError::NewerFormat { .. } => Refused::Conflict(why),
        StoreError::Unavailable(_) | StoreError::Unreadable { .. } => Refused::Unavailable(why),
    }
}
