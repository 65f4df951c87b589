//! The S3 server access log line: 27 fields.
//!
//! | # | field | from |
//! |---|---|---|
//! | 1 | bucket owner | canonical id of the account that owns the bucket |
//! | 2 | bucket | the target's |
//! | 3 | time | arrival, UTC |
//! | 4 | remote IP | the socket's peer |
//! | 5 | requester | ARN, or canonical id of a root user |
//! | 6 | request id | the exchange's |
//! | 7 | operation | the operation table's `log` |
//! | 8 | key | percent-encoded twice, slashes kept |
//! | 9 | request-URI | method, target with credentials masked, version |
//! | 10 | status | as sent |
//! | 11 | error code | as sent |
//! | 12 | bytes sent | of the body |
//! | 13 | object size | of the whole object |
//! | 14 | total time | milliseconds |
//! | 15 | turn-around time | milliseconds the upstream took |
//! | 16, 17 | referer, user agent | headers |
//! | 18 | version id | the one asked for |
//! | 19 | host id | `x-amz-id-2` |
//! | 20 | signature version | `SigV4` when the request was signed |
//! | 21 | cipher suite | OpenSSL's name, as S3 writes it |
//! | 22 | authentication type | `AuthHeader` or `QueryString` |
//! | 23 | host header | |
//! | 24 | TLS version | |
//! | 25 | access point ARN | of a request that came through one |
//! | 26 | aclRequired | `Yes` if a grant of an ACL was needed, or an object gets one that gives to others |
//! | 27 | source region | always `-` |
//!
//! DeleteObjects adds a line per key, a copy one for its source.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>

use super::draft::{BatchItem, CopyFrom, Record, RequestLine, Tls};
use super::escape;
use http::{StatusCode, Version};
use jiff::Timestamp;
use jiff::tz::Offset;
use portcullis_core::admission::{Auth, TlsVersion};
use std::io::Write as _;
use std::time::Duration;

/// Appends the record's lines, each with its newline.
pub(super) fn render(out: &mut Vec<u8>, record: &Record) {
    main_line(out, record);
    if let Some(copy) = &record.exchange.copy {
        copy_line(out, record, copy);
    }
    for item in &record.batch {
        batch_line(out, record, item);
    }
}

/// The fields in which the lines of one record differ.
struct Line<'a> {
    owner: Option<&'a str>,
    bucket: Option<&'a str>,
    operation: Option<(&'a str, &'static str)>,
    key: Option<&'a str>,
    status: Option<StatusCode>,
    error_code: Option<&'a str>,
    version_id: Option<&'a str>,
}

fn main_line(out: &mut Vec<u8>, record: &Record) {
    let exchange = &record.exchange;
    let target = exchange.labels.target.as_ref();
    let line = Line {
        owner: owner(record),
        bucket: target.and_then(|target| target.bucket_name()),
        operation: exchange.labels.operation.map(|row| (row.log, "")),
        key: target.and_then(|target| target.key()),
        status: exchange.sent.status,
        error_code: exchange.sent.error_code.as_deref(),
        version_id: exchange.labels.version_id.as_deref(),
    };
    opening(out, record, &line);
    request_uri(out, &exchange.request);
    answer(out, &line);
    count(out, Some(exchange.sent.bytes).filter(|bytes| *bytes > 0));
    count(out, exchange.sent.object_size);
    count(out, Some(milliseconds(exchange.total)));
    count(out, exchange.turn_around.map(milliseconds));
    client(out, &exchange.request);
    closing(out, record, &line);
}

/// The read of the source that a copy makes, under the source's names.
fn copy_line(out: &mut Vec<u8>, record: &Record, copy: &CopyFrom) {
    let exchange = &record.exchange;
    let line = Line {
        owner: copy.owner.as_ref().map(|owner| &*owner.canonical_id),
        bucket: copy.source.target.bucket_name(),
        operation: exchange.labels.operation.map(|row| (row.log, "_GET")),
        key: copy.source.target.key(),
        status: exchange.sent.status,
        error_code: exchange.sent.error_code.as_deref(),
        version_id: copy.source.version_id.as_deref(),
    };
    opening(out, record, &line);
    request_uri(out, &exchange.request);
    answer(out, &line);
    count(out, None);
    count(out, exchange.sent.object_size);
    count(out, Some(milliseconds(exchange.total)));
    count(out, exchange.turn_around.map(milliseconds));
    client(out, &exchange.request);
    closing(out, record, &line);
}

/// One deleted key. It has no HTTP request of its own, so the quoted fields are bare hyphens.
fn batch_line(out: &mut Vec<u8>, record: &Record, item: &BatchItem) {
    let target = record.exchange.labels.target.as_ref();
    let line = Line {
        owner: owner(record),
        bucket: target.and_then(|target| target.bucket_name()),
        operation: Some(("BATCH.DELETE.OBJECT", "")),
        key: Some(&item.key),
        status: item.status,
        error_code: item.error_code.as_deref(),
        version_id: item.version_id.as_deref(),
    };
    opening(out, record, &line);
    out.extend_from_slice(b"- ");
    answer(out, &line);
    // Bytes, size, total, turn-around, referer, user agent.
    out.extend_from_slice(b"- - - - - - ");
    closing(out, record, &line);
}

fn owner(record: &Record) -> Option<&str> {
    let owner = record.exchange.labels.owner.as_ref()?;
    Some(&owner.canonical_id)
}

