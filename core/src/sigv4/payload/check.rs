//! The check of a body as it streams.

use super::frames::Frames;
use super::{Algorithm, BodyPlan, CellHash, Checksum, FrameFault, Framing, Hasher};
use bytes::{Bytes, BytesMut};
use std::fmt;

/// What is wrong with a body. Which S3 error that becomes is written at each variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Fewer bytes than announced. 400 IncompleteBody "You did not provide the number of bytes specified by the
    /// Content-Length HTTP header."
    #[error("the body is shorter than announced")]
    TooShort,
    /// More bytes than announced. 400 IncompleteBody, as above.
    #[error("the body is longer than announced")]
    TooLong,
    /// 400 XAmzContentSHA256Mismatch "The provided 'x-amz-content-sha256' header does not match what was computed."
    #[error("the body is not the one `x-amz-content-sha256` names")]
    Digest,
    /// 400 BadDigest "The Content-MD5 you specified did not match what we received."
    #[error("the body is not the one `content-md5` names")]
    Md5,
    /// 400 BadDigest "The CRC32 you specified did not match the calculated checksum."
    #[error("the body is not the one its {} names", .0.name())]
    Checksum(Algorithm),
    /// The aws-chunked framing is wrong.
    #[error("the aws-chunked framing is wrong: {0}")]
    Framing(#[from] FrameFault),
}

/// Checks one body against its plan. What it releases may be sent on: until [`BodyCheck::finish`] succeeds the last
/// byte is never among it, so a receiver that was told the length never has a whole body that is wrong.
///
/// Keeps no data but that byte, whatever the size of body, chunks and pieces.
pub struct BodyCheck {
    /// Decoded bytes that are still to come.
    left: u64,
    frames: Option<Frames>,
    digest: Option<([u8; 32], Hasher)>,
    md5: Option<([u8; 16], Hasher)>,
    announced: Option<Checksum>,
    checksum: Option<Hasher>,
    // INVARIANT: the last byte of the body, from when it came until `finish` or a failure.
    held: Option<u8>,
    failure: Option<BodyError>,
}

impl BodyCheck {
    /// For a body of which nothing came yet.
    pub fn new(plan: &BodyPlan) -> Self {
        let announced = plan.checksum.as_ref().map(Checksum::algorithm);
        Self {
            left: plan.length,
            frames: match &plan.framing {
                Framing::Plain => None,
                Framing::Frames { signatures } => {
                    Some(Frames::new(plan.length, signatures.clone(), plan.trailer))
                }
            },
            digest: plan
                .digest
                .map(|digest| (digest, Hasher::new(Algorithm::Sha256))),
            md5: plan.md5.map(|md5| (md5, Hasher::new(Algorithm::Md5))),
            announced: plan.checksum.clone(),
            checksum: announced.or(plan.trailer).map(Hasher::new),
            held: None,
            failure: None,
        }
    }

    /// Takes the next piece as it came from the client and gives the decoded bytes that may go on. No copy is made
    /// unless a piece holds the data of several chunks.
    ///
    /// # Errors
    /// What is wrong; the same again for every later piece.
    pub fn feed(&mut self, piece: Bytes) -> Result<Bytes, BodyError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let released = match self.frames.take() {
            None => self.release(piece),
            Some(mut frames) => {
                // Whoever has no use for them does not take them, and a body has many.
                drop(frames.hashes());
                let released = self.unwrap_frames(&mut frames, piece);
                self.frames = Some(frames);
                released
            }
        };
        if let Err(failure) = released {
            self.failure = Some(failure);
            self.held = None;
        }
        released
    }

    /// The hashes that the last piece verified, of chunks that are each just one cell to sign anew.
    pub fn hashes(&mut self) -> Vec<CellHash> {
        self.frames.as_mut().map(Frames::hashes).unwrap_or_default()
    }

    /// The body has ended: verifies everything and gives the last byte; nothing if the body is empty.
    ///
    /// # Errors
    /// What is wrong. The body must then not be completed.
    pub fn finish(self) -> Result<Bytes, BodyError> {
        self.finish_with_trailer().map(|(last, _)| last)
    }

    /// The same, with the checksum that came behind the body.
    ///
    /// # Errors
    /// As [`BodyCheck::finish`].
    pub fn finish_with_trailer(self) -> Result<(Bytes, Option<Checksum>), BodyError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let trailing = match self.frames {
            Some(frames) => frames.finish()?,
            None => None,
        };
        if self.left > 0 {
            return Err(BodyError::TooShort);
        }
        check(self.digest, BodyError::Digest)?;
        check(self.md5, BodyError::Md5)?;
        let announced = self.announced.as_ref().or(trailing.as_ref());
        if let (Some(checksum), Some(hasher)) = (announced, self.checksum) {
            let failure = BodyError::Checksum(checksum.algorithm());
            check(Some((checksum.value(), hasher)), failure)?;
        }
        let last = self
            .held
            .map_or_else(Bytes::new, |byte| Bytes::copy_from_slice(&[byte]));
        Ok((last, trailing))
    }

    fn unwrap_frames(&mut self, frames: &mut Frames, mut piece: Bytes) -> Result<Bytes, BodyError> {
        let mut first = Bytes::new();
        let mut joined: Option<BytesMut> = None;
        while let Some(data) = frames.next(&mut piece)? {
            let data = self.release(data)?;
            match &mut joined {
                Some(joined) => joined.extend_from_slice(&data),
                None if first.is_empty() => first = data,
                None => joined = Some([&first, &data].into_iter().flatten().copied().collect()),
            }
        }
        Ok(joined.map_or(first, BytesMut::freeze))
    }

    /// Counts and hashes decoded bytes; withholds the last one of the body.
    fn release(&mut self, mut data: Bytes) -> Result<Bytes, BodyError> {
        self.left = self
            .left
            .checked_sub(data.len() as u64)
            .ok_or(BodyError::TooLong)?;
        let digests = [
            self.digest.as_mut().map(|(_, hasher)| hasher),
            self.md5.as_mut().map(|(_, hasher)| hasher),
        ];
        for hasher in digests.into_iter().flatten().chain(self.checksum.as_mut()) {
            hasher.update(&data);
        }
        if self.left == 0
            && let Some(last) = data.last()
        {
            self.held = Some(*last);
            data.truncate(data.len() - 1);
        }
        Ok(data)
    }
}

fn check(pair: Option<(impl AsRef<[u8]>, Hasher)>, failure: BodyError) -> Result<(), BodyError> {
    let holds = pair.is_none_or(|(announced, hasher)| hasher.finish() == announced.as_ref());
    if holds { Ok(()) } else { Err(failure) }
}

impl fmt::Debug for BodyCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyCheck")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
