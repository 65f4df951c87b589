//! Reading heads, and S3's errors for preflights.

use super::*;
use crate::s3::answer::error_xml;
use crate::s3::errors::ErrorCode;

const READS: &str =
    "<AllowedOrigin>https://app.example</AllowedOrigin><AllowedMethod>GET</AllowedMethod>";
const ORIGIN: (&str, &str) = ("origin", "https://app.example");
const GET: (&str, &str) = ("access-control-request-method", "GET");

#[track_caller]
fn refused(
    headers: &[(&'static str, &str)],
    bucket: BucketCors<'_>,
    on: ResourceType,
    expected: (ErrorCode, &str, &[(&'static str, &str)]),
) {
    let head = head(headers);
    let request = CorsRequest::parse(&Method::OPTIONS, &head);
    let error = preflight(request.as_ref(), bucket, on).expect_err("this should be refused");
    let details: Vec<_> = error
        .details
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    assert_eq!((error.code, &*error.message, &*details), expected);
}

#[test]
fn a_preflight_that_a_rule_matches_is_answered() {
    let cors = rule(READS).unwrap();
    let head = head(&[ORIGIN, GET]);
    let request = CorsRequest::parse(&Method::OPTIONS, &head).unwrap();
    for on in [ResourceType::Bucket, ResourceType::Object] {
        let answer = preflight(Some(&request), BucketCors::Enabled(&cors), on);
        assert_eq!(answer, Ok(cors.check(&request).unwrap()));
    }
}

#[test]
fn a_preflight_without_one_origin_is_refused_whatever_the_bucket() {
    let cors = rule(READS).unwrap();
    let message = "Insufficient information. Origin request header needed.";
    let expected = (ErrorCode::BadRequest, message, &[][..]);
    for bucket in [
        BucketCors::NoBucket,
        BucketCors::NotEnabled,
        BucketCors::Enabled(&cors),
    ] {
        refused(&[], bucket, ResourceType::Object, expected);
        refused(
            &[("origin", ""), GET],
            bucket,
            ResourceType::Object,
            expected,
        );
        refused(&[GET], bucket, ResourceType::Object, expected);
        refused(
            &[ORIGIN, ORIGIN, GET],
            bucket,
            ResourceType::Object,
            expected,
        );
        refused(
            &[("origin", "https://ü.example"), GET],
            bucket,
            ResourceType::Object,
            expected,
        );
        refused(
            &[("referer", "https://app.example"), GET],
            bucket,
            ResourceType::Object,
            expected,
        );
    }
}

#[test]
fn t46_no_bucket_and_no_configuration_are_told_before_the_method_is_looked_at() {
    let methods = [
        (&[ORIGIN, GET][..], "GET"),
        (
            &[ORIGIN, ("access-control-request-method", "PATCH")],
            "PATCH",
        ),
        (&[ORIGIN], "OPTIONS"),
    ];
    for (headers, method) in methods {
        let details = [("Method", method), ("ResourceType", "BUCKET")];
        let message = "CORSResponse: Bucket not found";
        let expected = (ErrorCode::AccessForbidden, message, &details[..]);
        refused(
            headers,
            BucketCors::NoBucket,
            ResourceType::Object,
            expected,
        );
        let message = "CORSResponse: CORS is not enabled for this bucket.";
        let expected = (ErrorCode::AccessForbidden, message, &details[..]);
        refused(
            headers,
            BucketCors::NotEnabled,
            ResourceType::Object,
            expected,
        );
    }
}

#[test]
fn a_preflight_asks_for_one_of_five_methods() {
    let cors = rule(READS).unwrap();
    let bucket = BucketCors::Enabled(&cors);
    let on = ResourceType::Object;
    for method in ["OPTIONS", "PATCH", "get", ""] {
        let message = format!("Invalid Access-Control-Request-Method: {method}");
        let asked = [ORIGIN, ("access-control-request-method", method)];
        refused(&asked, bucket, on, (ErrorCode::BadRequest, &message, &[]));
    }
    let message = "Invalid Access-Control-Request-Method: null";
    refused(&[ORIGIN], bucket, on, (ErrorCode::BadRequest, message, &[]));
    let message = "Invalid Access-Control-Request-Method: ";
    refused(
        &[ORIGIN, GET, GET],
        bucket,
        on,
        (ErrorCode::BadRequest, message, &[]),
    );
}

#[test]
fn a_preflight_that_no_rule_matches_is_refused() {
    let cors = rule(READS).unwrap();
    let bucket = BucketCors::Enabled(&cors);
    let message = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, \
        request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
        resource's CORS spec.";
    let cases = [
        ([("origin", "https://other.example"), GET, ("x", "")], "GET"),
        (
            [ORIGIN, ("access-control-request-method", "PUT"), ("x", "")],
            "PUT",
        ),
        (
            [ORIGIN, GET, ("access-control-request-headers", "x-amz-acl")],
            "GET",
        ),
    ];
    for (headers, method) in cases {
        for (on, name) in [
            (ResourceType::Bucket, "BUCKET"),
            (ResourceType::Object, "OBJECT"),
        ] {
            let details = [("Method", method), ("ResourceType", name)];
            refused(
                &headers,
                bucket,
                on,
                (ErrorCode::AccessForbidden, message, &details),
            );
        }
    }
}

#[test]
fn an_error_is_written_with_the_elements_of_s3_in_their_order() {
    let head = head(&[ORIGIN, GET]);
    let request = CorsRequest::parse(&Method::OPTIONS, &head).unwrap();
    let body = error_xml(&not_enabled(&request), None, "r", "h");
    assert_eq!(
        body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessForbidden</Code>\
         <Message>CORSResponse: CORS is not enabled for this bucket.</Message><Method>GET</Method>\
         <ResourceType>BUCKET</ResourceType><RequestId>r</RequestId><HostId>h</HostId></Error>"
    );
    let none = no_configuration("lake");
    assert_eq!(none.code.status(), 404);
    assert_eq!(none.details, [("BucketName", "lake".to_owned())]);
}

#[test]
fn a_head_without_an_origin_is_no_request_of_another() {
    assert_eq!(CorsRequest::parse(&Method::GET, &head(&[GET])), None);
    let plain = head(&[ORIGIN]);
    let expected = actual_of("https://app.example", &Method::GET);
    assert_eq!(CorsRequest::parse(&Method::GET, &plain), Some(expected));
}

#[test]
fn lines_of_requested_headers_are_one_list() {
    let names = |lines: &[&str]| {
        let mut headers = head(&[ORIGIN, GET]);
        for line in lines {
            let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            headers.append("access-control-request-headers", value);
        }
        let request = CorsRequest::parse(&Method::OPTIONS, &headers).unwrap();
        request.names().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), [""; 0]);
    assert_eq!(names(&["", " "]), [""; 0]);
    assert_eq!(names(&["a, b"]), ["a", "b"]);
    assert_eq!(names(&["a,b", "c", "d,"]), ["a", "b", "c", "d"]);
    assert_eq!(names(&["a", "ü"]), ["a", "ü"]);
}
