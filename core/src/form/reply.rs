//! What the sender of a form is answered when its file is stored.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>

use super::Form;
use crate::request::encode_query_component;
use crate::s3::answer::Success;
use crate::s3::xml::Writer;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};

/// What the sender of a form wants to hear of a success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    bucket: Box<str>,
    key: Box<str>,
    /// Where a browser goes then.
    redirect: Option<Box<str>>,
    status: StatusCode,
}

impl Reply {
    /// What a form asks for. A URL or a status that is of no use counts as none.
    pub fn of(form: &Form, bucket: &str, key: &str) -> Self {
        let mut urls = ["success_action_redirect", "redirect"].into_iter();
        let redirect = urls.find_map(|field| form.get(field).and_then(url));
        Self {
            bucket: bucket.into(),
            key: key.into(),
            redirect: redirect.map(Into::into),
            status: match form.get("success_action_status").map(str::trim) {
                Some("200") => StatusCode::OK,
                Some("201") => StatusCode::CREATED,
                Some(_) | None => StatusCode::NO_CONTENT,
            },
        }
    }

    /// The answer. `location` is the object's URL, `stored` what the store's answer says of the object.
    pub fn success(&self, location: &str, mut stored: HeaderMap) -> Success {
        stored.remove(CONTENT_TYPE);
        stored.remove(LOCATION);
        let etag = stored.get(ETAG).and_then(|etag| etag.to_str().ok());
        let etag = etag.unwrap_or_default().to_owned();
        let goes = self
            .redirect
            .as_ref()
            .map(|url| self.with_result(url, &etag));
        let status = match goes {
            Some(_) => StatusCode::SEE_OTHER,
            None => self.status,
        };
        if let Ok(url) = HeaderValue::try_from(goes.as_deref().unwrap_or(location)) {
            stored.insert(LOCATION, url);
        }
        let body = match status {
            StatusCode::CREATED => self.document(location, &etag),
            _ => Bytes::new(),
        };
        if !body.is_empty() {
            stored.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        }
        Success {
            status,
            headers: stored,
            body,
        }
    }

    fn with_result(&self, url: &str, etag: &str) -> String {
        let (url, fragment) = match url.split_once('#') {
            Some((url, fragment)) => (url, format!("#{fragment}")),
            None => (url, String::new()),
        };
        let mark = match url.contains('?') {
            true => '&',
            false => '?',
        };
        let [bucket, key, etag] = [&self.bucket, &self.key, etag].map(encode_query_component);
        format!("{url}{mark}bucket={bucket}&key={key}&etag={etag}{fragment}")
    }

    fn document(&self, location: &str, etag: &str) -> Bytes {
        let mut xml = Writer::new();
        xml.open("PostResponse")
            .leaf("Location", location)
            .leaf("Bucket", &self.bucket)
            .leaf("Key", &self.key)
            .leaf("ETag", etag);
        xml.close("PostResponse");
        xml.finish()
    }
}

/// A URL that a browser can be sent to.
fn url(text: &str) -> Option<&str> {
    let text = text.trim();
    let legal = text.bytes().all(|byte| byte.is_ascii_graphic());
    let uri = text.parse::<Uri>().ok().filter(|_| legal)?;
    let web = uri
        .scheme_str()
        .is_some_and(|scheme| matches!(scheme, "http" | "https"));
    let named = uri.host().is_some_and(|host| !host.is_empty());
    (web && named).then_some(text)
}

#[cfg(test)]
mod tests;
