//! Which rule matches, and what it says.

use super::*;
use std::hint::black_box;

const UPLOADS: &str = "<CORSRule><ID>uploads</ID><AllowedOrigin>https://app.example</AllowedOrigin>\
    <AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>x-AMZ-meta-*</AllowedHeader>\
    <AllowedHeader>Content-Type</AllowedHeader><ExposeHeader>ETag</ExposeHeader>\
    <ExposeHeader>x-amz-request-id</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule>";
const READS: &str = "<CORSRule><AllowedOrigin>https://*.example</AllowedOrigin>\
    <AllowedMethod>GET</AllowedMethod></CORSRule>";
const ANYONE: &str =
    "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>HEAD</AllowedMethod></CORSRule>";

const VARY: &str = "vary: Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

#[track_caller]
fn check(document: &str, request: &CorsRequest<'_>, expected: Option<&[&str]>) {
    let cors = rules(document).unwrap();
    let answer = cors.check(request).ok().map(|answer| shown(&answer));
    let expected = expected.map(|lines| [lines, &[VARY]].concat().join("\n"));
    assert_eq!(answer, expected);
    assert_eq!(cors.explain(request).matched.is_some(), expected.is_some());
}

#[track_caller]
fn allowed(document: &str, request: &CorsRequest<'_>) {
    let cors = rules(document).unwrap();
    assert!(cors.check(request).is_ok(), "{}", cors.explain(request));
}

#[track_caller]
fn refused(document: &str, request: &CorsRequest<'_>) {
    check(document, request, None);
}

#[test]
fn a_rule_says_all_it_has_to_a_preflight_and_to_an_actual_request() {
    let lines = [
        "access-control-allow-credentials: true",
        "access-control-allow-methods: GET, PUT",
        "access-control-allow-origin: https://app.example",
        "access-control-expose-headers: ETag, x-amz-request-id",
        "access-control-max-age: 3000",
    ];
    let preflight = preflight_of("https://app.example", "PUT", "");
    check(UPLOADS, &preflight, Some(&lines));
    check(
        UPLOADS,
        &actual_of("https://app.example", &Method::PUT),
        Some(&lines),
    );
    let mut with_headers = lines.to_vec();
    with_headers.insert(
        1,
        "access-control-allow-headers: x-amz-meta-a, content-type",
    );
    for headers in [
        "X-Amz-Meta-A,content-type",
        " x-amz-meta-a ,\tCONTENT-TYPE,,",
    ] {
        let preflight = preflight_of("https://app.example", "PUT", headers);
        check(UPLOADS, &preflight, Some(&with_headers));
    }
}

#[test]
fn t46_a_rule_for_anyone_allows_no_credentials() {
    let lines: &[&str] = &[
        "access-control-allow-methods: HEAD",
        "access-control-allow-origin: *",
    ];
    check(
        ANYONE,
        &preflight_of("http://random:1234", "HEAD", ""),
        Some(lines),
    );
    check(ANYONE, &actual_of("null", &Method::HEAD), Some(lines));
    let beside = ANYONE.replacen(
        "<AllowedOrigin>",
        "<AllowedOrigin>https://app.example</AllowedOrigin><AllowedOrigin>",
        1,
    );
    check(
        &beside,
        &actual_of("https://app.example", &Method::HEAD),
        Some(lines),
    );
}

#[test]
fn the_first_rule_that_matches_wins() {
    let both = format!("{READS}{UPLOADS}");
    let get = preflight_of("https://app.example", "GET", "");
    let short: &[&str] = &[
        "access-control-allow-credentials: true",
        "access-control-allow-methods: GET",
        "access-control-allow-origin: https://app.example",
    ];
    check(&both, &get, Some(short));
    let cors = rules(&both).unwrap();
    assert_eq!(cors.explain(&get).matched, Some(1));
    for later in [
        preflight_of("https://app.example", "PUT", ""),
        preflight_of("https://app.example", "GET", "content-type"),
    ] {
        assert_eq!(cors.explain(&later).matched, Some(2));
    }
}

#[test]
fn an_origin_matches_in_scheme_host_and_port() {
    allowed(READS, &actual_of("https://app.example", &Method::GET));
    for origin in [
        "http://app.example",
        "https://app.example:443",
        "https://app.example/",
        "https://example",
        "https://APP.EXAMPLE",
        "null",
    ] {
        refused(READS, &actual_of(origin, &Method::GET));
    }
}

#[test]
fn t42_an_origin_that_no_header_can_carry_gets_no_answer() {
    let cors = rules(READS).unwrap();
    let request = actual_of("https://a\r\nx: y.example", &Method::GET);
    assert_eq!(cors.check(&request), Err(NoRule));
}

