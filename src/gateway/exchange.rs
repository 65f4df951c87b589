//! One request, from its head to its record.

use super::client::Client;
use super::entry::Entry;
use super::fault::Fault;
use super::forms::Source;
use super::front::{Arrived, Origin};
use super::guard::guarded;
use super::leases::Lease;
use super::objects::Begun;
use super::recent::Traces;
use super::snapshot::{Snapshot, Target};
use super::{Gateway, clock, reply};
use crate::record::{CopyFrom, Draft, Ending, LoggedUri, RequestLine, Tls, UpstreamUse};
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{HOST, HeaderMap, REFERER, USER_AGENT};
use jiff::Timestamp;
use pingora::apps::ReusedHttpStream;
use pingora::http::ResponseHeader;
use pingora::protocols::http::v1::server::HttpSession;
use pingora::server::ShutdownWatch;
use portcullis_core::admission::{
    Admission, Arrival, Found, Labels, Looked, Missing, Outcome, Permit, Run, admit,
};
use portcullis_core::controls::lock::LockTime;
use portcullis_core::s3::answer::{Answer, S3Error, Success};
use portcullis_core::s3::errors::ErrorCode;
use portcullis_core::sigv4::payload::{BodyCheck, BodyPlan};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

/// Serves one request; gives the connection back if another may follow on it.
pub(super) async fn serve(
    gateway: &Arc<Gateway>,
    session: HttpSession,
    arrived: Arrived,
    shutdown: &ShutdownWatch,
) -> Option<ReusedHttpStream> {
    let mut client = Client::new(session, gateway.patience, shutdown.clone());
    if !client.read_head().await {
        return None;
    }
    let mut exchange = Exchange::begin(gateway, client, &arrived);
    let result = {
        let run = pin!(exchange.run());
        let ended = guarded(run).await;
        ended.unwrap_or_else(|panicked| Err(Fault::Panicked(panicked)))
    };
    let kept = exchange.conclude(result).await;
    let Exchange {
        client,
        mut entry,
        snapshot,
        looked,
        origin,
        ..
    } = exchange;
    if gateway.recent.is_some() {
        entry.leave(Traces {
            head: arrived.head,
            origin,
            looked,
            snapshot,
        });
    }
    drop(entry);
    if kept {
        client.into_reusable().await
    } else {
        None
    }
}

/// One request being served.
pub(super) struct Exchange<'g> {
    pub(super) gateway: &'g Arc<Gateway>,
    // INVARIANT: the one snapshot of this exchange, from start to end.
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) client: Client,
    pub(super) entry: Entry,
    origin: Origin,
    arrived: Timestamp,
    /// The same, as locks see it.
    lock_time: LockTime,
    pub(super) looked: Option<Box<Looked>>,
    /// Where the bytes of the request's body come from.
    pub(super) source: Source,
    /// On objects by whose records it was let in.
    pub(super) reading: Vec<Lease>,
    /// What the store knows is about to be done.
    pub(super) begun: Option<Begun>,
    /// Whether the upstream keeps versions in the bucket, if it was asked.
    pub(super) versioning: Option<bool>,
    /// What the upstream says to browsers, where that is left to it.
    pub(super) said: HeaderMap,
}

impl<'g> Exchange<'g> {
    fn begin(gateway: &'g Arc<Gateway>, client: Client, arrived: &Arrived) -> Self {
        let snapshot = gateway.snapshot.load_full();
        let now = clock::now();
        let origin = arrived.origin;
        let listener = snapshot
            .listeners
            .get(origin.listener)
            .map(|door| door.name.clone())
            .unwrap_or_default();
        let mut draft = Draft::begin(
            &gateway.ids,
            now,
            origin.peer.ip(),
            listener,
            gateway.instance.clone(),
        );
        draft.revision = snapshot.rules.revision.clone();
        draft.request = request_line(&client, arrived);
        draft.tls = origin.tls.map(|tls| Tls {
            version: tls.version,
            cipher: tls.cipher.into(),
        });
        let entry = Entry::begin(
            gateway.clone(),
            snapshot.listeners.clone(),
            origin.listener,
            draft,
            arrived.began,
        );
        Self {
            gateway,
            snapshot,
            client,
            entry,
            origin,
            arrived: now,
            lock_time: gateway.lock_clock.now(now),
            looked: None,
            source: Source::Body,
            reading: Vec::new(),
            begun: None,
            versioning: None,
            said: HeaderMap::new(),
        }
    }

