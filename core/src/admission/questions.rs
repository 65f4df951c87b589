//! From a permission of the table to a question for the engine: whether it is asked at all, on what, and with which facts.

use super::facts::{sees_tags, whose};
use super::in_force::InForce;
use super::legality::Case;
use super::{Auth, Labels, objects, refuse};
use crate::context::{AuthType, Body, Facts, Listing, RequestContext, Stored, Tag};
use crate::controls::objects::ObjectRecord;
use crate::policy::{self, Decision, Explanation, Policies, Question, Reason, View};
use crate::s3::actions::Action;
use crate::s3::answer::S3Error;
use crate::s3::names::{AccountId, Target};
use crate::s3::operations::{Level, Need, On, Operation, Part, When};
use crate::s3::xml::{CreateBucketConfiguration, DeleteItem, Settings};
use std::sync::Arc;

/// What was read of a request's body.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    /// Of DeleteObjects.
    item: Option<&'a DeleteItem>,
    location: Option<&'a str>,
    settings: Settings,
    object_tags: Option<Vec<Tag>>,
    bucket_tags: Option<Vec<Tag>>,
}

impl<'a> Said<'a> {
    pub(super) fn of_item(item: &'a DeleteItem) -> Self {
        Self {
            item: Some(item),
            ..Self::default()
        }
    }

    pub(super) fn of_new_bucket(configuration: &'a CreateBucketConfiguration) -> Self {
        let some = !configuration.tags.is_empty();
        Self {
            location: configuration.location_constraint.as_deref(),
            bucket_tags: some.then(|| tags(&configuration.tags)),
            ..Self::default()
        }
    }

    pub(super) fn of_settings(operation: &Operation, settings: Settings) -> Self {
        let tags = settings.tags.as_deref().map(tags);
        let (object_tags, bucket_tags) = match operation.level {
            Level::Object => (tags, None),
            Level::Service | Level::Account | Level::ObjectLambda | Level::Bucket => (None, tags),
        };
        Self {
            settings,
            object_tags,
            bucket_tags,
            ..Self::default()
        }
    }

    fn has(&self, part: Part) -> bool {
        match part {
            Part::Tags => self.bucket_tags.is_some(),
            Part::TableEncryption => self.settings.encrypts_tables,
            Part::TableEnabled => self.settings.enables_tables,
        }
    }

    /// As conditions see it.
    fn body(&self) -> Body<'_> {
        Body {
            retention_mode: self.settings.retention_mode.as_deref(),
            retain_until: self.settings.retain_until.as_deref(),
            event_hold: self.settings.event_hold.as_deref(),
            event_hold_days: self.settings.event_hold_days.as_deref(),
            etag: self.item.and_then(|item| item.etag.as_deref()),
            legal_hold: self.settings.legal_hold.as_deref(),
            location: self.location,
            tags: self.object_tags.as_deref(),
            bucket_tags: self.bucket_tags.as_deref(),
            inventory_fields: self.settings.inventory_fields.as_deref(),
        }
    }
}

pub(super) fn tags(pairs: &[(String, String)]) -> Vec<Tag> {
    let tag = |(key, value): &(String, String)| Tag {
        key: key.as_str().into(),
        value: value.as_str().into(),
    };
    pairs.iter().map(tag).collect()
}

/// Whether a permission is asked of this request.
pub(super) fn applies(when: When, case: &Case<'_>, said: &Said<'_>) -> bool {
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
    let item_version = said.item.and_then(|item| item.version_id.as_ref());
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
        When::ItemEtag => said.item.is_some_and(|item| item.etag.is_some()),
        When::InBody(part) => said.has(part),
        When::KeepsTags => copies_tags(case),
        When::KeepsTagsOfObject => copies_tags(case) && source_version.is_none(),
        When::KeepsTagsOfVersion => copies_tags(case) && source_version.is_some(),
    }
}

/// Whether a copy keeps the tags of its source: unless all it says is that it replaces them.
pub(super) fn copies_tags(case: &Case<'_>) -> bool {
    let directives = case.head.headers.get_all("x-amz-tagging-directive");
    let mut directives = directives.iter().peekable();
    directives.peek().is_none()
        || directives.any(|directive| !directive.as_bytes().eq_ignore_ascii_case(b"REPLACE"))
}

/// What one permission is asked on.
pub(super) struct Subject<'a> {
    pub(super) target: Target,
    pub(super) version_id: Option<&'a str>,
    pub(super) listing: Listing<'a>,
    /// The tags stored with it.
    pub(super) tags: Stored<&'a [Tag]>,
    /// What is on record of it; none where ACLs are disabled, and of what is not there yet.
    pub(super) record: Stored<&'a ObjectRecord>,
}

/// What a permission is asked on; an error if the request names nothing to ask on.
pub(super) fn subject<'a>(
    case: &Case<'a>,
    need: &Need,
    said: &Said<'_>,
) -> Result<Subject<'a>, S3Error> {
    let request = case.request;
    let listing = match need.action {
        Action::ListBucket | Action::ListBucketVersions => Listing::Query,
        _ => Listing::No,
    };
    let (target, version_id) = match need.on {
        On::Target | On::FormKey => (request.target.clone(), request.query.get("versionId")),
        On::CopySource => match &request.copy_source {
            Some(source) => (source.target.clone(), source.version_id.as_deref()),
            None => return Err(refuse::nothing_to_ask_on()),
        },
        On::Role => (role(said)?, None),
        On::TableBucket => (table_bucket(case, said)?, None),
        On::Bucket | On::EachKey => return Err(refuse::nothing_to_ask_on()),
    };
    let tags = match whose(need.on) {
        Some(whose) if sees_tags(need.action) => case.looked.tags(whose),
        Some(_) | None => Stored::None,
    };
    let record = match whose(need.on) {
        Some(whose) => objects::record(case, whose, need.action),
        None => Stored::None,
    };
    Ok(Subject {
        target,
        version_id,
        listing,
        tags,
        record,
    })
}

