//! What may be done to a version that is locked.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html>
//!
//! New versions and delete markers on top of a locked version are always allowed, and delete markers are never locked:
//! nobody is to ask here about those.

use super::{LegalHold, LockTime, ObjectLock, RecordedLock, RetainUntil, Retention, RetentionMode};

/// Why a request is refused. Turns into the [S3Error](crate::s3::answer::S3Error) that the client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Protected {
    /// There is a legal hold.
    #[error("the version is under a legal hold")]
    LegalHold,
    /// There is a retention against everyone.
    #[error("the version is retained in compliance mode until {0}")]
    Compliance(RetainUntil),
    /// There is a retention that is not bypassed.
    #[error("the version is retained in governance mode until {0}, which is not bypassed")]
    Governance(RetainUntil),
    /// There may be any lock.
    #[error("the lock of the version cannot be read")]
    Unreadable,
}

/// What a request says in `x-amz-bypass-governance-retention`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BypassHeader {
    /// It is not there.
    Absent,
    /// It is there and does not ask for bypass.
    NotTrue,
    /// It asks for bypass.
    True,
}

/// Whether the caller has s3:BypassGovernanceRetention on the object, all policies considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BypassPermission {
    /// Not, or it was not asked.
    Missing,
    /// It is allowed and nothing denies it.
    Held,
}

/// The two facts of which only both together bypass governance, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bypass {
    /// The request asks for it.
    pub header: BypassHeader,
    /// The caller may.
    pub permission: BypassPermission,
}

impl Bypass {
    /// Of requests that cannot ask for it.
    pub const NO: Self = Self {
        header: BypassHeader::Absent,
        permission: BypassPermission::Missing,
    };

    fn governance(self, until: RetainUntil) -> Result<(), Protected> {
        match (self.header, self.permission) {
            (BypassHeader::True, BypassPermission::Held) => Ok(()),
            (
                BypassHeader::Absent | BypassHeader::NotTrue | BypassHeader::True,
                BypassPermission::Missing | BypassPermission::Held,
            ) => Err(Protected::Governance(until)),
        }
    }
}

impl BypassHeader {
    /// Reads the header of a request or the field that stands for it. Sent twice it asks for nothing.
    pub fn read<V>(values: impl Fn(&'static str) -> V) -> Self
    where
        V: IntoIterator,
        V::Item: AsRef<[u8]>,
    {
        let mut values = values(super::refusal::BYPASS).into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::Absent,
            (Some(value), None) if value.as_ref().eq_ignore_ascii_case(b"true") => Self::True,
            (Some(_), _) => Self::NotTrue,
        }
    }

    /// Whether it is there, which a bucket without Object Lock refuses.
    pub fn is_sent(self) -> bool {
        match self {
            Self::Absent => false,
            Self::NotTrue | Self::True => true,
        }
    }
}

/// Whether a version may be deleted for good.
///
/// # Errors
/// What protects it.
pub fn may_destroy(lock: &RecordedLock, now: LockTime, bypass: Bypass) -> Result<(), Protected> {
    let lock = known(lock)?;
    match lock.legal_hold {
        Some(LegalHold::On) => return Err(Protected::LegalHold),
        Some(LegalHold::Off) | None => (),
    }
    match active(lock, now) {
        None => Ok(()),
        Some(retention) => match retention.mode {
            RetentionMode::Compliance => Err(Protected::Compliance(retention.until)),
            RetentionMode::Governance => bypass.governance(retention.until),
        },
    }
}

/// Whether a version may be replaced in place, as a write does with the version `null`. No write can ask for bypass.
///
/// # Errors
/// What protects it.
pub fn may_overwrite(lock: &RecordedLock, now: LockTime) -> Result<(), Protected> {
    may_destroy(lock, now, Bypass::NO)
}

/// Whether the retention of a version may become another or, with `None`, be removed. A legal hold has no say in it.
///
/// A retention that is over may become anything. An active one may be extended in its mode. All else takes bypass in
/// governance mode, a change to compliance mode too, and is impossible in compliance mode.
///
/// # Errors
/// What protects it.
pub fn may_change_retention(
    old: &RecordedLock,
    new: Option<Retention>,
    now: LockTime,
    bypass: Bypass,
) -> Result<(), Protected> {
    let Some(old) = active(known(old)?, now) else {
        return Ok(());
    };
    let extends = new.is_some_and(|new| new.mode == old.mode && new.until >= old.until);
    match old.mode {
        RetentionMode::Compliance | RetentionMode::Governance if extends => Ok(()),
        RetentionMode::Compliance => Err(Protected::Compliance(old.until)),
        RetentionMode::Governance => bypass.governance(old.until),
    }
}

/// Whether the legal hold of a version may be put or lifted: by everyone who may do that at all, whatever the retention,
/// as long as the rest of the lock is known.
///
/// # Errors
/// [`Protected::Unreadable`] alone.
pub fn may_change_legal_hold(old: &RecordedLock) -> Result<(), Protected> {
    known(old).map(|_| ())
}

fn known(lock: &RecordedLock) -> Result<ObjectLock, Protected> {
    match lock {
        RecordedLock::Known(lock) => Ok(*lock),
        RecordedLock::Unreadable(_) => Err(Protected::Unreadable),
    }
}

fn active(lock: ObjectLock, now: LockTime) -> Option<Retention> {
    lock.retention.filter(|retention| retention.is_active(now))
}

#[cfg(test)]
mod tests;
