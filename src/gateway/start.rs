//! From checked settings to a running gateway, and back.

use super::addresses::{Certificates, shown};
use super::control::{Desk, Kept};
use super::front::{self, Address, Bound, Front, Phase};
use super::lock_clock::{self, LockClock};
use super::recent::Recent;
use super::refusals::Refusals;
use super::reload::{Fixed, ReloadError, Reloaded, Reloading};
use super::snapshot::{Parts, snapshot};
use super::{Gateway, clock, files, reconcile, settle};
use crate::admin::{AdminAddress, AdminListener, Readiness, serve_health};
use crate::config::settings::{Bind, LogFormat, LogTarget, Settings};
use crate::record::metrics::{Metrics, Sets};
use crate::record::{Destination, Format, Recorder, RecorderError, RequestIds, Sink};
use crate::state::{NoStore, Note, Origin, RedbStore, Store, StoreError};
use crate::upstream::client::Client as Upstreams;
use crate::upstream::peer::BadCertificate;
use arc_swap::ArcSwap;
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::operations::OPERATIONS;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long the records may take to reach their files at the end.
const FLUSH: Duration = Duration::from_secs(5);

/// A gateway that serves.
pub struct Running {
    pub(super) gateway: Arc<Gateway>,
    front: Front<Gateway>,
    phase: watch::Sender<Phase>,
    readiness: Readiness,
    bound: Vec<Bound>,
    health: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    administration: Option<JoinHandle<()>>,
}

