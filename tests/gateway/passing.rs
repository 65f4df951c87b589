//! What passes unchanged, and what does not, of answers that are the client's.

use super::client::Answer;
use super::origin::{Gate, Script, answer};
use super::request::{CLERK, OWNER, Request, base64, sha256};
use super::stand::{Ended, Setup, Stand};

async fn ask(said: impl AsRef<[u8]>, request: &Request) -> (Answer, Ended) {
    let stand = Stand::start().await;
    stand.origin.will(Script::say(said).close());
    let answer = stand.ask(request).await;
    (answer, stand.end().await)
}

fn get() -> Request {
    Request::get("/lake-1/key")
}

#[tokio::test]
async fn ranges_pass_both_ways() {
    let headers = "Content-Range: bytes 2-4/10\r\nAccept-Ranges: bytes\r\nETag: \"e\"\r\n";
    let request = get().header("Range", "bytes=2-4").signed_by(OWNER);
    let (answer, ended) = ask(answer("206 Partial Content", headers, "llo"), &request).await;
    assert_eq!((answer.status, &*answer.text()), (206, "llo"));
    assert_eq!(answer.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(ended.seen().header("range"), Some("bytes=2-4"));
    let record = ended.record();
    assert_eq!(
        (&record["bytes_sent"], &record["object_size"]),
        (&3.into(), &10.into())
    );
}

#[tokio::test]
async fn a_part_of_an_object_is_a_range_of_it() {
    let headers = "Content-Range: bytes 0-2/10\r\nx-amz-mp-parts-count: 4\r\n";
    let request = Request::get("/lake-1/key?partNumber=1").signed_by(OWNER);
    let (answer, ended) = ask(answer("206 Partial Content", headers, "hel"), &request).await;
    assert_eq!((answer.status, &*answer.text()), (206, "hel"));
    assert_eq!(answer.header("x-amz-mp-parts-count"), Some("4"));
    let line = ended.seen().line();
    assert!(line.starts_with("GET /lake-1/key?partNumber=1 "), "{line}");
}

/// `response-*` choose headers of the answer. The upstream sets them, since the query is signed anew with them in it.
#[tokio::test]
async fn t42_response_overrides_pass_when_they_are_signed() {
    let target = "/lake-1/key?response-cache-control=no-store&response-content-disposition=attachment%3B%20filename%3Da%22b";
    let said = "Cache-Control: no-store\r\nContent-Disposition: attachment; filename=a\"b\r\n";
    for request in [
        Request::get(target).signed_by(OWNER),
        Request::get(target).presigned_by(OWNER),
    ] {
        let (answer, ended) = ask(answer("200 OK", said, "hello"), &request).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(
            answer.header("content-disposition"),
            Some("attachment; filename=a\"b")
        );
        let line = ended.seen().line();
        assert_eq!(line, format!("GET {target} HTTP/1.1"));
    }
}

#[tokio::test]
async fn t42_response_overrides_are_refused_unsigned_or_with_a_line_break() {
    let public = r#"{ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake-1/*" } ] }"#;
    let (plain, split) = (
        "response-expires=x",
        "response-expires=x%0D%0ASet-Cookie:%20a",
    );
    for (request, status, code) in [
        (Request::get("/lake-1/key"), 200, ""),
        (
            Request::get(&format!("/lake-1/key?{plain}")),
            400,
            "InvalidRequest",
        ),
        (
            Request::get(&format!("/lake-1/key?{split}")).signed_by(OWNER),
            400,
            "InvalidArgument",
        ),
    ] {
        let stand = Setup::default().policy("lake-1", public).start().await;
        let answer = stand.ask(&request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        let ended = stand.end().await;
        if status != 200 {
            ended.refused(&answer, status, code);
        }
    }
}

#[tokio::test]
async fn checksums_are_shown_to_who_asks() {
    for method in ["GET", "HEAD"] {
        let headers =
            "x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\nx-amz-checksum-type: FULL_OBJECT\r\n";
        let body = if method == "GET" { "hello" } else { "" };
        let request = Request::new(method, "/lake-1/key").header("x-amz-checksum-mode", "ENABLED");
        let (answer, ended) = ask(answer("200 OK", headers, body), &request.signed_by(OWNER)).await;
        assert_eq!(
            answer.header("x-amz-checksum-crc64nvme"),
            Some("AAAAAAAAAAA=")
        );
        assert_eq!(answer.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
        assert_eq!(ended.seen().header("x-amz-checksum-mode"), Some("ENABLED"));
    }
}

#[tokio::test]
async fn a_range_beyond_the_end_is_the_clients_error() {
    let said = super::origin::error("416 Requested Range Not Satisfiable", "InvalidRange");
    let (answer, ended) = ask(said, &get().header("Range", "bytes=99-").signed_by(OWNER)).await;
    ended.recorded(&answer, 416, "InvalidRange");
}

#[tokio::test]
async fn not_modified_has_no_body() {
    let stand = Stand::start().await;
    let mut client = stand.connect().await;
    for _ in 0..2 {
        stand.origin.will(Script::say(
            "HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\nLast-Modified: x\r\n\r\n",
        ));
        let request = get().header("If-None-Match", "\"e\"").signed_by(OWNER);
        client.send(&request.bytes()).await;
        let answer = client.answer("GET").await;
        assert_eq!(
            (answer.status, answer.header("etag")),
            (304, Some("\"e\"")),
            "{answer:?}"
        );
        assert_eq!(answer.header("connection"), Some("keep-alive"));
        assert_eq!(answer.header("transfer-encoding"), None);
    }
    let ended = stand.end().await;
    assert_eq!(ended.origin.seen[0].header("if-none-match"), Some("\"e\""));
    assert_eq!(ended.origin.opened, 1);
}

#[tokio::test]
async fn head_keeps_the_length() {
    let said = "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nETag: \"e\"\r\n\r\n";
    let head = Request::new("HEAD", "/lake-1/key").signed_by(OWNER);
    let (answer, ended) = ask(said, &head).await;
    assert_eq!(
        (answer.status, answer.header("content-length")),
        (200, Some("12345"))
    );
    assert_eq!(ended.record()["object_size"], 12345);
}

#[tokio::test]
async fn deletes_answer_without_body() {
    let said = "HTTP/1.1 204 No Content\r\nx-amz-delete-marker: true\r\n\r\n";
    let delete = Request::new("DELETE", "/lake-1/key").signed_by(OWNER);
    let (answer, _) = ask(said, &delete).await;
    assert_eq!(
        (answer.status, answer.header("x-amz-delete-marker")),
        (204, Some("true"))
    );
    assert_eq!(answer.header("transfer-encoding"), None, "{answer:?}");
}

#[tokio::test]
async fn bodies_without_length_come_in_chunks() {
    for said in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello world",
        "HTTP/1.0 200 OK\r\n\r\nhello world",
    ] {
        let (answer, ended) = ask(said, &get().signed_by(OWNER)).await;
        assert!(answer.whole, "{answer:?}");
        assert_eq!(answer.text(), "hello world");
        assert_eq!(answer.all("transfer-encoding"), ["chunked"]);
        assert_eq!(ended.record()["bytes_sent"], 11, "{said:?}");
    }
}

#[tokio::test]
async fn chunks_may_be_cut_anywhere() {
    let said = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let body = said.find("\r\n\r\n").unwrap() + 4;
    for at in body..said.len() {
        let stand = Stand::start().await;
        let gate = Gate::new();
        let (first, rest) = said.split_at(at);
        stand.origin.will(Script::say(first).wait(&gate).then(rest));
        let mut client = stand.connect().await;
        client.send(&get().signed_by(OWNER).bytes()).await;
        // The head is passed on before the rest of the body is there.
        let head = client.head().await;
        gate.open();
        let answer = client.rest("GET", head).await;
        assert_eq!(
            (answer.whole, &*answer.text()),
            (true, "hello world"),
            "{at}"
        );
        stand.end().await;
    }
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_no_chunks() {
    for said in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\n\r\nhello",
    ] {
        for connection in ["keep-alive", "close"] {
            let request = get().version("HTTP/1.0").header("Connection", connection);
            let (answer, ended) = ask(said, &request.signed_by(OWNER)).await;
            assert_eq!(
                (answer.status, &*answer.text()),
                (200, "hello"),
                "{answer:?}"
            );
            assert_eq!(answer.header("transfer-encoding"), None, "{answer:?}");
            let kept = connection == "keep-alive" && answer.header("content-length").is_some();
            let expected = if kept { "keep-alive" } else { "close" };
            assert_eq!(answer.header("connection"), Some(expected), "{said:?}");
            assert_eq!(ended.record()["request_uri"], "GET /lake-1/key HTTP/1.0");
        }
    }
}

#[tokio::test]
async fn names_values_and_repetitions_of_headers_are_kept() {
    let headers = "ETag: \"e\"\r\nX-Amz-Meta-CaSe: a,  b ;c=\"d\"\r\nx-amz-meta-utf: \u{20ac}\r\n\
                   Cache-Control: no-cache\r\nCache-Control: max-age=0\r\nx-amz-meta-empty:\r\n\
                   Content-Disposition: attachment; filename=\"a b.txt\"\r\nx-new-header: kept\r\n";
    let (answer, _) = ask(answer("200 OK", headers, "hello"), &get().signed_by(OWNER)).await;
    for line in [
        "\r\nETag: \"e\"\r\n",
        "\r\nX-Amz-Meta-CaSe: a,  b ;c=\"d\"\r\n",
        "\r\nx-amz-meta-utf: \u{20ac}\r\n",
    ] {
        assert!(answer.head.contains(line), "{line:?} {answer:?}");
    }
    assert_eq!(answer.all("cache-control"), ["no-cache", "max-age=0"]);
    assert_eq!(answer.header("x-amz-meta-empty"), Some(""));
    assert_eq!(answer.header("x-new-header"), Some("kept"));
}

#[tokio::test]
async fn connection_headers_of_the_origin_stay_behind() {
    let headers = "Connection: close, X-Gone\r\nKeep-Alive: timeout=1\r\nSet-Cookie: a=b\r\nVia: 1.1 proxy\r\n\
                   Server: s\r\nAccess-Control-Allow-Origin: *\r\nAlt-Svc: h3\r\nx-minio-x: 1\r\nTrailer: x\r\n";
    let (answer, _) = ask(answer("200 OK", headers, "hello"), &get().signed_by(OWNER)).await;
    for name in [
        "keep-alive",
        "set-cookie",
        "via",
        "server",
        "access-control-allow-origin",
        "alt-svc",
        "x-minio-x",
        "trailer",
    ] {
        assert_eq!(answer.header(name), None, "{answer:?}");
    }
    assert_eq!(answer.all("connection"), ["keep-alive"]);
    assert_eq!(answer.all("date").len(), 1);
}

#[tokio::test]
async fn metadata_reaches_the_origin_as_it_was_sent() {
    let stand = Stand::start().await;
    let put = Request::put("/lake-1/key", "hello")
        .header("Content-Type", "text/plain; charset=utf-8")
        .header("Content-Encoding", "gzip")
        .header("Cache-Control", "max-age=1")
        .header("x-amz-meta-a", "b  c")
        .header("x-amz-storage-class", "STANDARD")
        .header("If-None-Match", "*");
    let answer = stand.ask(&put.signed_by(OWNER)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let ended = stand.end().await;
    let seen = ended.seen();
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-encoding", "gzip"),
        ("cache-control", "max-age=1"),
        ("x-amz-storage-class", "STANDARD"),
        ("if-none-match", "*"),
        ("content-length", "5"),
    ] {
        assert_eq!(seen.header(name), Some(value), "{}", seen.head);
    }
    assert!(seen.header("x-amz-meta-a").is_some());
}

#[tokio::test]
async fn a_large_object_arrives_whole() {
    let object: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 253) as u8).collect();
    let (answer, ended) = ask(answer("200 OK", "", &object), &get().signed_by(OWNER)).await;
    assert!(answer.whole && answer.body == object);
    assert_eq!(ended.record()["bytes_sent"], 3_000_000);
}

