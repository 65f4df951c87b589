//! Bodies: what was announced, and the check that it came.
//!
//! [`plan()`] reads the head; [`BodyCheck`] takes the bytes as they come, undoes the aws-chunked framing and holds the
//! last byte back until all is verified, so that a store never sees a complete body that was wrong.

mod cells;
mod chain;
mod check;
mod checksum;
mod frames;
mod plan;
mod sha256;
mod wrap;

pub use cells::{Cell, CellHash, Cells};
pub use chain::ChunkChain;
pub use check::{BodyCheck, BodyError};
pub use checksum::{Algorithm, Checksum, Hasher};
pub use frames::FrameFault;
pub use plan::{
    BodyKind, BodyPlan, ChunkSignatures, Framing, PlanError, Signatures, Signed,
    content_encoding_without_aws_chunked, plan,
};
pub use sha256::ContentSha256;
pub use wrap::{
    Chunking, Wrapper, Wrapping, signed_chunk_end, signed_chunk_head, signed_end, trailer_line,
};
