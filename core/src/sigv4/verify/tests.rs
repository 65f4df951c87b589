use super::{Expected, refuse_unknown_key, repeated_headers, verify};
use crate::identity::SecretKey;
use crate::request::{Head, Parameter, Query};
use crate::sigv4::{Form, Presented, Scope, SignatureError, SigningKey, string_to_sign};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};

const EXPECTED: Expected<'_> = Expected {
    regions: &["eu-central-1", "us-east-1"],
    service: "s3",
};

/// A request that is right, to be spoilt.
struct Request {
    headers: HeaderMap,
    query: Query,
    claim: Presented<'static>,
    now: Timestamp,
}

impl Request {
    fn new(form: Form) -> Self {
        let timestamp: Timestamp = "2015-08-30T12:36:00Z".parse().unwrap();
        let (signed_headers, expires) = match form {
            Form::Header => ("host;x-amz-date", None),
            Form::Presigned => ("host", Some("3600")),
            Form::Post => panic!("a form is no request"),
        };
        let mut request = Self {
            headers: HeaderMap::new(),
            query: Query::default(),
            claim: Presented {
                form,
                access_key: "AKID",
                scope: Scope {
                    date: "20150830",
                    region: "eu-central-1",
                    service: "s3",
                },
                signed_headers,
                signature: [0; 32],
                timestamp,
                expires,
                session_token: None,
                payload: "UNSIGNED-PAYLOAD",
            },
            now: timestamp,
        };
        request.header("host", "s3.example.com");
        if form == Form::Header {
            request.header("x-amz-date", "20150830T123600Z");
        }
        request
    }

    fn header(&mut self, name: &str, value: &str) {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers
            .append(name, HeaderValue::from_str(value).unwrap());
    }

    fn parameter(&mut self, name: &str, value: &str) {
        self.query.0.push(Parameter {
            name: name.into(),
            value: Some(value.into()),
        });
    }

    fn head(&self) -> Head<'_> {
        Head {
            method: &Method::PUT,
            raw_target: b"/bucket/key",
            headers: &self.headers,
        }
    }

    fn key(&self) -> SigningKey {
        SigningKey::derive(&SecretKey::new("secret".to_owned()), &self.claim.scope)
    }

    /// Signs what the request says now, right or wrong.
    fn sign(&mut self) {
        let text = string_to_sign(&self.head(), &self.query, &self.claim);
        let signature = self.key().sign(&[text.as_bytes()]);
        self.claim.signature = signature.as_ref().try_into().unwrap();
    }

    fn verdict(&self) -> Result<(), SignatureError> {
        verify(
            &self.head(),
            &self.query,
            &self.claim,
            &self.key(),
            self.now,
            EXPECTED,
        )
        .map(drop)
    }

    fn unknown(&self) -> SignatureError {
        refuse_unknown_key(&self.head(), &self.query, &self.claim, self.now, EXPECTED)
    }
}

#[track_caller]
fn check(form: Form, spoil: impl FnOnce(&mut Request), expected: Result<(), SignatureError>) {
    let mut request = Request::new(form);
    spoil(&mut request);
    request.sign();
    assert_eq!(request.verdict(), expected);
}

#[track_caller]
fn check_both(spoil: impl Fn(&mut Request), expected: Result<(), SignatureError>) {
    check(Form::Header, &spoil, expected.clone());
    check(Form::Presigned, &spoil, expected);
}

fn unsigned(name: &str) -> Result<(), SignatureError> {
    Err(SignatureError::HeaderNotSigned(name.into()))
}

#[test]
fn a_right_request_verifies_and_says_what_was_presented() {
    let mut request = Request::new(Form::Header);
    request.sign();
    let verified = verify(
        &request.head(),
        &request.query,
        &request.claim,
        &request.key(),
        request.now,
        EXPECTED,
    );
    assert_eq!(verified.unwrap().presented(), &request.claim);
}

#[test]
fn t06_a_wrong_signature_or_key_is_refused() {
    let mut request = Request::new(Form::Header);
    request.sign();
    request.claim.signature[31] ^= 1;
    assert_eq!(request.verdict(), Err(SignatureError::Mismatch));
    request.claim.signature[31] ^= 1;
    assert_eq!(request.verdict(), Ok(()));
    let other = SigningKey::derive(&SecretKey::new("Secret".to_owned()), &request.claim.scope);
    let verdict = verify(
        &request.head(),
        &request.query,
        &request.claim,
        &other,
        request.now,
        EXPECTED,
    );
    assert_eq!(verdict, Err(SignatureError::Mismatch));
}

