//! The date until which a version is retained.

use jiff::civil::{DateTime, date};
use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);
/// 9999-12-31T23:59:59Z, the last second that can be written with a year of four digits.
const LAST: i64 = 253_402_300_799;
/// 0000-01-01T00:00:00Z, the first one.
const FIRST: i64 = -62_167_219_200;
const NANOSECONDS: i128 = 1_000_000_000;

/// A whole second of the years 0 to 9999, in UTC. Fractions are rounded up, and what is later than all of them is the last
/// of them: a lock never ends earlier than was asked. A day more than [`Timestamp`] holds: `9999-12-31` is how people
/// write forever.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RetainUntil(i64);

/// Not a date and time with an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 8601 date and time with an offset")]
pub struct BadDate;

impl RetainUntil {
    /// The last that there is.
    pub const MAX: Self = Self(LAST);

    /// The second in which an instant lies or, if it lies between two, the later.
    pub fn at(instant: Timestamp) -> Self {
        Self::of_nanoseconds(instant.as_nanosecond())
    }

    /// So many days of 24 hours after an instant.
    pub fn days_after(instant: Timestamp, days: u32) -> Self {
        let seconds = i64::from(days).saturating_mul(86_400);
        Self(Self::at(instant).0.saturating_add(seconds).min(LAST))
    }

    /// Reads what SDKs send: `2030-01-01T00:00:00Z`, with any fraction of a second, with an offset in place of `Z`, or
    /// without dashes and colons.
    ///
    /// # Errors
    /// Everything else, a date without time or offset too.
    pub fn parse(text: &str) -> Result<Self, BadDate> {
        let plain = |byte: u8| byte.is_ascii_digit() || b"-:TZ.+".contains(&byte);
        let begins = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_digit());
        if !begins || !text.bytes().all(plain) {
            return Err(BadDate);
        }
        let pieces = Pieces::parse(text).map_err(|_| BadDate)?;
        let (Some(time), Some(offset)) = (pieces.time(), pieces.to_numeric_offset()) else {
            return Err(BadDate);
        };
        let local = pieces.date().to_datetime(time).duration_since(EPOCH);
        let offset = i128::from(offset.seconds()) * NANOSECONDS;
        Ok(Self::of_nanoseconds(local.as_nanos() - offset))
    }

    /// Whether it lies before an instant. The second itself has not passed while it is that second.
    pub fn has_passed(self, now: Timestamp) -> bool {
        now.as_nanosecond() > self.as_nanosecond()
    }

    /// Whether it lies after an instant, as that of a new retention must.
    pub fn is_future(self, now: Timestamp) -> bool {
        self.as_nanosecond() > now.as_nanosecond()
    }

    /// Whole days from an instant until then, begun ones counted: less than 1 if it lies in the past.
    /// As `s3:object-lock-remaining-retention-days` has it.
    pub fn days_from(self, now: Timestamp) -> i64 {
        let seconds = self.0.saturating_sub(now.as_second());
        seconds.div_euclid(86_400) + i64::from(seconds.rem_euclid(86_400) > 0)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn as_second(self) -> i64 {
        self.0
    }

    fn as_nanosecond(self) -> i128 {
        i128::from(self.0) * NANOSECONDS
    }

    fn of_nanoseconds(nanoseconds: i128) -> Self {
        let whole = nanoseconds.div_euclid(NANOSECONDS);
        let begun = i128::from(nanoseconds.rem_euclid(NANOSECONDS) > 0);
        let second = (whole + begun).clamp(FIRST.into(), LAST.into());
        Self(i64::try_from(second).unwrap_or(LAST))
    }
}

/// As S3 writes it: `2030-01-01T00:00:00.000Z`.
impl fmt::Display for RetainUntil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = SignedDuration::from_secs(self.0);
        let then = EPOCH.checked_add(since).unwrap_or(DateTime::MAX);
        write!(f, "{}.000Z", then.strftime("%Y-%m-%dT%H:%M:%S"))
    }
}

impl fmt::Debug for RetainUntil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests;
