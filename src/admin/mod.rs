//! The listeners that are not S3: health and administration.

mod control;
mod health;
mod http;
mod readiness;

pub use control::{AdminAddress, AdminListener, Control, Doubt, Holder, LockWork, Refused};
pub use health::serve_health;
pub use readiness::{Check, Readiness, Report, Status};
