//! The thread that writes.

use super::super::change::{Change, Done, Outcome};
use super::super::ledger::Ledger;
use super::super::{Claim, StoreError};
use super::Published;
use super::file::StateFile;
use redb::ReadTransaction;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;
use tokio::sync::oneshot;

/// Changes that one transaction takes at most.
const BATCH: usize = 256;

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Request {
    Change(Waiting),
    /// The file as it is between two transactions.
    View {
        /// The opening of the file that could not be read: it is opened again if nobody has done so.
        failed: Option<u64>,
        answer: SyncSender<Result<ReadTransaction, StoreError>>,
    },
}

/// A change and who waits for it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) change: Change,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// Owns the file and the ledger.
pub(super) struct Writer {
    file: StateFile,
    ledger: Ledger,
    /// The last transaction failed: what the file holds has to be read again.
    doubtful: bool,
    published: Arc<Published>,
}

impl Writer {
    /// Reads the file and publishes what it holds.
    pub(super) fn new(mut file: StateFile, published: Arc<Published>) -> Result<Self, StoreError> {
        let mut ledger = file.load()?;
        file.settle_in(&mut ledger)?;
        let writer = Self {
            ledger,
            file,
            doubtful: false,
            published,
        };
        writer.publish();
        Ok(writer)
    }

    /// Serves until nobody can send any more.
    pub(super) fn run(mut self, queue: &Receiver<Request>) {
        loop {
            match self.next(queue) {
                Ok(first) => {
                    let batch = std::iter::once(first).chain(queue.try_iter());
                    self.serve(batch.take(BATCH));
                }
                Err(RecvTimeoutError::Timeout) => self.file.testify(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.file.testify();
    }

    /// Waits for a request, or until the witness has to be told.
    fn next(&mut self, queue: &Receiver<Request>) -> Result<Request, RecvTimeoutError> {
        match self.file.testimony_due() {
            None => queue.recv().map_err(RecvTimeoutError::from),
            Some(Duration::ZERO) => Err(RecvTimeoutError::Timeout),
            Some(wait) => queue.recv_timeout(wait),
        }
    }

    fn serve(&mut self, batch: impl Iterator<Item = Request>) {
        let (mut changes, mut views) = (Vec::new(), Vec::new());
        for request in batch {
            match request {
                Request::Change(waiting) => changes.push(waiting),
                Request::View { failed, answer } => views.push((failed, answer)),
            }
        }
        if !changes.is_empty() {
            self.turn(changes);
        }
        for (failed, answer) in views {
            self.doubtful |= failed == Some(self.file.access().count());
            // Whoever no longer waits needs no view.
            let _ = answer.send(self.recover().and_then(|()| self.file.view()));
        }
    }

    /// One transaction for the whole batch, then the answers.
    pub(super) fn turn(&mut self, batch: Vec<Waiting>) {
        let (waiting, changes): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|request| (request.answer, request.change))
            .unzip();
        for change in &changes {
            // Whatever becomes of the disk: nobody holds it any more.
            if let Change::Release(claim) = change {
                self.release(claim);
            }
        }
        let outcomes = match self.change(changes) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::error!(%error, "the state store failed");
                let reason = error.to_string();
                let failed = || Err(StoreError::Unavailable(reason.clone()));
                waiting.iter().map(|_| failed()).collect()
            }
        };
        for (answer, outcome) in waiting.into_iter().zip(outcomes) {
            // Whoever no longer waits has left a claim behind that they do not hold. Intents know that by themselves.
            if let Err(Ok(Done::Claimed(claim))) = answer.send(outcome) {
                self.release(&claim);
            }
        }
    }

    fn change(&mut self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError> {
        self.recover()?;
        let mut next = self.ledger.clone();
        let mut places = Vec::new();
        let outcomes = changes
            .into_iter()
            .map(|change| {
                let place = change.place();
                let outcome = next.apply(change);
                if outcome.is_ok() {
                    places.extend(place);
                }
                outcome
            })
            .collect();
        let edits = next.take_edits();
        if !(places.is_empty() && edits.is_empty()) {
            // Whatever fails here may have become durable all the same.
            self.doubtful = true;
            self.file.write(&next, &places, &edits)?;
            self.file.tell_of_locks(&next)?;
            self.doubtful = false;
            self.ledger = next;
            self.publish();
        }
        Ok(outcomes)
    }

    /// After a failure, opens the file anew: only the disk knows whether the transaction survived.
    fn recover(&mut self) -> Result<(), StoreError> {
        if self.doubtful {
            self.file.reopen()?;
            self.ledger = self.file.load()?.hold_as(&self.ledger);
            self.doubtful = false;
            self.publish();
        }
        Ok(())
    }

    fn release(&mut self, claim: &Claim) {
        self.ledger.release(claim);
        self.publish();
    }

    fn publish(&self) {
        self.published.buckets.store(self.ledger.buckets());
        self.published.accounts.store(self.ledger.accounts());
        self.published.notes.store(self.ledger.notes());
        let unresolved = Arc::new(self.ledger.unresolved());
        self.published.unresolved.store(unresolved);
        let intents = self.ledger.intents();
        self.published.intents.store(intents.open());
        self.published.holds.store(intents.holds());
    }
}

#[cfg(test)]
impl Writer {
    /// Transactions committed since the file was opened.
    pub(super) fn transactions(&self) -> u64 {
        self.file.transactions
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) fn file(&mut self) -> &mut StateFile {
        &mut self.file
    }

    /// As after a transaction that failed: the next one does, too.
    pub(super) fn fail(&mut self) {
        self.file.close();
    }
}
