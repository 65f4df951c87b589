//! The document of PutBucketCors and GetBucketCors.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CORSRule.html>

use super::fault::{Fault, Field};
use super::rule::{self, CorsMethod, Parts, Rule};
use super::wildcard::Wildcard;
use super::{Cors, MAX_BYTES, MAX_RULES};
use crate::s3::answer::S3Error;
use crate::s3::errors::ErrorCode;
use crate::s3::xml::{Element, Writer};
use bytes::Bytes;

/// Reads a document. S3 validates it as a whole before it looks at values, and then reports the first that is wrong.
pub(super) fn parse(document: &[u8]) -> Result<Cors, S3Error> {
    if document.len() > MAX_BYTES {
        return Err(Fault::TooLarge.into());
    }
    let root = Element::of_request(document).map_err(|_| ErrorCode::MalformedXML)?;
    if root.name != "CORSConfiguration"
        || root.children.is_empty()
        || !root.children.iter().all(is_rule)
    {
        return Err(ErrorCode::MalformedXML.into());
    }
    if root.children.len() > MAX_RULES {
        return Err(Fault::TooManyRules.into());
    }
    let mut rules = Vec::with_capacity(root.children.len());
    for element in &root.children {
        rule::add(&mut rules, read(element)?)?;
    }
    Ok(Cors::of(rules)?)
}

pub(super) fn write(rules: &[Rule]) -> Bytes {
    let mut xml = Writer::new();
    xml.root("CORSConfiguration");
    for rule in rules {
        let parts = &rule.parts;
        xml.open("CORSRule").optional("ID", parts.id.as_deref());
        for method in &parts.methods {
            xml.leaf("AllowedMethod", method.name());
        }
        for origin in &parts.origins {
            xml.leaf("AllowedOrigin", &origin.to_string());
        }
        for header in &parts.headers {
            xml.leaf("AllowedHeader", &header.to_string());
        }
        for name in &parts.expose {
            xml.leaf("ExposeHeader", name);
        }
        if let Some(seconds) = parts.max_age {
            xml.leaf("MaxAgeSeconds", &seconds.to_string());
        }
        xml.close("CORSRule");
    }
    xml.close("CORSConfiguration");
    xml.finish()
}

/// Whether an element has the form of a rule: at least one origin and one method, at most one ID and one whole number
/// of seconds, and nothing else.
fn is_rule(element: &Element) -> bool {
    let count = |name: &str| element.children_named(name).count();
    element.name == "CORSRule"
        && element.children.iter().all(is_member)
        && count("AllowedOrigin") > 0
        && count("AllowedMethod") > 0
        && count("ID") <= 1
        && count("MaxAgeSeconds") <= 1
}

fn is_member(element: &Element) -> bool {
    let known = match element.name.as_str() {
        "ID" | "AllowedOrigin" | "AllowedMethod" | "AllowedHeader" | "ExposeHeader" => true,
        "MaxAgeSeconds" => seconds(&element.text).is_some(),
        _ => false,
    };
    known && element.children.is_empty()
}

fn read(element: &Element) -> Result<Rule, Fault> {
    let mut parts = Parts::default();
    for child in &element.children {
        let text = child.text.as_str();
        match child.name.as_str() {
            "ID" => parts.id = rule::id(text)?,
            "AllowedOrigin" => {
                let origin = Wildcard::parse(Field::AllowedOrigin, text)?;
                parts.origins.push(origin);
            }
            "AllowedMethod" => parts.methods.push(CorsMethod::parse(text)?),
            "AllowedHeader" => {
                let header = Wildcard::parse(Field::AllowedHeader, text)?;
                parts.headers.push(header);
            }
            "ExposeHeader" => parts.expose.push(rule::exposed(text)?),
            "MaxAgeSeconds" => parts.max_age = seconds(text),
            // There is no other in a rule.
            _ => (),
        }
    }
    Ok(parts.into())
}

/// A whole number of seconds. AWS says "Type: Integer", which is 32 bits in its SDKs, and nothing of negative ones: no
/// browser keeps an answer for less than no time.
pub(super) fn seconds(text: &str) -> Option<u32> {
    let seconds: u32 = text.trim().parse().ok()?;
    i32::try_from(seconds).is_ok().then_some(seconds)
}
