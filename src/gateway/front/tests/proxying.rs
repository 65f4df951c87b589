//! The framework's proxy behind the front, with another front as its upstream.

use super::*;
use pingora::prelude::HttpPeer;
use pingora::proxy::{ProxyHttp, Session, http_proxy};
use pingora::server::configuration::ServerConf;

struct Relay {
    upstream: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

#[async_trait]
impl ProxyHttp for Relay {
    type CTX = Option<Arrived>;

    fn new_ctx(&self) -> Self::CTX {
        None
    }

    fn on_connection_reuse(
        &self,
        _session: &mut Session,
        ctx: &mut Self::CTX,
        facts: Box<dyn std::any::Any + Send + Sync>,
    ) {
        *ctx = facts.downcast::<Arrived>().ok().map(|arrived| *arrived);
    }

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        ctx: &mut Self::CTX,
    ) -> pingora::Result<Box<HttpPeer>> {
        self.arrived.lock().unwrap().extend(ctx.take());
        Ok(Box::new(HttpPeer::new(self.upstream, false, String::new())))
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        _response: &mut ResponseHeader,
        _ctx: &mut Self::CTX,
    ) -> pingora::Result<()> {
        if session.is_process_shutting_down() {
            session.set_keepalive(None);
        }
        Ok(())
    }
}

struct Relayed {
    upstream: Stand,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    phase: watch::Sender<Phase>,
    address: SocketAddr,
}

async fn relayed() -> Relayed {
    let upstream = Stand::new(Limits::default()).await;
    let arrived = Arc::default();
    let relay = Relay {
        upstream: upstream.address,
        arrived: Arc::clone(&arrived),
    };
    let proxy = Arc::new(http_proxy(&Arc::new(ServerConf::default()), relay));
    let phase = watch::Sender::new(Phase::Running);
    let book = Arc::new(Book::default());
    let front = Front::new(proxy, book, Limits::default(), phase.subscribe());
    let listener = Listener::bind(1, Address::Tcp(ANYWHERE.parse().unwrap()))
        .await
        .unwrap();
    let Bound::Tcp(address) = listener.bound().clone() else {
        panic!()
    };
    let metrics = Metrics::new(&Sets::default()).unwrap();
    front.serve(listener, metrics.listener(LISTENER));
    Relayed {
        upstream,
        arrived,
        phase,
        address,
    }
}

#[tokio::test]
async fn the_proxy_keeps_connections_and_is_told_of_each_request() {
    let relayed = relayed().await;
    let mut client = Client(TcpStream::connect(relayed.address).await.unwrap());
    for _ in 0..20 {
        let answered = client
            .ask(b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
            .await;
        assert_eq!(answered.body, b"hi");
        let answered = client
            .ask(b"GET /size/100000 HTTP/1.1\r\nHost: a\r\n\r\n")
            .await;
        assert_eq!(answered.body.len(), 100_000);
    }
    assert_eq!(relayed.upstream.app.served(), 40);
    let arrived = relayed.arrived.lock().unwrap();
    assert_eq!(arrived.len(), 40);
    assert!(arrived[1].head.starts_with(b"GET /size/100000 "));
}

#[tokio::test]
async fn large_bodies_pass_the_proxy_intact() {
    let relayed = relayed().await;
    let connect = async || Client(TcpStream::connect(relayed.address).await.unwrap());
    serving::echo(connect().await, 10 * 1024 * 1024, 100_000).await;
    serving::echo(connect().await, 2_000, 1).await;
}

#[tokio::test]
async fn t39_a_pipelined_request_reaches_no_upstream_and_the_first_is_answered() {
    for second_later in [false, true] {
        let relayed = relayed().await;
        let mut client = Client(TcpStream::connect(relayed.address).await.unwrap());
        let first = b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n";
        if second_later {
            client.send(first).await;
            relayed.upstream.app.entered.notified().await;
            client.send(GET).await;
        } else {
            client.send(&[first, GET].concat()).await;
            relayed.upstream.app.entered.notified().await;
        }
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        relayed.upstream.app.release.notify_one();
        assert_eq!(client.answer().await.status, 200);
        client.closed().await;
        assert_eq!(relayed.upstream.app.served(), 1);
    }
}

#[tokio::test]
async fn a_small_proxied_answer_leaves_in_one_piece() {
    let relayed = relayed().await;
    let mut client = TcpStream::connect(relayed.address).await.unwrap();
    client
        .write_all(b"GET /size/4000 HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut piece = vec![0; 64 * 1024];
    let read = client.read(&mut piece).await.unwrap();
    assert!(
        piece[..read].ends_with(&[b'0'; 4000]),
        "{read} bytes came first"
    );
}

#[tokio::test]
async fn a_proxied_request_in_hand_when_draining_begins_is_told_to_close() {
    let relayed = relayed().await;
    let mut client = Client(TcpStream::connect(relayed.address).await.unwrap());
    client.send(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n").await;
    relayed.upstream.app.entered.notified().await;
    relayed.phase.send_replace(Phase::Draining);
    while TcpStream::connect(relayed.address).await.is_ok() {}
    relayed.upstream.app.release.notify_one();
    let answered = client.answer().await;
    assert_eq!(answered.status, 200);
    assert!(answered.head.contains("connection: close"));
    client.closed().await;
}
