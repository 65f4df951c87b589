//! The listeners that are not S3: health, and later administration.

mod health;
mod readiness;

pub use health::serve_health;
pub use readiness::{Check, Readiness, Report, Status};
