//! The front over real sockets, with an app that does what the request's path says.

mod framing;
mod proxying;
mod serving;
mod stopping;
mod timing;
mod tls;

use super::*;
use crate::record::metrics::{Metrics, Sets};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use pingora::apps::{HttpPersistentSettings, ReusedHttpStream};
use pingora::http::ResponseHeader;
use pingora::protocols::http::ServerSession;
use pingora::server::ShutdownWatch;
use std::net::SocketAddr;
use std::sync::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

pub(super) const GET: &[u8] = b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";

/// `/echo`: the body back. `/size/N`: N bytes. `/deny`: 403, the body unread. `/early`: half an answer, the body,
/// the other half. `/panic`: what it says. `/hang`: an answer once released. Anything else: an empty 200.
#[derive(Default)]
pub(super) struct App {
    arrived: Mutex<Vec<Arrived>>,
    entered: Notify,
    release: Notify,
}

impl App {
    pub(super) fn served(&self) -> usize {
        self.arrived.lock().unwrap().len()
    }

    async fn answer(&self, session: &mut ServerSession) -> Option<()> {
        let path = session.req_header().uri.path().to_owned();
        if path == "/hang" {
            self.entered.notify_one();
            self.release.notified().await;
        }
        if let Some(size) = path.strip_prefix("/size/") {
            return write_zeros(session, size.parse().unwrap()).await;
        }
        match path.as_str() {
            "/deny" => write(session, 403, Bytes::from_static(b"no")).await,
            "/early" => {
                session.set_close_on_response_before_downstream_finish(false);
                head(session, 200, 10).await?;
                let half = Bytes::from_static(b"early");
                session
                    .write_response_body(half.clone(), false)
                    .await
                    .ok()?;
                read_all(session).await?;
                session.write_response_body(half, true).await.ok()
            }
            "/panic" => panic!("as asked"),
            "/echo" => {
                if session.get_header("expect").is_some() {
                    session.set_close_on_response_before_downstream_finish(false);
                    session.write_continue_response().await.ok()?;
                    session.set_close_on_response_before_downstream_finish(true);
                }
                let body = read_all(session).await?;
                write(session, 200, body).await
            }
            _ => write(session, 200, Bytes::new()).await,
        }
    }
}

async fn read_all(session: &mut ServerSession) -> Option<Bytes> {
    let mut body = BytesMut::new();
    while let Some(piece) = session.read_request_body().await.ok()? {
        body.extend_from_slice(&piece);
    }
    Some(body.freeze())
}

async fn write(session: &mut ServerSession, status: u16, body: Bytes) -> Option<()> {
    head(session, status, body.len()).await?;
    session.write_response_body(body, true).await.ok()
}

async fn head(session: &mut ServerSession, status: u16, length: usize) -> Option<()> {
    let mut head = ResponseHeader::build(status, None).unwrap();
    head.insert_header("Content-Length", length.to_string())
        .unwrap();
    session.write_response_header(Box::new(head)).await.ok()
}

/// In pieces of uneven sizes, so that buffered and direct writes alternate.
async fn write_zeros(session: &mut ServerSession, mut left: usize) -> Option<()> {
    head(session, 200, left).await?;
    for size in [1, 100, 70_000, 16_384, 5_000, 16_385, 300]
        .into_iter()
        .cycle()
    {
        let size = size.min(left);
        left -= size;
        session
            .write_response_body(Bytes::from(vec![b'0'; size]), left == 0)
            .await
            .ok()?;
        if left == 0 {
            return Some(());
        }
    }
    None
}

#[async_trait]
impl HttpServerApp for App {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        let facts = session.take_connection_user_context().unwrap();
        self.arrived
            .lock()
            .unwrap()
            .push(*facts.downcast().unwrap());
        assert!(session.read_request().await.unwrap());
        if *shutdown.borrow() {
            session.set_keepalive(None);
        }
        self.answer(&mut session).await?;
        let settings = HttpPersistentSettings::for_session(&session);
        let stream = session.finish().await.ok()??;
        Some(ReusedHttpStream::from_reusable_stream(stream, settings))
    }
}

/// What a refuser was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    refusal: Refusal,
    received: usize,
    method: Option<String>,
    target: Option<String>,
    host: Option<String>,
    user_agent: Option<String>,
}

#[derive(Default)]
pub(super) struct Book(Mutex<Vec<Told>>);

impl Book {
    pub(super) fn told(&self) -> Vec<Told> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn refusals(&self) -> Vec<Refusal> {
        self.told().into_iter().map(|told| told.refusal).collect()
    }
}

impl Refuser for Book {
    fn refuse(&self, refusal: Refusal, head: &HeadSketch<'_>) -> Bytes {
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8_lossy(bytes).into());
        self.0.lock().unwrap().push(Told {
            refusal,
            received: head.received,
            method: text(head.method),
            target: text(head.target),
            host: text(head.host),
            user_agent: text(head.user_agent),
        });
        let body = refusal.to_string();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 400 Bad Request\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        Bytes::from(head + &body)
    }
}

/// A front on a free port of loopback.
pub(super) struct Stand {
    app: Arc<App>,
    book: Arc<Book>,
    phase: watch::Sender<Phase>,
    front: Front<App>,
    address: SocketAddr,
    metrics: Metrics,
}

/// The name of the listener in metrics.
pub(super) const LISTENER: &str = "s3";

pub(super) const ANYWHERE: &str = "127.0.0.1:0";

impl Stand {
    pub(super) async fn new(limits: Limits) -> Self {
        Self::at(limits, Address::Tcp(ANYWHERE.parse().unwrap())).await
    }

    pub(super) async fn at(limits: Limits, address: Address) -> Self {
        let (app, book) = (Arc::new(App::default()), Arc::new(Book::default()));
        let phase = watch::Sender::new(Phase::Running);
        let refuser = Arc::clone(&book) as Arc<dyn Refuser>;
        let front = Front::new(Arc::clone(&app), refuser, limits, phase.subscribe());
        let listener = Listener::bind(7, address).await.unwrap();
        let address = match listener.bound() {
            Bound::Tcp(address) => *address,
            Bound::Unix(_) => ANYWHERE.parse().unwrap(),
        };
        let metrics = Metrics::new(&Sets::default()).unwrap();
        front.serve(listener, metrics.listener(LISTENER));
        Self {
            app,
            book,
            phase,
            front,
            address,
            metrics,
        }
    }

    /// Closes the listener and waits for the last connection to end.
    pub(super) async fn ended(&self) {
        self.phase.send_replace(Phase::Draining);
        self.front.drained().await;
    }

    /// A metric of the listener.
    pub(super) fn metric(&self, name: &str) -> String {
        let series = format!("portcullis_{name}{{listener=\"{LISTENER}\"}} ");
        let text = self.metrics.text().unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(&series));
        value.unwrap().to_owned()
    }

    pub(super) async fn connect(&self) -> Client<TcpStream> {
        Client(TcpStream::connect(self.address).await.unwrap())
    }
}

/// A client that knows just enough HTTP.
pub(super) struct Client<S>(pub(super) S);

pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    pub(super) async fn answer(&mut self) -> Answered {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, length) = head.split_once("content-length: ").unwrap();
        let length = length.lines().next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        Answered { status, head, body }
    }

    pub(super) async fn ask(&mut self, bytes: &[u8]) -> Answered {
        self.send(bytes).await;
        self.answer().await
    }

    /// Waits for the other end to close, with nothing more said.
    pub(super) async fn closed(&mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }
}
