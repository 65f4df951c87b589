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
fn what_is_no_bucket_says_whose_it_is() {
    let account = AccountId::parse("111122223333").unwrap();
    let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/a-b";
    let object = Target::access_point(&format!("{point}/object/d/k/")).unwrap();
    assert_eq!(object.access_point_arn(), Some(point));
    assert_eq!((object.bucket_name(), object.key()), (None, Some("d/k/")));
    assert_eq!(object.account(), Some(account));
    assert_eq!(object.level(), Some(Level::Object));
    assert_eq!(object.of_bucket().arn(), point);
    let point = Target::access_point(point).unwrap();
    assert_eq!((point.key(), point.level()), (None, Some(Level::Bucket)));
    // Of several regions.
    assert!(Target::access_point("arn:aws:s3::111122223333:accesspoint/x.mrap").is_ok());
    for bad in [
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/A",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint",
        "arn:aws:s3:eu west:111122223333:accesspoint/a",
        "arn:aws:s3-object-lambda:eu-west-1:111122223333:accesspoint/a",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/a/object/\0",
        "aws:s3:eu-west-1:111122223333:x:accesspoint/a",
    ] {
        assert_eq!(Target::access_point(bad), Err(BadAccessPoint), "{bad}");
    }
    let own = Target::of_account(account);
    assert_eq!(
        (own.account(), own.as_str(), own.arn()),
        (Some(account), "", "*".to_owned())
    );
    let role = Target::other("arn:aws:iam::111122223333:role/a").unwrap();
    assert_eq!((role.account(), role.level()), (Some(account), None));
    assert_eq!(role.arn(), role.as_str());
    for none in ["arn:aws:s3:::abc", "arn:aws:iam:", "abc", ""] {
        assert_eq!(Target::other(none), None, "{none}");
    }
    assert_eq!(
        Target::bucket(&BucketName::parse("abc").unwrap()).account(),
        None
    );
}

#[test]
fn names_that_aws_reads_otherwise_are_known() {
    let reserved = |name: &str| Target::bucket(&BucketName::parse(name).unwrap()).is_reserved();
    for name in ["a-s3alias", "a--ol-s3", "a--x-s3", "a.mrap", "a--table-s3"] {
        assert!(reserved(name), "{name}");
    }
    for name in ["a-s3alias-b", "s3alias", "a-x-s3", "mrap"] {
        assert!(!reserved(name), "{name}");
    }
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
