use super::*;

const POLICY: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*" }]
}"#;

fn lake() -> BucketName {
    BucketName::parse("lake").unwrap()
}

fn read(kind: SettingKind, document: &str) -> Result<Setting, S3Error> {
    Setting::read(kind, &lake(), document.as_bytes())
}

#[test]
fn kinds_are_known_by_their_names() {
    for kind in SettingKind::ALL {
        assert_eq!(SettingKind::of_name(kind.name()), Some(kind));
    }
    assert_eq!(SettingKind::of_name("Policy"), None);
}

#[test]
fn a_policy_keeps_its_text() {
    let setting = read(SettingKind::Policy, POLICY).unwrap();
    assert_eq!(setting.document(), POLICY);
    assert_eq!(read(SettingKind::Policy, POLICY).unwrap(), setting);
}

#[track_caller]
fn malformed(document: &str, parts: &[&str]) {
    let error = read(SettingKind::Policy, document).unwrap_err();
    assert_eq!(error.code, ErrorCode::MalformedPolicy);
    for part in parts {
        assert!(
            error.message.contains(part),
            "{part} is not in: {}",
            error.message
        );
    }
}

#[test]
fn a_malformed_policy_says_what_is_wrong_where() {
    malformed("", &["valid JSON"]);
    malformed(&format!("\n{POLICY}"), &["the first byte must be '{'"]);
    malformed("{", &["1:"]);
    malformed(
        &POLICY.replace("GetObject", "GetObjct"),
        &["3:", "did you mean", "s3:GetObject"],
    );
    malformed(
        &POLICY.replace("lake", "other"),
        &["3:", "arn:aws:s3:::other/*"],
    );
}

#[test]
fn settings_are_put_in_each_others_place_and_taken_away() {
    let policy = read(SettingKind::Policy, POLICY).unwrap();
    let settings = BucketSettings::of_new_bucket().with(policy.clone());
    assert_eq!(settings.public_access_block, Some(PublicAccessBlock::ALL));
    let settings = settings.without(SettingKind::Ownership);
    let none = Setting::PublicAccessBlock(PublicAccessBlock::default());
    let settings = settings.with(none.clone());
    assert_eq!(settings.all().collect::<Vec<_>>(), [policy.clone(), none]);
    let settings = settings.without(SettingKind::PublicAccessBlock);
    assert_eq!(settings.all().collect::<Vec<_>>(), [policy]);
    assert_eq!(
        settings.without(SettingKind::Policy),
        BucketSettings::default()
    );
}

#[test]
fn every_setting_reads_back_from_its_document() {
    let all = BucketSettings::of_new_bucket().with(read(SettingKind::Policy, POLICY).unwrap());
    for setting in all.all() {
        let again = Setting::read(setting.kind(), &lake(), &setting.document()).unwrap();
        assert_eq!(again, setting);
    }
}

#[test]
fn what_a_file_holds_reads_back_to_the_same() {
    let cors = "<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>https://*.example</AllowedOrigin><MaxAgeSeconds>5</MaxAgeSeconds></CORSRule></CORSConfiguration>";
    let id = "ab".repeat(32);
    let settings = [
        read(SettingKind::Policy, POLICY).unwrap(),
        Setting::PublicAccessBlock(PublicAccessBlock {
            block_public_policy: true,
            ..PublicAccessBlock::default()
        }),
        read(SettingKind::Cors, cors).unwrap(),
        Setting::Ownership(ObjectOwnership::BucketOwnerPreferred),
        Setting::Acl(Arc::new(
            crate::controls::acl::Canned::PublicRead.expand(&id, &id),
        )),
        Setting::Acl(Arc::new(Acl {
            owner: "".into(),
            ..Acl::private(&id)
        })),
    ];
    for setting in settings {
        let file = setting.to_file();
        let text = std::str::from_utf8(&file).unwrap();
        let back = Setting::of_file(setting.kind(), &lake(), text).unwrap();
        assert_eq!(back, setting);
    }
}

#[test]
fn what_is_wrong_in_a_file_is_said_with_its_place() {
    let wrong = |kind, text| Setting::of_file(kind, &lake(), text).unwrap_err();
    assert!(
        wrong(SettingKind::Ownership, r#"{ "Rules": [{}] }"#)
            .contains("1:13: `ObjectOwnership` is missing")
    );
    assert!(wrong(SettingKind::PublicAccessBlock, "{").contains("1:"));
    assert!(wrong(SettingKind::Policy, "{}").contains("Statement"));
}
