//! The one place that reads the wall clock.

use jiff::Timestamp;

/// The time now.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the clock; everybody else is told the time"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
