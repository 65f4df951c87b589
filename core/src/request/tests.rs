use super::*;
use crate::s3::operations::{Level, Mark, OPERATIONS, OperationId};
use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

/// A request: method, target, and headers beside a host that is none of ours.
fn read(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<S3Request, ParseError> {
    let mut all = vec![("host", "127.0.0.1:9000")];
    all.extend(headers);
    read_at(method, target.as_bytes(), &all)
}

fn read_at(method: &str, target: &[u8], headers: &[(&str, &str)]) -> Result<S3Request, ParseError> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    let head = Head {
        method: &Method::from_bytes(method.as_bytes()).unwrap(),
        raw_target: target,
        headers: &map,
    };
    let hosts = ["corp.example", "s3.corp.example", "localhost"];
    parse(&head, &Hosts(hosts.map(Into::into).to_vec()))
}

/// Checks the target (`bucket/key`) a GET path is read as.
#[track_caller]
fn check_path(path: &str, expected: Result<&str, ParseError>) {
    let target = read("GET", path, &[]).map(|request| request.target.as_str().to_owned());
    assert_eq!(target, expected.map(str::to_owned), "{path}");
}

#[track_caller]
fn check_host(host: &str, path: &str, expected: Result<&str, ParseError>) {
    let target = read_at("GET", path.as_bytes(), &[("host", host)]);
    let target = target.map(|request| request.target.as_str().to_owned());
    assert_eq!(target, expected.map(str::to_owned), "{host} {path}");
}

#[track_caller]
fn check_route(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    expected: Result<OperationId, ParseError>,
) {
    let id = read(method, target, headers).map(|request| request.operation.id);
    assert_eq!(id, expected, "{method} {target} {headers:?}");
}

#[track_caller]
fn check_source(value: &str, expected: Result<(&str, Option<&str>), ParseError>) {
    let source = CopySource::parse(value.as_bytes());
    let source = source.map(|source| {
        (
            source.target.as_str().to_owned(),
            source.version_id.map(String::from),
        )
    });
    let expected =
        expected.map(|(target, version)| (target.to_owned(), version.map(str::to_owned)));
    assert_eq!(source, expected, "{value}");
}

fn bad_bucket(name: &str) -> Result<&'static str, ParseError> {
    Err(ParseError::BadBucket(name.into()))
}

fn unknown<T>(name: &str) -> Result<T, ParseError> {
    Err(ParseError::UnknownQuery(name.into()))
}

#[test]
fn t01_dots_and_slashes_stay_in_the_key() {
    check_path("/aaa/../bbb/k", Ok("aaa/../bbb/k"));
    check_path("/aaa/%2e%2e/bbb/k", Ok("aaa/../bbb/k"));
    check_path("/aaa/./k", Ok("aaa/./k"));
    check_path("/aaa//k", Ok("aaa//k"));
    check_path("/aaa//", Ok("aaa//"));
    check_path("/aaa/k/", Ok("aaa/k/"));
    check_path("//aaa/k", bad_bucket(""));
    check_path("/../bbb/k", bad_bucket(".."));
    check_path("/./aaa/k", bad_bucket("."));
    check_path("/%2e%2e/bbb/k", bad_bucket(".."));
}

#[test]
fn t02_a_path_is_decoded_once() {
    check_path("/aaa/a%2Fb", Ok("aaa/a/b"));
    check_path("/aaa/a%2fb", Ok("aaa/a/b"));
    check_path("/aaa/a%252Fb", Ok("aaa/a%2Fb"));
    check_path("/aaa/a+b%2B%20", Ok("aaa/a+b+ "));
    check_path("/aaa/%C3%A9\u{e9}", Ok("aaa/éé"));
    check_path("/aaa/%0A", Ok("aaa/\n"));
    for path in [
        "/aaa/%",
        "/aaa/%2",
        "/aaa/%zz",
        "/aaa/%+1",
        "/aaa/%%20",
        "/aaa%",
    ] {
        check_path(path, Err(ParseError::BadTarget));
    }
    check_path("/aaa/%00", Err(ParseError::BadKey(BadKey::Nul)));
    check_path("/aaa/%ff", Err(ParseError::BadKey(BadKey::NotUtf8)));
    check_path("/aaa/%C0%AF", Err(ParseError::BadKey(BadKey::NotUtf8)));
    check_path(
        &format!("/aaa/{}", "k".repeat(1025)),
        Err(ParseError::KeyTooLong),
    );
    let longest = format!("aaa/{}", "k".repeat(1024));
    check_path(&format!("/{longest}"), Ok(&longest));
}

