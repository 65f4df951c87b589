//! The header `x-amz-content-sha256`.

/// What `x-amz-content-sha256` says of the body.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentSha256 {
    /// The hash of the whole body.
    Digest([u8; 32]),
    /// `UNSIGNED-PAYLOAD`
    Unsigned,
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`: framed, no chunk is signed.
    UnsignedTrailer,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`: framed, each chunk is signed.
    Signed,
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`: framed, each chunk and the trailer are signed.
    SignedTrailer,
    /// The two forms with `ECDSA-P256`, which belong to SigV4a.
    Asymmetric,
}

impl ContentSha256 {
    /// Reads the header's value; `None` if it is none of the forms.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "UNSIGNED-PAYLOAD" => Self::Unsigned,
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Self::UnsignedTrailer,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Self::Signed,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => Self::SignedTrailer,
            "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
            | "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER" => Self::Asymmetric,
            hex => Self::Digest(crate::sigv4::presented::unhex(&hex.to_ascii_lowercase())?),
        })
    }

    /// The hash of the whole body, if it is that.
    pub fn digest(self) -> Option<[u8; 32]> {
        match self {
            Self::Digest(digest) => Some(digest),
            Self::Unsigned
            | Self::UnsignedTrailer
            | Self::Signed
            | Self::SignedTrailer
            | Self::Asymmetric => None,
        }
    }
}
