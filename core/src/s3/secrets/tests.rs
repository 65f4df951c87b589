use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(masked(text), expected);
}

#[test]
fn a_text_without_secrets_stays_as_it_is() {
    for text in [
        "",
        "curl/8.5",
        "https://a.example/?x=1&y=2",
        "a@b",
        "prefix=2026/",
    ] {
        check(text, text);
    }
}

#[test]
fn t48_credentials_in_a_url_within_a_text_are_masked() {
    check(
        "https://a.example/k?X-Amz-Signature=abc&x=1#x-amz-security-token=t",
        "https://a.example/k?X-Amz-Signature=***&x=1#x-amz-security-token=***",
    );
    check(
        "https://a/?X%2DAmz%2DSignature=abc",
        "https://a/?X%2DAmz%2DSignature=***",
    );
    check(
        "seen https://me:secret@a.example/b",
        "seen https://***@a.example/b",
    );
    check(
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=abc",
        "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=***",
    );
}
