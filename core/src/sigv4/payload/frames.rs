//! The aws-chunked framing, undone as it comes.
//!
//! `hex-size[;chunk-signature=…]\r\n data \r\n` again and again, then a chunk of size 0, trailers and an empty line.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>

use super::cells::{CellHash, is_cell};
use super::chain::SignedChunk;
use super::{Algorithm, Checksum, Signatures, Signed};
use crate::sigv4::presented::unhex;
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;

/// What is wrong with the framing. 400 InvalidRequest or IncompleteBody in general, MalformedTrailerError "The request
/// contained trailing data that was not well-formed or did not conform to our published schema." for trailers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    /// Not lower- or upper-case hexadecimal digits without leading zeros, or more than fits.
    #[error("a chunk's size is not a hexadecimal number")]
    Size,
    /// The text after the size is not what this form has there.
    #[error("a chunk's extension is malformed")]
    Extension,
    /// A line that does not end in time.
    #[error("a line of the framing is too long")]
    LineTooLong,
    /// A line or a chunk's data does not end in CR LF.
    #[error("a line break is missing")]
    LineBreak,
    /// A trailer that is malformed, was not declared, or came twice.
    #[error("a trailer is malformed or was not declared")]
    Trailer,
    /// The declared trailer did not come.
    #[error("the declared trailer is missing")]
    MissingTrailer,
    /// The trailer's signature did not come.
    #[error("the trailer's signature is missing")]
    MissingTrailerSignature,
    /// A chunk's signature is another's, or its data was changed. 403 SignatureDoesNotMatch.
    #[error("a chunk's signature does not match")]
    ChunkSignature,
    /// The trailers' signature is another's, or they were changed. 403 SignatureDoesNotMatch.
    #[error("the trailer's signature does not match")]
    TrailerSignature,
    /// The body ended before its final chunk and empty line.
    #[error("the final chunk is missing")]
    MissingEnd,
    /// Bytes behind the end of the last frame.
    #[error("bytes follow the final chunk")]
    BytesAfterEnd,
    /// Chunks hold more bytes than were announced.
    #[error("chunks hold more bytes than announced")]
    TooLong,
    /// The final chunk came before all announced bytes.
    #[error("chunks hold fewer bytes than announced")]
    TooShort,
}

/// 16 digits, `;chunk-signature=` and 64 digits, CR LF.
const SIZE_LINE: usize = 16 + 17 + 64 + 2;
/// The longest trailer is a SHA-512 in base64.
const TRAILER_LINE: usize = 256;

/// Takes pieces of a framed body and gives back the data in them.
#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    /// The start of a line whose end has not come yet.
    line: Vec<u8>,
    /// Decoded bytes, and those of them that are still to come.
    length: u64,
    left: u64,
    signatures: Signatures,
    /// The chunk at hand, if it is verified.
    chunk: Option<SignedChunk>,
    /// Where the chunk at hand begins, if it is just one cell.
    cell: Option<u64>,
    /// Of cells that were verified since they were taken.
    hashes: Vec<CellHash>,
    declared: Option<Algorithm>,
    checksum: Option<Checksum>,
    signature_seen: Seen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Data(u64),
    DataEnd,
    Trailers(Previous),
    /// All is here; one more CR LF may follow.
    Spare,
    Done,
}

/// How the previous trailer's line ended. MinIO's client ends it by a bare LF and then writes a CR LF before what
/// follows, so after such a line one empty line says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Previous {
    CrLf,
    Lf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    No,
    Yes,
}

impl Frames {
    pub(super) fn new(length: u64, signatures: Signatures, declared: Option<Algorithm>) -> Self {
        Self {
            state: State::Size,
            line: Vec::new(),
            length,
            left: length,
            signatures,
            chunk: None,
            cell: None,
            hashes: Vec::new(),
            declared,
            checksum: None,
            signature_seen: Seen::No,
        }
    }

