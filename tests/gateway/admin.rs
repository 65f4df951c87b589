//! The admin listener before a real gateway: who may use it, what it tells, and that a reload disturbs nobody.

use super::client::{Answer, Client};
use super::origin::{Gate, Script, answer};
use super::request::{CLERK, OWNER, Request};
use super::stand::{Setup, Stand};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use tokio::net::{TcpStream, UnixStream};

const SOCKET: &str = "admin: unix:admin.sock";
const DENY: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Sid": "Closed", "Effect": "Deny", "Principal": "*",
  "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake-1/closed/*" }] }"#;
const TOKEN: &str = "canary-admin-token-0123456789";

pub(crate) fn setup() -> Setup {
    Setup::default().with(SOCKET)
}

/// Sends a raw head over the admin socket.
async fn admin(stand: &Stand, head: &str) -> Answer {
    let path = stand.folder.path().join("admin.sock");
    let mut client = Client::new(UnixStream::connect(path).await.unwrap());
    client.send(format!("{head}\r\n\r\n").as_bytes()).await;
    client.answer("GET").await
}

pub(crate) async fn explain(stand: &Stand, of: &Answer) -> (u16, Value) {
    let id = of.header("x-amz-request-id").unwrap();
    let head = format!("GET /explain/{id} HTTP/1.1\r\nhost: x");
    let answer = admin(stand, &head).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

const RELOAD: &str = "POST /reload HTTP/1.1\r\nhost: x\r\ncontent-type: application/json";

#[tokio::test]
async fn an_allowed_and_a_refused_request_are_explained() {
    let stand = setup().policy("lake-1", DENY).start().await;
    stand.origin.will(Script::say(answer("200 OK", "", "x")));
    let allowed = stand
        .ask(&Request::get("/lake-1/key").signed_by(OWNER))
        .await;
    let refused = stand
        .ask(&Request::get("/lake-1/closed/key").signed_by(OWNER))
        .await;
    assert_eq!((allowed.status, refused.status), (200, 403));

    let (status, told) = explain(&stand, &allowed).await;
    assert_eq!(status, 200);
    assert_eq!(told["verdict"], "allow", "{told:#}");
    assert_eq!(told["permissions"][0]["action"], "s3:GetObject");

    let (_, told) = explain(&stand, &refused).await;
    assert_eq!(told["verdict"], "explicit_deny", "{told:#}");
    assert_eq!(told["error_code"], "AccessDenied");
    assert!(
        told["text"].as_str().unwrap().contains("Closed"),
        "{told:#}"
    );
    let revision = told["revision"].as_str().unwrap().to_owned();
    let ended = stand.end().await;
    for record in &ended.records {
        assert_eq!(record["decision"]["revision"], *revision);
    }
}

#[tokio::test]
async fn an_unknown_and_an_evicted_exchange_are_not_found_and_the_last_one_is() {
    let stand = Setup::default()
        .with("admin: { bind: unix:admin.sock, recent: 2 }")
        .start()
        .await;
    let mut answers = Vec::new();
    for key in ["one", "two", "three"] {
        answers.push(stand.ask(&Request::get(&format!("/lake-1/{key}"))).await);
    }
    assert_eq!(explain(&stand, &answers[0]).await.0, 404);
    for answer in &answers[1..] {
        assert_eq!(explain(&stand, answer).await.0, 200);
    }
    let unknown = admin(&stand, "GET /explain/0123456789 HTTP/1.1\r\nhost: x").await;
    assert_eq!(unknown.status, 404);
    stand.end().await;
}

#[tokio::test]
async fn a_request_that_no_policy_decided_says_so() {
    let stand = setup().start().await;
    let bad = Request::get("/lake-1/key")
        .signed_by(OWNER)
        .header("x-amz-date", "never");
    let answer = stand.ask(&bad).await;
    let (status, told) = explain(&stand, &answer).await;
    assert_eq!(status, 200);
    assert_eq!(told["verdict"], Value::Null, "{told:#}");
    assert!(
        told["text"]
            .as_str()
            .unwrap()
            .contains("no policy was asked")
    );
    stand.end().await;
}

#[tokio::test]
async fn t48_what_is_explained_holds_no_secret_and_still_decides_by_the_signature() {
    // A condition on what the signature says shows that it can still be read.
    let policy = r#"{ "Version": "2012-10-17", "Statement": [{ "Sid": "Old", "Effect": "Deny", "Principal": "*",
      "Action": "s3:*", "Resource": "arn:aws:s3:::lake-1/*",
      "Condition": { "StringEquals": { "s3:authType": ["REST-HEADER", "REST-QUERY-STRING"] },
        "NumericLessThan": { "s3:signatureAge": "9999999999" } } }] }"#;
    let stand = setup().policy("lake-1", policy).start().await;
    let signed = Request::get("/lake-1/key")
        .header(
            "x-amz-server-side-encryption-customer-key",
            "canary-ssec-key",
        )
        .header("referer", "https://h/?X-Amz-Signature=canary-referer")
        .header("cookie", "canary-cookie")
        .signed_by(OWNER);
    let presigned = Request::get("/lake-1/key").presigned_by(OWNER);
    let signature = |request: &Request| {
        let text = String::from_utf8(request.bytes()).unwrap();
        let lower = text.to_lowercase();
        let at = lower.find("signature=").unwrap() + "signature=".len();
        text[at..at + 64].to_owned()
    };
    for request in [signed, presigned] {
        let answer = stand.ask(&request).await;
        assert_eq!(answer.status, 403);
        let (_, told) = explain(&stand, &answer).await;
        assert_eq!(told["verdict"], "explicit_deny", "{told:#}");
        let text = told["text"].as_str().unwrap();
        assert!(
            text.contains("explicit deny") || text.contains("Old"),
            "{text}"
        );
        assert_eq!(
            told["permissions"][0]["decision"]["verdict"], "explicit_deny",
            "{told:#}"
        );
        let all = told.to_string();
        assert!(!all.contains("canary"), "{told:#}");
        assert!(!all.contains(&signature(&request)), "{told:#}");
    }
    stand.end().await;
}

