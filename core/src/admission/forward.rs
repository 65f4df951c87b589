//! What goes upstream: the path, query and headers of a request that was allowed. Only here, and in [`own`](super::own) for what
//! the gateway asks of its own accord, is a [`Permit`] made.

use super::authorise::Granted;
use super::legality::Case;
use super::{Chunks, Keeping, Locks, Permit, RecordChange, Route, Run, locks};
use crate::controls::settings::SettingKind;
use crate::request::{encode_path, encode_query_component};
use crate::s3::headers::{ACL, BYPASS_GUARD, Disposition, HeaderRule, LOCK};
use crate::s3::operations::{Checksum, OperationId, PayloadKind};
use crate::sigv4::payload::{self, Algorithm, BodyPlan, Chunking, Hasher, Wrapping};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use md5::{Digest, Md5};

const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");
/// Says that a new bucket is to have Object Lock.
const NEW_BUCKET_LOCK: &str = "x-amz-bucket-object-lock-enabled";
const TRAILER: HeaderName = HeaderName::from_static("x-amz-trailer");

/// Makes the permit of a request that passed every check.
pub(super) fn permit(case: &Case<'_>, body: BodyPlan, granted: Granted) -> Permit {
    let target = &case.request.target;
    if let Run::Settle(_) | Run::OnObject(_) = &granted.run {
        let bucket = target.bucket_name().unwrap_or_default();
        let version = case
            .request
            .query
            .get("versionId")
            .map(encode_query_component);
        return Permit {
            upstream: case.route,
            key: target.key().map(encode_path).unwrap_or_default(),
            query: version.map_or_else(String::new, |version| format!("versionId={version}")),
            run: granted.run,
            conceal_missing: granted.conceal_missing,
            keeping: granted.keeping.map(Box::new),
            ..Permit::look_up(0, Method::HEAD, bucket)
        };
    }
    let mut headers = forwarded_headers(case);
    if let (Checksum::Required, Run::Buffered(document)) =
        (case.request.operation.checksum, &granted.run)
    {
        say_md5(&mut headers, document);
    }
    if case.passes_locks() {
        headers.extend(bypass(case));
        if let Some(keeping) = &granted.keeping {
            say_lock(&mut headers, keeping);
        }
    }
    let wrapping = wrapping(case, &body);
    match wrapping {
        Some(wrapping) => say_wrapped(case, &mut headers, wrapping),
        None => say_checksum_of_nothing(case, &mut headers, &body),
    }
    Permit {
        upstream: case.route,
        method: method(case),
        bucket: target.bucket_name().unwrap_or_default().to_owned(),
        key: target.key().map(encode_path).unwrap_or_default(),
        query: match &granted.run {
            // The gateway asks for all buckets and makes the page itself.
            Run::ListBuckets(_) => String::new(),
            _ => case.request.query.upstream(),
        },
        headers,
        body,
        wrapping,
        run: granted.run,
        conceal_missing: granted.conceal_missing,
        keeping: granted.keeping.map(Box::new),
    }
}

/// Makes the permit by which a store that keeps locks is told of an allowed call on one: a Retention or LegalHold document
/// for the version that was asked for.
pub(super) fn lock(case: &Case<'_>, document: Bytes) -> Permit {
    let target = &case.request.target;
    let mut headers = HeaderMap::new();
    headers.extend(bypass(case));
    say_md5(&mut headers, &document);
    Permit {
        upstream: case.route,
        method: Method::PUT,
        key: target.key().map(encode_path).unwrap_or_default(),
        query: case.request.query.upstream(),
        headers,
        run: Run::Buffered(document),
        ..Permit::look_up(0, Method::PUT, target.bucket_name().unwrap_or_default())
    }
}

/// A lock that the gateway gives a new object, for a store that keeps locks too.
fn say_lock(headers: &mut HeaderMap, keeping: &Keeping) {
    let record = match &keeping.change {
        RecordChange::Write(record) | RecordChange::Begin(record) => record,
        RecordChange::Complete { .. } | RecordChange::Abort(_) | RecordChange::Delete(_) => return,
    };
    headers.extend(locks::shown(record));
}

/// The header that asks for bypass, for a store that keeps locks too.
fn bypass(case: &Case<'_>) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_static("x-amz-bypass-governance-retention");
    let value = case.head.headers.get(&name)?.clone();
    Some((name, value))
}

/// Stores know an upload by this method, and forms hardly.
fn method(case: &Case<'_>) -> Method {
    match case.request.operation.id {
        OperationId::PostObject => Method::PUT,
        _ => case.head.method.clone(),
    }
}

fn forwarded_headers(case: &Case<'_>) -> HeaderMap {
    let mut forwarded = HeaderMap::with_capacity(case.head.headers.len());
    for (name, value) in case.head.headers {
        if is_kept(case, name) {
            continue;
        }
        let value = match case.request.operation.disposition(name.as_str()) {
            Some(Disposition::Forward) => Some(value.clone()),
            Some(Disposition::Rewrite) => rewritten(case, name, value),
            _ if is_left(case, name) => Some(value.clone()),
            Some(Disposition::Consume | Disposition::Later) | None => None,
        };
        if let Some(value) = value {
            forwarded.append(name.clone(), value);
        }
    }
    forwarded
}

