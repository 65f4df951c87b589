//! What a store has of a lock: read to the same again, or locked against everyone.

use super::Outcome;
use portcullis_core::controls::lock::{
    Bypass, BypassHeader, BypassPermission, LockClock, LockTime, ObjectLock, RecordedLock,
    may_destroy,
};

/// Checks one record.
pub fn check(input: &[u8]) -> Outcome {
    if let Ok(clock) = LockClock::from_record(input) {
        assert_eq!(LockClock::from_record(&clock.to_record()), Ok(clock));
    }
    let found = RecordedLock::read(Some(input));
    let read = ObjectLock::from_record(input);
    match &found {
        RecordedLock::Known(lock) => {
            assert_eq!(read, Ok(*lock));
            assert_eq!(ObjectLock::from_record(&lock.to_record()), Ok(*lock));
        }
        RecordedLock::Unreadable(_) => {
            assert!(read.is_err());
            let everything = Bypass {
                header: BypassHeader::True,
                permission: BypassPermission::Held,
            };
            let end = LockTime::certain("9999-01-01T00:00:00Z".parse().expect("a time"));
            assert!(may_destroy(&found, end, everything).is_err());
        }
    }
    Outcome::of(read.is_ok())
}
