//! From the head to what the body must be.

use super::{Algorithm, Checksum, ChunkChain, ContentSha256};
use crate::request::Head;
use crate::sigv4::Presented;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use std::borrow::Cow;

/// The largest object one PUT may bring.
const LARGEST: u64 = 5 << 30;

/// What a body must be, from the head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyPlan {
    /// Bytes after decoding; what the upstream is told.
    pub length: u64,
    /// How the bytes are wrapped on their way to us.
    pub framing: Framing,
    /// SHA-256 of the decoded body.
    pub digest: Option<[u8; 32]>,
    /// `Content-MD5` of the decoded body.
    pub md5: Option<[u8; 16]>,
    /// A checksum announced in a header.
    pub checksum: Option<Checksum>,
    /// A checksum that comes behind the body.
    pub trailer: Option<Algorithm>,
}

/// How a body's bytes are wrapped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Framing {
    /// Not at all.
    #[default]
    Plain,
    /// `aws-chunked`.
    Frames {
        /// What stands at each chunk beside its size.
        signatures: Signatures,
    },
}

/// Signatures within aws-chunked framing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signatures {
    /// None are there, and none may be.
    None,
    /// They must be there, and nobody verifies them.
    Ignored(Signed),
    /// They must be there and continue this chain.
    Verified(Signed, ChunkChain),
}

/// What has a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// Each chunk.
    Chunks,
    /// Each chunk, and the trailers together.
    ChunksAndTrailers,
}

/// What the operation uses the body for; it decides what the head must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// The bytes of an object or part: the length must be announced, and is at most 5 GiB.
    Object,
    /// A document, or none at all.
    Document {
        /// The most bytes it may have.
        limit: u64,
    },
    /// CompleteMultipartUpload: `x-amz-checksum-*` headers are the object's, not the document's.
    Completion {
        /// The most bytes it may have.
        limit: u64,
    },
}

/// Who answers for the signatures of chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkSignatures {
    /// They are verified, beginning with the signature of the request; a request without one cannot have them.
    Verified(Option<ChunkChain>),
    /// The listener fixed the principal, credentials mean nothing: the framing is undone, signatures are skipped.
    Ignored,
}

/// Why a body is refused by its head. Which S3 error that becomes is written at each variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// An object without a length, or frames without a decoded one. 411 MissingContentLength "You must provide the
    /// Content-Length HTTP header."
    #[error("the length of the body is not announced")]
    MissingContentLength,
    /// A length that is no number. 400 InvalidArgument.
    #[error("header `{0}` is not a length")]
    InvalidLength(&'static str),
    /// 400 EntityTooLarge "Your proposed upload exceeds the maximum allowed size" with elements ProposedSize and
    /// MaxSizeAllowed; for documents MaxMessageLengthExceeded "Your request was too big."
    #[error("the body has {length} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Bytes announced.
        length: u64,
        /// Bytes allowed.
        limit: u64,
    },
    /// `x-amz-content-sha256` is none of its forms. 400 InvalidArgument "x-amz-content-sha256 must be
    /// UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, … or a valid sha256
    /// value."
    #[error("header `x-amz-content-sha256` is invalid")]
    InvalidContentSha256,
    /// `Content-MD5` is not the base64 of 16 bytes. 400 InvalidDigest "The Content-MD5 you specified was invalid."
    #[error("header `content-md5` is invalid")]
    InvalidDigest,
    /// 400 InvalidRequest "Value for x-amz-checksum-crc32 header is invalid."
    #[error("header `{}` is invalid", .0.header())]
    InvalidChecksum(Algorithm),
    /// 400 InvalidRequest "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
    #[error("more than one checksum is announced")]
    SeveralChecksums,
    /// `x-amz-sdk-checksum-algorithm` is unknown or another than the checksum's. 400 InvalidRequest "Value for
    /// x-amz-sdk-checksum-algorithm header is invalid."
    #[error("header `x-amz-sdk-checksum-algorithm` is invalid")]
    InvalidChecksumAlgorithm,
    /// 400 InvalidRequest "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or
    /// x-amz-trailer headers were found."
    #[error("a checksum algorithm is named, but no checksum comes")]
    MissingChecksum,
    /// `x-amz-trailer` names something else than one checksum, or the body has no frames. 400 InvalidRequest "The
    /// value specified in the x-amz-trailer header is not supported".
    #[error("header `x-amz-trailer` is not supported")]
    UnsupportedTrailer,
    /// `aws-chunked` beside a hash or `UNSIGNED-PAYLOAD` for a plain body. 400 InvalidRequest (our wording).
    #[error("`aws-chunked` contradicts `x-amz-content-sha256`")]
    Contradiction,
    /// 400 InvalidRequest (our wording).
    #[error("header `{0}` was sent more than once")]
    RepeatedHeader(&'static str),
    /// Signed chunks in a request that is not signed itself. 400 InvalidRequest (our wording).
    #[error("signed chunks need a signed request")]
    NoSeedSignature,
    /// A `STREAMING-AWS4-ECDSA-P256-SHA256-…` body. 501 NotImplemented, as above.
    #[error("asymmetric signatures (SigV4a) are not supported")]
    Asymmetric,
}