/// Fields 1 to 8.
fn opening(out: &mut Vec<u8>, record: &Record, line: &Line<'_>) {
    let exchange = &record.exchange;
    text(out, line.owner);
    text(out, line.bucket);
    time(out, exchange.arrived);
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{} ", exchange.peer);
    text(out, record.requester());
    out.extend_from_slice(exchange.id.as_str().as_bytes());
    out.push(b' ');
    match line.operation {
        Some((name, suffix)) => {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(suffix.as_bytes());
            out.push(b' ');
        }
        None => text(out, None),
    }
    match line.key {
        Some(key) => {
            escape::key(out, key);
            out.push(b' ');
        }
        None => text(out, None),
    }
}

/// Fields 10 and 11.
fn answer(out: &mut Vec<u8>, line: &Line<'_>) {
    count(out, line.status.map(|status| status.as_u16().into()));
    text(out, line.error_code);
}

/// Fields 16 and 17.
fn client(out: &mut Vec<u8>, request: &RequestLine) {
    out.push(b'"');
    match &request.referer {
        Some(referer) => escape::uri(out, &referer.0),
        None => out.push(b'-'),
    }
    out.extend_from_slice(b"\" \"");
    match &request.user_agent {
        Some(agent) => escape::quoted(out, agent.as_bytes()),
        None => out.push(b'-'),
    }
    out.extend_from_slice(b"\" ");
}

/// Fields 18 to 27.
fn closing(out: &mut Vec<u8>, record: &Record, line: &Line<'_>) {
    let exchange = &record.exchange;
    text(out, line.version_id);
    out.extend_from_slice(record.host_id.as_str().as_bytes());
    out.push(b' ');
    let kind = authentication_type(exchange.labels.auth);
    text(out, kind.map(|_| SIGNATURE_VERSION));
    text(out, exchange.tls.as_ref().map(cipher_name));
    text(out, kind);
    match &exchange.request.host {
        Some(host) => escape::bare(out, host.as_bytes()),
        None => out.push(b'-'),
    }
    out.push(b' ');
    text(
        out,
        exchange.tls.as_ref().map(|tls| version_name(tls.version)),
    );
    let target = exchange.labels.target.as_ref();
    text(out, target.and_then(|target| target.access_point_arn()));
    text(out, acl_required(record));
    out.extend_from_slice(b"-\n");
}

/// S3's word for that an ACL was needed.
pub(super) fn acl_required(record: &Record) -> Option<&'static str> {
    record.exchange.labels.acl_required.then_some("Yes")
}

/// The only signature version there is.
pub(super) const SIGNATURE_VERSION: &str = "SigV4";

/// S3's name for how a request was signed; none when it was not.
pub(super) fn authentication_type(auth: Option<Auth>) -> Option<&'static str> {
    match auth? {
        Auth::Header => Some("AuthHeader"),
        Auth::Presigned => Some("QueryString"),
        // AWS's page on the log names no value for forms.
        Auth::Form => Some("HtmlForm"),
        // A listener with a fixed principal verifies no signature.
        Auth::Anonymous | Auth::Listener => None,
    }
}

/// The version as S3 writes it.
pub(super) fn version_name(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::V1_2 => "TLSv1.2",
        TlsVersion::V1_3 => "TLSv1.3",
    }
}

/// OpenSSL's name of the cipher suite, which is what S3 logs; rustls uses the registry's.
pub(super) fn cipher_name(tls: &Tls) -> &str {
    match &*tls.cipher {
        "TLS13_AES_128_GCM_SHA256" => "TLS_AES_128_GCM_SHA256",
        "TLS13_AES_256_GCM_SHA384" => "TLS_AES_256_GCM_SHA384",
        "TLS13_CHACHA20_POLY1305_SHA256" => "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256" => "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" => "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" => "ECDHE-ECDSA-CHACHA20-POLY1305",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" => "ECDHE-RSA-AES128-GCM-SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" => "ECDHE-RSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" => "ECDHE-RSA-CHACHA20-POLY1305",
        other => other,
    }
}

/// Whole milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Field 9 with its quotes.
fn request_uri(out: &mut Vec<u8>, request: &RequestLine) {
    out.push(b'"');
    request_line(out, request);
    out.extend_from_slice(b"\" ");
}

/// Method, target and version; a hyphen when the head could not be read.
pub(super) fn request_line(out: &mut Vec<u8>, request: &RequestLine) {
    let Some(method) = &request.method else {
        return out.push(b'-');
    };
    out.extend_from_slice(method.as_str().as_bytes());
    out.push(b' ');
    escape::uri(out, &request.target.0);
    out.extend_from_slice(match request.version {
        Version::HTTP_10 => b" HTTP/1.0",
        _ => b" HTTP/1.1",
    });
}

fn text(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => escape::bare(out, value.as_bytes()),
        None => out.push(b'-'),
    }
    out.push(b' ');
}

fn count(out: &mut Vec<u8>, value: Option<u64>) {
    match value {
        Some(value) => escape::number(out, value),
        None => out.push(b'-'),
    }
    out.push(b' ');
}

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// Field 3: `[06/Feb/2019:00:00:38 +0000]`.
fn time(out: &mut Vec<u8>, at: Timestamp) {
    let at = Offset::UTC.to_datetime(at);
    out.push(b'[');
    two(out, at.day());
    out.push(b'/');
    let month = usize::try_from(at.month() - 1).unwrap_or_default();
    out.extend_from_slice(MONTHS.get(month).copied().unwrap_or(b"Jan"));
    out.push(b'/');
    escape::padded(out, u64::try_from(at.year()).unwrap_or(0), 4);
    for part in [at.hour(), at.minute(), at.second()] {
        out.push(b':');
        two(out, part);
    }
    out.extend_from_slice(b" +0000] ");
}

fn two(out: &mut Vec<u8>, value: i8) {
    escape::padded(out, u64::try_from(value).unwrap_or(0), 2);
}