#[test]
fn t07_unsigned_amz_header() {
    for name in [
        "x-amz-copy-source",
        "x-amz-acl",
        "x-amz-tagging",
        "x-amz-object-lock-mode",
        "x-amz-bypass-governance-retention",
        "x-amz-meta-a",
        "x-amz-security-token",
        "x-amz-anything",
    ] {
        check_both(|request| request.header(name, "v"), unsigned(name));
    }
    check_both(
        |request| request.header("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        Ok(()),
    );
    check_both(|request| request.header("x-amzn-trace-id", "v"), Ok(()));
}

#[test]
fn t07_a_signed_amz_header_is_accepted() {
    let sign = |request: &mut Request| {
        request.header("x-amz-acl", "private");
        request.claim.signed_headers = "host;x-amz-acl;x-amz-date";
    };
    check(Form::Header, sign, Ok(()));
}

#[test]
fn content_md5_must_be_signed_in_header_form_alone() {
    let add = |request: &mut Request| request.header("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==");
    check(Form::Header, add, unsigned("content-md5"));
    check(Form::Presigned, add, Ok(()));
    check_both(
        |request| request.header("content-type", "text/plain"),
        Ok(()),
    );
}

#[test]
fn t08_host_must_be_signed() {
    check(
        Form::Header,
        |request| request.claim.signed_headers = "x-amz-date",
        unsigned("host"),
    );
    check(
        Form::Presigned,
        |request| request.claim.signed_headers = "range",
        unsigned("host"),
    );
}

#[test]
fn t08_a_signed_header_that_did_not_come_is_refused() {
    let absent = || Err(SignatureError::SignedHeaderAbsent("x-amz-acl".into()));
    check(
        Form::Header,
        |request| request.claim.signed_headers = "host;x-amz-acl;x-amz-date",
        absent(),
    );
    check(
        Form::Presigned,
        |request| request.claim.signed_headers = "host;x-amz-acl",
        absent(),
    );
}

#[test]
fn t08_single_valued_headers_sent_twice_are_refused() {
    for name in [
        "host",
        "authorization",
        "content-length",
        "content-md5",
        "date",
        "x-amz-acl",
        "x-amz-date",
    ] {
        let twice = |request: &mut Request| {
            request.headers.remove(name);
            request.header(name, "a");
            request.header(name, "a");
        };
        check_both(twice, Err(SignatureError::RepeatedHeader(name.into())));
    }
}

#[test]
fn lists_and_metadata_may_repeat() {
    let mut headers = HeaderMap::new();
    for name in [
        "x-amz-object-attributes",
        "x-amz-meta-a",
        "accept",
        "cache-control",
    ] {
        headers.append(name, HeaderValue::from_static("a"));
        headers.append(name, HeaderValue::from_static("b"));
    }
    assert_eq!(repeated_headers(&headers).next(), None);
    let repeat = |request: &mut Request| {
        request.header("x-amz-meta-a", "1");
        request.header("x-amz-meta-a", "2");
        request.claim.signed_headers = "host;x-amz-date;x-amz-meta-a";
    };
    check(Form::Header, repeat, Ok(()));
}

#[test]
fn t10_an_added_parameter_breaks_the_signature() {
    for form in [Form::Header, Form::Presigned] {
        let mut request = Request::new(form);
        request.sign();
        request.parameter("acl", "");
        assert_eq!(request.verdict(), Err(SignatureError::Mismatch));
    }
}

#[test]
fn a_parameter_that_contradicts_its_header_is_refused() {
    let contradict = |value: &'static str| {
        move |request: &mut Request| {
            request.header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
            request.parameter("X-Amz-Content-Sha256", value);
        }
    };
    check_both(contradict("UNSIGNED-PAYLOAD"), Ok(()));
    let refused = SignatureError::Contradiction("x-amz-content-sha256".into());
    check_both(contradict("unsigned-payload"), Err(refused));
}

#[test]
fn t11_clocks_may_differ_by_fifteen_minutes() {
    let at = |seconds, nanoseconds| {
        move |request: &mut Request| request.now += SignedDuration::new(seconds, nanoseconds)
    };
    let skewed = || Err(SignatureError::TimeTooSkewed);
    check(Form::Header, at(900, 0), Ok(()));
    check(Form::Header, at(-900, 0), Ok(()));
    check(Form::Header, at(900, 1), skewed());
    check(Form::Header, at(-900, -1), skewed());
}

