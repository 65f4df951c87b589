use super::*;
use crate::s3::operations::{AnsweredBy, OPERATIONS};
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
        let named = || profile.operations.iter().flat_map(|group| group.iter());
        let unique: HashSet<_> = named().collect();
        assert_eq!(unique.len(), named().count(), "{}", profile.name);
        for operation in named() {
            let sent = match operation.row().answered_by {
                AnsweredBy::Upstream | AnsweredBy::UpstreamRead | AnsweredBy::Merged => true,
                AnsweredBy::Gateway | AnsweredBy::Later | AnsweredBy::Nobody => false,
            };
            assert!(sent, "{}: {operation:?} is never sent", profile.name);
        }
        for (operation, header) in profile.ignores {
            assert!(profile.has(*operation), "{}", profile.name);
            let rule = operation.row().disposition(header);
            assert!(rule.is_some(), "{}: {operation:?} {header}", profile.name);
        }
    }
}

/// The operations that some upstream could be sent, and this one may not be.
fn lacks(name: &str) -> Vec<OperationId> {
    let sent = |row: &&crate::s3::operations::Operation| match row.answered_by {
        AnsweredBy::Upstream | AnsweredBy::UpstreamRead | AnsweredBy::Merged => true,
        AnsweredBy::Gateway | AnsweredBy::Later | AnsweredBy::Nobody => false,
    };
    let ids = OPERATIONS.iter().filter(sent).map(|row| row.id);
    ids.filter(|id| !profile(name).has(*id)).collect()
}

#[test]
fn an_upstream_is_sent_only_what_it_has() {
    assert_eq!(lacks("aws"), [GetObjectTorrent]);
    assert!(lacks("garage").contains(&UploadPartCopy));
    assert!(lacks("s3s").contains(&ListMultipartUploads));
    assert!(lacks("demo").contains(&ListObjectVersions));
    let named = |name: &str| {
        profile(name)
            .operations
            .iter()
            .flat_map(|group| group.iter())
    };
    assert_eq!(named("generic").count(), CORE.len());
    assert_eq!(named("s3s").count(), CORE.len() + 1);
    assert_eq!(named("demo").count(), CORE.len() + 2);
}

/// What a store was seen to take for another operation: a deletion or creation of the bucket, a write of the object, a
/// listing.
#[test]
fn no_upstream_is_sent_what_it_takes_for_something_else() {
    let deletes = [
        DeleteBucketAnalyticsConfiguration,
        DeleteBucketIntelligentTieringConfiguration,
        DeleteBucketInventoryConfiguration,
        DeleteBucketMetricsConfiguration,
        DeleteBucketMetadataConfiguration,
        DeleteBucketMetadataTableConfiguration,
    ];
    let everywhere = [
        PutObjectAnnotation,
        GetObjectAnnotation,
        DeleteObjectAnnotation,
        UpdateObjectEncryption,
        GetBucketAbac,
        PutBucketAbac,
        DeleteBucketMetadataConfiguration,
        DeleteBucketMetadataTableConfiguration,
        UpdateBucketMetadataInventoryTableConfiguration,
    ];
    for store in [
        "ceph",
        "garage",
        "s3s",
        "moto",
        "localstack",
        "demo",
        "generic",
        "minio",
    ] {
        for operation in everywhere {
            assert!(!profile(store).has(operation), "{store}: {operation:?}");
        }
    }
    for store in ["ceph", "moto"] {
        for operation in deletes {
            assert!(!profile(store).has(operation), "{store}: {operation:?}");
        }
    }
    assert!(!profile("ceph").has(DeleteBucketEncryption));
    assert!(!profile("ceph").has(SelectObjectContent));
    assert!(profile("localstack").has(DeleteBucketInventoryConfiguration));
    for store in PROFILES {
        for operation in [CreateSession, RenameObject, WriteGetObjectResponse] {
            assert!(!store.has(operation), "{}: {operation:?}", store.name);
        }
    }
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
