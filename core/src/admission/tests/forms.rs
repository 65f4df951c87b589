//! Forms: who sends them, what their policy says, and which upload they stand for.

use super::kit::{Ask, NOW, Permitted, Signer, World, form_policy, permit, refusal, verdict};
use crate::admission::{Auth, Found, Missing, Outcome, Run, admit, explain, refuse_form};
use crate::form::{Boundary, FormError, FormReader, Progress};
use crate::identity::Principal;
use crate::s3::operations::OperationId;
use crate::s3::profiles::PROFILES;
use jiff::SignedDuration;

/// Signed for by the form's own fields.
const LATER: &str = "2026-03-04T06:00:00Z";

fn form() -> Ask {
    Ask::form("acme-open", "key")
}

/// A form with a policy of these conditions beside those of the signature.
fn with_policy(ask: Ask, expiration: &str, conditions: &str) -> Ask {
    let signature = r#"["starts-with","$x-amz-algorithm",""],["starts-with","$x-amz-credential",""],
        ["starts-with","$x-amz-date",""]"#;
    let policy = form_policy(expiration, &format!("{signature},{conditions}"));
    ask.field("policy", &policy).signed("admin")
}

#[track_caller]
fn refused(ask: &Ask, code: &str, message: &str) {
    let error = World::new().refusal(ask);
    assert_eq!((error.code.name(), &*error.message), (code, message));
}

#[track_caller]
fn allowed(ask: &Ask) -> Permitted {
    World::new().permit(ask)
}

fn texts(permit: &Permitted) -> Vec<(&str, &str)> {
    let headers = permit.headers().iter();
    headers
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect()
}

