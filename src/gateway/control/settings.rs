//! Settings that the store keeps: shown as they are, and put by whoever may administrate.

use super::super::fault::Fault;
use super::super::leases::Lease;
use super::super::recorded::gate;
use super::super::{Gateway, clock};
use super::state::refused;
use crate::admin::{Holder, Refused};
use portcullis_core::admission::{Import, Imported, SettingsOf};
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{Setting, SettingChange, SettingKind};
use portcullis_core::document;
use portcullis_core::s3::names::{AccountId, BucketName};
use serde_json::{Map, Value, json};
use std::sync::Arc;

impl Gateway {
    pub(super) fn show_settings(&self, of: &Holder) -> Result<Value, Refused> {
        let settings: Vec<Setting> = match of {
            Holder::Bucket(name) => {
                let buckets = self.store.buckets();
                let record = buckets.get(name).ok_or_else(|| {
                    Refused::NotFound(format!("bucket `{}` is not on record", name.as_str()))
                })?;
                record.settings.all().collect()
            }
            Holder::Account(id) => {
                let accounts = self.store.accounts();
                let block = accounts.get(id).and_then(|of| of.public_access_block);
                Vec::from_iter(block.map(Setting::PublicAccessBlock))
            }
        };
        let files = settings.iter().map(|setting| {
            let file = setting.to_file();
            let text = String::from_utf8_lossy(&file).into_owned();
            (setting.kind().name().to_owned(), Value::from(text))
        });
        Ok(json!({ "settings": files.collect::<Map<_, _>>() }))
    }

    pub(super) async fn import(
        self: &Arc<Self>,
        of: &Holder,
        wanted: &Value,
    ) -> Result<Value, Refused> {
        let wanted = Wanted::read(of, wanted)?;
        let mut outcomes = wanted.unreadable;
        if !wanted.settings.is_empty() {
            let import = self.work_out(of, wanted.settings)?;
            self.must_be_there(&import).await?;
            if let Effect::Durable = wanted.effect {
                self.apply(&import).await?;
            }
            let decided = import.outcomes().iter();
            outcomes.extend(decided.map(|(kind, outcome)| (*kind, outcome.clone())));
        }
        let said = outcomes
            .iter()
            .map(|(kind, outcome)| (kind.name().to_owned(), said(outcome)));
        Ok(json!({ "settings": said.collect::<Map<_, _>>() }))
    }

    fn work_out(&self, of: &Holder, wanted: Vec<Setting>) -> Result<Import, Refused> {
        let snapshot = self.snapshot.load();
        let import = match of {
            Holder::Bucket(name) => snapshot.rules.import(name, wanted),
            Holder::Account(id) => match wanted.into_iter().next_back() {
                Some(Setting::PublicAccessBlock(block)) => {
                    snapshot.rules.import_account(*id, block)
                }
                Some(_) | None => {
                    let why = "no account has these settings".to_owned();
                    return Err(Refused::Malformed(why));
                }
            },
        };
        import.map_err(|error| Refused::Conflict(error.to_string()))
    }

    /// A bucket that the store does not know must be there at its upstream.
    async fn must_be_there(&self, import: &Import) -> Result<(), Refused> {
        let SettingsOf::Bucket {
            name,
            incarnation: None,
            ..
        } = import.of()
        else {
            return Ok(());
        };
        let snapshot = self.snapshot.load_full();
        let position = import.upstream().unwrap_or(usize::MAX);
        match self.has(&snapshot, position, name).await {
            Some(true) => Ok(()),
            Some(false) => Err(Refused::NotFound(format!(
                "there is no bucket `{}` at its upstream",
                name.as_str()
            ))),
            None => Err(Refused::Unavailable(format!(
                "the upstream does not say whether there is a bucket `{}`",
                name.as_str()
            ))),
        }
    }

    async fn apply(&self, import: &Import) -> Result<(), Refused> {
        for change in import.changes() {
            match import.of() {
                SettingsOf::Bucket {
                    name,
                    incarnation,
                    owner,
                } => {
                    let incarnation = match incarnation {
                        Some(incarnation) => *incarnation,
                        None => self.adopted(import, name, *owner).await?,
                    };
                    let _gate = self.ready_for(import, name, change).await?;
                    let changed = self.store.change(name, incarnation, change.clone()).await;
                    changed.map_err(refused)?;
                    tell(change, name.as_str());
                }
                SettingsOf::Account(account) => {
                    let block = block_of(change);
                    let changed = self.store.change_account(*account, block).await;
                    changed.map_err(refused)?;
                    tell(change, account.as_str());
                }
            }
            self.publish_state();
        }
        Ok(())
    }