#[test]
fn t02_an_encoded_slash_does_not_end_the_bucket() {
    check_path("/aaa%2Fk", bad_bucket("aaa/k"));
    check_path("/aa%61/k", Ok("aaa/k"));
    check_path("/%61aa", Ok("aaa"));
}

#[test]
fn t03_the_host_names_the_bucket_or_does_not_count() {
    check_host("aaa.s3.corp.example", "/k", Ok("aaa/k"));
    check_host("aaa.s3.corp.example", "/bbb/k", Ok("aaa/bbb/k"));
    check_host("aaa.s3.corp.example", "//k", Ok("aaa//k"));
    check_host("aaa.s3.corp.example", "/", Ok("aaa"));
    check_host("AAA.S3.Corp.Example:8443", "/k", Ok("aaa/k"));
    check_host("aaa.s3.corp.example.", "/k", Ok("aaa/k"));
    check_host("a.b.c.s3.corp.example", "/k", Ok("a.b.c/k"));
    check_host("s3.corp.example", "/aaa/k", Ok("aaa/k"));
    check_host("S3.corp.example.:80", "/aaa/k", Ok("aaa/k"));
    check_host("aaa.localhost:9000", "/k", Ok("aaa/k"));
    check_host("elsewhere.example", "/aaa/k", Ok("aaa/k"));
    check_host("xs3.elsewhere", "/aaa/k", Ok("aaa/k"));
    check_host("notlocalhost", "/aaa/k", Ok("aaa/k"));
    check_host("10.0.0.1", "/aaa/k", Ok("aaa/k"));
    check_host("[::1]:9000", "/aaa/k", Ok("aaa/k"));
    check_host("[::1]", "/aaa/k", Ok("aaa/k"));
    check_host("s3.corp.example", "/", Ok(""));
}

#[test]
fn t03_a_host_that_names_no_good_bucket_is_refused() {
    check_host("a_b.s3.corp.example", "/k", bad_bucket("a_b"));
    check_host(".s3.corp.example", "/k", bad_bucket(""));
    check_host("a..b.s3.corp.example", "/k", bad_bucket("a..b"));
    for host in [
        "",
        ".",
        ":80",
        "a b",
        "a,b",
        "u@s3.corp.example",
        "s3.corp.example:x",
        "a:123456",
        "s3.corp.example/aaa",
    ] {
        check_host(host, "/aaa/k", Err(ParseError::BadHost));
    }
    let two = [("host", "s3.corp.example"), ("host", "s3.corp.example")];
    assert_eq!(
        read_at("GET", b"/aaa/k", &two).unwrap_err(),
        ParseError::BadHost
    );
    assert_eq!(
        read_at("GET", b"/aaa/k", &[]).unwrap_err(),
        ParseError::BadHost
    );
}

#[test]
fn t03_only_origin_form_is_read() {
    for target in [
        "http://s3.corp.example/aaa/k",
        "s3.corp.example:443",
        "*",
        "",
        "aaa/k",
        "?acl",
    ] {
        check_path(target, Err(ParseError::NotOriginForm));
    }
}

#[test]
fn t04_what_looks_like_a_sub_resource_is_part_of_the_key() {
    check_path("/aaa/k%3Facl", Ok("aaa/k?acl"));
    check_path("/aaa/k;acl", Ok("aaa/k;acl"));
    check_path("/aaa/k&acl=1", Ok("aaa/k&acl=1"));
    check_path("/aaa/k%23x", Ok("aaa/k#x"));
    for path in [
        "/aaa/k#x",
        "/aaa/k?versionId=1#x",
        "/aaa/a b",
        "/aaa/a\tb",
        "/aaa/\u{7f}",
        "/aaa/\u{0}",
    ] {
        check_path(path, Err(ParseError::BadTarget));
    }
}

