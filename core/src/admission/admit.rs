//! The order of checks. Read [`admit`] from the top: each step either passes or ends the request.

use super::authorise;
use super::facts::Looked;
use super::legality::{self, Case};
use super::rego::Ruling;
use super::waiting::{Waits, forwarded, missing};
use super::{
    Arrival, Auth, DecisionMode, Observed, Permit, Rules, Shadowed, Waiting, authenticate, cors,
    posted, refuse,
};
use crate::controls::lock::Protected;
use crate::identity::{AccessKeyId, Account, Principal};
use crate::policy::{Decision, Reason};
use crate::request::{self, CopySource, Head, S3Request};
use crate::s3::answer::{Answer, S3Error};
use crate::s3::names::Target;
use crate::s3::operations::{Operation, OperationId, PayloadKind};
use crate::sigv4::payload::BodyPlan;
use std::sync::Arc;

/// What became of a request, and what its record says of it.
#[derive(Debug)]
pub struct Admission {
    /// As far as admission got.
    pub labels: Labels,
    /// What is done next.
    pub outcome: Outcome,
    /// What was looked up to decide; for [`super::explain`].
    pub looked: Option<Box<Looked>>,
}

/// What is done next.
#[derive(Debug)]
pub enum Outcome {
    /// Go upstream.
    Forward(Box<Permit>),
    /// Answer without the upstream.
    Answer(Answer),
    /// Find what is missing, then resume.
    Need(Box<Waiting>),
}

/// What is known of a request for its record, as far as admission got.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// The operation, once recognised.
    pub operation: Option<&'static Operation>,
    /// What the request is about, once parsed.
    pub target: Option<Target>,
    /// The source of a copy.
    pub copy_source: Option<CopySource>,
    /// The account that owns the source's bucket.
    pub source_owner: Option<Arc<Account>>,
    /// The version asked for.
    pub version_id: Option<Box<str>>,
    /// How the caller was authenticated; `None` if that failed.
    pub auth: Option<Auth>,
    /// Who calls; anonymous until authenticated.
    pub principal: Principal,
    /// The access key presented, also when it was refused.
    pub access_key: Option<AccessKeyId>,
    /// The account that owns the bucket.
    pub owner: Option<Arc<Account>>,
    /// Position in [`super::Routes`].
    pub upstream: Option<usize>,
    /// The permission that decided: the first that was refused, or else the first that was asked.
    pub decision: Option<Asked>,
    /// Every permission that had to be allowed, in the order asked; those of the keys of DeleteObjects are `items`.
    pub permissions: Vec<Permission>,
    /// Why guardrails in Rego refused it, or the first key of DeleteObjects that they refused.
    pub rego: Option<Ruling>,
    /// DeleteObjects: each key, its version and what was decided.
    pub items: Vec<Item>,
    /// How the listener decides.
    pub mode: DecisionMode,
    /// What passed only because the listener observes; `None` if nothing did.
    pub observed: Option<Box<Observed>>,
    /// What policies in shadow would have changed; `None` if nothing.
    pub shadow: Option<Box<Shadowed>>,
    /// Whether a grant of an ACL was what allowed it, or it gives a new object an ACL with grants to others.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-ownership-migrating-acls-prerequisites.html>
    pub acl_required: bool,
    /// What of Object Lock stood in the way; of the keys of DeleteObjects, of the first.
    pub locked: Option<Protected>,
}

/// One permission and the decision on it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// E.g. `s3:GetObject`.
    pub action: &'static str,
    /// What the permission was asked on.
    pub resource: Target,
    /// The engine's answer.
    pub decision: Decision,
    /// Why it refuses.
    pub reason: Option<Arc<Reason>>,
}

/// One permission that had to be allowed, and whether it was.
#[derive(Debug, Clone)]
pub struct Permission {
    /// E.g. `s3:GetObject`.
    pub action: &'static str,
    /// What it was asked on.
    pub resource: Target,
    /// Whether the engine allowed it.
    pub allowed: bool,
}

/// One key of DeleteObjects.
#[derive(Debug, Clone)]
pub struct Item {
    /// The key.
    pub key: Box<str>,
    /// The version named, if one was.
    pub version_id: Option<Box<str>>,
    /// Whether it may be deleted.
    pub allowed: bool,
    /// Why it may not; of the first refusal and of the first hundred keys.
    pub reason: Option<Arc<Reason>>,
}

/// Decides what becomes of a request: the one order of checks.
pub fn admit(rules: &Rules, head: &Head<'_>, arrival: &Arrival<'_>) -> Admission {
    let mut labels = Labels {
        mode: arrival.listener.decision,
        ..Labels::default()
    };
    let outcome = check(rules, head, arrival, &mut labels);
    Admission::of(labels, outcome)
}

