//! One JSON object per exchange.
//!
//! The first 27 names are those of S3's own structured log; a value that does not apply is `null`.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/sal-cw-log-format.html>
//!
//! | name | is |
//! |---|---|
//! | `bucket_owner_id` | canonical id of the account that owns the bucket |
//! | `bucket_name` | the target's |
//! | `request_time` | arrival, UTC, `2019-02-06T00:00:38.123Z` |
//! | `remote_ip` | the socket's peer |
//! | `requester` | ARN, or canonical id of a root user |
//! | `request_id` | `x-amz-request-id` |
//! | `operation` | `REST.GET.OBJECT` |
//! | `key_name` | the key, decoded |
//! | `request_uri` | method, target with credentials masked, version |
//! | `http_status`, `error_code` | as sent |
//! | `bytes_sent`, `object_size` | bytes |
//! | `total_time`, `turn_around_time` | milliseconds |
//! | `referer`, `user_agent` | headers, escaped as in the log line |
//! | `version_id` | the one asked for |
//! | `host_id` | `x-amz-id-2` |
//! | `signature_version`, `authentication_type` | when the request was signed |
//! | `cipher_suite`, `tls_version` | of the client's connection |
//! | `host_header` | escaped as in the log line |
//! | `access_point_arn` | of a request that came through an access point |
//! | `acl_required` | `"Yes"` if a grant of an ACL was needed, or an object gets one that gives to others |
//! | `source_region` | always `null` |
//!
//! What follows is ours; a value that does not apply is left out.
//!
//! | name | is |
//! |---|---|
//! | `operation_name` | `GetObject` |
//! | `instance`, `listener` | which gateway, which listener |
//! | `auth` | `anonymous`, `header`, `presigned`, `form`, `listener` |
//! | `access_key_id` | of the key presented |
//! | `principal` | the caller's ARN |
//! | `bytes_received` | bytes of the request's body |
//! | `ending` | how the exchange ended |
//! | `upstream` | `name`, `attempts`, `status`, `request_id`, `id_2`, and `error` if it failed |
//! | `decision` | `verdict`, `missing`, `action`, `resource`, and the deciding statement: `layer`, `sid`, `file`, `line`, `statement`; `with` is the statement of the caller's own side; `revision` of the policies in force; and of a refusal `reason` |
//! | `decision.reason` | `kind`: `explicit_deny`, `nearest_allow`, `no_statement`, `unknown`; the statement it is about: `layer`, `sid`, `file`, `line`, `statement`; and its parts below |
//! | `….conditions` | those that matched, failed or are not known: `operator`, `key`, `wanted`, `found` (`null`: absent), `outcome`: `holds`, `does_not_hold`, `undecidable`, `unknown`; `more_conditions` counts those cut |
//! | `….resource`, `….action`, `….principal` | if it failed, or matched by NotResource, NotAction, NotPrincipal: `element`, `wanted`, `found`, and `outcome` or how the caller is `named` |
//! | `….not_examined` | of `nearest_allow` and `no_statement`: how many statements about the action were not looked at |
//! | `decision.mode` | of the listener, always there: `enforce`, `observe`. What `observe` let pass has the verdict `allow` and no statement |
//! | `decision.would_deny`, `….would_allow` | `true`: enforcement, or the policies in shadow, would have decided otherwise about the request or a key of it |
//! | `decision.observed` | what passed only because the listener observes: `verdict`, `missing`, `action`, `resource` of the first permission as enforcement decides it; `count` is 1, of DeleteObjects the number of keys |
//! | `decision.shadow` | what policies in shadow would change: `would_deny`, `would_allow`, `unknown` count requests or keys; `differences` lists the first of `kind` (`would_deny`, `would_allow`, `denied_otherwise`, `unknown`), `action`, `resource`, `live`, `shadow`; `more_differences` counts the others |
//! | `object_lock` | what of Object Lock stood in the way; of the keys of DeleteObjects, of the first |
//! | `guardrails` | why rules in Rego refused: `refusals`, each with `message`, `code`, `file`; or `failure`, why they could not be judged by. `decision` then has the `layer` `rego` and the first refusal's code as `sid` |
//! | `permissions` | each permission that had to be allowed, in order: `action`, `resource`, `allowed`; those of the keys of DeleteObjects are not among them |
//! | `copy_source` | `bucket_name`, `key_name`, `version_id` |
//! | `deleted` | of DeleteObjects, per key: `key_name`, `version_id`, `http_status`, `error_code`, and `reason`, a text, if policies refused it |

mod lists;
mod modes;
mod one_line;

use super::draft::{BatchItem, CopyFrom, Ending, LoggedUri, Record, RequestLine, UpstreamUse};
use super::escape;
use super::line;
use super::names::auth_name;
use http::HeaderValue;
use jiff::Timestamp;
use jiff::tz::Offset;
use modes::JsonDecided;
use one_line::OneLine;
use portcullis_core::admission::rego::Ruling;
use portcullis_core::admission::{Asked, Permission};
use portcullis_core::identity::Principal;
use portcullis_core::policy::{Deciding, Missing, Reason};
use serde::{Serialize, Serializer};
use std::net::IpAddr;

