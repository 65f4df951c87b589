use super::*;
use crate::upstream::testing::headers;

#[track_caller]
fn check(status: u16, code: &str, expected: Option<(ErrorCode, Cause)>) {
    let fault = Fault {
        code: code.to_owned(),
        region: None,
    };
    let fault = Some(fault).filter(|fault| !fault.code.is_empty());
    let status = StatusCode::from_u16(status).unwrap();
    let expected = expected.map_or(Treatment::Pass, |(code, cause)| replace(code, cause));
    assert_eq!(
        classify(status, fault.as_ref()),
        expected,
        "{status} {code}"
    );
}

#[test]
fn t43_the_gateways_own_trouble_is_kept_from_clients() {
    let credentials =
        |code: &str| Some((ErrorCode::InternalError, Cause::Credentials(code.into())));
    check(
        403,
        "SignatureDoesNotMatch",
        credentials("SignatureDoesNotMatch"),
    );
    check(403, "InvalidAccessKeyId", credentials("InvalidAccessKeyId"));
    check(403, "AccessDenied", credentials("AccessDenied"));
    check(403, "NotSignedUp", credentials("NotSignedUp"));
    check(400, "InvalidToken", credentials("InvalidToken"));
    check(403, "", credentials("403"));
    check(401, "", credentials("401"));
    check(403, "SomethingNew", credentials("403"));
    let unavailable = |cause| Some((ErrorCode::ServiceUnavailable, cause));
    check(
        400,
        "ExpiredToken",
        unavailable(Cause::Credentials("ExpiredToken".into())),
    );
    for code in ["RequestTimeTooSkewed", "RequestExpired"] {
        check(403, code, unavailable(Cause::Clock(code.into())));
    }
    let internal = |cause| Some((ErrorCode::InternalError, cause));
    for (status, code) in [
        (301, "PermanentRedirect"),
        (307, "TemporaryRedirect"),
        (400, "AuthorizationHeaderMalformed"),
    ] {
        check(status, code, internal(region(code, None)));
    }
    check(302, "", internal(Cause::Redirect(StatusCode::FOUND)));
    check(200, "AccessDenied", credentials("AccessDenied"));
}

#[test]
fn what_the_client_did_is_the_clients_to_know() {
    for (status, code) in [
        (200, ""),
        (206, ""),
        (304, ""),
        (400, "EntityTooSmall"),
        (400, "BadDigest"),
        (400, ""),
        (404, "NoSuchKey"),
        (404, ""),
        (409, "BucketNotEmpty"),
        (412, "PreconditionFailed"),
        (416, "InvalidRange"),
        (500, "InternalError"),
        (503, "SlowDown"),
    ] {
        check(status, code, None);
    }
}

#[test]
fn the_log_names_the_code_and_the_line_to_set() {
    for (cause, parts) in [
        (
            region("PermanentRedirect", Some("eu-west-1")),
            [
                "`PermanentRedirect`",
                "set `upstreams.prod.region: eu-west-1`",
            ],
        ),
        (
            region("301", None),
            ["`301`", "set `upstreams.prod.region`"],
        ),
        (
            Cause::Clock("RequestTimeTooSkewed".into()),
            ["`RequestTimeTooSkewed`", "clocks"],
        ),
        (
            Cause::Credentials("InvalidAccessKeyId".into()),
            ["`InvalidAccessKeyId`", "`upstreams.prod.credentials`"],
        ),
    ] {
        let line = cause.explain("prod");
        for part in parts {
            assert!(line.contains(part), "{line}");
        }
    }
}

fn region(code: &str, region: Option<&str>) -> Cause {
    Cause::Region {
        code: code.to_owned(),
        region: region.map(str::to_owned),
    }
}

fn read(pairs: &[(&str, &str)], body: &[u8]) -> Option<Fault> {
    fault(&headers(pairs), xml::UpstreamError::parse(body).as_ref())
}

#[test]
fn an_error_document_is_read_with_its_headers() {
    let body = b"<?xml version=\"1.0\"?>\n<Error><Code>AuthorizationHeaderMalformed</Code>\
        <Message>wrong &amp; bad</Message><Region>eu-west-1</Region></Error>";
    let expected = Fault {
        code: "AuthorizationHeaderMalformed".to_owned(),
        region: Some("eu-west-1".to_owned()),
    };
    assert_eq!(read(&[], body), Some(expected));
    let body = b"<Error><Code>PermanentRedirect</Code></Error>";
    let with_header = read(&[("x-amz-bucket-region", "eu-north-1")], body).unwrap();
    assert_eq!(with_header.region.as_deref(), Some("eu-north-1"));
}

#[test]
fn t47_what_is_no_error_document_forges_nothing() {
    for body in [
        "",
        "<html><Code>AccessDenied</Code></html>",
        "<Error><Code>a\nforged line</Code></Error>",
        "<Error><Detail><Code>AccessDenied</Code></Detail></Error>",
        "<ListBucketResult><Error><Code>AccessDenied</Code></Error></ListBucketResult>",
        "<Error><Code></Code></Error>",
    ] {
        assert_eq!(read(&[], body.as_bytes()), None, "{body}");
    }
    assert_eq!(read(&[], b"\xff<Error><Code>A</Code></Error>"), None);
}

#[test]
fn upstream_headers_are_dropped_by_name_and_prefix() {
    for (name, dropped) in [
        ("server", true),
        ("connection", true),
        ("x-amz-request-id", true),
        ("x-amz-id-2", true),
        ("x-rgw-object-type", true),
        ("access-control-allow-origin", true),
        ("etag", false),
        ("content-length", false),
        ("transfer-encoding", false),
        ("x-amz-version-id", false),
        ("x-amz-meta-server", false),
    ] {
        let name = HeaderName::from_static(name);
        assert_eq!(is_dropped(&name), dropped, "{name}");
    }
}
