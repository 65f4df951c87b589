use super::*;
use crate::config::Host;
use std::fs;

const POLICY: &str = r#"{ "Version": "2012-10-17",
  "Statement": [{ "Sid": "Read", "Effect": "Allow", "Principal": { "AWS": "222233334444" }, "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::lake/*" }] }
"#;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let file = folder.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    folder
}

fn lake() -> BucketName {
    BucketName::parse("lake").unwrap()
}

#[test]
fn a_policy_keeps_the_text_of_its_file() {
    let folder = folder(&[
        ("buckets/lake/policy.json", POLICY),
        (
            "buckets/other/ownership.yaml",
            "Rules: [{ ObjectOwnership: ObjectWriter }]",
        ),
    ]);
    let (kept, _) = kept(folder.path(), &Host).unwrap();
    assert_eq!(kept.buckets.len(), 2);
    assert_eq!(kept.buckets[&lake()][0].document(), POLICY);
    assert!(kept.passed_over.is_empty());
}

#[test]
fn every_problem_is_said_at_its_place() {
    let folder = folder(&[
        (
            "buckets/lake/policy.json",
            &POLICY.replace("GetObject", "GetObjct"),
        ),
        ("buckets/lake/cors.json", "{\n \"CORSRules\": 1 }"),
        ("buckets/lake/other.json", "{}"),
        ("else.json", "{}"),
    ]);
    let findings = kept(folder.path(), &Host).unwrap_err();
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    for part in ["cors.json:2:", "policy.json:2:", "other.json", "else.json"] {
        assert!(
            said.iter().any(|line| line.contains(part)),
            "{part}: {said:#?}"
        );
    }
}

#[test]
fn accounts_are_read_in_the_form_of_identities_and_the_rest_is_named() {
    let accounts = r#"{ "accounts": { "111122223333": { "public_access_block": { "BlockPublicPolicy": true } } } }"#;
    let folder = folder(&[
        ("identities/accounts.json", accounts),
        ("identities/analyst.json", POLICY),
        ("guardrails/base.json", "{}"),
        ("buckets/lake/policy.candidate.json", POLICY),
    ]);
    let (kept, _) = kept(folder.path(), &Host).unwrap();
    let block = kept.accounts[&AccountId::parse("111122223333").unwrap()];
    assert!(block.block_public_policy && !block.block_public_acls);
    assert_eq!(kept.passed_over.len(), 3, "{:?}", kept.passed_over);
}

#[test]
fn a_folder_that_is_not_there_is_a_finding() {
    assert!(kept(Path::new("/nowhere/at/all"), &Host).is_err());
}

#[test]
fn a_text_is_read_as_if_it_were_the_file() {
    let file = Path::new("policies/buckets/lake/policy.json");
    let read = setting(SettingKind::Policy, &lake(), file, POLICY.as_bytes());
    assert_eq!(read.unwrap().0.kind(), SettingKind::Policy);
    let broken = POLICY.replace("Effect", "Efect");
    let findings = setting(SettingKind::Policy, &lake(), file, broken.as_bytes()).unwrap_err();
    assert!(
        findings[0]
            .to_string()
            .starts_with("policies/buckets/lake/policy.json:2:"),
        "{findings:?}"
    );
}
