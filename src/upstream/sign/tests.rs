//! Signatures are checked against AWS's published examples and by s3s, whose verifier shares no code with the signer.

use super::*;
use crate::upstream::settings::{CredentialSettings, UpstreamSettings};
use crate::upstream::testing::{headers, now, on_the_wire, settings};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use portcullis_core::identity::SecretKey;
use portcullis_core::sigv4::payload::Algorithm;
use proptest::prelude::*;
use s3s::auth::SimpleAuth;
use s3s::dto::{GetObjectInput, GetObjectOutput, ListObjectsV2Input, ListObjectsV2Output};
use s3s::host::SingleDomain;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result};
use std::sync::Arc;
use std::time::SystemTime;

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn upstream(change: impl FnOnce(&mut UpstreamSettings)) -> Upstream {
    let mut settings = settings("s3.amazonaws.com", 80, (ID, SECRET));
    change(&mut settings);
    Upstream::new(settings, now).unwrap()
}

fn request<'a>(
    (bucket, key): (&'a str, &'a str),
    query: &'a str,
    headers: &'a HeaderMap,
) -> UpstreamRequest<'a> {
    UpstreamRequest {
        method: &Method::GET,
        bucket,
        key,
        query,
        headers,
        body: Body::Empty,
    }
}

fn value<'a>(head: &'a RequestHeader, name: &str) -> &'a str {
    head.headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
#[track_caller]
fn check_example(key: &str, query: &str, pairs: &[(&str, &str)], signature: &str) {
    let upstream = upstream(|it| it.addressing = Addressing::VirtualHosted);
    let headers = headers(pairs);
    let at = "2013-05-24T00:00:00Z".parse().unwrap();
    let request = request(("examplebucket", key), query, &headers);
    let (head, _) = head(&request, &upstream, &upstream.access().unwrap(), at).unwrap();
    let (_, signed) = value(&head, "authorization")
        .split_once("Signature=")
        .unwrap();
    assert_eq!(signed, signature);
}

