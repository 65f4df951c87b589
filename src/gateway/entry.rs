//! The record of an exchange while it is being written. Dropping it records it: there is no ending without one.

use super::Gateway;
use super::snapshot::Door;
use crate::record::{self, Draft, Ending};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

/// A draft that becomes a record when it is dropped.
pub(super) struct Entry {
    gateway: Arc<Gateway>,
    listeners: Arc<[Door]>,
    listener: usize,
    // INVARIANT: present until the drop.
    draft: Option<Box<Draft>>,
    began: Instant,
    ending: Ending,
}

impl Entry {
    /// Begins the record of a request whose first byte came at `began`. Unless told otherwise it says that the client
    /// went away.
    pub(super) fn begin(gateway: Arc<Gateway>, listeners: Arc<[Door]>, listener: usize, draft: Draft, began: Instant) -> Self {
        Self { gateway, listeners, listener, draft: Some(Box::new(draft)), began, ending: Ending::ClientAborted }
    }

    /// Says how the exchange ends.
    pub(super) fn end(&mut self, ending: Ending) {
        self.ending = ending;
    }
}

impl Deref for Entry {
    type Target = Option<Box<Draft>>;

    fn deref(&self) -> &Self::Target {
        &self.draft
    }
}

impl DerefMut for Entry {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.draft
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(mut draft) = self.draft.take() else { return };
        draft.total = self.began.elapsed();
        let record = record::finish(*draft, self.ending);
        self.gateway.recorder.write(&record);
        if let Some(door) = self.listeners.get(self.listener) {
            door.metrics.observe(&record);
        }
    }
}
