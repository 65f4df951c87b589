//! `validate --probe-upstream`: what it says of upstreams that can be used, and of those that cannot.

use super::origin::{Origin, Script, answer, error};
use super::stand::{Setup, UPSTREAM};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

const BUCKETS: &str = "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>";

/// Runs the program on the configuration of a stand, after `edit`.
async fn run(port: u16, edit: impl FnOnce(String) -> String, more: &[&str]) -> (String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let file = Setup::default().write(folder.path(), port);
    fs::write(&file, edit(fs::read_to_string(&file).unwrap())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command
        .env_clear()
        .arg("validate")
        .arg("--config")
        .arg(&file);
    command.arg("--probe-upstream").args(more);
    let ran: Output = spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(!text.contains(UPSTREAM.secret), "{text}");
    let name = file.display().to_string();
    (text.replace(&name, "FILE"), ran.status.code().unwrap())
}

/// What is said of an upstream that answers so, without the first line and the last.
async fn probe(edit: impl FnOnce(String) -> String, said: &[Vec<u8>]) -> (String, Origin) {
    let origin = Origin::start().await;
    for said in said {
        origin.will(Script::say(said));
    }
    let (text, code) = run(origin.port, edit, &[]).await;
    assert_eq!(code, 0, "{text}");
    let findings = text.lines().filter(|line| line.starts_with("FILE"));
    (findings.map(|line| format!("{line}\n")).collect(), origin)
}

async fn check(said: Vec<u8>, expected: &str) {
    let (findings, origin) = probe(|text| text, &[said]).await;
    assert_eq!(findings, expected);
    let seen = origin.memory().seen;
    assert_eq!(seen[0].line(), "GET / HTTP/1.1");
    assert!(seen[0].header("authorization").is_some());
}

fn xml(body: &str) -> Vec<u8> {
    answer("200 OK", "Content-Type: application/xml\r\n", body)
}

fn literal(text: String) -> String {
    assert!(text.contains("[\"lake-*\"]"), "{text}");
    text.replace("[\"lake-*\"]", "[\"lake-1\", \"more-*\", \"lake-2\"]")
}

#[tokio::test]
async fn an_upstream_that_can_be_used_is_described() {
    let origin = Origin::start().await;
    origin.will(Script::say(xml(BUCKETS)));
    let (text, code) = run(origin.port, |text| text, &["--strict"]).await;
    let expected = format!(
        "upstreams.lake: key ****0001 from configuration, without expiry; http://127.0.0.1:{} answered 200\n0 errors, 0 warnings\n",
        origin.port
    );
    assert_eq!((text, code), (expected, 0));
    assert_eq!(origin.memory().seen.len(), 1);
}

#[tokio::test]
async fn programs_are_told_the_same() {
    let origin = Origin::start().await;
    origin.will(Script::say(error("403 Forbidden", "InvalidAccessKeyId")));
    let (text, code) = run(origin.port, |text| text, &["--strict", "--format", "json"]).await;
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, 1);
    assert_eq!(told["warnings"], 1);
    assert_eq!(told["findings"][0]["path"], "upstreams.lake.credentials");
    let upstream = &told["upstreams"][0];
    assert_eq!(
        upstream["credentials"],
        "key ****0001 from configuration, without expiry"
    );
    assert_eq!(upstream["answer"], "answered 403, server `UpstreamServer`");
}

#[tokio::test]
async fn a_key_that_is_refused_is_told_from_one_that_may_not_list() {
    for code in ["InvalidAccessKeyId", "SignatureDoesNotMatch"] {
        let expected = format!(
            "FILE: warning: `upstreams.lake.credentials`: upstream `lake` refused the gateway with `{code}`: check \
             `upstreams.lake.credentials` and what they may do there\n"
        );
        check(error("403 Forbidden", code), &expected).await;
    }
    check(
        error("403 Forbidden", "AccessDenied"),
        "FILE: warning: `upstreams.lake.credentials`: the key is good but may not list buckets: ListBuckets will fail\n",
    )
    .await;
}

