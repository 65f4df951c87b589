//! The answer to ListObjectVersions, as far as the gateway asks it for itself.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>

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
    let version = |element: &Element| Version {
        id: element
            .member("VersionId")
            .unwrap_or_else(|| "null".to_owned()),
        last_modified: element
            .member("LastModified")
            .and_then(|at| at.parse().ok()),
    };
    Ok(listed.map(version).collect())
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
}
