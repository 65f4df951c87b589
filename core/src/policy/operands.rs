//! The values of a condition, compiled for their operator, and how one value of the request is compared with them.

use super::glob::{self, Glob, Subject, Variables, Wildcards};
use super::globs::Globs;
use super::networks::Networks;
use super::operators::{Compare, Order};
use super::truth::Truth;
use crate::context::{Context, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::cmp::Ordering;
use std::net::IpAddr;

/// The right-hand side of a condition: values of which one must match.
#[derive(Debug)]
pub(crate) enum Operand {
    Text(Globs),
    /// In lower case.
    TextIgnoringCase(Globs),
    Numbers(Order, Box<[Decimal]>),
    Dates(Order, Box<[Timestamp]>),
    Bools(Box<[bool]>),
    Binary(Box<[Box<[u8]>]>),
    Networks(Networks),
    Arns(Box<[ArnPattern]>),
    /// `true`: the key must be absent.
    Null(Box<[bool]>),
}

/// Reads texts into the operand that `compare` needs. Errors come with the index of the text they are about.
pub(crate) fn compile(
    compare: Compare,
    texts: &[&str],
    variables: Variables,
) -> Result<Operand, Vec<(usize, String)>> {
    let literal = |text: &str| Glob::parse(text, Wildcards::Literal, variables);
    Ok(match compare {
        Compare::Text => Operand::Text(each(texts, literal)?),
        Compare::TextIgnoringCase => {
            Operand::TextIgnoringCase(each(texts, |text| literal(&text.to_lowercase()))?)
        }
        Compare::Like => Operand::Text(each(texts, |text| {
            Glob::parse(text, Wildcards::Match, variables)
        })?),
        Compare::Number(order) => Operand::Numbers(order, each(texts, number)?),
        Compare::Date(order) => Operand::Dates(order, each(texts, date)?),
        Compare::Bool => Operand::Bools(each(texts, boolean)?),
        Compare::Binary => Operand::Binary(each(texts, binary)?),
        Compare::Network => Operand::Networks(each(texts, network)?),
        Compare::Arn => Operand::Arns(each(texts, |text| ArnPattern::parse(text, variables))?),
        Compare::Null => Operand::Null(each(texts, boolean)?),
    })
}

fn each<T, L: FromIterator<T>>(
    texts: &[&str],
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<L, Vec<(usize, String)>> {
    let mut values = Vec::with_capacity(texts.len());
    let mut errors = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        match read(text) {
            Ok(value) => values.push(value),
            Err(message) => errors.push((index, message)),
        }
    }
    if errors.is_empty() {
        Ok(values.into_iter().collect())
    } else {
        Err(errors)
    }
}

/// A value of the request; one for all conditions on its key, so that what is learned of it for one serves the others.
pub(crate) struct Sample<'v> {
    value: &'v Value<'v>,
    /// Of a text; anything else is made one where an operator wants that.
    subject: Option<Subject<'v>>,
}

impl<'v> Sample<'v> {
    pub(crate) fn of(value: &'v Value<'v>) -> Self {
        let subject = match value {
            Value::Text(text) => Some(Subject::of(text)),
            Value::Ip(_) | Value::Bool(_) | Value::Number(_) | Value::Time(_) => None,
        };
        Self { value, subject }
    }

