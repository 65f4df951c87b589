//! AWS Signature Version 4 as S3 does it: read what was presented, build the canonical request, verify; the body's
//! framing and checksums. Knows no directory of keys: the caller brings the secret and the time.

pub mod payload;
