//! Whatever an upstream says or does: the client sees an S3 error or a cut connection, never a complete lie.

use super::client::Answer;
use super::origin::{Script, answer, error};
use super::request::{OWNER, Request};
use super::stand::{Ended, Setup};
use tokio::net::TcpListener;

/// What an upstream says of itself, and no client may read.
const NAMES: &[&str] = &[
    "UPSTREAM",
    "Upstream",
    "upstream",
    "127.0.0.1",
    "StringToSign",
    "elsewhere",
];

#[track_caller]
pub(crate) fn names_nothing(answer: &Answer) {
    let text = format!("{answer:?}");
    for name in NAMES {
        assert!(!text.contains(name), "{name}: {text}");
    }
}

async fn ask(script: Script, request: Request) -> (Answer, Ended) {
    let stand = Setup::default()
        .upstream("timeouts: { read: 300ms, connect: 300ms }")
        .start()
        .await;
    stand.origin.will(script);
    let answer = stand.ask(&request).await;
    (answer, stand.end().await)
}

pub(crate) fn requests() -> [Request; 3] {
    [
        Request::get("/lake-1/key").signed_by(OWNER),
        Request::new("HEAD", "/lake-1/key").signed_by(OWNER),
        Request::put("/lake-1/key", "hello").signed_by(OWNER),
    ]
}

/// For GET, HEAD and PUT: the client is told `status` and `code`, nothing of the upstream's, and the record says
/// what went wrong.
async fn check_fault(script: impl Fn() -> Script, status: u16, code: &str, kind: &str) {
    for request in requests() {
        let (answer, ended) = ask(script(), request.clone()).await;
        let method = request.method();
        assert_eq!(answer.status, status, "{method} {answer:?}");
        let expected = if method == "HEAD" { "" } else { code };
        assert_eq!(answer.code(), expected, "{method} {answer:?}");
        names_nothing(&answer);
        ended.recorded(&answer, status, code);
        let record = ended.record();
        assert_eq!(record["ending"], "upstream_failed", "{record:#}");
        assert_eq!(record["upstream"]["error"], kind, "{record:#}");
        ended.seen();
    }
}

#[tokio::test]
async fn t43_our_own_keys_trouble_is_not_the_clients() {
    for (status, code, becomes) in [
        ("403 Forbidden", "AccessDenied", (500, "InternalError")),
        (
            "403 Forbidden",
            "SignatureDoesNotMatch",
            (500, "InternalError"),
        ),
        (
            "403 Forbidden",
            "InvalidAccessKeyId",
            (500, "InternalError"),
        ),
        (
            "403 Forbidden",
            "RequestTimeTooSkewed",
            (503, "ServiceUnavailable"),
        ),
        (
            "400 Bad Request",
            "ExpiredToken",
            (503, "ServiceUnavailable"),
        ),
        (
            "400 Bad Request",
            "AuthorizationHeaderMalformed",
            (500, "InternalError"),
        ),
        ("400 Bad Request", "InvalidToken", (500, "InternalError")),
        (
            "301 Moved Permanently",
            "PermanentRedirect",
            (500, "InternalError"),
        ),
        (
            "307 Temporary Redirect",
            "TemporaryRedirect",
            (500, "InternalError"),
        ),
    ] {
        for method in ["GET", "PUT"] {
            let request = Request::new(method, "/lake-1/key")
                .body("")
                .signed_by(OWNER);
            let (answer, ended) = ask(Script::say(error(status, code)), request).await;
            assert_eq!(
                (answer.status, &*answer.code()),
                becomes,
                "{code} {answer:?}"
            );
            names_nothing(&answer);
            ended.recorded(&answer, becomes.0, becomes.1);
            assert_eq!(ended.record()["upstream"]["error"], "credentials");
            assert_eq!(
                ended.record()["upstream"]["request_id"],
                "UPSTREAMREQUESTID"
            );
        }
    }
}

#[tokio::test]
async fn t43_our_own_keys_trouble_on_head() {
    for status in ["403 Forbidden", "401 Unauthorized", "301 Moved Permanently"] {
        let head = Request::new("HEAD", "/lake-1/key").signed_by(OWNER);
        let script = Script::say(format!("HTTP/1.1 {status}\r\nContent-Length: 300\r\n\r\n"));
        let (answer, ended) = ask(script, head).await;
        assert_eq!((answer.status, &*answer.text()), (500, ""), "{answer:?}");
        ended.recorded(&answer, 500, "InternalError");
    }
}

#[tokio::test]
async fn t43_redirects_are_not_followed() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!(
        "Location: http://{}/elsewhere\r\n",
        other.local_addr().unwrap()
    );
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let script = || Script::say(answer(status, &location, ""));
        check_fault(script, 500, "InternalError", "credentials").await;
    }
    let nobody = tokio::time::timeout(std::time::Duration::ZERO, other.accept()).await;
    assert!(nobody.is_err(), "the redirect was followed");
}

#[tokio::test]
async fn t43_no_answer_at_all() {
    // A new connection, closed or reset before a word was said.
    check_fault(
        || Script::say("").close(),
        503,
        "ServiceUnavailable",
        "closed",
    )
    .await;
    check_fault(
        || Script::say("").reset(),
        503,
        "ServiceUnavailable",
        "closed",
    )
    .await;
    check_fault(
        || Script::say("HTTP/1.1 200 OK\r\nConte").close(),
        503,
        "ServiceUnavailable",
        "closed",
    )
    .await;
}

