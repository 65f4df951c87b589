//! The two renderings, field by field.

use super::*;
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Version};
use portcullis_core::admission::{Asked, Auth, Item, Permission, TlsVersion};
use portcullis_core::context::{FixedContext, Key};
use portcullis_core::document;
use portcullis_core::identity::{AccessKeyId, Account, Caller, CallerKind, Principal};
use portcullis_core::policy::{
    Deciding, Decision, Layer, Missing, Origin, Policies, Policy, PolicyKind, PolicySet,
    PublicPolicies, Question, Reason, Verdict, View, explain,
};
use portcullis_core::request::CopySource;
use portcullis_core::s3::actions::Action;
use portcullis_core::s3::names::{AccountId, BucketName, Target};
use portcullis_core::s3::operations::{
    AnsweredBy, Checksum, Level, Operation, OperationId, PayloadKind,
};
use portcullis_core::s3::xml::DeleteFailure;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

const OWNER: &str = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";

pub(super) static GET_OBJECT: Operation = operation("GetObject", "GET", "REST.GET.OBJECT");
static DELETE_OBJECTS: Operation =
    operation("DeleteObjects", "POST", "REST.POST.MULTI_OBJECT_DELETE");
static COPY_OBJECT: Operation = operation("CopyObject", "PUT", "REST.COPY.OBJECT");

const fn operation(name: &'static str, method: &'static str, log: &'static str) -> Operation {
    Operation {
        id: OperationId::GetObject,
        name,
        method,
        level: Level::Object,
        marks: &[],
        accepts: &[],
        needs: &[],
        log,
        payload: PayloadKind::None,
        checksum: Checksum::Optional,
        headers: &[],
        answered_by: AnsweredBy::Upstream,
    }
}

pub(super) fn bucket(name: &str) -> BucketName {
    BucketName::parse(name).unwrap()
}

fn account(canonical_id: &str) -> Arc<Account> {
    Arc::new(Account::new(
        AccountId::parse("111122223333").unwrap(),
        canonical_id,
        "owner",
    ))
}

fn principal(kind: CallerKind, arn: &str) -> Principal {
    Principal::Known(Arc::new(Caller {
        account: account("c".repeat(64).as_str()),
        kind,
        arn: arn.into(),
        principal_arn: arn.into(),
        user_id: "AIDA".into(),
        tags: Default::default(),
        provider: None,
        policies: PolicySet::default(),
        boundary: None,
        session_policy: None,
        session: None,
    }))
}

/// A signed GetObject over TLS, answered by the upstream.
pub(super) fn draft() -> Draft {
    let arrived = "2019-02-06T00:00:38.123456Z".parse().unwrap();
    let ids = RequestIds::new("gateway-1", arrived);
    let peer = "192.0.2.3".parse().unwrap();
    let mut draft = Draft::begin(&ids, arrived, peer, "s3".into(), "gateway-1".into());
    draft.tls = Some(Tls {
        version: TlsVersion::V1_3,
        cipher: "TLS13_AES_256_GCM_SHA384".into(),
    });
    draft.request = RequestLine {
        method: Some(Method::GET),
        target: LoggedUri(Bytes::from_static(b"/bucket/photos/a.jpg?versionId=v1")),
        version: Version::HTTP_11,
        host: Some(HeaderValue::from_static("s3.corp.example:8443")),
        referer: None,
        user_agent: Some(HeaderValue::from_static("aws-cli/2.0 Python/3")),
    };
    let user = CallerKind::User { name: "ann".into() };
    let labels = &mut draft.labels;
    labels.operation = Some(&GET_OBJECT);
    labels.target = Some(Target::object(&bucket("bucket"), b"photos/a.jpg").unwrap());
    labels.version_id = Some("v1".into());
    labels.auth = Some(Auth::Header);
    labels.principal = principal(user, "arn:aws:iam::111122223333:user/ann");
    labels.access_key = Some(AccessKeyId("AKIAIOSFODNN7EXAMPLE".into()));
    labels.owner = Some(account(OWNER));
    draft.sent = Sent {
        status: Some(StatusCode::OK),
        error_code: None,
        bytes: 2662,
        object_size: Some(3462),
    };
    draft.upstream = Some(UpstreamUse {
        name: "lake".into(),
        attempts: 1,
        status: Some(StatusCode::OK),
        request_id: Some(HeaderValue::from_static("tx0001")),
        id_2: None,
    });
    draft.total = Duration::from_micros(70_900);
    draft.turn_around = Some(Duration::from_millis(10));
    draft
}

fn lines(record: &Record) -> String {
    let mut out = Vec::new();
    line::render(&mut out, record);
    String::from_utf8(out).unwrap()
}

