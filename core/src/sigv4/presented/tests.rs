use super::{Form, Presented, presented};
use crate::request::{Head, Parameter, Query};
use crate::sigv4::SignatureError;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

const CREDENTIAL: &str = "AKID/20150830/us-east-1/s3/aws4_request";
const SIGNATURE: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&str, &str)| {
        (
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        )
    };
    let mut headers = HeaderMap::new();
    lines.iter().map(line).for_each(|(name, value)| {
        headers.append(name, value);
    });
    headers
}

fn query(parameters: &[(&str, &str)]) -> Query {
    let parameter = |(name, value): &(&str, &str)| Parameter {
        name: (*name).into(),
        value: Some((*value).into()),
    };
    Query(parameters.iter().map(parameter).collect())
}

fn read<T>(
    lines: &[(&str, &str)],
    parameters: &[(&str, &str)],
    then: impl FnOnce(Result<Option<Presented<'_>>, SignatureError>) -> T,
) -> T {
    let (headers, query) = (headers(lines), query(parameters));
    let head = Head {
        method: &Method::GET,
        raw_target: b"/",
        headers: &headers,
    };
    then(presented(&head, &query))
}

#[track_caller]
fn check_authorization(value: &str, expected: Result<&str, SignatureError>) {
    let lines = [
        ("authorization", value),
        ("x-amz-date", "20150830T123600Z"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
    ];
    let access_key = |read: Result<Option<Presented<'_>>, _>| {
        read.map(|claim| claim.unwrap().access_key.to_owned())
    };
    assert_eq!(
        read(&lines, &[], access_key),
        expected.map(str::to_owned),
        "{value}"
    );
}

fn authorization() -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"
    )
}

fn malformed(form: Form, what: &'static str) -> SignatureError {
    SignatureError::Malformed { form, what }
}

#[test]
fn clients_write_the_list_with_and_without_spaces() {
    let value = authorization();
    check_authorization(&value, Ok("AKID"));
    check_authorization(&value.replace(", ", ","), Ok("AKID"));
    check_authorization(&value.replace(", ", " ,\t"), Ok("AKID"));
    check_authorization(&value.replace("SHA256 ", "SHA256   "), Ok("AKID"));
    check_authorization(&value.replace("AKID/", "AK/ID/"), Ok("AK/ID"));
}

#[test]
fn malformed_parts_are_refused() {
    let value = authorization();
    let cases = [
        (
            value.replace("Credential=", "credential="),
            "an unknown part",
        ),
        (
            value.replace("Credential", "Signature"),
            "a part came twice",
        ),
        (
            value.replace("Credential=", "Credential"),
            "a part without `=`",
        ),
        (format!("{value},"), "a part without `=`"),
        (
            value.replace(", Signature=", "&"),
            "the signature is missing",
        ),
        (
            value.replace("aws4_request", "aws5_request"),
            "the credential",
        ),
        (value.replace("AKID/", "/"), "the credential"),
        (value.replace("AKID/", ""), "the credential"),
        (value.replace("20150830/", "2015083/"), "the credential"),
        (value.replace("20150830/", "2015083x/"), "the credential"),
        (
            value.replace("host;", "host;;"),
            "the list of signed headers",
        ),
        (
            value.replace("host;", "Host;"),
            "the list of signed headers",
        ),
        (
            value.replace("host;", "x-amz-date;host;"),
            "the list of signed headers",
        ),
        (
            value.replace("host;", "ho st;"),
            "the list of signed headers",
        ),
        (value.replace("5fa0", "5fA0"), "the signature"),
        (value.replace("5fa0", "5fg0"), "the signature"),
        (value.replace("5fa0", "5fa"), "the signature"),
        (value.replace("5fa0", "5fa00"), "the signature"),
        ("AWS4-HMAC-SHA256".to_owned(), "a part without `=`"),
    ];
    for (value, what) in cases {
        check_authorization(&value, Err(malformed(Form::Header, what)));
    }
}

#[test]
fn other_schemes_are_refused_by_name() {
    check_authorization("AWS AKID:c2ln", Err(SignatureError::Version2));
    check_authorization("Bearer abc", Err(SignatureError::UnknownScheme));
    check_authorization("", Err(SignatureError::UnknownScheme));
    check_authorization(
        "aws4-hmac-sha256 Credential=x",
        Err(SignatureError::UnknownScheme),
    );
    check_authorization(
        &authorization().replace("HMAC", "ECDSA-P256"),
        Err(SignatureError::Asymmetric),
    );
}

#[test]
fn a_request_without_authentication_is_anonymous() {
    let anonymous = |parameters: &[(&str, &str)]| read(&[], parameters, |claim| claim == Ok(None));
    assert!(anonymous(&[("versionId", "1"), ("x-id", "GetObject")]));
    assert!(anonymous(&[("x-amz-acl", "private")]));
}

