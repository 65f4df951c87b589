//! Whether one value of a request fits one value of a policy, operator by operator.

use super::glob::{Token, tokens_match};
use super::variables::Wanted;
use std::cmp::Ordering;
use std::net::IpAddr;

/// Whether a value of the request is of the operator's type.
pub(super) fn is_readable(operator: &str, value: &str) -> bool {
    match operator {
        "Bool" => bool_of(value).is_some(),
        "BinaryEquals" => bytes(value).is_some(),
        "IpAddress" => bits(value).is_some(),
        numeric if numeric.starts_with("Numeric") => number(value).is_some(),
        date if date.starts_with("Date") => instant(value).is_some(),
        _ => true,
    }
}

/// Whether a value fits under a positive operator.
pub(super) fn fits(operator: &str, value: &str, wanted: &Wanted) -> bool {
    let Wanted::Pattern(pattern) = wanted else {
        return false;
    };
    let literal: String = pattern.iter().map(|token| character(*token)).collect();
    match operator {
        "StringEquals" => value == literal,
        "StringEqualsIgnoreCase" => value.to_lowercase() == literal.to_lowercase(),
        "StringLike" => tokens_match(pattern, value),
        "ArnEquals" | "ArnLike" => arn_fits(pattern, value),
        "Bool" => bool_of(value).is_some() && bool_of(value) == bool_of(&literal),
        "BinaryEquals" => bytes(value).is_some() && bytes(value) == bytes(&literal),
        "IpAddress" => ip_fits(value, &literal).unwrap_or(false),
        numeric if numeric.starts_with("Numeric") => {
            ordered(numeric, number(value).zip(number(&literal)))
        }
        date if date.starts_with("Date") => ordered(date, instant(value).zip(instant(&literal))),
        other => panic!("unknown operator {other}"),
    }
}

fn character(token: Token) -> char {
    match token {
        Token::Is(character) => character,
        Token::Run => '*',
        Token::One => '?',
    }
}

fn ordered(operator: &str, pair: Option<(i128, i128)>) -> bool {
    let Some((value, wanted)) = pair else {
        return false;
    };
    let order = value.cmp(&wanted);
    match operator
        .trim_start_matches("Numeric")
        .trim_start_matches("Date")
    {
        "Equals" => order == Ordering::Equal,
        "LessThan" => order == Ordering::Less,
        "LessThanEquals" => order != Ordering::Greater,
        "GreaterThan" => order == Ordering::Greater,
        "GreaterThanEquals" => order != Ordering::Less,
        other => panic!("unknown comparison {other}"),
    }
}

/// Six parts, each compared with its own; only the last may hold colons. AWS does not say what `*` alone is: every
/// ARN.
fn arn_fits(pattern: &[Token], value: &str) -> bool {
    if pattern == [Token::Run] {
        return true;
    }
    let wanted: Vec<&[Token]> = pattern
        .splitn(6, |token| *token == Token::Is(':'))
        .collect();
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    wanted.len() == 6
        && parts.len() == 6
        && wanted
            .iter()
            .zip(parts)
            .all(|(wanted, part)| tokens_match(wanted, part))
}

fn bool_of(text: &str) -> Option<bool> {
    text.to_lowercase().parse().ok()
}

/// An address, or a network with its mask; without one only that address.
fn ip_fits(value: &str, wanted: &str) -> Option<bool> {
    let (network, mask) = match wanted.split_once('/') {
        Some((network, mask)) => (network, Some(mask.parse::<u32>().ok()?)),
        None => (wanted, None),
    };
    let ((value, size), (network, other)) = (bits(value)?, bits(network)?);
    let kept = mask.unwrap_or(size);
    let cut = size.checked_sub(kept)?;
    let top = |bits: u128| bits.checked_shr(cut).unwrap_or(0);
    Some(size == other && top(value) == top(network))
}

fn bits(text: &str) -> Option<(u128, u32)> {
    Some(match text.parse().ok()? {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    })
}

/// A decimal in millionths.
fn number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let fraction = format!("{fraction:0<6}");
    if fraction.len() > 6 || whole.is_empty() || text.ends_with('.') {
        return None;
    }
    let all = [whole, &fraction].concat();
    let plain = all.chars().all(|digit| digit.is_ascii_digit());
    plain.then(|| all.parse().ok().map(|n: i128| sign * n))?
}

/// ISO 8601 in the forms of the W3C, or seconds since 1970; in millionths of a second.
fn instant(text: &str) -> Option<i128> {
    if let Ok(epoch) = text.parse::<i64>()
        && text.len() != 4
    {
        return Some(i128::from(epoch) * 1_000_000);
    }
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let mut parts = date.split('-').map(|part| part.parse::<i128>().ok());
    let year = parts.next()??;
    let month = parts.next().unwrap_or(Some(1))?;
    let day = parts.next().unwrap_or(Some(1))?;
    Some((days(year, month, day) * 86_400) * 1_000_000 + time_of_day(time)?)
}

fn time_of_day(text: &str) -> Option<i128> {
    let (clock, offset) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let at = text.rfind(['+', '-'])?;
            let (clock, zone) = text.split_at(at);
            let (hours, minutes) = zone[1..].split_once(':')?;
            let seconds = hours.parse::<i128>().ok()? * 3600 + minutes.parse::<i128>().ok()? * 60;
            (
                clock,
                if zone.starts_with('-') {
                    -seconds
                } else {
                    seconds
                },
            )
        }
    };
    let mut parts = clock.split(':');
    let hours: i128 = parts.next()?.parse().ok()?;
    let minutes: i128 = parts.next()?.parse().ok()?;
    let seconds = number(parts.next().unwrap_or("0"))?;
    Some((hours * 3600 + minutes * 60 - offset) * 1_000_000 + seconds)
}

/// Days since 1970-01-01, counted year by year and month by month.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let leap = |year: i128| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let years: i128 = if year >= 1970 {
        (1970..year).map(|year| 365 + i128::from(leap(year))).sum()
    } else {
        -(year..1970)
            .map(|year| 365 + i128::from(leap(year)))
            .sum::<i128>()
    };
    let lengths = [
        31,
        28 + i128::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let months: i128 = lengths
        .iter()
        .take(usize::try_from(month - 1).unwrap())
        .sum();
    years + months + day - 1
}

/// The bytes that a base64 text stands for.
fn bytes(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits: Option<Vec<usize>> = text
        .trim_end_matches('=')
        .chars()
        .map(|digit| ALPHABET.find(digit))
        .collect();
    let bits: String = digits?.iter().map(|digit| format!("{digit:06b}")).collect();
    let whole = bits.as_bytes().chunks_exact(8);
    whole
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).ok()?, 2).ok())
        .collect()
}