fn json(record: &Record) -> serde_json::Value {
    let mut out = Vec::new();
    json::render(&mut out, record);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches('\n').count(), 1, "{text:?}");
    assert!(text.ends_with('\n'));
    serde_json::from_str(&text).unwrap()
}

/// Splits a line as the parsers of access logs do: at spaces, but not within brackets or quotes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut until = ' ';
    for character in line.chars() {
        let field = fields.last_mut().unwrap();
        match character {
            ' ' if until == ' ' => fields.push(String::new()),
            _ => {
                field.push(character);
                until = match character {
                    '"' if until == ' ' => '"',
                    '[' if until == ' ' && field == "[" => ']',
                    end if end == until => ' ',
                    _ => until,
                };
            }
        }
    }
    fields
}

/// Every line of the record as fields.
#[track_caller]
fn log(change: impl FnOnce(&mut Draft), ending: Ending) -> Vec<Vec<String>> {
    let mut draft = draft();
    change(&mut draft);
    let text = lines(&finish(draft, ending));
    assert!(text.ends_with('\n'));
    let log: Vec<_> = text.lines().map(fields).collect();
    log.iter()
        .for_each(|line| assert_eq!(line.len(), 27, "{line:?}"));
    log
}

#[track_caller]
fn check(number: usize, change: impl FnOnce(&mut Draft), expected: &str) {
    let log = log(change, Ending::Answered);
    assert_eq!(log[0][number - 1], expected);
}

#[test]
fn a_whole_line_is_as_s3_writes_it() {
    let record = finish(draft(), Ending::Answered);
    let id = record.exchange.id;
    let expected = format!(
        "{OWNER} bucket [06/Feb/2019:00:00:38 +0000] 192.0.2.3 arn:aws:iam::111122223333:user/ann {id} \
         REST.GET.OBJECT photos/a.jpg \"GET /bucket/photos/a.jpg?versionId=v1 HTTP/1.1\" 200 - 2662 3462 70 10 \
         \"-\" \"aws-cli/2.0 Python/3\" v1 {host} SigV4 TLS_AES_256_GCM_SHA384 AuthHeader s3.corp.example:8443 \
         TLSv1.3 - - -\n",
        host = id.host_id()
    );
    assert_eq!(lines(&record), expected);
}

#[test]
fn an_exchange_of_which_nothing_is_known_is_all_hyphens() {
    let known = draft();
    let empty = Draft::new(
        known.id,
        known.arrived,
        known.peer,
        known.listener,
        known.instance,
    );
    let text = lines(&finish(empty, Ending::FrontRefused));
    let expected = format!(
        "- - [06/Feb/2019:00:00:38 +0000] 192.0.2.3 - {id} - - \"-\" - - - - 0 - \"-\" \"-\" - {host} - - - - - - - -\n",
        id = known.id,
        host = known.id.host_id()
    );
    assert_eq!(text, expected);
}

#[test]
fn the_time_is_utc_with_leading_zeros() {
    let at = |time: &str| {
        let time = time.parse().unwrap();
        move |draft: &mut Draft| draft.arrived = time
    };
    check(
        3,
        at("2026-12-31T23:59:59.999Z"),
        "[31/Dec/2026:23:59:59 +0000]",
    );
    check(
        3,
        at("2027-01-01T00:00:00Z"),
        "[01/Jan/2027:00:00:00 +0000]",
    );
    check(
        3,
        at("2024-02-29T05:06:07+02:00"),
        "[29/Feb/2024:03:06:07 +0000]",
    );
}

#[test]
fn the_peer_may_be_an_ipv6_address() {
    check(
        4,
        |draft| draft.peer = "2001:db8::1".parse().unwrap(),
        "2001:db8::1",
    );
}

#[test]
fn the_requester_is_an_arn_or_the_root_users_canonical_id() {
    let canonical = "c".repeat(64);
    let role = CallerKind::RoleSession {
        role: "r".into(),
        session: "s".into(),
    };
    let session = "arn:aws:sts::111122223333:assumed-role/r/s";
    let root = principal(CallerKind::Root, "arn:aws:iam::111122223333:root");
    check(5, |draft| draft.labels.principal = root, &canonical);
    check(
        5,
        |draft| draft.labels.principal = principal(role, session),
        session,
    );
    check(
        5,
        |draft| draft.labels.principal = Principal::Anonymous,
        "-",
    );
}

#[test]
fn a_requester_with_a_space_stays_one_field() {
    let user = CallerKind::User { name: "a".into() };
    let named = principal(user, "arn:aws:iam::111122223333:user/a b\"");
    check(
        5,
        |draft| draft.labels.principal = named,
        "arn:aws:iam::111122223333:user/a%20b%22",
    );
}

