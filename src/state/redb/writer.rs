//! The thread that writes.

use super::super::ledger::{Change, Ledger, Outcome};
use super::super::{Claim, StoreError};
use super::Published;
use super::file::StateFile;
use portcullis_core::s3::names::BucketName;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use tokio::sync::oneshot;

/// Changes that one transaction takes at most.
const BATCH: usize = 256;

/// A change and who waits for it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) change: Change,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// Owns the file and the ledger.
#[derive(Debug)]
pub(super) struct Writer {
    file: StateFile,
    ledger: Ledger,
    /// The last transaction failed: what the file holds has to be read again.
    doubtful: bool,
    published: Arc<Published>,
}

impl Writer {
    /// Reads the file and publishes what it holds.
    pub(super) fn new(file: StateFile, published: Arc<Published>) -> Result<Self, StoreError> {
        let writer = Self {
            ledger: file.load()?,
            file,
            doubtful: false,
            published,
        };
        writer.publish();
        Ok(writer)
    }

    /// Serves until nobody can send any more.
    pub(super) fn run(mut self, queue: &Receiver<Request>) {
        while let Ok(first) = queue.recv() {
            let batch = std::iter::once(first)
                .chain(queue.try_iter())
                .take(BATCH)
                .collect();
            self.turn(batch);
        }
    }

    /// One transaction for the whole batch, then the answers.
    pub(super) fn turn(&mut self, batch: Vec<Request>) {
        let (waiting, changes): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|request| (request.answer, request.change))
            .unzip();
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
            // Whoever no longer waits has left a claim behind that they do not hold.
            if let Err(Ok(Some(claim))) = answer.send(outcome) {
                self.release(&claim);
            }
        }
    }

    fn change(&mut self, changes: Vec<Change>) -> Result<Vec<Outcome>, StoreError> {
        self.recover()?;
        let mut next = self.ledger.clone();
        let mut touched = Vec::new();
        let outcomes = changes
            .into_iter()
            .map(|change| {
                let bucket = bucket_of(&change).clone();
                let outcome = next.apply(change);
                if outcome.is_ok() {
                    touched.push(bucket);
                }
                outcome
            })
            .collect();
        if !touched.is_empty() {
            // Whatever fails here may have become durable all the same.
            self.doubtful = true;
            self.file.write(&next, &touched)?;
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
        let unresolved = Arc::new(self.ledger.unresolved());
        self.published.unresolved.store(unresolved);
    }
}

#[cfg(test)]
impl Writer {
    /// Transactions committed since the file was opened.
    pub(super) fn transactions(&self) -> u64 {
        self.file.transactions
    }

    /// As after a transaction that failed: the next one does, too.
    pub(super) fn fail(&mut self) {
        self.file.close();
    }
}

fn bucket_of(change: &Change) -> &BucketName {
    match change {
        Change::Claim { bucket, .. } | Change::Forget { bucket, .. } => bucket,
        Change::Commit(claim) | Change::Abandon(claim) | Change::Release(claim) => &claim.bucket,
    }
}
