use super::*;
use crate::sigv4::{Form, Scope};
use http::{HeaderName, HeaderValue, Method};

const LENGTH: (&str, &str) = ("content-length", "12");
const DECODED: (&str, &str) = ("x-amz-decoded-content-length", "12");
const CODED: (&str, &str) = ("content-encoding", "aws-chunked");
const CHUNKED: (&str, &str) = ("transfer-encoding", "chunked");
const TRAILER: (&str, &str) = ("x-amz-trailer", "x-amz-checksum-crc32");
const HEX: &str = "09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b";
const CRC32: (&str, &str) = ("x-amz-checksum-crc32", "/6tyOg==");

fn sha256(value: &str) -> (&str, &str) {
    ("x-amz-content-sha256", value)
}

fn plan_of(
    lines: &[(&str, &str)],
    presented: Option<&Presented<'_>>,
    kind: BodyKind,
    chunks: ChunkSignatures,
) -> Result<BodyPlan, PlanError> {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    let head = Head {
        method: &Method::PUT,
        raw_target: b"/b/k",
        headers: &headers,
    };
    plan(&head, presented, kind, chunks)
}

fn object(lines: &[(&str, &str)]) -> Result<BodyPlan, PlanError> {
    plan_of(
        lines,
        None,
        BodyKind::Object,
        ChunkSignatures::Verified(None),
    )
}

#[track_caller]
fn check(lines: &[(&str, &str)], expected: Result<BodyPlan, PlanError>) {
    assert_eq!(object(lines), expected);
}

#[track_caller]
fn refused(lines: &[(&str, &str)], expected: PlanError) {
    check(lines, Err(expected));
}

fn plain(length: u64) -> BodyPlan {
    BodyPlan {
        length,
        ..BodyPlan::default()
    }
}

fn framed(signatures: Signatures) -> BodyPlan {
    BodyPlan {
        framing: Framing::Frames { signatures },
        ..plain(12)
    }
}

#[test]
fn a_plain_body_has_its_announced_length() {
    check(&[LENGTH], Ok(plain(12)));
    check(&[LENGTH, sha256("UNSIGNED-PAYLOAD")], Ok(plain(12)));
    let hashed = object(&[LENGTH, sha256(HEX)]).unwrap();
    assert_eq!(hashed.digest.unwrap()[..2], [0x09, 0xca]);
    assert_eq!(object(&[LENGTH, sha256(&HEX.to_uppercase())]), Ok(hashed));
}