#[test]
fn a_key_is_encoded_twice_and_keeps_its_slashes() {
    let key = |key: &'static str| {
        move |draft: &mut Draft| {
            draft.labels.target = Some(Target::object(&bucket("bucket"), key.as_bytes()).unwrap());
        }
    };
    check(8, key("a/b-c_d.e~f"), "a/b-c_d.e~f");
    check(8, key("a b+c"), "a%2520b%252Bc");
    check(8, key("%20"), "%252520");
    check(8, key("é"), "%25C3%25A9");
    check(8, key("x\ny\"z"), "x%250Ay%2522z");
    check(8, key("-"), "%252D");
    check(8, key("--"), "--");
    check(8, key("//"), "//");
}

#[test]
fn without_a_key_or_a_bucket_there_are_hyphens() {
    let only = Some(Target::bucket(&bucket("bucket")));
    check(8, |draft| draft.labels.target = only.clone(), "-");
    check(2, |draft| draft.labels.target = only.clone(), "bucket");
    check(
        2,
        |draft| draft.labels.target = Some(Target::service()),
        "-",
    );
    check(2, |draft| draft.labels.target = None, "-");
}

fn object(bucket: &str, key: &str) -> Target {
    Target::object(&BucketName::parse(bucket).unwrap(), key.as_bytes()).unwrap()
}

fn target(target: &'static [u8]) -> impl FnOnce(&mut Draft) {
    move |draft| draft.request.target = LoggedUri(Bytes::from_static(target))
}

#[test]
fn the_request_uri_is_the_target_as_sent() {
    check(
        9,
        target(b"/b/%C3%A9?a=%20&b"),
        "\"GET /b/%C3%A9?a=%20&b HTTP/1.1\"",
    );
    check(
        9,
        target(b"/b/\"x\" \xff\n"),
        "\"GET /b/%22x%22%20%FF%0A HTTP/1.1\"",
    );
    let old = |draft: &mut Draft| draft.request.version = Version::HTTP_10;
    check(9, old, "\"GET /bucket/photos/a.jpg?versionId=v1 HTTP/1.0\"");
    check(9, |draft| draft.request.method = None, "\"-\"");
}

#[test]
fn credentials_in_the_target_are_masked() {
    check(
        9,
        target(b"/b/k?X-Amz-Credential=AK/x&X-Amz-Date=1&X-Amz-Signature=abc&X-Amz-Security-Token=t%2Fu"),
        "\"GET /b/k?X-Amz-Credential=***&X-Amz-Date=1&X-Amz-Signature=***&X-Amz-Security-Token=*** HTTP/1.1\"",
    );
    check(
        9,
        target(b"/b?x%2Damz-SIGNATURE=abc"),
        "\"GET /b?x%2Damz-SIGNATURE=*** HTTP/1.1\"",
    );
    check(
        9,
        target(b"/b?a;x-amz-signature=abc"),
        "\"GET /b?a;x-amz-signature=*** HTTP/1.1\"",
    );
    check(
        9,
        target(b"/b?a?x-amz-signature=a=b=c"),
        "\"GET /b?a?x-amz-signature=*** HTTP/1.1\"",
    );
    check(
        9,
        target(b"http://u:pw@h/b?x"),
        "\"GET http://***@h/b?x HTTP/1.1\"",
    );
}

#[test]
fn what_only_resembles_a_credential_is_logged() {
    let target_is_kept = |text: &'static [u8]| {
        let text_shown = format!("\"GET {} HTTP/1.1\"", std::str::from_utf8(text).unwrap());
        check(9, target(text), &text_shown);
    };
    target_is_kept(b"/b?x-amz-signature");
    target_is_kept(b"/b?x-amz-signature=");
    target_is_kept(b"/b?x-amz-signatures=abc");
    target_is_kept(b"/x-amz-signature=abc");
    target_is_kept(b"/b?policy");
    target_is_kept(b"http://h/b@c");
    target_is_kept(b"/b/http://u@h/");
}

#[test]
fn the_status_and_error_code_are_those_sent() {
    check(
        10,
        |draft| draft.sent.status = Some(StatusCode::FORBIDDEN),
        "403",
    );
    check(10, |draft| draft.sent.status = None, "-");
    check(
        11,
        |draft| draft.sent.error_code = Some("AccessDenied".into()),
        "AccessDenied",
    );
    check(
        11,
        |draft| draft.sent.error_code = Some("Bad code\n".into()),
        "Bad%20code%0A",
    );
}

#[test]
fn no_bytes_sent_is_a_hyphen_but_an_empty_object_has_size_zero() {
    check(12, |draft| draft.sent.bytes = 0, "-");
    check(12, |draft| draft.sent.bytes = 1, "1");
    check(
        12,
        |draft| draft.sent.bytes = u64::MAX,
        "18446744073709551615",
    );
    check(13, |draft| draft.sent.object_size = Some(0), "0");
    check(13, |draft| draft.sent.object_size = None, "-");
}