#[tokio::test]
async fn another_region_is_named() {
    let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message><Region>us-west-2</Region></Error>";
    check(
        answer("400 Bad Request", "", body),
        "FILE: warning: `upstreams.lake.region`: upstream `lake` refused the gateway with `AuthorizationHeaderMalformed`, the \
         bucket is in another region: set `upstreams.lake.region: us-west-2`\n",
    )
    .await;
    let moved = "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: us-west-2\r\nContent-Length: 0\r\n\r\n";
    let gone = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let said = [xml(BUCKETS), moved.into(), gone.into()];
    let (findings, origin) = probe(literal, &said).await;
    assert_eq!(
        findings,
        "FILE: warning: `upstreams.lake.buckets`: bucket `lake-2` does not exist there\n\
         FILE: warning: `upstreams.lake.region`: bucket `lake-1`: upstream `lake` refused the gateway with `301`, the bucket is \
         in another region: set `upstreams.lake.region: us-west-2`\n"
    );
    let lines: Vec<_> = origin
        .memory()
        .seen
        .iter()
        .map(|seen| seen.line().to_owned())
        .collect();
    assert_eq!(
        lines,
        [
            "GET / HTTP/1.1",
            "HEAD /lake-1 HTTP/1.1",
            "HEAD /lake-2 HTTP/1.1"
        ]
    );
}

#[tokio::test]
async fn buckets_that_are_there_and_here_are_no_matter() {
    let there = "HTTP/1.1 200 OK\r\nx-amz-bucket-region: eu-west-1\r\n\r\n";
    let (findings, _) = probe(literal, &[xml(BUCKETS), there.into(), there.into()]).await;
    assert_eq!(findings, "");
}

#[tokio::test]
async fn an_anonymous_upstream_is_asked_for_its_buckets_alone() {
    let anonymous = |text: String| {
        let text = literal(text);
        let at = text.find("credentials: {").unwrap();
        let end = at + text[at..].find('\n').unwrap();
        format!("{}credentials: anonymous{}", &text[..at], &text[end..])
    };
    let (findings, origin) = probe(anonymous, &[]).await;
    assert_eq!(findings, "");
    let seen = origin.memory().seen;
    assert_eq!(seen[0].line(), "HEAD /lake-1 HTTP/1.1");
    assert_eq!(seen[0].header("authorization"), None);
}

#[tokio::test]
async fn another_store_than_the_profile_s_and_another_time_are_told() {
    let headers = "Server: MinIO\r\nDate: Mon, 01 Jan 2001 00:00:00 GMT\r\n";
    let (findings, _) = probe(|text| text, &[answer("200 OK", headers, BUCKETS)]).await;
    let profile = "FILE: warning: `upstreams.lake.profile`: the server calls itself `MinIO`: its profile is `minio`\n";
    assert!(findings.ends_with(profile), "{findings}");
    assert!(
        findings.contains("`upstreams.lake.endpoint`: its clock and this host's differ by"),
        "{findings}"
    );
    assert_eq!(findings.lines().count(), 2);
    let headers = "Server: AmazonS3\r\n";
    check(answer("200 OK", headers, BUCKETS), "").await;
}

#[tokio::test]
async fn what_is_no_s3_is_told() {
    check(
        answer("200 OK", "", "<html></html>"),
        "FILE: warning: `upstreams.lake.endpoint`: answered 200 and no list to ListBuckets: is this an S3 endpoint?\n",
    )
    .await;
    check(
        answer("307 Temporary Redirect", "Location: http://elsewhere/\r\n", ""),
        "FILE: warning: `upstreams.lake.endpoint`: upstream `lake` answered with the redirect 307: check \
         `upstreams.lake.endpoint`\n",
    )
    .await;
}

#[tokio::test]
async fn nobody_there_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let (text, code) = run(port, |text| text, &[]).await;
    assert!(
        text.contains(&format!("http://127.0.0.1:{port} did not answer\n")),
        "{text}"
    );
    assert!(
        text.contains("FILE: warning: `upstreams.lake.endpoint`: connecting failed: "),
        "{text}"
    );
    assert_eq!(code, 0);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let tls = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls");
    let [certificate, key] = ["first.crt", "first.key"].map(|name| {
        let copy = folder.path().join(name);
        fs::copy(format!("{tls}/{name}"), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
        copy.display().to_string()
    });
    let fields = format!("tls: {{ cert: \"file:{certificate}\", key: \"file:{key}\" }}");
    let stand = Setup::default().listener(&fields).start().await;
    let port = stand.address.port();
    let (text, _) = run(
        port,
        |text| text.replace("http://127.0.0.1", "https://127.0.0.1"),
        &[],
    )
    .await;
    assert!(
        text.contains("`upstreams.lake.endpoint`: connecting failed: "),
        "{text}"
    );
    assert!(text.to_lowercase().contains("certificate"), "{text}");
}

#[tokio::test]
async fn a_faulty_configuration_is_not_probed() {
    let origin = Origin::start().await;
    let (text, code) = run(origin.port, |text| text + "nonsense: 1\n", &[]).await;
    assert_eq!(code, 1, "{text}");
    assert!(!text.contains("upstreams.lake:"), "{text}");
    assert_eq!(origin.memory().opened, 0);
}
