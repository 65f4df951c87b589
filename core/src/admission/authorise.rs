//! Whether this caller may make this request: every permission the operation's row asks for is put to the engine.

use super::facts::{Looked, Stop, Whose, sees_tags, whose};
use super::legality::Case;
use super::permit::Run;
use super::questions::{Said, Subject, applies, ask, subject};
use super::ruling::{Refused, allow};
use super::{Arrival, Item, Labels, Permission, Route, Rules, authenticate, refuse};
use crate::context::{Listing, Stored};
use crate::policy::{Decision, Verdict};
use crate::request::{self, Head, Query};
use crate::s3::answer::S3Error;
use crate::s3::operations::{AnsweredBy, Effect, Need, On, Operation, OperationId, PayloadKind};
use crate::s3::profiles::Profile;
use crate::s3::xml::{
    BucketPage, CreateBucketConfiguration, DeleteFailure, DeleteItem, DeleteRequest, Settings,
    check_completion,
};
use bytes::Bytes;
use http::HeaderMap;

/// What was granted.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) run: Run,
    /// The caller may not learn that a key is missing.
    pub(super) conceal_missing: bool,
}

/// Decides a request whose body says nothing about its permissions.
pub(super) fn without_body(case: &Case<'_>, labels: &mut Labels) -> Result<Granted, Stop> {
    require_all(case, labels, &Said::default())?;
    let operation = case.request.operation;
    let run = match (operation.answered_by, operation.id) {
        (AnsweredBy::Gateway | AnsweredBy::Nobody, _) => {
            return Err(refuse::not_built(operation).into());
        }
        (AnsweredBy::Merged, _) => Run::ListBuckets(bucket_page(&case.request.query)?),
        (_, OperationId::DeleteBucket) => Run::DeleteBucket,
        (AnsweredBy::UpstreamRead, _) => Run::Buffered(Bytes::new()),
        (AnsweredBy::Upstream, _) => Run::Stream,
    };
    Ok(Granted {
        run,
        conceal_missing: conceals(case, labels),
    })
}

fn bucket_page(query: &Query) -> Result<BucketPage, S3Error> {
    let text = |name| {
        query
            .get(name)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    };
    let max = query.get("max-buckets").map(max_buckets).transpose()?;
    Ok(BucketPage {
        prefix: text("prefix"),
        region: text("bucket-region"),
        max,
        after: text("continuation-token"),
    })
}

fn max_buckets(text: &str) -> Result<usize, S3Error> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .filter(|max| (1..=10_000).contains(max))
        .ok_or_else(refuse::bad_max_buckets)
}

/// Decides a request by its whole body.
pub(super) fn with_body(
    case: &Case<'_>,
    labels: &mut Labels,
    body: Bytes,
) -> Result<Granted, Stop> {
    let run = match case.request.operation.id {
        OperationId::DeleteObjects => each_key(case, labels, &body)?,
        OperationId::CreateBucket => create_bucket(case, labels, &body)?,
        OperationId::CompleteMultipartUpload => {
            require_all(case, labels, &Said::default())?;
            check_completion(&body).map_err(refuse::bad_xml)?;
            Run::Buffered(body)
        }
        _ => settings(case, labels, body)?,
    };
    Ok(Granted {
        run,
        conceal_missing: conceals(case, labels),
    })
}

fn create_bucket(case: &Case<'_>, labels: &mut Labels, body: &Bytes) -> Result<Run, Stop> {
    let configuration =
        CreateBucketConfiguration::parse(body).map_err(refuse::bad_bucket_configuration)?;
    let location = configuration.location_constraint.as_deref();
    let said = Said::of_new_bucket(&configuration);
    require_all(case, labels, &said)?;
    let takes_tags = |route: &Route| route.profile.tags_new_buckets;
    if !configuration.tags.is_empty() && !case.route().is_some_and(takes_tags) {
        return Err(refuse::tags_of_new_bucket().into());
    }
    if let Some(route) = case.route()
        && location.is_some_and(|location| location != &*route.region)
    {
        return Err(refuse::wrong_location(location.unwrap_or_default()).into());
    }
    Ok(Run::CreateBucket(configuration.to_xml()))
}