#[test]
fn times_are_whole_milliseconds() {
    check(14, |draft| draft.total = Duration::from_micros(999), "0");
    check(14, |draft| draft.total = Duration::from_micros(1000), "1");
    check(15, |draft| draft.turn_around = Some(Duration::ZERO), "0");
    check(15, |draft| draft.turn_around = None, "-");
}

#[test]
fn the_referer_may_hold_a_presigned_url() {
    let referer = |value: &'static str| {
        move |draft: &mut Draft| {
            draft.request.referer = Some(LoggedUri::from(&HeaderValue::from_static(value)));
        }
    };
    check(
        16,
        referer("https://b.s3/x?X-Amz-Signature=abc&y"),
        "\"https://b.s3/x?X-Amz-Signature=***&y\"",
    );
    check(
        16,
        referer("https://a.example/%C3%A9"),
        "\"https://a.example/%C3%A9\"",
    );
}

#[test]
fn a_user_agent_is_kept_unless_it_could_be_mistaken() {
    let agent = |value: &'static [u8]| {
        move |draft: &mut Draft| {
            draft.request.user_agent = Some(HeaderValue::from_bytes(value).unwrap());
        }
    };
    check(17, agent(b"a b/1 [x]"), "\"a b/1 [x]\"");
    check(17, agent(b"a\" 200 \""), "\"a%22 200 %22\"");
    check(17, agent(b"100%"), "\"100%\"");
    check(17, agent(b"%20 %41"), "\"%20 %41\"");
    check(17, agent(b"%22"), "\"%2522\"");
    check(17, agent(b"%25"), "\"%2525\"");
    check(17, agent(b"\xc3\xa9\t"), "\"%C3%A9%09\"");
    check(17, agent(b""), "\"\"");
}

#[test]
fn the_version_id_is_the_one_asked_for() {
    check(18, |draft| draft.labels.version_id = None, "-");
    check(
        18,
        |draft| draft.labels.version_id = Some("a b\"".into()),
        "a%20b%22",
    );
    check(18, |draft| draft.labels.version_id = Some("".into()), "-");
}

#[test]
fn the_authentication_type_is_that_of_a_signature() {
    let auth = |auth| move |draft: &mut Draft| draft.labels.auth = auth;
    check(22, auth(Some(Auth::Header)), "AuthHeader");
    check(22, auth(Some(Auth::Presigned)), "QueryString");
    check(22, auth(Some(Auth::Form)), "HtmlForm");
    for signed in [Auth::Presigned, Auth::Form] {
        check(20, auth(Some(signed)), "SigV4");
    }
    for unsigned in [None, Some(Auth::Anonymous), Some(Auth::Listener)] {
        check(20, auth(unsigned), "-");
        check(22, auth(unsigned), "-");
    }
}

#[test]
fn the_cipher_has_openssls_name() {
    let cipher = |name: &'static str| {
        move |draft: &mut Draft| {
            draft.tls = Some(Tls {
                version: TlsVersion::V1_2,
                cipher: name.into(),
            });
        }
    };
    check(
        21,
        cipher("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        "ECDHE-RSA-AES128-GCM-SHA256",
    );
    check(21, cipher("SOMETHING_NEW"), "SOMETHING_NEW");
    check(24, cipher("SOMETHING_NEW"), "TLSv1.2");
    check(21, |draft| draft.tls = None, "-");
    check(24, |draft| draft.tls = None, "-");
}

#[test]
fn a_copy_adds_the_line_of_its_source() {
    let copy = |draft: &mut Draft| {
        draft.labels.operation = Some(&COPY_OBJECT);
        draft.copy = Some(CopyFrom {
            source: CopySource {
                target: Target::object(&bucket("source"), b"old key").unwrap(),
                version_id: Some("v0".into()),
            },
            owner: Some(account("someone")),
        });
    };
    let log = log(copy, Ending::Answered);
    assert_eq!(log.len(), 2);
    assert_eq!(log[0][6], "REST.COPY.OBJECT");
    let source = &log[1];
    assert_eq!(source[..2], ["someone", "source"]);
    assert_eq!(source[6..8], ["REST.COPY.OBJECT_GET", "old%2520key"]);
    assert_eq!(source[11..13], ["-", "3462"]);
    assert_eq!(source[17], "v0");
    assert_eq!(source[5], log[0][5]);
}

