//! What the rows of the file say.

use super::super::change::Place;
use super::super::ledger::{Entry, Ledger};
use super::super::{Accounts, Note, Notes};
use super::format::{ACCOUNTS, BUCKETS, Documents, NOTES, SETTINGS};
use super::look::{self, Failure};
use bytes::Bytes;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{AccountSettings, Setting, SettingKind};
use portcullis_core::s3::answer::S3Error;
use portcullis_core::s3::names::{AccountId, BucketName};
use redb::{ReadTransaction, ReadableTable as _, WriteTransaction};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// Everything the file holds, or what of it cannot be read.
pub(super) fn read(transaction: &ReadTransaction) -> Result<Ledger, String> {
    let failed = |error: redb::Error| error.to_string();
    let mut entries = HashMap::new();
    for (bucket, row) in buckets(transaction).map_err(failed)? {
        let (name, entry) =
            entry(&bucket, &row).map_err(|reason| format!("bucket `{bucket}`: {reason}"))?;
        entries.insert(name, entry);
    }
    for (bucket, kind, document) in documents(transaction, SETTINGS).map_err(failed)? {
        setting(&mut entries, &bucket, &kind, &document)
            .map_err(|reason| format!("`{kind}` of bucket `{bucket}`: {reason}"))?;
    }
    let mut accounts = Accounts::new();
    for (account, kind, document) in documents(transaction, ACCOUNTS).map_err(failed)? {
        let (id, settings) = account_setting(&account, &kind, &document)
            .map_err(|reason| format!("`{kind}` of account `{account}`: {reason}"))?;
        accounts.insert(id, settings);
    }
    let intents = look::intents(transaction).map_err(Failure::reason)?;
    let notes = notes(transaction).map_err(Failure::reason)?;
    let ledger = Ledger::load(entries, accounts, notes, intents);
    for open in ledger.intents().open().values() {
        // As with a setting that belongs to nothing.
        let (bucket, incarnation) = (&open.object.bucket, open.object.incarnation);
        let known = ledger.on_record(bucket, incarnation);
        known.map_err(|error| format!("intent {}: {error}", open.id))?;
    }
    Ok(ledger)
}

/// Writes what the ledger has at these places, and nothing else is there afterwards.
pub(super) fn write(
    transaction: &WriteTransaction,
    ledger: &Ledger,
    places: &[Place],
) -> Result<(), redb::Error> {
    for place in places {
        match place {
            Place::Bucket(bucket) => write_bucket(transaction, ledger, bucket)?,
            Place::Account(account) => write_account(transaction, ledger, *account)?,
            Place::Note(note) => write_note(transaction, ledger, *note)?,
        }
    }
    Ok(())
}

fn write_bucket(
    transaction: &WriteTransaction,
    ledger: &Ledger,
    bucket: &BucketName,
) -> Result<(), redb::Error> {
    let Some(entry) = ledger.entry(bucket) else {
        return Ok(());
    };
    // A row of texts and numbers always serialises.
    let row = serde_json::to_vec(&Row::of(&entry)).unwrap_or_default();
    let mut rows = transaction.open_table(BUCKETS)?;
    rows.insert(bucket.as_str(), &*row)?;
    for kind in SettingKind::ALL {
        let setting = entry.settings().and_then(|settings| settings.get(kind));
        put(transaction, SETTINGS, (bucket.as_str(), kind), setting)?;
    }
    Ok(())
}

fn write_account(
    transaction: &WriteTransaction,
    ledger: &Ledger,
    account: AccountId,
) -> Result<(), redb::Error> {
    let accounts = ledger.accounts();
    let settings = accounts.get(&account);
    let block = settings.and_then(|settings| settings.public_access_block);
    let setting = block.map(Setting::PublicAccessBlock);
    let key = (account.as_str(), SettingKind::PublicAccessBlock);
    put(transaction, ACCOUNTS, key, setting)
}

fn write_note(
    transaction: &WriteTransaction,
    ledger: &Ledger,
    note: Note,
) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(NOTES)?;
    match ledger.notes().get(&note) {
        Some(document) => drop(table.insert(note.name(), &**document)?),
        None => drop(table.remove(note.name())?),
    }
    Ok(())
}

fn notes(transaction: &ReadTransaction) -> Result<Notes, Failure> {
    let table = transaction.open_table(NOTES)?;
    let notes = table.iter()?.map(|row| {
        let (name, document) = row?;
        let name = name.value();
        let unknown = || Failure::Row(format!("note `{name}` is unknown"));
        let document = Bytes::copy_from_slice(document.value());
        Ok((Note::of_name(name).ok_or_else(unknown)?, document))
    });
    notes.collect()
}

