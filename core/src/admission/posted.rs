//! Forms: what their head must say, and the PutObject that their fields stand for. From there on a form goes the way of
//! every request, so nothing passes in a field that would not pass in a header.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>

use super::{Arrival, authenticate, refuse};
use crate::form::{Boundary, Form, FormError, FormPolicy, Reply};
use crate::request::{Head, S3Request};
use crate::s3::answer::S3Error;
use crate::s3::names::Target;
use crate::s3::secrets::{MASK, is_secret_parameter, masked};
use crate::sigv4;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

/// Headers of an upload that a form may have in its own head, which nobody signs: they only narrow. The others are
/// fields.
const OF_HEAD: [&str; 4] = [
    "if-match",
    "if-none-match",
    "x-amz-expected-bucket-owner",
    "x-amz-user-agent",
];

/// Headers by which SDKs sign, and which mean nothing where the listener answers for the caller.
const CREDENTIALS: [&str; 3] = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// A form that was read, as the upload it stands for.
#[derive(Debug)]
pub(super) struct Posted {
    /// Those of the request that say nothing of the object, and those that the fields stand for.
    headers: HeaderMap,
    /// When its policy was signed; `None` if nobody did.
    pub(super) signed: Option<Timestamp>,
    pub(super) reply: Reply,
}

/// Checks a form's head, before anything of its body is read.
pub(super) fn check_head(
    head: &Head<'_>,
    request: &S3Request,
    arrival: &Arrival<'_>,
) -> Result<Boundary, S3Error> {
    if authenticate::presented(head, request, arrival)?.is_some() {
        return Err(refuse::several_mechanisms());
    }
    if let Some(name) = sigv4::repeated_headers(head.headers).next() {
        return Err(refuse::repeated_header(name.as_str()));
    }
    let ignored = |name: &str| arrival.listener.principal.is_some() && CREDENTIALS.contains(&name);
    let mut names = head.headers.keys().map(HeaderName::as_str);
    let foreign =
        |name: &&str| name.starts_with("x-amz-") && !OF_HEAD.contains(name) && !ignored(name);
    if let Some(name) = names.find(foreign) {
        return Err(refuse::header_not_implemented(name));
    }
    content_length(head)?;
    let kind = head.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok());
    Boundary::parse(kind.unwrap_or_default()).map_err(|error| refuse::form(&error))
}

/// The object that a form is for.
pub(super) fn target(request: &S3Request, form: &Form) -> Result<Target, S3Error> {
    let key = form
        .required("key")
        .map_err(|error| refuse::field(&error))?;
    let target = request.target.with_key(key);
    target.map_err(|bad| refuse::bad_key(bad, key))
}

/// So many bytes has the file if nothing but the closing boundary follows it; `before` stand before it.
pub(super) fn file_length(
    head: &Head<'_>,
    boundary: &Boundary,
    before: u64,
) -> Result<u64, S3Error> {
    let rest = content_length(head)?.checked_sub(before);
    rest.and_then(|rest| rest.checked_sub(boundary.end().len() as u64))
        .ok_or_else(|| refuse::form(&FormError::Unclosed))
}

/// Checks a form against its own policy document, if it has one: who gave it away may have done so to narrow it.
pub(super) fn check_policy(
    form: &Form,
    request: &S3Request,
    length: u64,
    now: Timestamp,
) -> Result<(), S3Error> {
    let Some(document) = form.get("policy") else {
        return Ok(());
    };
    let policy = FormPolicy::parse(document).map_err(|error| refuse::form_policy(&error))?;
    let bucket = request.target.bucket_name().unwrap_or_default();
    let checked = policy.check(form, bucket, length, now);
    checked.map_err(|violation| refuse::violation(&violation))
}

impl Posted {
    /// The upload of a file of `length` bytes. `request` is about the object already.
    pub(super) fn of(
        head: &Head<'_>,
        request: &S3Request,
        form: &Form,
        length: u64,
        signed: Option<Timestamp>,
    ) -> Result<Self, S3Error> {
        let mut headers = head.headers.clone();
        let of_object = |name: &HeaderName| {
            let name = name.as_str();
            request.operation.disposition(name).is_some() && !OF_HEAD.contains(&name)
        };
        let names: Vec<HeaderName> = headers
            .keys()
            .filter(|name| of_object(name))
            .cloned()
            .collect();
        for name in names {
            headers.remove(name);
        }
        let fields = form.headers().map_err(|error| refuse::field(&error))?;
        for (name, value) in &fields {
            headers.append(name, value.clone());
        }
        headers.insert(CONTENT_LENGTH, length.into());
        let (bucket, key) = (request.target.bucket_name(), request.target.key());
        let reply = Reply::of(form, bucket.unwrap_or_default(), key.unwrap_or_default());
        Ok(Self {
            headers,
            signed,
            reply,
        })
    }

    /// The head of the upload. It keeps method and target of the form, which were what was asked for.
    pub(super) fn head<'a>(&'a self, form: &Head<'a>) -> Head<'a> {
        Head {
            headers: &self.headers,
            ..*form
        }
    }

    /// How much memory it takes, about.
    pub(super) fn size(&self) -> usize {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum()
    }

    /// Forgets what nobody may read later: conditions ask for none of it.
    pub(super) fn forget_secrets(&mut self) {
        for (name, value) in &mut self.headers {
            let name = name.as_str();
            let secret = is_secret_parameter(name.as_bytes())
                || matches!(name, "cookie" | "proxy-authorization")
                || name.ends_with("-customer-key-md5");
            let shown = match value.to_str() {
                _ if secret => Some(MASK.to_owned()),
                Ok(url) if name == "referer" => Some(masked(url).into_owned()),
                Ok(_) | Err(_) => None,
            };
            if let Some(shown) = shown.and_then(|shown| HeaderValue::try_from(shown).ok()) {
                *value = shown;
            }
        }
    }
}

fn content_length(head: &Head<'_>) -> Result<u64, S3Error> {
    let length = head.headers.get(CONTENT_LENGTH);
    let length = length.ok_or_else(refuse::no_content_length)?;
    let digits = length.to_str().ok();
    let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(refuse::no_content_length)
}