/// A document of settings goes on as it came, once it is read.
fn settings(case: &Case<'_>, labels: &mut Labels, body: Bytes) -> Result<Run, Stop> {
    let operation = case.request.operation;
    let settings = read_settings(operation, &body)?;
    let selects = settings.selects;
    require_all(case, labels, &Said::of_settings(operation, settings))?;
    match operation.answered_by {
        AnsweredBy::Gateway | AnsweredBy::Nobody => Err(refuse::not_built(operation).into()),
        // Its result would be written into a bucket nobody was asked about.
        _ if selects => Err(refuse::restore_selects().into()),
        AnsweredBy::Upstream => Ok(Run::Relayed(body)),
        AnsweredBy::UpstreamRead | AnsweredBy::Merged => Ok(Run::Buffered(body)),
    }
}

fn read_settings(operation: &Operation, body: &[u8]) -> Result<Settings, S3Error> {
    match operation.payload {
        PayloadKind::Settings(..) if body.is_empty() => Err(refuse::empty_document()),
        PayloadKind::OptionalSettings(..) if body.is_empty() => Ok(Settings::default()),
        PayloadKind::Settings(root, _) | PayloadKind::OptionalSettings(root, _) => {
            Settings::parse(root, body).map_err(refuse::bad_xml)
        }
        PayloadKind::None | PayloadKind::Stream | PayloadKind::Document(_) => {
            Ok(Settings::default())
        }
    }
}

fn each_key(case: &Case<'_>, labels: &mut Labels, body: &[u8]) -> Result<Run, S3Error> {
    let mut request = DeleteRequest::parse(body).map_err(refuse::bad_xml)?;
    let mut refused = Vec::new();
    let mut allowed = Vec::with_capacity(request.objects.len());
    for item in std::mem::take(&mut request.objects) {
        let ruling = delete_item(case, labels, &item);
        let reason = ruling.as_ref().err();
        labels.items.push(Item {
            key: item.key.as_str().into(),
            version_id: item.version_id.as_deref().map(Into::into),
            allowed: ruling.is_ok(),
            reason: reason.and_then(|refused| refused.reason.clone()),
        });
        match ruling {
            Ok(()) => allowed.push(item),
            Err(Refused { error, .. }) => refused.push(failure(item, &error)),
        }
    }
    request.objects = allowed;
    let allowed = (!request.objects.is_empty()).then(|| request.to_xml());
    Ok(Run::DeleteObjects {
        allowed,
        refused,
        quiet: request.quiet,
    })
}

fn delete_item(case: &Case<'_>, labels: &mut Labels, item: &DeleteItem) -> Result<(), Refused> {
    let target = case
        .request
        .target
        .with_key(&item.key)
        .map_err(|bad| refuse::bad_key(bad, &item.key))?;
    case.check_key(&target)?;
    check_conditions(case, item)?;
    let said = Said::of_item(item);
    for need in needs(case.request.operation, Effect::Required)
        .filter(|need| applies(need.when, case, &said))
    {
        let subject = Subject {
            target: target.clone(),
            version_id: item.version_id.as_deref(),
            listing: Listing::No,
            // A look-up for each of a thousand keys is more than a request may cost.
            tags: match sees_tags(need.action) {
                true => Stored::NotAsked,
                false => Stored::None,
            },
        };
        let decision = ask(case, labels, need.action, &subject, &said);
        allow(case, labels, need.action, &subject, &said, decision)?;
    }
    Ok(())
}

