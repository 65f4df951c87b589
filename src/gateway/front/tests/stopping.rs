//! Graceful stop.

use super::*;
use std::time::Duration;
use tokio::time::{Instant, timeout};

const HANG: &[u8] = b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n";

async fn still_busy(front: &Front<App>) -> bool {
    timeout(Duration::from_secs(5), front.drained())
        .await
        .is_err()
}

#[tokio::test]
async fn stopping_still_accepts_and_serves() {
    let stand = Stand::new(Limits::default()).await;
    let mut old = stand.connect().await;
    old.ask(GET).await;
    stand.phase.send_replace(Phase::Stopping);
    assert_eq!(old.ask(GET).await.status, 200);
    assert_eq!(stand.connect().await.ask(GET).await.status, 200);
}

#[tokio::test]
async fn draining_closes_the_listener_and_idle_connections_at_once() {
    let stand = Stand::new(Limits::default()).await;
    let mut idle = stand.connect().await;
    idle.ask(GET).await;
    stand.phase.send_replace(Phase::Draining);
    idle.closed().await;
    drop(idle);
    stand.front.drained().await;
    assert!(TcpStream::connect(stand.address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn draining_lets_a_request_in_hand_finish_and_ends_as_soon_as_it_has() {
    let stand = Stand::new(Limits::default()).await;
    let mut busy = stand.connect().await;
    busy.send(HANG).await;
    stand.app.entered.notified().await;
    stand.phase.send_replace(Phase::Draining);
    assert!(still_busy(&stand.front).await);
    let since = Instant::now();
    stand.app.release.notify_one();
    assert_eq!(busy.answer().await.status, 200);
    busy.closed().await;
    drop(busy);
    stand.front.drained().await;
    assert!(since.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_head_begun_before_draining_is_served_and_told_to_close() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    let (first, second) = GET.split_at(10);
    client.send(first).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    stand.phase.send_replace(Phase::Draining);
    tokio::time::sleep(Duration::from_millis(10)).await;
    let answered = client.ask(second).await;
    assert_eq!(answered.status, 200);
    assert!(
        answered.head.contains("connection: close"),
        "{}",
        answered.head
    );
    client.closed().await;
}

#[tokio::test]
async fn the_end_cuts_what_is_left() {
    let stand = Stand::new(Limits::default()).await;
    let mut busy = stand.connect().await;
    busy.send(HANG).await;
    stand.app.entered.notified().await;
    stand.phase.send_replace(Phase::Ended);
    stand.front.drained().await;
    let mut rest = Vec::new();
    let _ = busy.0.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn several_listeners_drain_together() {
    let stand = Stand::new(Limits::default()).await;
    let second = Listener::bind(8, Address::Tcp(ANYWHERE.parse().unwrap()))
        .await
        .unwrap();
    let Bound::Tcp(address) = second.bound().clone() else {
        panic!()
    };
    let task = stand.front.serve(second, stand.metrics.listener("second"));
    let mut client = Client(TcpStream::connect(address).await.unwrap());
    client.ask(GET).await;
    assert_eq!(stand.app.arrived.lock().unwrap()[0].origin.listener, 8);
    stand.phase.send_replace(Phase::Draining);
    task.await.unwrap();
    client.closed().await;
    drop(client);
    stand.front.drained().await;
}
