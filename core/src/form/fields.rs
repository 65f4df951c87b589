//! Which headers of a PutObject the fields of a form stand for.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>

use super::Form;
use crate::request::encode_query_component;
use crate::s3::headers::{BODY, COMMON};
use crate::s3::xml::Settings;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Why the fields of a form are no upload. Which S3 error that becomes is written at each variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// 400 InvalidArgument "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of
    /// the fields."
    #[error("there is no field `{0}`")]
    Missing(&'static str),
    /// 400 InvalidArgument (our wording).
    #[error("field `{0}` cannot be a header")]
    NoHeader(String),
    /// 501 NotImplemented: how a PutObject's body comes is no matter of a form.
    #[error("field `{0}` means nothing in a form")]
    NotOfForms(String),
    /// 400 MalformedXML.
    #[error("field `tagging` is no Tagging document")]
    BadTags,
}

/// Fields that are headers by their own name, beside those that begin with `x-amz-`. What a form says beyond them is
/// nobody's business but its author's.
const HEADERS: [&str; 9] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-md5",
    "content-type",
    "expires",
    "if-match",
    "if-none-match",
];

/// Fields of the signature.
const SIGNATURE: [&str; 5] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-signature",
];

impl Form {
    /// The value of a field that must be there.
    ///
    /// # Errors
    /// [`FieldError::Missing`].
    pub fn required(&self, name: &'static str) -> Result<&str, FieldError> {
        self.get(name).ok_or(FieldError::Missing(name))
    }

    /// The headers that the fields stand for. Whether a PutObject may have them is not looked at.
    ///
    /// # Errors
    /// A field that should be a header and cannot be one.
    pub fn headers(&self) -> Result<HeaderMap, FieldError> {
        let mut headers = HeaderMap::new();
        for (field, value) in self.fields() {
            let (name, value) = match field {
                "acl" => ("x-amz-acl", value.to_owned()),
                "tagging" => match tags(value)? {
                    tags if tags.is_empty() => continue,
                    tags => ("x-amz-tagging", tags),
                },
                // By this name a form says which of the checksums beside it is meant.
                "x-amz-checksum-algorithm" => ("x-amz-sdk-checksum-algorithm", value.to_owned()),
                _ if is_header(field) => (field, value.to_owned()),
                _ => continue,
            };
            let unfit = |_| FieldError::NoHeader(field.to_owned());
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| FieldError::NoHeader(field.to_owned()))?;
            headers.append(name, HeaderValue::try_from(value).map_err(unfit)?);
            if is_of_body(field) {
                return Err(FieldError::NotOfForms(field.to_owned()));
            }
        }
        Ok(headers)
    }
}

fn is_header(field: &str) -> bool {
    HEADERS.contains(&field) || field.starts_with("x-amz-") && !SIGNATURE.contains(&field)
}

fn is_of_body(field: &str) -> bool {
    let mut rules = [COMMON, BODY].into_iter().flatten();
    rules.any(|rule| rule.covers(field))
}

/// From the document that a form holds to the header that an object comes with.
fn tags(document: &str) -> Result<String, FieldError> {
    let settings = Settings::parse("Tagging", document.as_bytes());
    let tags = settings.ok().and_then(|settings| settings.tags);
    let pairs: Vec<String> = tags
        .ok_or(FieldError::BadTags)?
        .iter()
        .map(|(key, value)| {
            let key = encode_query_component(key);
            format!("{key}={}", encode_query_component(value))
        })
        .collect();
    Ok(pairs.join("&"))
}

#[cfg(test)]
mod tests;
