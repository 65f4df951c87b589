//! Sound requests: bodies intact both ways, answers sent in time, connections kept.

use super::*;

/// Bytes that show any piece lost, doubled or swapped.
pub(super) fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at % 251) as u8 ^ (at / 65_536) as u8)
        .collect()
}

/// Sends while it reads, as the echo may not fit the sockets' buffers.
pub(super) async fn echo<S>(client: Client<S>, length: usize, piece: usize)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (reader, mut writer) = tokio::io::split(client.0);
    let sending = tokio::spawn(async move {
        let head = format!("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        writer.write_all(head.as_bytes()).await.unwrap();
        for piece in pattern(length).chunks(piece) {
            writer.write_all(piece).await.unwrap();
            writer.flush().await.unwrap();
        }
    });
    let answered = Client(tokio::io::join(reader, tokio::io::sink()))
        .answer()
        .await;
    sending.await.unwrap();
    assert_eq!(answered.status, 200);
    assert!(
        answered.body == pattern(length),
        "{length} bytes in pieces of {piece}"
    );
}

#[tokio::test]
async fn large_bodies_arrive_intact_both_ways() {
    let stand = Stand::new(Limits::default()).await;
    echo(stand.connect().await, 10 * 1024 * 1024, 1024 * 1024).await;
    echo(stand.connect().await, 10 * 1024 * 1024, 16 * 1024 + 1).await;
}

#[tokio::test]
async fn dribbled_bodies_arrive_intact() {
    let stand = Stand::new(Limits::default()).await;
    echo(stand.connect().await, 2_000, 1).await;
    echo(stand.connect().await, 300_000, 997).await;
}

#[tokio::test]
async fn answers_written_in_uneven_pieces_arrive_intact() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    for size in [1, 16_384, 16_385, 70_101, 10 * 1024 * 1024] {
        let request = format!("GET /size/{size} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.ask(request.as_bytes()).await.body, vec![b'0'; size]);
    }
}