#[test]
fn bad_bucket_names_are_refused() {
    for name in ["AAA", "aa", "a_b", "-aa", "aaa-", "10.0.0.1", "a..b"] {
        check_path(&format!("/{name}/k"), bad_bucket(name));
        check_path(&format!("/{name}"), bad_bucket(name));
    }
    check_path("/%ff/k", bad_bucket("\u{fffd}"));
}

#[test]
fn every_operation_is_recognised() {
    use OperationId::*;
    let source = [("x-amz-copy-source", "bbb/k")];
    for (method, target, headers, id) in [
        ("GET", "/", &[][..], ListBuckets),
        ("GET", "/?prefix=a&max-buckets=3", &[], ListBuckets),
        ("PUT", "/aaa", &[], CreateBucket),
        ("PUT", "/aaa/", &[], CreateBucket),
        ("DELETE", "/aaa", &[], DeleteBucket),
        ("HEAD", "/aaa", &[], HeadBucket),
        ("GET", "/aaa?location", &[], GetBucketLocation),
        ("GET", "/aaa", &[], ListObjects),
        ("GET", "/aaa?prefix=p&marker=m", &[], ListObjects),
        ("GET", "/aaa?list-type=1", &[], ListObjects),
        ("GET", "/aaa?list-type=2&start-after=x", &[], ListObjectsV2),
        ("GET", "/aaa?versions&key-marker=", &[], ListObjectVersions),
        ("GET", "/aaa?uploads=", &[], ListMultipartUploads),
        ("POST", "/aaa?delete", &[], DeleteObjects),
        ("GET", "/aaa/k", &[], GetObject),
        ("GET", "/aaa/k?versionId=null&partNumber=1", &[], GetObject),
        ("HEAD", "/aaa/k", &[], HeadObject),
        ("PUT", "/aaa/k", &[], PutObject),
        ("PUT", "/aaa/k", &source, CopyObject),
        ("PUT", "/aaa/k?partNumber=1&uploadId=u", &[], UploadPart),
        (
            "PUT",
            "/aaa/k?partNumber=1&uploadId=u",
            &source,
            UploadPartCopy,
        ),
        ("GET", "/aaa/k?uploadId=u&max-parts=1", &[], ListParts),
        ("POST", "/aaa/k?uploads", &[], CreateMultipartUpload),
        ("POST", "/aaa/k?uploadId=u", &[], CompleteMultipartUpload),
        ("DELETE", "/aaa/k?uploadId=u", &[], AbortMultipartUpload),
        ("DELETE", "/aaa/k", &[], DeleteObject),
        ("DELETE", "/aaa/k?versionId=v", &[], DeleteObject),
    ] {
        check_route(method, target, headers, Ok(id));
    }
}

#[test]
fn a_sub_resource_without_a_row_never_passes_as_the_bare_operation() {
    check_route("PUT", "/aaa/k?nosuch", &[], unknown("nosuch"));
    check_route("PUT", "/aaa/k?Acl", &[], unknown("Acl"));
    check_route("PUT", "/aaa/k?inventory", &[], unknown("inventory"));
    // Without its id it would be the deletion of the bucket.
    check_route("DELETE", "/aaa?inventory", &[], unknown("inventory"));
    check_route("PUT", "/aaa?analytics", &[], unknown("analytics"));
    check_route("PUT", "/aaa/k?annotation", &[], unknown("annotation"));
    check_route("DELETE", "/aaa?logging=", &[], unknown("logging"));
    check_route("DELETE", "/aaa?policyStatus", &[], unknown("policyStatus"));
    check_route("GET", "/aaa?policy&acl", &[], unknown("acl"));
    check_route("GET", "/aaa?acl&policy", &[], unknown("acl"));
    check_route("POST", "/aaa/k?select", &[], Err(ParseError::NoOperation));
    check_route("GET", "/?acl", &[], unknown("acl"));
    check_route("PUT", "/aaa/k?uploadId=u", &[], unknown("uploadId"));
    check_route(
        "PUT",
        "/aaa/k?UploadId=u&partNumber=1",
        &[],
        unknown("UploadId"),
    );
    check_route("GET", "/aaa/k?versionid=v", &[], unknown("versionid"));
    check_route(
        "GET",
        "/aaa?list-type=2&versions",
        &[],
        unknown("list-type"),
    );
    check_route(
        "POST",
        "/aaa/k?uploads&uploadId=u",
        &[],
        unknown("uploadId"),
    );
}

