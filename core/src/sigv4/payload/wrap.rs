//! A body on its way upstream in `aws-chunked` frames of our own: their lengths, and what stands around the data. Whoever
//! has the key makes the signatures.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
//!
//! Chunks have a fixed size, whatever the client's have: a head announces the length of all frames together before the
//! first of the client's chunks is known, so that length has to follow from the length of the body alone.

use super::cells::CELL;
use super::{Algorithm, Checksum, Hasher};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

/// Bytes of a chunk without signature but for the last; some stores take none of more than 16 MiB.
const CHUNK: u64 = 1 << 20;
const LINE: &str = "\r\n";
const SIGNATURE: &str = ";chunk-signature=";
const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature:";
/// Bytes of a signature in hexadecimal.
const HEX: usize = 64;

/// What a framed body is announced as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrapping {
    /// Bytes of the body itself; not 0.
    pub length: u64,
    /// What the frames are.
    pub chunking: Chunking,
}

/// What stands at the chunks, and behind them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunking {
    /// Nothing at the chunks; behind them the checksum that the client put there.
    PassedTrailer(Algorithm),
    /// Nothing at the chunks; behind them a checksum that is computed here.
    OwnTrailer(Algorithm),
    /// A signature at each chunk; behind them, signed too, the checksum that the client put there, if it did.
    Signed(Option<Algorithm>),
}

impl Wrapping {
    /// Bytes of the body with its frames.
    pub fn total(self) -> u64 {
        let (size, signature) = match self.chunking {
            Chunking::PassedTrailer(_) | Chunking::OwnTrailer(_) => (CHUNK, 0),
            Chunking::Signed(_) => (CELL, SIGNATURE.len() + HEX),
        };
        let chunk = |length: u64| (head(length).len() + signature + LINE.len()) as u64 + length;
        let rest = self.length % size;
        let last = if rest > 0 { chunk(rest) } else { 0 };
        let end = "0".len() + signature + LINE.len() + self.trailer_length() + LINE.len();
        self.length / size * chunk(size) + last + end as u64
    }

    fn trailer_length(self) -> usize {
        let line = self.trailer().map_or(0, |algorithm| {
            let value = algorithm.length().div_ceil(3) * 4;
            algorithm.header().len() + ":".len() + value + LINE.len()
        });
        match self.chunking {
            Chunking::Signed(Some(_)) => line + TRAILER_SIGNATURE.len() + HEX + LINE.len(),
            Chunking::Signed(None) | Chunking::PassedTrailer(_) | Chunking::OwnTrailer(_) => line,
        }
    }

    /// The checksum that comes behind the body.
    pub fn trailer(self) -> Option<Algorithm> {
        match self.chunking {
            Chunking::PassedTrailer(algorithm) | Chunking::OwnTrailer(algorithm) => Some(algorithm),
            Chunking::Signed(algorithm) => algorithm,
        }
    }

    /// What `x-amz-content-sha256` says.
    pub fn content_sha256(self) -> &'static str {
        match self.chunking {
            Chunking::PassedTrailer(_) | Chunking::OwnTrailer(_) => {
                "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
            }
            Chunking::Signed(None) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
            Chunking::Signed(Some(_)) => "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        }
    }
}

/// Puts frames without signatures around a body piece by piece.
#[derive(Debug)]
pub struct Wrapper {
    /// Bytes of the body that are still to come.
    left: u64,
    /// Of these in the chunk at hand.
    chunk: u64,
    /// The checksum that is computed here.
    own: Option<(Algorithm, Hasher)>,
}

impl Wrapper {
    /// For a body of which nothing came yet.
    pub fn new(wrapping: Wrapping) -> Self {
        let own = match wrapping.chunking {
            Chunking::OwnTrailer(algorithm) => Some((algorithm, Hasher::new(algorithm))),
            Chunking::PassedTrailer(_) | Chunking::Signed(_) => None,
        };
        Self {
            left: wrapping.length,
            chunk: 0,
            own,
        }
    }

    /// The next bytes of the body with what stands around them. Bytes beyond the announced length are left out.
    pub fn wrap(&mut self, mut data: Bytes) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        while !data.is_empty() && self.left > 0 {
            if self.chunk == 0 {
                self.chunk = self.left.min(CHUNK);
                pieces.push(head(self.chunk).into());
            }
            let fits = usize::try_from(self.chunk).unwrap_or(usize::MAX);
            let piece = data.split_to(fits.min(data.len()));
            if let Some((_, hasher)) = &mut self.own {
                hasher.update(&piece);
            }
            let length = piece.len() as u64;
            pieces.push(piece);
            self.chunk -= length;
            self.left -= length;
            if self.chunk == 0 {
                pieces.push(Bytes::from_static(LINE.as_bytes()));
            }
        }
        pieces
    }

    /// What comes behind a body that is complete; `passed` is the checksum that the client put there.
    pub fn end(self, passed: Option<&Checksum>) -> Bytes {
        let own = self.own.map(|(algorithm, hasher)| {
            let value = BASE64_STANDARD.encode(hasher.finish());
            format!("{}:{value}", algorithm.header())
        });
        let line = own.or_else(|| passed.map(trailer_line));
        line.map_or_else(Bytes::new, |line| format!("0\r\n{line}\r\n\r\n").into())
    }
}

/// What stands before the data of a signed chunk of this length. Behind it stands [`signed_chunk_end`].
pub fn signed_chunk_head(length: usize, signature: &str) -> Bytes {
    format!("{length:x}{SIGNATURE}{signature}{LINE}").into()
}

/// What stands behind the data of a signed chunk.
pub fn signed_chunk_end() -> Bytes {
    Bytes::from_static(LINE.as_bytes())
}

/// What comes behind the chunk of no bytes that ends a signed body: its trailer and the trailer's signature, if it has one.
pub fn signed_end(trailer: Option<(&Checksum, &str)>) -> Bytes {
    trailer.map_or_else(signed_chunk_end, |(checksum, signature)| {
        let line = trailer_line(checksum);
        format!("{line}{LINE}{TRAILER_SIGNATURE}{signature}{LINE}{LINE}").into()
    })
}

/// A trailer as it is sent and, with a line feed behind it, as it is signed.
pub fn trailer_line(checksum: &Checksum) -> String {
    format!("{}:{}", checksum.algorithm().header(), checksum.text())
}

fn head(length: u64) -> String {
    format!("{length:x}{LINE}")
}

#[cfg(test)]
mod tests;