fn delete_objects(draft: &mut Draft) {
    let item = |key: &str, version: Option<&str>, allowed| Item {
        key: key.into(),
        version_id: version.map(Into::into),
        allowed,
        reason: None,
    };
    draft.labels.operation = Some(&DELETE_OBJECTS);
    draft.labels.target = Some(Target::bucket(&bucket("bucket")));
    draft.labels.items = vec![
        item("gone", None, true),
        item("secret", Some("v2"), false),
        item("missing", Some("v3"), true),
        item("missing", Some("v4"), true),
    ];
    draft.failures = vec![DeleteFailure {
        key: "missing".to_owned(),
        version_id: Some("v3".to_owned()),
        code: "NoSuchVersion".to_owned(),
        message: String::new(),
    }];
}

#[test]
fn delete_objects_adds_a_line_per_key() {
    let log = log(delete_objects, Ending::Answered);
    let part = |line: &[String]| {
        [6, 7, 9, 10, 17]
            .map(|field: usize| line[field].clone())
            .join(" ")
    };
    let parts: Vec<_> = log.iter().skip(1).map(|line| part(line)).collect();
    assert_eq!(
        parts,
        [
            "BATCH.DELETE.OBJECT gone 204 - -",
            "BATCH.DELETE.OBJECT secret 403 AccessDenied v2",
            "BATCH.DELETE.OBJECT missing 404 NoSuchVersion v3",
            "BATCH.DELETE.OBJECT missing 204 - v4",
        ]
    );
    let hyphens = ["-"; 6];
    assert_eq!(log[1][11..17], hyphens);
    assert_eq!(log[1][8], "-");
    assert_eq!(log[1][5], log[0][5]);
}

#[test]
fn keys_of_a_failed_delete_objects_share_its_fate() {
    let failed = |draft: &mut Draft| {
        delete_objects(draft);
        draft.failures.clear();
        draft.sent.status = Some(StatusCode::SERVICE_UNAVAILABLE);
        draft.sent.error_code = Some("ServiceUnavailable".into());
    };
    let failure = Ending::UpstreamFailed(UpstreamError::Timeout);
    let log = log(failed, failure);
    assert_eq!(log[1][9..11], ["503", "ServiceUnavailable"]);
    assert_eq!(log[2][9..11], ["403", "AccessDenied"]);
}

#[test]
fn whether_an_acl_was_needed_is_said() {
    let needed = |needed: bool| {
        let change = move |draft: &mut Draft| draft.labels.acl_required = needed;
        log(change, Ending::Answered)[0][25].clone()
    };
    assert_eq!([needed(true), needed(false)], ["Yes", "-"]);
}

#[test]
fn the_json_object_has_s3s_names_and_ours() {
    let mut draft = draft();
    draft.labels.decision = Some(Asked {
        action: "s3:GetObject",
        resource: object("bucket", "photos/a.jpg"),
        decision: Decision {
            verdict: Verdict::Allow,
            by: Some(deciding()),
            with: None,
        },
        reason: None,
    });
    draft.labels.permissions = vec![Permission {
        action: "s3:GetObject",
        resource: object("bucket", "photos/a.jpg"),
        allowed: true,
    }];
    let record = finish(draft, Ending::Answered);
    let expected = r#"{
        "bucket_owner_id": "<owner>",
        "bucket_name": "bucket",
        "request_time": "2019-02-06T00:00:38.123Z",
        "remote_ip": "192.0.2.3",
        "requester": "arn:aws:iam::111122223333:user/ann",
        "request_id": "<id>",
        "operation": "REST.GET.OBJECT",
        "key_name": "photos/a.jpg",
        "request_uri": "GET /bucket/photos/a.jpg?versionId=v1 HTTP/1.1",
        "http_status": 200,
        "error_code": null,
        "bytes_sent": 2662,
        "object_size": 3462,
        "total_time": 70,
        "turn_around_time": 10,
        "referer": null,
        "user_agent": "aws-cli/2.0 Python/3",
        "version_id": "v1",
        "host_id": "<host>",
        "signature_version": "SigV4",
        "cipher_suite": "TLS_AES_256_GCM_SHA384",
        "authentication_type": "AuthHeader",
        "host_header": "s3.corp.example:8443",
        "tls_version": "TLSv1.3",
        "access_point_arn": null,
        "acl_required": null,
        "source_region": null,
        "operation_name": "GetObject",
        "instance": "gateway-1",
        "listener": "s3",
        "auth": "header",
        "access_key_id": "AKIAIOSFODNN7EXAMPLE",
        "principal": "arn:aws:iam::111122223333:user/ann",
        "bytes_received": 0,
        "ending": "answered",
        "upstream": {"name": "lake", "attempts": 1, "status": 200, "request_id": "tx0001"},
        "decision": {
            "mode": "enforce",
            "verdict": "allow",
            "action": "s3:GetObject",
            "resource": "arn:aws:s3:::bucket/photos/a.jpg",
            "layer": "bucket",
            "sid": "Readers",
            "file": "policies/buckets/bucket/policy.json",
            "line": 12,
            "statement": 1
        },
        "permissions": [
            {"action": "s3:GetObject", "resource": "arn:aws:s3:::bucket/photos/a.jpg", "allowed": true}
        ]
    }"#
    .replace("<owner>", OWNER)
    .replace("<id>", record.exchange.id.as_str())
    .replace("<host>", record.host_id.as_str());
    let expected: serde_json::Value = serde_json::from_str(&expected).unwrap();
    assert_eq!(json(&record), expected);
}

