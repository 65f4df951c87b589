use super::ErrorCode;
use http::StatusCode;

#[test]
fn rows_are_in_order_and_unique() {
    let names: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.name()).collect();
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
}

#[test]
fn every_code_is_an_error_and_is_found_again() {
    for code in ErrorCode::ALL {
        assert!(code.status() >= StatusCode::MULTIPLE_CHOICES, "{code}");
        assert!(!code.message().is_empty(), "{code}");
        assert_eq!(ErrorCode::parse(code.name()), Some(*code));
    }
    assert_eq!(ErrorCode::parse("accessdenied"), None);
}

#[track_caller]
fn check(code: ErrorCode, status: u16) {
    assert_eq!(code.status().as_u16(), status, "{code}");
}

#[test]
fn statuses_are_those_of_aws() {
    check(ErrorCode::AccessDenied, 403);
    check(ErrorCode::NoSuchKey, 404);
    check(ErrorCode::MethodNotAllowed, 405);
    check(ErrorCode::BucketNotEmpty, 409);
    check(ErrorCode::MissingContentLength, 411);
    check(ErrorCode::PreconditionFailed, 412);
    check(ErrorCode::InvalidRange, 416);
    check(ErrorCode::InternalError, 500);
    check(ErrorCode::NotImplemented, 501);
    check(ErrorCode::SlowDown, 503);
    check(ErrorCode::ExpiredToken, 400);
    check(ErrorCode::RequestTimeTooSkewed, 403);
    check(ErrorCode::PermanentRedirect, 301);
    check(ErrorCode::RequestHeaderSectionTooLarge, 400);
}
