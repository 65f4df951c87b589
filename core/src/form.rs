//! Browser uploads: the fields of a `multipart/form-data` POST up to its file, the policy document among them that says
//! what they may be, the headers of a PutObject that they stand for, the file, and what its sender is answered.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html>
//!
//! Knows no callers and no time of its own: whose signature is on the policy is [`crate::sigv4`]'s.

mod fields;
mod file;
mod policy;
mod reader;
mod reply;

pub use fields::FieldError;
pub use file::FileReader;
pub use policy::{FormPolicy, PolicyError, Violation};
pub use reader::{Boundary, Form, FormError, FormReader, Progress};
pub use reply::Reply;
