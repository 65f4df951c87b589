//! A body in the frames that its head announced; signed with the upstream's key where it said so.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use super::sign::{Body, EMPTY, hex};
use super::signing_key::SigningKey;
use bytes::Bytes;
use portcullis_core::sigv4::ALGORITHM;
use portcullis_core::sigv4::payload::{
    Cell, CellHash, Cells, Checksum, Wrapper, Wrapping, signed_chunk_end, signed_chunk_head,
    signed_end, trailer_line,
};
use std::sync::Arc;

/// What stands around the bytes of one body.
#[derive(Debug, Default)]
pub(super) enum Frames {
    /// Nothing.
    #[default]
    None,
    /// Chunks without signatures.
    Unsigned(Wrapper),
    /// Chunks with signatures.
    Signed(Wrapping, Cells, ChunkSigner),
}

impl Frames {
    /// `signer` is there if the body has signed chunks.
    pub(super) fn of(body: &Body, signer: Option<ChunkSigner>) -> Self {
        match (body, signer) {
            (Body::Framed(wrapping), Some(signer)) => {
                Self::Signed(*wrapping, Cells::new(wrapping.length), signer)
            }
            (Body::Framed(wrapping), None) => Self::Unsigned(Wrapper::new(*wrapping)),
            (Body::Empty | Body::Hashed(..) | Body::Unsigned(_), _) => Self::None,
        }
    }

    /// What can be sent when these bytes have come.
    pub(super) fn around(&mut self, data: Bytes, hashes: Vec<CellHash>) -> Vec<Bytes> {
        match self {
            Self::None => vec![data],
            Self::Unsigned(wrapper) => wrapper.wrap(data),
            Self::Signed(_, cells, signer) => {
                let cells = cells.cut(data, hashes);
                cells
                    .into_iter()
                    .flat_map(|cell| signer.chunk(cell))
                    .collect()
            }
        }
    }

    /// The rest, once the body is complete.
    pub(super) fn end(self, trailer: Option<&Checksum>) -> Vec<Bytes> {
        match self {
            Self::None => Vec::new(),
            Self::Unsigned(wrapper) => vec![wrapper.end(trailer)],
            Self::Signed(wrapping, cells, mut signer) => {
                // A checksum that the store would not look for ends here.
                let trailer = trailer.filter(|_| wrapping.trailer().is_some());
                let last = cells.last().map(|cell| signer.chunk(cell));
                let end = signer.end(trailer);
                last.into_iter().flatten().chain(end).collect()
            }
        }
    }
}

/// Continues the signature of a request over its chunks.
pub(super) struct ChunkSigner {
    key: Arc<SigningKey>,
    /// Time and scope, each with its line break, as every string to sign has them.
    scope: Box<str>,
    /// The last signature, in hexadecimal.
    previous: String,
}

impl ChunkSigner {
    /// `seed` is the signature of the request.
    pub(super) fn begin(key: Arc<SigningKey>, date: &str, scope: &str, seed: String) -> Self {
        Self {
            key,
            scope: format!("{date}\n{scope}\n").into(),
            previous: seed,
        }
    }

    fn chunk(&mut self, cell: Cell) -> [Bytes; 3] {
        let signature = self.sign("-PAYLOAD", &format!("{EMPTY}\n{}", hex(&cell.hash)));
        let head = signed_chunk_head(cell.data.len(), signature);
        [head, cell.data, signed_chunk_end()]
    }

    /// The chunk of no bytes and what comes behind it.
    fn end(mut self, trailer: Option<&Checksum>) -> [Bytes; 2] {
        let signature = self.sign("-PAYLOAD", &format!("{EMPTY}\n{EMPTY}"));
        let head = signed_chunk_head(0, signature);
        let end = match trailer {
            None => signed_end(None),
            Some(checksum) => {
                let line = format!("{}\n", trailer_line(checksum));
                let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, line.as_bytes());
                let signature = self.sign("-TRAILER", &hex(hash.as_ref()));
                signed_end(Some((checksum, signature)))
            }
        };
        [head, end]
    }

    fn sign(&mut self, kind: &str, hashes: &str) -> &str {
        let Self {
            scope, previous, ..
        } = self;
        let text = format!("{ALGORITHM}{kind}\n{scope}{previous}\n{hashes}");
        self.previous = self.key.sign(text.as_bytes());
        &self.previous
    }
}

impl std::fmt::Debug for ChunkSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkSigner").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