#[test]
fn published_examples_are_reproduced() {
    check_example(
        "test.txt",
        "",
        &[("range", "bytes=0-9")],
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
    check_example(
        "",
        "lifecycle=",
        &[],
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    );
    check_example(
        "",
        "max-keys=2&prefix=J",
        &[],
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    );
}

/// Says which key it was asked for.
struct Echo;

#[async_trait::async_trait]
impl S3 for Echo {
    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let text = format!("{} {}", request.input.bucket, request.input.key);
        Ok(S3Response::new(GetObjectOutput {
            metadata: Some([("seen".to_owned(), on_the_wire(&text))].into()),
            ..GetObjectOutput::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        _: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        Ok(S3Response::new(ListObjectsV2Output::default()))
    }
}

fn verifier() -> S3Service {
    let mut builder = S3ServiceBuilder::new(Echo);
    builder.set_auth(SimpleAuth::from_single(ID, SECRET));
    builder.set_host(SingleDomain::new("s3.amazonaws.com").unwrap());
    builder.build()
}

/// Sends a head to the verifier as it stands, and returns the status and what it understood.
async fn verify(head: &RequestHeader) -> (u16, String) {
    let target = std::str::from_utf8(head.raw_path()).unwrap();
    let mut request = http::Request::new(s3s::Body::empty());
    *request.method_mut() = head.method.clone();
    *request.uri_mut() = target.parse().unwrap();
    *request.headers_mut() = head.headers.clone();
    let response = verifier().call(request).await.unwrap();
    let seen = response.headers().get("x-amz-meta-seen");
    let seen = seen.map_or("", |value| value.to_str().unwrap());
    (response.status().as_u16(), seen.to_owned())
}

const AWKWARD: [&str; 14] = [
    "plain",
    "a b",
    "a+b",
    "100%",
    "%2F",
    "a//b",
    "//",
    "../x",
    "a/../b",
    "./a/.",
    "dir/",
    "é/ü/日本",
    "what?really=yes&no",
    "#1 (~`'\"<>|\\^{}[];:@$,!*)",
];

#[tokio::test]
async fn what_is_signed_is_what_is_sent() {
    for addressing in [Addressing::Path, Addressing::VirtualHosted] {
        let upstream = upstream(|it| it.addressing = addressing);
        for key in AWKWARD {
            let wire = on_the_wire(key);
            let headers = headers(&[("x-amz-meta-a", "  two   words "), ("range", "bytes=0-1")]);
            let request = request(("bucket", &wire), "partNumber=1", &headers);
            let (head, _) = head(&request, &upstream, &upstream.access().unwrap(), now()).unwrap();
            let expected = match addressing {
                Addressing::Path => format!("/bucket/{wire}?partNumber=1"),
                Addressing::VirtualHosted => format!("/{wire}?partNumber=1"),
            };
            assert_eq!(head.raw_path(), expected.as_bytes());
            let seen = on_the_wire(&format!("bucket {key}"));
            assert_eq!(verify(&head).await, (200, seen), "{addressing:?} {key}");
        }
    }
}

#[tokio::test]
async fn canonical_queries_are_signed_as_they_stand() {
    let upstream = upstream(|_| ());
    let none = HeaderMap::new();
    for query in [
        "list-type=2&prefix=a%20b%2Bc%2F%25",
        "delimiter=%2F&list-type=2&start-after=%C3%A9",
    ] {
        let request = request(("bucket", ""), query, &none);
        let (head, _) = head(&request, &upstream, &upstream.access().unwrap(), now()).unwrap();
        assert_eq!(head.raw_path(), format!("/bucket?{query}").as_bytes());
        assert_eq!(verify(&head).await.0, 200, "{query}");
    }
}

#[tokio::test]
async fn a_changed_head_does_not_verify() {
    let upstream = upstream(|_| ());
    let headers = headers(&[("x-amz-meta-a", "one")]);
    let request = request(("bucket", "key"), "", &headers);
    let (signed, _) = head(&request, &upstream, &upstream.access().unwrap(), now()).unwrap();
    assert_eq!(verify(&signed).await.0, 200);
    let mut changed = signed.clone();
    changed.insert_header("x-amz-meta-a", "two").unwrap();
    assert_eq!(verify(&changed).await.0, 403);
    let mut changed = signed;
    changed.set_raw_path(b"/bucket/other").unwrap();
    assert_eq!(verify(&changed).await.0, 403);
}

#[test]
fn t41_headers_of_the_connection_are_not_sent_on() {
    let upstream = upstream(|_| ());
    let headers = headers(&[
        ("authorization", "AWS4-HMAC-SHA256 Credential=client"),
        ("connection", "x-amz-date"),
        ("content-length", "7"),
        ("expect", "100-continue"),
        ("host", "elsewhere.example"),
        ("te", "trailers"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("x-amz-content-sha256", "client"),
        ("x-amz-date", "client"),
        ("x-amz-security-token", "client"),
        ("x-amz-meta-kept", "yes"),
    ]);
    let request = request(("bucket", "key"), "", &headers);
    let (head, _) = head(&request, &upstream, &upstream.access().unwrap(), now()).unwrap();
    let mut names: Vec<_> = head.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    let expected = [
        "authorization",
        "host",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-meta-kept",
    ];
    assert_eq!(names, expected);
    assert_eq!(value(&head, "host"), "s3.amazonaws.com");
    let signed = "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-kept,";
    assert!(value(&head, "authorization").contains(signed));
}

fn framed(length: u64, chunking: Chunking) -> Body {
    Body::Framed(Wrapping { length, chunking })
}

#[track_caller]
fn check_body(method: Method, body: Body, length: &str, hash: &str) {
    let upstream = upstream(|_| ());
    let none = HeaderMap::new();
    let mut request = request(("bucket", "key"), "", &none);
    request.method = &method;
    request.body = body;
    let (head, _) = head(&request, &upstream, &upstream.access().unwrap(), now()).unwrap();
    assert_eq!(value(&head, "content-length"), length);
    assert_eq!(value(&head, "x-amz-content-sha256"), hash);
}

#[test]
fn the_head_announces_the_body() {
    check_body(Method::GET, Body::Empty, "", EMPTY);
    check_body(Method::HEAD, Body::Empty, "", EMPTY);
    check_body(Method::DELETE, Body::Empty, "", EMPTY);
    check_body(Method::PUT, Body::Empty, "0", EMPTY);
    check_body(Method::POST, Body::Empty, "0", EMPTY);
    check_body(Method::PUT, Body::Unsigned(9), "9", "UNSIGNED-PAYLOAD");
    for (chunking, length, payload) in [
        (
            Chunking::PassedTrailer(Algorithm::Crc32),
            "50",
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        ),
        (
            Chunking::OwnTrailer(Algorithm::Crc32),
            "50",
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        ),
        (
            Chunking::Signed(None),
            "181",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        ),
        (
            Chunking::Signed(Some(Algorithm::Crc32)),
            "302",
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        ),
    ] {
        check_body(Method::PUT, framed(9, chunking), length, payload);
    }
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    check_body(Method::PUT, Body::whole(b"abc"), "3", abc);
    check_body(Method::PUT, Body::whole(b""), "0", EMPTY);
}

#[test]
fn a_planned_body_goes_under_the_clients_own_hash() {
    let planned = |length, digest, wrapping| {
        let plan = BodyPlan {
            length,
            digest,
            ..BodyPlan::default()
        };
        Body::planned(&plan, wrapping)
    };
    let hash = format!("ab{}", "00".repeat(31));
    let mut digest = [0; 32];
    digest[0] = 0xab;
    assert_eq!(planned(9, Some(digest), None), Body::Hashed(9, hash));
    assert_eq!(planned(9, None, None), Body::Unsigned(9));
    assert_eq!(planned(0, Some(digest), None), Body::Empty);
    let wrapping = Wrapping {
        length: 9,
        chunking: Chunking::Signed(None),
    };
    assert_eq!(planned(9, None, Some(wrapping)), Body::Framed(wrapping));
    assert_eq!(planned(0, None, Some(wrapping)), Body::Empty);
}

#[test]
fn a_session_token_is_sent_and_signed() {
    let upstream = upstream(|it| {
        it.credentials = CredentialSettings::Static {
            access_key_id: ID.into(),
            secret_access_key: SecretKey::new(SECRET.to_owned()),
            session_token: Some(SecretKey::new("token".to_owned())),
        }
    });
    let none = HeaderMap::new();
    let request = request(("bucket", "key"), "", &none);
    let (head, _) = head(&request, &upstream, &upstream.access().unwrap(), now()).unwrap();
    assert_eq!(value(&head, "x-amz-security-token"), "token");
    assert!(value(&head, "authorization").contains(";x-amz-security-token,"));
}

#[test]
fn an_anonymous_upstream_gets_no_signature() {
    let upstream = upstream(|it| it.credentials = CredentialSettings::Anonymous);
    let none = HeaderMap::new();
    let request = request(("bucket", "key"), "", &none);
    let access = upstream.access().unwrap();
    let (unsigned, _) = head(&request, &upstream, &access, now()).unwrap();
    let names: Vec<_> = unsigned.headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(names, ["host"]);
    for (chunking, signs) in [
        (Chunking::PassedTrailer(Algorithm::Crc32), false),
        (Chunking::Signed(None), true),
    ] {
        let body = framed(9, chunking);
        let request = UpstreamRequest {
            body,
            ..request.clone()
        };
        let refused = head(&request, &upstream, &access, now()).is_err();
        assert_eq!(refused, signs);
    }
}

#[test]
fn a_host_has_a_port_unless_it_is_the_schemes() {
    let none = HeaderMap::new();
    for (host, port, expected) in [
        ("store.example", 80, "store.example"),
        ("store.example", 9000, "store.example:9000"),
        ("::1", 9000, "[::1]:9000"),
    ] {
        let upstream = upstream(|it| (it.endpoint.host, it.endpoint.port) = (host.into(), port));
        let request = request(("bucket", "key"), "", &none);
        let (head, _) = head(&request, &upstream, &upstream.access().unwrap(), now()).unwrap();
        assert_eq!(value(&head, "host"), expected);
    }
}

#[test]
fn utf8_in_a_header_is_signed_and_other_bytes_are_refused() {
    let upstream = upstream(|_| ());
    let sign = |bytes: &[u8]| {
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-meta-a", HeaderValue::from_bytes(bytes).unwrap());
        let request = request(("bucket", "key"), "", &headers);
        head(&request, &upstream, &upstream.access().unwrap(), now())
    };
    sign("é".as_bytes()).unwrap();
    let error = sign(b"\xe9").unwrap_err();
    assert_eq!(
        error.to_string(),
        "header `x-amz-meta-a` is not UTF-8 and cannot be signed"
    );
}

/// What AWS's own signer makes of a head that we signed, without its signature.
fn signed_by_aws(head: &RequestHeader, body: &Body) -> String {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings.excluded_headers = None;
    let body = match body {
        Body::Unsigned(_) => SignableBody::UnsignedPayload,
        Body::Empty | Body::Hashed(..) | Body::Framed(_) => {
            SignableBody::Precomputed(body.payload().to_owned())
        }
    };
    let ours = ["authorization", "x-amz-date", "x-amz-content-sha256"];
    let headers: Vec<(&str, &str)> = head
        .headers
        .iter()
        .filter(|(name, _)| !UNSIGNED.contains(name) && !ours.contains(&name.as_str()))
        .map(|(name, value)| {
            (
                name.as_str(),
                std::str::from_utf8(value.as_bytes()).unwrap(),
            )
        })
        .collect();
    let target = std::str::from_utf8(head.raw_path()).unwrap();
    let request =
        SignableRequest::new(head.method.as_str(), target, headers.into_iter(), body).unwrap();
    let identity: Identity = Keys::new(ID, SECRET, None, None, "test").into();
    let at: Timestamp = "2026-02-03T04:05:06Z".parse().unwrap();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("s3")
        .time(SystemTime::from(at))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let (_, signature) = aws_sigv4::http_request::sign(request, &params)
        .unwrap()
        .into_parts();
    signature
}

proptest! {
    #[test]
    fn our_signature_is_that_of_awss_signer(
        key in "[a-zA-Z0-9 /+%~é._-]{0,20}",
        names in proptest::collection::vec("x-amz-meta-[a-c]{1,2}|range|if-match", 0..5),
        values in proptest::collection::vec("[ -~]{0,12}", 5),
        query in proptest::option::of("[a-z]{1,5}=[A-Z]{0,3}"),
        which in 0..5_u8,
    ) {
        let key = on_the_wire(&key);
        let pairs: Vec<(&str, &str)> = names
            .iter()
            .zip(&values)
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let headers = headers(&pairs);
        let mut request = request(("bucket", &key), query.as_deref().unwrap_or_default(), &headers);
        request.method = &Method::PUT;
        request.body = match which {
            0 => Body::Empty,
            1 => Body::Unsigned(7),
            2 => framed(70, Chunking::PassedTrailer(Algorithm::Crc32)),
            3 => framed(70, Chunking::Signed(None)),
            _ => Body::whole(b"body"),
        };
        let upstream = upstream(|_| ());
        let at = "2026-02-03T04:05:06Z".parse().unwrap();
        let (head, _) = head(&request, &upstream, &upstream.access().unwrap(), at).unwrap();
        let (_, ours) = value(&head, "authorization").split_once("Signature=").unwrap();
        prop_assert_eq!(ours, signed_by_aws(&head, &request.body));
    }
}

#[test]
fn the_key_of_the_day_follows_the_day_and_the_secret() {
    let upstream = upstream(|_| ());
    let other = Access::Keys(Arc::new(Keys::new(ID, "another", None, None, "test")));
    let headers = HeaderMap::new();
    let request = request(("bucket", "key"), "", &headers);
    let sign = |access: &Access, day: &str| {
        let at = format!("{day}T00:00:00Z").parse().unwrap();
        let (head, _) = head(&request, &upstream, access, at).unwrap();
        value(&head, "authorization").to_owned()
    };
    let own = upstream.access().unwrap();
    let first = sign(&own, "2026-01-01");
    let changed = [
        sign(&own, "2026-01-02"),
        sign(&other, "2026-01-02"),
        sign(&own, "2026-01-02"),
    ];
    assert_ne!(changed[0], changed[1]);
    assert_eq!(changed[0], changed[2]);
    assert_eq!(sign(&own, "2026-01-01"), first);
}
