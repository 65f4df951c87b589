use super::*;
use crate::sigv4::Form;
use jiff::Timestamp;

#[track_caller]
fn check(error: impl Into<StsError>, code: Code, part: &str) {
    let error: StsError = error.into();
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.contains(part), "{error}");
}

#[test]
fn signatures_are_refused_with_awss_codes() {
    let form = Form::Header;
    let wrong_region = SignatureError::WrongRegion {
        form,
        given: "x".into(),
        expected: "eu-west-1".into(),
    };
    let wrong_service = SignatureError::WrongService {
        form,
        given: "s3".into(),
    };
    let malformed = SignatureError::Malformed {
        form,
        what: "the credential",
    };
    for (error, code, part) in [
        (
            SignatureError::UnknownKey,
            Code::InvalidClientTokenId,
            "is invalid",
        ),
        (
            SignatureError::Mismatch,
            Code::SignatureDoesNotMatch,
            "does not match",
        ),
        (
            SignatureError::SignedHeaderAbsent("a".into()),
            Code::SignatureDoesNotMatch,
            "does not match",
        ),
        (wrong_region, Code::SignatureDoesNotMatch, "'eu-west-1'"),
        (wrong_service, Code::SignatureDoesNotMatch, "'sts'"),
        (
            SignatureError::WrongScopeDate { form },
            Code::SignatureDoesNotMatch,
            "Date",
        ),
        (
            SignatureError::HeaderNotSigned("host".into()),
            Code::SignatureDoesNotMatch,
            "'host'",
        ),
        (
            SignatureError::TimeTooSkewed,
            Code::SignatureDoesNotMatch,
            "15 minutes",
        ),
        (
            SignatureError::NotYetValid,
            Code::SignatureDoesNotMatch,
            "not yet",
        ),
        (SignatureError::Expired, Code::RequestExpired, "expired"),
        (
            SignatureError::Version2,
            Code::IncompleteSignature,
            "AWS4-HMAC-SHA256",
        ),
        (
            SignatureError::Asymmetric,
            Code::IncompleteSignature,
            "AWS4-HMAC-SHA256",
        ),
        (
            SignatureError::UnknownScheme,
            Code::IncompleteSignature,
            "AWS4-HMAC-SHA256",
        ),
        (
            SignatureError::SeveralMechanisms,
            Code::IncompleteSignature,
            "More than one",
        ),
        (malformed, Code::IncompleteSignature, "the credential"),
        (
            SignatureError::MissingDate,
            Code::IncompleteSignature,
            "X-Amz-Date",
        ),
        (
            SignatureError::BadExpires,
            Code::IncompleteSignature,
            "604800",
        ),
        (
            SignatureError::RepeatedHeader("host".into()),
            Code::IncompleteSignature,
            "twice",
        ),
        (
            SignatureError::RepeatedParameter("a".into()),
            Code::IncompleteSignature,
            "twice",
        ),
    ] {
        check(&error, code, part);
    }
}

#[test]
fn t13_whatever_is_wrong_with_a_token_the_client_hears_of_its_end_alone() {
    let end = Timestamp::UNIX_EPOCH;
    check(&TokenError::Expired(end), Code::ExpiredToken, "is expired");
    let unknown = StsError::from(&SignatureError::UnknownKey);
    for error in [
        TokenError::Malformed,
        TokenError::Truncated,
        TokenError::UnknownVersion(7),
        TokenError::UnknownKey,
        TokenError::Tampered,
        TokenError::Moved,
    ] {
        assert_eq!(StsError::from(&error), unknown, "{error:?}");
    }
    for error in [
        BadSession::HolderGone("r".into()),
        BadSession::PolicyGone("p".into()),
    ] {
        assert_eq!(StsError::from(&error), unknown, "{error:?}");
    }
}

#[test]
fn a_call_that_cannot_be_judged() {
    check(no_signature(), Code::MissingAuthenticationToken, "missing");
    check(no_keys(), Code::IDPCommunicationError, "keys");
}
