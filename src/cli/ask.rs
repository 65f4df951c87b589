//! Asks a running gateway through its admin listener.

mod reach;

use super::Running;
use crate::admin::{Doubt, Holder, LockWork};
use anyhow::{Context as _, bail};
use portcullis_core::s3::names::BucketName;
use reach::{Reached, Way};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// The longest answer.
const ANSWER: u64 = 256 * 1024 * 1024;
/// For each read and write: a reload reads every file, and a bucket that is new may have to be asked for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same, until a copy of the state is there, or an upstream was asked for a page of versions.
const COPYING: Duration = Duration::from_secs(600);

/// What to ask for.
pub(super) enum Question<'a> {
    Explain(&'a str),
    Reload,
    State,
    Backup(&'a Path),
    Settings(&'a Holder),
    PutSettings(&'a Holder, &'a Value),
    Locks,
    LockedUpstream,
    Acknowledge(Doubt),
    WorkOnLocks(LockWork, &'a BucketName, &'a Value),
}

/// An answer: its status, and its JSON.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// What it says is wrong.
    pub(super) fn error(&self) -> &str {
        let error = self.body.get("error").and_then(Value::as_str);
        error.unwrap_or("the gateway does not say why")
    }
}

/// Asks the gateway that the arguments name.
pub(super) fn ask(running: &Running, question: &Question<'_>) -> anyhow::Result<Answer> {
    Gateway::find(running)?.ask(question)
}

/// A gateway that can be asked more than once.
pub(super) struct Gateway<'r>(Way<'r>);

impl<'r> Gateway<'r> {
    /// Finds the gateway that the arguments name.
    pub(super) fn find(running: &'r Running) -> anyhow::Result<Self> {
        Way::to(running).map(Self)
    }

    /// Asks it.
    pub(super) fn ask(&self, question: &Question<'_>) -> anyhow::Result<Answer> {
        let patience = match question {
            Question::Backup(_) | Question::LockedUpstream | Question::WorkOnLocks(..) => COPYING,
            Question::Explain(_)
            | Question::Reload
            | Question::State
            | Question::Settings(_)
            | Question::PutSettings(..)
            | Question::Locks
            | Question::Acknowledge(_) => PATIENCE,
        };
        let Reached { host, mut stream } = self.0.reach(patience)?;
        let token = self.0.token().map(|token| &***token);
        let request = Zeroizing::new(request(question, &host, token)?);
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.take(ANSWER).read_to_end(&mut answer)?;
        parse(&answer).context("the admin listener's answer cannot be read")
    }
}

fn request(question: &Question<'_>, host: &str, token: Option<&str>) -> anyhow::Result<String> {
    let (method, path, body) = match question {
        Question::Explain(id) => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if id.is_empty() || !id.bytes().all(plain) {
                bail!("`{id}` is not a request id");
            }
            ("GET", format!("/explain/{id}"), None)
        }
        Question::Reload => ("POST", "/reload".to_owned(), Some(String::new())),
        Question::State => ("GET", "/state".to_owned(), None),
        Question::Backup(to) => {
            let to = to.to_str().context("the path is not UTF-8")?;
            let body = json!({ "to": to }).to_string();
            ("POST", "/state/backup".to_owned(), Some(body))
        }
        Question::Settings(of) => ("GET", settings(of), None),
        Question::PutSettings(of, body) => ("POST", settings(of), Some(body.to_string())),
        Question::Locks => ("GET", "/locks".to_owned(), None),
        Question::LockedUpstream => ("GET", "/locks/upstream".to_owned(), None),
        Question::Acknowledge(doubt) => {
            let path = format!("/locks/acknowledge/{}", doubt.name());
            ("POST", path, Some(String::new()))
        }
        Question::WorkOnLocks(work, bucket, body) => {
            let path = format!("/locks/{}/{}", work.name(), bucket.as_str());
            ("POST", path, Some(body.to_string()))
        }
    };
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    if let Some(token) = token {
        write!(text, "authorization: Bearer {token}\r\n")?;
    }
    if let Some(body) = &body {
        let length = body.len();
        write!(
            text,
            "content-type: application/json\r\ncontent-length: {length}\r\n"
        )?;
    }
    text.push_str("\r\n");
    text.push_str(&body.unwrap_or_default());
    Ok(text)
}

fn settings(of: &Holder) -> String {
    match of {
        Holder::Bucket(name) => format!("/settings/buckets/{}", name.as_str()),
        Holder::Account(id) => format!("/settings/accounts/{}", id.as_str()),
    }
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let mut slots = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut slots);
    let httparse::Status::Complete(length) = response.parse(answer).ok()? else {
        return None;
    };
    let (_, body) = answer.split_at_checked(length)?;
    Some(Answer {
        status: response.code?,
        body: serde_json::from_slice(body).ok()?,
    })
}
