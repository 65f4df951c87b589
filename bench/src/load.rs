//! The load: connections that send the same signed request again and again, and note how long each answer took.

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// What one connection sends, and how much it must get back.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Rc<Vec<u8>>,
    /// Bytes of the answer's body.
    pub(crate) expected: usize,
}

/// What came of a load.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// From each request's first byte to its answer's last.
    pub(crate) latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

/// Sends every script on a connection of its own until the time is over; each sends once at least.
pub(crate) fn run(address: SocketAddr, scripts: Vec<Script>, time: Duration) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let began = Instant::now();
        let tasks: Vec<_> = scripts
            .into_iter()
            .map(|script| tokio::task::spawn_local(repeat(address, script, began + time)))
            .collect();
        let mut outcome = Outcome::default();
        for task in tasks {
            outcome.latencies.extend(task.await??);
        }
        outcome.elapsed = began.elapsed();
        Ok(outcome)
    })
}

async fn repeat(address: SocketAddr, script: Script, until: Instant) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut connection = Connection::open(address).await?;
    loop {
        let began = Instant::now();
        let keep = connection.exchange(&script).await?;
        latencies.push(began.elapsed());
        if Instant::now() >= until {
            return Ok(latencies);
        }
        if !keep {
            connection = Connection::open(address).await?;
        }
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; 256 << 10],
        })
    }

    /// Sends and receives once; says whether the connection may be used again.
    async fn exchange(&mut self, script: &Script) -> Result<bool> {
        self.send(script).await?;
        let (answer, already) = self.receive_head().await?;
        let length = answer.length;
        self.receive_rest(length, already).await?;
        if !(200..300).contains(&answer.status) || length != script.expected {
            bail!("status {}, {length} bytes: {}", answer.status, answer.text);
        }
        Ok(!answer.closes)
    }

    async fn send(&mut self, script: &Script) -> Result<()> {
        // A small request leaves in one piece, as clients send it.
        if script.body.len() <= 64 << 10 {
            let whole = [script.head.as_slice(), script.body.as_slice()].concat();
            return Ok(self.stream.write_all(&whole).await?);
        }
        self.stream.write_all(&script.head).await?;
        Ok(self.stream.write_all(&script.body).await?)
    }

    /// The head, and how many bytes of the body came with it.
    async fn receive_head(&mut self) -> Result<(Head, usize)> {
        let mut filled = 0;
        loop {
            let space = self
                .buffer
                .get_mut(filled..)
                .context("a head without end")?;
            let count = self.stream.read(space).await?;
            if count == 0 {
                bail!("the connection ended without an answer");
            }
            filled += count;
            let received = self.buffer.get(..filled).unwrap_or_default();
            if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(received.get(..end).unwrap_or_default());
                return Ok((Head::parse(&head)?, filled - end - 4));
            }
        }
    }

    async fn receive_rest(&mut self, length: usize, mut received: usize) -> Result<()> {
        while received < length {
            let count = self.stream.read(&mut self.buffer).await?;
            if count == 0 {
                bail!("the connection ended after {received} of {length} bytes");
            }
            received += count;
        }
        Ok(())
    }
}

struct Head {
    status: u16,
    length: usize,
    closes: bool,
    text: String,
}

impl Head {
    fn parse(text: &str) -> Result<Self> {
        let status = text.split(' ').nth(1).context("no status")?.parse()?;
        let header = |name: &str| {
            text.lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(given, _)| given.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim())
        };
        let length = match header("content-length") {
            Some(length) => length.parse()?,
            None if status == 204 => 0,
            None => bail!("an answer without length: {text}"),
        };
        let closes = header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        Ok(Self {
            status,
            length,
            closes,
            text: text.to_owned(),
        })
    }
}
