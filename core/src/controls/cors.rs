//! Cross-origin resource sharing: the configuration of a bucket, and what it says to a browser.
//!
//! A [`Cors`] is read from S3's XML or from the aws cli's JSON and then known to be valid. A [`CorsRequest`] is what
//! a request's head says about its origin; [`Cors::check`] finds the first rule that matches it, and [`preflight`] is
//! the whole answer to an OPTIONS. CORS grants nothing: it tells browsers which pages may read an answer, and
//! policies decide as ever.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html>

mod explain;
mod fault;
mod headers;
mod json;
mod preflight;
mod request;
mod rule;
mod wildcard;
mod xml;

pub use explain::{CorsExplanation, Mismatch, RuleReport};
pub use headers::CorsHeaders;
pub use preflight::{
    BucketCors, ResourceType, bucket_not_found, invalid_method, no_configuration, no_origin,
    not_allowed, not_enabled, preflight,
};
pub use request::CorsRequest;

use crate::document::{Node, Problem};
use crate::s3::answer::S3Error;
use bytes::Bytes;
use fault::Fault;
use rule::Rule;

/// The most rules of a configuration.
pub const MAX_RULES: usize = 100;

/// The most bytes of a configuration, written as XML.
pub const MAX_BYTES: usize = 64 * 1024;

/// The CORS configuration of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    // INVARIANT: 1 to 100 rules, no ID twice, and the XML of them is no longer than 64 KB: what was accepted once is
    // accepted again when it is read back.
    rules: Box<[Rule]>,
}

/// No rule allows what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no CORS rule allows this origin, method and headers")]
pub struct NoRule;

impl Cors {
    /// Reads the document of PutBucketCors.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html>
    ///
    /// # Errors
    /// MalformedXML: not this document, or an element that S3 does not have. InvalidRequest: a value that a rule cannot
    /// have, or more than 100 rules. MaxMessageLengthExceeded: more than 64 KB.
    pub fn parse_xml(document: &[u8]) -> Result<Self, S3Error> {
        xml::parse(document)
    }

    /// Reads the form of the aws cli: `{"CORSRules":[{"AllowedOrigins":[…],…}]}`.
    ///
    /// # Errors
    /// Every problem, in the order of the document.
    pub fn parse_json(document: &Node) -> Result<Self, Vec<Problem>> {
        json::parse(document)
    }

    /// The document that GetBucketCors answers.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html>
    pub fn to_xml(&self) -> Bytes {
        xml::write(&self.rules)
    }

    /// The form of the aws cli; what a rule does not have is left out.
    pub fn to_json(&self) -> serde_json::Value {
        json::write(&self.rules)
    }

    /// What the first rule that matches says. S3 tests an actual request as it tests a preflight: what a browser does
    /// not send with it, `Access-Control-Request-Headers` above all, is not tested.
    ///
    /// # Errors
    /// [`NoRule`]: a preflight is then refused with [`not_allowed`]; the answer to any other request has no CORS
    /// headers.
    pub fn check(&self, request: &CorsRequest<'_>) -> Result<CorsHeaders, NoRule> {
        let rule = self.rules.iter().find(|rule| rule.matches(request));
        rule.and_then(|rule| rule.answer(request)).ok_or(NoRule)
    }

    /// Which rule matches, and why those before it do not.
    pub fn explain(&self, request: &CorsRequest<'_>) -> CorsExplanation {
        explain::explain(&self.rules, request)
    }

    fn of(rules: Vec<Rule>) -> Result<Self, Fault> {
        if xml::write(&rules).len() > MAX_BYTES {
            return Err(Fault::TooLarge);
        }
        Ok(Self {
            rules: rules.into(),
        })
    }
}

#[cfg(test)]
mod tests;
