//! Answers and records of what the front refuses before it is a request.

use super::entry::Entry;
use super::front::{HeadSketch, Refusal, Refuser};
use super::{Gateway, clock, reply};
use crate::record::{Draft, Ending, LoggedUri, Tls};
use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderValue, Method};
use portcullis_core::s3::answer::S3Error;
use portcullis_core::s3::errors::ErrorCode;
use std::sync::Arc;

/// The gateway, as the front's refuser.
pub(super) struct Refusals(pub(super) Arc<Gateway>);

impl Refuser for Refusals {
    fn refuse(&self, refusal: Refusal, head: &HeadSketch<'_>) -> Bytes {
        let gateway = &self.0;
        gateway.metrics.front_refusal(refusal.name());
        let snapshot = gateway.snapshot.load_full();
        let door = snapshot.listeners.get(head.origin.listener);
        let listener = door.map(|door| door.name.clone()).unwrap_or_default();
        let peer = head.origin.peer.ip();
        let mut draft = Draft::begin(
            &gateway.ids,
            clock::now(),
            peer,
            listener,
            gateway.instance.clone(),
        );
        let method = head
            .method
            .and_then(|method| Method::from_bytes(method).ok());
        draft.request.method.clone_from(&method);
        draft.request.target = LoggedUri(Bytes::copy_from_slice(head.target.unwrap_or_default()));
        draft.request.host = head
            .host
            .and_then(|host| HeaderValue::from_bytes(host).ok());
        draft.request.user_agent = head
            .user_agent
            .and_then(|agent| HeaderValue::from_bytes(agent).ok());
        draft.tls = head.origin.tls.map(|tls| Tls {
            version: tls.version,
            cipher: tls.cipher.into(),
        });
        let error = error(refusal);
        draft.sent.status = Some(error.code.status());
        draft.sent.error_code = Some(error.code.name().into());
        let (response, body) =
            reply::error(&error, None, &draft.id, &method.unwrap_or(Method::GET));
        draft.sent.bytes = body.len() as u64;
        let mut entry = Entry::begin(
            gateway.clone(),
            snapshot.listeners.clone(),
            head.origin.listener,
            draft,
            head.began,
        );
        entry.end(Ending::FrontRefused);
        wire(&response, &body)
    }
}

fn error(refusal: Refusal) -> S3Error {
    let code = match refusal {
        Refusal::TooLarge => ErrorCode::RequestHeaderSectionTooLarge,
        Refusal::Timeout | Refusal::Closed => ErrorCode::RequestTimeout,
        _ => ErrorCode::BadRequest,
    };
    S3Error::new(code).say(refusal.to_string())
}

/// The answer as bytes: the front writes it without the framework, and closes.
fn wire(head: &pingora::http::ResponseHeader, body: &Bytes) -> Bytes {
    let mut bytes = BytesMut::with_capacity(512 + body.len());
    let reason = head.status.canonical_reason().unwrap_or_default();
    bytes.put_slice(
        format!(
            "HTTP/1.1 {} {reason}\r\nConnection: close\r\n",
            head.status.as_u16()
        )
        .as_bytes(),
    );
    head.header_to_h1_wire(&mut bytes);
    bytes.put_slice(b"\r\n");
    bytes.put_slice(body);
    bytes.freeze()
}
