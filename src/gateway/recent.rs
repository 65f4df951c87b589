//! The last exchanges, kept for those who ask why. Nothing is kept unless there is an admin listener.

use super::front::Origin;
use super::snapshot::Snapshot;
use crate::record::Record;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use portcullis_core::admission::rego::{Refusal, Ruling};
use portcullis_core::admission::{Arrival, Labels, Looked, Unexplained, explain};
use portcullis_core::controls::lock::LockTime;
use portcullis_core::request::Head;
use portcullis_core::s3::secrets::is_secret_parameter;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The longest head that is kept; a longer one leaves its record alone.
const HEAD: usize = 8 * 1024;
/// Of all heads together.
const HEADS: usize = 16 * 1024 * 1024;
/// The most headers a kept head has.
const HEADERS: usize = 128;
/// Stands for each byte of a secret: a signature of zeros can still be read as one.
const ZERO: u8 = b'0';

/// The last exchanges, the latest at the end.
#[derive(Debug)]
pub(super) struct Recent {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    exchanges: VecDeque<Arc<Exchange>>,
    bytes: usize,
}

/// What an exchange leaves beside its record.
#[derive(Debug)]
pub(super) struct Traces {
    /// As it came, with the line ends.
    pub(super) head: Bytes,
    pub(super) origin: Origin,
    pub(super) looked: Option<Box<Looked>>,
    pub(super) snapshot: Arc<Snapshot>,
}

#[derive(Debug)]
struct Exchange {
    id: Box<str>,
    arrived: Timestamp,
    // INVARIANT: without secrets.
    head: Box<[u8]>,
    labels: Labels,
    status: Option<u16>,
    error_code: Option<Box<str>>,
    origin: Origin,
    looked: Option<Box<Looked>>,
    snapshot: Arc<Snapshot>,
}

impl Recent {
    /// Keeps `most` exchanges.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::default(),
        }
    }

    /// Keeps an exchange that has been recorded.
    pub(super) fn keep(&self, traces: Traces, record: Record) {
        if traces.head.len() > HEAD {
            return;
        }
        let sent = record.exchange.sent;
        let exchange = Arc::new(Exchange {
            id: record.exchange.id.as_str().into(),
            arrived: record.exchange.arrived,
            head: blanked(&traces.head),
            labels: record.exchange.labels,
            status: sent.status.map(|status| status.as_u16()),
            error_code: sent.error_code.as_deref().map(Into::into),
            origin: traces.origin,
            looked: traces.looked,
            snapshot: traces.snapshot,
        });
        let evicted = self.lock().push(exchange, self.most);
        // Freed with the lock given back.
        drop(evicted);
    }

    /// Why an exchange was decided as it was.
    pub(super) fn explain(&self, id: &str) -> Option<Value> {
        let found = {
            let kept = self.lock();
            let mut latest = kept.exchanges.iter().rev();
            latest.find(|one| &*one.id == id)?.clone()
        };
        Some(found.explain())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn push(&mut self, exchange: Arc<Exchange>, most: usize) -> Vec<Arc<Exchange>> {
        self.bytes += exchange.size();
        self.exchanges.push_back(exchange);
        let mut evicted = Vec::new();
        while self.exchanges.len() > most || self.bytes > HEADS {
            let Some(oldest) = self.exchanges.pop_front() else {
                break;
            };
            self.bytes -= oldest.size();
            evicted.push(oldest);
        }
        evicted
    }
}

impl Exchange {
    fn size(&self) -> usize {
        self.head.len() + self.looked.as_ref().map_or(0, |looked| looked.size())
    }

    fn explain(&self) -> Value {
        let explained = self.explained();
        let (text, permissions, body_not_kept) = match explained {
            Ok(explained) => (
                explained.to_text(),
                json!(explained.permissions),
                explained.body_not_kept,
            ),
            Err(why) => (format!("{why}\n"), json!([]), false),
        };
        let text = text + &self.guardrails() + &self.lock_of_object();
        json!({
            "request_id": self.id,
            "request_time": self.arrived.to_string(),
            "operation_name": self.labels.operation.map(|row| row.name),
            "http_status": self.status,
            "error_code": self.error_code,
            "revision": &*self.snapshot.rules.revision,
            "verdict": self.labels.decision.as_ref().map(|asked| asked.decision.verdict.name()),
            "permissions": permissions,
            "body_not_kept": body_not_kept,
            "text": text,
        })
    }

    /// What of Object Lock stood in its way.
    fn lock_of_object(&self) -> String {
        let locked = self.labels.locked;
        locked.map_or_else(String::new, |why| {
            format!("refused by Object Lock: {why}\n")
        })
    }

    /// What rules in Rego had against it.
    fn guardrails(&self) -> String {
        match &self.labels.rego {
            None => String::new(),
            Some(Ruling::Failed(failure)) => {
                format!("refused: the rules in Rego could not be judged by: {failure}\n")
            }
            Some(Ruling::Denied(refusals)) => {
                let line = |refusal: &Refusal| {
                    let file = refusal.file().unwrap_or("the rules in Rego");
                    format!("refused by {file}: {}\n", refusal.message())
                };
                refusals.iter().map(line).collect()
            }
        }
    }

