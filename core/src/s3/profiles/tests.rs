use super::*;
use crate::s3::operations::OPERATIONS;
use std::collections::HashSet;

fn profile(name: &str) -> &'static Profile {
    Profile::find(name).unwrap()
}

#[test]
fn profiles_are_found_by_their_names() {
    for name in [
        "aws",
        "ceph",
        "garage",
        "minio",
        "s3s",
        "demo",
        "moto",
        "localstack",
        "generic",
    ] {
        assert_eq!(profile(name).name, name);
    }
    assert!(Profile::find("AWS").is_none());
    assert!(Profile::find("").is_none());
}

#[test]
fn rows_name_no_operation_twice_and_ignore_only_headers_that_would_be_sent() {
    for profile in PROFILES {
        let unique: HashSet<_> = profile.operations.iter().collect();
        assert_eq!(unique.len(), profile.operations.len(), "{}", profile.name);
        for (operation, header) in profile.ignores {
            assert!(profile.has(*operation), "{}", profile.name);
            let rule = operation.row().disposition(header);
            assert!(rule.is_some(), "{}: {operation:?} {header}", profile.name);
        }
    }
}

#[test]
fn an_upstream_is_sent_only_what_it_has() {
    let lacks = |name: &str| -> Vec<OperationId> {
        let rows = OPERATIONS.iter().map(|row| row.id);
        rows.filter(|id| !profile(name).has(*id)).collect()
    };
    assert_eq!(lacks("aws"), []);
    assert_eq!(lacks("ceph"), []);
    assert_eq!(lacks("garage"), [ListObjectVersions, UploadPartCopy]);
    assert_eq!(lacks("s3s"), [ListMultipartUploads, ListObjectVersions]);
    assert_eq!(lacks("demo"), [ListObjectVersions]);
    assert_eq!(
        lacks("generic"),
        [ListMultipartUploads, ListObjectVersions, UploadPartCopy]
    );
}

#[test]
fn a_condition_the_store_would_not_look_at_is_known() {
    assert!(profile("garage").ignores(PutObject, "if-none-match"));
    assert!(!profile("garage").ignores(GetObject, "if-none-match"));
    assert!(profile("ceph").ignores(DeleteObject, "if-match"));
    assert!(!profile("aws").ignores(DeleteObject, "if-match"));
}

#[track_caller]
fn check(name: &str, key: &str, kept: bool) {
    assert_eq!(profile(name).keeps(key), kept, "{name}: {key}");
}

#[test]
fn t01_keys_a_store_would_read_otherwise_are_known() {
    for key in ["../b/k", "a/./k", "..", "a/..", "./a"] {
        check("s3s", key, false);
        check("generic", key, false);
        check("ceph", key, true);
        check("demo", key, true);
    }
    for key in ["/", "/k", "a//k", "a//"] {
        check("s3s", key, false);
        check("garage", key, false);
        check("localstack", key, false);
        check("moto", key, true);
        check("aws", key, true);
        check("demo", key, true);
    }
    for key in ["a", "a/", "a/b", "...", "a/.b", "a../b", "a/b/"] {
        check("s3s", key, true);
    }
}
