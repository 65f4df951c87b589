//! Listeners, and the principal of a fixed-principal listener.

use super::super::identities;
use super::super::place::At;
use super::super::raw;
use super::super::settings::{Bind, DecisionMode, Listener};
use super::{Check, tls, values};
use portcullis_core::identity::{Caller, Directory};
use portcullis_core::policy::Policy;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The listeners in the order written.
#[derive(Default)]
pub(super) struct Listeners {
    pub(super) all: Vec<Listener>,
    /// Principals that stand in no identities, because there are none.
    pub(super) made_known: Vec<Arc<Caller>>,
}

/// Who is known before the listeners are read.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    /// None when no identities are configured.
    pub(super) directory: Option<&'a Directory>,
    /// Resource-control documents on what every account owns.
    pub(super) guardrails: &'a [Arc<Policy>],
}

/// Checks the listeners.
pub(super) fn listeners(
    written: Option<BTreeMap<String, raw::Listener>>,
    decision: Option<raw::DecisionMode>,
    known: Known<'_>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Listeners {
    let mut found = Listeners::default();
    let decision = decision.unwrap_or(raw::DecisionMode::Enforce);
    let Some(mut raw) = check.required(at, written) else {
        return found;
    };
    if raw.is_empty() {
        check.push(at.error("no listener is configured"));
    }
    for name in at.names() {
        let (Some(mut raw), at) = (raw.remove(&name), at.field(&name)) else {
            continue;
        };
        raw.decision.get_or_insert(decision);
        if let Some(listener) = listener(&name, raw, known, &at, check, &mut found) {
            found.all.push(listener);
        }
    }
    found
}

fn listener(
    name: &str,
    raw: raw::Listener,
    known: Known<'_>,
    at: &At<'_>,
    check: &mut Check<'_>,
    found: &mut Listeners,
) -> Option<Listener> {
    let tls = raw
        .tls
        .map(|raw| tls::listener(raw, &at.field("tls"), check));
    let principal_at = at.field("principal");
    let principal = raw
        .principal
        .map(|arn| principal(&arn, known, &principal_at, check, found));
    let hosts = hosts(raw.hosts, &at.field("hosts"), check);
    let decision = decision(raw.decision, &at.field("decision"), check);
    let bind = bind(raw.bind, &at.field("bind"), &found.all, check)?;
    if principal.is_some() && raw.force != Some(true) && reachable_from_outside(&bind) {
        check.push(at.field("bind").error(
            "every client of this listener acts as its `principal`: bind a loopback address or a Unix socket, or say `force: true`",
        ));
    }
    Some(Listener {
        name: name.into(),
        bind,
        hosts,
        tls: flattened(tls)?,
        principal: flattened(principal)?,
        decision,
    })
}

fn decision(
    written: Option<raw::DecisionMode>,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> DecisionMode {
    match written {
        None | Some(raw::DecisionMode::Enforce) => DecisionMode::Enforce,
        Some(raw::DecisionMode::Observe) => {
            let message = "observe: what nothing allows is not refused here, but passes unless it is denied or anonymous";
            check.push(at.error(message).softened());
            DecisionMode::Observe
        }
    }
}

/// Where to listen, which no listener before does.
fn bind(
    written: Option<String>,
    at: &At<'_>,
    before: &[Listener],
    check: &mut Check<'_>,
) -> Option<Bind> {
    let text = check.required(at, written)?;
    let bind = check.take(at, values::bind(&text, at.document))?;
    if let Some(other) = before.iter().find(|other| same_place(&other.bind, &bind)) {
        let message = format!("`listeners.{}` listens on `{bind}` already", other.name);
        check.push(at.error(message));
    }
    Some(bind)
}

/// What was not written stays none; what was written wrongly makes the whole fail.
fn flattened<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}

fn same_place(one: &Bind, other: &Bind) -> bool {
    // Port 0 is another port each time.
    one == other && !matches!(one, Bind::Tcp(address) if address.port() == 0)
}

fn reachable_from_outside(bind: &Bind) -> bool {
    match bind {
        Bind::Tcp(address) => !address.ip().to_canonical().is_loopback(),
        Bind::Unix(_) => false,
    }
}

fn principal(
    arn: &str,
    known: Known<'_>,
    at: &At<'_>,
    check: &mut Check<'_>,
    found: &mut Listeners,
) -> Option<Arc<Caller>> {
    let made = || identities::caller_of_arn(arn, known.guardrails);
    let Some(directory) = known.directory else {
        let caller = Arc::new(check.take(at, made())?);
        found.made_known.push(caller.clone());
        return Some(caller);
    };
    if let Some(caller) = directory.callers.get(arn) {
        return Some(caller.clone());
    }
    check.take(at, made())?;
    check.push(at.error(format!("`{arn}` is not among the identities")));
    None
}

fn hosts(written: Option<Vec<String>>, at: &At<'_>, check: &mut Check<'_>) -> Vec<Box<str>> {
    let mut hosts = Vec::new();
    for (index, text) in written.into_iter().flatten().enumerate() {
        if let Some(host) = check.take(&at.index(index), host_name(&text)) {
            hosts.push(host);
        }
    }
    hosts
}

/// A DNS name, in lower case.
fn host_name(text: &str) -> Result<Box<str>, String> {
    let good = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = text.len() <= 253 && text.split('.').all(good);
    fits.then(|| text.to_ascii_lowercase().into())
        .ok_or_else(|| {
            format!("`{text}` is not a host name; write it without scheme, port and `*`")
        })
}
