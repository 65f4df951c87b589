use super::*;

#[test]
fn an_account_id_has_twelve_digits() {
    let id = AccountId::parse("001122334455").unwrap();
    assert_eq!(id.to_string(), "001122334455");
    for text in [
        "",
        "11112222333",
        "1111222233334",
        "11112222333a",
        "１11122223333",
    ] {
        assert_eq!(AccountId::parse(text), Err(BadAccountId), "{text}");
    }
}

#[test]
fn bucket_names_follow_the_rules_of_aws() {
    let longest = "a".repeat(63);
    for name in ["abc", "a-b", "a.b", "0ab", "10.0.0.1a", "10.0.0", &longest] {
        assert_eq!(BucketName::parse(name).unwrap().as_str(), name);
    }
    let too_long = "a".repeat(64);
    for name in [
        "", "ab", "Abc", "a_b", "a..b", "-ab", "ab-", ".ab", "ab.", "10.0.0.1", "a/b", "abé",
        &too_long,
    ] {
        assert_eq!(BucketName::parse(name), Err(BadBucketName), "{name}");
    }
}

#[test]
fn a_target_holds_bucket_and_key_apart() {
    let bucket = BucketName::parse("abc").unwrap();
    let object = Target::object(&bucket, "d/é/".as_bytes()).unwrap();
    assert_eq!(object.bucket_name(), Some("abc"));
    assert_eq!(object.key(), Some("d/é/"));
    assert_eq!(object.as_str(), "abc/d/é/");
    assert_eq!(object.arn(), "arn:aws:s3:::abc/d/é/");
    assert_eq!(object.of_bucket(), Target::bucket(&bucket));
    let bucket = Target::bucket(&bucket);
    assert_eq!((bucket.bucket_name(), bucket.key()), (Some("abc"), None));
    assert_eq!(bucket.arn(), "arn:aws:s3:::abc");
    let service = Target::service();
    assert_eq!((service.bucket_name(), service.key()), (None, None));
    assert_eq!(service.arn(), "*");
    assert_eq!(service.of_bucket(), service);
}

#[test]
fn bad_keys_are_refused() {
    let bucket = BucketName::parse("abc").unwrap();
    let object = |key: &[u8]| Target::object(&bucket, key).map(|_| ());
    assert_eq!(object(b"a"), Ok(()));
    assert_eq!(object(&[b'a'; Target::MAX_KEY]), Ok(()));
    assert_eq!(object(&[b'a'; Target::MAX_KEY + 1]), Err(BadKey::TooLong));
    assert_eq!(object(b""), Err(BadKey::Empty));
    assert_eq!(object(b"a\0b"), Err(BadKey::Nul));
    assert_eq!(object(b"\xff"), Err(BadKey::NotUtf8));
}