#[tokio::test]
async fn t50_methods_and_paths_are_as_written() {
    let stand = setup().start().await;
    for (head, status) in [
        ("GET /status HTTP/1.1\r\nhost: x", 200),
        (
            "POST /status HTTP/1.1\r\nhost: x\r\ncontent-type: application/json",
            405,
        ),
        ("GET /reload HTTP/1.1\r\nhost: x", 405),
        ("GET /nothing HTTP/1.1\r\nhost: x", 404),
        ("GET /explain/ HTTP/1.1\r\nhost: x", 404),
        ("GET /explain/a/b HTTP/1.1\r\nhost: x", 404),
        // What a page of a browser can send, and its nearest neighbour.
        (
            "GET /status HTTP/1.1\r\nhost: x\r\norigin: https://evil.example",
            403,
        ),
        ("POST /reload HTTP/1.1\r\nhost: x", 415),
        (
            "POST /reload HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain",
            415,
        ),
        (RELOAD, 200),
    ] {
        assert_eq!(admin(&stand, head).await.status, status, "{head}");
    }
    stand.end().await;
}

#[tokio::test]
async fn t50_a_token_is_asked_for_over_tcp_and_names_are_not_served() {
    let stand = Setup::default()
        .file("token", TOKEN)
        .with("admin: { bind: \"127.0.0.1:0\", token: \"file:token\" }")
        .start()
        .await;
    let address = stand.running.admin().unwrap();
    let ask = |lines: String| async move {
        let mut client = Client::new(TcpStream::connect(address).await.unwrap());
        let head = format!("GET /status HTTP/1.1\r\n{lines}\r\n\r\n");
        client.send(head.as_bytes()).await;
        client.answer("GET").await.status
    };
    for (lines, status) in [
        (
            format!("host: {address}\r\nauthorization: Bearer {TOKEN}"),
            200,
        ),
        (
            format!("host: localhost:9\r\nauthorization: Bearer {TOKEN}"),
            200,
        ),
        (format!("host: {address}"), 401),
        (
            format!("host: {address}\r\nauthorization: Bearer {TOKEN}x"),
            401,
        ),
        (
            format!("host: {address}\r\nauthorization: Basic {TOKEN}"),
            401,
        ),
        (
            format!("host: evil.example\r\nauthorization: Bearer {TOKEN}"),
            421,
        ),
        (
            format!("host: 127.0.0.1.evil.example\r\nauthorization: Bearer {TOKEN}"),
            421,
        ),
    ] {
        assert_eq!(ask(lines.clone()).await, status, "{lines}");
    }
    stand.end().await;
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_goes_with_the_gateway() {
    let stand = setup().start().await;
    let path = stand.folder.path().join("admin.sock");
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let ended = stand.end().await;
    let left: Vec<String> = fs::read_dir(ended.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("admin") || name.starts_with('.'))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_reload_takes_new_policies_and_disturbs_no_request_in_flight() {
    let stand = setup().start().await;
    let gate = Gate::new();
    stand.origin.will(
        Script::after(0)
            .wait(&gate)
            .then(answer("200 OK", "", "one")),
    );
    let mut client = stand.connect().await;
    let get = Request::get("/lake-1/closed/key").signed_by(CLERK);
    client.send(&get.bytes()).await;
    stand.origin.until(|memory| memory.seen.len() == 1).await;

    let policy = stand
        .folder
        .path()
        .join("policies/buckets/lake-1/policy.json");
    fs::create_dir_all(policy.parent().unwrap()).unwrap();
    fs::write(&policy, DENY).unwrap();
    let reloaded = admin(&stand, RELOAD).await;
    assert_eq!(reloaded.status, 200, "{reloaded:?}");
    let revision: Value = serde_json::from_slice(&reloaded.body).unwrap();
    let refused = stand
        .ask(&Request::get("/lake-1/closed/key").signed_by(CLERK))
        .await;
    assert_eq!(refused.status, 403);

    gate.open();
    let first = client.answer("GET").await;
    assert_eq!((first.status, first.text()), (200, "one".to_owned()));
    let (_, told) = explain(&stand, &first).await;
    // It is explained by what it was decided from.
    assert_eq!(
        told["permissions"][0]["decision"]["verdict"], "allow",
        "{told:#}"
    );
    let ended = stand.end().await;
    let of = |answer: &Answer| {
        let id = answer.header("x-amz-request-id").unwrap().to_owned();
        let mut records = ended.records.iter();
        let record = records.find(|record| record["request_id"] == *id).unwrap();
        record["decision"]["revision"].clone()
    };
    assert_eq!(of(&refused), revision["revision"]);
    assert_ne!(of(&first), revision["revision"]);
}

/// No decision is kept from one request to the next.
#[tokio::test]
async fn t31_a_change_of_policy_key_or_identity_is_seen_by_the_next_request() {
    let stand = setup().start().await;
    let config = stand.folder.path().join("portcullis.yaml");
    let policy = stand
        .folder
        .path()
        .join("policies/buckets/lake-1/policy.json");
    let written = fs::read_to_string(&config).unwrap();
    let mut client = stand.connect().await;
    let mut expect = async |status: u16, code: &str, why: &str| {
        // Other spellings of the same request have been asked before.
        for target in [
            "/lake-1/closed/key",
            "/lake-1/closed/%6bey",
            "/lake-1/closed/KEY",
        ] {
            if status == 200 {
                stand.origin.will(Script::say(answer("200 OK", "", "one")));
            }
            let get = Request::get(target).signed_by(CLERK);
            client.send(&get.bytes()).await;
            let answer = client.answer("GET").await;
            assert_eq!(
                (answer.status, &*answer.code()),
                (status, code),
                "{why} {target}"
            );
        }
    };
    expect(200, "", "nothing denied").await;
    fs::create_dir_all(policy.parent().unwrap()).unwrap();
    fs::write(&policy, DENY).unwrap();
    stand.running.reload().await.unwrap();
    expect(403, "AccessDenied", "denied by the bucket policy").await;
    fs::remove_file(&policy).unwrap();
    stand.running.reload().await.unwrap();
    expect(200, "", "the bucket policy removed").await;
    fs::write(
        &config,
        written.replace("\"s3:GetObject\"", "\"s3:GetObjectAcl\""),
    )
    .unwrap();
    stand.running.reload().await.unwrap();
    expect(403, "AccessDenied", "no Allow of the identity").await;
    fs::write(&config, written.replace(CLERK.id, "AKIAOTHER00000000000")).unwrap();
    stand.running.reload().await.unwrap();
    expect(403, "InvalidAccessKeyId", "the key withdrawn").await;
    fs::write(&config, &written).unwrap();
    stand.running.reload().await.unwrap();
    expect(200, "", "all as before").await;
    drop(client);
    stand.end().await;
}

#[tokio::test]
async fn a_broken_file_keeps_what_was_in_force_and_is_shown_at_its_place() {
    let stand = setup().policy("lake-1", DENY).start().await;
    let before = admin(&stand, "GET /status HTTP/1.1\r\nhost: x").await;
    let policy = stand
        .folder
        .path()
        .join("policies/buckets/lake-1/policy.json");
    fs::write(&policy, "{ \"Version\": \"2012-10-17\" }").unwrap();
    let answer = admin(&stand, RELOAD).await;
    assert_eq!(answer.status, 409);
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(told["findings"][0]["line"], 1, "{told:#}");
    assert!(
        told["findings"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("policy.json")
    );
    let refused = stand
        .ask(&Request::get("/lake-1/closed/key").signed_by(OWNER))
        .await;
    assert_eq!(refused.status, 403);
    let after = admin(&stand, "GET /status HTTP/1.1\r\nhost: x").await;
    let read = |answer: &Answer| serde_json::from_slice::<Value>(&answer.body).unwrap();
    assert_eq!(read(&before)["revision"], read(&after)["revision"]);
    assert_eq!(read(&after)["last_reload"]["ok"], false);
    stand.end().await;
}

#[tokio::test]
async fn what_needs_a_restart_is_named_and_nothing_is_taken() {
    let stand = setup().start().await;
    let file = stand.folder.path().join("portcullis.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}threads: 7\n")).unwrap();
    let answer = admin(&stand, RELOAD).await;
    assert_eq!(answer.status, 409);
    assert!(
        answer.text().contains("needs a restart: `threads`"),
        "{answer:?}"
    );
    fs::write(
        &file,
        text.replace("hosts: [s3.test]", "hosts: [s3.test, other.test]"),
    )
    .unwrap();
    let answer = admin(&stand, RELOAD).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    stand.end().await;
}

/// The verb, asked in a process of its own.
async fn reload_by_verb(arguments: &[&str]) -> (Option<i32>, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .arg("reload")
        .args(arguments)
        .env_remove("PORTCULLIS_CONFIG")
        .output()
        .await
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn t50_over_tls_only_a_holder_of_a_certificate_gets_in() {
    let file = |name: &str| format!("{}/tests/data/tls/{name}", env!("CARGO_MANIFEST_DIR"));
    let stand = Setup::default()
        .with("admin:")
        .with("  bind: \"127.0.0.1:0\"")
        .with(&format!(
            "  tls: {{ cert: \"file:{}\", key: \"file:tls.key\", client_ca: \"file:{}\" }}",
            file("loopback.crt"),
            file("first.crt")
        ))
        .file("tls.key", include_str!("../data/tls/loopback.key"))
        .start()
        .await;
    let port = stand.running.admin().unwrap().port();
    let (by_name, by_address) = (
        format!("https://localhost:{port}"),
        format!("https://127.0.0.1:{port}"),
    );
    let files = [
        "loopback.crt",
        "first.crt",
        "first.key",
        "second.crt",
        "second.key",
    ]
    .map(file);
    let [ca, cert, key, other_cert, other_key] = files.each_ref().map(String::as_str);
    let held = ["--ca", ca, "--cert", cert, "--key", key];
    for admin in [&by_name, &by_address] {
        let (code, told) = reload_by_verb(&[&["--admin", admin][..], &held].concat()).await;
        assert!(
            code == Some(0) && told.contains("in force: revision "),
            "{told}"
        );
    }
    for refused in [
        &["--ca", ca][..],
        &["--ca", ca, "--cert", other_cert, "--key", other_key],
        &["--ca", other_cert, "--cert", cert, "--key", key],
        &["--cert", cert, "--key", key],
        &["--ca", ca, "--cert", cert, "--key", other_key],
    ] {
        let (code, told) = reload_by_verb(&[&["--admin", &by_name][..], refused].concat()).await;
        assert_eq!(code, Some(2), "{refused:?} {told}");
    }
    let plain = format!("http://127.0.0.1:{port}");
    let (code, told) = reload_by_verb(&["--admin", &plain]).await;
    assert_eq!(code, Some(2), "{told}");
    stand.end().await;
}
