//! What a caller who may make a request may still not see: that a key is missing, and some headers of the answer.

use super::authorise::needs;
use super::facts::{Looked, Whose};
use super::legality::Case;
use super::modes::Asking;
use super::questions::{Said, Subject, applies, ask, subject};
use super::{Arrival, Labels, Rules, authenticate, locks, tagging};
use crate::context::{Listing, Stored};
use crate::policy::Verdict;
use crate::request::{self, Head};
use crate::s3::operations::{Effect, Need, On};
use http::HeaderMap;

/// Whether the caller lacks a permission without which a missing key must read as a forbidden one. A grant that
/// `s3:prefix` limits counts for the keys that begin with that prefix.
pub(super) fn conceals(case: &Case<'_>, labels: &Labels) -> bool {
    needs(case.request.operation, Effect::Reveals).any(|need| {
        let object = match need.on {
            On::CopySource => case.request.copy_source.as_ref().map(|copy| &copy.target),
            On::Target | On::Bucket | On::EachKey | On::Role | On::TableBucket | On::FormKey => {
                Some(&case.request.target)
            }
        };
        let Some(object) = object else { return true };
        let subject = Subject {
            target: object.of_bucket(),
            version_id: None,
            listing: Listing::Prefix(object.key().unwrap_or_default()),
            tags: Stored::None,
            record: Stored::None,
        };
        !passes(case, labels, need, &subject, &Said::default())
    })
}

/// The headers that tell of an object what the gateway keeps of it, for the answer to a request that reads it. Whether the
/// caller may see them is [`withheld`]'s to say. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub fn kept_headers(rules: &Rules, labels: &Labels, looked: Option<&Looked>) -> HeaderMap {
    let shows = labels.operation.is_some_and(|operation| {
        let mut shown = operation.needs.iter().flat_map(shown_headers);
        shown.next().is_some()
    });
    let route = labels
        .upstream
        .and_then(|position| rules.routes.get(position));
    let Some(looked) = looked.filter(|_| shows) else {
        return HeaderMap::new();
    };
    let mut kept = match looked.tags(Whose::Target) {
        Stored::Known(tags) if rules.keeps_tags(route) => tagging::count(tags),
        Stored::Known(_) | Stored::None | Stored::NotAsked => HeaderMap::new(),
    };
    if let Stored::Known(record) = looked.record(Whose::Target) {
        kept.extend(locks::shown(record));
    }
    kept
}

/// The headers of an upstream's answer that this caller may not see: of an object's tags, retention and legal hold. Asked
/// only when an answer has such headers, which most have not; rules, head, arrival and what was looked up are those of the
/// admission that made the labels. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub fn withheld(
    rules: &Rules,
    head: &Head<'_>,
    arrival: &Arrival<'_>,
    labels: &Labels,
    looked: Option<&Looked>,
    answer: &HeaderMap,
) -> Vec<&'static str> {
    let shown = |need: &&Need| shown_headers(need).any(|name| answer.contains_key(name));
    let needs = labels
        .operation
        .map_or(&[][..], |operation| operation.needs);
    let mut needs = needs.iter().filter(shown).peekable();
    if needs.peek().is_none() {
        return Vec::new();
    }
    let every = || needs.clone().flat_map(shown_headers).collect();
    // It was read before, by the same rules.
    let Ok(request) = request::parse(head, &arrival.listener.hosts) else {
        return every();
    };
    let Ok(presented) = authenticate::presented(head, &request, arrival) else {
        return every();
    };
    let route = labels
        .upstream
        .and_then(|position| rules.routes.get(position));
    let nothing = Looked::nothing(&request, route);
    let case = Case {
        rules,
        head,
        arrival,
        request: &request,
        presented,
        route: labels.upstream,
        looked: looked.unwrap_or(&nothing),
    };
    let refused = |need: &&Need| !is_allowed(&case, labels, need);
    let said = Said::default();
    needs
        .filter(|need| applies(need.when, &case, &said))
        .filter(refused)
        .flat_map(shown_headers)
        .filter(|name| answer.contains_key(*name))
        .collect()
}

fn shown_headers(need: &Need) -> impl Iterator<Item = &'static str> + use<> {
    let headers: &'static [&'static str] = match need.effect {
        Effect::Shows(headers) => headers,
        Effect::Required | Effect::Reveals => &[],
    };
    headers.iter().copied()
}

fn is_allowed(case: &Case<'_>, labels: &Labels, need: &Need) -> bool {
    let said = Said::default();
    subject(case, need, &said).is_ok_and(|subject| passes(case, labels, need, &subject, &said))
}

/// Whether a permission that the request passes without is allowed, or let pass.
fn passes(
    case: &Case<'_>,
    labels: &Labels,
    need: &Need,
    subject: &Subject<'_>,
    said: &Said<'_>,
) -> bool {
    let decision = ask(case, labels, need.action, subject, said);
    matches!(decision.verdict, Verdict::Allow)
        || Asking::of(case, need, subject, said).is_let_pass(labels, &decision)
}