#[test]
fn the_method_tested_is_the_requested_one_or_else_the_request_s() {
    let origin = "https://app.example";
    let requested = |method| CorsRequest {
        requested_method: Some(method),
        ..actual_of(origin, &Method::GET)
    };
    allowed(READS, &actual_of(origin, &Method::GET));
    refused(READS, &actual_of(origin, &Method::PUT));
    allowed(READS, &requested("GET"));
    for method in ["PUT", "get", "", "OPTIONS"] {
        refused(READS, &requested(method));
    }
}

#[test]
fn every_requested_header_must_be_allowed() {
    let asked = |headers| preflight_of("https://app.example", "PUT", headers);
    allowed(UPLOADS, &asked("x-amz-meta-, content-type, X-AMZ-META-B"));
    for headers in [
        "x-amz-acl",
        "content-type, x-amz-acl",
        "content-typ",
        "x-amz-metadata",
    ] {
        refused(UPLOADS, &asked(headers));
    }
}

#[test]
fn a_rule_without_headers_allows_none() {
    allowed(READS, &preflight_of("https://app.example", "GET", ""));
    allowed(READS, &preflight_of("https://app.example", "GET", " , "));
    refused(
        READS,
        &preflight_of("https://app.example", "GET", "x-amz-acl"),
    );
}

#[test]
fn what_is_no_header_name_is_allowed_by_no_rule() {
    let any = UPLOADS.replace("Content-Type", "*");
    let asked = |headers| preflight_of("https://app.example", "PUT", headers);
    allowed(&any, &asked("x-anything"));
    for headers in ["a b", "x:y", "\"x\"", "é"] {
        refused(&any, &asked(headers));
    }
}

#[test]
fn requested_headers_of_an_actual_request_are_tested_and_its_own_are_not() {
    let origin = ("origin", "https://app.example");
    let own = head(&[origin, ("x-amz-acl", "private")]);
    allowed(UPLOADS, &CorsRequest::parse(&Method::GET, &own).unwrap());
    let requested = head(&[origin, ("access-control-request-headers", "x-amz-acl")]);
    refused(
        UPLOADS,
        &CorsRequest::parse(&Method::GET, &requested).unwrap(),
    );
}

#[test]
fn an_answer_takes_the_place_of_the_cors_headers_that_are_there() {
    let mut headers = head(&[
        ("access-control-allow-origin", "https://other.example"),
        ("access-control-allow-origin", "https://third.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-headers", "*"),
        ("access-control-expose-headers", "*"),
        ("access-control-max-age", "1"),
        ("etag", "\"e\""),
    ]);
    let cors = rules(ANYONE).unwrap();
    let answer = cors
        .check(&actual_of("https://app.example", &Method::HEAD))
        .unwrap();
    answer.put(&mut headers);
    let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "access-control-allow-methods",
            "access-control-allow-origin",
            "etag",
            "vary"
        ]
    );
    assert_eq!(
        headers
            .get_all("access-control-allow-origin")
            .iter()
            .count(),
        1
    );
}

#[test]
fn vary_is_added_to() {
    let cors = rules(ANYONE).unwrap();
    let answer = cors
        .check(&actual_of("https://app.example", &Method::HEAD))
        .unwrap();
    let ours = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
    let merged = |there: &[&str]| {
        let there: Vec<_> = there.iter().map(|line| ("vary", *line)).collect();
        let mut headers = head(&there);
        answer.put(&mut headers);
        let lines = headers.get_all("vary").iter();
        lines
            .map(|line| line.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(merged(&[]), [ours]);
    assert_eq!(merged(&[""]), [ours]);
    assert_eq!(merged(&[ours]), [ours]);
    assert_eq!(merged(&["*"]), ["*"]);
    assert_eq!(
        merged(&["Accept-Encoding"]),
        [format!("Accept-Encoding, {ours}")]
    );
    assert_eq!(
        merged(&["accept-encoding ,ORIGIN", "Accept"]),
        [
            "accept-encoding ,ORIGIN, Accept, Access-Control-Request-Headers, Access-Control-Request-Method"
        ]
    );
}

#[test]
fn an_answer_allocates_only_what_it_holds() {
    let cors = rules(&format!("{READS}{UPLOADS}{ANYONE}")).unwrap();
    let count = |request: &CorsRequest<'_>| {
        let check = || drop(black_box(cors.check(request)));
        // What a rule always says is shared from its first use on.
        check();
        allocation_counter::measure(check).count_total
    };
    assert_eq!(count(&actual_of("https://app.example", &Method::DELETE)), 0);
    assert_eq!(count(&actual_of("http://a", &Method::HEAD)), 0);
    assert_eq!(count(&actual_of("https://app.example", &Method::PUT)), 1);
    let headers = preflight_of("https://app.example", "PUT", "content-type,x-amz-meta-a");
    assert!(count(&headers) <= 4);
}
