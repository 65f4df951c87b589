//! Asks a running gateway through its admin listener.

use super::Running;
use crate::config::settings::Bind;
use crate::config::{self, Host};
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// For each read and write; a reload reads every file.
const PATIENCE: Duration = Duration::from_secs(20);
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
    let (place, token) = place(running)?;
    let (host, mut stream): (String, Box<dyn Duplex>) = match &place {
        Place::Unix(path) => {
            let stream = UnixStream::connect(path)
                .with_context(|| format!("cannot reach the gateway at `{}`", path.display()))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            ("localhost".to_owned(), Box::new(stream))
        }
        Place::Tcp(address) => {
            let stream = TcpStream::connect(address)
                .with_context(|| format!("cannot reach the gateway at `{address}`"))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            (address.clone(), Box::new(stream))
        }
    };
    let request = Zeroizing::new(head(
        question,
        &host,
        token.as_ref().map(|token| &***token),
    )?);
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer)?;
    parse(&answer).context("the admin listener's answer cannot be read")
}

enum Place {
    Unix(PathBuf),
    Tcp(String),
}

trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

type Token = Option<Zeroizing<String>>;

fn place(running: &Running) -> anyhow::Result<(Place, Token)> {
    let own = match &running.token_file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read `{}`", file.display()))?;
            Some(Zeroizing::new(text.trim_end().to_owned()))
        }
        None => None,
    };
    if let Some(written) = &running.admin {
        if let Some(path) = written.strip_prefix("unix:") {
            return Ok((Place::Unix(path.into()), own));
        }
        if let Some(address) = written.strip_prefix("http://") {
            return Ok((Place::Tcp(address.trim_end_matches('/').to_owned()), own));
        }
        bail!("`{written}` is neither `unix:PATH` nor `http://ADDRESS:PORT`");
    }
    let Some(file) = &running.config else {
        bail!("which gateway: give --admin, or --config or PORTCULLIS_CONFIG");
    };
    let (settings, _) = config::load(file, &Host).map_err(|_| {
        let file = file.display();
        anyhow::anyhow!("`{file}` has errors, see `portcullis validate`: give --admin")
    })?;
    let admin = settings
        .admin
        .with_context(|| format!("`{}` has no `admin`", file.display()))?;
    if admin.tls.is_some() {
        bail!(
            "the admin listener speaks TLS, which this verb does not: ask it with another client"
        );
    }
    Ok(match admin.bind {
        Bind::Unix(path) => (Place::Unix(path), own),
        Bind::Tcp(address) => (Place::Tcp(address.to_string()), own.or(admin.token)),
    })
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