    async fn run(&mut self) -> Result<(), Fault> {
        let mut admission = self.admit();
        while let Outcome::Need(waiting) = admission.outcome {
            self.label(waiting.labels().clone());
            let found = match waiting.missing() {
                Missing::Body(plan) => Found::Body(self.read_whole(plan).await?),
                Missing::Form(boundary) => self.read_form(boundary.clone()).await?,
                Missing::Tags(permit) => Found::Tags(self.look_up_tags(permit).await?),
                Missing::Record(record) => Found::Record(self.find_record(record).await?),
            };
            let head = self.client.head();
            admission = match self.arrival() {
                Some(arrival) => waiting.resume(&self.snapshot.rules, &head, &arrival, found),
                None => nowhere(),
            };
        }
        self.label(admission.labels);
        self.looked = admission.looked;
        match admission.outcome {
            Outcome::Forward(permit) => self.carry_out(&permit).await,
            Outcome::Answer(Answer::Success(success)) => self.succeed(success).await,
            Outcome::Answer(Answer::Error(error)) => Err(Fault::Refused(error)),
            // Left by the loop above, which ends with anything else.
            Outcome::Need(_) => Err(Fault::Refused(ErrorCode::InternalError.into())),
        }
    }

    fn label(&mut self, labels: Labels) {
        self.entry.copy = labels.copy_source.clone().map(|source| CopyFrom {
            source,
            owner: labels.source_owner.clone(),
        });
        self.entry.labels = labels;
    }

    fn admit(&self) -> Admission {
        match self.arrival() {
            Some(arrival) => admit(&self.snapshot.rules, &self.client.head(), &arrival),
            None => nowhere(),
        }
    }