/// Says what the body must be. `presented` is what authenticates the request, `None` if nothing does.
///
/// # Errors
/// Headers that are missing, unreadable, contradictory or beyond a limit.
pub fn plan(
    head: &Head<'_>,
    presented: Option<&Presented<'_>>,
    kind: BodyKind,
    chunks: ChunkSignatures,
) -> Result<BodyPlan, PlanError> {
    let headers = head.headers;
    let content = content_sha256(headers, presented)?;
    let framing = framing(headers, content, chunks)?;
    let length = length(headers, &framing, kind)?;
    let digest = content.and_then(ContentSha256::digest);
    let checksum = match kind {
        BodyKind::Object | BodyKind::Document { .. } => checksum(headers)?,
        BodyKind::Completion { .. } => None,
    };
    let trailer = trailer(headers, &framing)?;
    if checksum.is_some() && trailer.is_some() {
        return Err(PlanError::SeveralChecksums);
    }
    let announced = checksum.as_ref().map(Checksum::algorithm).or(trailer);
    check_sdk_algorithm(headers, announced, kind)?;
    let md5 = md5(headers)?;
    Ok(BodyPlan {
        length,
        framing,
        digest,
        md5,
        checksum,
        trailer,
    })
}

/// A `Content-Encoding` value without `aws-chunked`, which names our framing and is not stored; `None` if nothing is
/// left.
pub fn content_encoding_without_aws_chunked(value: &str) -> Option<Cow<'_, str>> {
    let codings = || {
        value
            .split(',')
            .map(str::trim)
            .filter(|coding| !coding.is_empty())
    };
    let is_ours = |coding: &str| coding.eq_ignore_ascii_case("aws-chunked");
    if !codings().any(is_ours) {
        return codings().next().map(|_| Cow::Borrowed(value));
    }
    let rest: Vec<&str> = codings().filter(|coding| !is_ours(coding)).collect();
    (!rest.is_empty()).then(|| rest.join(", ").into())
}

fn content_sha256(
    headers: &HeaderMap,
    presented: Option<&Presented<'_>>,
) -> Result<Option<ContentSha256>, PlanError> {
    let in_header = single(headers, "x-amz-content-sha256")?;
    let in_query = presented
        .filter(|claim| claim.payload != "UNSIGNED-PAYLOAD")
        .map(|claim| claim.payload);
    in_header
        .or(in_query)
        .map(|text| ContentSha256::parse(text).ok_or(PlanError::InvalidContentSha256))
        .transpose()
}

/// Without `x-amz-content-sha256` (unsigned and presigned uploads) the content coding alone tells of frames.
fn framing(
    headers: &HeaderMap,
    content: Option<ContentSha256>,
    chunks: ChunkSignatures,
) -> Result<Framing, PlanError> {
    let coded = headers
        .get_all("content-encoding")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| {
            value
                .split(',')
                .any(|coding| coding.trim().eq_ignore_ascii_case("aws-chunked"))
        });
    let coded = coded && headers.contains_key("x-amz-decoded-content-length");
    let signed = |signed| {
        let signatures = match chunks {
            ChunkSignatures::Ignored => Signatures::Ignored(signed),
            ChunkSignatures::Verified(Some(chain)) => Signatures::Verified(signed, chain),
            ChunkSignatures::Verified(None) => return Err(PlanError::NoSeedSignature),
        };
        Ok(Framing::Frames { signatures })
    };
    match content {
        Some(ContentSha256::Signed) => signed(Signed::Chunks),
        Some(ContentSha256::SignedTrailer) => signed(Signed::ChunksAndTrailers),
        Some(ContentSha256::UnsignedTrailer) => Ok(Framing::Frames {
            signatures: Signatures::None,
        }),
        Some(ContentSha256::Asymmetric) => Err(PlanError::Asymmetric),
        Some(ContentSha256::Digest(_) | ContentSha256::Unsigned) if coded => {
            Err(PlanError::Contradiction)
        }
        Some(ContentSha256::Digest(_) | ContentSha256::Unsigned) => Ok(Framing::Plain),
        None if coded => Ok(Framing::Frames {
            signatures: Signatures::None,
        }),
        None => Ok(Framing::Plain),
    }
}

