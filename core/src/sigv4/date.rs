//! The two ways in which a request says when it was signed.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;
use std::io::Write;

/// `20150830T123600Z`, as in the string to sign.
pub(super) struct BasicDate([u8; 16]);

impl BasicDate {
    pub(super) fn of(time: Timestamp) -> Self {
        let utc = TimeZone::UTC.to_datetime(time);
        let mut text = *b"00000000T000000Z";
        // Years outside 0..=9999 do not fit; what is left then is no client's date, so nothing verifies.
        let _ = write!(
            text.as_mut_slice(),
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            utc.year(),
            utc.month(),
            utc.day(),
            utc.hour(),
            utc.minute(),
            utc.second()
        );
        Self(text)
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.0
    }

    /// The first eight digits.
    pub(super) fn day(&self) -> &[u8] {
        self.0.split_at(8).0
    }
}

/// Reads `20150830T123600Z` and nothing else.
pub(super) fn parse_basic(text: &str) -> Option<Timestamp> {
    let bytes: &[u8; 16] = text.as_bytes().try_into().ok()?;
    let [
        y1,
        y2,
        y3,
        y4,
        m1,
        m2,
        d1,
        d2,
        b'T',
        h1,
        h2,
        n1,
        n2,
        s1,
        s2,
        b'Z',
    ] = bytes
    else {
        return None;
    };
    let year = number(&[*y1, *y2, *y3, *y4])?;
    let pair = |tens: &u8, ones: &u8| i8::try_from(number(&[*tens, *ones])?).ok();
    let time = DateTime::new(
        year,
        pair(m1, m2)?,
        pair(d1, d2)?,
        pair(h1, h2)?,
        pair(n1, n2)?,
        pair(s1, s2)?,
        0,
    );
    TimeZone::UTC.to_timestamp(time.ok()?).ok()
}

/// Reads a `Date` header: an HTTP date, or the basic form that some clients put there.
pub(super) fn parse_date_header(text: &str) -> Option<Timestamp> {
    parse_basic(text).or_else(|| DateTimeParser::new().parse_timestamp(text).ok())
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0i16, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| i16::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests;