fn put(
    transaction: &WriteTransaction,
    table: Documents,
    (whose, kind): (&str, SettingKind),
    setting: Option<Setting>,
) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(table)?;
    match setting {
        Some(setting) => drop(table.insert((whose, kind.name()), &*setting.document())?),
        None => drop(table.remove((whose, kind.name()))?),
    }
    Ok(())
}

fn buckets(transaction: &ReadTransaction) -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
    let table = transaction.open_table(BUCKETS)?;
    table
        .iter()?
        .map(|row| {
            let (bucket, row) = row?;
            Ok((bucket.value().to_owned(), row.value().to_owned()))
        })
        .collect()
}

type Document = (String, String, Vec<u8>);

fn documents(
    transaction: &ReadTransaction,
    table: Documents,
) -> Result<Vec<Document>, redb::Error> {
    let table = transaction.open_table(table)?;
    table
        .iter()?
        .map(|row| {
            let (key, document) = row?;
            let (whose, kind) = key.value();
            let document = document.value().to_owned();
            Ok((whose.to_owned(), kind.to_owned(), document))
        })
        .collect()
}

fn entry(bucket: &str, row: &[u8]) -> Result<(BucketName, Entry), String> {
    let row: Row = serde_json::from_slice(row).map_err(|error| error.to_string())?;
    let entry = row.entry()?;
    let name = BucketName::parse(bucket).map_err(|error| error.to_string())?;
    Ok((name, entry))
}

/// A setting that belongs to nothing is not passed over: it says that the file lost a bucket.
fn setting(
    entries: &mut HashMap<BucketName, Entry>,
    bucket: &str,
    kind: &str,
    document: &[u8],
) -> Result<(), String> {
    let bucket = BucketName::parse(bucket).map_err(|error| error.to_string())?;
    let record = match entries.get_mut(&bucket) {
        Some(Entry::Creating(record) | Entry::Live(record)) => record,
        Some(Entry::Gone { .. }) | None => return Err("there is no such bucket".to_owned()),
    };
    let setting = Setting::read(known(kind)?, &bucket, document).map_err(told)?;
    let settings = Arc::make_mut(&mut record.settings);
    *settings = std::mem::take(settings).with(setting);
    Ok(())
}

fn account_setting(
    account: &str,
    kind: &str,
    document: &[u8],
) -> Result<(AccountId, AccountSettings), String> {
    let account = AccountId::parse(account).map_err(|error| error.to_string())?;
    let block = match known(kind)? {
        SettingKind::PublicAccessBlock => PublicAccessBlock::parse_xml(document).map_err(told)?,
        SettingKind::Policy
        | SettingKind::Cors
        | SettingKind::Ownership
        | SettingKind::Acl
        | SettingKind::Tagging
        | SettingKind::ObjectLock => {
            return Err("an account has none".to_owned());
        }
    };
    let settings = AccountSettings {
        public_access_block: Some(block),
    };
    Ok((account, settings))
}

fn known(kind: &str) -> Result<SettingKind, String> {
    SettingKind::of_name(kind).ok_or_else(|| "this kind of setting is unknown".to_owned())
}

fn told(error: S3Error) -> String {
    format!("{}: {}", error.code.name(), error.message)
}

/// One row of `buckets`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    state: RowState,
    incarnation: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RowState {
    Creating,
    Live,
    Gone,
}

impl Row {
    fn of(entry: &Entry) -> Self {
        let full = |state, record: &BucketRecord| Self {
            state,
            incarnation: record.incarnation,
            owner: Some(record.owner.to_string()),
            created: Some(record.created.to_string()),
            upstream: Some((*record.upstream).into()),
        };
        match entry {
            Entry::Creating(record) => full(RowState::Creating, record),
            Entry::Live(record) => full(RowState::Live, record),
            Entry::Gone { incarnation } => Self {
                state: RowState::Gone,
                incarnation: *incarnation,
                owner: None,
                created: None,
                upstream: None,
            },
        }
    }

    fn entry(self) -> Result<Entry, String> {
        Ok(match self.state {
            RowState::Creating => Entry::Creating(self.record()?),
            RowState::Live => Entry::Live(self.record()?),
            RowState::Gone => Entry::Gone {
                incarnation: self.incarnation,
            },
        })
    }

    /// Without its settings, which are in their own table.
    fn record(self) -> Result<BucketRecord, String> {
        let (Some(owner), Some(created), Some(upstream)) =
            (self.owner, self.created, self.upstream)
        else {
            return Err("owner, created or upstream is missing".to_owned());
        };
        Ok(BucketRecord {
            owner: AccountId::parse(&owner).map_err(|error| error.to_string())?,
            incarnation: self.incarnation,
            created: created
                .parse::<Timestamp>()
                .map_err(|error| error.to_string())?,
            upstream: upstream.into(),
            settings: Arc::default(),
        })
    }
}