pub(super) fn deciding() -> Deciding {
    Deciding {
        layer: Layer::Bucket,
        origin: Arc::new(Origin {
            source: "policies/buckets/bucket/policy.json".into(),
        }),
        sid: Some("Readers".into()),
        statement: 1,
        line: 12,
    }
}

#[test]
fn an_implicit_deny_names_the_missing_side_and_no_statement() {
    let mut draft = draft();
    draft.labels.decision = Some(Asked {
        action: "s3:PutObject",
        resource: object("bkt", "k"),
        decision: Decision {
            verdict: Verdict::ImplicitDeny(Missing::Boundary),
            by: None,
            with: None,
        },
        reason: None,
    });
    let decision = serde_json::json!({
        "mode": "enforce", "verdict": "implicit_deny", "missing": "boundary", "action": "s3:PutObject",
        "resource": "arn:aws:s3:::bkt/k",
    });
    assert_eq!(json(&finish(draft, Ending::Refused))["decision"], decision);
}

/// The reason that core gives for a GetObject of `bucket/KEY` by anyone, under a bucket policy with one condition.
fn reason(sid: &str, key: &str, context: &FixedContext) -> Arc<Reason> {
    let text = serde_json::json!({"Version": "2012-10-17", "Statement": [{
        "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*",
        "Condition": {"StringEquals": {"aws:UserAgent": "batch/1"}},
    }]});
    let bucket = bucket("bucket");
    let origin = Arc::new(Origin {
        source: "policies/bucket.json".into(),
    });
    let node = document::json(&text.to_string()).unwrap();
    let compiled = Policy::compile(&node, PolicyKind::Bucket(&bucket), origin).unwrap();
    let policies = Policies {
        bucket: Some(&compiled.policy),
        guardrails: &PolicySet::default(),
        acl: None,
        public: PublicPolicies::Count,
    };
    let question = Question {
        principal: &Principal::Anonymous,
        action: Action::GetObject,
        resource: &format!("bucket/{key}"),
        owner: AccountId::parse("111122223333").unwrap(),
        context,
        view: View::Live,
    };
    Arc::new(explain(policies, &question).reason.unwrap())
}

fn refused(reason: Arc<Reason>) -> Asked {
    Asked {
        action: "s3:GetObject",
        resource: object("bucket", "k"),
        decision: Decision {
            verdict: Verdict::ImplicitDeny(Missing::Resource),
            by: None,
            with: None,
        },
        reason: Some(reason),
    }
}

#[test]
fn the_record_of_a_refusal_says_why() {
    let context = FixedContext::default().with(Key::UserAgent, "curl/8");
    let reason = reason("Batch", "k", &context);
    let mut batch = draft();
    delete_objects(&mut batch);
    batch.labels.items[1].reason = Some(Arc::clone(&reason));
    batch.labels.decision = Some(refused(reason));
    let record = json(&finish(batch, Ending::Refused));
    let expected = serde_json::json!({
        "mode": "enforce",
        "verdict": "implicit_deny", "missing": "resource", "action": "s3:GetObject", "resource": "arn:aws:s3:::bucket/k",
        "reason": {
            "kind": "nearest_allow",
            "layer": "bucket", "sid": "Batch", "file": "policies/bucket.json", "line": 1, "statement": 0,
            "conditions": [{
                "operator": "StringEquals", "key": "aws:UserAgent",
                "wanted": ["batch/1"], "found": ["curl/8"], "outcome": "does_not_hold",
            }],
        },
    });
    assert_eq!(record["decision"], expected);
    assert_eq!(
        record["deleted"][1]["reason"],
        "Batch (policies/bucket.json:1) of the bucket policy does not allow it: \
         StringEquals aws:UserAgent wants `batch/1`, found `curl/8`"
    );
    assert_eq!(record["deleted"][0]["reason"], serde_json::Value::Null);
}

proptest! {
    #[test]
    fn t47_a_hostile_reason_stays_on_its_line_and_small(text in ".{0,3000}") {
        let context = FixedContext::default().with(Key::UserAgent, format!("\u{1b}\n{text}"));
        let key: String = text.chars().take(200).collect();
        let mut draft = draft();
        draft.labels.decision = Some(refused(reason(&text, &key, &context)));
        let decision = json(&finish(draft, Ending::Refused))["decision"].to_string();
        prop_assert!(decision.len() < 2500, "{}", decision.len());
    }
}

