use super::*;
use crate::controls::acl::{ANONYMOUS, Canned};
use http::{HeaderName, HeaderValue};

const OWNER: &str = "aa00000000000000000000000000000000000000000000000000000000000001";

fn document(rules: &[&str]) -> String {
    let rule = |name: &&str| format!("<Rule><ObjectOwnership>{name}</ObjectOwnership></Rule>");
    let rules: String = rules.iter().map(rule).collect();
    format!(
        "<OwnershipControls xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{rules}</OwnershipControls>"
    )
}

#[track_caller]
fn check(document: &str, expected: Result<ObjectOwnership, ErrorCode>) {
    let found = ObjectOwnership::parse_xml(document.as_bytes());
    assert_eq!(found.map_err(|error| error.code), expected, "{document}");
}

#[track_caller]
fn check_header(values: &[&str], expected: Result<Option<ObjectOwnership>, &str>) {
    let name = || HeaderName::from_static(HEADER);
    let headers = values
        .iter()
        .map(|value| (name(), HeaderValue::from_str(value).unwrap()));
    let found = ObjectOwnership::from_headers(&headers.collect());
    let message = |error: S3Error| format!("{} {}", error.code, error.message);
    assert_eq!(
        found.map_err(message),
        expected.map_err(str::to_owned),
        "{values:?}"
    );
}

#[test]
fn every_setting_is_found_by_its_name_and_read_back() {
    for setting in ObjectOwnership::ALL {
        assert_eq!(ObjectOwnership::parse(setting.name()), Some(setting));
        assert_eq!(ObjectOwnership::parse_xml(&setting.to_xml()), Ok(setting));
        check(&document(&[setting.name()]), Ok(setting));
        check_header(&[setting.name()], Ok(Some(setting)));
    }
    assert_eq!(ObjectOwnership::parse("objectwriter"), None);
    assert_eq!(
        ObjectOwnership::default(),
        ObjectOwnership::BucketOwnerEnforced
    );
}

#[test]
fn the_document_is_aws_own() {
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <OwnershipControls xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule>\
        <ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>";
    assert_eq!(ObjectOwnership::ObjectWriter.to_xml(), xml);
}

#[test]
fn a_document_has_one_rule_of_one_known_setting() {
    check(
        "<OwnershipControls><Rule><ObjectOwnership> ObjectWriter\n</ObjectOwnership></Rule></OwnershipControls>",
        Ok(ObjectOwnership::ObjectWriter),
    );
    for bad in [
        document(&[]),
        document(&["ObjectWriter", "ObjectWriter"]),
        document(&["ObjectWriter", "BucketOwnerEnforced"]),
        document(&[""]),
        document(&["objectwriter"]),
        document(&["<b/>"]),
        document(&["ObjectWriter"]).replace("Rule", "Rules"),
        document(&["ObjectWriter"]).replace("OwnershipControls", "Ownership"),
        document(&["ObjectWriter</ObjectOwnership><ObjectOwnership>ObjectWriter"]),
        String::new(),
        "ObjectWriter".to_owned(),
    ] {
        check(&bad, Err(ErrorCode::MalformedXML));
    }
}

#[test]
fn the_header_says_one_known_setting_or_is_absent() {
    check_header(&[], Ok(None));
    let refused = |value| format!("InvalidArgument Invalid x-amz-object-ownership header: {value}");
    check_header(&[""], Err(&refused("")));
    check_header(&["objectwriter"], Err(&refused("objectwriter")));
    check_header(
        &["ObjectWriter", "BucketOwnerEnforced"],
        Err(&refused("ObjectWriter")),
    );
}

#[test]
fn acls_are_disabled_only_where_the_bucket_grants_to_nobody_else() {
    for canned in Canned::ALL {
        let acl = canned.expand(OWNER, OWNER);
        for setting in ObjectOwnership::ALL {
            let disables = setting == ObjectOwnership::BucketOwnerEnforced;
            let refused = disables && acl.grants.len() > 1;
            let expected = match refused {
                true => Err(ErrorCode::InvalidBucketAclWithObjectOwnership.into()),
                false => Ok(()),
            };
            assert_eq!(
                put_ownership(setting, &acl),
                expected,
                "{canned:?} {setting:?}"
            );
        }
    }
    let other = Canned::BucketOwnerRead.expand(ANONYMOUS, OWNER);
    assert!(put_ownership(ObjectOwnership::BucketOwnerEnforced, &other).is_err());
}