fn role(said: &Said<'_>) -> Result<Target, S3Error> {
    let arn = said.settings.role.as_deref().unwrap_or_default().trim();
    let role = arn.split(':').nth(2) == Some("iam") && arn.contains(":role/");
    let target = Target::other(arn).filter(|target| role && target.account().is_some());
    target.ok_or_else(|| refuse::bad_arn("Role"))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/metadata-tables-permissions.html>
fn table_bucket(case: &Case<'_>, said: &Said<'_>) -> Result<Target, S3Error> {
    let arn = match &said.settings.table_bucket {
        Some(arn) => arn.trim().to_owned(),
        None => {
            let owner = case.owner_of(&case.request.target);
            let owner = owner.as_ref().map_or("", |owner| owner.as_str());
            format!("arn:aws:s3tables:{}:{owner}:bucket/aws-s3", case.region())
        }
    };
    let tables = arn.split(':').nth(2) == Some("s3tables");
    let target = Target::other(&arn).filter(|target| tables && target.account().is_some());
    target.ok_or_else(|| refuse::bad_arn("TableBucketArn"))
}

/// Puts one question to the engine, about the policies in force.
pub(super) fn ask(
    case: &Case<'_>,
    labels: &Labels,
    action: Action,
    subject: &Subject<'_>,
    said: &Said<'_>,
) -> Decision {
    let view = View::Live;
    put(case, labels, action, subject, said, view, decide)
}

/// [`policy::evaluate`] of a request's facts, whatever they borrow from.
pub(super) fn decide(
    policies: Policies<'_>,
    question: &Question<'_, RequestContext<'_>>,
) -> Decision {
    policy::evaluate(policies, question)
}

/// [`policy::explain`], likewise.
fn explain(policies: Policies<'_>, question: &Question<'_, RequestContext<'_>>) -> Explanation {
    policy::explain(policies, question)
}

/// Why a question got a decision that refuses.
pub(super) fn reason(
    case: &Case<'_>,
    labels: &Labels,
    action: Action,
    subject: &Subject<'_>,
    said: &Said<'_>,
    decision: &Decision,
) -> Option<Arc<Reason>> {
    let view = View::Live;
    let reason = put(
        case,
        labels,
        action,
        subject,
        said,
        view,
        |policies, question| Reason::of(policies, question, decision),
    );
    reason.map(Arc::new)
}

/// All that bears on a question.
pub(super) fn explanation(
    case: &Case<'_>,
    labels: &Labels,
    action: Action,
    subject: &Subject<'_>,
    said: &Said<'_>,
) -> Explanation {
    let view = View::Live;
    put(case, labels, action, subject, said, view, explain)
}

/// Makes the question and gives it on, with the policies of a view.
pub(super) fn put<T>(
    case: &Case<'_>,
    labels: &Labels,
    action: Action,
    subject: &Subject<'_>,
    said: &Said<'_>,
    view: View,
    to: impl FnOnce(Policies<'_>, &Question<'_, RequestContext<'_>>) -> T,
) -> T {
    let owner = case.owner_for(action, &subject.target, &labels.principal);
    let facts = facts(case, labels, subject, owner, said);
    let in_force = case.in_force(&subject.target);
    let in_force = in_force.as_ref();
    let acl = in_force.and_then(|it| case.grants(&subject.target, it, subject.record));
    let block = in_force.map(InForce::public_access_block);
    let policies = Policies {
        bucket: case.bucket_policy(&subject.target, in_force, view),
        guardrails: case.rules.guardrails_of(owner),
        acl: acl.as_ref(),
        public: block.unwrap_or_default().public_policies(),
    };
    let context = RequestContext { facts: &facts };
    let resource = subject.target.as_str();
    let question = Question {
        principal: &labels.principal,
        action,
        resource,
        owner,
        context: &context,
        view,
    };
    to(policies, &question)
}

/// What conditions may ask about one permission.
pub(super) fn facts<'a>(
    case: &'a Case<'_>,
    labels: &'a Labels,
    subject: &'a Subject<'_>,
    owner: AccountId,
    said: &'a Said<'_>,
) -> Facts<'a> {
    Facts {
        peer: case.arrival.peer,
        tls: case.arrival.tls,
        now: case.arrival.now,
        auth: auth_type(labels.auth),
        signature_age_ms: case.signature_age_ms(),
        content_sha256: case.signed_payload(),
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
        owner_membership: case.rules.membership_of(owner),
        region: case.region(),
        creates_object: case.request.operation.creates_object(),
        object_tags: subject.tags,
        body: Stored::Known(said.body()),
    }
}

fn auth_type(auth: Option<Auth>) -> Option<AuthType> {
    match auth {
        Some(Auth::Header) => Some(AuthType::Header),
        Some(Auth::Presigned) => Some(AuthType::Query),
        Some(Auth::Form) => Some(AuthType::Post),
        Some(Auth::Anonymous | Auth::Listener) | None => None,
    }
}