/// Why a gateway could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener's address cannot be had.
    #[error("cannot listen on `{address}` for `listeners.{name}`")]
    Listen {
        /// The listener's name.
        name: Box<str>,
        /// Its address.
        address: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The health listener's address cannot be had.
    #[error("cannot listen on `{address}` for `health`")]
    Health {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The admin listener cannot be had.
    #[error("cannot listen on `{address}` for `admin`")]
    Admin {
        /// The address.
        address: Bind,
        /// Why not.
        source: std::io::Error,
    },
    /// The admin listener's TLS cannot be set up.
    #[error("cannot set up TLS for `admin`: {0}")]
    AdminTls(String),
    /// A listener's TLS cannot be set up.
    #[error("cannot set up TLS for `listeners.{name}`")]
    Tls {
        /// The listener's name.
        name: Box<str>,
        /// Why not.
        source: rustls::Error,
    },
    /// An upstream's certificate authorities cannot be used.
    #[error(transparent)]
    Upstream(#[from] BadCertificate),
    /// The state store cannot be opened.
    #[error(transparent)]
    State(#[from] StoreError),
    /// A log cannot be opened.
    #[error(transparent)]
    Records(#[from] RecorderError),
    /// The metrics contradict each other: a fault of ours.
    #[error("cannot set up metrics")]
    Metrics(#[from] prometheus::Error),
}

/// Starts a gateway on the current runtime. It serves when this returns.
pub async fn start(settings: Settings) -> Result<Running, StartError> {
    let Some(path) = &settings.state else {
        return start_over(Arc::new(NoStore::new()), None, settings).await;
    };
    let store = Arc::new(RedbStore::open(&path.0)?);
    tell(store.origin(), &path.0);
    let kept = Kept {
        store: store.clone(),
        file: path.0.clone(),
    };
    start_over(store, Some(kept), settings).await
}

/// Says whether the state is what it was when the gateway ended: settings may be missing or out of date else.
fn tell(origin: Origin, path: &Path) {
    let path = path.display();
    match origin {
        Origin::Same => {}
        Origin::New => tracing::info!("the state file `{path}` is new"),
        Origin::Restored => tracing::warn!(
            "the state file `{path}` was restored from a backup: what was set since the backup is not there"
        ),
        Origin::Replaced => tracing::warn!(
            "the state file `{path}` is not the one that was there before, or an older copy of it: what was set may not be there"
        ),
    }
}

/// The same over a store that is open, and is `kept` in a file or nowhere.
pub(super) async fn start_over(
    store: Arc<dyn Store>,
    kept: Option<Kept>,
    settings: Settings,
) -> Result<Running, StartError> {
    let metrics = Arc::new(Metrics::new(&sets())?);
    metrics.loaded(clock::now(), &settings.revision);
    tracing::info!(revision = %settings.revision, "policies and identities read");
    let recorder = Recorder::open(&sinks(&settings), &metrics.records_dropped())?;
    let instance: Arc<str> = settings.instance.as_ref().into();
    let readiness = Readiness::new();
    let certificates = Certificates::of(&settings);
    let addresses = certificates.addresses(&settings)?;
    let health = settings.health;
    let limits = limits(&settings);
    let admin = settings.admin.clone();
    let admin_address = admin
        .as_ref()
        .map(|admin| certificates.admin_address(admin));
    let admin_address = admin_address.transpose()?;
    let parts = Parts {
        metrics: &metrics,
        store: store.as_ref(),
        before: None,
    };
    let lock_clock = LockClock::of(&store.notes(), clock::now(), metrics.lock_clock_frozen());
    metrics.locks_in_doubt(store.notes().contains_key(&Note::LockDoubt));
    let fixed = Fixed::of(&settings);
    let reloading = Reloading::of(&settings);
    let file = settings.file.clone();
    let gateway = Arc::new(Gateway {
        ids: RequestIds::new(&instance, clock::now()),
        instance,
        patience: settings.limits.body_idle_timeout,
        silence: settings.limits.silence,
        snapshot: ArcSwap::from_pointee(snapshot(settings, &parts)?),
        recent: admin.as_ref().map(|admin| Recent::new(admin.recent)),
        fixed,
        file,
        certificates,
        reloading: tokio::sync::Mutex::new(reloading),
        last_reload: Mutex::default(),
        began: Instant::now(),
        readiness: readiness.clone(),
        upstreams: Upstreams::new(),
        store,
        kept,
        lock_clock,
        leases: Arc::default(),
        recorder,
        metrics,
    });
    let (phase, phases) = watch::channel(Phase::Running);
    let front = Front::new(
        gateway.clone(),
        Arc::new(Refusals(gateway.clone())),
        limits,
        phases,
    );
    let mut running = Running {
        gateway,
        front,
        phase,
        readiness,
        bound: Vec::new(),
        health: None,
        admin: None,
        administration: None,
    };
    running.gateway.watch_upstreams(None);
    running.listen(addresses).await?;
    if let Some(address) = health {
        running.serve_health(address).await?;
    }
    if let (Some(admin), Some(address)) = (admin, admin_address) {
        running.serve_admin(admin.bind, address).await?;
    }
    tokio::spawn(settle::settle(Arc::downgrade(&running.gateway)));
    tokio::spawn(reconcile::reconcile(Arc::downgrade(&running.gateway)));
    tokio::spawn(lock_clock::keep(Arc::downgrade(&running.gateway)));
    tokio::spawn(files::watch(Arc::downgrade(&running.gateway)));
    running.readiness.check("listeners").ok();
    Ok(running)
}

impl Running {
    /// Where it listens, in the order of the configuration.
    pub fn bound(&self) -> &[Bound] {
        &self.bound
    }

    /// Where health and metrics are served.
    pub fn health(&self) -> Option<SocketAddr> {
        self.health
    }

    /// Where the admin listener is, if it is served over TCP.
    pub fn admin(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Reads the files again; see [`ReloadError`] for when they are not taken.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.gateway.reload().await
    }

    /// Stops: not ready at once, still accepting for `delay`, then no new connections and at most `drain` for what is in
    /// hand. Returns as soon as nothing is left; the records are on disk then.
    pub async fn stop(self, delay: Duration, drain: Duration) {
        self.readiness.stopping();
        self.phase.send_replace(Phase::Stopping);
        tokio::time::sleep(delay).await;
        self.phase.send_replace(Phase::Draining);
        if tokio::time::timeout(drain, self.front.drained())
            .await
            .is_err()
        {
            tracing::warn!(
                "requests are cut: they took longer than {} s to finish",
                drain.as_secs()
            );
        }
        self.phase.send_replace(Phase::Ended);
        self.front.drained().await;
        if let Some(administration) = self.administration {
            // It ends with the phase; its socket file goes before the process does.
            let _ = administration.await;
        }
        self.gateway.keep_time_of_locks().await;
        if let Err(error) = self.gateway.recorder.stop(FLUSH) {
            tracing::error!("{error}");
        }
    }

    async fn listen(&mut self, addresses: Vec<(Box<str>, Address)>) -> Result<(), StartError> {
        for (position, (name, address)) in addresses.into_iter().enumerate() {
            let shown = shown(&address);
            let metrics = self.gateway.metrics.listener(&name);
            let bound = front::Listener::bind(position, address).await;
            let listener = bound.map_err(|source| StartError::Listen {
                name,
                address: shown,
                source,
            })?;
            self.bound.push(listener.bound().clone());
            self.front.serve(listener, metrics);
        }
        Ok(())
    }

    async fn serve_health(&mut self, address: SocketAddr) -> Result<(), StartError> {
        let listening = TcpListener::bind(address).await;
        let listener = listening.map_err(|source| StartError::Health { address, source })?;
        self.health = listener.local_addr().ok();
        let mut phase = self.phase.subscribe();
        let ended = async move {
            // Without a sender nothing runs any more, either.
            let _ = phase.wait_for(|phase| *phase == Phase::Ended).await;
        };
        tokio::spawn(serve_health(
            listener,
            self.readiness.clone(),
            self.gateway.metrics.clone(),
            ended,
        ));
        Ok(())
    }

    async fn serve_admin(&mut self, bind: Bind, address: AdminAddress) -> Result<(), StartError> {
        let bound = AdminListener::bind(address).await;
        let listener = bound.map_err(|source| StartError::Admin {
            address: bind,
            source,
        })?;
        self.admin = listener.address();
        let mut phase = self.phase.subscribe();
        let ended = async move {
            let _ = phase.wait_for(|phase| *phase == Phase::Ended).await;
        };
        let desk = Arc::new(Desk(self.gateway.clone()));
        self.administration = Some(tokio::spawn(listener.serve(desk, ended)));
        Ok(())
    }
}

fn sets() -> Sets {
    Sets {
        operations: OPERATIONS.iter().collect(),
        error_codes: ErrorCode::ALL.iter().map(|code| code.name()).collect(),
        front_reasons: front::Refusal::ALL
            .iter()
            .map(|reason| reason.name())
            .collect(),
    }
}

fn sinks(settings: &Settings) -> Vec<Sink> {
    let sink = |log: &crate::config::settings::Log| Sink {
        format: match log.format {
            LogFormat::S3 => Format::AccessLog,
            LogFormat::Json => Format::Json,
        },
        to: match &log.to {
            LogTarget::Stdout => Destination::Stdout,
            LogTarget::File(path) => Destination::File(path.clone()),
        },
    };
    settings.logs.iter().map(sink).collect()
}

fn limits(settings: &Settings) -> front::Limits {
    front::Limits {
        connections: u32::try_from(settings.limits.max_connections).unwrap_or(u32::MAX),
        head_bytes: settings.limits.header_bytes,
        head_time: settings.limits.header_timeout,
        idle: settings.limits.idle_timeout,
        body_stall: settings.limits.body_idle_timeout,
        write_stall: settings.limits.body_idle_timeout,
        ..front::Limits::default()
    }
}