fn check(
    rules: &Rules,
    head: &Head<'_>,
    arrival: &Arrival<'_>,
    labels: &mut Labels,
) -> Result<Outcome, S3Error> {
    let request = request::parse(head, &arrival.listener.hosts).map_err(refuse::parse)?;
    labels.describe(&request);
    if request.operation.id == OperationId::OptionsPreflight {
        return Ok(preflight(rules, head, &request, labels));
    }
    if request.operation.id == OperationId::PostObject {
        return form(rules, head, arrival, request, labels);
    }
    let caller = authenticate::caller(rules, head, &request, arrival, labels)?;
    let route = rules.route(&request.target)?;
    labels.upstream = route;
    labels.describe_owners(rules, &request, route);
    let looked = Looked::nothing(
        &request,
        route.and_then(|position| rules.routes.get(position)),
    );
    let case = Case {
        rules,
        head,
        arrival,
        request: &request,
        presented: caller.presented,
        route,
        looked: &looked,
    };
    let plan = legality::check(&case, caller.chunks)?;
    let waits = match request.operation.payload {
        PayloadKind::Document(_)
        | PayloadKind::Settings(..)
        | PayloadKind::OptionalSettings(..) => Waits::Body,
        PayloadKind::None | PayloadKind::Stream => match authorise::without_body(&case, labels) {
            Ok(granted) => return Ok(forwarded(&case, plan, granted)),
            Err(stop) => missing(&case, stop)?,
        },
    };
    labels.undecide();
    Ok(Outcome::Need(Box::new(Waiting {
        labels: labels.clone(),
        request,
        plan,
        route,
        looked: Box::new(looked),
        body: None,
        waits,
    })))
}

/// Preflights are answered before anybody is known.
fn preflight(rules: &Rules, head: &Head<'_>, request: &S3Request, labels: &mut Labels) -> Outcome {
    let position = cors::is_theirs(rules, &request.target);
    let permit = position.and_then(|at| Permit::preflight(at, head, &request.target));
    match permit {
        Some(permit) => {
            labels.upstream = position;
            Outcome::Forward(Box::new(permit))
        }
        None => Outcome::Answer(cors::preflight(rules, head, request)),
    }
}

/// The head of a form says neither who sends it nor which object it is for.
fn form(
    rules: &Rules,
    head: &Head<'_>,
    arrival: &Arrival<'_>,
    request: S3Request,
    labels: &mut Labels,
) -> Result<Outcome, S3Error> {
    let boundary = posted::check_head(head, &request, arrival)?;
    let route = rules.route(&request.target)?;
    labels.upstream = route;
    let looked = Looked::nothing(
        &request,
        route.and_then(|position| rules.routes.get(position)),
    );
    Ok(Outcome::Need(Box::new(Waiting {
        labels: labels.clone(),
        request,
        plan: BodyPlan::default(),
        route,
        looked: Box::new(looked),
        body: None,
        waits: Waits::Form(boundary),
    })))
}

impl Admission {
    /// A request that is refused before anything is known of it.
    pub fn refused(error: S3Error) -> Self {
        Self::of(Labels::default(), Err(error))
    }

    pub(super) fn of(labels: Labels, outcome: Result<Outcome, S3Error>) -> Self {
        Self {
            labels,
            outcome: outcome.unwrap_or_else(|error| Outcome::Answer(error.into())),
            looked: None,
        }
    }

    pub(super) fn after(mut self, mut looked: Box<Looked>) -> Self {
        if let Some(posted) = &mut looked.posted {
            posted.forget_secrets();
        }
        self.looked = Some(looked);
        self
    }
}

impl Labels {
    /// Forgets what was asked so far: it is asked again when more is known.
    fn undecide(&mut self) {
        self.decision = None;
        self.permissions.clear();
        self.items.clear();
        self.rego = None;
        self.observed = None;
        self.shadow = None;
        self.acl_required = false;
    }

    pub(super) fn describe(&mut self, request: &S3Request) {
        self.operation = Some(request.operation);
        self.target = Some(request.target.clone());
        self.copy_source = request.copy_source.clone();
        self.version_id = request.query.get("versionId").map(Into::into);
    }

    /// The service and a bucket yet to be created are the caller's own. A copy across upstreams is refused later, so
    /// the source's bucket counts as on the same one.
    pub(super) fn describe_owners(
        &mut self,
        rules: &Rules,
        request: &S3Request,
        route: Option<usize>,
    ) {
        let own = route.is_none() || rules.records_creator(request.operation);
        let own = match &self.principal {
            Principal::Known(caller) if own => Some(caller.account.clone()),
            Principal::Known(_) | Principal::Anonymous | Principal::Service(_) => None,
        };
        self.owner = match request.target.account() {
            Some(account) => rules.directory.accounts.get(&account).cloned(),
            None => own.or_else(|| rules.owner_account(&request.target, route)),
        };
        let source = request.copy_source.as_ref();
        self.source_owner = source.and_then(|source| rules.owner_account(&source.target, route));
    }
}
