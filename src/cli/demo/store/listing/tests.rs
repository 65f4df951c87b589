//! Against a model: the whole listing at once, computed the plain way.

use super::*;
use proptest::prelude::*;
use s3s::dto::Timestamp;
use std::collections::BTreeSet;
use std::time::SystemTime;

fn catalogue(keys: &BTreeSet<String>) -> (tempfile::TempDir, Catalogue) {
    let folder = tempfile::tempdir().unwrap();
    let mut catalogue = Catalogue::open(&folder.path().join("catalogue")).unwrap();
    for key in keys {
        let entry = Entry {
            blob: String::new(),
            size: 0,
            etag: String::new(),
            modified: Timestamp::from(SystemTime::UNIX_EPOCH),
            parts: Vec::new(),
        };
        catalogue.set("bucket", key, Some(entry)).unwrap();
    }
    (folder, catalogue)
}

/// Every key, and every common prefix once, in order.
fn model(keys: &BTreeSet<String>, prefix: &str, delimiter: &str, after: &str) -> Vec<String> {
    let mut listed = BTreeSet::new();
    for key in keys {
        let Some(rest) = key.strip_prefix(prefix) else {
            continue;
        };
        let name = match rest.split_once(delimiter) {
            Some((before, _)) if !delimiter.is_empty() => format!("{prefix}{before}{delimiter}"),
            Some(_) | None => key.clone(),
        };
        if key.as_str() > after && name != after {
            listed.insert(name);
        }
    }
    listed.into_iter().collect()
}

/// All pages of `max` names one after the other.
fn paged(
    catalogue: &Catalogue,
    prefix: &str,
    delimiter: &str,
    after: &str,
    max: usize,
) -> Vec<String> {
    let mut listed = Vec::new();
    let mut after = after.to_owned();
    loop {
        let wanted = Wanted {
            bucket: "bucket",
            prefix,
            delimiter,
            after: &after,
            max,
        };
        let page = page(catalogue, &wanted);
        let objects = page.objects.iter().map(|(key, _)| (*key).to_owned());
        let mut names: Vec<_> = objects
            .chain(page.prefixes.iter().map(|it| (*it).to_owned()))
            .collect();
        names.sort_unstable();
        assert!(names.len() <= max);
        listed.extend(names);
        match page.next {
            Some(next) => after = next.to_owned(),
            None => return listed,
        }
    }
}

proptest! {
    #[test]
    fn pages_put_together_are_the_whole_listing(
        keys in prop::collection::btree_set("[ab/é +]{1,5}", 0..40),
        prefix in "[ab/]{0,2}",
        delimiter in "(|/|a|/a)",
        after in "[ab/]{0,3}",
        max in 1..6_usize,
    ) {
        let (_folder, catalogue) = catalogue(&keys);
        let expected = model(&keys, &prefix, &delimiter, &after);
        prop_assert_eq!(paged(&catalogue, &prefix, &delimiter, &after, max), expected);
    }
}

#[test]
fn a_page_of_nothing_promises_nothing() {
    let (_folder, catalogue) = catalogue(&["a".to_owned()].into());
    let wanted = Wanted {
        bucket: "bucket",
        prefix: "",
        delimiter: "",
        after: "",
        max: 0,
    };
    let page = page(&catalogue, &wanted);
    assert!(page.objects.is_empty() && page.next.is_none());
}
