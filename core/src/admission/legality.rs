//! Whether the request may be made at all, whoever makes it: what the upstream's profile knows, which headers the
//! operation's row lists, what the body announces, whose bucket the caller believes it to be.

use super::facts::Looked;
use super::in_force::InForce;
use super::{Arrival, Route, Rules, refuse, settings, tagging};
use crate::controls::settings::SettingKind;
use crate::identity::Principal;
use crate::policy::{Policy, View};
use crate::request::{Head, S3Request};
use crate::s3::actions::{Action, Applies};
use crate::s3::answer::S3Error;
use crate::s3::headers::Disposition;
use crate::s3::names::{AccountId, Target};
use crate::s3::operations::{AnsweredBy, Checksum, Operation, OperationId, PayloadKind};
use crate::sigv4::payload::{self, BodyKind, BodyPlan, ChunkSignatures};
use crate::sigv4::{self, Presented};

/// One request on its way through admission, after its caller is known.
pub(super) struct Case<'a> {
    pub(super) rules: &'a Rules,
    pub(super) head: &'a Head<'a>,
    pub(super) arrival: &'a Arrival<'a>,
    pub(super) request: &'a S3Request,
    /// What authenticated the request, unless the listener did or nobody.
    pub(super) presented: Option<Presented<'a>>,
    /// Position in the routes; `None` for the service.
    pub(super) route: Option<usize>,
    pub(super) looked: &'a Looked,
}

/// Checks everything that does not depend on permissions, and says what the body must be.
pub(super) fn check(case: &Case<'_>, chunks: ChunkSignatures) -> Result<BodyPlan, S3Error> {
    answered(case)?;
    profile(case)?;
    overrides(case)?;
    case.check_key(&case.request.target)?;
    copy_source(case)?;
    repeated_headers(case)?;
    listed_headers(case)?;
    let plan = body(case, chunks)?;
    expected_owners(case)?;
    Ok(plan)
}

fn answered(case: &Case<'_>) -> Result<(), S3Error> {
    match case.request.operation.answered_by {
        AnsweredBy::Nobody => Err(refuse::not_built(case.request.operation)),
        AnsweredBy::Upstream
        | AnsweredBy::UpstreamRead
        | AnsweredBy::Merged
        | AnsweredBy::Gateway
        | AnsweredBy::Later => Ok(()),
    }
}

/// What the store behind the bucket would not do, or would do as something else. What the gateway answers never gets
/// there.
fn profile(case: &Case<'_>) -> Result<(), S3Error> {
    let operation = case.request.operation;
    let Some(route) = case.route() else {
        return Ok(());
    };
    let left = case.is_theirs();
    let here = case.answered_by() == AnsweredBy::Gateway || operation.is_answered_here();
    if here && !left {
        return Ok(());
    }
    let has = route.profile.has(operation.id) || left && route.profile.has_setting(operation.id);
    if !has {
        return Err(refuse::not_in_profile(operation));
    }
    let source_version = case
        .request
        .copy_source
        .as_ref()
        .and_then(|source| source.version_id.as_ref());
    if !route.profile.versions && (case.request.query.has("versionId") || source_version.is_some())
    {
        return Err(refuse::no_versions());
    }
    let tags = route.profile.has(OperationId::PutObjectTagging) || case.keeps_tags();
    let ignored =
        |name: &&str| route.profile.ignores(operation.id, name) || *name == TAGGING && !tags;
    let mut names = case.head.headers.keys().map(http::HeaderName::as_str);
    names
        .find(ignored)
        .map_or(Ok(()), |name| Err(refuse::header_not_implemented(name)))
}

/// Sets the tags of a new object. A store that keeps none may ignore it.
const TAGGING: &str = "x-amz-tagging";

/// Only a signed request may choose headers of its answer.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
fn overrides(case: &Case<'_>) -> Result<(), S3Error> {
    let signed = case.presented.is_some() || case.arrival.listener.principal.is_some();
    let chosen = case
        .request
        .query
        .0
        .iter()
        .any(|parameter| parameter.name.starts_with("response-"));
    if chosen && !signed {
        Err(refuse::unsigned_overrides())
    } else {
        Ok(())
    }
}

