//! What a client gets of an upstream's answer that was read whole.

use super::exchange::Exchange;
use super::fault::Fault;
use super::reply;
use crate::record::Ending;
use crate::upstream::answer::{self, Treatment};
use crate::upstream::client::UpstreamAnswer;
use bytes::Bytes;
use http::header::{HOST, HeaderMap};
use http::{Method, StatusCode};
use portcullis_core::admission::{Permit, kept_headers, withheld};
use portcullis_core::controls::lock::refusal;
use portcullis_core::s3::answer::S3Error;
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::s3::xml::{self, Truth, UpstreamError};

/// An answer as the client may see it.
pub(super) struct Passed {
    status: StatusCode,
    /// The upstream's.
    headers: HeaderMap,
    /// `None`: the head alone.
    pub(super) body: Option<Bytes>,
    /// The S3 error code, of an error.
    pub(super) code: Option<String>,
}

/// Headers of answers that name a version.
const VERSIONS: [&str; 2] = ["x-amz-version-id", "x-amz-copy-source-version-id"];

impl Exchange<'_> {
    /// The headers of an upstream's answer that are not for this caller.
    pub(super) fn withheld(&self, answer: &HeaderMap) -> Vec<&'static str> {
        let (rules, head) = (&self.snapshot.rules, self.client.head());
        let labels = &self.entry.labels;
        let mut names = self.arrival().map_or_else(Vec::new, |arrival| {
            withheld(
                rules,
                &head,
                &arrival,
                labels,
                self.looked.as_deref(),
                answer,
            )
        });
        let route = labels
            .upstream
            .and_then(|upstream| rules.routes.get(upstream));
        // Such a store says it, and then does not look at it: a client that asked for the version would be refused.
        if route.is_some_and(|route| !route.profile.versions) {
            names.extend(VERSIONS);
        }
        names
    }

    /// The headers that tell of an object what the gateway keeps of it.
    pub(super) fn kept(&self, status: StatusCode) -> HeaderMap {
        let labels = &self.entry.labels;
        match status.is_success() {
            true => kept_headers(&self.snapshot.rules, labels, self.looked.as_deref()),
            false => HeaderMap::new(),
        }
    }

    /// Passes on an answer that was read whole.
    pub(super) async fn pass(
        &mut self,
        permit: &Permit,
        answer: UpstreamAnswer,
    ) -> Result<(), Fault> {
        self.note_upload(permit, &answer).await?;
        let passed = self.judge(permit, answer)?;
        let Passed {
            status,
            headers,
            body,
            code,
        } = passed;
        self.entry.sent.error_code = code.map(Into::into);
        let headers = self.shown(headers);
        let head = reply::whole(status, &headers, body.as_ref(), &self.entry.id);
        self.send_whole(head, &body.unwrap_or_default()).await?;
        self.entry.end(Ending::Answered);
        Ok(())
    }

    /// The headers of an upstream's answer without those that are not for this caller.
    pub(super) fn shown(&self, mut headers: HeaderMap) -> HeaderMap {
        for name in self.withheld(&headers) {
            headers.remove(name);
        }
        headers
    }

    /// What of an answer is the client's. An error may come with the status of a success, and is told from it.
    pub(super) fn judge(&self, permit: &Permit, answer: UpstreamAnswer) -> Result<Passed, Fault> {
        let error = UpstreamError::parse(&answer.body);
        if answer.status.as_u16() >= 300 || error.is_some() {
            return self.judge_error(permit, answer, error);
        }
        let body = match self.is_corrected() {
            true => self.corrected(&answer)?,
            false => answer.body,
        };
        Ok(Passed {
            status: answer.status,
            headers: answer.headers,
            body: Some(body),
            code: None,
        })
    }

    /// Lets an upstream's error through, unless it is the gateway's own trouble or tells a caller what it may not know.
    fn judge_error(
        &self,
        permit: &Permit,
        answer: UpstreamAnswer,
        error: Option<UpstreamError>,
    ) -> Result<Passed, Fault> {
        if self.is_locked_there(permit, &answer) {
            return Err(Fault::Refused(refusal::protected()));
        }
        let UpstreamAnswer {
            status, headers, ..
        } = answer;
        let fault = answer::fault(&headers, error.as_ref());
        if let Treatment::Replace(error, cause) = answer::classify(status, fault.as_ref()) {
            return Err(Fault::Hidden(error, cause));
        }
        // A missing bucket or upload is no secret; a missing key is.
        let open = [ErrorCode::NoSuchBucket, ErrorCode::NoSuchUpload].map(ErrorCode::name);
        let told = fault
            .as_ref()
            .is_some_and(|fault| open.contains(&fault.code.as_str()));
        if status == StatusCode::NOT_FOUND && permit.conceals_missing() && !told {
            return Err(Fault::Refused(S3Error::new(ErrorCode::AccessDenied)));
        }
        let id = self.entry.id;
        let target = self.entry.labels.target.as_ref();
        let body = match error {
            _ if *permit.method() == Method::HEAD => None,
            Some(error) => Some(error.to_xml(target, id.as_str(), id.host_id().as_str())),
            None => return Err(Fault::Foreign(answer::foreign(status), status)),
        };
        Ok(Passed {
            status,
            headers,
            body,
            code: fault
                .map(|fault| fault.code)
                .filter(|code| !code.is_empty()),
        })
    }

    /// What an answer to a look-up of the gateway's own says is wrong between it and the upstream.
    pub(super) fn hidden(&self, permit: &Permit, answer: &UpstreamAnswer) -> Option<Fault> {
        let error = UpstreamError::parse(&answer.body).filter(|_| *permit.method() != Method::HEAD);
        let fault = answer::fault(&answer.headers, error.as_ref());
        match answer::classify(answer.status, fault.as_ref()) {
            Treatment::Replace(error, cause) => Some(Fault::Hidden(error, cause)),
            Treatment::Pass => None,
        }
    }

    /// Whether a success names owners, buckets or locations, which are the gateway's to say.
    pub(super) fn is_corrected(&self) -> bool {
        let operation = self.entry.labels.operation;
        operation.is_some_and(|operation| xml::is_corrected(operation.id))
    }

    fn corrected(&self, answer: &UpstreamAnswer) -> Result<Bytes, Fault> {
        let labels = &self.entry.labels;
        let owner = labels.owner.as_ref();
        let truth = Truth {
            bucket: labels
                .target
                .as_ref()
                .and_then(|target| target.bucket_name())
                .unwrap_or_default(),
            owner: owner.map_or("", |owner| &owner.canonical_id),
            location: &self.location(),
        };
        xml::correct(&answer.body, &truth).map_err(|_| malformed(answer.status))
    }

    /// The URL of the target as the client wrote it.
    pub(super) fn location(&self) -> String {
        let head = self.client.head();
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        let scheme = match self.entry.tls {
            Some(_) => "https",
            None => "http",
        };
        xml::location(scheme, host.unwrap_or_default(), head.raw_target)
    }
}

/// The upstream said something that makes no sense here.
pub(super) fn malformed(status: StatusCode) -> Fault {
    Fault::Foreign(ErrorCode::ServiceUnavailable.into(), status)
}
