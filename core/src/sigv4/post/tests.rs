use super::*;
use crate::identity::SecretKey;

/// AWS's own example of a form.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

const EXPECTED: Expected<'_> = Expected {
    regions: &["us-east-1", "eu-central-1"],
    service: "s3",
};

const POLICY: &str = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiIH0=";

type Fields = Vec<(&'static str, String)>;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn signed() -> Fields {
    let scope = Scope {
        date: "20151229",
        region: "us-east-1",
        service: "s3",
    };
    let key = SigningKey::derive(&SecretKey::new(SECRET.to_owned()), &scope);
    vec![
        ("policy", POLICY.to_owned()),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
        (
            "x-amz-credential",
            "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request".to_owned(),
        ),
        ("x-amz-date", "20151229T000000Z".to_owned()),
        (
            "x-amz-signature",
            hex(key.sign(&[POLICY.as_bytes()]).as_ref()),
        ),
    ]
}

fn with(name: &'static str, value: &str) -> Fields {
    let mut fields = without(name);
    fields.push((name, value.to_owned()));
    fields
}

fn without(name: &str) -> Fields {
    let mut fields = signed();
    fields.retain(|(field, _)| *field != name);
    fields
}

fn read(fields: &Fields) -> Result<Option<PresentedPost<'_>>, SignatureError> {
    presented_post(|name| {
        let field = fields.iter().find(|(field, _)| *field == name);
        field.map(|(_, value)| value.as_str())
    })
}

fn verified(fields: &Fields, now: &str) -> Result<(), SignatureError> {
    let presented = read(fields)?.unwrap();
    let key = SigningKey::derive(&SecretKey::new(SECRET.to_owned()), &presented.scope);
    verify_post(&presented, &key, now.parse().unwrap(), EXPECTED)
}

const NOW: &str = "2015-12-29T01:00:00Z";

#[test]
fn awss_example_verifies() {
    let policy = include_str!("../../../tests/data/signing/form-policy.txt").trim();
    let mut fields = with("policy", policy);
    fields.retain(|(field, _)| *field != "x-amz-signature");
    let signature = "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e";
    fields.push(("x-amz-signature", signature.to_owned()));
    assert_eq!(verified(&fields, NOW), Ok(()));
}

#[test]
fn a_form_without_any_field_of_a_signature_is_anonymous() {
    assert_eq!(read(&vec![]), Ok(None));
    assert_eq!(read(&vec![("key", "k".to_owned())]), Ok(None));
}

#[test]
fn half_a_signature_is_refused() {
    assert_eq!(verified(&signed(), NOW), Ok(()));
    for name in FIELDS {
        let missing = SignatureError::MissingField(name);
        assert_eq!(read(&without(name)), Err(missing));
        let alone = vec![(name, "x".to_owned())];
        assert!(matches!(read(&alone), Err(SignatureError::MissingField(_))));
    }
    let token = vec![(TOKEN, "x".to_owned())];
    assert_eq!(read(&token), Err(SignatureError::MissingField("policy")));
}

#[test]
fn other_ways_to_sign_are_refused() {
    for name in ["awsaccesskeyid", "signature"] {
        let fields = vec![(name, "x".to_owned())];
        assert_eq!(read(&fields), Err(SignatureError::Version2));
        assert_eq!(read(&with(name, "x")), Err(SignatureError::Version2));
    }
    let asymmetric = with("x-amz-algorithm", "AWS4-ECDSA-P256-SHA256");
    assert_eq!(read(&asymmetric), Err(SignatureError::Asymmetric));
}

#[test]
fn a_field_that_cannot_be_read_is_refused() {
    let refused = |name, value: &str, what| {
        assert_eq!(read(&with(name, value)), Err(malformed(what)), "{value}");
    };
    refused("x-amz-algorithm", "AWS4-HMAC-SHA1", "the algorithm");
    for value in [
        "",
        "AKID",
        "AKID/20151229/us-east-1/s3",
        "/20151229/us-east-1/s3/aws4_request",
    ] {
        refused("x-amz-credential", value, "the credential");
    }
    for value in ["", "2015-12-29T00:00:00Z", "20151229"] {
        refused("x-amz-date", value, "the date");
    }
    let upper = "A".repeat(64);
    for value in ["", "00", &upper] {
        refused("x-amz-signature", value, "the signature");
    }
}

#[test]
fn what_was_signed_is_the_text_of_the_policy_as_it_came() {
    for policy in [
        format!("{POLICY}\n"),
        POLICY.replace('e', "f"),
        String::new(),
    ] {
        assert_eq!(
            verified(&with("policy", &policy), NOW),
            Err(SignatureError::Mismatch)
        );
    }
    let signature = with("x-amz-signature", &"0".repeat(64));
    assert_eq!(verified(&signature, NOW), Err(SignatureError::Mismatch));
}

#[test]
fn a_signature_is_for_one_day_region_and_service() {
    let scope = |scope: &str| {
        verified(
            &with("x-amz-credential", &format!("AKID/{scope}/aws4_request")),
            NOW,
        )
    };
    let form = Form::Post;
    assert_eq!(scope("20151229/us-east-1/s3"), Ok(()));
    assert_eq!(
        scope("20151228/us-east-1/s3"),
        Err(SignatureError::WrongScopeDate { form })
    );
    // Of a region that is served, but not signed for.
    assert_eq!(
        scope("20151229/eu-central-1/s3"),
        Err(SignatureError::Mismatch)
    );
    assert!(matches!(
        scope("20151229/eu-west-1/s3"),
        Err(SignatureError::WrongRegion { .. })
    ));
    assert!(matches!(
        scope("20151229/us-east-1/iam"),
        Err(SignatureError::WrongService { .. })
    ));
}

#[test]
fn a_signature_serves_for_a_week() {
    let at = |now| verified(&signed(), now);
    assert_eq!(at("2015-12-28T23:45:00Z"), Ok(()));
    assert_eq!(at("2015-12-28T23:44:59Z"), Err(SignatureError::NotYetValid));
    assert_eq!(at("2016-01-05T00:00:00Z"), Ok(()));
    assert_eq!(at("2016-01-05T00:00:01Z"), Err(SignatureError::Expired));
}

#[test]
fn an_unknown_key_is_told_only_when_nothing_else_is_wrong() {
    let refused = |fields: &Fields, now: &str| {
        let presented = read(fields).unwrap().unwrap();
        refuse_unknown_key_of_post(&presented, now.parse().unwrap(), EXPECTED)
    };
    assert_eq!(refused(&signed(), NOW), SignatureError::UnknownKey);
    let late = refused(&signed(), "2016-02-01T00:00:00Z");
    assert_eq!(late, SignatureError::Expired);
}
