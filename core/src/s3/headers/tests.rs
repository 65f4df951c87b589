use super::acl_headers;
use crate::s3::errors::ErrorCode;
use crate::s3::operations::Level;
use http::{HeaderMap, HeaderName, HeaderValue};

#[track_caller]
fn check(level: Level, headers: &[(&'static str, &'static str)], expected: Result<(), ErrorCode>) {
    let map: HeaderMap = headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect();
    assert_eq!(acl_headers(level, &map), expected, "{headers:?}");
}

#[test]
fn acl_headers_that_change_nothing_are_accepted() {
    for level in [Level::Bucket, Level::Object] {
        check(level, &[], Ok(()));
        check(level, &[("x-amz-acl", "private")], Ok(()));
        check(level, &[("x-amz-acl", "bucket-owner-full-control")], Ok(()));
    }
    check(
        Level::Bucket,
        &[("x-amz-object-ownership", "BucketOwnerEnforced")],
        Ok(()),
    );
}

#[test]
fn acl_headers_that_would_grant_are_refused() {
    let object = Err(ErrorCode::AccessControlListNotSupported);
    let bucket = Err(ErrorCode::InvalidBucketAclWithObjectOwnership);
    for acl in [
        "public-read",
        "public-read-write",
        "authenticated-read",
        "aws-exec-read",
        "Private",
        "",
    ] {
        check(Level::Object, &[("x-amz-acl", acl)], object);
        check(Level::Bucket, &[("x-amz-acl", acl)], bucket);
    }
    check(Level::Object, &[("x-amz-acl", "bucket-owner-read")], object);
    check(Level::Object, &[("x-amz-grant-read", "id=a")], object);
    check(Level::Bucket, &[("x-amz-grant-write", "id=a")], bucket);
    let ownership = [("x-amz-object-ownership", "ObjectWriter")];
    check(Level::Bucket, &ownership, Err(ErrorCode::NotImplemented));
}

#[test]
fn the_second_of_two_acl_headers_counts_too() {
    let mut map = HeaderMap::new();
    map.append("x-amz-acl", HeaderValue::from_static("private"));
    map.append("x-amz-acl", HeaderValue::from_static("public-read"));
    let refused = Err(ErrorCode::AccessControlListNotSupported);
    assert_eq!(acl_headers(Level::Object, &map), refused);
}
