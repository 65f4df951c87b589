//! Forms: the fields before the file are read before anything is decided, the file streams like any other body, and its
//! sender is answered as the form asks. <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>

use super::exchange::Exchange;
use super::fault::Fault;
use super::reply;
use crate::record::Ending;
use crate::upstream::call::Call;
use bytes::Bytes;
use portcullis_core::admission::{Found, Permit};
use portcullis_core::form::{Boundary, FileReader, FormReader, Progress, Reply};

/// The rest of a form whose fields were read.
pub(super) struct Rest {
    boundary: Boundary,
    /// What came with the last of the fields.
    first: Bytes,
}

/// Where the bytes of a body come from.
#[derive(Default)]
pub(super) enum Source {
    /// The body is all there is.
    #[default]
    Body,
    /// A form, whose file has not begun to be read.
    Form(Rest),
    /// The file of a form, and bytes of it that were read already.
    File(FileReader, Bytes),
}

impl Source {
    /// What is read from now on is a file of so many bytes.
    fn begin(&mut self, length: u64) {
        *self = match std::mem::take(self) {
            Self::Form(Rest { boundary, first }) => {
                Self::File(FileReader::new(&boundary, length), first)
            }
            other @ (Self::Body | Self::File(..)) => other,
        };
    }
}

impl Exchange<'_> {
    /// Reads a form up to its file.
    pub(super) async fn read_form(&mut self, boundary: Boundary) -> Result<Found, Fault> {
        let mut reader = FormReader::new(boundary.clone());
        self.client.invite_body().await.map_err(Fault::Client)?;
        while let Some(piece) = self.client.read().await.map_err(Fault::Client)? {
            match reader.feed(&piece).map_err(Fault::Form)? {
                Progress::More => (),
                Progress::File { form, before, rest } => {
                    let first = rest;
                    self.source = Source::Form(Rest { boundary, first });
                    return Ok(Found::Form { form, before });
                }
            }
        }
        Err(Fault::Form(reader.unfinished()))
    }

    /// Asks for the body of a permit, if the client waits to be asked.
    pub(super) async fn begin_body(&mut self, permit: &Permit) -> Result<(), Fault> {
        self.source.begin(permit.body().length);
        self.client.invite_body().await.map_err(Fault::Client)
    }

    /// The next piece of the body, of a form that of its file; `None` at its end.
    pub(super) async fn next_piece(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            let first = match &mut self.source {
                Source::File(_, first) => std::mem::take(first),
                Source::Body | Source::Form(_) => Bytes::new(),
            };
            let piece = match first.is_empty() {
                true => self.client.read().await.map_err(Fault::Client)?,
                false => Some(first),
            };
            let Source::File(reader, _) = &mut self.source else {
                return Ok(piece);
            };
            let Some(piece) = piece else {
                return reader.finish().map(|()| None).map_err(Fault::Form);
            };
            let file = reader.feed(piece).map_err(Fault::Form)?;
            // What stands behind the file is none of it.
            if !file.is_empty() {
                return Ok(Some(file));
            }
        }
    }

    /// Whether the body was read to its end, so that [`Exchange::next_piece`] would only say so.
    pub(super) fn has_read_body(&mut self) -> bool {
        let nothing_left = match &self.source {
            Source::File(_, first) => first.is_empty(),
            Source::Body | Source::Form(_) => true,
        };
        nothing_left && self.client.has_read_body()
    }

    /// The body was read to its end: whether all is there that must be.
    pub(super) fn end_body(&self) -> Result<(), Fault> {
        match &self.source {
            Source::File(reader, _) => reader.finish().map_err(Fault::Form),
            Source::Body | Source::Form(_) => Ok(()),
        }
    }

    /// Answers the sender of a form whose file is stored.
    pub(super) async fn answer_form(
        &mut self,
        mut call: Call,
        permit: &Permit,
        reply: &Reply,
    ) -> Result<(), Fault> {
        let headers = call.headers().cloned().unwrap_or_default();
        let body = call.read_all(super::buffered::LIMIT).await;
        body.map_err(Fault::Upstream)?;
        call.release().await;
        let location = self.location_of(permit);
        let success = reply.success(&location, self.shown(headers));
        self.entry.sent.object_size = Some(permit.body().length);
        let head = reply::stored(&success, &self.entry.id);
        self.send_whole(head, &success.body).await?;
        self.entry.end(Ending::Answered);
        Ok(())
    }

    /// The URL of the object, under the name of the bucket that the client used.
    fn location_of(&self, permit: &Permit) -> String {
        let bucket = self.location();
        format!("{}/{}", bucket.trim_end_matches('/'), permit.key())
    }
}
