//! A client that knows just enough HTTP to see every byte of an answer.

use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No answer takes as long; only a broken test waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client<S = TcpStream> {
    stream: S,
    /// Read and not yet looked at.
    ahead: Vec<u8>,
}

/// An answer as it came.
#[derive(Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line to blank line.
    pub(crate) head: String,
    /// Without transfer coding.
    pub(crate) body: Vec<u8>,
    /// Whether the body came to the end that its head announced.
    pub(crate) whole: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn new(stream: S) -> Self {
        let ahead = Vec::new();
        Self { stream, ahead }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends what the gateway may already have stopped reading.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) {
        self.is_sent(bytes).await;
    }

    /// Whether the other end still takes what is sent.
    pub(crate) async fn is_sent(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Says that nothing more comes; still reads.
    pub(crate) async fn finish_sending(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// `false` at the end of the connection.
    async fn more(&mut self) -> bool {
        let mut piece = [0; 16 * 1024];
        let read = timeout(PATIENCE, self.stream.read(&mut piece)).await;
        match read.expect("nothing came") {
            Ok(0) | Err(_) => false,
            Ok(read) => {
                self.ahead.extend_from_slice(&piece[..read]);
                true
            }
        }
    }

    async fn through(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let found = self.ahead.windows(end.len()).position(|part| part == end);
            if let Some(at) = found {
                return Some(self.ahead.drain(..at + end.len()).collect());
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Reads `count` bytes, or what there is.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<u8> {
        while self.ahead.len() < count && self.more().await {}
        let count = count.min(self.ahead.len());
        self.ahead.drain(..count).collect()
    }

    /// Reads a head alone.
    pub(crate) async fn head(&mut self) -> Answer {
        let head = self.through(b"\r\n\r\n").await.expect("a whole head");
        let head = String::from_utf8_lossy(&head).into_owned();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head,
            ..Answer::default()
        }
    }

    /// Reads an answer to a request of this method.
    pub(crate) async fn answer(&mut self, method: &str) -> Answer {
        let head = self.head().await;
        self.rest(method, head).await
    }

    /// Reads the body of an answer whose head is there.
    pub(crate) async fn rest(&mut self, method: &str, mut answer: Answer) -> Answer {
        let bodiless = method == "HEAD" || answer.status == 204 || answer.status == 304;
        if bodiless || answer.status < 200 {
            answer.whole = true;
        } else if answer.header("transfer-encoding").is_some() {
            answer.whole = self.chunks(&mut answer.body).await;
        } else if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            answer.body = self.take(length).await;
            answer.whole = answer.body.len() == length;
        } else {
            while self.more().await {}
            answer.body = std::mem::take(&mut self.ahead);
            answer.whole = true;
        }
        answer
    }

    /// Whether the last chunk came.
    async fn chunks(&mut self, body: &mut Vec<u8>) -> bool {
        loop {
            let Some(line) = self.through(b"\r\n").await else {
                return false;
            };
            let line = String::from_utf8(line).unwrap();
            let size = usize::from_str_radix(line.trim(), 16).unwrap();
            let data = self.take(size + 2).await;
            if data.len() < size + 2 {
                body.extend_from_slice(&data[..size.min(data.len())]);
                return false;
            }
            body.extend_from_slice(&data[..size]);
            if size == 0 {
                return true;
            }
        }
    }

    /// Waits for the other end to close, and gives what it says before.
    pub(crate) async fn finished(mut self) -> Vec<u8> {
        while self.more().await {}
        self.ahead
    }

    /// Waits for the other end to close with nothing more said.
    pub(crate) async fn closed(mut self) {
        while self.more().await {}
        assert_eq!(String::from_utf8_lossy(&self.ahead), "");
    }
}

impl Client {
    /// Sends in pieces of `size`, each on its way before the next.
    pub(crate) async fn dribble(&mut self, bytes: &[u8], size: usize) {
        self.stream.set_nodelay(true).unwrap();
        for piece in bytes.chunks(size) {
            self.send(piece).await;
            tokio::task::yield_now().await;
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "whole: {}\n{}{:.2000}",
            self.whole,
            self.head,
            self.text()
        )
    }
}

impl Answer {
    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.split("\r\n").skip(1);
        lines
            .filter_map(|line| line.split_once(':'))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The text of an element of the XML body; empty if there is none.
    pub(crate) fn element(&self, name: &str) -> String {
        let text = self.text();
        let after = text.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
        let inside = after.and_then(|rest| rest.split_once(&format!("</{name}>")));
        inside.map_or_else(String::new, |(inside, _)| inside.to_owned())
    }

    pub(crate) fn code(&self) -> String {
        self.element("Code")
    }
}