/// Whether a header is about tags that the gateway keeps.
fn is_kept(case: &Case<'_>, name: &HeaderName) -> bool {
    name.as_str().starts_with("x-amz-tagging") && case.keeps_tags()
}

/// Whether a header is for the store because the setting it is about is the store's.
fn is_left(case: &Case<'_>, name: &HeaderName) -> bool {
    let of = |rules: &[HeaderRule]| rules.iter().any(|rule| rule.covers(name.as_str()));
    let kind = match name {
        _ if *name == ORIGIN => SettingKind::Cors,
        _ if of(ACL) => SettingKind::Acl,
        _ if of(LOCK) || of(BYPASS_GUARD) || name.as_str() == NEW_BUCKET_LOCK => {
            SettingKind::ObjectLock
        }
        _ if name.as_str() == "x-amz-object-ownership" => SettingKind::Ownership,
        _ => return false,
    };
    let new_bucket = name.as_str() == NEW_BUCKET_LOCK;
    let passed = |route: &Route| route.locks == Locks::Passed;
    case.leaves(kind) || new_bucket && case.route().is_some_and(passed)
}

/// The frames of an object's bytes, as the upstream's setting wants them. Bytes whose hash the client said go under that.
///
/// A checksum that comes behind the bytes goes on behind them where the store takes it there: who began an upload by naming
/// an algorithm must send one with every part.
fn wrapping(case: &Case<'_>, body: &BodyPlan) -> Option<Wrapping> {
    let streams = case.request.operation.payload == PayloadKind::Stream;
    if !streams || body.length == 0 || body.digest.is_some() {
        return None;
    }
    let passed = body.trailer.filter(|_| takes_trailers(case));
    let chunking = match case.route()?.chunks {
        Chunks::Plain => None,
        Chunks::Passed => passed.map(Chunking::PassedTrailer),
        Chunks::Trailer => passed
            .map(Chunking::PassedTrailer)
            .or_else(|| own_trailer(case, body)),
        Chunks::Signed => Some(Chunking::Signed(passed)),
    };
    Some(Wrapping {
        length: body.length,
        chunking: chunking?,
    })
}

/// Where the client gave no checksum. A part gets none: an upload takes only the algorithm that it was begun with. Of the
/// algorithms, CRC32 is the one that every store knows which takes a trailer.
fn own_trailer(case: &Case<'_>, body: &BodyPlan) -> Option<Chunking> {
    let whole = case.request.operation.id == OperationId::PutObject;
    let none = body.checksum.is_none() && body.trailer.is_none();
    (whole && none).then_some(Chunking::OwnTrailer(Algorithm::Crc32))
}

fn takes_trailers(case: &Case<'_>) -> bool {
    case.route().is_some_and(|route| route.profile.trailers)
}

fn say_wrapped(case: &Case<'_>, headers: &mut HeaderMap, wrapping: Wrapping) {
    headers.insert(DECODED_LENGTH, wrapping.length.into());
    if let Some(algorithm) = wrapping.trailer() {
        headers.insert(TRAILER, HeaderValue::from_static(algorithm.header()));
    }
    // Other stores would keep it with the object, and know signed chunks without it.
    if takes_trailers(case) {
        say_encoded(headers);
    }
}

fn say_encoded(headers: &mut HeaderMap) {
    let kept = headers.get(CONTENT_ENCODING);
    let kept = kept.and_then(|value| value.to_str().ok());
    let encoding = kept.map_or_else(
        || "aws-chunked".to_owned(),
        |kept| format!("aws-chunked,{kept}"),
    );
    if let Ok(encoding) = HeaderValue::try_from(encoding) {
        headers.insert(CONTENT_ENCODING, encoding);
    }
}

/// Behind no bytes nothing comes; the checksum of nothing stands in the head instead.
fn say_checksum_of_nothing(case: &Case<'_>, headers: &mut HeaderMap, body: &BodyPlan) {
    let Some(algorithm) = body.trailer.filter(|_| takes_trailers(case)) else {
        return;
    };
    if body.length == 0 {
        let value = BASE64_STANDARD.encode(Hasher::new(algorithm).finish());
        let name = HeaderName::from_static(algorithm.header());
        headers.extend(HeaderValue::try_from(value).map(|value| (name, value)));
    }
}

/// A document may have come with a checksum behind it, which is not sent on, or with one that an older store does not
/// look for; every store that wants one knows this.
pub(super) fn say_md5(headers: &mut HeaderMap, document: &[u8]) {
    if headers.contains_key("content-md5") {
        return;
    }
    let md5 = BASE64_STANDARD.encode(Md5::digest(document));
    let value = HeaderValue::try_from(md5);
    headers.extend(value.map(|value| (HeaderName::from_static("content-md5"), value)));
}

/// The value the gateway sends in place of the client's. Lengths and digests of bodies are the signer's to say.
fn rewritten(case: &Case<'_>, name: &HeaderName, value: &HeaderValue) -> Option<HeaderValue> {
    match name.as_str() {
        "x-amz-copy-source" => {
            HeaderValue::try_from(case.request.copy_source.as_ref()?.to_header()).ok()
        }
        _ if name == CONTENT_ENCODING => {
            let kept = payload::content_encoding_without_aws_chunked(value.to_str().ok()?)?;
            HeaderValue::from_str(&kept).ok()
        }
        _ => None,
    }
}
