use super::*;

#[track_caller]
fn check(head: &str, expected: &str) {
    let kept = blanked(head.as_bytes());
    assert_eq!(String::from_utf8_lossy(&kept), expected);
}

#[test]
fn t48_secrets_are_blanked_and_all_else_stays() {
    check(
        "GET /b/k?X-Amz-Credential=AK/1/r/s3/aws4_request&X-Amz-Signature=abcd&versionId=signature HTTP/1.1\r\n\r\n",
        "GET /b/k?X-Amz-Credential=AK/1/r/s3/aws4_request&X-Amz-Signature=0000&versionId=signature HTTP/1.1\r\n\r\n",
    );
    check(
        "GET /?x%2damz-security-token=ab%20c HTTP/1.1\r\nHost: h\r\nX-Amz-Security-Token: abc\r\n\r\n",
        "GET /?x%2damz-security-token=000000 HTTP/1.1\r\nHost: h\r\nX-Amz-Security-Token: 000\r\n\r\n",
    );
    check(
        "GET / HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AK/1/r/s3/aws4_request, SignedHeaders=host, Signature=abcd\r\n\r\n",
        "GET / HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AK/1/r/s3/aws4_request, SignedHeaders=host, Signature=0000\r\n\r\n",
    );
    check(
        "GET / HTTP/1.1\r\nauthorization: Basic abcd\r\ncookie: a=b\r\n c=d\r\nx-a: b\r\n\r\n",
        "GET / HTTP/1.1\r\nauthorization: 00000 0000\r\ncookie: 000\r\n 000\r\nx-a: b\r\n\r\n",
    );
    check(
        "GET / HTTP/1.1\r\nx-amz-server-side-encryption-customer-key: a+/=\r\nx-amz-server-side-encryption-customer-algorithm: AES256\r\n\r\n",
        "GET / HTTP/1.1\r\nx-amz-server-side-encryption-customer-key: 0000\r\nx-amz-server-side-encryption-customer-algorithm: AES256\r\n\r\n",
    );
}

#[test]
fn a_blanked_head_is_still_a_head() {
    let kept = blanked(b"PUT /b/k?a HTTP/1.1\r\nHost: h\r\nX-A:  b \r\n\r\n");
    let (method, target, headers) = parsed(&kept).unwrap();
    assert_eq!((method.as_str(), target), ("PUT", &b"/b/k?a"[..]));
    assert_eq!(headers["host"], "h");
    assert_eq!(headers["x-a"], "b");
}
