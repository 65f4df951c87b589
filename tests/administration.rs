//! The verbs that ask a running gateway, and the signals it hears, with the real binary.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_portcullis");

/// A demo under a umask that keeps nobody out.
struct Demo {
    process: Child,
    folder: TempDir,
    port: u16,
    /// What it prints has a reader as long as it runs.
    _printed: Box<dyn std::io::BufRead>,
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new("sh")
            .args([
                "-c",
                "umask 0; exec \"$0\" demo --port 0 --dir \"$1\"",
                BINARY,
            ])
            .arg(folder.path())
            .env_remove("PORTCULLIS_CONFIG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(process.stdout.take().unwrap());
        let mut welcome = String::new();
        printed.read_line(&mut welcome).unwrap();
        let port = welcome.split("127.0.0.1:").nth(1).unwrap();
        let port = port.split(',').next().unwrap().parse().unwrap();
        Self {
            process,
            folder,
            port,
            _printed: Box::new(printed),
        }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("portcullis.yaml")
    }

    /// The request id of an anonymous GET, and its status.
    fn get(&self, target: &str) -> (String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!("GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().to_owned();
        let id = answer.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("x-amz-request-id")
                .then(|| value.trim().to_owned())
        });
        (id.unwrap(), status)
    }

    /// Waits for the next reload, and gives whether it was taken.
    fn reloaded(&mut self, diagnostics: &mut impl Iterator<Item = String>) -> bool {
        let line = diagnostics.find(|line| line.contains("reloaded")).unwrap();
        assert!(self.process.try_wait().unwrap().is_none());
        !line.contains("not reloaded")
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run(arguments: &[&str]) -> (i32, String) {
    let output: Output = Command::new(BINARY)
        .args(arguments)
        .env_remove("PORTCULLIS_CONFIG")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

#[track_caller]
fn check(arguments: &[&str], code: i32, says: &str) {
    let (found, text) = run(arguments);
    assert!(
        found == code && text.contains(says),
        "{arguments:?}: {found}: {text}"
    );
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_running_gateway_explains_reloads_and_hears_sighup() {
    let mut demo = Demo::start();
    let (config, socket) = (demo.config(), demo.folder.path().join("admin.sock"));
    let config = text(&config);
    let mode = fs::metadata(&socket).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "whatever the umask");

    let (allowed, status) = demo.get("/demo-public/hello.txt");
    assert_eq!(status, "200");
    let (refused, status) = demo.get("/demo-private/notes/secret.txt");
    assert_eq!(status, "403");
    check(
        &["explain", &allowed, "--config", config],
        0,
        "s3:GetObject",
    );
    check(
        &["explain", &refused, "--config", config],
        1,
        "s3:GetObject",
    );
    let at = format!("unix:{}", socket.display());
    check(
        &["explain", &refused, "--admin", &at, "--format", "json"],
        1,
        "\"verdict\"",
    );
    check(
        &["explain", "0123456789", "--config", config],
        2,
        "no such exchange",
    );
    check(
        &["explain", "../status", "--config", config],
        2,
        "not a request id",
    );
    check(
        &["explain", &refused, "--admin", "unix:/nowhere"],
        2,
        "cannot reach",
    );

    check(&["reload", "--config", config], 0, "in force: revision ");
    let policy = demo
        .folder
        .path()
        .join("policies/buckets/demo-public/policy.json");
    let good = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, "{").unwrap();
    check(&["reload", "--admin", &at], 1, "policy.json:1:");
    assert_eq!(demo.get("/demo-public/hello.txt").1, "200");
    check(&["reload", "--admin", "unix:/nowhere"], 2, "cannot reach");

    let mut diagnostics = BufReader::new(demo.process.stderr.take().unwrap())
        .lines()
        .map_while(Result::ok);
    // Those of the verb.
    assert!(demo.reloaded(&mut diagnostics));
    assert!(!demo.reloaded(&mut diagnostics));
    demo.signal("HUP");
    assert!(!demo.reloaded(&mut diagnostics));
    fs::write(&policy, good.replace("Allow", "Deny")).unwrap();
    demo.signal("HUP");
    // The broken file may have been found before the verb asked, too.
    while !demo.reloaded(&mut diagnostics) {}
    assert_eq!(demo.get("/demo-public/hello.txt").1, "403");
    demo.signal("TERM");
    assert!(demo.process.wait().unwrap().success());
    assert!(!socket.exists());
}

#[test]
fn a_record_explains_itself() {
    let folder = tempfile::tempdir().unwrap();
    let record = |name: &str, decision: &str| {
        let file = folder.path().join(name);
        let line = format!(
            "{{\"request_id\":\"ID1\",\"operation_name\":\"GetObject\",\"http_status\":403,\"error_code\":\"AccessDenied\",\
             \"principal\":\"arn:aws:iam::111122223333:user/a\"{decision}}}\n"
        );
        fs::write(&file, line).unwrap();
        file
    };
    let deny = r#","decision":{"verdict":"explicit_deny","action":"s3:GetObject","resource":"arn:aws:s3:::b/k","layer":"bucket","sid":"Closed","file":"p.json","line":3,"statement":0,"revision":"0123456789ab"}"#;
    let allow =
        r#","decision":{"verdict":"allow","action":"s3:GetObject","resource":"arn:aws:s3:::b/k"}"#;
    check(
        &["explain", "--record", text(&record("deny", deny))],
        1,
        "Sid Closed, p.json:3",
    );
    check(
        &["explain", "--record", text(&record("allow", allow))],
        0,
        "allow: s3:GetObject",
    );
    check(
        &["explain", "--record", text(&record("none", ""))],
        2,
        "no policy was asked",
    );
    let other = folder.path().join("other");
    fs::write(&other, "hello\n").unwrap();
    check(
        &["explain", "--record", text(&other)],
        2,
        "not a JSON record",
    );

    let mut piped = Command::new(BINARY)
        .args(["explain", "--record", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = fs::read(folder.path().join("deny")).unwrap();
    piped.stdin.take().unwrap().write_all(&line).unwrap();
    let output = piped.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["decision"]["revision"], "0123456789ab");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_question_is_put_to_the_policies_of_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    };
    write(
        "policies/buckets/lake-1/policy.json",
        r#"{ "Version": "2012-10-17", "Statement": [{ "Sid": "Office", "Effect": "Allow", "Principal": "*",
          "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake-1/*",
          "Condition": { "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } } }] }"#,
    );
    let config = write(
        "portcullis.yaml",
        "listeners: { app: { bind: \"127.0.0.1:8080\" } }\npolicies: policies\nupstreams:\n  lake: { profile: s3s, \
         endpoint: \"http://127.0.0.1:9000\", owner_account: \"111122223333\", buckets: [\"lake-*\"], credentials: anonymous }\n",
    );
    let ask = |resource: &str, more: &[&str], code: i32, says: &str| {
        let question = [
            "explain",
            "--config",
            text(&config),
            "--principal",
            "anonymous",
            "--action",
            "s3:GetObject",
            "--resource",
            resource,
        ];
        check(&[&question[..], more].concat(), code, says);
    };
    let key = "arn:aws:s3:::lake-1/key";
    ask(key, &["--source-ip", "192.0.2.7"], 0, "Office");
    ask(key, &["--source-ip", "198.51.100.7"], 1, "198.51.100.7");
    ask(key, &["--context", "aws:SourceIp=192.0.2.7"], 0, "Office");
    ask(key, &["--context", "nonsense"], 2, "not KEY=VALUE");
    ask(
        key,
        &["--context", "s3:nonsense=1"],
        2,
        "unknown condition key",
    );
    ask(
        "arn:aws:s3:::other/key",
        &[],
        2,
        "no upstream holds `other`",
    );
}
