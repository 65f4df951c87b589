//! Both bodies stream through: objects and parts, listings and heads.

use super::became::Became;
use super::buffered::LIMIT;
use super::clock;
use super::exchange::Exchange;
use super::fault::Fault;
use super::reply;
use super::snapshot::Target;
use crate::record::Ending;
use crate::upstream::answer::FAULT_LIMIT;
use crate::upstream::call::Call;
use crate::upstream::client::{Reuse, UpstreamAnswer, UpstreamError};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use http::{HeaderMap, Method, StatusCode};
use portcullis_core::admission::{Permit, Run};
use portcullis_core::sigv4::payload::{BodyCheck, CellHash, Checksum};
use std::time::Instant;

impl Exchange<'_> {
    /// Carries out a permit whose bodies stream. An upstream is connected to when the body has begun to come, or is
    /// there: a body that is refused at once reaches nobody, and no connection waits for a slow client.
    pub(super) async fn stream(&mut self, permit: &Permit) -> Result<(), Fault> {
        self.check_lock_early(permit).await?;
        let upload = self.begin_upload(permit).await?;
        match upload {
            // A body may take hours. What it asked of the object before is compared when it is written.
            Some(_) => self.reading.clear(),
            None => self.begun = self.begin_change(permit).await?,
        }
        let asked = self.ask_again_if_closed(permit, upload).await;
        let begun = self.begun.take();
        let became = match &asked {
            Ok(call) => Became::of_head(call.status(), call.headers()),
            Err(fault) => Became::of_fault(fault),
        };
        self.end_change(permit, begun, became).await?;
        // The object is open: who changes it now changes what others get.
        self.reading.clear();
        let call = asked?;
        self.forget_upload(permit, call.status()).await;
        self.relay(call, permit).await
    }

    /// Asks the upstream, and once more if it closed an idle connection at that moment and nothing can have been done.
    async fn ask_again_if_closed(
        &mut self,
        permit: &Permit,
        upload: Option<Upload>,
    ) -> Result<Call, Fault> {
        let target = self.target(permit)?;
        let mut call = self.open(&target, permit, Reuse::Allowed).await?;
        match self.ask(&target, &mut call, permit, upload).await {
            Ok(()) => Ok(call),
            Err(Fault::Upstream(error))
                if call.may_be_repeated(&error) && self.client.received() == 0 =>
            {
                call = self.open(&target, permit, Reuse::Never).await?;
                self.ask(&target, &mut call, permit, None).await?;
                Ok(call)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads the beginning of a body, and all of a short one. `None`: it is empty, and verified as such.
    async fn begin_upload(&mut self, permit: &Permit) -> Result<Option<Upload>, Fault> {
        self.begin_body(permit).await?;
        if permit.body().length == 0 {
            // There is no last byte to withhold.
            self.read_whole(permit.body()).await?;
            return Ok(None);
        }
        let mut check = BodyCheck::new(permit.body());
        let first = self.next_piece().await?;
        let verified = check.feed(first.unwrap_or_default()).map_err(Fault::Body)?;
        let hashes = check.hashes();
        let rest = match self.has_read_body() {
            true => {
                self.end_body()?;
                Rest::Last(check.finish_with_trailer().map_err(Fault::Body)?)
            }
            false => Rest::ToCome(Box::new(check)),
        };
        Ok(Some(Upload {
            verified,
            hashes,
            rest,
        }))
    }

    async fn open(
        &mut self,
        target: &Target,
        permit: &Permit,
        reuse: Reuse,
    ) -> Result<Call, Fault> {
        self.note_upstream(target);
        let opened = self
            .gateway
            .upstreams
            .open(&target.upstream, permit, reuse, clock::now())
            .await;
        opened.map_err(Fault::Upstream)
    }

    /// Sends the body and waits for the head of the answer.
    async fn ask(
        &mut self,
        target: &Target,
        call: &mut Call,
        permit: &Permit,
        upload: Option<Upload>,
    ) -> Result<(), Fault> {
        if let Some(upload) = upload {
            self.upload(call, permit, upload).await?;
        }
        let asked = Instant::now();
        let reads = matches!(*permit.method(), Method::GET | Method::HEAD);
        tokio::select! {
            biased;
            answered = call.answered() => answered.map_err(Fault::Upstream)?,
            // What may have changed something is waited for, so that the record can say what became of it.
            gone = self.client.left(), if reads => return Err(Fault::Client(gone)),
        }
        self.note_turn_around(target, asked);
        call.believable().map_err(Fault::Upstream)
    }

    /// Passes the client's body on as far as it is verified, the last byte only when all of it is. Stops early if the
    /// upstream has answered already. Before the last byte, the store knows what will be.
    async fn upload(
        &mut self,
        call: &mut Call,
        permit: &Permit,
        upload: Upload,
    ) -> Result<(), Fault> {
        let Upload {
            verified,
            hashes,
            rest,
        } = upload;
        if let Err(error) = call.pass(verified, hashes).await {
            return early_answer(call, error).await;
        }
        let ended = match rest {
            Rest::Last(ended) => Some(ended),
            Rest::ToCome(check) => self.upload_rest(call, *check).await?,
        };
        let Some((last, trailer)) = ended else {
            return Ok(());
        };
        self.begun = self.begin_change(permit).await?;
        match call.end(last, trailer.as_ref()).await {
            Ok(()) => Ok(()),
            Err(error) => early_answer(call, error).await,
        }
    }

    /// Gives the last byte, which has not been sent, and what came behind it; `None` if the upstream has answered.
    async fn upload_rest(
        &mut self,
        call: &mut Call,
        mut check: BodyCheck,
    ) -> Result<Option<Ended>, Fault> {
        loop {
            let piece = tokio::select! {
                biased;
                answered = call.answered_early() => {
                    answered.map_err(Fault::Upstream)?;
                    return Ok(None);
                }
                piece = self.next_piece() => piece?,
            };
            let Some(piece) = piece else { break };
            let verified = check.feed(piece).map_err(Fault::Body)?;
            if let Err(error) = call.pass(verified, check.hashes()).await {
                early_answer(call, error).await?;
                return Ok(None);
            }
        }
        check.finish_with_trailer().map(Some).map_err(Fault::Body)
    }

    /// Passes the answer on: its head, unless the client may not see what it says, and its body piece by piece.
    pub(super) async fn relay(&mut self, mut call: Call, permit: &Permit) -> Result<(), Fault> {
        let status = call.status();
        if let Some(headers) = call.headers() {
            self.note_answer(status, headers);
        }
        if is_error(status) {
            return self.relay_error(call, permit).await;
        }
        if let (Run::Post(reply), true) = (permit.run(), status.is_success()) {
            return self.answer_form(call, permit, reply).await;
        }
        if status.is_success() && self.is_corrected() {
            return self.relay_corrected(call, permit).await;
        }
        if let Some(head) = call.head() {
            self.entry.sent.object_size = object_size(permit, status, &head.headers);
            self.entry.sent.status = Some(status);
            let kept = self.kept(status);
            let mut withheld = self.withheld(&head.headers);
            if !kept.is_empty() {
                withheld.extend(self.withheld(&kept));
            }
            let mut head = reply::streamed(head, &self.entry.id, self.client.version());
            reply::add(&mut head, kept);
            for name in withheld {
                head.remove_header(name);
            }
            self.start(head).await.map_err(Fault::Client)?;
        }
        loop {
            let piece = tokio::select! {
                biased;
                piece = call.read() => piece.map_err(Fault::Upstream)?,
                gone = self.client.left() => return Err(Fault::Client(gone)),
            };
            let Some(piece) = piece else { break };
            self.client.write(piece).await.map_err(Fault::Client)?;
        }
        self.client.finish().await.map_err(Fault::Client)?;
        self.entry.end(Ending::Answered);
        call.release().await;
        Ok(())
    }

    /// An error is read whole: its code says whether it is the client's or the gateway's own trouble.
    async fn relay_error(&mut self, mut call: Call, permit: &Permit) -> Result<(), Fault> {
        let body = match *permit.method() {
            Method::HEAD => Vec::new(),
            _ => call.read_all(FAULT_LIMIT).await.map_err(Fault::Upstream)?,
        };
        self.pass_whole(call, permit, body).await
    }

    /// What names owners, buckets or locations is read whole: nothing of a broken document passes.
    async fn relay_corrected(&mut self, mut call: Call, permit: &Permit) -> Result<(), Fault> {
        let body = tokio::select! {
            biased;
            body = call.read_all(LIMIT) => body.map_err(Fault::Upstream)?,
            gone = self.client.left() => return Err(Fault::Client(gone)),
        };
        self.pass_whole(call, permit, body).await
    }

    async fn pass_whole(
        &mut self,
        call: Call,
        permit: &Permit,
        body: Vec<u8>,
    ) -> Result<(), Fault> {
        let answer = UpstreamAnswer {
            status: call.status(),
            headers: call.headers().cloned().unwrap_or_default(),
            body: body.into(),
        };
        call.release().await;
        self.pass(permit, answer).await
    }
}

/// A body that has begun to come.
struct Upload {
    /// Its verified bytes, not sent yet.
    verified: Bytes,
    hashes: Vec<CellHash>,
    rest: Rest,
}

/// What comes after them.
enum Rest {
    /// The end, and all is verified.
    Last(Ended),
    ToCome(Box<BodyCheck>),
}

/// The last byte of a body, and the checksum that came behind it.
type Ended = (Bytes, Option<Checksum>);

/// The upstream took no more of the body: its answer says more than our failing to write.
async fn early_answer(call: &mut Call, error: UpstreamError) -> Result<(), Fault> {
    call.answered().await.map_err(|_| Fault::Upstream(error))
}

fn is_error(status: StatusCode) -> bool {
    status.as_u16() >= 300 && status != StatusCode::NOT_MODIFIED
}

/// The size of the whole object, for the log.
fn object_size(permit: &Permit, status: StatusCode, headers: &HeaderMap) -> Option<u64> {
    if permit.body().length > 0 {
        return Some(permit.body().length);
    }
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    match status {
        StatusCode::PARTIAL_CONTENT => text(CONTENT_RANGE)?.rsplit('/').next()?.parse().ok(),
        _ if permit.key().is_empty() => None,
        _ => text(CONTENT_LENGTH)?.parse().ok(),
    }
}