    /// What the call that puts the first lock configuration of a bucket takes care of; see `recorded`.
    async fn ready_for(
        &self,
        import: &Import,
        name: &BucketName,
        change: &SettingChange,
    ) -> Result<Option<Lease>, Refused> {
        let buckets = self.store.buckets();
        let record = buckets.get(name);
        let has = record.is_some_and(|record| record.settings.object_lock.is_some());
        if has || !matches!(change, SettingChange::Put(Setting::ObjectLock(_))) {
            return Ok(None);
        }
        let snapshot = self.snapshot.load_full();
        let position = import.upstream().unwrap_or(usize::MAX);
        let ready = self.make_lockable(&snapshot, position, name).await;
        ready.map_err(|fault| match fault {
            Fault::Refused(error) => Refused::Conflict(error.message.to_string()),
            _ => Refused::Unavailable("the upstream does not say whether it can be".to_owned()),
        })?;
        let gate = self.leases.write(&gate(name)).await;
        gate.map(Some)
            .map_err(|_| Refused::Unavailable("objects are being written".to_owned()))
    }

    /// Puts a bucket on record, if nobody has done so meanwhile.
    async fn adopted(
        &self,
        import: &Import,
        name: &BucketName,
        owner: AccountId,
    ) -> Result<u64, Refused> {
        let snapshot = self.snapshot.load_full();
        let target = import
            .upstream()
            .and_then(|position| snapshot.upstreams.get(position));
        let target = target.ok_or_else(|| Refused::Unavailable("the upstream went".to_owned()))?;
        let adopted = self.store.adopt(name, owner, &target.name, clock::now());
        Ok(adopted.await.map_err(refused)?.incarnation)
    }
}

fn block_of(change: &SettingChange) -> Option<PublicAccessBlock> {
    match change {
        SettingChange::Put(Setting::PublicAccessBlock(block)) => Some(*block),
        SettingChange::Put(_) | SettingChange::Delete(_) => None,
    }
}

fn tell(change: &SettingChange, holder: &str) {
    let kind = match change {
        SettingChange::Put(setting) => setting.kind(),
        SettingChange::Delete(kind) => *kind,
    };
    tracing::info!(
        of = holder,
        setting = kind.name(),
        "set through the admin listener"
    );
}

fn said(outcome: &Imported) -> Value {
    match outcome {
        Imported::Put => json!({ "outcome": "put" }),
        Imported::Unchanged => json!({ "outcome": "unchanged" }),
        Imported::Refused(why) => json!({ "outcome": "refused", "why": why }),
    }
}

/// Whether anything is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Durable,
    DryRun,
}

/// What a request wants.
struct Wanted {
    settings: Vec<Setting>,
    /// Documents that cannot be read.
    unreadable: Vec<(SettingKind, Imported)>,
    effect: Effect,
}

impl Wanted {
    fn read(of: &Holder, body: &Value) -> Result<Self, Refused> {
        let malformed = |why: &str| Refused::Malformed(why.to_owned());
        let effect = match body.get("dry_run") {
            None | Some(Value::Bool(false)) => Effect::Durable,
            Some(Value::Bool(true)) => Effect::DryRun,
            Some(_) => return Err(malformed("`dry_run` is true or false")),
        };
        let documents = body.get("settings").and_then(Value::as_object);
        let documents = documents.ok_or_else(|| malformed("`settings` is an object"))?;
        let mut wanted = Self {
            settings: Vec::new(),
            unreadable: Vec::new(),
            effect,
        };
        for (name, document) in documents {
            let kind = SettingKind::of_name(name)
                .ok_or_else(|| Refused::Malformed(format!("unknown setting `{name}`")))?;
            let document = document.as_str();
            let document =
                document.ok_or_else(|| malformed("a setting is its document, a text"))?;
            wanted.add(of, kind, document);
        }
        Ok(wanted)
    }

    fn add(&mut self, of: &Holder, kind: SettingKind, document: &str) {
        let read = match (of, kind) {
            (Holder::Bucket(name), kind) => Setting::of_file(kind, name, document),
            (Holder::Account(_), SettingKind::PublicAccessBlock) => flags(document),
            (Holder::Account(_), _) => Err("no account has this setting".to_owned()),
        };
        match read {
            Ok(setting) => self.settings.push(setting),
            Err(why) => self.unreadable.push((kind, Imported::Refused(why))),
        }
    }
}

fn flags(document: &str) -> Result<Setting, String> {
    let node = document::json(document);
    let block = node.and_then(|node| PublicAccessBlock::parse_json(&node));
    block.map(Setting::PublicAccessBlock).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        problems.join("; ")
    })
}
