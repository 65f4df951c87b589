//! Browser uploads: the file of a form arrives as it was sent, and a form that is wrong leaves no object.

use super::admin;
use super::origin::{Script, answer, error};
use super::request::{CLERK, PARTNER, Request, User, base64, form_signature};
use super::stand::{Ended, Setup, Stand};

const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxk";

/// A form that is being filled in.
#[derive(Clone)]
struct Form {
    fields: Vec<(String, String)>,
    file: Vec<u8>,
    /// What follows the file in place of the closing boundary.
    end: Option<Vec<u8>>,
}

impl Form {
    fn new(key: &str, file: impl Into<Vec<u8>>) -> Self {
        Self {
            fields: vec![("key".to_owned(), key.to_owned())],
            file: file.into(),
            end: None,
        }
    }

    fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn end(mut self, end: impl AsRef<[u8]>) -> Self {
        self.end = Some(end.as_ref().to_vec());
        self
    }

    fn signed_by(self, user: User) -> Self {
        self.signed_until(user, "2099-01-01T00:00:00Z")
    }

    /// Signed with a policy that says what the form says.
    fn signed_until(self, user: User, expiration: &str) -> Self {
        let (date, scope) = super::request::scope(None);
        let form = self
            .field("X-Amz-Algorithm", "AWS4-HMAC-SHA256")
            .field("X-Amz-Credential", &format!("{}/{scope}", user.id))
            .field("X-Amz-Date", &date);
        let conditions: Vec<String> = form
            .fields
            .iter()
            .map(|(name, value)| format!(r#"["eq", "${name}", "{value}"]"#))
            .collect();
        let conditions = conditions.join(",");
        let policy = format!(r#"{{"expiration": "{expiration}", "conditions": [{conditions}]}}"#);
        let policy = base64(policy.as_bytes());
        let signature = form_signature(user, &scope, &policy);
        form.field("Policy", &policy)
            .field("X-Amz-Signature", &signature)
    }

    fn before(&self) -> Vec<u8> {
        let mut body = String::new();
        for (name, value) in &self.fields {
            body += &format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        body += &format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\f\\a.txt\"\r\n\
             Content-Type: text/plain\r\n\r\n"
        );
        body.into_bytes()
    }

    fn body(&self) -> Vec<u8> {
        let closing = || format!("\r\n--{BOUNDARY}--\r\n").into_bytes();
        let end = self.end.clone().unwrap_or_else(closing);
        [self.before(), self.file.clone(), end].concat()
    }

    fn post(&self) -> Request {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        Request::new("POST", "/lake-1")
            .header("Content-Type", kind)
            .body(self.body())
    }
}

fn big() -> Vec<u8> {
    (0..300_000_u32).map(|n| (n % 251) as u8).collect()
}

/// The form arrives as a PutObject of its file, and this is the record.
async fn check_arrives(form: &Form) -> Ended {
    let stand = Stand::start().await;
    let answer = stand.ask(&form.post()).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    let ended = stand.end().await;
    let seen = ended.seen();
    assert_eq!(seen.line(), "PUT /lake-1/folder/key HTTP/1.1");
    let length = form.file.len().to_string();
    assert_eq!(seen.header("content-length"), Some(&*length));
    assert!(seen.whole && seen.body == form.file, "{}", seen.head);
    ended
}

/// The form is refused: nothing was stored, and the one record says so.
async fn check_refused(form: &Form, status: u16, code: &str) -> Ended {
    let stand = Stand::start().await;
    let answer = stand.ask(&form.post()).await;
    let ended = stand.end().await;
    ended.body_refused(&answer, status, code);
    ended
}

#[tokio::test]
async fn a_file_arrives_as_it_was_sent() {
    for file in [&b""[..], b"a", b"\r\n", b"hello\r\n--", &big()] {
        check_arrives(&Form::new("folder/key", file).signed_by(CLERK)).await;
    }
}

#[tokio::test]
async fn what_fields_say_is_said_of_the_object() {
    let form = Form::new("folder/${filename}", "hello")
        .field("Content-Type", "text/html; charset=utf-8")
        .field("x-amz-meta-colour", "blue")
        .field("submit", "Send");
    let policy = Setup::default().policy(
        "lake-1",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:PutObject",
            "Resource":"arn:aws:s3:::lake-1/folder/*"}]}"#,
    );
    let stand = policy.start().await;
    let answer = stand.ask(&form.post()).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    let elsewhere = stand.ask(&Form::new("elsewhere", "hello").post()).await;
    assert_eq!(
        (elsewhere.status, &*elsewhere.code()),
        (403, "AccessDenied")
    );
    let ended = stand.end().await;
    let seen = ended.seen();
    assert_eq!(seen.line(), "PUT /lake-1/folder/a.txt HTTP/1.1");
    assert_eq!(
        seen.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(seen.header("x-amz-meta-colour"), Some("blue"));
    for name in ["submit", "key", "policy"] {
        assert_eq!(seen.header(name), None);
    }
}

#[tokio::test]
async fn a_record_says_who_uploaded_what_and_holds_no_secret() {
    let form = Form::new("folder/key", "hello").signed_by(CLERK);
    let ended = check_arrives(&form).await;
    let record = ended.record();
    assert_eq!(record["operation"], "REST.POST.OBJECT", "{record:#}");
    assert_eq!(record["key_name"], "folder/key");
    assert_eq!(record["auth"], "form");
    assert_eq!(record["http_status"], 204);
    assert_eq!(record["object_size"], 5);
    assert_eq!(record["authentication_type"], "HtmlForm");
    assert_eq!(record["signature_version"], "SigV4");
    let line = String::from_utf8(ended.log.clone()).unwrap();
    assert!(
        line.contains(" REST.POST.OBJECT folder/key \"POST /lake-1 HTTP/1.1\" 204 "),
        "{line}"
    );
    let secrets = |name: &str| {
        form.fields
            .iter()
            .find(|(field, _)| field == name)
            .unwrap()
            .1
            .clone()
    };
    for text in [&ended.lines, &line] {
        for name in ["Policy", "X-Amz-Signature"] {
            assert!(!text.contains(&secrets(name)), "{text}");
        }
        assert!(!text.contains(CLERK.secret));
    }
}

#[tokio::test]
async fn t17_what_is_wrong_before_the_file_reaches_nobody() {
    let check = async |form: Form, status, code: &str| {
        for file in [b"hello".to_vec(), big()] {
            let form = Form {
                file,
                ..form.clone()
            };
            let ended = check_refused(&form, status, code).await;
            assert_eq!(ended.origin.opened, 0, "{:#?}", ended.origin.seen);
        }
    };
    let form = || Form::new("folder/key", "");
    check(form(), 403, "AccessDenied").await;
    check(form().signed_by(PARTNER), 403, "AccessDenied").await;
    check(
        form().signed_until(CLERK, "2020-01-01T00:00:00Z"),
        403,
        "AccessDenied",
    )
    .await;
    let mut wrong = form().signed_by(CLERK);
    wrong.fields.last_mut().unwrap().1 = "0".repeat(64);
    check(wrong, 403, "SignatureDoesNotMatch").await;
    let uncovered = form().signed_by(CLERK).field("acl", "private");
    check(uncovered, 403, "AccessDenied").await;
    let large = form().field("x-ignore-a", &"a".repeat(21_000));
    check(large, 400, "MaxPostPreDataLengthExceededError").await;
    check(form().field("KEY", "other"), 400, "InvalidArgument").await;
    check(
        Form {
            fields: Vec::new(),
            ..form()
        },
        400,
        "InvalidArgument",
    )
    .await;
    check(
        form()
            .field("x-amz-object-lock-event-hold", "ON")
            .signed_by(CLERK),
        501,
        "NotImplemented",
    )
    .await;
}

#[tokio::test]
async fn t17_a_field_behind_the_file_leaves_no_object() {
    let part = format!(
        "\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"submit\"\r\n\r\nSend\r\n--{BOUNDARY}--\r\n"
    );
    for file in [b"".to_vec(), b"hello".to_vec(), big()] {
        let form = Form::new("folder/key", file).signed_by(CLERK).end(&part);
        let ended = check_refused(&form, 400, "MalformedPOSTRequest").await;
        assert_eq!(ended.record()["ending"], "body_refused", "{}", ended.lines);
    }
}

#[tokio::test]
async fn a_form_must_end_with_its_boundary_and_a_line_break() {
    for end in [
        format!("\r\n--{BOUNDARY}--"),
        format!("\r\n--{BOUNDARY}--\r\n\r\n"),
        format!("\r\n--{BOUNDARY}\r\n\r\n"),
        "\r\n".to_owned(),
        String::new(),
    ] {
        for file in [b"hello".to_vec(), big()] {
            let form = Form::new("folder/key", file).signed_by(CLERK).end(&end);
            check_refused(&form, 400, "MalformedPOSTRequest").await;
        }
    }
}

#[tokio::test]
async fn a_boundary_is_found_however_the_pieces_are_cut() {
    let part = format!(
        "\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--{BOUNDARY}--\r\n"
    );
    let good = Form::new("folder/key", vec![b'\r'; 3000]).signed_by(CLERK);
    let bad = good.clone().end(&part);
    for size in [1, 7, 40] {
        let stand = Stand::start().await;
        for (form, status) in [(&good, 204), (&bad, 400)] {
            let mut client = stand.connect().await;
            client.send(&form.post().head()).await;
            client.dribble(&form.body(), size).await;
            let answer = client.answer("POST").await;
            assert_eq!(answer.status, status, "{answer:?}");
        }
        let ended = stand.end().await;
        let committed: Vec<_> = ended.origin.seen.iter().filter(|seen| seen.whole).collect();
        assert_eq!(committed.len(), 1);
        assert_eq!(committed[0].body, good.file);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_no_object() {
    let form = Form::new("folder/key", big()).signed_by(CLERK);
    let (before, body) = (form.before().len(), form.body());
    for sent in [
        10,
        before - 3,
        before,
        before + 1000,
        body.len() - 60,
        body.len() - 1,
    ] {
        let stand = Stand::start().await;
        let mut client = stand.connect().await;
        client.send(&form.post().head()).await;
        client.send(&body[..sent]).await;
        client.finish_sending().await;
        client.finished().await;
        let ended = stand.end().await;
        let committed = ended.origin.seen.iter().filter(|seen| seen.whole).count();
        assert_eq!(committed, 0, "{sent}");
        assert_eq!(
            ended.record()["ending"],
            "client_aborted",
            "{}",
            ended.lines
        );
    }
}

#[tokio::test]
async fn a_checksum_in_a_field_is_held_against_the_file() {
    let form = |sum: &str| {
        let form = Form::new("folder/key", "hello").field("x-amz-checksum-crc32", sum);
        form.signed_by(CLERK)
    };
    check_arrives(&form("NhCmhg==")).await;
    check_refused(&form("AAAAAA=="), 400, "BadDigest").await;
}

#[tokio::test]
async fn a_form_without_a_length_is_refused() {
    let stand = Stand::start().await;
    let form = Form::new("folder/key", "hello").signed_by(CLERK);
    let chunked = form
        .post()
        .no_length()
        .header("Transfer-Encoding", "chunked");
    let mut client = stand.connect().await;
    client.send(&chunked.head()).await;
    let answer = client.answer("POST").await;
    client.closed().await;
    stand
        .end()
        .await
        .refused(&answer, 411, "MissingContentLength");
}

#[tokio::test]
async fn trap_expect_100_continue_of_a_form() {
    let stand = Stand::start().await;
    let form = Form::new("folder/key", "hello").signed_by(CLERK);
    let request = form.post().header("Expect", "100-continue");
    let mut client = stand.connect().await;
    for _ in 0..2 {
        client.send(&request.head()).await;
        assert_eq!(client.head().await.status, 100);
        client.send(&form.body()).await;
        let answer = client.answer("POST").await;
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    assert_eq!(stand.end().await.origin.seen.len(), 2);
}

#[tokio::test]
async fn t40_the_next_request_on_the_connection_is_intact() {
    let stand = Stand::start().await;
    let form = Form::new("folder/key", "hello").signed_by(CLERK);
    let refused = Form::new("folder/key", "hello").signed_by(PARTNER);
    let mut client = stand.connect().await;
    for (form, status) in [(&form, 204), (&refused, 403), (&form, 204)] {
        client.send(&form.post().bytes()).await;
        let answer = client.answer("POST").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("connection"), Some("keep-alive"));
    }
    let ended = stand.end().await;
    assert_eq!(ended.records.len(), 3, "{}", ended.lines);
    assert!(
        ended
            .origin
            .seen
            .iter()
            .all(|seen| seen.whole && seen.body == b"hello")
    );
}

#[tokio::test]
async fn the_answer_is_the_one_asked_for() {
    let stored = "ETag: \"5d41\"\r\nx-amz-version-id: v7\r\nServer: UpstreamServer\r\n";
    let check = async |field: &str, value: &str, status: u16, location: &str| {
        let stand = Stand::start().await;
        stand
            .origin
            .will(Script::say(answer("200 OK", stored, "noise")));
        let form = Form::new("folder/k y", "hello").field(field, value);
        let answer = stand.ask(&form.signed_by(CLERK).post()).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.all("location"), [location]);
        assert_eq!(answer.all("etag"), ["\"5d41\""]);
        assert_eq!(answer.all("x-amz-version-id"), ["v7"]);
        assert_eq!(answer.header("server"), None);
        assert_eq!(
            answer.element("Key"),
            if status == 201 { "folder/k y" } else { "" }
        );
        assert_eq!(answer.text().is_empty(), status != 201, "{answer:?}");
        stand.end().await;
    };
    let here = "http://s3.test/lake-1/folder/k%20y";
    check("success_action_status", "200", 200, here).await;
    check("success_action_status", "201", 201, here).await;
    check("success_action_status", "204", 204, here).await;
    check("success_action_status", "500", 204, here).await;
    let there = "https://site.example/done?a=b";
    let told = format!("{there}&bucket=lake-1&key=folder%2Fk%20y&etag=%225d41%22");
    check("success_action_redirect", there, 303, &told).await;
    check("redirect", there, 303, &told).await;
    check("success_action_redirect", "//site.example", 204, here).await;
}

#[tokio::test]
async fn an_error_of_the_store_is_passed_on_whatever_was_asked_for() {
    let stand = Stand::start().await;
    stand
        .origin
        .will(Script::say(error("404 Not Found", "NoSuchBucket")));
    let form =
        Form::new("folder/key", "hello").field("success_action_redirect", "https://site.example/");
    let answer = stand.ask(&form.signed_by(CLERK).post()).await;
    assert_eq!((answer.status, &*answer.code()), (404, "NoSuchBucket"));
    assert_eq!(answer.header("location"), None);
    stand.end().await;
}

#[tokio::test]
async fn a_form_is_explained_from_its_fields() {
    let setup = admin::setup().policy(
        "lake-1",
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoPages","Effect":"Deny","Principal":"*","Action":"s3:PutObject",
            "Resource":"arn:aws:s3:::lake-1/folder/*","Condition":{"StringEquals":{"s3:authType":"POST"}}}]}"#,
    );
    let stand = setup.start().await;
    let form = Form::new("folder/key", "hello").signed_by(CLERK);
    let answer = stand.ask(&form.post()).await;
    assert_eq!(answer.code(), "AccessDenied");
    let (status, told) = admin::explain(&stand, &answer).await;
    assert_eq!(status, 200);
    let text = told["text"].as_str().unwrap();
    assert!(
        text.contains("NoPages") && text.contains("lake-1/folder/key"),
        "{text}"
    );
    let told = told.to_string();
    for name in ["Policy", "X-Amz-Signature"] {
        let (_, secret) = form.fields.iter().find(|(field, _)| field == name).unwrap();
        assert!(!told.contains(secret.as_str()), "{told}");
    }
    let elsewhere = Form::new("elsewhere", "hello").signed_by(CLERK);
    let answer = stand.ask(&elsewhere.post()).await;
    assert_eq!(answer.status, 204);
    let (_, told) = admin::explain(&stand, &answer).await;
    assert_eq!(told["verdict"], "allow", "{told:#}");
    assert_eq!(told["operation_name"], "PostObject");
    stand.end().await;
}

#[tokio::test]
async fn a_client_that_stalls_leaves_no_object() {
    let form = Form::new("folder/key", big()).signed_by(CLERK);
    let (before, body) = (form.before().len(), form.body());
    for (sent, connected) in [(20, false), (before - 1, false), (before + 70_000, true)] {
        let setup = Setup::default().with("limits: { body_idle_timeout: 300ms }");
        let stand = setup.start().await;
        let mut client = stand.connect().await;
        client.send(&form.post().head()).await;
        client.send(&body[..sent]).await;
        let answer = client.answer("POST").await;
        let ended = stand.end().await;
        ended.body_refused(&answer, 400, "RequestTimeout");
        assert_eq!(ended.origin.opened > 0, connected, "{sent}");
    }
}
