//! Whether this caller may make this request: every permission the operation's row asks for is put to the engine.

use super::facts::{Fact, Stop, Whose, sees_tags, whose};
use super::hidden::conceals;
use super::legality::Case;
use super::modes::{Asking, Facts, Unit};
use super::permit::Run;
use super::questions::{Said, Subject, applies, ask, subject};
use super::ruling::{Refused, allow};
use super::{
    Item, Keeping, Labels, Permission, Route, locks, object_calls, objects, refuse, rego, settings,
};
use crate::context::{Listing, Stored, Tag};
use crate::controls::tags::{Tagged, Tags};
use crate::policy::{Decision, Verdict};
use crate::request::Query;
use crate::s3::answer::S3Error;
use crate::s3::operations::{AnsweredBy, Effect, Need, Operation, OperationId, PayloadKind};
use crate::s3::profiles::Profile;
use crate::s3::xml::{
    BucketPage, CreateBucketConfiguration, DeleteFailure, DeleteItem, DeleteRequest, Settings,
    check_completion,
};
use bytes::Bytes;
use std::time::Duration;

/// What was granted.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) run: Run,
    /// The caller may not learn that a key is missing.
    pub(super) conceal_missing: bool,
    pub(super) keeping: Option<Keeping>,
}

/// Decides a request whose body says nothing about its permissions.
pub(super) fn without_body(case: &Case<'_>, labels: &mut Labels) -> Result<Granted, Stop> {
    require_all(case, labels, &Said::default())?;
    let operation = case.request.operation;
    let run = match (case.answered_by(), operation.id) {
        (AnsweredBy::Gateway, _) => settle(case, labels, &Bytes::new())?,
        (AnsweredBy::Later | AnsweredBy::Nobody, _) => {
            return Err(refuse::not_built(operation).into());
        }
        (AnsweredBy::Merged, _) => Run::ListBuckets(bucket_page(&case.request.query)?),
        (_, OperationId::DeleteBucket) => Run::DeleteBucket,
        (AnsweredBy::UpstreamRead, _) => Run::Buffered(Bytes::new()),
        (AnsweredBy::Upstream, OperationId::PostObject) => match &case.looked.posted {
            Some(posted) => Run::Post(posted.reply.clone()),
            None => return Err(refuse::nothing_to_ask_on().into()),
        },
        (AnsweredBy::Upstream, _) => Run::Stream,
    };
    Ok(Granted {
        run,
        conceal_missing: conceals(case, labels),
        keeping: objects::keeping(case, labels)?,
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
        _ => document(case, labels, body)?,
    };
    Ok(Granted {
        run,
        conceal_missing: conceals(case, labels),
        keeping: objects::keeping(case, labels)?,
    })
}

fn create_bucket(case: &Case<'_>, labels: &mut Labels, body: &Bytes) -> Result<Run, Stop> {
    let configuration =
        CreateBucketConfiguration::parse(body).map_err(refuse::bad_bucket_configuration)?;
    let location = configuration.location_constraint.as_deref();
    let said = Said::of_new_bucket(&configuration);
    require_all(case, labels, &said)?;
    let takes_tags = |route: &Route| route.profile.tags_new_buckets;
    let (sent, kept) = match case.keeps_tags() {
        true => configuration.without_tags(),
        false => (configuration.clone(), Vec::new()),
    };
    if !sent.tags.is_empty() && !case.route().is_some_and(takes_tags) {
        return Err(refuse::tags_of_new_bucket().into());
    }
    let tags = Tags::of(Tagged::Bucket, kept)?;
    let settings = settings::of_new_bucket(case, labels, tags)?;
    if let Some(route) = case.route()
        && location.is_some_and(|location| location != &*route.region)
    {
        return Err(refuse::wrong_location(location.unwrap_or_default()).into());
    }
    Ok(Run::CreateBucket {
        document: sent.to_xml(),
        settings: Box::new(settings),
    })
}

/// A document of settings goes on as it came, once it is read, unless the gateway keeps it itself.
fn document(case: &Case<'_>, labels: &mut Labels, body: Bytes) -> Result<Run, Stop> {
    let operation = case.request.operation;
    let read = read_settings(operation, &body)?;
    let selects = read.selects;
    require_all(case, labels, &Said::of_settings(operation, read))?;
    locks::check_settings(case, &body)?;
    match case.answered_by() {
        AnsweredBy::Gateway => Ok(settle(case, labels, &body)?),
        AnsweredBy::Later | AnsweredBy::Nobody => Err(refuse::not_built(operation).into()),
        // Its result would be written into a bucket nobody was asked about.
        _ if selects => Err(refuse::restore_selects().into()),
        AnsweredBy::Upstream => Ok(Run::Relayed(body)),
        AnsweredBy::UpstreamRead | AnsweredBy::Merged => Ok(Run::Buffered(body)),
    }
}

fn settle(case: &Case<'_>, labels: &Labels, document: &Bytes) -> Result<Run, S3Error> {
    if let Some(call) = object_calls::call(case, labels, document)? {
        return Ok(Run::OnObject(Box::new(call)));
    }
    let settling = settings::settle(case, labels, document)?;
    Ok(Run::Settle(Box::new(settling)))
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
    let mut spent = Duration::ZERO;
    for item in std::mem::take(&mut request.objects) {
        let mut unit = Unit::default();
        let ruling = delete_item(case, labels, &mut unit, &item, &mut spent);
        unit.close(labels, &ruling);
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

/// Decides one key; `spent` is the time that guardrails took for those before it.
fn delete_item(
    case: &Case<'_>,
    labels: &mut Labels,
    unit: &mut Unit,
    item: &DeleteItem,
    spent: &mut Duration,
) -> Result<(), Refused> {
    let target = case
        .request
        .target
        .with_key(&item.key)
        .map_err(|bad| refuse::bad_key(bad, &item.key))?;
    case.check_key(&target)?;
    check_conditions(case, item)?;
    let said = Said::of_item(item);
    let subject = |need: &Need| Subject {
        target: target.clone(),
        version_id: item.version_id.as_deref(),
        listing: Listing::No,
        // A look-up for each of a thousand keys is more than a request may cost.
        tags: match sees_tags(need.action) {
            true => Stored::NotAsked,
            false => Stored::None,
        },
        record: Stored::NotAsked,
    };
    let mut needs = needs(case.request.operation, Effect::Required)
        .filter(|need| applies(need.when, case, &said));
    for need in needs.by_ref() {
        let asked = subject(need);
        let decision = ask(case, labels, need.action, &asked, &said);
        let asking = Asking::of(case, need, &asked, &said);
        unit.compare(asking, labels, &decision, Facts::Final);
        if let Err(refused) = allow(asking, labels, unit, decision) {
            for need in needs {
                let asked = subject(need);
                let asking = Asking::of(case, need, &asked, &said);
                unit.compare_unasked(asking, labels, Facts::Final);
            }
            return Err(refused);
        }
    }
    let about = Subject {
        target,
        version_id: item.version_id.as_deref(),
        listing: Listing::No,
        tags: Stored::None,
        record: Stored::NotAsked,
    };
    Ok(rego::check_key(case, labels, unit, &about, &said, spent)?)
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
    let mut unit = Unit::default();
    let ruling = require_each(case, labels, &mut unit, said);
    unit.close(labels, &ruling);
    ruling
}

fn require_each(
    case: &Case<'_>,
    labels: &mut Labels,
    unit: &mut Unit,
    said: &Said<'_>,
) -> Result<(), Stop> {
    let mut needs = needs(case.request.operation, Effect::Required)
        .filter(|need| applies(need.when, case, said));
    for need in needs.by_ref() {
        if let Err(stop) = require(case, labels, unit, need, said) {
            needs.for_each(|need| look_ahead(case, labels, unit, need, said));
            return Err(stop);
        }
    }
    Ok(rego::check(case, labels, unit, said)?)
}

/// What policies in shadow would make of a permission that is not asked any more.
fn look_ahead(case: &Case<'_>, labels: &Labels, unit: &mut Unit, need: &Need, said: &Said<'_>) {
    let facts = match tags_of_source(case, need) {
        Some(Stored::None | Stored::Known([])) => return,
        Some(Stored::NotAsked) => Facts::IfTagged,
        Some(Stored::Known(_)) | None => Facts::Open,
    };
    if let Ok(subject) = subject(case, need, said) {
        unit.compare_unasked(Asking::of(case, need, &subject, said), labels, facts);
    }
}

/// The tags without which this permission is not asked; `None` if it is asked anyhow.
fn tags_of_source<'c>(case: &Case<'c>, need: &Need) -> Option<Stored<&'c [Tag]>> {
    need.when
        .takes_source_tags()
        .then(|| case.looked.tags(Whose::Source))
}

fn require(
    case: &Case<'_>,
    labels: &mut Labels,
    unit: &mut Unit,
    need: &Need,
    said: &Said<'_>,
) -> Result<(), Stop> {
    let has_tags = tags_of_source(case, need);
    if matches!(has_tags, Some(Stored::None | Stored::Known([]))) {
        return Ok(());
    }
    let subject = subject(case, need, said)?;
    if let (Stored::NotAsked, Some(whose)) = (subject.record, whose(need.on)) {
        return Err(Stop::Unknown(Fact::Record(whose)));
    }
    let asking = Asking::of(case, need, &subject, said);
    let decision = ask(case, labels, need.action, &subject, said);
    let allowed = matches!(decision.verdict, Verdict::Allow);
    match (has_tags, whose(need.on)) {
        // Who may copy tags need not wait for whether there are any.
        (Some(Stored::NotAsked), _) if allowed => {
            unit.compare(asking, labels, &decision, Facts::IfTagged);
            return Ok(());
        }
        (Some(Stored::NotAsked), _) => return Err(Stop::Unknown(Fact::Tags(Whose::Source))),
        (_, Some(whose))
            if depends_on_tags(&decision, &subject) || asking.hides_a_deny(labels, &decision) =>
        {
            return Err(Stop::Unknown(Fact::Tags(whose)));
        }
        _ => {}
    }
    labels.permissions.push(Permission {
        action: need.action.name(),
        resource: subject.target.clone(),
        allowed,
    });
    unit.compare(asking, labels, &decision, Facts::Open);
    let ruling = allow(asking, labels, unit, decision);
    Ok(ruling.map_err(|refused| refused.error)?)
}

fn depends_on_tags(decision: &Decision, subject: &Subject<'_>) -> bool {
    matches!(decision.verdict, Verdict::Unknown) && subject.tags == Stored::NotAsked
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
