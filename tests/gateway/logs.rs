//! What stands in logs and diagnostics: one line for each request whatever it holds, and no secret.

use super::client::Client;
use super::origin::{Origin, Script, error};
use super::request::{CLERK, OWNER, PARTNER, Request, decoded};
use super::stand::{Setup, Stand, UPSTREAM};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use tokio::net::TcpStream;

#[tokio::test]
async fn t47_one_line_for_each_request_whatever_it_holds() {
    let stand = Stand::start().await;
    let keys = [
        "a%0Ab",
        "a%0D%0Ab",
        "%22quoted%22",
        "%1B%5B31mred",
        "%E2%80%A8line",
        "%09tab",
        "%7F",
        "a%20b",
        "%5C",
    ];
    let agents: [&[u8]; 4] = [
        b"plain",
        b"\"quoted\" \\",
        b"\xff\xfe not utf-8",
        "\u{85}\u{2028}".as_bytes(),
    ];
    for key in keys {
        for agent in agents {
            let request = Request::get(&format!("/lake-1/{key}")).signed_by(OWNER);
            let request = request.header("User-Agent", agent).header("Referer", agent);
            let answer = stand.ask(&request).await;
            assert_eq!(answer.status, 200, "{key} {answer:?}");
        }
    }
    let ended = stand.end().await;
    let count = keys.len() * agents.len();
    assert_eq!(ended.records.len(), count);
    for (number, record) in ended.records.iter().enumerate() {
        // Nothing of the key is lost.
        let key = decoded(keys[number / agents.len()]);
        assert_eq!(record["key_name"].as_str().unwrap().as_bytes(), key);
    }
    for log in [&ended.log[..], ended.lines.as_bytes()] {
        assert_eq!(log.iter().filter(|byte| **byte == b'\n').count(), count);
        let text = std::str::from_utf8(log).expect("a log is UTF-8");
        let breaking =
            |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
        assert_eq!(text.chars().find(|c| breaking(*c)), None, "{text}");
    }
}

#[tokio::test]
async fn t47_ids_of_an_upstream_cannot_forge_lines() {
    let said = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-amz-request-id: a\"\u{1b}[31m\u{85}, \"b\": 1\r\n\r\n";
    let stand = Stand::start().await;
    stand.origin.will(Script::say(said));
    let answer = stand
        .ask(&Request::get("/lake-1/key").signed_by(OWNER))
        .await;
    let ended = stand.end().await;
    let record = ended.record();
    assert_eq!(answer.status, record["http_status"], "{record:#}");
    assert!(record.get("b").is_none());
    assert_eq!(ended.lines.lines().count(), 1);
    assert!(!ended.lines.contains('\u{1b}'));
}

/// The gateway as a program, asked for every word it has.
struct Program {
    child: Child,
    stderr: std::thread::JoinHandle<String>,
    address: String,
}

impl Program {
    fn start(config: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
            .args(["serve", "--config"])
            .arg(config)
            .env(
                "RUST_LOG",
                "trace,aws_sigv4::http_request=trace,aws_sigv4=trace,s3s=trace",
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let before = said.len();
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
            if let Some((_, address)) = said[before..].split_once("serving on ") {
                break address.trim().to_owned();
            }
        };
        let stderr = std::thread::spawn(move || {
            stderr.read_to_string(&mut said).unwrap();
            said
        });
        Self {
            child,
            stderr,
            address,
        }
    }

    async fn ask(&self, request: &Request) -> super::client::Answer {
        let mut client = Client::new(TcpStream::connect(&self.address).await.unwrap());
        client.send(&request.bytes()).await;
        client.answer(request.method()).await
    }

    /// Ends the program; all it said on both outputs.
    fn end(mut self) -> String {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let mut said = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert!(self.child.wait().unwrap().success());
        said + &self.stderr.join().unwrap()
    }
}

const SSE_KEY: &str = "Y2FuYXJ5LXNzZS1jLWtleS0wMTIzNDU2Nzg5YWJjZGU=";
const TOKEN: &str = "canary-session-token";

fn encrypted(request: Request) -> Request {
    request
        .header("x-amz-server-side-encryption-customer-algorithm", "AES256")
        .header("x-amz-server-side-encryption-customer-key", SSE_KEY)
        .header(
            "x-amz-server-side-encryption-customer-key-md5",
            "1B2M2Y8AsgTpgAmY7PhCfg==",
        )
}

/// Requests that carry every kind of secret, on good and on bad paths.
fn secretive() -> Vec<Request> {
    let get = || Request::get("/lake-1/key");
    vec![
        get().signed_by(OWNER),
        get().presigned_by(OWNER),
        get().presigned_by(PARTNER),
        get()
            .header("Referer", "http://x/?X-Amz-Signature=canaryreferer&x=1")
            .signed_by(OWNER),
        encrypted(get()).signed_by(OWNER),
        encrypted(Request::put("/lake-1/key", "hello")).signed_by(OWNER),
        encrypted(get()).signed_by(PARTNER),
        get().header("x-amz-security-token", TOKEN).signed_by(OWNER),
        Request::get(&format!("/lake-1/key?X-Amz-Security-Token={TOKEN}")).presigned_by(OWNER),
        get().header("Authorization", "Bearer canary-bearer"),
        get().header("Cookie", "canary-cookie").signed_by(CLERK),
        Request::get("/lake-1/key?X-Amz-Signature=canarybare"),
    ]
}

fn secrets() -> Vec<String> {
    let mut secrets: Vec<String> = [OWNER, CLERK, PARTNER, UPSTREAM]
        .iter()
        .map(|user| user.secret.to_owned())
        .collect();
    for word in [
        SSE_KEY,
        TOKEN,
        "canary-bearer",
        "canary-cookie",
        "canaryreferer",
        "canarybare",
        "canary-",
    ] {
        secrets.push(word.to_owned());
    }
    secrets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t48_no_secret_is_in_any_output_at_trace_level() {
    let origin = Origin::start().await;
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::default().with("shutdown: { delay: 0s }");
    let file = setup.write(folder.path(), origin.port);
    let program = Program::start(&file);
    let mut secrets = secrets();
    let mut said = String::new();
    for request in secretive() {
        if request.target().contains("SignedHeaders") {
            let signature = request.target().rsplit_once('=').unwrap().1;
            secrets.push(signature.to_owned());
        }
        said += &format!("{:?}\n", program.ask(&request).await);
    }
    // The upstream quotes what the gateway sent it.
    origin.will(Script::say(error(
        "403 Forbidden",
        &format!("SignatureDoesNotMatch</Code><Code>{}", UPSTREAM.secret),
    )));
    said += &format!(
        "{:?}\n",
        program
            .ask(&Request::get("/lake-1/key").signed_by(OWNER))
            .await
    );
    origin.will(
        Script::say(format!(
            "HTTP/1.1 200 {}\u{1}\r\nBad\r\n\r\n",
            UPSTREAM.secret
        ))
        .close(),
    );
    said += &format!(
        "{:?}\n",
        program
            .ask(&Request::get("/lake-1/key").signed_by(OWNER))
            .await
    );
    said += &program.end();
    for log in ["access.json", "access.log"] {
        let text = std::fs::read_to_string(folder.path().join(log)).unwrap();
        assert_eq!(text.lines().count(), secretive().len() + 2, "{text}");
        said += &text;
    }
    assert!(
        said.contains("effective configuration") && said.contains("ERROR"),
        "{said}"
    );
    for secret in secrets {
        let found = said.lines().find(|line| line.contains(&secret));
        assert_eq!(found, None, "{secret}");
    }
}
