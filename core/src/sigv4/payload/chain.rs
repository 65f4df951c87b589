//! The signatures within a body: each signs the one before it and a hash of what came since, the first the request's own.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use crate::sigv4::canonical::lower_hex;
use crate::sigv4::{ALGORITHM, BasicDate, SigningKey, Verified};
use aws_lc_rs::digest::{Context, Digest, SHA256, digest};
use std::fmt;
use subtle::ConstantTimeEq;

/// Verifies the signatures of a body's chunks, in their order.
#[derive(Clone)]
pub struct ChunkChain(Box<Chain>);

#[derive(Clone)]
struct Chain {
    key: SigningKey,
    /// Time and scope, each with its line break, as every string to sign has them.
    scope: Box<str>,
    /// The last signature that was verified, in hexadecimal.
    previous: [u8; 64],
}

/// What a chunk must be, while its data comes.
pub(super) struct SignedChunk {
    claimed: [u8; 32],
    hash: Context,
}

impl ChunkChain {
    /// Begins with the signature of a request. `key` is the one it was verified with.
    pub fn begin(verified: &Verified<'_>, key: &SigningKey) -> Self {
        let presented = verified.presented();
        let date = BasicDate::of(presented.timestamp);
        let (day, region) = (presented.scope.date, presented.scope.region);
        let service = presented.scope.service;
        Self(Box::new(Chain {
            key: key.clone(),
            scope: format!("{}\n{day}/{region}/{service}/aws4_request\n", date.text()).into(),
            previous: hex(&presented.signature),
        }))
    }

    /// A chunk whose data has ended; gives the hash of it.
    pub(super) fn chunk(&mut self, chunk: SignedChunk) -> Result<[u8; 32], Forged> {
        let empty = hex(digest(&SHA256, b"").as_ref());
        let mut hash = [0; 32];
        hash.copy_from_slice(chunk.hash.finish().as_ref());
        let hashes: [&[u8]; 3] = [&empty, b"\n", &hex(&hash)];
        self.0.verify("-PAYLOAD\n", &hashes, &chunk.claimed)?;
        Ok(hash)
    }

    /// The trailers, each as `name:value` and a line feed.
    pub(super) fn trailers(&mut self, lines: &Digest, claimed: &[u8; 32]) -> Result<(), Forged> {
        self.0
            .verify("-TRAILER\n", &[&hex(lines.as_ref())], claimed)
    }
}

impl Chain {
    fn verify(&mut self, kind: &str, hashes: &[&[u8]], claimed: &[u8; 32]) -> Result<(), Forged> {
        let common: [&[u8]; 5] = [
            ALGORITHM.as_bytes(),
            kind.as_bytes(),
            self.scope.as_bytes(),
            &self.previous,
            b"\n",
        ];
        let pieces: Vec<&[u8]> = common.iter().chain(hashes).copied().collect();
        let signature = self.key.sign(&pieces);
        if !bool::from(signature.as_ref().ct_eq(claimed)) {
            return Err(Forged);
        }
        self.previous = hex(signature.as_ref());
        Ok(())
    }
}

/// The signature was not made with the key of the request, or not over this.
#[derive(Debug)]
pub(super) struct Forged;

impl SignedChunk {
    /// A chunk of which nothing came yet, with the signature that stands at its size.
    pub(super) fn new(claimed: [u8; 32]) -> Self {
        Self {
            claimed,
            hash: Context::new(&SHA256),
        }
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        self.hash.update(data);
    }
}

fn hex(bytes: &[u8]) -> [u8; 64] {
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[lower_hex(byte >> 4), lower_hex(byte & 15)]);
    }
    hex
}

impl PartialEq for ChunkChain {
    /// Of the same request; keys are not compared.
    fn eq(&self, other: &Self) -> bool {
        self.0.scope == other.0.scope && self.0.previous == other.0.previous
    }
}

impl Eq for ChunkChain {}

impl fmt::Debug for ChunkChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkChain").finish_non_exhaustive()
    }
}

impl fmt::Debug for SignedChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedChunk").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
