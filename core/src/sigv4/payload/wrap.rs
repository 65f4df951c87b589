//! A body on its way upstream in `aws-chunked` frames of our own, with its checksum behind it.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use super::{Algorithm, Checksum};
use bytes::Bytes;

/// Bytes of a chunk but for the last; some stores take none of more than 16 MiB.
const CHUNK: u64 = 1 << 20;
const LINE: &str = "\r\n";

/// What a framed body is announced as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrapping {
    /// Bytes of the body itself; not 0.
    pub length: u64,
    /// The checksum that comes behind it.
    pub trailer: Algorithm,
}

impl Wrapping {
    /// Bytes of the body with its frames.
    pub fn total(self) -> u64 {
        let whole = self.length / CHUNK;
        let rest = self.length % CHUNK;
        let chunk = |length: u64| (head(length).len() + LINE.len()) as u64 + length;
        let chunks = whole * chunk(CHUNK) + if rest > 0 { chunk(rest) } else { 0 };
        let value = self.trailer.length().div_ceil(3) * 4;
        let end = "0\r\n:\r\n\r\n".len() + self.trailer.header().len() + value;
        chunks + end as u64
    }
}

/// Puts the frames around a body piece by piece.
#[derive(Debug)]
pub struct Wrapper {
    /// Bytes of the body that are still to come.
    left: u64,
    /// Of these in the chunk at hand.
    chunk: u64,
}

impl Wrapper {
    /// For a body of which nothing came yet.
    pub fn new(wrapping: Wrapping) -> Self {
        Self {
            left: wrapping.length,
            chunk: 0,
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

    /// What comes behind a body that is complete.
    pub fn end(checksum: &Checksum) -> Bytes {
        let name = checksum.algorithm().header();
        format!("0\r\n{name}:{}\r\n\r\n", checksum.text()).into()
    }
}

fn head(length: u64) -> String {
    format!("{length:x}{LINE}")
}

#[cfg(test)]
mod tests;