#[test]
fn a_form_is_told_by_its_content_type() {
    let post =
        |kind: &str, expected| check_route("POST", "/aaa", &[("content-type", kind)], expected);
    post(
        "multipart/form-data; boundary=b",
        Ok(OperationId::PostObject),
    );
    post("Multipart/Form-Data", Ok(OperationId::PostObject));
    for kind in [
        "multipart/form-datax",
        "application/x-www-form-urlencoded",
        "",
    ] {
        post(kind, Err(ParseError::NotAForm));
    }
    let form = [("content-type", "multipart/form-data")];
    check_route("POST", "/aaa?delete", &form, Ok(OperationId::DeleteObjects));
    check_route("POST", "/aaa?acl", &form, unknown("acl"));
    check_route("PUT", "/aaa/k", &form, Ok(OperationId::PutObject));
}

#[test]
fn a_sub_resource_goes_before_a_header() {
    let copy = [("x-amz-copy-source", "bbb/k")];
    check_route(
        "PUT",
        "/aaa/k?tagging",
        &copy,
        Ok(OperationId::PutObjectTagging),
    );
    check_route("PUT", "/aaa/k?tagging&acl", &copy, unknown("tagging"));
}

#[test]
fn a_preflight_is_of_the_bucket_whatever_it_asks_about() {
    for target in ["/aaa", "/aaa/k", "/aaa/k?acl&nosuch=1&uploadId=u"] {
        check_route("OPTIONS", target, &[], Ok(OperationId::OptionsPreflight));
    }
    check_route("OPTIONS", "/", &[], Err(ParseError::MethodNotAllowed));
}

#[test]
fn methods_and_requests_without_a_row_are_told_apart() {
    check_route("POST", "/aaa", &[], Err(ParseError::NotAForm));
    check_route("POST", "/aaa?new", &[], Err(ParseError::NoOperation));
    check_route("POST", "/aaa/k", &[], Err(ParseError::NoOperation));
    for (method, target) in [
        ("PATCH", "/aaa/k"),
        ("TRACE", "/"),
        ("PUT", "/"),
        ("HEAD", "/"),
        ("get", "/aaa"),
    ] {
        check_route(method, target, &[], Err(ParseError::MethodNotAllowed));
    }
}

#[test]
fn what_s3_ignores_is_accepted_everywhere() {
    check_route(
        "GET",
        "/aaa/k?x-id=GetObject",
        &[],
        Ok(OperationId::GetObject),
    );
    check_route(
        "DELETE",
        "/aaa?X-Foo=1&x-foo&x-foo",
        &[],
        Ok(OperationId::DeleteBucket),
    );
    check_route(
        "GET",
        "/aaa/k?x-amz-checksum-mode=ENABLED",
        &[],
        Ok(OperationId::GetObject),
    );
    check_route(
        "PUT",
        "/aaa/k?x-amz-acl=public-read",
        &[],
        unknown("x-amz-acl"),
    );
    check_route("PUT", "/aaa/k?X-AMZ-Meta-a=b", &[], unknown("X-AMZ-Meta-a"));
}

#[test]
fn t10_presigned_names_are_known_in_one_spelling_and_once() {
    let names = "X-Amz-Algorithm=a&X-Amz-Credential=c&X-Amz-Date=d&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=s";
    check_route(
        "GET",
        &format!("/aaa/k?{names}"),
        &[],
        Ok(OperationId::GetObject),
    );
    check_route(
        "DELETE",
        &format!("/aaa?{names}&X-Amz-Security-Token=t"),
        &[],
        Ok(OperationId::DeleteBucket),
    );
    check_route(
        "GET",
        "/aaa/k?AWSAccessKeyId=a&Signature=s&Expires=1",
        &[],
        Ok(OperationId::GetObject),
    );
    check_route(
        "GET",
        "/aaa/k?x-amz-signature=s",
        &[],
        unknown("x-amz-signature"),
    );
    check_route(
        "GET",
        "/aaa/k?X-AMZ-EXPIRES=1",
        &[],
        unknown("X-AMZ-EXPIRES"),
    );
    let repeated = |name: &str| Err(ParseError::RepeatedQuery(name.into()));
    check_route(
        "GET",
        "/aaa/k?X-Amz-Expires=1&X-Amz-Expires=2",
        &[],
        repeated("X-Amz-Expires"),
    );
    check_route(
        "GET",
        "/aaa/k?versionId=a&version%49d=b",
        &[],
        repeated("versionId"),
    );
    check_route("GET", "/aaa?prefix&prefix", &[], repeated("prefix"));
}