/// The decoded length. Frames come inside HTTP chunks as well as with a `Content-Length`, which then counts the frames.
fn length(headers: &HeaderMap, framing: &Framing, kind: BodyKind) -> Result<u64, PlanError> {
    let announced = match framing {
        Framing::Plain => number(headers, "content-length")?,
        Framing::Frames { .. } => {
            number(headers, "content-length")?;
            Some(
                number(headers, "x-amz-decoded-content-length")?
                    .ok_or(PlanError::MissingContentLength)?,
            )
        }
    };
    let chunked = headers.contains_key("transfer-encoding");
    let (length, limit) = match (announced, kind) {
        (None, BodyKind::Object) => return Err(PlanError::MissingContentLength),
        (None, BodyKind::Document { .. } | BodyKind::Completion { .. }) if chunked => {
            return Err(PlanError::MissingContentLength);
        }
        (None, BodyKind::Document { limit } | BodyKind::Completion { limit }) => (0, limit),
        (Some(length), BodyKind::Object) => (length, LARGEST),
        (Some(length), BodyKind::Document { limit } | BodyKind::Completion { limit }) => {
            (length, limit)
        }
    };
    if length > limit {
        return Err(PlanError::TooLarge { length, limit });
    }
    Ok(length)
}

fn md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, PlanError> {
    let decode = |text| BASE64_STANDARD.decode(text).ok()?.try_into().ok();
    single(headers, "content-md5")?
        .map(|text| decode(text).ok_or(PlanError::InvalidDigest))
        .transpose()
}

fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, PlanError> {
    let mut found = None;
    for algorithm in Algorithm::all() {
        let Some(text) = single(headers, algorithm.header())? else {
            continue;
        };
        let checksum =
            Checksum::parse(algorithm, text).ok_or(PlanError::InvalidChecksum(algorithm))?;
        if found.replace(checksum).is_some() {
            return Err(PlanError::SeveralChecksums);
        }
    }
    Ok(found)
}

fn trailer(headers: &HeaderMap, framing: &Framing) -> Result<Option<Algorithm>, PlanError> {
    let Some(name) = single(headers, "x-amz-trailer")? else {
        return Ok(None);
    };
    match (Algorithm::of_header(name.trim()), framing) {
        (Some(algorithm), Framing::Frames { .. }) => Ok(Some(algorithm)),
        (Some(_), Framing::Plain) | (None, _) => Err(PlanError::UnsupportedTrailer),
    }
}

fn check_sdk_algorithm(
    headers: &HeaderMap,
    announced: Option<Algorithm>,
    kind: BodyKind,
) -> Result<(), PlanError> {
    let (Some(name), BodyKind::Object | BodyKind::Document { .. }) =
        (single(headers, "x-amz-sdk-checksum-algorithm")?, kind)
    else {
        return Ok(());
    };
    let named = Algorithm::named(name).ok_or(PlanError::InvalidChecksumAlgorithm)?;
    match announced {
        None => Err(PlanError::MissingChecksum),
        Some(announced) if announced == named => Ok(()),
        Some(_) => Err(PlanError::InvalidChecksumAlgorithm),
    }
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<Option<u64>, PlanError> {
    let parse = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .then(|| text.parse().ok())
            .flatten()
            .ok_or(PlanError::InvalidLength(name))
    };
    single(headers, name)?.map(parse).transpose()
}

/// Values that are no visible ASCII read as empty, which no reader here accepts.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, PlanError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(PlanError::RepeatedHeader(name));
    }
    Ok(first.map(|value| value.to_str().unwrap_or_default()))
}

#[cfg(test)]
mod tests;
