//! One page of a listing, as ListObjects and ListObjectsV2 define it.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html>

use super::catalogue::{Catalogue, Entry};
use std::ops::Bound;

/// What to list.
pub(super) struct Wanted<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    /// Empty for none.
    pub(super) delimiter: &'a str,
    /// Only what comes after this key or common prefix.
    pub(super) after: &'a str,
    pub(super) max: usize,
}

/// One page.
#[derive(Default)]
pub(super) struct Page<'a> {
    pub(super) objects: Vec<(&'a str, &'a Entry)>,
    pub(super) prefixes: Vec<&'a str>,
    /// The last key or common prefix of the page, if there is more after it.
    pub(super) next: Option<&'a str>,
}

/// Lists one page.
pub(super) fn page<'a>(catalogue: &'a Catalogue, wanted: &Wanted<'_>) -> Page<'a> {
    let mut page = Page::default();
    let mut last = None;
    if wanted.max == 0 {
        return page;
    }
    let start = if wanted.after < wanted.prefix {
        Bound::Included(wanted.prefix)
    } else {
        Bound::Excluded(wanted.after)
    };
    for (key, entry) in catalogue.from(wanted.bucket, start) {
        let Some(rest) = key.strip_prefix(wanted.prefix) else {
            break;
        };
        let group = group(key, rest, wanted.delimiter);
        if group.is_some_and(|group| group == wanted.after || page.prefixes.last() == Some(&group))
        {
            continue;
        }
        if page.objects.len() + page.prefixes.len() == wanted.max {
            page.next = last;
            break;
        }
        match group {
            Some(group) => page.prefixes.push(group),
            None => page.objects.push((key, entry)),
        }
        last = Some(group.unwrap_or(key));
    }
    page
}

/// The common prefix that a key is rolled up into: up to and with the first delimiter after the prefix.
fn group<'a>(key: &'a str, rest: &str, delimiter: &str) -> Option<&'a str> {
    if delimiter.is_empty() {
        return None;
    }
    let (before, _) = rest.split_once(delimiter)?;
    key.get(..key.len() - rest.len() + before.len() + delimiter.len())
}

/// Text percent-encoded as `encoding-type=url` asks for it.
pub(super) fn url_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
