//! One reading of a request's names and signature, from the client's bytes to the origin's.

use super::request::{CLERK, OWNER, Request, UNSIGNED, decoded};
use super::stand::{Ended, Stand};

/// The request with a part of its head replaced after it was signed.
async fn tampered(
    request: &Request,
    part: &str,
    replacement: &str,
) -> (super::client::Answer, Ended) {
    let head = String::from_utf8(request.bytes()).unwrap();
    assert!(head.contains(part), "{head}");
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    client
        .send(head.replacen(part, replacement, 1).as_bytes())
        .await;
    let answer = client.answer(request.method()).await;
    (answer, stand.end().await)
}

async fn check_tampered(request: &Request, part: &str, replacement: &str, status: u16, code: &str) {
    let (answer, ended) = tampered(request, part, replacement).await;
    ended.refused(&answer, status, code);
}

async fn check_refused(request: Request, status: u16, code: &str) {
    check_tampered(&request, "", "", status, code).await;
}

/// Signed as it is sent, it reaches the origin under this path.
async fn check_reaches(request: Request, line: &str) {
    let (answer, ended) = tampered(&request, "", "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(ended.seen().line(), line);
}

#[tokio::test]
async fn t03_the_host_names_the_bucket_for_policy_and_origin_alike() {
    let get = |host: &str| {
        let request = Request::get("/lake-2/key").on(host);
        request.signed_by(OWNER)
    };
    let virtual_hosted = "GET /lake-1/lake-2/key HTTP/1.1";
    for host in [
        "lake-1.s3.test",
        "lake-1.s3.test:8080",
        "LAKE-1.S3.test",
        "lake-1.s3.test.",
    ] {
        let stand = Stand::start().await;
        let answer = stand.ask(&get(host)).await;
        let ended = stand.end().await;
        if answer.status == 200 {
            assert_eq!(ended.seen().line(), virtual_hosted, "{host}");
            assert_eq!(ended.record()["bucket_name"], "lake-1");
            assert_eq!(ended.record()["key_name"], "lake-2/key");
        } else {
            ended.refused(&answer, 400, &answer.code());
        }
    }
    for host in ["s3.test", "s3.test:9000", "127.0.0.1"] {
        check_reaches(get(host), "GET /lake-2/key HTTP/1.1").await;
    }
}

#[tokio::test]
async fn t01_odd_keys_stay_literal() {
    for key in [
        "../lake-2/k",
        "%2e%2e/k",
        "./k",
        "/k",
        "a//k",
        "a%2Fb",
        "%252F",
        "a+b",
        "%E2%82%AC",
        ";x",
        "%3Facl",
        "k/",
    ] {
        let stand = Stand::start().await;
        let answer = stand
            .ask(&Request::get(&format!("/lake-1/{key}")).signed_by(OWNER))
            .await;
        let ended = stand.end().await;
        if answer.status != 200 {
            ended.refused(&answer, 400, &answer.code());
            continue;
        }
        let line = ended.seen().line();
        let sent = line
            .strip_prefix("GET /lake-1/")
            .unwrap()
            .strip_suffix(" HTTP/1.1")
            .unwrap();
        assert_eq!(decoded(sent), decoded(key), "{line}");
        assert_eq!(
            decoded(key),
            ended.record()["key_name"].as_str().unwrap().as_bytes()
        );
    }
}

#[tokio::test]
async fn t06_signatures_that_are_wrong() {
    let get = Request::get("/lake-1/key").signed_by(OWNER);
    check_tampered(
        &get,
        "Signature=",
        "Signature=0",
        400,
        "AuthorizationHeaderMalformed",
    )
    .await;
    check_tampered(
        &get,
        "/lake-1/key",
        "/lake-1/kez",
        403,
        "SignatureDoesNotMatch",
    )
    .await;
    check_tampered(&get, "GET", "DELETE", 403, "SignatureDoesNotMatch").await;
    check_tampered(&get, "s3.test", "s3.test:81", 403, "SignatureDoesNotMatch").await;
    check_tampered(
        &get,
        OWNER.id,
        "AKIAUNKNOWN000000001",
        403,
        "InvalidAccessKeyId",
    )
    .await;
    check_tampered(&get, OWNER.id, CLERK.id, 403, "SignatureDoesNotMatch").await;
    check_refused(Request::get("/lake-1/key"), 403, "AccessDenied").await;
    let presigned = Request::get("/lake-1/key").presigned_by(OWNER);
    check_reaches(presigned.clone(), "GET /lake-1/key HTTP/1.1").await;
    check_tampered(
        &presigned,
        "/lake-1/key",
        "/lake-1/kez",
        403,
        "SignatureDoesNotMatch",
    )
    .await;
    check_tampered(
        &presigned,
        "Expires=60",
        "Expires=61",
        403,
        "SignatureDoesNotMatch",
    )
    .await;
}

#[tokio::test]
async fn t07_an_unsigned_amz_header_is_refused() {
    let put = |name: &str, value: &str| {
        Request::put("/lake-1/key", "hello")
            .hash(UNSIGNED)
            .signed_by(OWNER)
            .header(name, value)
    };
    for (name, value) in [
        ("x-amz-acl", "private"),
        ("x-amz-copy-source", "/lake-1/other"),
        ("x-amz-tagging", "a=b"),
        ("x-amz-meta-a", "b"),
        ("x-amz-object-lock-legal-hold", "OFF"),
    ] {
        check_refused(put(name, value), 403, "AccessDenied").await;
    }
    let signed = Request::put("/lake-1/key", "hello").header("x-amz-meta-a", "b");
    check_reaches(signed.signed_by(OWNER), "PUT /lake-1/key HTTP/1.1").await;
}

#[tokio::test]
async fn t08_headers_that_must_be_signed_and_single() {
    let get = Request::get("/lake-1/key").signed_by(OWNER);
    check_tampered(
        &get,
        "SignedHeaders=host;",
        "SignedHeaders=",
        403,
        "AccessDenied",
    )
    .await;
    check_tampered(
        &get,
        "SignedHeaders=host;",
        "SignedHeaders=host;range;",
        403,
        "SignatureDoesNotMatch",
    )
    .await;
    let twice = get.clone().header("x-amz-date", "20200101T000000Z");
    check_refused(twice, 400, "InvalidRequest").await;
}

#[tokio::test]
async fn t09_t10_two_signatures_or_a_changed_query() {
    let both = Request::get("/lake-1/key")
        .presigned_by(OWNER)
        .signed_by(OWNER);
    check_refused(both, 400, "InvalidArgument").await;
    let two = Request::get("/lake-1/key")
        .signed_by(OWNER)
        .header("Authorization", "Basic eA==");
    let (answer, ended) = tampered(&two, "", "").await;
    ended.refused(&answer, 400, &answer.code());
    let presigned = Request::get("/lake-1/key").presigned_by(OWNER);
    check_tampered(
        &presigned,
        "?X-Amz-Algorithm",
        "?versionId=1&X-Amz-Algorithm",
        403,
        "SignatureDoesNotMatch",
    )
    .await;
    let (answer, ended) = tampered(
        &presigned,
        "?X-Amz-Algorithm",
        "?X-Amz-Expires=60&X-Amz-Algorithm",
    )
    .await;
    ended.refused(&answer, 400, &answer.code());
}

#[tokio::test]
async fn t11_t12_times_scopes_and_tokens() {
    let get = Request::get("/lake-1/key").signed_by(OWNER);
    check_tampered(
        &get,
        "/eu-west-1/",
        "/us-west-2/",
        400,
        "AuthorizationHeaderMalformed",
    )
    .await;
    check_tampered(&get, "/s3/", "/sts/", 400, "AuthorizationHeaderMalformed").await;
    let presigned = Request::get("/lake-1/key").presigned_by(OWNER);
    for expires in ["0", "-1", "604801", "99999999999999999999"] {
        let (answer, ended) =
            tampered(&presigned, "Expires=60", &format!("Expires={expires}")).await;
        assert!([400, 403].contains(&answer.status), "{answer:?}");
        ended.refused(&answer, answer.status, &answer.code());
    }
    let token = Request::get("/lake-1/key").header("x-amz-security-token", "canary-token");
    check_refused(token.signed_by(OWNER), 400, "InvalidToken").await;
}

#[tokio::test]
async fn t11_an_old_signature_is_refused() {
    let old = Request::get("/lake-1/key")
        .at("20200101T000000Z")
        .signed_by(OWNER);
    check_refused(old, 403, "RequestTimeTooSkewed").await;
}
