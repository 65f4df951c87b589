//! Bodies: what was announced, and the check that it came.

/// What a body must be, from the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyPlan {
    /// Bytes after decoding; what the upstream is told.
    pub length: u64,
}
