//! The thread that writes.

use super::bodies::{Checkpoint, Intent, Place, Torn};
use super::chain::Chain;
use super::line::{Lines, one_line};
use super::shelf::Volume;
use super::{Clock, Config, Counters, Unavailable, Witness, disk::Disk};
use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Records that one write takes at most.
const BATCH: usize = 256;
/// How long after a failure the disk is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What the thread is asked.
#[derive(Debug)]
pub(super) enum Request {
    Intent {
        body: String,
        answer: oneshot::Sender<Result<Intent, Unavailable>>,
    },
    Note(Note),
    Stop,
}

/// A record that nobody waits for.
#[derive(Debug)]
pub(super) enum Note {
    /// What became of an intent; of a request without one, in best effort.
    Outcome {
        intent: Option<Intent>,
        body: Option<String>,
    },
    Event {
        name: String,
        body: String,
    },
}

/// What the thread and its callers share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) ready: AtomicBool,
    pub(super) stopped: AtomicBool,
    pub(super) counters: Counters,
}

/// Owns the files.
pub(super) struct Writer {
    pub(super) config: Config,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) clock: Clock,
    pub(super) witness: Witness,
    pub(super) shared: Arc<Shared>,
    /// What crashes have left in files of streams before.
    pub(super) torn: Vec<Torn>,
    pub(super) manifest: Chain,
    pub(super) chain: Chain,
    pub(super) volume: Volume,
    /// When the present file was begun.
    pub(super) begun: Instant,
    /// The present file is full, and the next could not be begun.
    pub(super) is_full: bool,
    pub(super) open: BTreeSet<Intent>,
    /// Notes that could not be written yet.
    pub(super) backlog: VecDeque<Note>,
    pub(super) next_checkpoint: Instant,
    pub(super) packing: Option<JoinHandle<()>>,
}

impl Writer {
    /// Serves until it is told to stop, or nobody can ask any more.
    pub(super) fn run(mut self, queue: &Receiver<Request>) {
        loop {
            let wait = self
                .next_checkpoint
                .saturating_duration_since(Instant::now());
            let first = match queue.recv_timeout(wait) {
                Ok(Request::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    self.tick();
                    continue;
                }
            };
            let (mut batch, mut stop) = (vec![first], false);
            for request in queue.try_iter().take(BATCH) {
                match request {
                    Request::Stop => stop = true,
                    Request::Intent { .. } | Request::Note(_) => batch.push(request),
                }
                if stop {
                    break;
                }
            }
            self.turn(batch);
            if stop {
                break;
            }
            if self.next_checkpoint <= Instant::now() {
                self.tick();
            }
        }
        self.finish(queue);
    }