#[test]
fn t11_a_presigned_url_lives_from_fifteen_minutes_before_to_its_last_second() {
    let at = |seconds, nanoseconds| {
        move |request: &mut Request| request.now += SignedDuration::new(seconds, nanoseconds)
    };
    check(Form::Presigned, at(-900, 0), Ok(()));
    check(
        Form::Presigned,
        at(-900, -1),
        Err(SignatureError::NotYetValid),
    );
    check(Form::Presigned, at(3600, 0), Ok(()));
    check(Form::Presigned, at(3600, 1), Err(SignatureError::Expired));
}

#[test]
fn t11_expiry_is_one_second_to_one_week() {
    for good in ["1", "604800", "007"] {
        check(
            Form::Presigned,
            |request| request.claim.expires = Some(good),
            Ok(()),
        );
    }
    for bad in [
        "0",
        "604801",
        "-1",
        "+1",
        "",
        " 1",
        "1.5",
        "1e3",
        "99999999999999999999",
        "一",
    ] {
        check(
            Form::Presigned,
            |request| request.claim.expires = Some(bad),
            Err(SignatureError::BadExpires),
        );
    }
}

#[test]
fn t11_the_scopes_date_is_the_requests() {
    for form in [Form::Header, Form::Presigned] {
        let wrong = Err(SignatureError::WrongScopeDate { form });
        check(
            form,
            |request| request.claim.scope.date = "20150831",
            wrong.clone(),
        );
        check(form, |request| request.claim.scope.date = "20150829", wrong);
    }
}

#[test]
fn t12_region_and_service_are_ours() {
    for form in [Form::Header, Form::Presigned] {
        check(
            form,
            |request| request.claim.scope.region = "us-east-1",
            Ok(()),
        );
        let region = SignatureError::WrongRegion {
            form,
            given: "us-west-2".into(),
            expected: "eu-central-1".into(),
        };
        check(
            form,
            |request| request.claim.scope.region = "us-west-2",
            Err(region),
        );
        let service = SignatureError::WrongService {
            form,
            given: "sts".into(),
        };
        check(
            form,
            |request| request.claim.scope.service = "sts",
            Err(service),
        );
    }
}

#[test]
fn t13_an_unknown_key_is_told_only_when_all_else_is_right() {
    let mut request = Request::new(Form::Header);
    request.sign();
    assert_eq!(request.unknown(), SignatureError::UnknownKey);
    request.header("x-amz-acl", "private");
    assert_eq!(Err(request.unknown()), request.verdict());
}

#[test]
fn t13_what_is_signed_with_the_decoy_is_an_unknown_key() {
    let mut request = Request::new(Form::Header);
    let text = string_to_sign(&request.head(), &request.query, &request.claim);
    let signature = SigningKey::decoy().sign(&[text.as_bytes()]);
    request.claim.signature = signature.as_ref().try_into().unwrap();
    assert_eq!(request.unknown(), SignatureError::UnknownKey);
}

#[test]
fn keys_print_as_stars() {
    assert_eq!(format!("{:?}", Request::new(Form::Header).key()), "***");
}

/// The example of AWS's manual for services other than S3, which do not say in a header what the body's digest is.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
#[test]
fn requests_of_other_services_are_signed_over_their_body() {
    use crate::sigv4::{presented, presented_over};
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
        ("host", "iam.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        ),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    let target = b"/?Action=ListUsers&Version=2010-05-08";
    let head = Head {
        method: &Method::GET,
        raw_target: target,
        headers: &headers,
    };
    let query = Query::parse(b"Action=ListUsers&Version=2010-05-08").unwrap();
    assert_eq!(
        presented(&head, &query),
        Err(SignatureError::MissingContentSha256)
    );
    let expected = Expected {
        regions: &["us-east-1"],
        service: "iam",
    };
    let secret = SecretKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into());
    let verified = |digest: &str| {
        let presented = presented_over(&head, &query, digest).unwrap().unwrap();
        let key = SigningKey::derive(&secret, &presented.scope);
        verify(
            &head,
            &query,
            &presented,
            &key,
            presented.timestamp,
            expected,
        )
        .map(|_| ())
    };
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(verified(empty), Ok(()));
    let other = empty.replace('e', "f");
    assert_eq!(verified(&other), Err(SignatureError::Mismatch));
    headers_count_for_nothing(&head, &query, empty);
}

/// What a header says of the digest is not believed.
fn headers_count_for_nothing(head: &Head<'_>, query: &Query, digest: &str) {
    use crate::sigv4::presented_over;
    let mut headers = head.headers.clone();
    headers.insert(
        "x-amz-content-sha256",
        HeaderValue::from_static("UNSIGNED-PAYLOAD"),
    );
    let head = Head {
        headers: &headers,
        ..*head
    };
    let presented = presented_over(&head, query, digest).unwrap().unwrap();
    assert_eq!(presented.payload, digest);
}
