//! Heads of answers: what the gateway says itself, and what it lets through of an upstream's.

use crate::record::RequestId;
use crate::upstream::answer::is_dropped;
use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION,
    TRANSFER_ENCODING, VARY,
};
use http::{Method, StatusCode, Version};
use pingora::http::ResponseHeader;
use portcullis_core::controls::cors::CorsHeaders;
use portcullis_core::s3::answer::{S3Error, Success, error_xml};
use portcullis_core::s3::names::Target;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");
const HOST_ID: HeaderName = HeaderName::from_static("x-amz-id-2");
const BUCKET_REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

/// The head and body of an error. A HEAD answer has the head alone.
pub(super) fn error(
    error: &S3Error,
    target: Option<&Target>,
    id: &RequestId,
    method: &Method,
) -> (ResponseHeader, Bytes) {
    let resource = target.map(|target| format!("/{}", target.as_str()));
    let body = match *method {
        Method::HEAD => Bytes::new(),
        _ => error_xml(
            error,
            resource.as_deref(),
            id.as_str(),
            id.host_id().as_str(),
        ),
    };
    let mut head = begin(error.code.status(), id);
    set(
        &mut head,
        CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    if *method != Method::HEAD {
        set(&mut head, CONTENT_LENGTH, body.len().into());
    }
    let region = error
        .details
        .iter()
        .find(|(element, _)| *element == "Region");
    if let Some(region) = region.and_then(|(_, region)| HeaderValue::from_str(region).ok()) {
        set(&mut head, BUCKET_REGION, region);
    }
    (head, body)
}

/// The head of a success the gateway composed.
pub(super) fn success(success: &Success, id: &RequestId) -> ResponseHeader {
    let mut head = begin(success.status, id);
    for (name, value) in &success.headers {
        set(&mut head, name.clone(), value.clone());
    }
    if success.status != StatusCode::NO_CONTENT {
        set(&mut head, CONTENT_LENGTH, success.body.len().into());
    }
    head
}

/// The head of a success that the gateway composed on top of an upstream's headers, and whose location is its own.
pub(super) fn stored(success: &Success, id: &RequestId) -> ResponseHeader {
    let mut head = whole(success.status, &success.headers, Some(&success.body), id);
    if let Some(location) = success.headers.get(LOCATION) {
        set(&mut head, LOCATION, location.clone());
    }
    head
}

/// An upstream's head as the client sees it; its body streams.
pub(super) fn streamed(from: &ResponseHeader, id: &RequestId, client: Version) -> ResponseHeader {
    let mut head = passed(from, id);
    if client != Version::HTTP_11 {
        // Chunks are HTTP/1.1's; for others the end of the connection is the end of the body.
        head.remove_header(&TRANSFER_ENCODING);
    }
    let framed =
        head.headers.contains_key(CONTENT_LENGTH) || head.headers.contains_key(TRANSFER_ENCODING);
    let bodiless = matches!(
        head.status,
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    );
    if !framed && !bodiless && client == Version::HTTP_11 {
        set(
            &mut head,
            TRANSFER_ENCODING,
            HeaderValue::from_static("chunked"),
        );
    }
    head
}

/// The same head with these.
pub(super) fn add(head: &mut ResponseHeader, headers: HeaderMap) {
    for (name, value) in headers {
        if let Some(name) = name {
            set(head, name, value);
        }
    }
}

/// An upstream's answer whose body is at hand, or the head alone (`None`), as the client sees it.
pub(super) fn whole(
    status: StatusCode,
    headers: &HeaderMap,
    body: Option<&Bytes>,
    id: &RequestId,
) -> ResponseHeader {
    let mut head = begin(status, id);
    let framing =
        |name: &HeaderName| [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, DATE].contains(name);
    for (name, value) in headers
        .iter()
        .filter(|(name, _)| !is_dropped(name) && !framing(name))
    {
        // A name that came from a parsed head is a name.
        let _ = head.append_header(name.clone(), value.clone());
    }
    if let Some(body) = body.filter(|_| status != StatusCode::NO_CONTENT) {
        set(&mut head, CONTENT_LENGTH, body.len().into());
    }
    head
}

/// The head of a success that begins before its document is there. `headers` are the upstream's, if it has begun too.
pub(super) fn begun(headers: &HeaderMap, id: &RequestId) -> ResponseHeader {
    let mut head = whole(StatusCode::OK, headers, None, id);
    set(
        &mut head,
        CONTENT_TYPE,
        HeaderValue::from_static("application/xml"),
    );
    set(
        &mut head,
        TRANSFER_ENCODING,
        HeaderValue::from_static("chunked"),
    );
    head
}

/// Puts what an answer says of CORS in the place of what an upstream said.
pub(super) fn say_cors(head: &mut ResponseHeader, said: Option<&CorsHeaders>) {
    for name in &CorsHeaders::NAMES {
        head.remove_header(name);
    }
    if let Some(said) = said {
        let mut headers = HeaderMap::new();
        for vary in head.headers.get_all(VARY) {
            headers.append(VARY, vary.clone());
        }
        said.put(&mut headers);
        for (name, value) in &headers {
            set(head, name.clone(), value.clone());
        }
    }
}

fn passed(from: &ResponseHeader, id: &RequestId) -> ResponseHeader {
    let mut head = from.clone();
    head.set_version(Version::HTTP_11);
    let dropped: Vec<HeaderName> = from
        .headers
        .keys()
        .filter(|name| is_dropped(name))
        .cloned()
        .collect();
    for name in &dropped {
        head.remove_header(name);
    }
    identify(&mut head, id);
    head
}

fn begin(status: StatusCode, id: &RequestId) -> ResponseHeader {
    let (mut parts, ()) = http::Response::new(()).into_parts();
    parts.status = status;
    let mut head = ResponseHeader::from(parts);
    identify(&mut head, id);
    head
}

fn identify(head: &mut ResponseHeader, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        set(head, REQUEST_ID, value);
    }
    if let Ok(value) = HeaderValue::from_str(id.host_id().as_str()) {
        set(head, HOST_ID, value);
    }
}

fn set(head: &mut ResponseHeader, name: HeaderName, value: HeaderValue) {
    // A name and a value that exist are legal.
    let _ = head.insert_header(name, value);
}
