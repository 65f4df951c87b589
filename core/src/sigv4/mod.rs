//! AWS Signature Version 4 as S3 does it: read what was presented, build the canonical request, verify; the body's
//! framing and checksums. Knows no directory of keys: the caller brings the secret and the time.
//!
//! Enter at [`presented()`], which says whether and how a request is signed; then derive a [`SigningKey`] for the
//! access key it names and [`verify()`]. Forms are [`presented_post`]'s and [`verify_post`]'s. Bodies are [`payload`]'s.

mod canonical;
mod date;
mod error;
mod key;
pub mod payload;
mod post;
mod presented;
mod verify;

pub use canonical::{canonical_request, put_canonical_value, string_to_sign};
pub use date::BasicDate;
pub use error::SignatureError;
pub use key::SigningKey;
pub use post::{PresentedPost, presented_post, refuse_unknown_key_of_post, verify_post};
pub use presented::{Form, Presented, Scope, presented, presented_over};
pub use verify::{Expected, Verified, refuse_unknown_key, repeated_headers, verify};

/// The one algorithm served.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