    fn explained(&self) -> Result<portcullis_core::admission::Explained, Unexplained> {
        let door = self.snapshot.listeners.get(self.origin.listener);
        let (Some(door), Some((method, target, headers))) = (door, parsed(&self.head)) else {
            return Err(Unexplained::NotAsked);
        };
        let head = Head {
            method: &method,
            raw_target: target,
            headers: &headers,
        };
        let arrival = Arrival {
            listener: &door.rules,
            id: &self.id,
            now: self.arrived,
            // As it was believed then; a lock is no part of what is explained.
            lock_time: LockTime::certain(self.arrived),
            peer: self.origin.peer.ip(),
            tls: self.origin.tls.map(|tls| tls.version),
        };
        let looked = self.looked.as_deref();
        explain(&self.snapshot.rules, &head, &arrival, &self.labels, looked)
    }
}

/// A head that the front accepted.
fn parsed(head: &[u8]) -> Option<(Method, &[u8], HeaderMap)> {
    let line_end = head.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = head.split_at_checked(line_end + 1)?;
    let mut words = line.split(|byte| *byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let target = words.next()?;
    let mut slots = [httparse::EMPTY_HEADER; HEADERS];
    let httparse::Status::Complete((_, found)) = httparse::parse_headers(rest, &mut slots).ok()?
    else {
        return None;
    };
    let mut headers = HeaderMap::with_capacity(found.len());
    for header in found {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(header.value).ok()?);
    }
    Some((method, target, headers))
}

/// The same head, with a zero for every byte of a secret: of tokens, keys, cookies and signatures, in headers and in the
/// target. What else is in `authorization` stays, since conditions depend on it.
fn blanked(head: &[u8]) -> Box<[u8]> {
    let mut head: Box<[u8]> = head.into();
    let mut lines = head.split_inclusive_mut(|byte| *byte == b'\n');
    if let Some(target) = lines
        .next()
        .and_then(|line| line.split_mut(|byte| *byte == b' ').nth(1))
    {
        blank_parameters(target);
    }
    let mut secret = Secret::No;
    for line in lines {
        // A folded line belongs to the header before it.
        if !line
            .first()
            .is_some_and(|byte| matches!(byte, b' ' | b'\t'))
        {
            secret = Secret::of(line);
        }
        let from = match line.iter().position(|byte| *byte == b':') {
            Some(colon) if !matches!(line.first(), Some(b' ' | b'\t')) => colon + 1,
            Some(_) | None => 0,
        };
        let Some((_, value)) = line.split_at_mut_checked(from) else {
            continue;
        };
        match secret {
            Secret::No => (),
            Secret::Whole => blank(value),
            Secret::Signature => blank_signature(value),
            Secret::Parameters => blank_parameters(value),
        }
    }
    head
}

#[derive(Clone, Copy)]
enum Secret {
    No,
    Whole,
    Signature,
    /// In the query of a URL.
    Parameters,
}

impl Secret {
    fn of(line: &[u8]) -> Self {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let name = name.trim_ascii();
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("authorization") {
            return Self::Signature;
        }
        if is("referer") || is("x-amz-copy-source") {
            return Self::Parameters;
        }
        let whole = [
            "cookie",
            "proxy-authorization",
            "x-amz-copy-source-server-side-encryption-customer-key-md5",
            "x-amz-server-side-encryption-customer-key-md5",
        ];
        match is_secret_parameter(name) || whole.into_iter().any(is) {
            true => Self::Whole,
            false => Self::No,
        }
    }
}

fn blank(value: &mut [u8]) {
    for byte in value {
        if !byte.is_ascii_whitespace() {
            *byte = ZERO;
        }
    }
}

/// All of another scheme; of `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…` what is not one of the first two.
fn blank_signature(value: &mut [u8]) {
    if !value.trim_ascii_start().starts_with(b"AWS4-HMAC-SHA256 ") {
        blank(value);
        return;
    }
    let start = value.iter().position(|byte| !byte.is_ascii_whitespace());
    let scheme = start.unwrap_or_default() + "AWS4-HMAC-SHA256 ".len();
    let Some((_, parts)) = value.split_at_mut_checked(scheme) else {
        return;
    };
    for part in parts.split_mut(|byte| *byte == b',') {
        let known = [&b"Credential="[..], b"SignedHeaders="];
        let name = part.iter().position(|byte| *byte == b'=');
        let open = known
            .iter()
            .any(|known| part.trim_ascii_start().starts_with(known));
        match name.and_then(|name| part.split_at_mut_checked(name + 1)) {
            Some(_) if open => (),
            Some((_, proof)) => blank(proof),
            None => blank(part),
        }
    }
}

/// The values of secret parameters. A credential is an access key's id and its scope, which stand in the record too.
fn blank_parameters(url: &mut [u8]) {
    for parameter in url.split_mut(|byte| matches!(byte, b'?' | b'&' | b';' | b'#')) {
        let Some(equals) = parameter.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let Some((name, value)) = parameter.split_at_mut_checked(equals) else {
            continue;
        };
        let open = name.eq_ignore_ascii_case(b"x-amz-credential");
        if is_secret_parameter(name) && !open {
            for byte in value.iter_mut().skip(1) {
                *byte = ZERO;
            }
        }
    }
}

#[cfg(test)]
mod tests;