/// What the store would not look at, and so delete another version or regardless.
fn check_conditions(case: &Case<'_>, item: &DeleteItem) -> Result<(), S3Error> {
    let profile = case.route().map(|route| route.profile);
    if item.version_id.is_some() && profile.is_some_and(|profile| !profile.versions) {
        return Err(refuse::no_versions());
    }
    let ignored = |profile: &Profile| profile.ignores(OperationId::DeleteObject, "if-match");
    if item.etag.is_some() && profile.is_some_and(ignored) {
        return Err(refuse::condition_not_implemented("ETag"));
    }
    // Only directory buckets know these two, as with the headers of DeleteObject.
    let foreign = [
        ("LastModifiedTime", &item.last_modified_time),
        ("Size", &item.size),
    ];
    match foreign.into_iter().find(|(_, value)| value.is_some()) {
        Some((name, _)) => Err(refuse::condition_not_implemented(name)),
        None => Ok(()),
    }
}

fn failure(item: DeleteItem, error: &S3Error) -> DeleteFailure {
    DeleteFailure {
        key: item.key,
        version_id: item.version_id,
        code: error.code.name().to_owned(),
        message: error.message.to_string(),
    }
}

fn require_all(case: &Case<'_>, labels: &mut Labels, said: &Said<'_>) -> Result<(), Stop> {
    for need in needs(case.request.operation, Effect::Required)
        .filter(|need| applies(need.when, case, said))
    {
        require(case, labels, need, said)?;
    }
    Ok(())
}

fn require(case: &Case<'_>, labels: &mut Labels, need: &Need, said: &Said<'_>) -> Result<(), Stop> {
    let has_tags = need
        .when
        .takes_source_tags()
        .then(|| case.looked.tags(Whose::Source));
    if matches!(has_tags, Some(Stored::None | Stored::Known([]))) {
        return Ok(());
    }
    let subject = subject(case, need, said)?;
    let decision = ask(case, labels, need.action, &subject, said);
    let allowed = matches!(decision.verdict, Verdict::Allow);
    match (has_tags, whose(need.on)) {
        // Who may copy tags need not wait for whether there are any.
        (Some(Stored::NotAsked), _) if allowed => return Ok(()),
        (Some(Stored::NotAsked), _) => return Err(Stop::Unknown(Whose::Source)),
        (_, Some(whose)) if depends_on_tags(&decision, &subject) => {
            return Err(Stop::Unknown(whose));
        }
        _ => {}
    }
    labels.permissions.push(Permission {
        action: need.action.name(),
        resource: subject.target.clone(),
        allowed,
    });
    let ruling = allow(case, labels, need.action, &subject, said, decision);
    Ok(ruling.map_err(|refused| refused.error)?)
}

fn depends_on_tags(decision: &Decision, subject: &Subject<'_>) -> bool {
    matches!(decision.verdict, Verdict::Unknown) && subject.tags == Stored::NotAsked
}

/// Whether the caller lacks a permission without which a missing key must read as a forbidden one. A grant that
/// `s3:prefix` limits counts for the keys that begin with that prefix.
fn conceals(case: &Case<'_>, labels: &Labels) -> bool {
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
        };
        let decision = ask(case, labels, need.action, &subject, &Said::default());
        !matches!(decision.verdict, Verdict::Allow)
    })
}

/// The headers of an upstream's answer that this caller may not see: of an object's tags, retention and legal hold. Asked
/// only when an answer has such headers, which most have not; rules, head and arrival are those of the admission that
/// made the labels. <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub fn withheld(
    rules: &Rules,
    head: &Head<'_>,
    arrival: &Arrival<'_>,
    labels: &Labels,
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
    let case = Case {
        rules,
        head,
        arrival,
        request: &request,
        presented,
        route: labels.upstream,
        looked: &Looked::nothing(&request, route),
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
    subject(case, need, &said).is_ok_and(|subject| {
        let decision = ask(case, labels, need.action, &subject, &said);
        matches!(decision.verdict, Verdict::Allow)
    })
}

pub(super) fn needs(
    operation: &'static Operation,
    effect: Effect,
) -> impl Iterator<Item = &'static Need> {
    operation
        .needs
        .iter()
        .filter(move |need| need.effect == effect)
}
