//! The open file: reading it, and writing to it.

use super::super::change::Place;
use super::super::intents::Edit;
use super::super::ledger::Ledger;
use super::super::{Note, Origin, StoreError};
use super::access::Access;
use super::disk::unreadable;
use super::format::{self, Connect, Identity};
use super::witness::{Locks, Testimony, Witness, doubt, origin};
use super::{objects, rows};
use bytes::Bytes;
use redb::ReadTransaction;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// An open state file.
pub(super) struct StateFile {
    path: PathBuf,
    connect: Connect,
    access: Arc<Access>,
    identity: Identity,
    witness: Witness,
    origin: Origin,
    /// Transactions committed.
    #[cfg(test)]
    pub(super) transactions: u64,
}

impl StateFile {
    /// Opens the file, or makes it if there is none.
    pub(super) fn open(path: &Path, connect: Connect) -> Result<Self, StoreError> {
        if !path.exists() {
            format::create(path)?;
        }
        let database = format::open(path, &connect)?;
        let identity = Identity::read(path, &database)?;
        let witness = Witness::beside(path);
        Ok(Self {
            path: path.to_owned(),
            connect,
            access: Arc::new(Access::new(path, database)),
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

    /// What readers read it with. It is closed when this is dropped.
    pub(super) fn access(&self) -> Arc<Access> {
        Arc::clone(&self.access)
    }

    /// From now on this is the store that is here.
    pub(super) fn settle_in(&mut self, ledger: &mut Ledger) -> Result<(), StoreError> {
        let known = self.witness.read()?;
        let locks = Locks::of(ledger);
        if known == Testimony::None {
            // Before the store counts as opened: then it is without a witness only if somebody took it away.
            self.witness.write(self.identity, locks)?;
        }
        let mut places = Vec::new();
        if let Some(why) = doubt(self.origin, known, locks) {
            ledger.note(Note::LockDoubt, Some(Bytes::from_static(why.as_bytes())));
            places.push(Place::Note(Note::LockDoubt));
        }
        let last = match known {
            Testimony::Of {
                store, generation, ..
            } if store == self.identity.store => generation,
            Testimony::Of { .. } | Testimony::Broken | Testimony::None => Identity::MIGRATED,
        };
        self.identity = Identity {
            generation: self.identity.generation.max(last),
            restored: false,
            ..self.identity
        };
        self.write(ledger, &places, &[])?;
        self.witness.write(self.identity, Locks::of(ledger))
    }

    /// The first lock is known to the witness before anybody counts on it.
    pub(super) fn tell_of_locks(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        match (self.witness.locks(), Locks::of(ledger)) {
            (Locks::None, locks @ Locks::Some) => self.witness.write(self.identity, locks),
            (Locks::None | Locks::Some, _) => Ok(()),
        }
    }

    /// How long until the witness has to be told; `None` if it knows everything.
    pub(super) fn testimony_due(&self) -> Option<Duration> {
        self.witness.due(self.identity.generation)
    }

    /// Tells the witness how far the store has come, if it does not know.
    pub(super) fn testify(&mut self) {
        if self.testimony_due().is_some()
            && let Err(error) = self.witness.write(self.identity, self.witness.locks())
        {
            tracing::warn!("{error}: an older copy of the state file would not be noticed");
        }
    }

    /// Closes the file and opens it again; it must exist.
    pub(super) fn reopen(&mut self) -> Result<(), StoreError> {
        // The lock has to go before it can be taken again.
        self.access.close();
        let database = format::open(&self.path, &self.connect)?;
        self.identity = Identity::read(&self.path, &database)?;
        self.access.open(database);
        Ok(())
    }

    /// Everything the file holds.
    pub(super) fn load(&self) -> Result<Ledger, StoreError> {
        rows::read(&self.view()?).map_err(|reason| unreadable(&self.path, reason))
    }

    /// What the file holds now, whatever is written to it later.
    pub(super) fn view(&self) -> Result<ReadTransaction, StoreError> {
        self.access.view()
    }

    /// Makes what the ledger has at these places durable, and these edits, all or nothing.
    pub(super) fn write(
        &mut self,
        ledger: &Ledger,
        places: &[Place],
        edits: &[Edit],
    ) -> Result<(), StoreError> {
        let next = Identity {
            generation: self.identity.generation + 1,
            ..self.identity
        };
        let written = self.access.with(|database| {
            // The default durability: commit returns when the file is synced.
            let transaction = database.begin_write()?;
            next.write(&transaction)?;
            rows::write(&transaction, ledger, places)?;
            objects::write(&transaction, edits, ledger.intents().sequence())?;
            Ok::<(), redb::Error>(transaction.commit()?)
        })?;
        match &written {
            Ok(()) => self.identity = next,
            Err(_) => self.access.close(),
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
        self.access.close();
    }
}

impl Drop for StateFile {
    /// Whoever reads may still have the access.
    fn drop(&mut self) {
        self.access.close();
    }
}
