//! Reading the files again while the gateway serves. Requests in flight end with what they began with.

use super::snapshot::{Parts, snapshot};
use super::{Gateway, clock};
use crate::config::settings::{Bind, Limits, Settings};
use crate::config::{self, Finding, Host};
use std::sync::Arc;

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
    Upstream(#[from] super::StartError),
    /// The files could not be read to their end: a fault of ours.
    #[error("the files could not be read")]
    Interrupted,
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
            let tls = listener.tls.as_ref().map(|tls| digest(&tls.cert_pem));
            let name = format!("listeners.{}", listener.name);
            all.push(named(&name, &(listener.bind.clone(), tls)));
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

type AdminShown = Option<(
    Bind,
    usize,
    Option<String>,
    Option<(String, Option<String>)>,
)>;

/// Secrets as digests: they are compared, never shown.
fn admin(settings: &Settings) -> AdminShown {
    settings.admin.as_ref().map(|admin| {
        let token = admin.token.as_ref().map(|token| digest(token.as_bytes()));
        let tls = admin.tls.as_ref().map(|tls| {
            let ca = tls.client_ca.as_deref().map(digest);
            (digest(&tls.own.cert_pem), ca)
        });
        (admin.bind.clone(), admin.recent, token, tls)
    })
}

fn digest(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    format!("{digest:?}")
}

impl Gateway {
    /// Reads the files again and serves from them, or says why not; what was in force stays then.
    pub(super) async fn reload(self: &Arc<Self>) -> Result<Reloaded, ReloadError> {
        let _one_at_a_time = self.reloading.lock().await;
        let result = self.read_again().await;
        let mut last = self
            .last_reload
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *last = Some((clock::now(), result.as_ref().err().map(ToString::to_string)));
        match &result {
            Ok(reloaded) => {
                tracing::info!(revision = %reloaded.revision, "reloaded");
                self.metrics.reloaded(clock::now(), &reloaded.revision);
            }
            Err(error) => {
                tracing::error!("not reloaded, what was in force stays: {error}");
                self.metrics.reload_failed();
            }
        }
        result
    }

    async fn read_again(self: &Arc<Self>) -> Result<Reloaded, ReloadError> {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || config::load(&file, &Host));
        let read = read.await.map_err(|_| ReloadError::Interrupted)?;
        let (settings, warnings) = read.map_err(ReloadError::Broken)?;
        let changed = self.fixed.changed(&Fixed::of(&settings));
        if !changed.is_empty() {
            return Err(ReloadError::NeedsRestart(changed));
        }
        let revision = settings.revision.clone();
        let before = self.snapshot.load_full();
        let parts = Parts {
            metrics: &self.metrics,
            store: self.store.as_ref(),
            before: Some(&before),
        };
        let next = snapshot(settings, &parts)?;
        // The store may have changed what is known of buckets since.
        self.snapshot.rcu(|current| {
            let mut next = next.clone();
            next.rules.buckets.clone_from(&current.rules.buckets);
            next.rules.accounts.clone_from(&current.rules.accounts);
            next
        });
        self.watch_upstreams(Some(&before));
        Ok(Reloaded { revision, warnings })
    }
}