/// A copy stays on one upstream.
fn copy_source(case: &Case<'_>) -> Result<(), S3Error> {
    let Some(source) = &case.request.copy_source else {
        return Ok(());
    };
    let route = case.rules.route(&source.target)?;
    if route != case.route {
        return Err(refuse::copy_across_upstreams());
    }
    case.check_key(&source.target)
}

/// Two readers of a header that came twice may take different values. Verifying a signature refuses them too.
fn repeated_headers(case: &Case<'_>) -> Result<(), S3Error> {
    let mut names = sigv4::repeated_headers(case.head.headers).map(http::HeaderName::as_str);
    names
        .find(|name| !case.is_ignored_credential(name))
        .map_or(Ok(()), |name| Err(refuse::repeated_header(name)))
}

/// Every `x-amz-*` header must be one the row knows; any other header that no row lists is left behind in silence.
fn listed_headers(case: &Case<'_>) -> Result<(), S3Error> {
    let operation = case.request.operation;
    for name in case.head.headers.keys().map(http::HeaderName::as_str) {
        match operation.disposition(name) {
            Some(Disposition::Forward | Disposition::Consume | Disposition::Rewrite) => {}
            Some(Disposition::Later) => return Err(refuse::header_not_implemented(name)),
            None if name.starts_with("x-amz-") => {
                return Err(refuse::header_not_implemented(name));
            }
            None => {}
        }
    }
    Ok(())
}

/// What the body must be. A body that the operation has no use for is refused.
fn body(case: &Case<'_>, chunks: ChunkSignatures) -> Result<BodyPlan, S3Error> {
    let operation = case.request.operation;
    let document = |limit: usize| BodyKind::Document {
        limit: limit as u64,
    };
    let kind = match operation.payload {
        PayloadKind::None => document(0),
        PayloadKind::Stream => BodyKind::Object,
        PayloadKind::Document(limit) if operation.id == OperationId::CompleteMultipartUpload => {
            BodyKind::Completion {
                limit: limit as u64,
            }
        }
        PayloadKind::Document(limit)
        | PayloadKind::Settings(_, limit)
        | PayloadKind::OptionalSettings(_, limit) => document(limit),
    };
    let plan = payload::plan(case.head, case.presented.as_ref(), kind, chunks)
        .map_err(|error| refuse::plan(&error, operation))?;
    checksum(operation, &plan)?;
    Ok(plan)
}

fn checksum(operation: &Operation, plan: &BodyPlan) -> Result<(), S3Error> {
    let some = plan.md5.is_some() || plan.checksum.is_some() || plan.trailer.is_some();
    match operation.checksum {
        Checksum::Required if !some => Err(refuse::missing_checksum()),
        Checksum::Required | Checksum::Optional => Ok(()),
    }
}

/// `x-amz-expected-bucket-owner` and its twin for the source of a copy.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html>
fn expected_owners(case: &Case<'_>) -> Result<(), S3Error> {
    expected_owner(case, "x-amz-expected-bucket-owner", &case.request.target)?;
    match &case.request.copy_source {
        Some(source) => expected_owner(case, "x-amz-source-expected-bucket-owner", &source.target),
        None => Ok(()),
    }
}

fn expected_owner(case: &Case<'_>, header: &'static str, target: &Target) -> Result<(), S3Error> {
    let Some(value) = case.head.headers.get(header) else {
        return Ok(());
    };
    let expected = value
        .to_str()
        .ok()
        .and_then(|text| AccountId::parse(text).ok());
    match expected {
        None => Err(refuse::bad_expected_owner(header)),
        Some(expected) if Some(expected) == case.owner_of(target) => Ok(()),
        Some(_) => Err(refuse::unexpected_owner()),
    }
}

