//! The input document of guardrails: what is known of a request, without its secrets.
//!
//! `policies/guardrails/input.schema.json` describes it, and a test holds the two together. Nothing is computed before
//! an engine asks for it.

use super::sent::{Headers, Parameters, text};
use super::values::Values;
use crate::admission::legality::Case;
use crate::admission::questions::{self, Said, Subject};
use crate::admission::{Auth, Labels, Route};
use crate::context::Facts;
use crate::identity::{Caller, CallerKind, Principal};
use crate::s3::actions::Action;
use crate::s3::names::{AccountId, Target};
use crate::s3::operations::{Level, Operation};
use http::header::HOST;
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::Offset;
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What guardrails judge: one request, or one key of DeleteObjects. Serialize it to read it.
pub struct Input<'a> {
    case: &'a Case<'a>,
    labels: &'a Labels,
    about: &'a Subject<'a>,
    asked: &'a [(Action, Target)],
    owner: AccountId,
    facts: Facts<'a>,
}

impl std::fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("resource", &self.about.target)
            .finish_non_exhaustive()
    }
}

impl<'a> Input<'a> {
    pub(super) fn of(
        case: &'a Case<'a>,
        labels: &'a Labels,
        about: &'a Subject<'a>,
        asked: &'a [(Action, Target)],
        said: &'a Said<'a>,
    ) -> Self {
        let owner = match asked.first() {
            Some((action, _)) => case.owner_for(*action, &about.target, &labels.principal),
            None => case.owner_of(&about.target).unwrap_or(AccountId::NOBODY),
        };
        Self {
            case,
            labels,
            about,
            asked,
            owner,
            facts: questions::facts(case, labels, about, owner, said),
        }
    }
}

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let request = self.case.request;
        let route = self.case.route();
        let document = Document {
            request: Request::of(self.case, self.labels),
            principal: Who::of(&self.labels.principal),
            operation: What::of(request.operation, self.asked),
            actions: self.asked.iter().map(Pair::of).collect(),
            resource: Resource::of(&self.about.target, self.about.version_id, self.owner),
            bucket: route.and_then(|route| Bucket::of(&self.about.target, route, self.owner)),
            copy_source: request.copy_source.as_ref().map(|source| {
                let owner = self.case.owner_of(&source.target);
                let version = source.version_id.as_deref();
                Resource::of(&source.target, version, owner.unwrap_or(AccountId::NOBODY))
            }),
            context: Values(&self.facts),
        };
        document.serialize(to)
    }
}

#[derive(serde::Serialize)]
struct Document<'a> {
    request: Request<'a>,
    principal: Who<'a>,
    operation: What,
    actions: Vec<Pair>,
    resource: Resource<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<Bucket<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_source: Option<Resource<'a>>,
    context: Values<'a>,
}

#[derive(serde::Serialize)]
struct Request<'a> {
    id: &'a str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Cow<'a, str>>,
    path: Cow<'a, str>,
    query: Parameters<'a>,
    headers: Headers<'a>,
    source_ip: IpAddr,
    secure_transport: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_version: Option<&'static str>,
    time: Time,
    listener: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_type: Option<&'static str>,
}

impl<'a> Request<'a> {
    fn of(case: &'a Case<'a>, labels: &Labels) -> Self {
        let head = case.head;
        let path = head.raw_target.split(|byte| *byte == b'?').next();
        Self {
            id: case.arrival.id,
            method: head.method.as_str(),
            host: head.headers.get(HOST).map(|host| text(host.as_bytes())),
            path: text(path.unwrap_or_default()),
            query: Parameters(&case.request.query),
            headers: Headers {
                operation: case.request.operation,
                sent: head.headers,
            },
            source_ip: case.arrival.peer,
            secure_transport: case.arrival.tls.is_some(),
            tls_version: case.arrival.tls.map(|version| version.as_str()),
            time: Time::of(case.arrival.now),
            listener: &case.arrival.listener.name,
            auth_type: labels.auth.map(|auth| match auth {
                Auth::Anonymous => "anonymous",
                Auth::Header => "header",
                Auth::Presigned => "presigned",
                Auth::Form => "form",
                Auth::Listener => "listener",
            }),
        }
    }
}

/// An instant as rules want it; everything in UTC.
#[derive(serde::Serialize)]
struct Time {
    utc: String,
    epoch: i64,
    weekday: &'static str,
    hour: i8,
    minute: i8,
}