#[test]
fn what_boto3_sends_over_tls_is_framed_without_a_content_length() {
    let lines = [
        CHUNKED,
        CODED,
        DECODED,
        TRAILER,
        ("x-amz-sdk-checksum-algorithm", "CRC32"),
        sha256("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
    ];
    let expected = BodyPlan {
        trailer: Some(Algorithm::Crc32),
        ..framed(Signatures::None)
    };
    check(&lines, Ok(expected.clone()));
    check(&lines[..5], Ok(expected));
}

#[test]
fn an_object_needs_a_length() {
    refused(&[], PlanError::MissingContentLength);
    refused(&[CHUNKED], PlanError::MissingContentLength);
    refused(
        &[LENGTH, sha256("STREAMING-UNSIGNED-PAYLOAD-TRAILER")],
        PlanError::MissingContentLength,
    );
    let document = |lines: &[_]| {
        plan_of(
            lines,
            None,
            BodyKind::Document { limit: 9 },
            ChunkSignatures::Verified(None),
        )
    };
    assert_eq!(document(&[]), Ok(plain(0)));
    assert_eq!(document(&[CHUNKED]), Err(PlanError::MissingContentLength));
}

#[test]
fn lengths_are_digits() {
    for bad in [
        "",
        "-1",
        "+1",
        "0x1",
        "1 2",
        "1,1",
        "18446744073709551616",
        "é",
    ] {
        refused(
            &[("content-length", bad)],
            PlanError::InvalidLength("content-length"),
        );
    }
    refused(
        &[LENGTH, LENGTH],
        PlanError::RepeatedHeader("content-length"),
    );
}

#[test]
fn bodies_beyond_the_limit_are_refused() {
    let limit = 5 << 30;
    check(&[("content-length", "5368709120")], Ok(plain(limit)));
    let length = limit + 1;
    refused(
        &[("content-length", "5368709121")],
        PlanError::TooLarge { length, limit },
    );
    let stream = sha256("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    let decoded = ("x-amz-decoded-content-length", "5368709121");
    refused(&[decoded, stream], PlanError::TooLarge { length, limit });
    let document = |limit| {
        plan_of(
            &[LENGTH],
            None,
            BodyKind::Document { limit },
            ChunkSignatures::Verified(None),
        )
    };
    assert_eq!(document(12), Ok(plain(12)));
    assert_eq!(
        document(11),
        Err(PlanError::TooLarge {
            length: 12,
            limit: 11
        })
    );
}

#[test]
fn signed_chunks_continue_the_signature_of_a_request_unless_signatures_mean_nothing() {
    let cases = [
        ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Signed::Chunks),
        (
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
            Signed::ChunksAndTrailers,
        ),
    ];
    for (form, signed) in cases {
        refused(&[DECODED, sha256(form)], PlanError::NoSeedSignature);
        let chain = ChunkChain::example();
        let of = |chunks| plan_of(&[DECODED, sha256(form)], None, BodyKind::Object, chunks);
        assert_eq!(
            of(ChunkSignatures::Ignored),
            Ok(framed(Signatures::Ignored(signed)))
        );
        assert_eq!(
            of(ChunkSignatures::Verified(Some(chain.clone()))),
            Ok(framed(Signatures::Verified(signed, chain)))
        );
    }
    for form in [
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER",
    ] {
        refused(&[DECODED, sha256(form)], PlanError::Asymmetric);
    }
}

#[test]
fn the_hash_is_one_of_its_forms() {
    let long = format!("{HEX}0");
    for bad in [
        "",
        "unsigned-payload",
        "STREAMING",
        HEX.trim_start_matches('0'),
        &long,
        &HEX.replace('9', "g"),
    ] {
        refused(&[LENGTH, sha256(bad)], PlanError::InvalidContentSha256);
    }
}

#[test]
fn a_hash_in_a_presigned_query_counts() {
    let presented = |payload| Presented {
        form: Form::Presigned,
        access_key: "AKID",
        scope: Scope {
            date: "20150830",
            region: "r",
            service: "s3",
        },
        signed_headers: "host",
        signature: [0; 32],
        timestamp: jiff::Timestamp::UNIX_EPOCH,
        expires: Some("1"),
        session_token: None,
        payload,
    };
    let plan = |payload, lines: &[_]| {
        plan_of(
            lines,
            Some(&presented(payload)),
            BodyKind::Object,
            ChunkSignatures::Verified(None),
        )
    };
    assert!(plan(HEX, &[LENGTH]).unwrap().digest.is_some());
    assert_eq!(plan("UNSIGNED-PAYLOAD", &[LENGTH]), Ok(plain(12)));
    assert_eq!(
        plan("UNSIGNED-PAYLOAD", &[DECODED, CODED]),
        Ok(framed(Signatures::None))
    );
}

#[test]
fn frames_contradict_a_hash_of_the_whole_body() {
    for form in [HEX, "UNSIGNED-PAYLOAD"] {
        refused(
            &[LENGTH, DECODED, CODED, sha256(form)],
            PlanError::Contradiction,
        );
        assert_eq!(
            object(&[LENGTH, CODED, sha256(form)]).map(|plan| plan.framing),
            Ok(Framing::Plain)
        );
    }
}

#[test]
fn content_md5_is_sixteen_bytes() {
    let md5 = |value| object(&[LENGTH, ("content-md5", value)]).map(|plan| plan.md5.is_some());
    assert_eq!(md5("5NfxtO0uQtFYmPSyewGdpA=="), Ok(true));
    for bad in [
        "",
        "5NfxtO0uQtFYmPSyewGdpA",
        "5NfxtO0uQtFYmPSyewGd",
        "e4d7f1b4ed2e42d15898f4b27b019da4",
    ] {
        assert_eq!(md5(bad), Err(PlanError::InvalidDigest));
    }
}

#[test]
fn one_checksum_may_be_announced() {
    let with_checksum = BodyPlan {
        checksum: Checksum::parse(Algorithm::Crc32, CRC32.1),
        ..plain(12)
    };
    check(&[LENGTH, CRC32], Ok(with_checksum));
    check(
        &[
            LENGTH,
            ("x-amz-checksum-algorithm", "CRC32"),
            ("x-amz-checksum-mode", "ENABLED"),
        ],
        Ok(plain(12)),
    );
    refused(&[LENGTH, CRC32, CRC32], PlanError::RepeatedHeader(CRC32.0));
    let sha1 = ("x-amz-checksum-sha1", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    refused(&[LENGTH, CRC32, sha1], PlanError::SeveralChecksums);
    refused(
        &[LENGTH, ("x-amz-checksum-crc32", "/6tyOjo=")],
        PlanError::InvalidChecksum(Algorithm::Crc32),
    );
    let stream = sha256("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    refused(
        &[DECODED, CRC32, TRAILER, stream],
        PlanError::SeveralChecksums,
    );
}

#[test]
fn a_completions_checksum_is_the_objects() {
    let kind = BodyKind::Completion { limit: 100 };
    assert_eq!(
        plan_of(
            &[LENGTH, CRC32],
            None,
            kind,
            ChunkSignatures::Verified(None)
        ),
        Ok(plain(12))
    );
}

#[test]
fn the_named_algorithm_is_the_checksums() {
    let named = |name| ("x-amz-sdk-checksum-algorithm", name);
    assert!(object(&[LENGTH, CRC32, named("crc32")]).is_ok());
    refused(
        &[LENGTH, CRC32, named("SHA1")],
        PlanError::InvalidChecksumAlgorithm,
    );
    refused(
        &[LENGTH, CRC32, named("CRC31")],
        PlanError::InvalidChecksumAlgorithm,
    );
    refused(&[LENGTH, named("CRC32")], PlanError::MissingChecksum);
}

#[test]
fn t15_a_trailer_is_one_checksum_behind_frames() {
    let stream = sha256("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    refused(&[LENGTH, TRAILER], PlanError::UnsupportedTrailer);
    for bad in [
        "x-amz-meta-a",
        "",
        "x-amz-checksum-crc32,x-amz-checksum-sha1",
        "content-md5",
    ] {
        refused(
            &[DECODED, stream, ("x-amz-trailer", bad)],
            PlanError::UnsupportedTrailer,
        );
    }
    refused(
        &[DECODED, stream, TRAILER, TRAILER],
        PlanError::RepeatedHeader("x-amz-trailer"),
    );
}

#[test]
fn aws_chunked_is_not_part_of_the_stored_encoding() {
    let without = |value| content_encoding_without_aws_chunked(value).map(Cow::into_owned);
    assert_eq!(without("aws-chunked"), None);
    assert_eq!(without(" AWS-Chunked ,"), None);
    assert_eq!(without("gzip,aws-chunked"), Some("gzip".to_owned()));
    assert_eq!(
        without("aws-chunked, gzip, br"),
        Some("gzip, br".to_owned())
    );
    assert_eq!(without("gzip,br"), Some("gzip,br".to_owned()));
    assert_eq!(without(""), None);
}