#[test]
fn the_date_header_serves_only_without_x_amz_date() {
    let value = authorization();
    let base = [
        ("authorization", value.as_str()),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
    ];
    let time = |more: &[(&str, &str)]| {
        let lines: Vec<_> = base.iter().chain(more).copied().collect();
        read(&lines, &[], |claim| {
            claim.map(|claim| claim.unwrap().timestamp.to_string())
        })
    };
    let http = ("date", "Sun, 30 Aug 2015 12:36:00 GMT");
    assert_eq!(time(&[http]), Ok("2015-08-30T12:36:00Z".to_owned()));
    assert_eq!(
        time(&[http, ("x-amz-date", "20150830T123700Z")]),
        Ok("2015-08-30T12:37:00Z".to_owned())
    );
    assert_eq!(
        time(&[http, ("x-amz-date", "yesterday")]),
        Err(SignatureError::MissingDate)
    );
    assert_eq!(time(&[]), Err(SignatureError::MissingDate));
}

#[test]
fn header_authentication_needs_the_payloads_hash() {
    let value = authorization();
    let lines = [
        ("authorization", value.as_str()),
        ("x-amz-date", "20150830T123600Z"),
    ];
    read(&lines, &[], |claim| {
        assert_eq!(claim, Err(SignatureError::MissingContentSha256))
    });
}

fn presigned() -> Vec<(&'static str, &'static str)> {
    vec![
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", CREDENTIAL),
        ("X-Amz-Date", "20150830T123600Z"),
        ("X-Amz-Expires", "3600"),
        ("X-Amz-SignedHeaders", "host"),
        ("X-Amz-Signature", SIGNATURE),
    ]
}

#[test]
fn a_presigned_url_is_read() {
    read(&[], &presigned(), |claim| {
        let claim = claim.unwrap().unwrap();
        assert_eq!(
            (claim.form, claim.access_key, claim.expires),
            (Form::Presigned, "AKID", Some("3600"))
        );
        assert_eq!(claim.payload, "UNSIGNED-PAYLOAD");
    });
}

#[test]
fn a_presigned_url_without_any_one_part_is_refused() {
    for left_out in 0..6 {
        let mut parameters = presigned();
        parameters.remove(left_out);
        read(&[], &parameters, |claim| {
            assert_eq!(
                claim,
                Err(malformed(Form::Presigned, "a parameter is missing")),
                "{left_out}"
            );
        });
    }
}

#[test]
fn a_presigned_url_takes_its_payload_from_the_query_then_from_a_signed_header() {
    let name = "x-amz-content-sha256";
    let payload = |lines: &[(&str, &str)], parameters: &[(&str, &str)]| {
        read(lines, parameters, |claim| {
            claim.unwrap().unwrap().payload.to_owned()
        })
    };
    let mut in_query = presigned();
    in_query.push(("X-Amz-Content-Sha256", "q"));
    assert_eq!(payload(&[(name, "h")], &in_query), "q");
    let mut signed = presigned();
    signed[4].1 = "host;x-amz-content-sha256";
    assert_eq!(payload(&[(name, "h")], &signed), "h");
    assert_eq!(payload(&[(name, "h")], &presigned()), "UNSIGNED-PAYLOAD");
}

#[test]
fn version_2_and_asymmetric_urls_are_refused_by_name() {
    let version_2 = [
        ("AWSAccessKeyId", "AKID"),
        ("Expires", "1"),
        ("Signature", "c2ln"),
    ];
    read(&[], &version_2, |claim| {
        assert_eq!(claim, Err(SignatureError::Version2))
    });
    let mut asymmetric = presigned();
    asymmetric[0].1 = "AWS4-ECDSA-P256-SHA256";
    read(&[], &asymmetric, |claim| {
        assert_eq!(claim, Err(SignatureError::Asymmetric))
    });
    let mut unknown = presigned();
    unknown[0].1 = "AWS4-HMAC-SHA1";
    read(&[], &unknown, |claim| {
        assert_eq!(claim, Err(malformed(Form::Presigned, "the algorithm")))
    });
}

#[test]
fn t09_two_authentications_are_refused() {
    let value = authorization();
    let header = [
        ("authorization", value.as_str()),
        ("x-amz-date", "20150830T123600Z"),
    ];
    let several = |claim: Result<Option<Presented<'_>>, _>| {
        assert_eq!(claim, Err(SignatureError::SeveralMechanisms))
    };
    read(&header, &presigned(), several);
    read(&header, &[("X-Amz-Signature", SIGNATURE)], several);
    read(&header, &[("Signature", "c2ln")], several);
    read(&[header[0], header[0]], &[], several);
    read(&[header[0], ("authorization", "")], &[], several);
}

#[test]
fn t10_repeated_parameters_and_case_variants_are_refused() {
    let repeated = |parameters: &[(&str, &str)]| {
        read(&[], parameters, |claim| {
            matches!(claim, Err(SignatureError::RepeatedParameter(_)))
        })
    };
    for (name, value) in presigned() {
        for other in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            let mut parameters = presigned();
            parameters.push((&other, value));
            assert!(repeated(&parameters), "{other}");
        }
    }
    assert!(repeated(&[
        ("x-amz-acl", "private"),
        ("X-Amz-Acl", "public-read")
    ]));
    assert!(!repeated(&[("prefix", "a"), ("prefix", "b")]));
    for position in 0..6 {
        let mut parameters = presigned();
        let variant = parameters[position].0.to_lowercase();
        parameters[position].0 = &variant;
        let what = "a parameter's name is in the wrong letter case";
        read(&[], &parameters, |claim| {
            assert_eq!(claim, Err(malformed(Form::Presigned, what)), "{variant}")
        });
    }
}