#[tokio::test]
async fn a_dribbled_head_is_served() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    for byte in GET {
        client.send(&[*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn a_connection_serves_a_hundred_requests() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    for turn in 0..100 {
        let answered = client
            .ask(b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
            .await;
        assert_eq!(answered.body, b"hi", "request {turn}");
        assert!(answered.head.contains("connection: keep-alive"));
    }
    let arrived = stand.app.arrived.lock().unwrap();
    assert_eq!(arrived.len(), 100);
    assert_eq!(arrived[0].turn, Turn::First);
    assert!(
        arrived[1..]
            .iter()
            .all(|arrived| arrived.turn == Turn::Later)
    );
}

#[tokio::test]
async fn what_is_written_is_sent_before_the_client_is_waited_for() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client
        .send(b"PUT /early HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        .await;
    let mut half = Vec::new();
    while !half.ends_with(b"\r\n\r\nearly") {
        half.push(client.0.read_u8().await.unwrap());
    }
    client.send(b"late").await;
    let mut other = [0; 5];
    client.0.read_exact(&mut other).await.unwrap();
    assert_eq!(&other, b"early");
    assert_eq!(client.ask(GET).await.status, 200);
}

#[tokio::test]
async fn a_continue_is_sent_at_once_and_the_connection_kept() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    for _ in 0..2 {
        client
            .send(b"PUT /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            .await;
        let mut going_on = [0; 25];
        client.0.read_exact(&mut going_on).await.unwrap();
        assert_eq!(&going_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        assert_eq!(client.ask(b"hello").await.body, b"hello");
    }
}

#[tokio::test]
async fn a_panic_costs_one_connection_and_its_permit_comes_back() {
    let limits = Limits {
        connections: 2,
        ..Limits::default()
    };
    let stand = Stand::new(limits).await;
    for _ in 0..3 {
        let mut client = stand.connect().await;
        client.send(b"GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await;
        client.closed().await;
    }
    assert_eq!(stand.connect().await.ask(GET).await.status, 200);
    stand.ended().await;
    assert_eq!(stand.metric("connections"), "0");
}

#[tokio::test]
async fn connections_are_counted_while_they_last() {
    let stand = Stand::new(Limits::default()).await;
    assert_eq!(stand.metric("connections"), "0");
    let (mut first, mut second) = (stand.connect().await, stand.connect().await);
    first.ask(GET).await;
    second.ask(GET).await;
    second.ask(GET).await;
    assert_eq!(stand.metric("connections"), "2");
    drop(first);
    drop(second);
    stand.ended().await;
    assert_eq!(stand.metric("connections"), "0");
}

#[tokio::test]
async fn the_app_is_told_what_arrived() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    let head = b"PUT /echo?a=%2f HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    let answered = client.ask(&[head, &b"hello"[..]].concat()).await;
    let arrived = stand.app.arrived.lock().unwrap()[0].clone();
    assert_eq!(arrived.head, &head[..]);
    assert_eq!(arrived.origin.listener, 7);
    assert_eq!(
        arrived.origin.peer,
        Peer::Inet(client.0.local_addr().unwrap())
    );
    assert_eq!(arrived.origin.tls, None);
    assert_eq!(arrived.traffic.received(), head.len() as u64 + 5);
    assert_eq!(arrived.traffic.sent(), answered.head.len() as u64 + 5);
}

#[tokio::test]
async fn close_is_honoured() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    let answered = client
        .ask(b"GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert!(answered.head.contains("connection: close"));
    client.closed().await;
}

#[tokio::test]
async fn a_unix_socket_is_served_and_a_stale_one_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s3.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let stand = Stand::at(Limits::default(), Address::Unix(path.clone())).await;
    let mut client = Client(tokio::net::UnixStream::connect(&path).await.unwrap());
    assert_eq!(client.ask(GET).await.status, 200);
    assert_eq!(client.ask(GET).await.status, 200);
    assert_eq!(stand.app.arrived.lock().unwrap()[0].origin.peer, Peer::Unix);
    assert!(
        Listener::bind(0, Address::Unix(path.clone()))
            .await
            .is_err(),
        "it is in use"
    );
    drop(client);
    stand.phase.send_replace(Phase::Draining);
    stand.front.drained().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    // One permit is the listener's own while it waits for the next.
    let stand = Stand::new(Limits {
        connections: 2,
        ..Limits::default()
    })
    .await;
    let (mut first, mut second) = (stand.connect().await, stand.connect().await);
    assert_eq!(first.ask(GET).await.status, 200);
    assert_eq!(second.ask(GET).await.status, 200);
    let mut third = stand.connect().await;
    third.send(GET).await;
    assert_eq!(first.ask(GET).await.status, 200);
    assert_eq!(stand.app.served(), 3);
    drop(first);
    assert_eq!(third.answer().await.status, 200);
}

fn resident_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let (_, rest) = status.split_once("VmRSS:").unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

/// Each is kept alive by a request with a body and one with a large answer, whose buffers must be gone.
pub(super) async fn idle<S>(mut connect: impl AsyncFnMut() -> Client<S>) -> usize
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let before = resident_kib();
    let mut clients = Vec::new();
    for _ in 0..500 {
        let mut client = connect().await;
        client
            .ask(b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            .await;
        client
            .ask(b"GET /size/100000 HTTP/1.1\r\nHost: a\r\n\r\n")
            .await;
        clients.push(client);
    }
    let grown = resident_kib().saturating_sub(before);
    println!("500 idle connections, both ends: {grown} KiB");
    grown
}

/// Runs an ignored test in a process of its own, where no other test uses memory.
pub(super) fn alone(test: &str) {
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--nocapture", "--exact", test])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    println!("{said}");
    assert!(child.status.success() && said.contains("1 passed"));
}

#[test]
fn five_hundred_idle_connections_stay_under_100_mib() {
    alone("gateway::front::tests::serving::idle_connections_alone");
}

#[tokio::test]
#[ignore = "run by the test above"]
async fn idle_connections_alone() {
    let stand = Stand::new(Limits::default()).await;
    assert!(idle(async || stand.connect().await).await < 100 * 1024);
}
