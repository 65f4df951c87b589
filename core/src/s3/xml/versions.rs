//! The answers to ListObjectVersions and ListObjectsV2, as far as the gateway asks them for itself.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

use super::{BadXml, Element};
use jiff::Timestamp;

/// One version of an object, not a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id; `null` where the bucket keeps no versions.
    pub id: String,
    /// When it was written; `None` if the store does not say, or not so that it can be read.
    pub last_modified: Option<Timestamp>,
}

/// The versions of one key in an answer that lists all that begins with it, the newest first.
///
/// # Errors
/// [`BadXml`] unless it is such an answer.
pub fn versions_of(key: &str, answer: &[u8]) -> Result<Vec<Version>, BadXml> {
    let root = Element::of_answer(answer)?;
    if root.name != "ListVersionsResult" {
        return Err(BadXml::Schema);
    }
    let its = |element: &&Element| element.member("Key").as_deref() == Some(key);
    let listed = root.children_named("Version").filter(its);
    Ok(listed.map(version_of).collect())
}

fn version_of(element: &Element) -> Version {
    let at = element.member("LastModified");
    Version {
        id: element
            .member("VersionId")
            .unwrap_or_else(|| "null".to_owned()),
        last_modified: at.and_then(|at| at.parse().ok()),
    }
}

/// A version among those of other keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Which it is.
    pub version: Version,
}

/// Where the next page of a list begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// After this key, or what the store said to say for it.
    pub key: String,
    /// After this version of it; `None` where the bucket keeps no versions.
    pub version: Option<String>,
}

/// Percent-decodes a text; `None` if it cannot be.
pub type Decode = fn(&str) -> Option<String>;

/// Some of the versions of a bucket, delete markers left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionPage {
    /// In the order of the store.
    pub versions: Vec<Listed>,
    /// `None`: that was the last page.
    pub next: Option<Marker>,
}

impl VersionPage {
    /// Reads either answer; `decode` takes percent signs and hex digits for bytes, for stores that encode keys.
    ///
    /// # Errors
    /// [`BadXml`] for another document, for a version without a key, and for a page that is not the last and does not say
    /// where the next one begins: what is not listed must not pass for what is not there.
    pub fn parse(answer: &[u8], decode: Decode) -> Result<Self, BadXml> {
        let root = Element::of_answer(answer)?;
        let (name, marker, version) = match root.name.as_str() {
            "ListVersionsResult" => ("Version", "NextKeyMarker", Some("NextVersionIdMarker")),
            "ListBucketResult" => ("Contents", "NextContinuationToken", None),
            _ => return Err(BadXml::Schema),
        };
        let is_encoded = root.child_text("EncodingType") == Some("url");
        let decode = |text: String| match is_encoded {
            // As forms are encoded: a plus is a space.
            true => decode(&text.replace('+', " ")),
            false => Some(text),
        };
        let listed = |element: &Element| {
            let key = element.member("Key").and_then(decode);
            Ok(Listed {
                key: key.ok_or(BadXml::Schema)?,
                version: version_of(element),
            })
        };
        let versions: Result<Vec<_>, _> = root.children_named(name).map(listed).collect();
        let next = match root.child_text("IsTruncated").map(str::trim) {
            Some("true") => {
                let key = root.member(marker);
                // A token is the store's own text, which is not encoded.
                let key = match version {
                    Some(_) => key.and_then(decode),
                    None => key,
                };
                Some(Marker {
                    key: key.ok_or(BadXml::Schema)?,
                    version: version.and_then(|version| root.member(version)),
                })
            }
            _ => None,
        };
        Ok(Self {
            versions: versions?,
            next,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_of_one_key_are_read() {
        let answer = "<ListVersionsResult>\
            <Version><Key>a</Key><VersionId>2</VersionId><LastModified>2026-03-04T05:06:07.000Z</LastModified></Version>\
            <Version><Key>a</Key><VersionId>1</VersionId><LastModified>soon</LastModified></Version>\
            <DeleteMarker><Key>a</Key><VersionId>3</VersionId></DeleteMarker>\
            <Version><Key>ab</Key><VersionId>4</VersionId></Version></ListVersionsResult>";
        let found = versions_of("a", answer.as_bytes()).unwrap();
        let ids: Vec<&str> = found.iter().map(|version| &*version.id).collect();
        assert_eq!(ids, ["2", "1"]);
        let at: Timestamp = "2026-03-04T05:06:07Z".parse().unwrap();
        assert_eq!(found[0].last_modified, Some(at));
        assert_eq!(found[1].last_modified, None);
        assert!(versions_of("a", b"<ListBucketResult/>").is_err());
    }
    fn decode(text: &str) -> Option<String> {
        let bytes = crate::request::percent_decode(text.as_bytes())?;
        String::from_utf8(bytes.into_owned()).ok()
    }

    #[track_caller]
    fn page(answer: &str) -> VersionPage {
        VersionPage::parse(answer.as_bytes(), decode).unwrap()
    }

    fn shown(page: &VersionPage) -> Vec<(&str, &str)> {
        let versions = page.versions.iter();
        versions
            .map(|listed| (&*listed.key, &*listed.version.id))
            .collect()
    }

    #[test]
    fn a_page_of_versions_says_where_the_next_begins() {
        let found = page(
            "<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
            <NextKeyMarker>a%2Bb+c</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>\
            <Version><Key>a%2Bb+c</Key><VersionId>1</VersionId></Version>\
            <DeleteMarker><Key>d</Key><VersionId>2</VersionId></DeleteMarker></ListVersionsResult>",
        );
        assert_eq!(shown(&found), [("a+b c", "1")]);
        let next = found.next.unwrap();
        assert_eq!((&*next.key, next.version.as_deref()), ("a+b c", Some("1")));
    }

    #[test]
    fn a_page_of_objects_has_the_version_null() {
        let found = page(
            "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
            <NextContinuationToken>t+%2B</NextContinuationToken><Contents><Key>a</Key></Contents></ListBucketResult>",
        );
        assert_eq!(shown(&found), [("a", "null")]);
        let next = found.next.unwrap();
        assert_eq!((&*next.key, next.version), ("t+%2B", None));
        let last = page("<ListBucketResult><Contents><Key>a+</Key></Contents></ListBucketResult>");
        assert_eq!(shown(&last), [("a+", "null")]);
        assert_eq!(last.next, None);
    }

    #[test]
    fn what_may_be_incomplete_is_refused() {
        for answer in [
            "<ListVersionsResult><IsTruncated>true</IsTruncated></ListVersionsResult>",
            "<ListVersionsResult><Version><VersionId>1</VersionId></Version></ListVersionsResult>",
            "<ListVersionsResult><EncodingType>url</EncodingType><Version><Key>%</Key></Version></ListVersionsResult>",
            "<Other/>",
        ] {
            assert!(
                VersionPage::parse(answer.as_bytes(), decode).is_err(),
                "{answer}"
            );
        }
    }
}