/// Appends the record's object and a newline.
pub(super) fn render(out: &mut Vec<u8>, record: &Record) {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, OneLine);
    // Every value below serialises, and writing to a Vec cannot fail.
    let _ = JsonRecord::of(record).serialize(&mut serializer);
    out.push(b'\n');
}

#[derive(Serialize)]
struct JsonRecord<'a> {
    bucket_owner_id: Option<&'a str>,
    bucket_name: Option<&'a str>,
    #[serde(serialize_with = "time")]
    request_time: Timestamp,
    remote_ip: IpAddr,
    requester: Option<&'a str>,
    request_id: &'a str,
    operation: Option<&'static str>,
    key_name: Option<&'a str>,
    #[serde(serialize_with = "request_uri")]
    request_uri: &'a RequestLine,
    http_status: Option<u16>,
    error_code: Option<&'a str>,
    bytes_sent: u64,
    object_size: Option<u64>,
    total_time: u64,
    turn_around_time: Option<u64>,
    #[serde(serialize_with = "uri")]
    referer: Option<&'a LoggedUri>,
    #[serde(serialize_with = "quoted")]
    user_agent: Option<&'a HeaderValue>,
    version_id: Option<&'a str>,
    host_id: &'a str,
    signature_version: Option<&'static str>,
    cipher_suite: Option<&'a str>,
    authentication_type: Option<&'static str>,
    #[serde(serialize_with = "bare")]
    host_header: Option<&'a HeaderValue>,
    tls_version: Option<&'static str>,
    access_point_arn: Option<&'a str>,
    acl_required: Option<&'static str>,
    source_region: (),
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_name: Option<&'static str>,
    instance: &'a str,
    listener: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    bytes_received: u64,
    ending: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<JsonUpstream<'a>>,
    decision: JsonDecided<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object_lock: Option<String>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "lists::guardrails"
    )]
    guardrails: Option<&'a Ruling>,
    #[serde(
        skip_serializing_if = "<[_]>::is_empty",
        serialize_with = "lists::permissions"
    )]
    permissions: &'a [Permission],
    #[serde(skip_serializing_if = "Option::is_none")]
    copy_source: Option<JsonSource<'a>>,
    #[serde(
        skip_serializing_if = "<[_]>::is_empty",
        serialize_with = "lists::items"
    )]
    deleted: &'a [BatchItem],
}

#[derive(Serialize)]
struct JsonUpstream<'a> {
    name: &'a str,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "quoted")]
    request_id: Option<&'a HeaderValue>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "quoted")]
    id_2: Option<&'a HeaderValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

#[derive(Serialize)]
struct JsonDecision<'a> {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'static str>,
    action: &'static str,
    resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    statement: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<JsonStatement<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Reason>,
}

#[derive(Serialize)]
struct JsonStatement<'a> {
    layer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    file: &'a str,
    line: u32,
    statement: usize,
}

#[derive(Serialize)]
struct JsonSource<'a> {
    bucket_name: Option<&'a str>,
    key_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'a str>,
}

impl<'a> JsonRecord<'a> {
    fn of(record: &'a Record) -> Self {
        let exchange = &record.exchange;
        let labels = &exchange.labels;
        let target = labels.target.as_ref();
        let signed = line::authentication_type(labels.auth);
        Self {
            bucket_owner_id: labels.owner.as_ref().map(|owner| &*owner.canonical_id),
            bucket_name: target.and_then(|target| target.bucket_name()),
            request_time: exchange.arrived,
            remote_ip: exchange.peer,
            requester: record.requester(),
            request_id: exchange.id.as_str(),
            operation: labels.operation.map(|row| row.log),
            key_name: target.and_then(|target| target.key()),
            request_uri: &exchange.request,
            http_status: exchange.sent.status.map(|status| status.as_u16()),
            error_code: exchange.sent.error_code.as_deref(),
            bytes_sent: exchange.sent.bytes,
            object_size: exchange.sent.object_size,
            total_time: line::milliseconds(exchange.total),
            turn_around_time: exchange.turn_around.map(line::milliseconds),
            referer: exchange.request.referer.as_ref(),
            user_agent: exchange.request.user_agent.as_ref(),
            version_id: labels.version_id.as_deref(),
            host_id: record.host_id.as_str(),
            signature_version: signed.map(|_| line::SIGNATURE_VERSION),
            cipher_suite: exchange.tls.as_ref().map(line::cipher_name),
            authentication_type: signed,
            host_header: exchange.request.host.as_ref(),
            tls_version: exchange
                .tls
                .as_ref()
                .map(|tls| line::version_name(tls.version)),
            access_point_arn: target.and_then(|target| target.access_point_arn()),
            acl_required: line::acl_required(record),
            source_region: (),
            operation_name: labels.operation.map(|row| row.name),
            instance: &exchange.instance,
            listener: &exchange.listener,
            auth: labels.auth.map(auth_name),
            access_key_id: labels.access_key.as_ref().map(|key| &*key.0),
            principal: principal_arn(&labels.principal),
            bytes_received: exchange.bytes_received,
            ending: record.ending.name(),
            upstream: exchange
                .upstream
                .as_ref()
                .map(|upstream| JsonUpstream::of(upstream, record.ending)),
            decision: JsonDecided::of(labels, &exchange.revision),
            object_lock: labels.locked.map(|why| why.to_string()),
            guardrails: labels.rego.as_ref(),
            permissions: &labels.permissions,
            copy_source: exchange.copy.as_ref().map(JsonSource::of),
            deleted: &record.batch,
        }
    }
}

