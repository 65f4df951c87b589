//! The two ways in which a request says when it was signed.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;

/// A time as the string to sign has it: `20150830T123600Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicDate([u8; 16]);

impl BasicDate {
    /// The date and time in UTC, to the second.
    pub fn of(time: Timestamp) -> Self {
        let utc = TimeZone::UTC.to_datetime(time);
        // Years before 0 become no client's date, so nothing verifies then.
        let year = u16::try_from(utc.year()).unwrap_or_default();
        let pair = |value: i8| {
            let value = value.unsigned_abs();
            [b'0' + value / 10, b'0' + value % 10]
        };
        let digit = |power: u16| b'0' + u8::try_from(year / power % 10).unwrap_or_default();
        let [m1, m2] = pair(utc.month());
        let [d1, d2] = pair(utc.day());
        let [h1, h2] = pair(utc.hour());
        let [n1, n2] = pair(utc.minute());
        let [s1, s2] = pair(utc.second());
        Self([
            digit(1000),
            digit(100),
            digit(10),
            digit(1),
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
        ])
    }

    /// All of it.
    pub fn text(&self) -> &str {
        // Only ASCII digits and letters were written.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The day: the first eight digits.
    pub fn day(&self) -> &str {
        self.text().split_at_checked(8).unwrap_or_default().0
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
