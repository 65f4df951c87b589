use super::*;

#[track_caller]
fn check(error: &S3Error, status: u16, code: &str, message: &str, details: &[(&str, &str)]) {
    assert_eq!(error.code.status().as_u16(), status, "{message}");
    assert_eq!(error.code.name(), code, "{message}");
    assert_eq!(error.message, message);
    let found = error.details.iter().map(|(name, text)| (*name, &**text));
    assert_eq!(found.collect::<Vec<_>>(), details, "{message}");
}

#[test]
fn refusals_are_those_of_s3() {
    check(
        &bucket_without_lock(),
        400,
        "InvalidRequest",
        "Bucket is missing Object Lock Configuration",
        &[],
    );
    check(
        &bypass_without_lock(),
        400,
        "InvalidArgument",
        "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
        &[("ArgumentName", "x-amz-bypass-governance-retention")],
    );
    check(
        &no_configuration("b"),
        404,
        "ObjectLockConfigurationNotFoundError",
        "Object Lock configuration does not exist for this bucket",
        &[("BucketName", "b")],
    );
    check(
        &no_lock(),
        404,
        "NoSuchObjectLockConfiguration",
        "The specified object does not have a ObjectLock configuration",
        &[],
    );
    check(
        &delete_marker(),
        405,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        &[("ResourceType", "DeleteMarker")],
    );
    check(
        &versioning_not_enabled(),
        409,
        "InvalidBucketState",
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
        &[],
    );
    check(
        &versioning_stays(),
        409,
        "InvalidBucketState",
        "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
        &[],
    );
    check(
        &anonymous(),
        400,
        "InvalidArgument",
        "Put Object requests with Object Lock parameters require AWS Signature Version 4",
        &[("ArgumentName", "Authorization")],
    );
    for (upload, kind) in [(Upload::Object, "Object"), (Upload::Part, "Part")] {
        let message = format!(
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put {kind} requests with Object Lock parameters"
        );
        check(
            &without_checksum(upload),
            400,
            "InvalidRequest",
            &message,
            &[],
        );
    }
}