#[test]
fn t42_response_headers_cannot_be_split() {
    let name = "response-content-disposition";
    for value in ["a%0d%0ab", "%0A", "%0D"] {
        let bad = Err(ParseError::BadQueryValue(name.into()));
        check_route("GET", &format!("/aaa/k?{name}={value}"), &[], bad);
    }
    check_route(
        "GET",
        &format!("/aaa/k?{name}=%00"),
        &[],
        Err(ParseError::BadTarget),
    );
    let harmless = format!("/aaa/k?{name}=attachment%3B%20filename%3D%22a.txt%22");
    check_route("GET", &harmless, &[], Ok(OperationId::GetObject));
}

#[test]
fn names_whose_absence_means_something_else_are_never_empty() {
    let empty = |name: &str| Err(ParseError::BadQueryValue(name.into()));
    check_route("GET", "/aaa/k?versionId", &[], empty("versionId"));
    check_route("DELETE", "/aaa/k?versionId=", &[], empty("versionId"));
    check_route(
        "PUT",
        "/aaa/k?partNumber=1&uploadId=",
        &[],
        empty("uploadId"),
    );
    check_route(
        "PUT",
        "/aaa/k?partNumber&uploadId=u",
        &[],
        empty("partNumber"),
    );
    check_route("DELETE", "/aaa?inventory&id", &[], empty("id"));
    check_route("PUT", "/aaa?metrics&id=%20", &[], empty("id"));
    check_route(
        "PUT",
        "/aaa/k?annotation&annotationName=",
        &[],
        empty("annotationName"),
    );
    let one = Ok(OperationId::DeleteBucketInventoryConfiguration);
    check_route("DELETE", "/aaa?inventory&id=a", &[], one);
    check_route("GET", "/aaa?prefix=", &[], Ok(OperationId::ListObjects));
}

#[test]
fn a_query_keeps_what_came() {
    let query = read("GET", "/aaa?prefix=a%2Bb+c&delimiter=&&encoding-type", &[])
        .unwrap()
        .query;
    assert_eq!(query.get("prefix"), Some("a+b+c"));
    assert_eq!(query.get("delimiter"), Some(""));
    assert_eq!(query.get("encoding-type"), Some(""));
    assert_eq!(query.get("Prefix"), None);
    assert!(query.has("encoding-type") && !query.has("marker"));
    let value = |at: usize| query.0[at].value.as_deref();
    assert_eq!((value(1), value(2)), (Some(""), None));
    for bad in ["=x", "a=%", "%zz", "a=%ff", "a%00"] {
        check_path(&format!("/aaa?{bad}"), Err(ParseError::BadTarget));
    }
}

#[test]
fn the_canonical_query_is_encoded_and_sorted() {
    let query = Query::parse(b"b=2&a&c=%20%7e/+&a=1&X-Amz-Signature=s&B=%c3%a9&x-id=Get").unwrap();
    let canonical = query.canonical(|name| name == "X-Amz-Signature");
    assert_eq!(canonical, "B=%C3%A9&a=&a=1&b=2&c=%20~%2F%2B&x-id=Get");
    assert_eq!(query.upstream(), "B=%C3%A9&a=&a=1&b=2&c=%20~%2F%2B");
    assert_eq!(Query::default().canonical(|_| false), "");
}