impl<'a> JsonUpstream<'a> {
    fn of(upstream: &'a UpstreamUse, ending: Ending) -> Self {
        Self {
            name: &upstream.name,
            attempts: upstream.attempts,
            status: upstream.status.map(|status| status.as_u16()),
            request_id: upstream.request_id.as_ref(),
            id_2: upstream.id_2.as_ref(),
            error: match ending {
                Ending::UpstreamFailed(error) => Some(error.name()),
                Ending::Answered
                | Ending::Refused
                | Ending::FrontRefused
                | Ending::BodyRefused
                | Ending::ClientAborted
                | Ending::Failed => None,
            },
        }
    }
}

impl<'a> JsonDecision<'a> {
    fn of(asked: &'a Asked) -> Self {
        let decision = &asked.decision;
        let by = decision.by.as_ref();
        Self {
            verdict: decision.verdict.name(),
            missing: decision.verdict.missing().map(Missing::name),
            action: asked.action,
            resource: asked.resource.arn(),
            layer: by.map(|by| by.layer.name()),
            sid: by.and_then(|by| by.sid.as_deref()),
            file: by
                .map(|by| &*by.origin.source)
                .filter(|file| !file.is_empty()),
            // Only statements have a place.
            line: by.map(|by| by.line).filter(|line| *line > 0),
            statement: by.filter(|by| by.line > 0).map(|by| by.statement),
            with: decision.with.as_ref().map(JsonStatement::of),
            reason: asked.reason.as_deref(),
        }
    }
}

impl<'a> JsonStatement<'a> {
    fn of(deciding: &'a Deciding) -> Self {
        Self {
            layer: deciding.layer.name(),
            sid: deciding.sid.as_deref(),
            file: &deciding.origin.source,
            line: deciding.line,
            statement: deciding.statement,
        }
    }
}

impl<'a> JsonSource<'a> {
    fn of(copy: &'a CopyFrom) -> Self {
        Self {
            bucket_name: copy.source.target.bucket_name(),
            key_name: copy.source.target.key(),
            version_id: copy.source.version_id.as_deref(),
        }
    }
}

fn principal_arn(principal: &Principal) -> Option<&str> {
    match principal {
        Principal::Anonymous => None,
        Principal::Service(name) => Some(name),
        Principal::Known(caller) => Some(&caller.arn),
    }
}

fn time<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    let at = Offset::UTC.to_datetime(*at);
    let date = [i64::from(at.month()), i64::from(at.day())];
    let clock = [at.hour(), at.minute(), at.second()].map(i64::from);
    escaped(to, |out| {
        digits(out, at.year().into(), 4);
        date.into_iter().for_each(|part| {
            out.push(b'-');
            digits(out, part, 2);
        });
        clock.into_iter().zip(b"T::").for_each(|(part, before)| {
            out.push(*before);
            digits(out, part, 2);
        });
        out.push(b'.');
        digits(out, at.millisecond().into(), 3);
        out.push(b'Z');
    })
}

fn digits(out: &mut Vec<u8>, value: i64, width: usize) {
    escape::padded(out, u64::try_from(value).unwrap_or_default(), width);
}

fn request_uri<S: Serializer>(request: &&RequestLine, to: S) -> Result<S::Ok, S::Error> {
    if request.method.is_none() {
        return to.serialize_none();
    }
    escaped(to, |out| line::request_line(out, request))
}

fn uri<S: Serializer>(uri: &Option<&LoggedUri>, to: S) -> Result<S::Ok, S::Error> {
    match uri {
        Some(uri) => escaped(to, |out| escape::uri(out, &uri.0)),
        None => to.serialize_none(),
    }
}

fn quoted<S: Serializer>(header: &Option<&HeaderValue>, to: S) -> Result<S::Ok, S::Error> {
    match header {
        Some(header) => escaped(to, |out| escape::quoted(out, header.as_bytes())),
        None => to.serialize_none(),
    }
}

fn bare<S: Serializer>(header: &Option<&HeaderValue>, to: S) -> Result<S::Ok, S::Error> {
    match header {
        Some(header) => escaped(to, |out| escape::bare(out, header.as_bytes())),
        None => to.serialize_none(),
    }
}

fn escaped<S: Serializer>(to: S, write: impl FnOnce(&mut Vec<u8>)) -> Result<S::Ok, S::Error> {
    let mut text = Vec::with_capacity(256);
    write(&mut text);
    // Escaping leaves ASCII alone.
    to.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
}