    fn as_text(&self, test: impl FnOnce(&Subject<'_>) -> Truth) -> Truth {
        match &self.subject {
            Some(subject) => test(subject),
            None => test(&Subject::of(&self.value.to_text())),
        }
    }
}

impl Operand {
    /// Whether a value of the request matches one of the values. A value of the wrong form is undecidable.
    pub(crate) fn matches<C: Context>(&self, sample: &Sample<'_>, context: &C) -> Truth {
        let value = sample.value;
        match self {
            Self::Text(globs) => sample.as_text(|subject| globs.match_any(subject, context)),
            Self::TextIgnoringCase(globs) => {
                globs.match_any_ignoring_case(&value.to_text(), context)
            }
            Self::Numbers(order, wanted) => compared(Decimal::of(value), *order, wanted),
            Self::Dates(order, wanted) => compared(date_of(value), *order, wanted),
            Self::Bools(wanted) => one_of(bool_of(value), wanted),
            Self::Binary(wanted) => one_of(
                BASE64
                    .decode(&*value.to_text())
                    .ok()
                    .map(Vec::into_boxed_slice),
                wanted,
            ),
            Self::Networks(networks) => address_of(value)
                .map_or(Truth::Undecidable, |address| networks.hold(address).into()),
            Self::Arns(patterns) => sample.as_text(|whole| {
                let parts = arn_parts(whole.text());
                let test = |arn: &ArnPattern| arn.matches(whole, parts.as_ref(), context);
                Truth::any(patterns.iter().map(test))
            }),
            // Null asks for presence alone, which the condition has settled before it compares values.
            Self::Null(wanted) => wanted.contains(&false).into(),
        }
    }

    /// The patterns in which variables may stand.
    pub(crate) fn globs(&self) -> Vec<&Glob> {
        match self {
            Self::Text(globs) | Self::TextIgnoringCase(globs) => globs.iter().collect(),
            Self::Arns(patterns) => patterns.iter().flat_map(|arn| arn.0.iter()).collect(),
            Self::Numbers(..)
            | Self::Dates(..)
            | Self::Bools(_)
            | Self::Binary(_)
            | Self::Networks(_)
            | Self::Null(_) => Vec::new(),
        }
    }
}

fn one_of<T: PartialEq>(value: Option<T>, wanted: &[T]) -> Truth {
    value.map_or(Truth::Undecidable, |value| wanted.contains(&value).into())
}

fn compared<T: Ord>(value: Option<T>, order: Order, wanted: &[T]) -> Truth {
    value.map_or(Truth::Undecidable, |value| {
        wanted
            .iter()
            .any(|each| order.holds(value.cmp(each)))
            .into()
    })
}

impl Order {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }
}

/// A decimal number, exact: in billionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal(i128);

impl Decimal {
    const PLACES: usize = 9;

    /// An optional sign, digits, and up to nine decimal places. No exponents.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(places) || places.len() > Self::PLACES {
            return None;
        }
        let scale = |power: usize| {
            u32::try_from(power)
                .ok()
                .and_then(|p| 10_i128.checked_pow(p))
        };
        let whole: i128 = whole.parse().ok()?;
        let small: i128 = places.parse().ok()?;
        let small = small.checked_mul(scale(Self::PLACES - places.len())?)?;
        let billionths = whole
            .checked_mul(scale(Self::PLACES)?)?
            .checked_add(small)?;
        Some(Self(sign * billionths))
    }

    fn of(value: &Value<'_>) -> Option<Self> {
        let whole = |number: i64| Self(i128::from(number) * 1_000_000_000);
        match value {
            Value::Number(number) => Some(whole(*number)),
            Value::Time(time) => Some(whole(time.as_second())),
            Value::Text(text) => Self::parse(text),
            Value::Ip(_) | Value::Bool(_) => None,
        }
    }
}

fn number(text: &str) -> Result<Decimal, String> {
    Decimal::parse(text).ok_or_else(|| format!("`{text}` is not a number such as `10` or `1.2`"))
}

fn boolean(text: &str) -> Result<bool, String> {
    parse_bool(text).ok_or_else(|| format!("`{text}` is neither `true` nor `false`"))
}

fn parse_bool(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    is("true").then_some(true).or(is("false").then_some(false))
}

fn bool_of(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Text(text) => parse_bool(text),
        Value::Ip(_) | Value::Number(_) | Value::Time(_) => None,
    }
}

