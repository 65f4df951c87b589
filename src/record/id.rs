//! Request ids: one id per exchange, sortable by time, that names the instance.
//!
//! An id is 26 characters of upper-case Crockford base32: 10 of the arrival's Unix milliseconds, 6 that stand for the
//! instance, 10 of a counter. It is `x-amz-request-id`, the decision id, and the key to every record.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// The id of one exchange.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId([u8; RequestId::LENGTH]);

impl RequestId {
    /// Characters of an id.
    pub const LENGTH: usize = 26;

    /// The 26 characters.
    pub fn as_str(&self) -> &str {
        // INVARIANT: every byte comes from the alphabet below.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The value of `x-amz-id-2`. It holds the request id, so that either of the two leads to the record.
    pub fn host_id(&self) -> HostId {
        let mut plain = [0; HOST_PREFIX.len() + Self::LENGTH];
        plain
            .iter_mut()
            .zip(HOST_PREFIX.iter().chain(&self.0))
            .for_each(|(to, from)| *to = *from);
        let mut text = [0; HOST_ID_LENGTH];
        // 36 bytes are exactly 48 characters, so the slice always fits.
        let _ = STANDARD.encode_slice(plain, &mut text);
        HostId(text)
    }
}

const HOST_PREFIX: &[u8; 10] = b"portcullis";
const HOST_ID_LENGTH: usize = 48;

/// The value of `x-amz-id-2`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HostId([u8; HOST_ID_LENGTH]);

impl HostId {
    /// The 48 characters of base64.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Makes the ids of one instance, without locks.
#[derive(Debug)]
pub struct RequestIds {
    instance: u64,
    counter: AtomicU64,
}

impl RequestIds {
    /// The ids of the instance of this name. `started` keeps two runs of an instance apart even when the clock was set
    /// back between them.
    pub fn new(instance: &str, started: Timestamp) -> Self {
        let start = started.as_nanosecond().to_le_bytes();
        Self {
            instance: fnv(instance.as_bytes()),
            counter: AtomicU64::new(fnv(&start)),
        }
    }

    /// The id of the exchange that arrives at `now`.
    pub fn next(&self, now: Timestamp) -> RequestId {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let digits = base32::<10>(milliseconds)
            .into_iter()
            .chain(base32::<6>(self.instance))
            .chain(base32::<10>(count));
        let mut text = [0; RequestId::LENGTH];
        text.iter_mut()
            .zip(digits)
            .for_each(|(to, digit)| *to = digit);
        RequestId(text)
    }

    /// The six characters that stand for this instance in every id, from the eleventh on.
    pub fn instance_tag(&self) -> String {
        base32::<6>(self.instance)
            .into_iter()
            .map(char::from)
            .collect()
    }
}

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The low `5 * N` bits, most significant digit first.
fn base32<const N: usize>(mut value: u64) -> [u8; N] {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET
            .get((value & 31) as usize)
            .copied()
            .unwrap_or_default();
        value >>= 5;
    }
    digits
}

/// FNV-1a: short, and stable across builds, as the tag of an instance has to be.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn ids_sort_by_time_then_by_order() {
        let ids = RequestIds::new("a", at(0));
        let made: Vec<_> = [1, 1, 2, 1_700_000_000_000, 1_700_000_000_001]
            .map(|time| ids.next(at(time)))
            .into();
        assert!(made.is_sorted_by(|a, b| a < b), "{made:?}");
    }

    #[test]
    fn an_id_is_26_upper_case_characters() {
        let id = RequestIds::new("gateway-1", at(5)).next(at(1_700_000_000_000));
        assert_eq!(id.as_str().len(), 26);
        assert!(id.as_str().bytes().all(|b| ALPHABET.contains(&b)));
        assert!(id.as_str().starts_with("01HF7YAT00"));
    }

    #[test]
    fn an_id_names_its_instance() {
        let tag = |name: &str| RequestIds::new(name, at(1)).instance_tag();
        let id = RequestIds::new("gateway-1", at(99)).next(at(7));
        assert_eq!(id.as_str().get(10..16), Some(tag("gateway-1").as_str()));
        assert_ne!(tag("gateway-1"), tag("gateway-2"));
    }

    #[test]
    fn two_runs_of_an_instance_at_the_same_time_differ() {
        let first = RequestIds::new("a", at(1)).next(at(9));
        let second = RequestIds::new("a", at(2)).next(at(9));
        assert_ne!(first, second);
    }

    #[test]
    fn ids_of_threads_never_repeat() {
        let ids = RequestIds::new("a", at(1));
        let ids = &ids;
        let made: std::collections::HashSet<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(move || (0..1000).map(|_| ids.next(at(3))).collect::<Vec<_>>())
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(made.len(), 4000);
    }

    #[test]
    fn the_host_id_leads_back_to_the_request_id() {
        let id = RequestIds::new("a", at(1)).next(at(3));
        let plain = STANDARD.decode(id.host_id().as_str()).unwrap();
        assert_eq!(
            plain.strip_prefix(HOST_PREFIX),
            Some(id.as_str().as_bytes())
        );
    }
}