    /// The next data in `input`, which is consumed up to its end; `None` when all of `input` is consumed.
    pub(super) fn next(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, FrameFault> {
        while !input.is_empty() {
            match self.state {
                State::Data(size) => return Ok(Some(self.data(size, input))),
                State::Size => {
                    let Some(line) = self.line(input, SIZE_LINE)? else {
                        continue;
                    };
                    self.state = self.size_line(&line)?;
                }
                State::DataEnd => {
                    let Some(line) = self.line(input, 2).map_err(|_| FrameFault::LineBreak)? else {
                        continue;
                    };
                    if line != b"\r\n" {
                        return Err(FrameFault::LineBreak);
                    }
                    self.verify_chunk()?;
                    self.state = State::Size;
                }
                State::Trailers(previous) => {
                    let Some(line) = self.line(input, TRAILER_LINE)? else {
                        continue;
                    };
                    self.state = self.trailer_line(&line, previous)?;
                }
                State::Spare => {
                    let Some(line) = self.line(input, 2).map_err(|_| FrameFault::BytesAfterEnd)?
                    else {
                        continue;
                    };
                    if line != b"\r\n" {
                        return Err(FrameFault::BytesAfterEnd);
                    }
                    self.state = State::Done;
                }
                State::Done => return Err(FrameFault::BytesAfterEnd),
            }
        }
        Ok(None)
    }

    /// The hashes of the cells that were verified since this was asked.
    pub(super) fn hashes(&mut self) -> Vec<CellHash> {
        std::mem::take(&mut self.hashes)
    }

    /// The trailing checksum, once the framing has ended as it must.
    pub(super) fn finish(self) -> Result<Option<Checksum>, FrameFault> {
        match self.state {
            State::Spare | State::Done if self.line.is_empty() => Ok(self.checksum),
            State::Spare | State::Done => Err(FrameFault::BytesAfterEnd),
            State::Size | State::Data(_) | State::DataEnd | State::Trailers(_) => {
                Err(FrameFault::MissingEnd)
            }
        }
    }

    fn data(&mut self, size: u64, input: &mut Bytes) -> Bytes {
        let here = usize::try_from(size).map_or(input.len(), |size| size.min(input.len()));
        let taken = input.split_to(here);
        if let Some(chunk) = &mut self.chunk {
            chunk.update(&taken);
        }
        let size = size.saturating_sub(taken.len() as u64);
        self.left = self.left.saturating_sub(taken.len() as u64);
        self.state = if size == 0 {
            State::DataEnd
        } else {
            State::Data(size)
        };
        taken
    }

    /// A whole line with its line break; `None` if its end has not come. Never keeps more than `limit` bytes.
    fn line(&mut self, input: &mut Bytes, limit: usize) -> Result<Option<Vec<u8>>, FrameFault> {
        let room = limit.saturating_sub(self.line.len());
        let end = input.iter().take(room).position(|byte| *byte == b'\n');
        let taken = match end {
            Some(at) => input.split_to(at + 1),
            None if input.len() >= room => return Err(FrameFault::LineTooLong),
            None => input.split_to(input.len()),
        };
        self.line.extend_from_slice(&taken);
        Ok(end.map(|_| std::mem::take(&mut self.line)))
    }

    fn size_line(&mut self, line: &[u8]) -> Result<State, FrameFault> {
        let line = line.strip_suffix(b"\r\n").ok_or(FrameFault::LineBreak)?;
        let digits = line.iter().take_while(|byte| **byte != b';').count();
        let (size, extension) = line.split_at(digits);
        let size = parse_size(size).ok_or(FrameFault::Size)?;
        self.extension(extension)?;
        match size {
            0 if self.left > 0 => Err(FrameFault::TooShort),
            0 => {
                self.verify_chunk()?;
                Ok(State::Trailers(Previous::CrLf))
            }
            size if size > self.left => Err(FrameFault::TooLong),
            size => {
                let start = self.length - self.left;
                self.cell = is_cell(start, size, self.length).then_some(start);
                Ok(State::Data(size))
            }
        }
    }

    fn extension(&mut self, extension: &[u8]) -> Result<(), FrameFault> {
        let signature = extension
            .strip_prefix(b";chunk-signature=")
            .and_then(signature);
        self.chunk = match (&self.signatures, signature) {
            (Signatures::None, _) if extension.is_empty() => None,
            (Signatures::Ignored(_), Some(_)) => None,
            (Signatures::Verified(..), Some(claimed)) => Some(SignedChunk::new(claimed)),
            (Signatures::None | Signatures::Ignored(_) | Signatures::Verified(..), _) => {
                return Err(FrameFault::Extension);
            }
        };
        Ok(())
    }

    fn verify_chunk(&mut self) -> Result<(), FrameFault> {
        match (&mut self.signatures, self.chunk.take()) {
            (Signatures::Verified(_, chain), Some(chunk)) => {
                let hash = chain.chunk(chunk).map_err(|_| FrameFault::ChunkSignature)?;
                let cell = self.cell.take().map(|start| CellHash { start, hash });
                self.hashes.extend(cell);
                Ok(())
            }
            (Signatures::Verified(..), None) => Err(FrameFault::ChunkSignature),
            (Signatures::None | Signatures::Ignored(_), _) => Ok(()),
        }
    }

    fn trailer_line(&mut self, line: &[u8], previous: Previous) -> Result<State, FrameFault> {
        let (line, end) = match line.strip_suffix(b"\r\n") {
            Some(line) => (line, Previous::CrLf),
            None => (
                line.strip_suffix(b"\n").ok_or(FrameFault::LineBreak)?,
                Previous::Lf,
            ),
        };
        match (line, end) {
            (b"", Previous::CrLf) => self.empty_line(previous),
            (b"", Previous::Lf) => Err(FrameFault::LineBreak),
            (line, end) => {
                self.trailer(str::from_utf8(line).map_err(|_| FrameFault::Trailer)?)?;
                Ok(State::Trailers(end))
            }
        }
    }

    fn empty_line(&self, previous: Previous) -> Result<State, FrameFault> {
        if self.declared.is_some() && self.checksum.is_none() {
            return Err(FrameFault::MissingTrailer);
        }
        let unsigned = self.signs_trailers() && self.signature_seen == Seen::No;
        match (unsigned, previous) {
            (true, Previous::Lf) => Ok(State::Trailers(Previous::CrLf)),
            (true, Previous::CrLf) => Err(FrameFault::MissingTrailerSignature),
            (false, Previous::Lf) => Ok(State::Spare),
            (false, Previous::CrLf) => Ok(State::Done),
        }
    }

    fn trailer(&mut self, line: &str) -> Result<(), FrameFault> {
        let (name, value) = line.split_once(':').ok_or(FrameFault::Trailer)?;
        let value = value.trim_matches([' ', '\t']);
        if name.eq_ignore_ascii_case("x-amz-trailer-signature") {
            return self.trailer_signature(value);
        }
        let algorithm = self
            .declared
            .filter(|declared| name.eq_ignore_ascii_case(declared.header()));
        let checksum = algorithm.and_then(|algorithm| Checksum::parse(algorithm, value));
        let checksum = checksum.ok_or(FrameFault::Trailer)?;
        if self.checksum.replace(checksum).is_some() || self.signature_seen == Seen::Yes {
            return Err(FrameFault::Trailer);
        }
        Ok(())
    }

    fn trailer_signature(&mut self, value: &str) -> Result<(), FrameFault> {
        let expected = self.signs_trailers() && self.signature_seen == Seen::No;
        let claimed = signature(value.as_bytes()).filter(|_| expected);
        let claimed = claimed.ok_or(FrameFault::Trailer)?;
        self.signature_seen = Seen::Yes;
        let lines = digest(&SHA256, self.trailers().as_bytes());
        match &mut self.signatures {
            Signatures::None | Signatures::Ignored(_) => Ok(()),
            Signatures::Verified(_, chain) => chain
                .trailers(&lines, &claimed)
                .map_err(|_| FrameFault::TrailerSignature),
        }
    }

    fn signs_trailers(&self) -> bool {
        match self.signatures {
            Signatures::None => false,
            Signatures::Ignored(signed) | Signatures::Verified(signed, _) => {
                signed == Signed::ChunksAndTrailers
            }
        }
    }

    /// As they are signed.
    fn trailers(&self) -> String {
        self.checksum
            .iter()
            .map(|checksum| format!("{}:{}\n", checksum.algorithm().header(), checksum.text()))
            .collect()
    }
}

/// At most 16 digits, so it cannot overflow; `0` is the only number that starts with a zero.
fn parse_size(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 || (digits.len() > 1 && digits.starts_with(b"0")) {
        return None;
    }
    digits.iter().try_fold(0, |size: u64, byte| {
        Some(size << 4 | u64::from(char::from(*byte).to_digit(16)?))
    })
}

fn signature(text: &[u8]) -> Option<[u8; 32]> {
    unhex(&str::from_utf8(text).ok()?.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
