use super::*;
use http::HeaderName;

const ONE: &str = "aa00000000000000000000000000000000000000000000000000000000000001";
const TWO: &str = "bb00000000000000000000000000000000000000000000000000000000000002";
const EVERYONE: &str = "http://acs.amazonaws.com/groups/global/AllUsers";

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    lines.iter().map(header).collect()
}

fn user(id: &str) -> Grantee {
    Grantee::CanonicalUser(id.into())
}

fn grants(grants: &[(Grantee, AclPermission)]) -> AclRequest {
    let grant = |(grantee, permission): &(Grantee, AclPermission)| Grant {
        grantee: grantee.clone(),
        permission: *permission,
    };
    AclRequest::Grants(grants.iter().map(grant).collect())
}

#[track_caller]
fn check(lines: &[(&'static str, &str)], expected: AclRequest) {
    for on in [On::Bucket, On::Object] {
        let found = AclRequest::from_headers(&headers(lines), on);
        assert_eq!(found.as_ref(), Ok(&expected), "{lines:?}");
    }
}

/// The code, the message and the details.
#[track_caller]
fn refused(on: On, lines: &[(&'static str, &str)], expected: &str) {
    let error = AclRequest::from_headers(&headers(lines), on).unwrap_err();
    let details = error
        .details
        .iter()
        .map(|(name, text)| format!("; {name} {text}"));
    let details: String = details.collect();
    let found = format!("{} {}{details}", error.code, error.message);
    assert_eq!(found, expected, "{lines:?}");
}

#[track_caller]
fn unreadable(value: &str) {
    let expected = format!(
        "InvalidArgument Argument format not recognized; ArgumentName x-amz-grant-read; ArgumentValue {value}"
    );
    refused(On::Bucket, &[("x-amz-grant-read", value)], &expected);
}

#[test]
fn no_header_asks_for_nothing() {
    check(&[], AclRequest::None);
    check(&[("x-amz-meta-acl", "private")], AclRequest::None);
}

#[test]
fn a_canned_acl_goes_by_its_name_where_it_applies() {
    for canned in Canned::ALL {
        let lines = headers(&[("x-amz-acl", canned.name())]);
        let found = AclRequest::from_headers(&lines, On::Bucket);
        assert_eq!(found, Ok(AclRequest::Canned(canned)));
    }
    check(
        &[("x-amz-acl", "private")],
        AclRequest::Canned(Canned::Private),
    );
    let invalid = |value| {
        format!("InvalidArgument Invalid Argument; ArgumentName x-amz-acl; ArgumentValue {value}")
    };
    for bad in ["", "fake-acl", "Private", "private, private"] {
        refused(On::Bucket, &[("x-amz-acl", bad)], &invalid(bad));
    }
    refused(
        On::Object,
        &[("x-amz-acl", "log-delivery-write")],
        &invalid("log-delivery-write"),
    );
    refused(
        On::Object,
        &[("x-amz-acl", "private"), ("x-amz-acl", "public-read")],
        &invalid("private"),
    );
}

#[test]
fn grants_are_lists_of_kinds_and_values() {
    let both = grants(&[
        (user(ONE), AclPermission::Read),
        (user(TWO), AclPermission::Read),
    ]);
    for list in [
        format!("id=\"{ONE}\", id=\"{TWO}\""),
        format!("id=\"{ONE}\",id=\"{TWO}\""),
        format!("id={ONE},id={TWO}"),
        format!(" ID = \"{ONE}\" ,\tid=\"{TWO}\" "),
        format!("id={},id={TWO}", ONE.to_uppercase()),
    ] {
        check(&[("x-amz-grant-read", &list)], both.clone());
    }
    let [one, two] = [format!("id={ONE}"), format!("id={TWO}")];
    check(
        &[("x-amz-grant-read", &one), ("x-amz-grant-read", &two)],
        both,
    );
}

#[test]
fn every_header_grants_its_permission() {
    let uri = |group| format!("uri=\"http://acs.amazonaws.com/groups/{group}\"");
    check(
        &[
            ("x-amz-grant-write-acp", &format!("id={ONE}")),
            ("x-amz-grant-write", &uri("s3/LogDelivery")),
            ("x-amz-grant-read-acp", &uri("global/AuthenticatedUsers")),
            ("x-amz-grant-read", &uri("global/AllUsers")),
            ("x-amz-grant-full-control", &format!("id={TWO}")),
        ],
        grants(&[
            (user(TWO), AclPermission::FullControl),
            (Grantee::AllUsers, AclPermission::Read),
            (Grantee::AuthenticatedUsers, AclPermission::ReadAcp),
            (Grantee::LogDelivery, AclPermission::Write),
            (user(ONE), AclPermission::WriteAcp),
        ]),
    );
}

#[test]
fn what_is_no_list_is_refused() {
    for bad in [
        "",
        "id",
        "id=",
        "id=\"\"",
        "fakekey=\"1234\"",
        "=1234",
        EVERYONE,
        &format!("id=\"{ONE}"),
        &format!("id={ONE}\""),
        &format!("id=\"\"{ONE}\"\""),
    ] {
        unreadable(bad);
    }
    let comma = format!("id={ONE},");
    refused(
        On::Object,
        &[("x-amz-grant-read", &comma)],
        "InvalidArgument Argument format not recognized; ArgumentName x-amz-grant-read; ArgumentValue ",
    );
    let mut latin = HeaderMap::new();
    latin.insert(
        "x-amz-grant-read",
        HeaderValue::from_bytes(b"id=\xe9").unwrap(),
    );
    assert!(AclRequest::from_headers(&latin, On::Object).is_err());
}

#[test]
fn grantees_that_are_none_are_refused() {
    refused(
        On::Object,
        &[(
            "x-amz-grant-write",
            "uri=\"http://acs.amazonaws.com/groups/s3/FakeGroup\"",
        )],
        "InvalidArgument Invalid group uri; ArgumentName uri; \
         ArgumentValue http://acs.amazonaws.com/groups/s3/FakeGroup",
    );
    refused(
        On::Object,
        &[("x-amz-grant-write", "id=\"wrong-id\"")],
        "InvalidArgument Invalid id; ArgumentName id; ArgumentValue wrong-id",
    );
    refused(
        On::Bucket,
        &[("x-amz-grant-read", "emailAddress=\"xyz@amazon.com\"")],
        "MethodNotAllowed The specified method is not allowed against this resource.",
    );
}

#[test]
fn a_canned_acl_and_grants_exclude_each_other() {
    let list = format!("id={ONE}");
    refused(
        On::Bucket,
        &[("x-amz-acl", "private"), ("x-amz-grant-read", &list)],
        "InvalidRequest Specifying both Canned ACLs and Header Grants is not allowed",
    );
}

#[test]
fn an_acl_has_up_to_100_grants() {
    let list = |count| vec![format!("id={ONE}"); count].join(",");
    let reads = vec![(user(ONE), AclPermission::Read); MOST_GRANTS];
    check(&[("x-amz-grant-read", &list(MOST_GRANTS))], grants(&reads));
    for lines in [
        vec![("x-amz-grant-read", list(MOST_GRANTS + 1))],
        vec![
            ("x-amz-grant-read", list(MOST_GRANTS)),
            ("x-amz-grant-write", list(1)),
        ],
    ] {
        let lines: Vec<_> = lines
            .iter()
            .map(|(name, list)| (*name, list.as_str()))
            .collect();
        refused(
            On::Bucket,
            &lines,
            "InvalidRequest An ACL can have up to 100 grants",
        );
    }
}

#[track_caller]
fn check_change(
    lines: &[(&'static str, &str)],
    body: &str,
    expected: Result<AclChange, ErrorCode>,
) {
    let found = AclChange::of(&headers(lines), body.as_bytes(), On::Object);
    assert_eq!(
        found.map_err(|error| error.code),
        expected,
        "{lines:?} {body}"
    );
}

#[test]
fn an_acl_is_said_once_and_only_once() {
    let canned = &[("x-amz-acl", "private")];
    let list = format!("uri={EVERYONE}");
    let granted = &[("x-amz-grant-read", list.as_str())];
    let acl = Acl::private(ONE);
    let body = String::from_utf8(acl.to_xml(|_| None).to_vec()).unwrap();
    check_change(canned, "", Ok(AclChange::Canned(Canned::Private)));
    let everyone = Grant {
        grantee: Grantee::AllUsers,
        permission: AclPermission::Read,
    };
    check_change(granted, "", Ok(AclChange::Grants(vec![everyone])));
    check_change(&[], &body, Ok(AclChange::Document(acl)));
    check_change(canned, &body, Err(ErrorCode::UnexpectedContent));
    check_change(granted, &body, Err(ErrorCode::UnexpectedContent));
    check_change(granted, " ", Err(ErrorCode::UnexpectedContent));
    check_change(&[], "", Err(ErrorCode::MissingSecurityHeader));
    check_change(&[], " ", Err(ErrorCode::MalformedACLError));
    assert_eq!(AclRequest::None.conflicts_with_body(b"<a/>"), Ok(()));
}