#[test]
fn the_json_object_holds_batch_copy_and_upstream_failure() {
    let mut batch = draft();
    delete_objects(&mut batch);
    let deleted = json(&finish(batch, Ending::Answered))["deleted"].clone();
    assert_eq!(
        deleted[1],
        serde_json::json!({"key_name": "secret", "version_id": "v2", "http_status": 403, "error_code": "AccessDenied"})
    );
    let failed = json(&finish(
        draft(),
        Ending::UpstreamFailed(UpstreamError::Closed),
    ));
    assert_eq!(failed["ending"], "upstream_failed");
    assert_eq!(failed["upstream"]["error"], "closed");
    assert_eq!(
        json(&finish(draft(), Ending::ClientAborted))["upstream"]["error"],
        serde_json::Value::Null
    );
}

/// Puts `text` wherever a client's text goes.
fn everywhere(draft: &mut Draft, text: &[u8]) {
    let header = |text: &[u8]| HeaderValue::from_bytes(text).ok();
    let request = &mut draft.request;
    request.target = LoggedUri(Bytes::copy_from_slice(text));
    request.referer = Some(LoggedUri(Bytes::copy_from_slice(text)));
    // Header values cannot hold some bytes; as much as can is what a client can send.
    let sendable: Vec<_> = text
        .iter()
        .copied()
        .filter(|byte| *byte == b'\t' || (*byte >= 32 && *byte != 127))
        .collect();
    request.host = header(&sendable);
    request.user_agent = header(&sendable);
    let text = String::from_utf8_lossy(text);
    let labels = &mut draft.labels;
    labels.version_id = Some(text.as_ref().into());
    labels.access_key = Some(AccessKeyId(text.as_ref().into()));
    if let Ok(target) = Target::object(&bucket("bucket"), text.as_bytes()) {
        labels.target = Some(target);
    }
    draft.sent.error_code = Some(text.clone().into_owned().into());
    let upstream = draft.upstream.as_mut().unwrap();
    upstream.request_id = header(&sendable);
    upstream.id_2 = header(&sendable);
    draft.labels.items = vec![Item {
        key: text.as_ref().into(),
        version_id: Some(text.as_ref().into()),
        allowed: true,
        reason: None,
    }];
}

#[track_caller]
fn check_one_record_one_line(text: &[u8]) {
    let mut forged = draft();
    everywhere(&mut forged, text);
    let record = finish(forged, Ending::Answered);
    let log = lines(&record);
    assert_eq!(
        log.matches('\n').count(),
        2,
        "the request and its one key: {log:?}"
    );
    assert!(
        log.bytes()
            .all(|byte| byte == b'\n' || (32..127).contains(&byte)),
        "{log:?}"
    );
    for line in log.lines() {
        assert_eq!(fields(line).len(), 27, "{line}");
        assert_eq!(fields(line)[1], "bucket");
    }
    let mut out = Vec::new();
    json::render(&mut out, &record);
    let text = String::from_utf8(out).unwrap();
    assert!(
        !text.trim_end_matches('\n').contains(char::is_control),
        "{text:?}"
    );
    json(&record);
}

#[test]
fn t47_hostile_text_stays_in_its_field() {
    let hostile: [&[u8]; 14] = [
        b"a\nb",
        b"a\r\nb",
        b"\" 200 - \"",
        b"[x] \"y\" z",
        b"\x1b[2J\x1b[31m",
        b"\xff\xfe\x80",
        b"\xc2\x9b31m",
        b"\xe2\x80\xa8\xe2\x80\xae",
        b"\\\"\\n\\",
        b"%0a%22%25",
        b"-",
        b" ",
        b"\x7f\x00\x01",
        b"",
    ];
    hostile
        .iter()
        .for_each(|text| check_one_record_one_line(text));
}

#[test]
fn the_host_is_one_field() {
    let host = |value: &'static str| {
        move |draft: &mut Draft| draft.request.host = Some(HeaderValue::from_static(value))
    };
    check(23, host("b.s3.example:80"), "b.s3.example:80");
    check(23, host("a b\"[x]"), "a%20b%22%5Bx%5D");
    check(23, host(""), "-");
    check(23, |draft| draft.request.host = None, "-");
}

/// Reads back what [`escape::quoted`] and [`escape::bare`] wrote.
fn unescaped(text: &[u8], plain: impl Fn(u8) -> bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((byte, tail)) = rest.split_first() {
        let code = tail
            .get(..2)
            .and_then(|two| std::str::from_utf8(two).ok())
            .filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|two| u8::from_str_radix(two, 16).ok())
            .filter(|code| *byte == b'%' && (*code == b'%' || !plain(*code)));
        rest = code.map_or(tail, |_| &tail[2..]);
        out.push(code.unwrap_or(*byte));
    }
    out
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let code = (*byte == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        rest = code.map_or(tail, |_| &tail[2..]);
        out.push(code.unwrap_or(*byte));
    }
    out
}

