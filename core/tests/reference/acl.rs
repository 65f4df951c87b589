//! Grants of ACLs, as a part of what the owner's side allows.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html>

use super::statements::list;
use super::{Trace, account, is_anonymous, is_service, principals, text};
use serde_json::Value;

/// Whether an ACL lets the caller in. Where there is none, ACLs are disabled.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html>
pub(super) fn grants(case: &Value, trace: &mut Trace) -> bool {
    let Some((level, needed)) = needed(text(case, "action")) else {
        return false;
    };
    let mut granted = false;
    for grant in list(&case["acl"][level]) {
        let (grantee, permission) = (text(grant, "grantee"), text(grant, "permission"));
        if !is_grantee(grantee, case) || ![needed, "FULL_CONTROL"].contains(&permission) {
            continue;
        }
        let group = if is_group(grantee) {
            grantee
        } else {
            "account"
        };
        if is_group(grantee) && public_grants_are_ignored(case) {
            trace.count(format!("acl: ignored for {group}"));
            continue;
        }
        trace.count(format!("acl: {permission} of the {level} for {group}"));
        granted = true;
    }
    granted
}

/// The account whose word a request takes. Objects that another account owns are outside of what the bucket's owner can
/// grant; it keeps the right to deny any access, and to delete, archive and restore whatever lies in its bucket. What
/// goes into the bucket is its own matter.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-auth-workflow-object-operation.html>
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#about-object-owner>
pub(super) fn speaker(case: &Value) -> &str {
    let bucket_owner = text(case, "bucket_owner_account");
    match case["acl"]["object_owner"].as_str() {
        Some(owner) if is_about_an_object(text(case, "action")) => owner,
        _ => bucket_owner,
    }
}

/// Whether an action is done to an object that is there, as its owner's right.
fn is_about_an_object(action: &str) -> bool {
    let name = action.trim_start_matches("s3:");
    let bucket_owners = [
        "PutObject",
        "DeleteObject",
        "DeleteObjectVersion",
        "RestoreObject",
        "AbortMultipartUpload",
        "ListMultipartUploadParts",
        "BypassGovernanceRetention",
    ];
    let object =
        name.contains("Object") && !name.contains("Lambda") && !name.starts_with("GetBucket");
    let object = object && !name.starts_with("PutBucket");
    let others = ["InitiateReplication", "ReplicateDelete", "ReplicateTags"];
    (object || others.contains(&name)) && !bucket_owners.contains(&name)
}

/// Whose ACL is asked, and for what, by AWS's mapping of ACL permissions to actions. Putting an object is asked of
/// the bucket; no permission allows what is not listed, and to objects there is no WRITE.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping>
fn needed(action: &str) -> Option<(&'static str, &'static str)> {
    Some(match action {
        "s3:ListBucket" | "s3:ListBucketVersions" | "s3:ListBucketMultipartUploads" => {
            ("bucket", "READ")
        }
        "s3:PutObject" => ("bucket", "WRITE"),
        "s3:GetBucketAcl" => ("bucket", "READ_ACP"),
        "s3:PutBucketAcl" => ("bucket", "WRITE_ACP"),
        "s3:GetObject" | "s3:GetObjectVersion" => ("object", "READ"),
        "s3:GetObjectAcl" | "s3:GetObjectVersionAcl" => ("object", "READ_ACP"),
        "s3:PutObjectAcl" | "s3:PutObjectVersionAcl" => ("object", "WRITE_ACP"),
        _ => return None,
    })
}

/// `AuthenticatedUsers` stands for all accounts, so that a service, which has none, is not of them. `AllUsers` is
/// anyone in the world; AWS does not say whether a service is, which by its documents gets in by a bucket policy.
fn is_grantee(grantee: &str, case: &Value) -> bool {
    match grantee {
        "AllUsers" => !is_service(case),
        "AuthenticatedUsers" => !is_service(case) && !is_anonymous(case),
        id => !account(case).is_empty() && id == principals::canonical_id(account(case)),
    }
}

fn is_group(grantee: &str) -> bool {
    matches!(grantee, "AllUsers" | "AuthenticatedUsers")
}

/// AWS writes that S3 then ignores all public ACLs; what it shows of such an ACL still has the grants to accounts, so
/// that only the grants to groups are taken for ignored.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html>
fn public_grants_are_ignored(case: &Value) -> bool {
    ["account", "bucket"]
        .iter()
        .any(|level| case["block_public_access"][level]["IgnorePublicAcls"] == true)
}
