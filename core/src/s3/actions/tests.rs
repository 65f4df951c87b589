use super::{Action, Applies};
use std::collections::HashSet;

#[test]
fn every_name_is_found_again_in_any_case() {
    for action in Action::ALL {
        assert_eq!(Action::parse(action.name()), Some(*action));
        assert_eq!(Action::parse(&action.name().to_uppercase()), Some(*action));
        assert_eq!(Action::parse(&action.name().to_lowercase()), Some(*action));
    }
}

#[test]
fn names_are_unique() {
    let names: HashSet<String> = Action::ALL
        .iter()
        .map(|action| action.name().to_lowercase())
        .collect();
    assert_eq!(names.len(), Action::ALL.len());
}

#[test]
fn unknown_names_are_not_found() {
    for name in [
        "",
        "s3:",
        "s3:*",
        "GetObject",
        "s3:GetObjects",
        "ec2:GetObject",
        " s3:GetObject",
    ] {
        assert_eq!(Action::parse(name), None, "{name}");
    }
}

#[test]
fn resource_types_are_those_of_the_reference() {
    let cases = [
        ("s3:ListAllMyBuckets", Applies::Service),
        ("s3:ListBucket", Applies::Bucket),
        ("s3:ListBucketVersions", Applies::Bucket),
        ("s3:ListBucketMultipartUploads", Applies::Bucket),
        ("s3:TagResource", Applies::Bucket),
        ("s3:ListMultipartUploadParts", Applies::Object),
        ("s3:BypassGovernanceRetention", Applies::Object),
        ("s3:ReplicateObject", Applies::Object),
        ("s3:CreateAccessPoint", Applies::Other),
        ("iam:PassRole", Applies::Other),
    ];
    for (name, expected) in cases {
        assert_eq!(
            Action::parse(name).unwrap().applies_to(),
            expected,
            "{name}"
        );
    }
}

#[test]
fn every_action_that_an_operation_of_aws_asks_for_is_known() {
    let facts: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/data/operations.json")).unwrap();
    for fact in facts.as_array().unwrap() {
        for need in fact["needs"].as_array().unwrap() {
            let name = need[0].as_str().unwrap();
            assert!(Action::parse(name).is_some(), "{name} of {}", fact["name"]);
        }
    }
}
