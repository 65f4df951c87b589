//! Whether this caller may make this request: every permission the operation's row asks for is put to the engine.

use super::legality::Case;
use super::permit::Run;
use super::{Asked, Auth, Item, Labels, Permission, refuse};
use crate::context::{AuthType, Body, Facts, Listing, RequestContext, Stored};
use crate::policy::{self, Decision, Policies, Question, Verdict};
use crate::request::Query;
use crate::s3::actions::Action;
use crate::s3::answer::S3Error;
use crate::s3::names::Target;
use crate::s3::operations::{AnsweredBy, Effect, Need, On, Operation, OperationId, When};
use crate::s3::profiles::Profile;
use crate::s3::xml::{
    BucketPage, CreateBucketConfiguration, DeleteFailure, DeleteItem, DeleteRequest,
    check_completion,
};
use bytes::Bytes;

/// What was granted.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) run: Run,
    /// The caller may not learn that a key is missing.
    pub(super) conceal_missing: bool,
}

/// Decides a request whose body says nothing about its permissions.
pub(super) fn without_body(case: &Case<'_>, labels: &mut Labels) -> Result<Granted, S3Error> {
    require_all(case, labels, Stored::None)?;
    let run = match (
        case.request.operation.answered_by,
        case.request.operation.id,
    ) {
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
) -> Result<Granted, S3Error> {
    let run = match case.request.operation.id {
        OperationId::DeleteObjects => each_key(case, labels, &body)?,
        OperationId::CreateBucket => create_bucket(case, labels, &body)?,
        OperationId::CompleteMultipartUpload => {
            require_all(case, labels, Stored::None)?;
            check_completion(&body).map_err(refuse::bad_xml)?;
            Run::Buffered(body)
        }
        _ => {
            require_all(case, labels, Stored::None)?;
            Run::Buffered(body)
        }
    };
    Ok(Granted {
        run,
        conceal_missing: false,
    })
}

fn create_bucket(case: &Case<'_>, labels: &mut Labels, body: &Bytes) -> Result<Run, S3Error> {
    let configuration =
        CreateBucketConfiguration::parse(body).map_err(refuse::bad_bucket_configuration)?;
    let location = configuration.location_constraint.as_deref();
    require_all(
        case,
        labels,
        Stored::Known(Body {
            location,
            ..Body::default()
        }),
    )?;
    if let Some(route) = case.route()
        && location.is_some_and(|location| location != &*route.region)
    {
        return Err(refuse::wrong_location(location.unwrap_or_default()));
    }
    Ok(Run::CreateBucket(configuration.to_xml()))
}

fn each_key(case: &Case<'_>, labels: &mut Labels, body: &[u8]) -> Result<Run, S3Error> {
    let mut request = DeleteRequest::parse(body).map_err(refuse::bad_xml)?;
    let mut refused = Vec::new();
    let mut allowed = Vec::with_capacity(request.objects.len());
    for item in std::mem::take(&mut request.objects) {
        let ruling = delete_item(case, labels, &item);
        labels.items.push(Item {
            key: item.key.as_str().into(),
            version_id: item.version_id.as_deref().map(Into::into),
            allowed: ruling.is_ok(),
        });
        match ruling {
            Ok(()) => allowed.push(item),
            Err(error) => refused.push(failure(item, &error)),
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

fn delete_item(case: &Case<'_>, labels: &mut Labels, item: &DeleteItem) -> Result<(), S3Error> {
    let target = case
        .request
        .target
        .with_key(&item.key)
        .map_err(|bad| refuse::bad_key(bad, &item.key))?;
    case.check_key(&target)?;
    check_conditions(case, item)?;
    for need in needs(case.request.operation, Effect::Required)
        .filter(|need| applies(need.when, case, Some(item)))
    {
        let subject = Subject {
            target: &target,
            version_id: item.version_id.as_deref(),
            listing: Listing::No,
        };
        let decision = ask(case, labels, need.action, &subject, Stored::None);
        allow(case, labels, need.action, &target, decision)?;
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

fn require_all(
    case: &Case<'_>,
    labels: &mut Labels,
    body: Stored<Body<'_>>,
) -> Result<(), S3Error> {
    for need in needs(case.request.operation, Effect::Required)
        .filter(|need| applies(need.when, case, None))
    {
        let subject = subject(case, need).ok_or_else(refuse::nothing_to_ask_on)?;
        let decision = ask(case, labels, need.action, &subject, body);
        labels.permissions.push(Permission {
            action: need.action.name(),
            resource: subject.target.clone(),
            allowed: matches!(decision.verdict, Verdict::Allow),
        });
        allow(case, labels, need.action, subject.target, decision)?;
    }
    Ok(())
}

/// Whether the caller lacks a permission without which a missing key must read as a forbidden one. A grant that
/// `s3:prefix` limits counts for the keys that begin with that prefix.
fn conceals(case: &Case<'_>, labels: &Labels) -> bool {
    needs(case.request.operation, Effect::Reveals).any(|need| {
        let object = match need.on {
            On::CopySource => case.request.copy_source.as_ref().map(|copy| &copy.target),
            On::Target | On::Bucket | On::EachKey => Some(&case.request.target),
        };
        let Some(object) = object else { return true };
        let bucket = object.of_bucket();
        let subject = Subject {
            target: &bucket,
            version_id: None,
            listing: Listing::Prefix(object.key().unwrap_or_default()),
        };
        let decision = ask(case, labels, need.action, &subject, Stored::None);
        !matches!(decision.verdict, Verdict::Allow)
    })
}

fn needs(operation: &'static Operation, effect: Effect) -> impl Iterator<Item = &'static Need> {
    operation
        .needs
        .iter()
        .filter(move |need| need.effect == effect)
}

fn applies(when: When, case: &Case<'_>, item: Option<&DeleteItem>) -> bool {
    // Any value counts: which of several a store takes is not known.
    let any_value = |name: &str, wanted: &dyn Fn(&[u8]) -> bool| {
        let mut values = case.head.headers.get_all(name).iter();
        values.any(|value| wanted(value.as_bytes()))
    };
    let source_version = case
        .request
        .copy_source
        .as_ref()
        .and_then(|source| source.version_id.as_ref());
    let item_version = item.and_then(|item| item.version_id.as_ref());
    match when {
        When::Always => true,
        When::Query(name) => case.request.query.has(name),
        When::NoQuery(name) => !case.request.query.has(name),
        When::AnyHeader(names) => names
            .iter()
            .any(|name| case.head.headers.contains_key(*name)),
        When::HeaderNot(name, value) => any_value(name, &|found| found != value.as_bytes()),
        When::HeaderIs(name, value) => {
            any_value(name, &|found| found.eq_ignore_ascii_case(value.as_bytes()))
        }
        When::SourceVersion => source_version.is_some(),
        When::NoSourceVersion => source_version.is_none(),
        When::ItemVersion => item_version.is_some(),
        When::NoItemVersion => item_version.is_none(),
        When::ItemEtag => item.is_some_and(|item| item.etag.is_some()),
    }
}

/// What one permission is asked on.
struct Subject<'a> {
    target: &'a Target,
    version_id: Option<&'a str>,
    listing: Listing<'a>,
}

/// `None`: no row asks for such a permission outright.
fn subject<'a>(case: &Case<'a>, need: &Need) -> Option<Subject<'a>> {
    let request = case.request;
    let version_id = request.query.get("versionId");
    let listing = match need.action {
        Action::ListBucket | Action::ListBucketVersions => Listing::Query,
        _ => Listing::No,
    };
    match need.on {
        On::Target => Some(Subject {
            target: &request.target,
            version_id,
            listing,
        }),
        On::CopySource => request.copy_source.as_ref().map(|source| Subject {
            target: &source.target,
            version_id: source.version_id.as_deref(),
            listing,
        }),
        On::Bucket | On::EachKey => None,
    }
}

/// Puts one question to the engine.
fn ask(
    case: &Case<'_>,
    labels: &Labels,
    action: Action,
    subject: &Subject<'_>,
    body: Stored<Body<'_>>,
) -> Decision {
    let owner = case.owner_for(action, subject.target, &labels.principal);
    let facts = Facts {
        peer: case.arrival.peer,
        tls: case.arrival.tls,
        now: case.arrival.now,
        auth: auth_type(labels.auth),
        signature_age_ms: case.signature_age_ms(),
        content_sha256: case.presented.as_ref().map(|presented| presented.payload),
        headers: case.head.headers,
        query: &case.request.query,
        listing: subject.listing,
        version_id: subject.version_id,
        copy_source: case
            .request
            .copy_source
            .as_ref()
            .map(|source| source.target.as_str()),
        principal: &labels.principal,
        owner,
        region: case.region(),
        creates_object: case.request.operation.creates_object(),
        object_tags: Stored::NotAsked,
        body,
    };
    let policies = Policies {
        bucket: case.bucket_policy(subject.target),
        guardrails: &case.rules.guardrails,
    };
    let context = RequestContext { facts: &facts };
    let resource = subject.target.as_str();
    let question = Question {
        principal: &labels.principal,
        action,
        resource,
        owner,
        context: &context,
    };
    policy::evaluate(policies, &question)
}

fn auth_type(auth: Option<Auth>) -> Option<AuthType> {
    match auth {
        Some(Auth::Header) => Some(AuthType::Header),
        Some(Auth::Presigned) => Some(AuthType::Query),
        Some(Auth::Anonymous | Auth::Listener) | None => None,
    }
}

/// Notes a decision, and refuses unless it allows.
fn allow(
    case: &Case<'_>,
    labels: &mut Labels,
    action: Action,
    target: &Target,
    decision: Decision,
) -> Result<(), S3Error> {
    let allowed = match decision.verdict {
        Verdict::Allow => true,
        // A fact that nobody can look up: what depends on it is not allowed.
        Verdict::ExplicitDeny | Verdict::ImplicitDeny(_) | Verdict::Unknown => false,
    };
    let asked = Asked {
        action: action.name(),
        resource: target.clone(),
        decision,
    };
    let owner = case.owner_for(action, target, &labels.principal);
    let refusal = (!allowed).then(|| refuse::denied(&asked, &labels.principal, owner));
    let first_refusal = labels
        .decision
        .as_ref()
        .is_none_or(|noted| matches!(noted.decision.verdict, Verdict::Allow));
    if labels.decision.is_none() || (!allowed && first_refusal) {
        labels.decision = Some(asked);
    }
    refusal.map_or(Ok(()), Err)
}
