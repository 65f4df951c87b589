//! What one exchange is served from, from start to end.

use super::look_ups::LookUps;
use super::{StartError, clock};
use crate::config::settings::{LookUpLimits, Settings, Upstream as UpstreamEntry};
use crate::record::metrics::{ListenerMetrics, Metrics, UpstreamMetrics};
use crate::state::Store;
use crate::upstream::Upstream;
use crate::upstream::peer::BadCertificate;
use crate::upstream::settings::UpstreamSettings;
use portcullis_core::admission::{ListenerRules, Route, Routes, Rules, Shadow};
use portcullis_core::policy::Pattern;
use portcullis_core::request::Hosts;
use std::sync::Arc;

/// Everything an exchange needs that may change while the gateway runs. Never changed, only replaced.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What decisions are made from.
    pub(super) rules: Rules,
    /// In the order of the rules' routes.
    pub(super) upstreams: Arc<[Target]>,
    /// In the order of the configuration; the front names them by position.
    pub(super) listeners: Arc<[Door]>,
}

/// One upstream as the gateway sees it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) name: Arc<str>,
    pub(super) upstream: Arc<Upstream>,
    pub(super) metrics: Arc<UpstreamMetrics>,
    /// Of the tags of its objects.
    pub(super) tags: Arc<LookUps<Tags>>,
}

/// Each key with its value.
pub(super) type Tags = Vec<(String, String)>;

/// One listener as the gateway sees it.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) name: Arc<str>,
    pub(super) rules: ListenerRules,
    pub(super) metrics: Arc<ListenerMetrics>,
}

impl Snapshot {
    /// Whether this upstream is in it.
    pub(super) fn has(&self, upstream: &Arc<Upstream>) -> bool {
        let mut all = self.upstreams.iter();
        all.any(|target| Arc::ptr_eq(&target.upstream, upstream))
    }

    /// The look-ups at the upstream of this name, if they have these limits.
    fn look_ups(&self, name: &str, limits: LookUpLimits) -> Option<Arc<LookUps<Tags>>> {
        let mut all = self.upstreams.iter();
        let target = all.find(|target| *target.name == *name)?;
        (target.tags.limits() == limits).then(|| Arc::clone(&target.tags))
    }

    /// The upstream that has exactly these settings.
    pub(super) fn with_settings(&self, settings: &UpstreamSettings) -> Option<Arc<Upstream>> {
        let mut all = self.upstreams.iter().map(|target| &target.upstream);
        all.find(|upstream| upstream.settings() == settings)
            .cloned()
    }
}

/// What a snapshot is made with, beside its settings.
pub(super) struct Parts<'a> {
    pub(super) metrics: &'a Metrics,
    pub(super) store: &'a dyn Store,
    /// Whose upstreams are taken over where nothing of theirs changed.
    pub(super) before: Option<&'a Snapshot>,
}

pub(super) fn snapshot(mut settings: Settings, parts: &Parts<'_>) -> Result<Snapshot, StartError> {
    let Parts {
        metrics,
        store,
        before,
    } = *parts;
    let rules = Rules {
        buckets: settings.state.is_some().then(|| store.buckets()),
        accounts: store.accounts(),
        ..rules(&mut settings)
    };
    let target = |entry: UpstreamEntry| {
        let name: Arc<str> = entry.connection.name.as_ref().into();
        let metrics = metrics.upstream(&name);
        let known = before.and_then(|before| before.with_settings(&entry.connection));
        let limits = entry.look_ups;
        let tags = before.and_then(|before| before.look_ups(&name, limits));
        Ok(Target {
            upstream: match known {
                Some(upstream) => upstream,
                None => Arc::new(Upstream::new(entry.connection, clock::now)?),
            },
            name,
            metrics,
            tags: tags.unwrap_or_else(|| Arc::new(LookUps::new(limits))),
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
        rules,
        upstreams: upstreams?,
        listeners: settings.listeners.into_iter().map(door).collect(),
    })
}

/// What decisions are made from, where no request is served: nothing is known of buckets that the store holds.
pub fn rules_of(mut settings: Settings) -> Rules {
    rules(&mut settings)
}

/// Which upstream holds which bucket.
pub fn routes_of(settings: &Settings) -> Routes {
    Routes(settings.upstreams.iter().map(route).collect())
}

fn rules(settings: &mut Settings) -> Rules {
    let guardrails = std::mem::take(&mut settings.guardrails);
    Rules {
        directory: Arc::new(std::mem::take(&mut settings.directory)),
        routes: Arc::new(routes_of(settings)),
        files: Arc::new(std::mem::take(&mut settings.buckets)),
        account_files: Arc::new(std::mem::take(&mut settings.accounts)),
        accounts: Arc::default(),
        guardrails: Arc::new(guardrails.into()),
        rego: settings.rego.take(),
        buckets: None,
        shadow: None,
        revision: settings.revision.clone(),
    }
    .with_shadow(Shadow {
        candidates: std::mem::take(&mut settings.candidates),
        rego: settings.rego_in_shadow.take(),
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
        chunks: entry.chunks,
        theirs: entry.theirs.clone(),
        locks: entry.locks,
    }
}
