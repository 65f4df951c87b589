//! The one part that sees a client's connection: [`front`] reads heads, an exchange serves one request from head to
//! record, [`start`] builds everything from checked settings and stops it again.
//!
//! | file | says |
//! |---|---|
//! | `front/` | accept, TLS, framing, deadlines |
//! | `exchange` | one request: admit, carry out, answer |
//! | `fault` | what is said of a request that fails after admission |
//! | `stream` | both bodies stream through |
//! | `buffered` | a small body is at hand, the answer is read whole |
//! | `waiting` | the same, of an upstream that takes minutes: the client hears of it meanwhile |
//! | `passing` | what a client gets of an answer that was read whole |
//! | `buckets` | creating and deleting buckets, and whose they are |
//! | `settings` | calls on settings that the gateway keeps |
//! | `objects`, `recorded`, `leases` | records of objects, and who reads and changes one meanwhile |
//! | `locks`, `lock_clock` | what is locked is neither destroyed nor replaced, and the time that locks go by |
//! | `look_ups` | facts that decisions depend on: how often an upstream is asked for them |
//! | `became` | what an upstream has done to objects, by its answer |
//! | `cors` | what answers say to browsers |
//! | `reply` | heads of answers |
//! | `entry` | the record of an exchange, written however it ends |
//! | `guard` | a panic in an exchange becomes its failure |
//! | `refusals` | answers and records of what the front refuses |
//! | `settle`, `reconcile` | creations of buckets and changes of objects that were cut short |
//! | `reload` | the files read again while it serves |
//! | `files` | when they are read again by themselves |
//! | `addresses` | where it listens, with which certificates |
//! | `recent` | the last exchanges, for those who ask why |
//! | `control` | what the admin listener asks |
//! | `start` | from settings to a running gateway, and back |

mod addresses;
mod became;
mod buckets;
mod buffered;
mod client;
pub mod clock;
mod control;
mod cors;
mod entry;
mod exchange;
mod fault;
mod files;
mod forms;
pub mod front;
mod guard;
mod leases;
mod lock_clock;
mod locks;
mod look_ups;
mod objects;
mod passing;
mod recent;

mod reconcile;
mod recorded;
mod refusals;
mod reload;
mod reply;
mod settings;
mod settle;
mod snapshot;
mod start;
mod stream;
mod waiting;
mod watch;

pub use reload::{ReloadError, Reloaded};
pub use snapshot::{Snapshot, routes_of, rules_of};
pub use start::{Running, StartError, start};

use crate::admin::Readiness;
use crate::record::{Recorder, RequestIds};
use crate::state::Store;
use crate::upstream::client::Client as Upstreams;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use front::Arrived;
use pingora::apps::{HttpServerApp, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::server::ShutdownWatch;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What all exchanges share.
pub struct Gateway {
    snapshot: ArcSwap<Snapshot>,
    upstreams: Upstreams,
    store: Arc<dyn Store>,
    /// The same, if it is kept in a file.
    kept: Option<control::Kept>,
    leases: Arc<leases::Leases>,
    lock_clock: lock_clock::LockClock,
    recorder: Recorder,
    metrics: Arc<crate::record::metrics::Metrics>,
    ids: RequestIds,
    instance: Arc<str>,
    /// Between two reads of a request's body, and between two writes of an answer's.
    patience: Duration,
    /// After which a client that waits for a long operation hears a sign of life.
    silence: Duration,
    /// `None` without an admin listener: then nothing is kept.
    recent: Option<recent::Recent>,
    /// What all settings were read from.
    file: PathBuf,
    /// The settings that a reload cannot change.
    fixed: reload::Fixed,
    certificates: addresses::Certificates,
    /// Held while the files are read again.
    reloading: tokio::sync::Mutex<reload::Reloading>,
    /// When, and why not if it failed.
    last_reload: Mutex<Option<(jiff::Timestamp, Option<String>)>>,
    began: Instant,
    readiness: Readiness,
}

#[async_trait]
impl HttpServerApp for Gateway {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let ServerSession::H1(mut session) = session else {
            return None;
        };
        let arrived = session
            .take_connection_user_context()?
            .downcast::<Arrived>()
            .ok()?;
        exchange::serve(self, session, *arrived, shutdown).await
    }
}

impl Gateway {
    /// Lets new exchanges see what the store knows now.
    fn publish_state(&self) {
        self.snapshot.rcu(|current| {
            let mut next = Snapshot::clone(current);
            next.rules.buckets = next.rules.buckets.is_some().then(|| self.store.buckets());
            next.rules.accounts = self.store.accounts();
            next
        });
    }
}
