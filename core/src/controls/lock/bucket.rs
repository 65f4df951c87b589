//! The Object Lock configuration of a bucket.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ObjectLockConfiguration.html>

use super::{LockTime, ObjectLock, RetainUntil, Retention, RetentionMode};

/// S3 counts a year of retention as so many days, leap years or not.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>
const DAYS_OF_A_YEAR: u32 = 365;

/// A bucket that has Object Lock. A bucket without has none of these; once there, it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct LockConfiguration {
    /// How a new version is retained that does not say so itself.
    pub default: Option<DefaultRetention>,
}

/// How new versions are retained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DefaultRetention {
    /// How firmly.
    pub mode: RetentionMode,
    /// How long, from the time the version is made.
    pub period: Period,
}

/// How long a default retention lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// Days of 24 hours; 1 to [`Period::MOST_DAYS`] where it was read.
    Days(u16),
    /// Years of 365 days; 1 to [`Period::MOST_YEARS`] where it was read.
    Years(u16),
}

impl LockConfiguration {
    /// The lock of a version that is made now and does not ask for one. It holds from the later of all times that may be
    /// now: the default is never cut short by a clock in doubt.
    pub fn lock_for(&self, now: LockTime) -> ObjectLock {
        ObjectLock {
            retention: self.default.map(|default| default.retention(now)),
            ..ObjectLock::none()
        }
    }
}

impl DefaultRetention {
    /// The retention of a version that is made now.
    pub fn retention(&self, now: LockTime) -> Retention {
        Retention {
            mode: self.mode,
            until: RetainUntil::days_after(now.latest(), self.period.days()),
        }
    }
}

impl Period {
    /// The longest in days.
    pub const MOST_DAYS: u16 = 36_500;
    /// The longest in years.
    pub const MOST_YEARS: u16 = 100;

    /// In days.
    pub fn days(self) -> u32 {
        match self {
            Self::Days(days) => days.into(),
            Self::Years(years) => u32::from(years) * DAYS_OF_A_YEAR,
        }
    }

    /// The member that says it, and its number.
    pub(super) fn written(self) -> (&'static str, u16) {
        match self {
            Self::Days(days) => (Unit::DAYS.name, days),
            Self::Years(years) => (Unit::YEARS.name, years),
        }
    }
}

/// A member of a document that says a period.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) most: u16,
    period: fn(u16) -> Period,
}

/// A number no period has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutOfRange {
    TooSmall,
    TooLarge,
}

impl Unit {
    pub(super) const DAYS: Self = Self {
        name: "Days",
        most: Period::MOST_DAYS,
        period: Period::Days,
    };
    pub(super) const YEARS: Self = Self {
        name: "Years",
        most: Period::MOST_YEARS,
        period: Period::Years,
    };

    pub(super) fn period(self, number: i64) -> Result<Period, OutOfRange> {
        match u16::try_from(number) {
            _ if number < 1 => Err(OutOfRange::TooSmall),
            Ok(number) if number <= self.most => Ok((self.period)(number)),
            Ok(_) | Err(_) => Err(OutOfRange::TooLarge),
        }
    }
}

#[cfg(test)]
mod tests;