    /// `None`: through a listener that there is not; the front names them by the positions it was given.
    pub(super) fn arrival(&self) -> Option<Arrival<'_>> {
        let door = self.snapshot.listeners.get(self.origin.listener)?;
        Some(Arrival {
            listener: &door.rules,
            id: self.entry.id.as_str(),
            now: self.arrived,
            lock_time: self.lock_time,
            peer: self.origin.peer.ip(),
            tls: self.origin.tls.map(|tls| tls.version),
        })
    }

    async fn carry_out(&mut self, permit: &Permit) -> Result<(), Fault> {
        match permit.run() {
            Run::Stream | Run::Post(_) => self.stream(permit).await,
            Run::Buffered(body) if self.takes_long() => self.call_long(permit, body).await,
            Run::Buffered(body) => self.call(permit, body.clone()).await,
            Run::Relayed(body) => self.call_streaming(permit, body).await,
            Run::DeleteObjects { refused, quiet, .. } => {
                self.delete_objects(permit, refused, *quiet).await
            }
            Run::ListBuckets(page) => self.list_buckets(permit, page).await,
            Run::CreateBucket { document, settings } => {
                self.create_bucket(permit, document.clone(), settings).await
            }
            Run::DeleteBucket => self.delete_bucket(permit).await,
            Run::Settle(settling) => self.settle_settings(permit, settling).await,
            Run::OnObject(call) => self.call_on_object(permit, call).await,
        }
    }

    /// Reads a body to its end and checks it.
    pub(super) async fn read_whole(&mut self, plan: &BodyPlan) -> Result<Bytes, Fault> {
        let mut check = BodyCheck::new(plan);
        let mut whole = BytesMut::with_capacity(usize::try_from(plan.length).unwrap_or_default());
        self.client.invite_body().await.map_err(Fault::Client)?;
        while let Some(piece) = self.next_piece().await? {
            whole.extend_from_slice(&check.feed(piece).map_err(Fault::Body)?);
        }
        whole.extend_from_slice(&check.finish().map_err(Fault::Body)?);
        Ok(whole.freeze())
    }

    /// The upstream of a permit. A permit without one is a fault of ours.
    pub(super) fn target(&self, permit: &Permit) -> Result<Target, Fault> {
        let target = permit
            .upstream()
            .and_then(|position| self.snapshot.upstreams.get(position));
        target
            .cloned()
            .ok_or(Fault::Refused(ErrorCode::InternalError.into()))
    }

    /// Notes in the record that an upstream is asked.
    pub(super) fn note_upstream(&mut self, target: &Target) {
        let upstream = UpstreamUse {
            name: target.name.clone(),
            attempts: 0,
            status: None,
            request_id: None,
            id_2: None,
        };
        self.entry.upstream.get_or_insert(upstream).attempts += 1;
    }

    /// Notes in the record what an upstream answered.
    pub(super) fn note_answer(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.note_cors(headers);
        if let Some(upstream) = &mut self.entry.upstream {
            upstream.status = Some(status);
            upstream.request_id = headers.get("x-amz-request-id").cloned();
            upstream.id_2 = headers.get("x-amz-id-2").cloned();
        }
    }

    /// Sends a success the gateway composed.
    pub(super) async fn succeed(&mut self, success: Success) -> Result<(), Fault> {
        let head = reply::success(&success, &self.entry.id);
        self.send_whole(head, &success.body).await?;
        self.entry.end(Ending::Answered);
        Ok(())
    }

    /// Sends an answer whose body is at hand.
    pub(super) async fn send_whole(
        &mut self,
        head: ResponseHeader,
        body: &[u8],
    ) -> Result<(), Fault> {
        self.entry.sent.status = Some(head.status);
        self.start(head).await.map_err(Fault::Client)?;
        if !body.is_empty() {
            self.client.write(body).await.map_err(Fault::Client)?;
        }
        self.client.finish().await.map_err(Fault::Client)
    }

    /// Ends the exchange: answers what went wrong, if that can still be said. `true`: the connection may be kept.
    async fn conclude(&mut self, result: Result<(), Fault>) -> bool {
        let kept = match result {
            Ok(()) => true,
            Err(fault) => self.fail(fault).await,
        };
        self.entry.sent.bytes = self.client.sent();
        self.entry.bytes_received = self.client.received();
        kept
    }

    async fn fail(&mut self, fault: Fault) -> bool {
        if matches!(fault, Fault::Panicked(_)) {
            // How far the request was read is anybody's guess.
            self.client.close_after();
        }
        let error = self.account_for(fault);
        let Some(error) = error.filter(|_| self.entry.sent.status.is_none()) else {
            return false;
        };
        self.entry.sent.error_code = Some(error.code.name().into());
        // S3 names no resource to browsers.
        let named = !self.is_preflight();
        let (head, body) = reply::error(
            &error,
            self.entry.labels.target.as_ref().filter(|_| named),
            &self.entry.id,
            self.client.head().method,
        );
        let sent = self.send_whole(head, &body).await;
        if sent.is_err() {
            self.entry.end(Ending::ClientAborted);
        }
        sent.is_ok()
    }

    /// Notes a fault in record, diagnostics and metrics; gives what the client is told of it.
    pub(super) fn account_for(&mut self, fault: Fault) -> Option<S3Error> {
        let (error, ending) = fault.explain(self.entry.id.as_str(), self.upstream_name());
        self.entry.end(ending);
        self.count_upstream_failure(ending);
        error
    }

    fn count_upstream_failure(&self, ending: Ending) {
        let (Ending::UpstreamFailed(kind), Some(used)) = (ending, &self.entry.upstream) else {
            return;
        };
        let target = self
            .snapshot
            .upstreams
            .iter()
            .find(|target| target.name == used.name);
        target
            .into_iter()
            .for_each(|target| target.metrics.failed(kind));
    }

    fn upstream_name(&self) -> &str {
        self.entry
            .upstream
            .as_ref()
            .map_or("?", |upstream| &upstream.name)
    }

    /// Notes how long the upstream took to begin its answer.
    pub(super) fn note_turn_around(&mut self, target: &Target, asked: Instant) {
        let took = asked.elapsed();
        self.entry.turn_around = Some(took);
        target.metrics.answered(took);
    }
}

fn nowhere() -> Admission {
    Admission::refused(ErrorCode::InternalError.into())
}

fn request_line(client: &Client, arrived: &Arrived) -> RequestLine {
    let head = client.head();
    let target = target_bytes(&arrived.head);
    RequestLine {
        method: Some(head.method.clone()),
        target: LoggedUri(target),
        version: client.version(),
        host: head.headers.get(HOST).cloned(),
        referer: head.headers.get(REFERER).map(LoggedUri::from),
        user_agent: head.headers.get(USER_AGENT).cloned(),
    }
}

/// The second word of the request line, as a part of the head's bytes.
fn target_bytes(head: &Bytes) -> Bytes {
    let mut spaces = head
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b' ')
        .map(|(at, _)| at);
    match (spaces.next(), spaces.next()) {
        (Some(first), Some(second)) => head.slice(first + 1..second),
        _ => Bytes::new(),
    }
}
