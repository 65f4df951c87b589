//! Operations that put whole objects together and may take minutes.
//!
//! AWS answers them with 200 at once, sends spaces to keep the connection, and at the end the result, which may be an
//! error. An upstream that is quick is passed on as it is. While it is not, the client hears the same from the gateway:
//! a head and an XML declaration after some silence, then a space after every more, then result or error.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>

use super::became::Became;
use super::buffered::LIMIT;
use super::client::Gone;
use super::clock;
use super::exchange::Exchange;
use super::fault::Fault;
use super::passing::Passed;
use super::reply;
use super::snapshot::Target;
use crate::record::Ending;
use crate::upstream::client::{UpstreamAnswer, UpstreamError};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use portcullis_core::admission::Permit;
use portcullis_core::s3::answer::error_xml;
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::operations::OperationId::{self, *};
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};
use tokio::time::{Interval, MissedTickBehavior, interval_at, timeout};

/// The operations.
const LONG: &[OperationId] = &[CompleteMultipartUpload, CopyObject, UploadPartCopy];
/// How long one may take, however lively the upstream is meanwhile.
const DEADLINE: Duration = Duration::from_secs(3600);

const DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

impl Exchange<'_> {
    /// Whether the operation may take minutes.
    pub(super) fn takes_long(&self) -> bool {
        let operation = self.entry.labels.operation;
        operation.is_some_and(|operation| LONG.contains(&operation.id))
    }

    /// Sends a body that is at hand, lets the client know while the upstream takes long, and passes the answer on.
    pub(super) async fn call_long(&mut self, permit: &Permit, body: &Bytes) -> Result<(), Fault> {
        let target = self.target(permit)?;
        let mut company = Company::new(self.gateway.silence, self.client.version());
        let begun = self.begin_change(permit).await?;
        let waited = timeout(DEADLINE, self.wait_for(&target, permit, body, &mut company)).await;
        let late = UpstreamError::Deadline(DEADLINE);
        let answer = waited.unwrap_or(Err(Fault::Upstream(late)));
        let ended = self.end_change(permit, begun, Became::of(&answer)).await;
        let answer = ended.and(answer);
        if let Some(gone) = company.gone {
            return Err(Fault::Client(gone));
        }
        match company.started {
            false => self.pass(permit, answer?).await,
            true => {
                let passed = answer.and_then(|answer| self.judge(permit, answer));
                self.conclude_late(passed).await
            }
        }
    }

    async fn wait_for(
        &mut self,
        target: &Target,
        permit: &Permit,
        body: &Bytes,
        company: &mut Company,
    ) -> Result<UpstreamAnswer, Fault> {
        self.note_upstream(target);
        let asked = Instant::now();
        let upstreams = &self.gateway.upstreams;
        let call = upstreams.ask(&target.upstream, permit, body, Some(DEADLINE), clock::now());
        let call = self.accompany(company, call).await;
        let mut call = call.map_err(Fault::Upstream)?;
        self.note_turn_around(target, asked);
        let status = call.status();
        let headers = call.headers().cloned().unwrap_or_default();
        self.note_answer(status, &headers);
        if status.is_success() {
            company.headers = self.shown(headers.clone());
        }
        let body = self.accompany(company, call.read_all(LIMIT)).await;
        let body = Bytes::from(body.map_err(Fault::Upstream)?);
        call.release().await;
        // What kept the connection is no part of the document.
        let body = body.slice_ref(body.trim_ascii_start());
        Ok(UpstreamAnswer {
            status,
            headers,
            body,
        })
    }

    /// Waits for `work`, and tells the client from time to time that it is waited for. A client that has gone does not
    /// end it: the record says what became of the object.
    async fn accompany<T>(&mut self, company: &mut Company, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = company.due() => (),
            }
            if let Err(gone) = self.say_wait(company).await {
                company.gone = Some(gone);
                company.due = None;
            }
        }
    }

    async fn say_wait(&mut self, company: &mut Company) -> Result<(), Gone> {
        if company.started {
            return self.client.write(b" ").await;
        }
        company.started = true;
        self.entry.sent.status = Some(StatusCode::OK);
        let head = reply::begun(&company.headers, &self.entry.id);
        self.start(head).await?;
        self.client.write(DECLARATION).await
    }

    /// Ends an answer that has begun, with a result or an error.
    async fn conclude_late(&mut self, passed: Result<Passed, Fault>) -> Result<(), Fault> {
        let document = match passed {
            Ok(Passed { body, code, .. }) => {
                self.entry.end(Ending::Answered);
                self.entry.sent.error_code = code.map(Into::into);
                body.unwrap_or_default()
            }
            Err(fault) => self.error_of(fault),
        };
        let document = without_declaration(&document);
        self.client.write(document).await.map_err(Fault::Client)?;
        self.client.finish().await.map_err(Fault::Client)
    }

    fn error_of(&mut self, fault: Fault) -> Bytes {
        let error = self
            .account_for(fault)
            .unwrap_or(ErrorCode::InternalError.into());
        self.entry.sent.error_code = Some(error.code.name().into());
        let id = self.entry.id;
        let target = self.entry.labels.target.as_ref();
        let resource = target.map(|target| format!("/{}", target.as_str()));
        let host_id = id.host_id();
        error_xml(&error, resource.as_deref(), id.as_str(), host_id.as_str())
    }
}

/// What the client has heard while it waits.
struct Company {
    /// When it next hears something; `None`: never again.
    due: Option<Interval>,
    /// The upstream's, once it has begun to answer with a success.
    headers: HeaderMap,
    /// The answer has begun.
    started: bool,
    /// The client has gone.
    gone: Option<Gone>,
}

impl Company {
    /// An HTTP/1.0 client knows no chunks: it hears nothing before the end.
    fn new(silence: Duration, client: Version) -> Self {
        let due = (client == Version::HTTP_11).then(|| {
            let mut due = interval_at(tokio::time::Instant::now() + silence, silence);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            due
        });
        Self {
            due,
            headers: HeaderMap::new(),
            started: false,
            gone: None,
        }
    }

    async fn due(&mut self) {
        match &mut self.due {
            Some(due) => drop(due.tick().await),
            None => std::future::pending().await,
        }
    }
}

/// A document without its declaration, which has been sent.
fn without_declaration(document: &[u8]) -> &[u8] {
    let declared = document
        .strip_prefix(b"<?xml")
        .filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace));
    let Some(rest) = declared else {
        return document;
    };
    let end = rest.windows(2).position(|end| end == b"?>");
    let rest = end.and_then(|end| rest.get(end + 2..));
    rest.unwrap_or_default().trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_is_sent_once() {
        #[track_caller]
        fn check(document: &str, expected: &str) {
            let rest = without_declaration(document.as_bytes());
            assert_eq!(std::str::from_utf8(rest), Ok(expected));
        }
        check("<?xml version='1.0'?>\n<R/>", "<R/>");
        check("<R/>", "<R/>");
        check(
            "<?xml-stylesheet href='?>'?><R/>",
            "<?xml-stylesheet href='?>'?><R/>",
        );
        check("<?xml version='1.0'", "");
        check("", "");
    }
}