impl<'a> Case<'a> {
    /// The upstream that holds the target's bucket.
    pub(super) fn route(&self) -> Option<&'a Route> {
        self.route
            .and_then(|position| self.rules.routes.get(position))
    }

    /// Who answers the request.
    pub(super) fn answered_by(&self) -> AnsweredBy {
        let operation = self.request.operation;
        if self.is_theirs() {
            return AnsweredBy::Upstream;
        }
        match tagging::call(operation) {
            Some(_) if self.keeps_tags() => AnsweredBy::Gateway,
            Some(_) | None => operation.answered_by,
        }
    }

    /// Whether the request is about a setting that the gateway leaves to the upstream.
    fn is_theirs(&self) -> bool {
        let kind = settings::kind(self.request.operation);
        kind.is_some_and(|kind| self.leaves(kind))
    }

    /// Whether a kind of setting is the upstream's.
    pub(super) fn leaves(&self, kind: SettingKind) -> bool {
        self.route()
            .is_some_and(|route| route.theirs.contains(&kind))
    }

    /// The account that owns a target's bucket.
    pub(super) fn owner_of(&self, target: &Target) -> Option<AccountId> {
        let bucket = target.bucket_name()?;
        self.route().map(|route| self.rules.owner_of(bucket, route))
    }

    /// The account whose resource a question is about: the one its ARN names; the bucket's owner; the caller's own for
    /// what it owns itself, the service and a bucket yet to be created.
    pub(super) fn owner_for(
        &self,
        action: Action,
        target: &Target,
        principal: &Principal,
    ) -> AccountId {
        if let Some(account) = target.account() {
            return account;
        }
        let own = match action.applies_to() {
            Applies::Service => true,
            Applies::Bucket | Applies::Object | Applies::Other => {
                self.rules.records_creator(self.request.operation)
            }
        };
        let owner = own.then(|| principal.account()).flatten();
        owner
            .or_else(|| self.owner_of(target))
            .unwrap_or(AccountId::NOBODY)
    }

    /// The policy of a target's bucket, in which these settings are in force. A bucket that is yet to be created has none,
    /// whatever lies ready for its name: nobody creates buckets on a bucket policy's word, least of all anonymously.
    pub(super) fn bucket_policy(
        &self,
        target: &Target,
        in_force: Option<&InForce<'a>>,
        view: View,
    ) -> Option<&'a Policy> {
        let bucket = target.bucket_name()?;
        if self.request.operation.id == OperationId::CreateBucket {
            return None;
        }
        let candidate = match view {
            View::Live => None,
            View::Shadow => self.rules.candidate(bucket),
        };
        let live = || in_force?.policy().map(|live| &live.policy);
        candidate.or_else(live).map(AsRef::as_ref)
    }

    /// The settings in force for a target's bucket.
    pub(super) fn in_force(&self, target: &Target) -> Option<InForce<'a>> {
        let (bucket, route) = (target.bucket_name()?, self.route()?);
        Some(self.rules.in_force(bucket, route))
    }

    /// The region of the target's upstream; of the first for the service.
    pub(super) fn region(&self) -> &'a str {
        let route = self.route().or_else(|| self.rules.routes.get(0));
        route.map_or("", |route| &route.region)
    }

    /// Milliseconds since the time the signature names.
    pub(super) fn signature_age_ms(&self) -> Option<i64> {
        let signed = match &self.looked.posted {
            Some(posted) => posted.signed?,
            None => self.presented.as_ref()?.timestamp,
        };
        i64::try_from(self.arrival.now.duration_since(signed).as_millis()).ok()
    }

    /// The hash of the body that was signed over. The signature of a form is over no body.
    pub(super) fn signed_payload(&self) -> Option<&str> {
        match &self.looked.posted {
            Some(posted) => posted.signed.map(|_| "UNSIGNED-PAYLOAD"),
            None => self.presented.as_ref().map(|presented| presented.payload),
        }
    }

    /// A store that folds `.`, `..` or empty segments would touch another object than the one that was authorised.
    pub(super) fn check_key(&self, target: &Target) -> Result<(), S3Error> {
        match (target.key(), self.route()) {
            (Some(key), Some(route)) if !route.profile.keeps(key) => {
                Err(refuse::key_not_literal(key))
            }
            _ => Ok(()),
        }
    }

    /// Headers by which a client authenticates are not looked at where the listener fixes the principal.
    fn is_ignored_credential(&self, name: &str) -> bool {
        self.arrival.listener.principal.is_some()
            && matches!(
                name,
                "authorization" | "date" | "x-amz-date" | "x-amz-security-token"
            )
    }
}
