//! The open file: reading it, and writing to it.

use super::super::ledger::{Ledger, Place};
use super::super::{Origin, StoreError};
use super::disk::unreadable;
use super::format::{self, Identity};
use super::rows;
use super::witness::{Testimony, Witness, origin};
use redb::{Database, ReadTransaction, ReadableDatabase as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a reader may take; it reads a few rows.
const READING: Duration = Duration::from_secs(1);

/// An open state file.
#[derive(Debug)]
pub(super) struct StateFile {
    path: PathBuf,
    /// Gone after a failure, until it has been opened again.
    database: Option<Arc<Database>>,
    identity: Identity,
    witness: Witness,
    origin: Origin,
    /// Transactions committed.
    #[cfg(test)]
    pub(super) transactions: u64,
}

impl StateFile {
    /// Opens the file, or makes it if there is none.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            format::create(path)?;
        }
        let database = format::open(path)?;
        let identity = Identity::read(path, &database)?;
        let witness = Witness::beside(path);
        Ok(Self {
            path: path.to_owned(),
            database: Some(Arc::new(database)),
            identity,
            origin: origin(identity, witness.read()?),
            witness,
            #[cfg(test)]
            transactions: 0,
        })
    }

    /// Where it comes from, as found when it was opened.
    pub(super) fn origin(&self) -> Origin {
        self.origin
    }

    /// From now on this is the store that is here.
    pub(super) fn settle_in(&mut self) -> Result<(), StoreError> {
        let known = self.witness.read()?;
        if known == Testimony::None {
            // Before the store counts as opened: then it is without a witness only if somebody took it away.
            self.witness.write(self.identity)?;
        }
        let last = match known {
            Testimony::Of { store, generation } if store == self.identity.store => generation,
            Testimony::Of { .. } | Testimony::Broken | Testimony::None => Identity::MIGRATED,
        };
        self.identity = Identity {
            generation: self.identity.generation.max(last),
            restored: false,
            ..self.identity
        };
        self.write(&Ledger::default(), &[])?;
        self.witness.write(self.identity)
    }

    /// How long until the witness has to be told; `None` if it knows everything.
    pub(super) fn testimony_due(&self) -> Option<Duration> {
        self.witness.due(self.identity.generation)
    }

    /// Tells the witness how far the store has come, if it does not know.
    pub(super) fn testify(&mut self) {
        if self.testimony_due().is_some()
            && let Err(error) = self.witness.write(self.identity)
        {
            tracing::warn!("{error}: an older copy of the state file would not be noticed");
        }
    }

    /// Closes the file, once nobody reads it, and opens it again; it must exist.
    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        // The lock has to go before it can be taken again.
        if let Some(former) = self.database.take() {
            let until = Instant::now() + READING;
            while Arc::strong_count(&former) > 1 && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        let database = format::open(&self.path)?;
        self.identity = Identity::read(&self.path, &database)?;
        self.database = Some(Arc::new(database));
        Ok(())
    }

    /// Everything the file holds.
    pub(super) fn load(&self) -> Result<Ledger, StoreError> {
        rows::read(&self.view()?).map_err(|reason| unreadable(&self.path, reason))
    }

    /// What the file holds now, whatever is written to it later.
    pub(super) fn view(&self) -> Result<ReadTransaction, StoreError> {
        let view = self.database()?.begin_read();
        view.map_err(|error| unreadable(&self.path, error))
    }

    /// Makes what the ledger has at these places durable, all or nothing.
    pub(super) fn write(&mut self, ledger: &Ledger, places: &[Place]) -> Result<(), StoreError> {
        let next = Identity {
            generation: self.identity.generation + 1,
            ..self.identity
        };
        let written = write(self.database()?, next, ledger, places);
        match &written {
            Ok(()) => self.identity = next,
            Err(_) => self.database = None,
        }
        #[cfg(test)]
        {
            self.transactions += 1;
        }
        written.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// As after a failure.
    #[cfg(test)]
    pub(super) fn close(&mut self) {
        self.database = None;
    }

    /// For readers beside the one that writes; `None` after a failure. Who holds on to it keeps the file from being
    /// opened again.
    pub(super) fn shared(&self) -> Option<Arc<Database>> {
        self.database.clone()
    }

    fn database(&self) -> Result<&Database, StoreError> {
        self.database
            .as_deref()
            .ok_or_else(|| StoreError::Unavailable("its file is not open".to_owned()))
    }
}

fn write(
    database: &Database,
    identity: Identity,
    ledger: &Ledger,
    places: &[Place],
) -> Result<(), redb::Error> {
    // The default durability: commit returns when the file is synced.
    let transaction = database.begin_write()?;
    identity.write(&transaction)?;
    rows::write(&transaction, ledger, places, identity.generation)?;
    Ok(transaction.commit()?)
}
