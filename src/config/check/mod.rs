//! From what was written to what it means. Every check reports and goes on, so that all problems show at once.

mod admin;
mod chunks;
mod credentials;
mod listeners;
mod logs;
mod owners;
mod patterns;
mod tls;
mod upstreams;
mod values;

pub(super) use patterns::matches;

use super::accept::{self, Accepted};
use super::document::Opened;
use super::fill::fill;
use super::finding::{Finding, Severity};
use super::identities;
use super::modes::{self, Modes};
use super::place::At;
use super::policies;
use super::raw;
use super::revision::Revision;
use super::settings::{Inputs, Settings, StatePath, Upstream};
use super::sources::Sources;
use portcullis_core::admission::rego::Guardrails;
use portcullis_core::controls::ownership::ObjectOwnership;
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::identity::{Caller, Directory};
use portcullis_core::policy::Policy;
use portcullis_core::s3::names::BucketName;
use std::collections::HashMap;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// What checks share: where to read more, and where to report.
pub(super) struct Check<'a> {
    pub(super) sources: &'a dyn Sources,
    pub(super) modes: Modes,
    findings: Vec<Finding>,
    /// What the configuration accepts of what the linter finds.
    pub(super) accepted: Vec<Accepted>,
    /// Places whose text could not be made: what is wrong with the rest of it is no news.
    unresolved: HashSet<(Box<str>, u32, u32)>,
    documents: Revision,
}

impl<'a> Check<'a> {
    /// Nothing found yet.
    pub(super) fn new(sources: &'a dyn Sources) -> Self {
        Self {
            sources,
            modes: Modes::default(),
            findings: Vec::new(),
            accepted: Vec::new(),
            unresolved: HashSet::new(),
            documents: Revision::default(),
        }
    }

    /// Notes a document that decisions are made from.
    pub(super) fn note_document(&mut self, file: &Path, bytes: &[u8]) {
        self.documents.note(file, bytes);
    }

    /// Reports.
    pub(super) fn push(&mut self, finding: Finding) {
        let place = (finding.file.clone(), finding.line, finding.column);
        if !self.unresolved.contains(&place) {
            self.findings.push(finding);
        }
    }

    /// Reports a text that could not be made; nothing more is reported of its place.
    pub(super) fn push_unresolved(&mut self, finding: Finding) {
        let place = (finding.file.clone(), finding.line, finding.column);
        self.findings.push(finding);
        self.unresolved.insert(place);
    }

    /// The value, or nothing with its complaint reported at `at`.
    pub(super) fn take<T>(&mut self, at: &At<'_>, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.push(at.error(message))).ok()
    }

    /// The value, which must be written. A value of the wrong type was reported when it was read.
    pub(super) fn required<T>(&mut self, at: &At<'_>, value: Option<T>) -> Option<T> {
        if value.is_none() && at.node().is_none() {
            self.push(at.error("missing"));
        }
        value
    }

    /// Everything reported but what is accepted, sorted and each once.
    pub(super) fn findings(self) -> Vec<Finding> {
        let failed = self.failed();
        let (mut findings, unused) = accept::split(self.findings, &self.accepted);
        // What could not be read may hold what is accepted.
        findings.extend(unused.into_iter().filter(|_| !failed));
        findings.sort();
        findings.dedup();
        findings
    }

    /// Whether an error was reported.
    pub(super) fn failed(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }
}

/// Reads and checks a configuration file and all it names.
pub(super) fn settings(file: &Path, check: &mut Check<'_>) -> Option<Settings> {
    let document = match super::document::open(file, check) {
        Opened::Read(document) => document,
        Opened::Unreadable(message) => {
            check.push(Finding::error(file, Default::default(), message));
            return None;
        }
        Opened::Broken => return None,
    };
    let at = document.top();
    let raw: raw::Configuration = fill(&at, check);
    refuse_audit(&at, check);
    accept::read(raw.lint, &at.field("lint"), check);
    check.modes = Modes::read(raw.modes, raw.policies.as_deref(), &at.field("modes"));
    let deadline = values::deadline(raw.guardrails, &at.field("guardrails"), check);
    let policies_at = at.field("policies");
    // Read before the identities: each account is under the guardrails.
    let named = raw.policies.as_deref();
    let policies_folder = named.map(|written| document.resolve(written));
    let folder = policies::folder(raw.policies, deadline, &policies_at, check);
    let guardrails = folder.guardrails;
    let identities = identities::read(&at.field("identities"), &guardrails.documents, check);
    let (directory, accounts) = match identities {
        Some(known) => (Some(known.directory), known.accounts),
        None => Default::default(),
    };
    let known = listeners::Known {
        directory: directory.as_ref(),
        guardrails: &guardrails.documents,
    };
    let at_listeners = at.field("listeners");
    let listeners = listeners::listeners(raw.listeners, raw.decision, known, &at_listeners, check);
    let upstreams = upstreams::upstreams(raw.upstreams, &at.field("upstreams"), check);
    let policies = folder.buckets.iter().filter(|(_, it)| it.policy.is_some());
    let policies = policies.map(|(bucket, _)| bucket);
    let named = policies.chain(folder.candidates.keys());
    policies::warn_unrouted(named, &upstreams, &policies_at, check);
    modes::finish(check);
    owners::refuse_files(&folder.buckets, &upstreams, &policies_at, check);
    let state = state(raw.state, &at.field("state"), check);
    if state.is_none() {
        refuse_records(&folder.buckets, &policies_at, check);
    }
    let directory = with_principals(directory, listeners.made_known);
    let settings = Settings {
        instance: instance(raw.instance, &at.field("instance"), check)?,
        threads: threads(raw.threads, &at.field("threads"), check)?,
        listeners: listeners.all,
        health: values::address(raw.health, &at.field("health"), check),
        admin: admin::admin(&at.field("admin"), check),
        directory: with_owners(directory, &upstreams, &guardrails.documents),
        upstreams,
        buckets: folder.buckets,
        accounts,
        candidates: folder.candidates,
        not_enforced: check.modes.exceptions(),
        guardrails: guardrails.documents,
        rego: guardrails.rego.map(|engine| engine as Arc<dyn Guardrails>),
        rego_in_shadow: guardrails
            .shadow
            .map(|engine| engine as Arc<dyn Guardrails>),
        state,
        logs: logs::logs(raw.logs, &at.field("logs"), check),
        limits: values::limits(raw.limits, &at.field("limits"), check),
        shutdown: values::shutdown(raw.shutdown, &at.field("shutdown"), check),
        watch: values::watch(&at.field("watch"), check),
        policies: policies_folder,
        file: file.to_owned(),
        inputs: Inputs::default(),
        revision: check.documents.name(file),
    };
    (!check.failed()).then_some(settings)
}

