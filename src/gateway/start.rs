//! From checked settings to a running gateway, and back.

use super::front::{self, Address, Bound, Front, Phase, tls};
use super::refusals::Refusals;
use super::snapshot::{Door, Snapshot, Target};
use super::{Gateway, clock, settle};
use crate::admin::{Check, Readiness, serve_health};
use crate::config::settings::{Bind, LogFormat, LogTarget, Settings, Upstream as UpstreamEntry};
use crate::record::metrics::{Metrics, Sets};
use crate::record::{Destination, Format, Recorder, RecorderError, RequestIds, Sink};
use crate::state::{NoStore, RedbStore, Store, StoreError};
use crate::upstream::Upstream;
use crate::upstream::client::Client as Upstreams;
use crate::upstream::peer::BadCertificate;
use arc_swap::ArcSwap;
use portcullis_core::admission::{ListenerRules, Route, Routes, Rules};
use portcullis_core::policy::Pattern;
use portcullis_core::request::Hosts;
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::operations::OPERATIONS;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How often readiness and the expiry of credentials are looked at.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long the records may take to reach their files at the end.
const FLUSH: Duration = Duration::from_secs(5);

/// A gateway that serves.
pub struct Running {
    gateway: Arc<Gateway>,
    front: Front<Gateway>,
    phase: watch::Sender<Phase>,
    readiness: Readiness,
    bound: Vec<Bound>,
    health: Option<SocketAddr>,
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
    let store: Arc<dyn Store> = match &settings.state {
        Some(path) => Arc::new(RedbStore::open(&path.0)?),
        None => Arc::new(NoStore::new()),
    };
    start_over(store, settings).await
}

/// The same over a store that is open.
pub(super) async fn start_over(
    store: Arc<dyn Store>,
    settings: Settings,
) -> Result<Running, StartError> {
    let metrics = Arc::new(Metrics::new(&sets())?);
    let recorder = Recorder::open(&sinks(&settings), &metrics.records_dropped())?;
    let instance: Arc<str> = settings.instance.as_ref().into();
    let readiness = Readiness::new();
    let addresses = addresses(&settings)?;
    let health = settings.health;
    let limits = limits(&settings);
    let gateway = Arc::new(Gateway {
        ids: RequestIds::new(&instance, clock::now()),
        instance,
        patience: settings.limits.body_idle_timeout,
        silence: settings.limits.silence,
        snapshot: ArcSwap::from_pointee(snapshot(settings, &metrics, store.as_ref())?),
        upstreams: Upstreams::new(),
        store,
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
    };
    running.watch_upstreams();
    running.listen(addresses).await?;
    if let Some(address) = health {
        running.serve_health(address).await?;
    }
    tokio::spawn(settle::settle(Arc::downgrade(&running.gateway)));
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

    /// Keeps credentials and addresses fresh, and says in readiness what is missing.
    fn watch_upstreams(&self) {
        let snapshot = self.gateway.snapshot.load_full();
        for target in snapshot.upstreams.iter() {
            target.upstream.spawn();
            let check = self.readiness.check(&format!("upstreams.{}", target.name));
            tokio::spawn(report(
                Arc::downgrade(&target.upstream),
                target.metrics.clone(),
                check,
            ));
        }
    }
}

async fn report(
    upstream: Weak<Upstream>,
    metrics: Arc<crate::record::metrics::UpstreamMetrics>,
    check: Check,
) {
    while let Some(upstream) = upstream.upgrade() {
        match upstream.access() {
            Ok(_) => check.ok(),
            Err(missing) => check.fail(missing.to_string()),
        }
        metrics.credentials_expire(upstream.credentials().expires());
        drop(upstream);
        tokio::time::sleep(HEARTBEAT).await;
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

fn addresses(settings: &Settings) -> Result<Vec<(Box<str>, Address)>, StartError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let address = |listener: &crate::config::settings::Listener| {
        let address = match (&listener.bind, &listener.tls) {
            (Bind::Unix(path), _) => Address::Unix(path.clone()),
            (Bind::Tcp(address), None) => Address::Tcp(*address),
            (Bind::Tcp(address), Some(own)) => {
                let certificate = Arc::new(tls::Certificate::new(own.certified.as_ref().clone()));
                let config = tls::server_config(certificate, provider.clone());
                let config = config.map_err(|source| StartError::Tls {
                    name: listener.name.clone(),
                    source,
                })?;
                Address::Tls(*address, front::Secured(Arc::new(config)))
            }
        };
        Ok((listener.name.clone(), address))
    };
    settings.listeners.iter().map(address).collect()
}

fn snapshot(
    settings: Settings,
    metrics: &Metrics,
    store: &dyn Store,
) -> Result<Snapshot, StartError> {
    let routes = settings.upstreams.iter().map(route).collect();
    let target = |entry: UpstreamEntry| {
        let name: Arc<str> = entry.connection.name.as_ref().into();
        let metrics = metrics.upstream(&name);
        Ok(Target {
            upstream: Arc::new(Upstream::new(entry.connection, clock::now)?),
            name,
            metrics,
        })
    };
    let upstreams: Result<Arc<[Target]>, BadCertificate> =
        settings.upstreams.into_iter().map(target).collect();
    let door = |listener: crate::config::settings::Listener| {
        let metrics = metrics.listener(&listener.name);
        metrics.decides(listener.decision);
        Door {
            name: listener.name.as_ref().into(),
            metrics,
            rules: ListenerRules {
                name: listener.name,
                hosts: Hosts(listener.hosts),
                principal: listener.principal,
                decision: listener.decision,
            },
        }
    };
    Ok(Snapshot {
        rules: Rules {
            directory: Arc::new(settings.directory),
            routes: Arc::new(Routes(routes)),
            policies: Arc::new(settings.bucket_policies),
            guardrails: Arc::new(settings.guardrails.into()),
            rego: settings.rego,
            buckets: settings.state.is_some().then(|| store.buckets()),
            shadow: None,
        }
        .with_candidates(settings.candidates),
        upstreams: upstreams?,
        listeners: settings.listeners.into_iter().map(door).collect(),
    })
}

fn route(entry: &UpstreamEntry) -> Route {
    Route {
        name: entry.connection.name.clone(),
        owner: entry.owner_account,
        region: entry.connection.region.clone(),
        profile: entry.profile,
        buckets: entry
            .buckets
            .iter()
            .map(|pattern| Pattern::new(pattern))
            .collect(),
        default: entry.default,
    }
}

fn shown(address: &Address) -> String {
    match address {
        Address::Tcp(address) | Address::Tls(address, _) => address.to_string(),
        Address::Unix(path) => path.display().to_string(),
    }
}
