//! The documents of requests: what is read, written down again, is read the same, and nothing with a DOCTYPE is read.
//! Input: a document.

use super::Outcome;
use portcullis_core::s3::xml::{CreateBucketConfiguration, DeleteRequest, check_completion};

pub(super) fn check(input: &[u8]) -> Outcome {
    let accepted = [delete(input), create(input), complete(input)];
    if accepted == [false; 3] {
        return Outcome::Refused;
    }
    for doctype in ["<!DOCTYPE x>", "<!doctype x [<!ENTITY y \"z\">]>"] {
        let forbidden = with_doctype(input, doctype);
        let accepted = [delete(&forbidden), create(&forbidden), complete(&forbidden)];
        assert_eq!(accepted, [false; 3], "with a DOCTYPE");
    }
    Outcome::Accepted
}

fn delete(input: &[u8]) -> bool {
    let Ok(request) = DeleteRequest::parse(input) else {
        return false;
    };
    assert!((1..=1000).contains(&request.objects.len()));
    let again = DeleteRequest::parse(&request.to_xml());
    assert_eq!(again.as_ref(), Ok(&request));
    true
}

fn create(input: &[u8]) -> bool {
    let Ok(configuration) = CreateBucketConfiguration::parse(input) else {
        return false;
    };
    let again = CreateBucketConfiguration::parse(&configuration.to_xml());
    assert_eq!(again.as_ref(), Ok(&configuration));
    true
}

fn complete(input: &[u8]) -> bool {
    check_completion(input).is_ok()
}

/// The document with a DOCTYPE where one may stand: behind the declaration, before everything else.
fn with_doctype(document: &[u8], doctype: &str) -> Vec<u8> {
    let text = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    let declared = text
        .starts_with(b"<?xml")
        .then(|| text.windows(2).position(|bytes| bytes == b"?>"));
    let at = declared.flatten().map_or(0, |at| at + 2);
    let (before, after) = text.split_at(at);
    [before, doctype.as_bytes(), after].concat()
}
