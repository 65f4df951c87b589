//! What is asked of the store: changes of the thread that writes, and looks of whoever reads.

use super::super::StoreError;
use super::super::change::{Change, Outcome};
use super::super::intents::ObjectChange;
use super::access::Reader;
use super::look::Failure;
use super::writer::{Request, Waiting};
use super::{QUEUE, RedbStore, ended};
use redb::ReadTransaction;
use std::sync::Arc;
use std::sync::mpsc::TrySendError;
use tokio::sync::oneshot;
use tokio::task::JoinError;

impl RedbStore {
    pub(super) async fn apply(&self, change: Change) -> Outcome {
        let (answer, answered) = oneshot::channel();
        let sent = match &self.requests {
            Some(requests) => requests.try_send(Request::Change(Waiting { change, answer })),
            None => return Err(ended()),
        };
        match sent {
            Ok(()) => answered.await.unwrap_or_else(|_| Err(ended())),
            Err(TrySendError::Full(_)) => Err(StoreError::Unavailable(format!(
                "{QUEUE} changes are waiting"
            ))),
            Err(TrySendError::Disconnected(_)) => Err(ended()),
        }
    }

    pub(super) async fn apply_object(&self, change: ObjectChange) -> Outcome {
        self.apply(Change::Object(change)).await
    }

    /// Reads rows: at once, as they are in memory as a rule, or where a disk that is slow holds up nobody else.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl Fn(&ReadTransaction) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = Reader {
            access: Arc::clone(&self.access),
            requests: self.requests.clone().ok_or_else(ended)?,
        };
        if let Some(found) = self.quick.read(&reader, &look) {
            return Ok(found);
        }
        let found = tokio::task::spawn_blocking(move || reader.read(look));
        let failed = |error: JoinError| StoreError::Unavailable(error.to_string());
        found.await.map_err(failed)?
    }
}