impl Time {
    fn of(now: Timestamp) -> Self {
        let at = Offset::UTC.to_datetime(now);
        Self {
            utc: format!("{}Z", at.strftime("%Y-%m-%dT%H:%M:%S")),
            epoch: now.as_second(),
            weekday: weekday(at.weekday()),
            hour: at.hour(),
            minute: at.minute(),
        }
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

static NO_TAGS: BTreeMap<Box<str>, Box<str>> = BTreeMap::new();

#[derive(serde::Serialize)]
struct Who<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    tags: &'a BTreeMap<Box<str>, Box<str>>,
}

impl<'a> Who<'a> {
    fn of(principal: &'a Principal) -> Self {
        match principal {
            Principal::Anonymous => Self::nobody("Anonymous"),
            Principal::Service(name) => Self {
                name: Some(name),
                ..Self::nobody("Service")
            },
            Principal::Known(caller) => Self::known(caller),
        }
    }

    fn nobody(r#type: &'static str) -> Self {
        Self {
            r#type,
            arn: None,
            principal_arn: None,
            account: None,
            user_id: None,
            name: None,
            tags: &NO_TAGS,
        }
    }

    /// The types are those of `aws:PrincipalType`.
    fn known(caller: &'a Caller) -> Self {
        let (r#type, name) = match &caller.kind {
            CallerKind::Root => ("Account", None),
            CallerKind::User { name } => ("User", Some(&**name)),
            CallerKind::RoleSession { role, .. } => ("AssumedRole", Some(&**role)),
            CallerKind::FederatedUser { name, .. } => ("FederatedUser", Some(&**name)),
        };
        Self {
            r#type,
            arn: Some(&caller.arn),
            principal_arn: Some(&caller.principal_arn),
            account: Some(caller.account.id.as_str()),
            user_id: Some(&caller.user_id),
            name,
            tags: &caller.tags,
        }
    }
}

#[derive(serde::Serialize)]
struct What {
    name: &'static str,
    log: &'static str,
    level: &'static str,
    writes: bool,
}

impl What {
    fn of(operation: &'static Operation, asked: &[(Action, Target)]) -> Self {
        Self {
            name: operation.name,
            log: operation.log,
            level: match operation.acts_on() {
                Level::Service => "service",
                Level::Account => "account",
                Level::ObjectLambda => "object_lambda",
                Level::Bucket => "bucket",
                Level::Object => "object",
            },
            writes: writes(operation, asked),
        }
    }
}

/// Whether it may change anything: so by its method, unless every permission it takes only reads (SelectObjectContent).
fn writes(operation: &Operation, asked: &[(Action, Target)]) -> bool {
    let reads = |(action, _): &(Action, Target)| {
        let name = action.name().split(':').nth(1).unwrap_or_default();
        name.starts_with("Get") || name.starts_with("List")
    };
    let safe = matches!(operation.method, "GET" | "HEAD" | "OPTIONS");
    !safe && (asked.is_empty() || !asked.iter().all(reads))
}

#[derive(serde::Serialize)]
struct Pair {
    action: &'static str,
    resource: String,
}

impl Pair {
    fn of((action, target): &(Action, Target)) -> Self {
        Self {
            action: action.name(),
            resource: target.arn(),
        }
    }
}

#[derive(serde::Serialize)]
struct Resource<'a> {
    arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'a str>,
    #[serde(serialize_with = "account")]
    owner: AccountId,
}

impl<'a> Resource<'a> {
    fn of(target: &'a Target, version_id: Option<&'a str>, owner: AccountId) -> Self {
        Self {
            arn: target.arn(),
            bucket: target.bucket_name(),
            key: target.key(),
            version_id,
            owner,
        }
    }
}

#[derive(serde::Serialize)]
struct Bucket<'a> {
    name: &'a str,
    #[serde(serialize_with = "account")]
    owner: AccountId,
    region: &'a str,
    upstream: &'a str,
}

impl<'a> Bucket<'a> {
    fn of(target: &'a Target, route: &'a Route, owner: AccountId) -> Option<Self> {
        Some(Self {
            name: target.bucket_name()?,
            owner,
            region: &route.region,
            upstream: &route.name,
        })
    }
}

fn account<S: Serializer>(account: &AccountId, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(account.as_str())
}