proptest! {
    #[test]
    fn t47_any_bytes_make_one_line_per_record(text in proptest::collection::vec(any::<u8>(), 0..60)) {
        check_one_record_one_line(&text);
    }

    #[test]
    fn t47_headers_can_be_read_back(text in "[ -~]{0,20}|(%|2|0|5|\"|C|a| ){0,12}", raw in any::<Vec<u8>>()) {
        for text in [text.as_bytes(), &raw] {
            let (mut quoted, mut bare) = (Vec::new(), Vec::new());
            escape::quoted(&mut quoted, text);
            escape::bare(&mut bare, text);
            let graphic = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
            prop_assert_eq!(unescaped(&quoted, |byte| byte == b' ' || graphic(byte)), text);
            if !text.is_empty() {
                prop_assert_eq!(unescaped(&bare, |byte| graphic(byte) && byte != b'[' && byte != b']'), text);
            }
        }
    }

    #[test]
    fn t47_keys_can_be_read_back(key in "\\PC{1,20}|[\\x01-\\x7f]{1,20}|-") {
        let mut line = Vec::new();
        escape::key(&mut line, &key);
        let once = percent_decoded(std::str::from_utf8(&line).unwrap());
        let twice = percent_decoded(std::str::from_utf8(&once).unwrap());
        prop_assert_eq!(twice, key.as_bytes());
        let mut draft = draft();
        draft.labels.target = Some(Target::object(&bucket("bucket"), key.as_bytes()).unwrap());
        let object = json(&finish(draft, Ending::Answered));
        prop_assert_eq!(object["key_name"].as_str(), Some(&*key));
    }

    #[test]
    fn t47_targets_name_the_same_resource(raw in proptest::collection::vec(any::<u8>(), 0..40)) {
        prop_assume!(!raw.contains(&b'?') && !raw.contains(&b':'));
        let mut line = Vec::new();
        escape::uri(&mut line, &raw);
        let raw_text: String = raw.iter().map(|byte| char::from(*byte)).collect();
        // Compared as both are decoded: what was encoded already stays so.
        let decoded = percent_decoded(std::str::from_utf8(&line).unwrap());
        let mut expected = Vec::new();
        let mut rest = raw.as_slice();
        while let Some((byte, tail)) = rest.split_first() {
            let code = (*byte == b'%').then(|| tail.get(..2)).flatten()
                .filter(|two| two.iter().all(u8::is_ascii_hexdigit))
                .and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
            rest = code.map_or(tail, |_| &tail[2..]);
            expected.push(code.unwrap_or(*byte));
        }
        prop_assert_eq!(decoded, expected, "{}", raw_text);
    }
}

#[test]
fn t48_secrets_are_absent_from_records_and_their_debug_output() {
    const SECRETS: [&str; 9] = [
        "SIGNATURE-1",
        "TOKEN-2",
        "SIGNATURE-3",
        "SSEC-4",
        "PASSWORD-5",
        "REFERER-6",
        "POLICY-7",
        "KEY-8",
        "TOKEN-9",
    ];
    let mut draft = draft();
    draft.request.target = LoggedUri(Bytes::from_static(
        b"http://user:PASSWORD-5@h/b/k?X-Amz-Signature=SIGNATURE-1&x-amz-security-token=TOKEN-2&Signature=SIGNATURE-3\
          &x-amz-server-side-encryption-customer-key=SSEC-4&policy=POLICY-7&X-Amz-Credential=KEY-8%2Fs3\
          &%58-Amz-S3session-Token=TOKEN-9",
    ));
    draft.request.referer = Some(LoggedUri(Bytes::from_static(
        b"https://b.s3/?X-Amz-Signature=REFERER-6#x",
    )));
    let shown = format!("{draft:?}");
    let record = finish(draft, Ending::Answered);
    let output = [
        shown,
        format!("{record:?}"),
        lines(&record),
        json(&record).to_string(),
    ];
    for (secret, text) in SECRETS
        .iter()
        .flat_map(|s| output.iter().map(move |o| (s, o)))
    {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn every_ending_has_a_name_of_its_own() {
    let names: std::collections::HashSet<_> = [
        Ending::Answered,
        Ending::Refused,
        Ending::FrontRefused,
        Ending::BodyRefused,
        Ending::ClientAborted,
        Ending::UpstreamFailed(UpstreamError::Tls),
        Ending::Failed,
    ]
    .into_iter()
    .map(Ending::name)
    .collect();
    assert_eq!(names.len(), 7);
}