#[test]
fn t19_a_copy_source_is_decoded_once() {
    check_source("aaa/k", Ok(("aaa/k", None)));
    check_source("/aaa/k", Ok(("aaa/k", None)));
    check_source("%2Faaa%2Fk", Ok(("aaa/k", None)));
    check_source("aaa/a%252Fb", Ok(("aaa/a%2Fb", None)));
    check_source("aaa/a+b%20", Ok(("aaa/a+b ", None)));
    check_source("aaa/../bbb/k", Ok(("aaa/../bbb/k", None)));
    check_source("aaa//k", Ok(("aaa//k", None)));
    check_source("aaa/k?versionId=v%2F1", Ok(("aaa/k", Some("v/1"))));
    check_source("aaa/k?versionId=null", Ok(("aaa/k", Some("null"))));
    check_source("aaa/k%3FversionId=v", Ok(("aaa/k?versionId=v", None)));
}

#[test]
fn t19_a_copy_source_without_bucket_and_key_is_refused() {
    for value in [
        "",
        "/",
        "//",
        "aaa",
        "aaa/",
        "/aaa/",
        "//aaa/k",
        "../aaa/k",
        "./k",
        "AAA/k",
        "aaa%252Fk",
        "aaa/%00",
        "aaa/%ff",
        "aaa/%zz",
        "aaa/k?",
        "aaa/k?versionId",
        "aaa/k?versionId=",
        "aaa/k?versionId=a&x=1",
        "aaa/k?versionid=a",
        "aaa/k?acl",
        "https://h/aaa/k",
    ] {
        check_source(value, Err(ParseError::BadCopySource));
    }
    for value in [
        "/arn%3Aaws:s3:::a/k",
        "arn:aws:s3-outposts:eu-west-1:111122223333:outpost/o/accesspoint/a/object/k",
        "arn:aws:s3:eu-west-1:1111:accesspoint/a/object/k",
        "arn:aws:s3:eu-west-1:111122223333:x:accesspoint/a/object/k",
    ] {
        check_source(value, Err(ParseError::CopySourceArn));
    }
    let point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/a";
    check_source(point, Err(ParseError::BadCopySource));
    let object = format!("{point}/object/k/%25");
    let decoded = format!("{point}/object/k/%");
    check_source(&format!("{object}?versionId=v"), Ok((&decoded, Some("v"))));
}

#[test]
fn t19_a_copy_has_one_source_and_nothing_else_has() {
    let source =
        |headers| read("PUT", "/aaa/k", headers).map(|request| request.copy_source.is_some());
    assert_eq!(source(&[("x-amz-copy-source", "bbb/k")]), Ok(true));
    assert_eq!(source(&[]), Ok(false));
    assert_eq!(
        source(&[("x-amz-copy-source", "")]),
        Err(ParseError::BadCopySource)
    );
    let two = [
        ("x-amz-copy-source", "bbb/k"),
        ("x-amz-copy-source", "ccc/k"),
    ];
    assert_eq!(source(&two), Err(ParseError::BadCopySource));
}

#[test]
fn an_encoded_path_has_upper_case_hex_and_its_slashes() {
    assert_eq!(encode_path("a/b c+é~?#%"), "a/b%20c%2B%C3%A9~%3F%23%25");
    assert_eq!(encode_query_component("a/b c+é~"), "a%2Fb%20c%2B%C3%A9~");
    assert_eq!(encode_path("a/../b//c/."), "a/../b//c/.");
}

/// Every query name that any row knows, and some that none does.
fn query_names() -> Vec<&'static str> {
    let rows = OPERATIONS.iter();
    let known = rows.flat_map(|row| row.query_marks().chain(row.accepts.iter().copied()));
    known
        .filter(|name| *name != "*")
        .chain(["x-id", "nosuch", "ACL"])
        .collect()
}

