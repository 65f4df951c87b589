//! Asks a running gateway through its admin listener.

mod reach;

use super::Running;
use anyhow::{Context as _, bail};
use reach::Reached;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use zeroize::Zeroizing;

/// The longest answer.
const ANSWER: u64 = 16 * 1024 * 1024;

/// What to ask for.
pub(super) enum Question<'a> {
    Explain(&'a str),
    Reload,
}

/// An answer: its status, and its JSON.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// Asks the gateway that the arguments name.
pub(super) fn ask(running: &Running, question: &Question<'_>) -> anyhow::Result<Answer> {
    let Reached {
        host,
        token,
        mut stream,
    } = reach::reach(running)?;
    let token = token.as_ref().map(|token| &***token);
    let request = Zeroizing::new(head(question, &host, token)?);
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer)?;
    parse(&answer).context("the admin listener's answer cannot be read")
}

fn head(question: &Question<'_>, host: &str, token: Option<&str>) -> anyhow::Result<String> {
    let mut head = match question {
        Question::Explain(id) => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if id.is_empty() || !id.bytes().all(plain) {
                bail!("`{id}` is not a request id");
            }
            format!("GET /explain/{id} HTTP/1.1\r\n")
        }
        Question::Reload => {
            "POST /reload HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 0\r\n"
                .to_owned()
        }
    };
    write!(head, "host: {host}\r\nconnection: close\r\n")?;
    if let Some(token) = token {
        write!(head, "authorization: Bearer {token}\r\n")?;
    }
    head.push_str("\r\n");
    Ok(head)
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