#[test]
fn a_form_goes_upstream_as_the_put_that_it_stands_for() {
    let fields = [
        ("content-type", "text/plain"),
        ("cache-control", "no-cache"),
        ("content-disposition", "inline"),
        ("content-encoding", "gzip"),
        ("expires", "Thu, 01 Dec 2033 16:00:00 GMT"),
        ("x-amz-meta-tag", "one two"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-website-redirect-location", "/other"),
        ("x-amz-checksum-crc32", "fVZc7A=="),
        ("acl", "bucket-owner-full-control"),
    ];
    let mut ask = form().header("origin", "https://site.example");
    let mut put = Ask::new("PUT /acme-open/a%20folder/f.txt").header("content-length", "5");
    for (name, value) in fields {
        ask = ask.field(name, value);
        let name = match name {
            "acl" => "x-amz-acl",
            other => other,
        };
        put = put.header(name, value);
    }
    let ask = ask
        .field("key", "a folder/${filename}")
        .field("submit", "Send");
    for (ask, put) in [
        (ask.clone(), put.clone()),
        (ask.signed("admin"), put.signed("admin")),
    ] {
        let (posted, put) = (allowed(&ask), allowed(&put));
        assert_eq!(posted.method(), "PUT");
        assert_eq!(
            (posted.bucket(), posted.key(), posted.query()),
            ("acme-open", put.key(), "")
        );
        assert_eq!(posted.body(), put.body());
        let (mut found, mut expected) = (texts(&posted), texts(&put));
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert!(matches!(posted.run(), Run::Post(_)));
        assert_eq!(
            posted.labels.target.as_ref().unwrap().as_str(),
            "acme-open/a folder/f.txt"
        );
        assert_eq!(posted.labels.operation.unwrap().id, OperationId::PostObject);
    }
}

#[test]
fn every_store_that_takes_an_upload_takes_a_form() {
    for profile in PROFILES {
        assert!(profile.has(OperationId::PostObject), "{}", profile.name);
        let same = |header| {
            let [form, put] = [OperationId::PostObject, OperationId::PutObject];
            profile.ignores(form, header) == profile.ignores(put, header)
        };
        assert!(same("if-none-match") && same("x-amz-server-side-encryption-customer-key"));
    }
}

#[test]
fn who_signed_the_policy_sends_the_form() {
    let anonymous = allowed(&form()).labels;
    assert_eq!(anonymous.auth, Some(Auth::Anonymous));
    let signed = allowed(&Ask::form("acme-private", "key").signed("admin")).labels;
    assert_eq!(signed.auth, Some(Auth::Form));
    let Principal::Known(caller) = &signed.principal else {
        panic!("nobody signed");
    };
    assert_eq!(&*caller.arn, "arn:aws:iam::111111111111:user/admin");
    let nobody = Ask::form("acme-private", "key");
    assert_eq!(verdict(&World::new().ask(&nobody)), "AccessDenied");
    assert_eq!(
        verdict(&World::new().ask(&nobody.signed("reader"))),
        "AccessDenied"
    );
    let fixed = permit(World::new().ask_fixed(&Ask::form("acme-private", "key")));
    assert_eq!(fixed.labels.auth, Some(Auth::Listener));
}

#[test]
fn a_signature_of_a_form_is_whole_and_right() {
    let signed = form().signed("admin");
    allowed(&signed);
    let missing = |name: &str| {
        format!(
            "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
        )
    };
    for name in [
        "policy",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-signature",
    ] {
        refused(
            &signed.clone().without_field(name),
            "InvalidArgument",
            &missing(name),
        );
    }
    refused(
        &form().without_field("key").field("a", "b"),
        "InvalidArgument",
        &missing("key"),
    );
    let code = |ask: &Ask| World::new().refusal(ask).code.name();
    assert_eq!(
        code(&signed.clone().field("x-amz-signature", &"0".repeat(64))),
        "SignatureDoesNotMatch"
    );
    let other = form_policy(LATER, "");
    assert_eq!(
        code(&signed.clone().field("policy", &other)),
        "SignatureDoesNotMatch"
    );
    assert_eq!(code(&form().signed("inactive")), "InvalidAccessKeyId");
    assert_eq!(code(&form().signed("unknown")), "InvalidAccessKeyId");
    let version_2 = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
    for name in ["AWSAccessKeyId", "signature"] {
        refused(&form().field(name, "x"), "InvalidRequest", version_2);
    }
    let token = form().field("x-amz-security-token", "t").signed("admin");
    assert_eq!(code(&token), "InvalidToken");
}

#[test]
fn a_signature_of_a_form_is_for_here() {
    let world = World::new();
    let region = Signer {
        region: Some("us-east-1"),
        ..Signer::of("admin")
    };
    let error = world.refusal(&region.sign(form()));
    assert_eq!(error.code.name(), "InvalidArgument");
    assert_eq!(
        error.message,
        "the region 'us-east-1' is wrong; expecting 'eu-central-1'"
    );
    let details = [
        ("ArgumentName", "X-Amz-Credential"),
        ("Region", "eu-central-1"),
    ];
    assert_eq!(
        error.details,
        details.map(|(name, text)| (name, text.to_owned()))
    );
    let service = Signer {
        service: "iam",
        ..Signer::of("admin")
    };
    assert_eq!(
        world.refusal(&service.sign(form())).code.name(),
        "InvalidArgument"
    );
    let day = Signer {
        day: Some("20260303"),
        ..Signer::of("admin")
    };
    assert_eq!(
        world.refusal(&day.sign(form())).code.name(),
        "InvalidArgument"
    );
    // How long a form serves is said by its policy.
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let earlier = Signer {
        at: now - SignedDuration::from_hours(5),
        ..Signer::of("admin")
    };
    let ask = earlier.sign(form());
    permit(world.ask(&ask));
    let last: jiff::Timestamp = LATER.parse().unwrap();
    permit(world.ask_at(last, &ask));
    let error = refusal(world.ask_at(last + SignedDuration::from_secs(1), &ask));
    assert_eq!(
        error.message,
        "Invalid according to Policy: Policy expired."
    );
}

#[test]
fn a_form_has_one_authentication() {
    let two = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter \
               or the Authorization header should be specified";
    let header = form().header("authorization", "AWS4-HMAC-SHA256 Credential=a/20260304/eu-central-1/s3/aws4_request, \
        SignedHeaders=host, Signature=0000000000000000000000000000000000000000000000000000000000000000")
        .header("x-amz-date", "20260304T050607Z")
        .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
    refused(&header, "InvalidArgument", two);
    refused(&form().presigned("admin"), "InvalidArgument", two);
    refused(
        &form().signed("admin").presigned("admin"),
        "InvalidArgument",
        two,
    );
    permit(World::new().ask_fixed(&header));
    permit(World::new().ask_fixed(&form().presigned("admin")));
}

#[test]
fn t17_every_kind_of_condition_passes_and_fails() {
    let key = r#"["starts-with","$key","k"]"#;
    let check = |ask: Ask, conditions: &str, failed: Option<(&str, &str)>| {
        let ask = with_policy(ask, LATER, &format!("{key},{conditions}"));
        match failed {
            None => drop(allowed(&ask)),
            Some((code, message)) => refused(&ask, code, message),
        }
    };
    let failed = |condition: &'static str| Some(("AccessDenied", condition));
    check(form(), r#"{"bucket":"acme-open"}"#, None);
    check(
        form(),
        r#"{"bucket":"acme-closed"}"#,
        failed(
            r#"Invalid according to Policy: Policy Condition failed: ["eq", "$bucket", "acme-closed"]"#,
        ),
    );
    check(
        form().field("bucket", "acme-closed"),
        r#"{"bucket":"acme-open"}"#,
        failed(
            r#"Invalid according to Policy: Policy Condition failed: ["eq", "$bucket", "acme-open"]"#,
        ),
    );
    check(form(), r#"["eq","$key","key"]"#, None);
    check(
        form(),
        r#"["eq","$key","Key"]"#,
        failed(r#"Invalid according to Policy: Policy Condition failed: ["eq", "$key", "Key"]"#),
    );
    check(
        form().field("acl", "bucket-owner-full-control"),
        r#"["starts-with","$acl","bucket"]"#,
        None,
    );
    check(
        form().field("acl", "bucket-owner-full-control"),
        r#"["starts-with","$acl","pub"]"#,
        failed(
            r#"Invalid according to Policy: Policy Condition failed: ["starts-with", "$acl", "pub"]"#,
        ),
    );
    check(
        form().field("x-amz-meta-a", "b"),
        r#"{"x-amz-meta-a":"b"}"#,
        None,
    );
    check(
        form().field("x-amz-meta-a", "b"),
        r#"{"bucket":"acme-open"}"#,
        failed("Invalid according to Policy: Extra input fields: x-amz-meta-a"),
    );
    check(
        form().field("x-ignore-a", "b"),
        r#"{"bucket":"acme-open"}"#,
        None,
    );
    for (range, code) in [
        ("5,5", None),
        ("0,4", Some("EntityTooLarge")),
        ("6,9", Some("EntityTooSmall")),
    ] {
        let ask = with_policy(
            form(),
            LATER,
            &format!(r#"{key},["content-length-range",{range}]"#),
        );
        assert_eq!(
            verdict(&World::new().ask(&ask)),
            code.unwrap_or("pass"),
            "{range}"
        );
    }
}

#[test]
fn a_policy_that_cannot_be_read_is_refused() {
    let policy = |text: &str| form().field("policy", text).signed("admin");
    let error = World::new().refusal(&policy("bm8="));
    assert_eq!(error.code.name(), "InvalidPolicyDocument");
    assert!(
        error.message.starts_with("Invalid Policy: "),
        "{}",
        error.message
    );
    allowed(&form().signed("admin"));
}

#[test]
fn a_policy_counts_where_nobody_signs_too() {
    let world = World::new();
    let policy = |conditions: &str| {
        let policy = form_policy(LATER, conditions);
        Ask::form("acme-private", "key").field("policy", &policy)
    };
    permit(world.ask_fixed(&policy(r#"{"key":"key"}"#)));
    let error = refusal(world.ask_fixed(&policy(r#"{"key":"other"}"#)));
    assert_eq!(error.code.name(), "AccessDenied");
    // What signs it does not.
    permit(world.ask_fixed(&Ask::form("acme-private", "key").field("signature", "x")));
}

#[test]
fn t17_a_key_is_the_objects_and_nothing_else() {
    let key = |key: &str| Ask::form("acme-open", key);
    let named = |key: &str| allowed(&Ask::form("acme-open", key)).key().to_owned();
    assert_eq!(named("a/${filename}"), "a/f.txt");
    assert_eq!(named("../a"), "../a");
    assert_eq!(named("a?acl&uploads"), "a%3Facl%26uploads");
    let code = |ask: &Ask| World::new().refusal(ask).code.name();
    assert_eq!(code(&key("")), "UserKeyMustBeSpecified");
    assert_eq!(code(&key("a\0b")), "InvalidURI");
    assert_eq!(code(&key(&"k".repeat(1025))), "KeyTooLongError");
    allowed(&key(&"k".repeat(1024)));
    // The other store folds such keys.
    assert_eq!(
        code(&Ask::form("partner-open", "../acme-open/a")),
        "InvalidURI"
    );
    allowed(&Ask::form("partner-open", "acme-open/a"));
}

#[test]
fn what_a_field_asks_for_takes_its_own_permission() {
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let app = |ask: Ask| verdict(&World::new().ask(&ask.signed("app")));
    let form = || Ask::form("acme-private", "key");
    assert_eq!(app(form()), "pass");
    assert_eq!(app(form().field("tagging", tags)), "AccessDenied");
    assert_eq!(app(form().field("x-amz-tagging", "a=b")), "AccessDenied");
    assert_eq!(app(form().field("acl", "private")), "AccessDenied");
    let admin = |ask: Ask| allowed(&ask.signed("admin"));
    assert_eq!(
        admin(form().field("tagging", tags)).headers()["x-amz-tagging"],
        "a=b"
    );
    admin(form().field("acl", "private"));
    let code = |ask: Ask| World::new().refusal(&ask.signed("admin")).code.name();
    assert_eq!(
        code(form().field("acl", "public-read")),
        "AccessControlListNotSupported"
    );
    assert_eq!(code(form().field("tagging", "a=b")), "MalformedXML");
}

#[test]
fn nothing_passes_in_a_field_that_would_not_in_a_header() {
    for name in [
        "x-amz-copy-source",
        "x-amz-object-lock-event-hold",
        "x-amz-write-offset-bytes",
        "x-amz-unheard-of",
        "x-amz-decoded-content-length",
        "x-amz-content-sha256",
    ] {
        let error = World::new().refusal(&form().field(name, "1"));
        assert_eq!(error.code.name(), "NotImplemented", "{name}");
        assert_eq!(error.details, [("Header", name.to_owned())]);
        let error = World::new().refusal(&form().header(name, "1"));
        assert_eq!(error.details, [("Header", name.to_owned())], "in the head");
    }
    let code = |ask: Ask| World::new().refusal(&ask).code.name();
    assert_eq!(
        code(form().field("x-amz-checksum-crc32", "no")),
        "InvalidRequest"
    );
    assert_eq!(code(form().field("content-md5", "no")), "InvalidDigest");
    assert_eq!(
        code(form().field("x-amz-checksum-algorithm", "CRC32")),
        "InvalidRequest"
    );
    let both = form().field("acl", "private").field("x-amz-acl", "private");
    assert_eq!(code(both), "InvalidRequest");
    assert_eq!(
        code(form().field("x-amz-meta-a", "a\r\nb")),
        "InvalidArgument"
    );
    // What is the form's own is not the object's.
    let plain = allowed(&form());
    assert!(!plain.headers().contains_key("content-type"));
    let coded = allowed(&form().field("content-encoding", "aws-chunked"));
    assert_eq!(coded.body().length, 5);
    assert!(!coded.headers().contains_key("content-encoding"));
}

#[test]
fn the_head_of_a_form_says_how_long_it_is_and_whose_bucket_is_meant() {
    let code = |ask: &Ask| World::new().refusal(ask).code.name();
    assert_eq!(
        code(&form().without("content-length")),
        "MissingContentLength"
    );
    assert_eq!(
        code(&form().instead("content-length", "x")),
        "MissingContentLength"
    );
    assert_eq!(
        code(&form().instead("content-length", "100")),
        "MalformedPOSTRequest"
    );
    assert_eq!(
        code(&form().instead("content-length", "6000000000")),
        "EntityTooLarge"
    );
    let boundary = form().instead("content-type", "multipart/form-data");
    refused(
        &boundary,
        "PreconditionFailed",
        "Bucket POST must be of the enclosure-type multipart/form-data",
    );
    let other = form().instead("content-type", "text/plain");
    assert_eq!(code(&other), "PreconditionFailed");
    let twice = form().header("content-type", "multipart/form-data; boundary=c");
    assert_eq!(code(&twice), "InvalidRequest");
    let owner = |id| form().header("x-amz-expected-bucket-owner", id);
    allowed(&owner("111111111111"));
    assert_eq!(code(&owner("222222222222")), "AccessDenied");
    let elsewhere = Ask::form("nowhere", "key");
    assert_eq!(code(&elsewhere), "NoSuchBucket");
}

#[test]
fn conditions_see_a_form() {
    let deny = |condition: &str| {
        let everything =
            r#""Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-open/*""#;
        let allow = format!(r#"{{"Effect":"Allow",{everything}}}"#);
        let deny = format!(r#"{{"Effect":"Deny",{everything},"Condition":{{{condition}}}}}"#);
        World::new().with_policy("acme-open", &format!("{allow},{deny}"))
    };
    let check = |condition: &str, ask: &Ask, denied: bool| {
        let expected = if denied { "AccessDenied" } else { "pass" };
        assert_eq!(verdict(&deny(condition).ask(ask)), expected, "{condition}");
    };
    let signed = form().signed("admin");
    let post = r#""StringEquals":{"s3:authType":"POST"}"#;
    check(post, &signed, true);
    check(post, &form(), false);
    check(
        r#""StringEquals":{"s3:authType":"REST-HEADER"}"#,
        &signed,
        false,
    );
    check(
        r#""StringEquals":{"s3:signatureversion":"AWS4-HMAC-SHA256"}"#,
        &signed,
        true,
    );
    check(r#""Null":{"s3:signatureversion":"true"}"#, &form(), true);
    check(
        r#""StringEquals":{"s3:x-amz-content-sha256":"UNSIGNED-PAYLOAD"}"#,
        &signed,
        true,
    );
    check(
        r#""Null":{"s3:x-amz-content-sha256":"true"}"#,
        &form(),
        true,
    );
    let old = Signer {
        at: NOW.parse::<jiff::Timestamp>().unwrap() - SignedDuration::from_mins(10),
        ..Signer::of("admin")
    };
    let old = old.sign(form());
    check(
        r#""NumericGreaterThan":{"s3:signatureAge":"599999"}"#,
        &old,
        true,
    );
    check(
        r#""NumericGreaterThan":{"s3:signatureAge":"600000"}"#,
        &old,
        false,
    );
    check(
        r#""StringEquals":{"s3:x-amz-acl":"private"}"#,
        &form().field("acl", "bucket-owner-full-control"),
        true,
    );
    check(
        r#""StringEquals":{"s3:x-amz-server-side-encryption":"AES256"}"#,
        &form().field("x-amz-server-side-encryption", "AES256"),
        true,
    );
    check(
        r#""StringEquals":{"aws:Referer":"https://site.example/"}"#,
        &form().header("referer", "https://site.example/"),
        true,
    );
    check(
        r#""Bool":{"s3:ObjectCreationOperation":"true"}"#,
        &form(),
        true,
    );
}

#[test]
fn tags_of_the_object_are_looked_up_for_a_form_too() {
    let deny = r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::acme-open/*"},
        {"Effect":"Deny","Principal":"*","Action":"s3:PutObjectTagging","Resource":"arn:aws:s3:::acme-open/*",
         "Condition":{"StringEquals":{"s3:ExistingObjectTag/state":"final"}}}"#;
    let world = World::new().with_policy("acme-open", deny).with_tag(
        "acme-open/key?tagging=",
        "state",
        "final",
    );
    let tagged = |key: &str| {
        Ask::form("acme-open", key)
            .field("x-amz-tagging", "a=b")
            .signed("admin")
    };
    assert_eq!(verdict(&world.ask(&tagged("key"))), "AccessDenied");
    assert_eq!(world.looked_up(), ["acme-open/key?tagging="]);
    let permit = world.permit(&tagged("other"));
    assert_eq!(permit.headers()["x-amz-tagging"], "a=b");
    assert!(matches!(permit.run(), Run::Post(_)));
}

/// Admits a form as the gateway does, and explains what was decided.
fn explained(ask: &Ask) -> (String, String) {
    let world = World::new();
    let arrival = crate::admission::Arrival {
        listener: &world.ordinary,
        id: "ID",
        now: NOW.parse().unwrap(),
        lock_time: crate::controls::lock::LockTime::certain(NOW.parse().unwrap()),
        peer: [192, 0, 2, 1].into(),
        tls: None,
    };
    let Outcome::Need(waiting) = admit(&world.rules, &ask.head(), &arrival).outcome else {
        panic!("a form is read first");
    };
    let Missing::Form(boundary) = waiting.missing() else {
        panic!("a form is read first");
    };
    let boundary: Boundary = boundary.clone();
    let Ok(Progress::File { form, before, .. }) = FormReader::new(boundary).feed(&ask.body) else {
        panic!("no file");
    };
    let found = Found::Form { form, before };
    let admission = waiting.resume(&world.rules, &ask.head(), &arrival, found);
    let looked = admission.looked.as_deref();
    let kept = format!("{looked:?}");
    // As a head is kept, without its secrets.
    let explained = explain(
        &world.rules,
        &ask.head(),
        &arrival,
        &admission.labels,
        looked,
    );
    (explained.unwrap().to_text(), kept)
}

#[test]
fn a_form_can_be_explained_later_and_keeps_no_secrets() {
    let ask = Ask::form("acme-private", "home/x")
        .field("acl", "private")
        .field("x-amz-server-side-encryption-customer-key", "c2VjcmV0")
        .header("cookie", "session=secret")
        .header("referer", "https://site.example/?signature=secret");
    let (refused, kept) = explained(&ask.clone().signed("reader"));
    assert!(
        refused.contains("s3:PutObject") && refused.contains("s3:PutObjectAcl"),
        "{refused}"
    );
    assert!(refused.contains("acme-private/home/x"), "{refused}");
    let (allowed, also_kept) = explained(&ask.signed("admin"));
    assert!(allowed.contains("s3:PutObjectAcl"), "{allowed}");
    for kept in [kept, also_kept] {
        let lower = kept.to_lowercase();
        for secret in [
            "c2vjcmv0",
            "secret",
            "policy",
            "x-amz-signature",
            "credential",
        ] {
            assert!(!lower.contains(secret), "{secret}: {kept}");
        }
    }
}

#[test]
fn what_is_wrong_behind_the_fields_is_said() {
    let said = |error| {
        let error = refuse_form(&error);
        (error.code.name(), error.message.into_owned())
    };
    let code = "MalformedPOSTRequest";
    assert_eq!(
        said(FormError::NotLast),
        (
            code,
            "The file is not the last field of the form.".to_owned()
        )
    );
    let unclosed =
        "The form does not end with its boundary, two hyphens and a line break behind the file.";
    assert_eq!(said(FormError::Unclosed), (code, unclosed.to_owned()));
}
