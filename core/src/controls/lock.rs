//! Object Lock: what of a version may be destroyed or changed, and when.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>
//!
//! A request asks for a lock ([`LockRequest`]), the bucket adds its default ([`LockConfiguration`]), and what comes of it
//! is kept with the version ([`ObjectLock`]). Before a version goes or its lock changes, [`may_destroy`] and its siblings
//! decide on what the store holds ([`RecordedLock`]), which may be unreadable: then the version is locked. The time they
//! decide by is a [`LockTime`], which [`LockClock`] gives: it never goes back, and stands still while the clock is in doubt.
//!
//! Knows no permissions: whether a caller may bypass governance is a fact that comes in ([`BypassPermission`]).

mod agree;
mod bucket;
mod clock;
mod danger;
mod decide;
mod json;
mod record;
pub mod refusal;
mod request;
mod until;
mod xml;

pub use agree::Agreement;
pub use bucket::{DefaultRetention, LockConfiguration, Period};
pub use clock::{ClockState, Elapsed, Freeze, LARGEST_LEAD, LockClock, LockTime};
pub use danger::{Danger, destroys};
pub use decide::{
    Bypass, BypassHeader, BypassPermission, Protected, may_change_legal_hold, may_change_retention,
    may_destroy, may_overwrite,
};
pub use record::{BadRecord, RecordedLock};
pub use request::LockRequest;
pub use until::{BadDate, RetainUntil};

/// How firmly a retention holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RetentionMode {
    /// Holds against all but those who may bypass it and ask to.
    Governance,
    /// Holds against everyone.
    Compliance,
}

/// Until when a version is retained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Retention {
    /// How firmly.
    pub mode: RetentionMode,
    /// It holds until this second has passed.
    pub until: RetainUntil,
}

/// Whether a version is under a legal hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LegalHold {
    /// It was once, or was said not to be.
    Off,
    /// It is, until this is said to be over.
    On,
}

/// The lock of one version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectLock {
    /// The retention, also one that is over: it is still shown.
    pub retention: Option<Retention>,
    /// `None` if nobody ever said anything about a hold: S3 shows that otherwise than one that is off.
    pub legal_hold: Option<LegalHold>,
}

impl RetentionMode {
    /// Every mode.
    pub const ALL: [Self; 2] = [Self::Governance, Self::Compliance];

    /// As S3 writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Governance => "GOVERNANCE",
            Self::Compliance => "COMPLIANCE",
        }
    }

    /// Finds a mode by its name, exactly.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl LegalHold {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Off, Self::On];

    /// As S3 writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "OFF",
            Self::On => "ON",
        }
    }

    /// Finds a status by its name, exactly.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hold| hold.name() == name)
    }
}

impl Retention {
    /// Whether it holds at this time.
    pub fn is_active(&self, now: LockTime) -> bool {
        !self.until.has_passed(now.release())
    }

    /// Of the two the firmer mode until the later date: what holds if it is not known which one does.
    pub fn stricter(self, other: Self) -> Self {
        Self {
            mode: self.mode.max(other.mode),
            until: self.until.max(other.until),
        }
    }

    /// The headers in which GetObject and HeadObject show it, to those who have s3:GetObjectRetention.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
    pub fn headers(&self) -> [(&'static str, String); 2] {
        [
            (request::MODE, self.mode.name().to_owned()),
            (request::UNTIL, self.until.to_string()),
        ]
    }
}

impl LegalHold {
    /// The header in which GetObject and HeadObject show it, to those who have s3:GetObjectLegalHold.
    pub fn header(self) -> (&'static str, String) {
        (request::HOLD, self.name().to_owned())
    }
}

impl ObjectLock {
    /// No retention, and never a hold.
    pub const fn none() -> Self {
        Self {
            retention: None,
            legal_hold: None,
        }
    }

    /// The lock that is at least as strict as either: what a version gets while it is not known which of the two is its
    /// own. Whatever is refused for one of them, whenever, is refused for it.
    pub fn stricter(self, other: Self) -> Self {
        let retention = match (self.retention, other.retention) {
            (Some(one), Some(other)) => Some(one.stricter(other)),
            (one, other) => one.or(other),
        };
        Self {
            retention,
            legal_hold: self.legal_hold.max(other.legal_hold),
        }
    }

    /// All headers that show it: see [`Retention::headers`] and [`LegalHold::header`] on who may see which.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let retention = self.retention.iter().flat_map(Retention::headers);
        retention.chain(self.legal_hold.map(LegalHold::header))
    }
}

#[cfg(test)]
mod tests;