/// Where ACLs count or objects can be locked, a record is kept of every object.
fn refuse_records(
    buckets: &HashMap<BucketName, BucketSettings>,
    at: &At<'_>,
    check: &mut Check<'_>,
) {
    let mut buckets: Vec<_> = buckets.iter().collect();
    buckets.sort_by_key(|(name, _)| name.as_str());
    for (name, settings) in buckets {
        let mut refuse = |what: &str| {
            let name = name.as_str();
            check.push(at.error(format!(
                "{what} in `{name}`, and without `state` no record is kept of its objects"
            )));
        };
        if counts_acls(settings) {
            refuse("ACLs are enabled");
        }
        if settings.object_lock.is_some() {
            refuse("Object Lock is enabled");
        }
    }
}

fn counts_acls(settings: &BucketSettings) -> bool {
    settings.ownership.unwrap_or_default() != ObjectOwnership::BucketOwnerEnforced
}

/// The accounts that own the upstreams' buckets: each has a canonical id, whether or not somebody of it calls.
fn with_owners(
    mut directory: Directory,
    upstreams: &[Upstream],
    guardrails: &[Arc<Policy>],
) -> Directory {
    for id in upstreams.iter().map(|upstream| upstream.owner_account) {
        let account = || Arc::new(identities::bare_account(id, guardrails));
        directory.accounts.entry(id).or_insert_with(account);
    }
    directory
}

/// Callers that no identities name but a listener's `principal` does.
fn with_principals(directory: Option<Directory>, callers: Vec<Arc<Caller>>) -> Directory {
    let mut directory = directory.unwrap_or_default();
    for caller in callers {
        let account = caller.account.clone();
        directory.accounts.entry(account.id).or_insert(account);
        directory
            .callers
            .insert(caller.principal_arn.clone(), caller);
    }
    directory
}

fn refuse_audit(at: &At<'_>, check: &mut Check<'_>) {
    let at = at.field("audit");
    if at.node().is_some() {
        check.push(at.error_at_name(
            "the audit log is not in this version; remove the entry, and note that nothing else replaces it",
        ));
    }
}

fn instance(written: Option<String>, at: &At<'_>, check: &mut Check<'_>) -> Option<Box<str>> {
    let name = written
        .or_else(|| check.sources.host_name())
        .unwrap_or_else(|| "portcullis".to_owned());
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let fits = (1..=64).contains(&name.len()) && name.chars().all(good);
    let message = format!(
        "`{name}` is not a name for an instance: 1 to 64 letters, digits, `-`, `.` and `_`"
    );
    check.take(at, fits.then(|| name.into()).ok_or(message))
}

fn threads(written: Option<u32>, at: &At<'_>, check: &mut Check<'_>) -> Option<usize> {
    let threads = match written {
        Some(threads) => threads as usize,
        None => check.sources.processors().max(1),
    };
    let fits = (1..=1024).contains(&threads).then_some(threads);
    check.take(at, fits.ok_or("must be from 1 to 1024".to_owned()))
}

fn state(written: Option<raw::State>, at: &At<'_>, check: &mut Check<'_>) -> Option<StatePath> {
    let state = written?;
    let postgres = at.field("postgres");
    if postgres.node().is_some() {
        check.push(postgres.error_at_name("PostgreSQL is not in this version; use `redb: PATH`"));
        return None;
    }
    let path = check.required(&at.field("redb"), state.redb)?;
    if path.is_empty() {
        check.push(at.field("redb").error("is empty; name a file"));
        return None;
    }
    Some(StatePath(at.document.resolve(&path)))
}
