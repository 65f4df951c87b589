//! An upstream that says what it is told to, and remembers every byte it was sent.

use super::client::PATIENCE;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// One request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Request line to blank line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether all of its Content-Length came: what a store would commit.
    pub(crate) whole: bool,
    /// Which connection brought it, from 0.
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.split("\r\n").skip(1);
        lines
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    pub(crate) fn line(&self) -> &str {
        self.head.split("\r\n").next().unwrap()
    }
}

/// What happens to one request.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    after: After,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// The head and so much of the body.
    Part(usize),
    Body,
}

#[derive(Debug, Clone)]
enum Step {
    Say(Vec<u8>),
    /// Until the test says so.
    Wait(watch::Receiver<bool>),
    /// Reads the rest of the body.
    Read,
    Close,
    Reset,
    /// Says no more, and waits for the gateway to close.
    Hang,
}

impl Script {
    /// Says this once the body is there.
    pub(crate) fn say(bytes: impl AsRef<[u8]>) -> Self {
        Self::begin(After::Body).then(bytes)
    }

    /// Says this as soon as the head is there.
    pub(crate) fn early(bytes: impl AsRef<[u8]>) -> Self {
        Self::begin(After::Part(0)).then(bytes)
    }

    /// Goes on once so many bytes of the body are there.
    pub(crate) fn after(count: usize) -> Self {
        Self::begin(After::Part(count))
    }

    fn begin(after: After) -> Self {
        let steps = Vec::new();
        Self { after, steps }
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(crate) fn then(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::Say(bytes.as_ref().to_vec()))
    }

    pub(crate) fn wait(self, gate: &Gate) -> Self {
        self.step(Step::Wait(gate.0.subscribe()))
    }

    pub(crate) fn read(self) -> Self {
        self.step(Step::Read)
    }

    pub(crate) fn close(self) -> Self {
        self.step(Step::Close)
    }

    pub(crate) fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    pub(crate) fn hang(self) -> Self {
        self.step(Step::Hang)
    }
}

/// Holds scripts back until it is opened.
pub(crate) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn open(&self) {
        self.0.send_replace(true);
    }
}

/// An answer with its length.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// An S3 error as stores write it, with names a client must not see.
pub(crate) fn error(status: &str, code: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>upstream says {code}\
         </Message><RequestId>UPSTREAMREQUESTID</RequestId><HostId>UPSTREAMHOSTID</HostId></Error>"
    );
    let headers = "Content-Type: application/xml\r\nServer: UpstreamServer\r\nx-amz-request-id: UPSTREAMREQUESTID\r\n\
                   x-amz-id-2: UPSTREAMHOSTID\r\n";
    answer(status, headers, body)
}

/// What an origin remembers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub(crate) seen: Vec<Seen>,
    pub(crate) opened: usize,
    pub(crate) closed: usize,
}

pub(crate) struct Origin {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    memory: watch::Sender<Memory>,
    scripts: Mutex<VecDeque<Script>>,
}

impl Origin {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            memory: watch::Sender::new(Memory::default()),
            scripts: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut connection = 0;
                accepting.memory.send_modify(|memory| {
                    connection = memory.opened;
                    memory.opened += 1;
                });
                let shared = Arc::clone(&accepting);
                tokio::spawn(async move {
                    let _ = serve(&shared, stream, connection).await;
                    shared.memory.send_modify(|memory| memory.closed += 1);
                });
            }
        });
        Self { port, shared }
    }

    /// What the next request without a script meets. One that has none is answered with an empty 200.
    pub(crate) fn will(&self, script: Script) -> &Self {
        self.shared.scripts.lock().unwrap().push_back(script);
        self
    }

    pub(crate) fn memory(&self) -> Memory {
        self.shared.memory.borrow().clone()
    }

    /// Waits until what it remembers is so.
    pub(crate) async fn until(&self, is_so: impl FnMut(&Memory) -> bool) -> Memory {
        let mut memory = self.shared.memory.subscribe();
        let waited = timeout(PATIENCE, memory.wait_for(is_so)).await;
        waited.expect("it never was so").unwrap().clone()
    }
}

async fn serve(shared: &Shared, mut stream: TcpStream, connection: usize) -> std::io::Result<()> {
    let mut ahead = Vec::new();
    loop {
        let Some(head) = read_head(&mut stream, &mut ahead).await? else {
            return Ok(());
        };
        let length = content_length(&head);
        let mut position = 0;
        shared.memory.send_modify(|memory| {
            position = memory.seen.len();
            memory.seen.push(Seen {
                head,
                connection,
                whole: length == 0,
                ..Seen::default()
            });
        });
        let script = shared.scripts.lock().unwrap().pop_front();
        let script = script.unwrap_or_else(|| Script::say(answer("200 OK", "ETag: \"e\"\r\n", "")));
        let first = match script.after {
            After::Part(count) => count.min(length),
            After::Body => length,
        };
        read_body(shared, &mut stream, &mut ahead, position, first, length).await?;
        for step in script.steps {
            if matches!(step, Step::Read) {
                read_body(shared, &mut stream, &mut ahead, position, length, length).await?;
            } else if !act(&mut stream, step).await? {
                return Ok(());
            }
        }
        read_body(shared, &mut stream, &mut ahead, position, length, length).await?;
    }
}

/// `false`: nothing more on this connection.
async fn act(stream: &mut TcpStream, step: Step) -> std::io::Result<bool> {
    match step {
        Step::Say(bytes) => stream.write_all(&bytes).await?,
        Step::Wait(mut gate) => drop(gate.wait_for(|open| *open).await),
        Step::Read => (),
        Step::Close => return Ok(false),
        Step::Reset => {
            #[expect(
                deprecated,
                reason = "a reset is what is wanted, and zero does not block"
            )]
            stream.set_linger(Some(Duration::ZERO))?;
            return Ok(false);
        }
        Step::Hang => {
            while stream.read(&mut [0; 4096]).await? > 0 {}
            return Ok(false);
        }
    }
    Ok(true)
}

async fn read_head(stream: &mut TcpStream, ahead: &mut Vec<u8>) -> std::io::Result<Option<String>> {
    loop {
        if let Some(at) = ahead.windows(4).position(|part| part == b"\r\n\r\n") {
            let head: Vec<u8> = ahead.drain(..at + 4).collect();
            return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
        }
        if stream.read_buf(ahead).await? == 0 {
            assert_eq!(String::from_utf8_lossy(ahead), "", "bytes of no request");
            return Ok(None);
        }
    }
}

async fn read_body(
    shared: &Shared,
    stream: &mut TcpStream,
    ahead: &mut Vec<u8>,
    position: usize,
    until: usize,
    length: usize,
) -> std::io::Result<()> {
    let mut left = until - shared.memory.borrow().seen[position].body.len();
    while left > 0 {
        if ahead.is_empty() && stream.read_buf(ahead).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let piece: Vec<u8> = ahead.drain(..left.min(ahead.len())).collect();
        left -= piece.len();
        shared.memory.send_modify(|memory| {
            let seen = &mut memory.seen[position];
            seen.body.extend_from_slice(&piece);
            seen.whole = seen.body.len() == length;
        });
    }
    Ok(())
}

fn content_length(head: &str) -> usize {
    let seen = Seen {
        head: head.to_owned(),
        ..Seen::default()
    };
    assert!(seen.header("transfer-encoding").is_none(), "{head}");
    seen.header("content-length")
        .map_or(0, |length| length.parse().unwrap())
}