#[tokio::test]
async fn a_fixed_principal_needs_no_signature_and_forwards_none() {
    let setup = Setup::default().listener("principal: \"arn:aws:iam::111122223333:user/owner\"");
    let stand = setup.start().await;
    let dummy = get().header(
        "Authorization",
        "AWS4-HMAC-SHA256 Credential=dummy/x, Signature=y",
    );
    let answer = stand
        .ask(&dummy.header("x-amz-security-token", "dummy"))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let ended = stand.end().await;
    assert!(
        !ended.seen().head.contains("dummy"),
        "{}",
        ended.seen().head
    );
    assert_eq!(ended.record()["auth"], "listener");
}

#[tokio::test]
async fn what_of_an_object_needs_a_permission_of_its_own_is_shown_to_who_has_it() {
    let names = [
        "x-amz-tagging-count",
        "x-amz-object-lock-mode",
        "x-amz-object-lock-retain-until-date",
        "x-amz-object-lock-legal-hold",
    ];
    let headers: String = names.map(|name| format!("{name}: 1\r\n")).concat();
    for method in ["GET", "HEAD"] {
        for (user, shown) in [(OWNER, Some("1")), (CLERK, None)] {
            let body = if method == "GET" { "x" } else { "" };
            let said = answer("200 OK", &headers, body);
            let request = Request::new(method, "/lake-1/key").signed_by(user);
            let (answer, _) = ask(said, &request).await;
            assert_eq!(answer.status, 200);
            for name in names {
                assert_eq!(answer.header(name), shown, "{method} {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_store_without_versions_names_none() {
    for (profile, seen) in [("aws", Some("v")), ("garage", None)] {
        for (request, body) in [
            (Request::put("/lake-1/key", "x"), ""),
            (
                Request::put("/lake-1/key", "").header("x-amz-copy-source", "/lake-1/s"),
                "<CopyObjectResult/>",
            ),
        ] {
            let stand = Setup::default().profile(profile).start().await;
            let said = answer("200 OK", "x-amz-version-id: v\r\n", body);
            stand.origin.will(Script::say(said));
            let answer = stand.ask(&request.signed_by(OWNER)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.header("x-amz-version-id"), seen, "{profile}");
        }
    }
}

#[tokio::test]
async fn a_deletion_says_that_the_requester_pays() {
    let said = answer(
        "200 OK",
        "x-amz-request-charged: requester\r\n",
        "<DeleteResult/>",
    );
    let document = "<Delete><Object><Key>a</Key></Object></Delete>";
    let request = Request::new("POST", "/lake-1?delete")
        .header(
            "x-amz-checksum-sha256",
            base64(&sha256(document.as_bytes())),
        )
        .body(document);
    let (answer, _) = ask(said, &request.signed_by(OWNER)).await;
    assert_eq!(answer.header("x-amz-request-charged"), Some("requester"));
}
