//! Reading the files again while the gateway serves. Requests in flight end with what they began with.

use super::files::State;
use super::snapshot::{Parts, snapshot};
use super::{Gateway, StartError, clock};
use crate::config::settings::{Bind, Limits, Settings};
use crate::config::{self, Finding, Host, Inputs};
use crate::record::metrics::ReloadFailure;
use std::sync::Arc;
use std::time::Duration;

/// What a reload brought.
#[derive(Debug, Clone)]
pub struct Reloaded {
    /// What is in force now.
    pub revision: Arc<str>,
    /// Findings that stop nobody.
    pub warnings: Vec<Finding>,
}

/// Why what was in force stays in force.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The files are broken.
    #[error("{}", listed(.0))]
    Broken(Vec<Finding>),
    /// What cannot change while the gateway runs has changed.
    #[error("needs a restart: {} changed; nothing was taken over", .0.join(", "))]
    NeedsRestart(Vec<String>),
    /// An upstream cannot be set up.
    #[error(transparent)]
    Upstream(#[from] StartError),
    /// The files could not be read to their end: a fault of ours.
    #[error("the files could not be read")]
    Interrupted,
}

impl ReloadError {
    /// Which of them, as a metric's label.
    fn kind(&self) -> ReloadFailure {
        match self {
            Self::Broken(_) => ReloadFailure::Broken,
            Self::NeedsRestart(_) => ReloadFailure::NeedsRestart,
            Self::Upstream(_) | Self::Interrupted => ReloadFailure::Other,
        }
    }
}

fn listed(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// The settings that a running gateway keeps, as comparable texts by name.
#[derive(Debug, PartialEq)]
pub(super) struct Fixed(Vec<(String, String)>);

impl Fixed {
    pub(super) fn of(settings: &Settings) -> Self {
        let mut all = vec![
            named("instance", &settings.instance),
            named("threads", &settings.threads),
            named("health", &settings.health),
            named("state", &settings.state),
            named("logs", &settings.logs),
            // Set by tests alone.
            named(
                "limits",
                &Limits {
                    silence: Default::default(),
                    ..settings.limits
                },
            ),
            named("shutdown", &settings.shutdown),
            named("admin", &admin(settings)),
        ];
        for listener in &settings.listeners {
            let name = format!("listeners.{}", listener.name);
            all.push(named(&name, &(&listener.bind, listener.tls.is_some())));
        }
        Self(all)
    }

    fn changed(&self, next: &Self) -> Vec<String> {
        let lacks = |one: &Self, entry| !one.0.contains(entry);
        let gone = self.0.iter().filter(|entry| lacks(next, entry));
        let come = next.0.iter().filter(|entry| lacks(self, entry));
        let mut names: Vec<String> = gone
            .chain(come)
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

fn named(name: &str, value: &impl std::fmt::Debug) -> (String, String) {
    (name.to_owned(), format!("{value:?}"))
}

type AdminShown = Option<(Bind, usize, Option<String>, Option<Option<String>>)>;

/// Secrets as digests: they are compared, never shown.
fn admin(settings: &Settings) -> AdminShown {
    settings.admin.as_ref().map(|admin| {
        let token = admin.token.as_ref().map(|token| digest(token.as_bytes()));
        let tls = admin.tls.as_ref().map(|tls| {
            let ca = tls.client_ca.as_deref();
            ca.map(digest)
        });
        (admin.bind.clone(), admin.recent, token, tls)
    })
}

fn digest(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    format!("{digest:?}")
}

/// What is known from one reload to the next.
#[derive(Debug)]
pub(super) struct Reloading {
    /// How often the files are looked at, if at all.
    pub(super) watch: Option<Duration>,
    /// What the last attempt was made from, be it taken or not.
    pub(super) tried: Inputs,
    /// What that was made from which is in force.
    taken: Inputs,
}

impl Reloading {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            watch: settings.watch,
            tried: settings.inputs.clone(),
            taken: settings.inputs.clone(),
        }
    }
}

impl Gateway {
    /// Reads the files again and serves from them, or says why not; what was in force stays then.
    pub(super) async fn reload(self: &Arc<Self>) -> Result<Reloaded, ReloadError> {
        let mut reloading = self.reloading.lock().await;
        let result = match self.read_again().await {
            Some(read) => self.take(read, &mut reloading),
            None => Err(ReloadError::Interrupted),
        };
        self.tell(&result);
        result
    }

    /// The same, but nothing becomes of it if a file is no longer as it was in `state`: it is being written just now.
    pub(super) async fn reload_if(self: &Arc<Self>, state: &State) {
        let mut reloading = self.reloading.lock().await;
        let settled = |inputs: &Inputs| match state {
            State::Settled(state) => state.agree(inputs),
            State::Restless => true,
        };
        let result = match self.read_again().await {
            // Somebody else's reload may have come before this one.
            Some((_, inputs)) if inputs == reloading.tried || !settled(&inputs) => return,
            Some(read) => self.take(read, &mut reloading),
            None => {
                if let State::Settled(state) = state {
                    reloading.tried = state.clone();
                }
                Err(ReloadError::Interrupted)
            }
        };
        self.tell(&result);
    }

    async fn read_again(&self) -> Option<config::Read> {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || config::read(&file, &Host));
        read.await.ok()
    }

    fn take(
        self: &Arc<Self>,
        (read, inputs): config::Read,
        reloading: &mut Reloading,
    ) -> Result<Reloaded, ReloadError> {
        reloading.tried = inputs;
        let (settings, warnings) = read.map_err(ReloadError::Broken)?;
        let emptied = settings.inputs.emptied_since(&reloading.taken);
        if !emptied.is_empty() {
            return Err(ReloadError::Broken(emptied));
        }
        let changed = self.fixed.changed(&Fixed::of(&settings));
        if !changed.is_empty() {
            return Err(ReloadError::NeedsRestart(changed));
        }
        let now = Reloading::of(&settings);
        let revision = settings.revision.clone();
        self.serve_from(settings)?;
        *reloading = now;
        Ok(Reloaded { revision, warnings })
    }

    fn serve_from(self: &Arc<Self>, settings: Settings) -> Result<(), StartError> {
        let before = self.snapshot.load_full();
        let parts = Parts {
            metrics: &self.metrics,
            store: self.store.as_ref(),
            before: Some(&before),
        };
        let certificates = self.certificates.of_others(&settings);
        let next = snapshot(settings, &parts)?;
        // The store may have changed what is known of buckets since.
        self.snapshot.rcu(|current| {
            let mut next = next.clone();
            next.rules.buckets.clone_from(&current.rules.buckets);
            next.rules.accounts.clone_from(&current.rules.accounts);
            next
        });
        for certificate in certificates {
            certificate.present();
        }
        self.watch_upstreams(Some(&before));
        Ok(())
    }

    /// Says what came of a reload: in the diagnostics, in metrics and in the status.
    fn tell(&self, result: &Result<Reloaded, ReloadError>) {
        let error = result.as_ref().err();
        let mut last = self
            .last_reload
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = Some((clock::now(), error.map(ToString::to_string)));
        match result {
            Ok(reloaded) => {
                tracing::info!(revision = %reloaded.revision, "reloaded");
                self.metrics.reloaded(clock::now(), &reloaded.revision);
            }
            Err(error) => {
                tracing::error!("not reloaded, what was in force stays: {error}");
                self.metrics.reload_failed(error.kind());
            }
        }
    }
}
