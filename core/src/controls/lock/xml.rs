//! The documents of Object Lock.

use super::bucket::{OutOfRange, Unit};
use super::refusal::{argument, event_hold, malformed, past};
use super::{
    DefaultRetention, LegalHold, LockConfiguration, LockTime, Period, RetainUntil, Retention,
    RetentionMode,
};
use crate::s3::answer::S3Error;
use crate::s3::xml::{Element, Writer};
use bytes::Bytes;

const CONFIGURATION: &str = "ObjectLockConfiguration";

impl LockConfiguration {
    /// Reads the document of PutObjectLockConfiguration.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html>
    ///
    /// # Errors
    /// MalformedXML unless it enables Object Lock and has no rule, or one of a known mode and either days or years;
    /// InvalidArgument for a period below 1 or above the longest; NotImplemented for event holds.
    pub fn parse_xml(document: &[u8]) -> Result<Self, S3Error> {
        let root = root(document, CONFIGURATION)?;
        let [enabled, rule] = members(&root, ["ObjectLockEnabled", "Rule"])?;
        if text(enabled.ok_or_else(malformed)?)? != "Enabled" {
            return Err(malformed());
        }
        let default = rule.map(|rule| {
            let [retention] = members(rule, ["DefaultRetention"])?;
            default_retention(retention.ok_or_else(malformed)?)
        });
        Ok(Self {
            default: default.transpose()?,
        })
    }

    /// Writes the document of GetObjectLockConfiguration.
    pub fn to_xml(&self) -> Bytes {
        let mut xml = Writer::new();
        xml.root(CONFIGURATION).leaf("ObjectLockEnabled", "Enabled");
        if let Some(DefaultRetention { mode, period }) = self.default {
            let (name, number) = period.written();
            xml.open("Rule")
                .open("DefaultRetention")
                .leaf("Mode", mode.name())
                .leaf(name, &number.to_string())
                .close("DefaultRetention")
                .close("Rule");
        }
        xml.close(CONFIGURATION);
        xml.finish()
    }
}

impl Retention {
    /// Reads the document of PutObjectRetention; an empty one asks to remove the retention.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html>
    ///
    /// # Errors
    /// MalformedXML unless it is empty or has a known mode and a date; InvalidArgument for a date that is not in the
    /// future; NotImplemented for event holds.
    pub fn parse_xml(document: &[u8], now: LockTime) -> Result<Option<Self>, S3Error> {
        let root = root(document, "Retention")?;
        let names = ["Mode", "RetainUntilDate", "EventHold", "EventHoldDuration"];
        let [mode, date, hold, duration] = members(&root, names)?;
        if hold.or(duration).is_some() {
            return Err(event_hold("EventHold"));
        }
        let (mode, date) = match (mode, date) {
            (None, None) => return Ok(None),
            (Some(mode), Some(date)) => (text(mode)?, text(date)?),
            (None, Some(_)) | (Some(_), None) => return Err(malformed()),
        };
        let mode = RetentionMode::parse(mode).ok_or_else(malformed)?;
        let until = RetainUntil::parse(date).map_err(|_| malformed())?;
        match until.is_future(now.latest()) {
            true => Ok(Some(Self { mode, until })),
            false => Err(past("RetainUntilDate", date)),
        }
    }

    /// Writes the document of GetObjectRetention.
    pub fn to_xml(&self) -> Bytes {
        let mut xml = Writer::new();
        xml.root("Retention")
            .leaf("Mode", self.mode.name())
            .leaf("RetainUntilDate", &self.until.to_string())
            .close("Retention");
        xml.finish()
    }
}

impl LegalHold {
    /// Reads the document of PutObjectLegalHold.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html>
    ///
    /// # Errors
    /// MalformedXML unless it has a known status.
    pub fn parse_xml(document: &[u8]) -> Result<Self, S3Error> {
        let root = root(document, "LegalHold")?;
        let [status] = members(&root, ["Status"])?;
        Self::parse(text(status.ok_or_else(malformed)?)?).ok_or_else(malformed)
    }

    /// Writes the document of GetObjectLegalHold.
    pub fn to_xml(self) -> Bytes {
        let mut xml = Writer::new();
        xml.root("LegalHold")
            .leaf("Status", self.name())
            .close("LegalHold");
        xml.finish()
    }
}

fn default_retention(element: &Element) -> Result<DefaultRetention, S3Error> {
    let [mode, days, years, hold] =
        members(element, ["Mode", "Days", "Years", "DefaultEventHold"])?;
    if hold.is_some() {
        return Err(event_hold("DefaultEventHold"));
    }
    let mode = RetentionMode::parse(text(mode.ok_or_else(malformed)?)?).ok_or_else(malformed)?;
    let (number, unit) = match (days, years) {
        (Some(days), None) => (days, Unit::DAYS),
        (None, Some(years)) => (years, Unit::YEARS),
        (Some(_), Some(_)) | (None, None) => return Err(malformed()),
    };
    Ok(DefaultRetention {
        mode,
        period: period(text(number)?, unit)?,
    })
}

fn period(text: &str, unit: Unit) -> Result<Period, S3Error> {
    let number = text.parse().map_err(|_| malformed())?;
    unit.period(number).map_err(|wrong| {
        let message = match wrong {
            OutOfRange::TooSmall => "Default retention period must be a positive integer value.",
            OutOfRange::TooLarge => "Default retention period too large.",
        };
        argument(message, unit.name, text)
    })
}

fn root(document: &[u8], name: &str) -> Result<Element, S3Error> {
    let root = Element::of_request(document).map_err(|_| malformed())?;
    match root.name == name {
        true => Ok(root),
        false => Err(malformed()),
    }
}

fn text(element: &Element) -> Result<&str, S3Error> {
    element.leaf().map_err(|_| malformed())
}

fn members<'a, const N: usize>(
    element: &'a Element,
    names: [&str; N],
) -> Result<[Option<&'a Element>; N], S3Error> {
    element.members(names).map_err(|_| malformed())
}

#[cfg(test)]
mod tests;