fn date(text: &str) -> Result<Timestamp, String> {
    parse_date(text).ok_or_else(|| {
        format!("`{text}` is not a date such as `2026-06-01T12:00:00Z` or seconds since 1970")
    })
}

/// Seconds since 1970, or one of the W3C's forms of ISO 8601: with a zone, or a day, month or year that begins in UTC.
/// AWS takes both and says nothing of four digits, which are either: they are a year here, as no policy means an
/// instant of the first three hours of 1970.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>
pub(crate) fn parse_date(text: &str) -> Option<Timestamp> {
    let begun = match text.len() {
        4 => format!("{text}-01-01").parse::<Date>().ok(),
        7 => format!("{text}-01").parse::<Date>().ok(),
        10 => text.parse::<Date>().ok(),
        _ => None,
    };
    if let Some(day) = begun {
        let day = day.to_zoned(TimeZone::UTC).ok()?;
        return Some(day.timestamp());
    }
    let seconds = text.parse::<i64>().ok();
    seconds.map_or_else(
        || text.parse::<Timestamp>().ok(),
        |seconds| Timestamp::from_second(seconds).ok(),
    )
}

fn date_of(value: &Value<'_>) -> Option<Timestamp> {
    match value {
        Value::Time(time) => Some(*time),
        Value::Number(seconds) => Timestamp::from_second(*seconds).ok(),
        Value::Text(text) => parse_date(text),
        Value::Ip(_) | Value::Bool(_) => None,
    }
}

fn binary(text: &str) -> Result<Box<[u8]>, String> {
    BASE64
        .decode(text)
        .map(Vec::into_boxed_slice)
        .map_err(|_| format!("`{text}` is not base64"))
}

pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| single())
        .map_err(|_| format!("`{text}` is neither an IP address nor a range such as `10.0.0.0/8`"))
}

fn address_of(value: &Value<'_>) -> Option<IpAddr> {
    match value {
        Value::Ip(address) => Some(*address),
        Value::Text(text) => text.parse().ok(),
        Value::Bool(_) | Value::Number(_) | Value::Time(_) => None,
    }
}

/// An ARN with wildcards, matched part by part: a `*` crosses a colon only in the last part.
#[derive(Debug)]
pub(crate) struct ArnPattern(Box<[Glob]>);

const ARN_PARTS: usize = 6;

impl ArnPattern {
    fn parse(text: &str, variables: Variables) -> Result<Self, String> {
        let tokens = glob::tokens(text, Wildcards::Match, variables)?;
        if tokens == [glob::Token::Star] {
            return Ok(Self(vec![Glob::of(&tokens)].into()));
        }
        let colon = |token: &glob::Token| *token == glob::Token::Char(':');
        let parts: Box<[Glob]> = tokens.splitn(ARN_PARTS, colon).map(Glob::of).collect();
        if parts.len() == ARN_PARTS {
            Ok(Self(parts))
        } else {
            Err(format!(
                "`{text}` is no ARN pattern of six parts with colons between"
            ))
        }
    }

    /// Its six parts, or the one that matches everything.
    pub(crate) fn parts(&self) -> &[Glob] {
        &self.0
    }

    fn matches<C: Context>(
        &self,
        whole: &Subject<'_>,
        parts: Option<&[Subject<'_>; ARN_PARTS]>,
        context: &C,
    ) -> Truth {
        let test = |(glob, part): (&Glob, &Subject<'_>)| glob.matches(part, context).truth();
        match (&*self.0, parts) {
            ([all], _) => test((all, whole)),
            (globs, Some(parts)) => Truth::all(globs.iter().zip(parts).map(test)),
            (_, None) => Truth::No,
        }
    }
}

fn arn_parts(text: &str) -> Option<[Subject<'_>; ARN_PARTS]> {
    let mut parts = text.splitn(ARN_PARTS, ':').map(Subject::of);
    let parts = [(); ARN_PARTS].map(|()| parts.next());
    match parts {
        [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] => Some([a, b, c, d, e, f]),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
