//! Browser uploads: the fields of a `multipart/form-data` POST up to its file, and the policy document among them that
//! says what they may be. <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html>
//!
//! Knows no callers and no time of its own: whose signature is on the policy is [`crate::sigv4`]'s.

mod policy;
mod reader;

pub use policy::{FormPolicy, PolicyError, Violation};
pub use reader::{Boundary, Form, FormError, FormReader, Progress};