/// Any byte of a key in any of its spellings.
fn spelled() -> impl Strategy<Value = String> {
    let byte = prop_oneof![
        any::<u8>().prop_map(|byte| format!("%{byte:02X}")),
        any::<u8>().prop_map(|byte| format!("%{byte:02x}")),
        prop::sample::select(
            &[
                "/", ".", "..", "+", "%25", "%2F", "%2f", "a", "~", "%C3%A9", "é", ";", "&", "=",
                "%3F"
            ][..]
        )
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(byte, 1..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn parsing_never_panics(target in prop::collection::vec(any::<u8>(), 0..80), host in "[ -~]{0,30}", source in "[ -~]{0,30}") {
        for method in ["GET", "PUT", "POST", "DELETE", "HEAD"] {
            let headers = [("host", host.as_str()), ("x-amz-copy-source", source.as_str())];
            let _ = read_at(method, &target, &headers);
            let mut path = b"/aaa/".to_vec();
            path.extend(&target);
            let _ = read_at(method, &path, &[("host", "aaa.localhost")]);
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_itself(text in any::<String>()) {
        let path = encode_path(&text);
        prop_assert_eq!(percent_decode(path.as_bytes()).unwrap(), text.as_bytes());
        let component = encode_query_component(&text);
        prop_assert_eq!(percent_decode(component.as_bytes()).unwrap(), text.as_bytes());
    }

    #[test]
    fn t02_the_upstream_decodes_the_key_that_was_authorised(path in spelled()) {
        let Ok(request) = read("GET", &format!("/aaa/{path}"), &[]) else { return Ok(()) };
        let raw = percent_decode(path.as_bytes()).unwrap().into_owned();
        let key = request.target.key().unwrap();
        prop_assert_eq!(key.as_bytes(), &raw);
        let wire = format!("/aaa/{}", encode_path(key));
        let again = read("GET", &wire, &[]).unwrap();
        prop_assert_eq!(again.target, request.target);
    }

    #[test]
    fn t19_the_upstream_decodes_the_source_that_was_authorised(path in spelled(), version in prop::option::of("[a-zA-Z0-9+/=&?]{1,8}")) {
        let version = version.map(|version| format!("?versionId={}", encode_query_component(&version)));
        let raw = format!("aaa/{path}{}", version.unwrap_or_default());
        let Ok(source) = CopySource::parse(raw.as_bytes()) else { return Ok(()) };
        prop_assert_eq!(CopySource::parse(source.to_header().as_bytes()), Ok(source));
    }

    #[test]
    fn t18_one_row_of_all_takes_a_request_or_it_is_refused(
        method in prop::sample::select(vec!["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]),
        path in prop_oneof![Just(String::new()), Just("aaa".to_owned()), spelled().prop_map(|key| format!("aaa/{key}"))],
        names in prop::collection::vec(prop::sample::select(query_names()), 0..4),
        copy: bool,
        form: bool,
    ) {
        let query: Vec<String> = names.iter().map(|name| format!("{name}=2")).collect();
        let target = format!("/{path}?{}", query.join("&"));
        let mut headers = Vec::new();
        if copy { headers.push(("x-amz-copy-source", "bbb/k")); }
        if form { headers.push(("content-type", "multipart/form-data")); }
        let Ok(request) = read(method, &target, &headers) else { return Ok(()) };
        let row = request.operation;
        let level = match (request.target.level(), method) {
            (Some(_), "OPTIONS") => Some(Level::Bucket),
            (level, _) => level,
        };
        prop_assert_eq!((row.method, Some(row.level)), (method, level));
        let holds = |mark: &Mark| match mark {
            Mark::Query(name) | Mark::QueryValue(name, _) => names.contains(name),
            Mark::Header(_) => copy,
            Mark::ContentType(_) => form,
        };
        let fits = |other: &&Operation| {
            other.method == method && Some(other.level) == level
                && other.marks.iter().all(holds)
                && names.iter().all(|name| other.accepts(name) || is_ignored(name))
        };
        let rank = |row: &Operation| (row.query_marks().count(), row.marks.len());
        let best: Vec<_> = OPERATIONS.iter().filter(fits).filter(|other| rank(other) >= rank(row)).collect();
        prop_assert_eq!(best.len(), 1);
        prop_assert_eq!(best[0].id, row.id);
    }

    #[test]
    fn the_canonical_query_reads_as_the_same_parameters(pairs in prop::collection::vec(("[^\0]{1,6}", "[^\0]{0,6}"), 0..6)) {
        let parameter = |(name, value): &(String, String)| Parameter {
            name: name.as_str().into(),
            value: Some(value.as_str().into()),
        };
        let mut query = Query(pairs.iter().map(parameter).collect());
        let canonical = query.canonical(|_| false);
        let mut again = Query::parse(canonical.as_bytes()).unwrap();
        let key = |parameter: &Parameter| (parameter.name.clone(), parameter.value.clone());
        query.0.sort_by_key(key);
        again.0.sort_by_key(key);
        prop_assert_eq!(query, again);
    }
}