#[tokio::test]
async fn t43_a_stalled_answer_is_given_up() {
    check_fault(
        || Script::say("").hang(),
        503,
        "ServiceUnavailable",
        "timeout",
    )
    .await;
    check_fault(
        || Script::say("HTTP/1.1 200 OK\r\n").hang(),
        503,
        "ServiceUnavailable",
        "timeout",
    )
    .await;
}

#[tokio::test]
async fn t43_answers_that_are_not_http() {
    for said in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 two hundred\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: 0\r\n\r\n\u{0}",
    ] {
        for request in requests() {
            let (answer, ended) = ask(Script::say(said).close(), request).await;
            if said.contains("Bad Name") && answer.status == 200 {
                // The parser leaves such a line out.
                assert!(answer.header("bad name").is_none(), "{answer:?}");
                continue;
            }
            assert_eq!(answer.status, 503, "{said:?} {answer:?}");
            ended.recorded(&answer, 503, "ServiceUnavailable");
        }
    }
}

#[tokio::test]
async fn t43_a_head_without_end() {
    let endless = format!(
        "HTTP/1.1 200 OK\r\nx-amz-meta-a: {}\r\n\r\n",
        "a".repeat(2_000_000)
    );
    let (answer, ended) = ask(Script::say(endless).close(), requests()[0].clone()).await;
    assert_eq!(answer.status, 503);
    ended.recorded(&answer, 503, "ServiceUnavailable");
}

#[tokio::test]
async fn t43_interim_answers_are_skipped_and_a_flood_of_them_is_not() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </upstream>\r\n\r\n";
    let last = String::from_utf8(answer("200 OK", "", "hello")).unwrap();
    let some = interim.repeat(3) + &last;
    let (answer, _) = ask(Script::say(some), requests()[0].clone()).await;
    assert_eq!(
        (answer.status, &*answer.text()),
        (200, "hello"),
        "{answer:?}"
    );
    let flood = interim.repeat(1000) + &last;
    check_fault(
        || Script::say(&flood),
        503,
        "ServiceUnavailable",
        "malformed",
    )
    .await;
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n";
    let (answer, _) = ask(Script::say(switch).close(), requests()[0].clone()).await;
    assert_eq!(answer.status, 503, "{answer:?}");
}

#[tokio::test]
async fn t43_a_truncated_answer_is_seen_as_truncated() {
    for said in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99/200\r\nContent-Length: 100\r\n\r\nhello",
    ] {
        for script in [Script::say(said).close(), Script::say(said).hang()] {
            let (answer, ended) = ask(script, requests()[0].clone()).await;
            assert!(!answer.whole, "{said:?} {answer:?}");
            assert_eq!(answer.text(), "hello");
            let record = ended.record();
            assert_eq!(record["ending"], "upstream_failed", "{record:#}");
            assert_eq!(
                record["http_status"].as_u64().unwrap(),
                u64::from(answer.status)
            );
        }
    }
}

#[tokio::test]
async fn t43_both_lengths_are_one_reading_for_all() {
    let said = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let (answer, _) = ask(Script::say(said), requests()[0].clone()).await;
    assert_eq!(
        (answer.header("content-length"), &*answer.text()),
        (None, "hello")
    );
}

#[tokio::test]
async fn t43_an_error_page_that_is_not_s3s_is_not_shown() {
    for status in [
        "502 Bad Gateway",
        "500 Internal Server Error",
        "404 Not Found",
        "400 Bad Request",
        "413 Too Large",
    ] {
        let page = "<html><body>upstream nginx at 127.0.0.1</body></html>";
        let script = Script::say(answer(status, "Content-Type: text/html\r\n", page));
        let (answer, ended) = ask(script, requests()[0].clone()).await;
        names_nothing(&answer);
        assert!(
            answer.header("content-type") != Some("text/html"),
            "{answer:?}"
        );
        assert_eq!(
            answer.element("RequestId"),
            answer.header("x-amz-request-id").unwrap()
        );
        ended.recorded(&answer, answer.status, &answer.code());
    }
}

#[tokio::test]
async fn t43_header_values_that_would_be_two_lines() {
    for fields in [
        "x-amz-meta-a: a\r\n Set-Cookie: b\r\n",
        "x-amz-meta-a: a\r\n\tSet-Cookie: b\r\n",
        "x-amz-meta-a: a\rSet-Cookie: b\r\n",
        "x-amz-meta-a: a\0b\r\n",
        " x-amz-meta-a: b\r\n",
    ] {
        let said = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 5\r\n\r\nhello");
        let (answer, _) = ask(Script::say(said).close(), requests()[0].clone()).await;
        let lines = answer.head.trim_end().split("\r\n");
        for line in lines {
            let plain = |c: char| !c.is_control() || c == '\t';
            assert!(
                line.chars().all(plain) && !line.starts_with([' ', '\t']),
                "{fields:?} {answer:?}"
            );
            assert!(!line.starts_with("Set-Cookie"), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn t43_transfer_codings_that_are_not_chunked_alone() {
    for coding in [
        "gzip",
        "identity",
        "chunked, identity",
        "gzip, chunked",
        "chunked, chunked",
        "x\r\nTransfer-Encoding: chunked",
    ] {
        let said = format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        );
        check_fault(
            || Script::say(&said).close(),
            503,
            "ServiceUnavailable",
            "malformed",
        )
        .await;
    }
    let old = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    check_fault(
        || Script::say(old).close(),
        503,
        "ServiceUnavailable",
        "malformed",
    )
    .await;
}
