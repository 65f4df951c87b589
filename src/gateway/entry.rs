//! The record of an exchange while it is being written. Dropping it records it: there is no ending without one.

use super::Gateway;
use super::recent::Traces;
use super::snapshot::Door;
use crate::record::{self, Draft, Ending};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

/// A draft that becomes a record when it is dropped.
pub(super) struct Entry {
    gateway: Arc<Gateway>,
    listeners: Arc<[Door]>,
    position: usize,
    draft: Box<Draft>,
    began: Instant,
    ending: Ending,
    traces: Option<Traces>,
}

impl Entry {
    /// Begins the record of a request whose first byte came at `began`. Unless told otherwise it says that the client
    /// went away.
    pub(super) fn begin(
        gateway: Arc<Gateway>,
        listeners: Arc<[Door]>,
        position: usize,
        mut draft: Draft,
        began: Instant,
    ) -> Self {
        // Admission says it too, of what gets so far.
        if let Some(door) = listeners.get(position) {
            draft.labels.mode = door.rules.decision;
        }
        Self {
            gateway,
            listeners,
            position,
            draft: Box::new(draft),
            began,
            ending: Ending::ClientAborted,
            traces: None,
        }
    }

    /// Leaves what `explain` needs beside the record.
    pub(super) fn leave(&mut self, traces: Traces) {
        self.traces = Some(traces);
    }

    /// Says how the exchange ends.
    pub(super) fn end(&mut self, ending: Ending) {
        self.ending = ending;
    }
}

impl Deref for Entry {
    type Target = Draft;

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
        let rest = Draft::new(
            self.id,
            self.arrived,
            self.peer,
            self.listener.clone(),
            self.instance.clone(),
        );
        let mut draft = std::mem::replace(&mut *self.draft, rest);
        draft.total = self.began.elapsed();
        let record = record::finish(draft, self.ending);
        self.gateway.recorder.write(&record);
        if let Some(door) = self.listeners.get(self.position) {
            door.metrics.observe(&record);
        }
        if let (Some(recent), Some(traces)) = (&self.gateway.recent, self.traces.take()) {
            recent.keep(traces, record);
        }
    }
}