    /// Writes what is still asked for, and the last checkpoint.
    fn finish(&mut self, queue: &Receiver<Request>) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let rest = queue.try_iter();
        let rest = rest
            .filter(|request| !matches!(request, Request::Stop))
            .collect();
        self.turn(rest);
        let written = self.checkpoint();
        self.report(written);
        self.shared.ready.store(false, Ordering::SeqCst);
        if let Some(packing) = self.packing.take() {
            // A file that was not compressed is read as it is.
            let _ = packing.join();
        }
    }

    /// One write for the whole batch, then the answers.
    pub(super) fn turn(&mut self, batch: Vec<Request>) {
        let (mut intents, mut answers) = (Vec::new(), Vec::new());
        let taken = batch.len() as u64;
        for request in batch {
            match request {
                Request::Intent { body, answer } => {
                    intents.push(body);
                    answers.push(answer);
                }
                Request::Note(note) => self.backlog.push_back(note),
                Request::Stop => {}
            }
        }
        self.shared
            .counters
            .queued
            .fetch_sub(taken, Ordering::SeqCst);
        let written = self.write(&intents);
        // Whoever is answered finds readiness as the answer says.
        let (numbers, done) = match written {
            Ok(numbers) => (Some(numbers), Ok(())),
            Err(error) => (None, Err(error)),
        };
        self.report(done);
        match numbers {
            Some(numbers) => {
                for (answer, intent) in answers.into_iter().zip(numbers) {
                    // Whoever no longer waits has not sent anything on.
                    if answer.send(Ok(intent)).is_err() {
                        let unsent = Some(r#"{"ending":"abandoned"}"#.to_owned());
                        self.backlog.push_back(Note::Outcome {
                            intent: Some(intent),
                            body: unsent,
                        });
                    }
                }
            }
            None => answers.into_iter().for_each(|answer| {
                let _ = answer.send(Err(Unavailable));
            }),
        }
        self.shed();
    }

    /// Notes that wait first, then intents.
    fn write(&mut self, intents: &[String]) -> io::Result<Vec<Intent>> {
        if self.is_full {
            self.rotate()?;
        }
        let mut lines = Lines::after(self.chain.head(), (self.clock)());
        let mut closed = BTreeSet::new();
        for note in &self.backlog {
            closed.extend(self.push(&mut lines, note));
        }
        let numbers: Vec<Intent> = intents
            .iter()
            .map(|body| Intent(self.volume.stream, lines.push("intent", &one_line(body))))
            .collect();
        if lines.head == self.chain.head() {
            return Ok(numbers);
        }
        self.chain.append(&lines)?;
        let count = (self.backlog.len() + numbers.len()) as u64;
        self.shared
            .counters
            .written
            .fetch_add(count, Ordering::Relaxed);
        self.backlog.clear();
        self.open.extend(&numbers);
        self.open.retain(|intent| !closed.contains(intent));
        if self.chain.len() >= self.config.seal_bytes {
            // The records are durable: that the next file cannot be begun is the next one's failure.
            let rotated = self.seal();
            self.report(rotated);
        }
        Ok(numbers)
    }

    fn push(&self, lines: &mut Lines, note: &Note) -> Option<Intent> {
        match note {
            Note::Outcome { intent, body } => {
                let intent_text = intent.map(|Intent(stream, seq)| format!("[{stream},{seq}]"));
                let intent_text = intent_text.as_deref().unwrap_or("null");
                let text = match body {
                    Some(body) => format!(
                        r#"{{"intent":{intent_text},"outcome":"known","record":{}}}"#,
                        one_line(body)
                    ),
                    None => format!(r#"{{"intent":{intent_text},"outcome":"unknown"}}"#),
                };
                lines.push("outcome", &text);
                *intent
            }
            Note::Event { name, body } => {
                let name = serde_json::Value::from(name.as_str());
                let text = format!(r#"{{"event":{name},"detail":{}}}"#, one_line(body));
                lines.push("event", &text);
                None
            }
        }
    }

    /// Keeps the notes that wait within bounds.
    fn shed(&mut self) {
        while self.backlog.len() > self.config.queue {
            self.backlog.pop_front();
            self.shared.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What is due without being asked for.
    pub(super) fn tick(&mut self) {
        let done = self.write(&[]).and_then(|_| self.checkpoint());
        let done = done.and_then(|()| {
            let is_old = self.begun.elapsed() >= self.config.seal_after;
            if is_old { self.seal() } else { Ok(()) }
        });
        self.report(done);
    }

    /// Readiness and counters after a write; after a failure the next attempt is due soon.
    fn report(&mut self, result: io::Result<()>) {
        let was_ready = self.shared.ready.swap(result.is_ok(), Ordering::SeqCst);
        let Err(error) = result else {
            return;
        };
        self.shared
            .counters
            .failures
            .fetch_add(1, Ordering::Relaxed);
        let retry = Instant::now() + RETRY;
        self.next_checkpoint = self
            .next_checkpoint
            .min(retry)
            .max(Instant::now() + RETRY / 2);
        if was_ready {
            tracing::error!(%error, "the audit log cannot be written");
        }
    }

    /// Signs everything so far. In a write of its own: where a checkpoint is, all before it was durable.
    pub(super) fn checkpoint(&mut self) -> io::Result<()> {
        let manifest = self.manifest.head();
        let body = Checkpoint {
            stream: self.volume.stream,
            key: self.config.key.public().fingerprint(),
            manifest: Place {
                seq: manifest.seq,
                hash: manifest.hash.to_string(),
            },
            dropped: self.shared.counters.dropped.load(Ordering::Relaxed),
        };
        let body = serde_json::to_string(&body)?;
        let mut lines = Lines::after(self.chain.head(), (self.clock)());
        let line = lines.push_signed("checkpoint", &body, &self.config.key);
        self.chain.append(&lines)?;
        self.next_checkpoint = Instant::now() + self.config.checkpoint_every;
        self.shared
            .counters
            .checkpoints
            .fetch_add(1, Ordering::Relaxed);
        (self.witness)(&line);
        Ok(())
    }
}
