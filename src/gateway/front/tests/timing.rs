//! Deadlines, on the runtime's paused clock.

use super::*;
use std::time::Duration;
use tokio::time::Instant;

/// Waits for the close and says how long it took on the paused clock.
async fn closes_after(client: &mut Client<TcpStream>) -> Duration {
    let since = Instant::now();
    client.closed().await;
    since.elapsed()
}

#[track_caller]
fn about(elapsed: Duration, seconds: u64) {
    let expected = Duration::from_secs(seconds);
    assert!(
        elapsed >= expected && elapsed < expected + Duration::from_secs(3),
        "{elapsed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn trap_keepalive_has_a_timeout() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client.ask(GET).await;
    about(closes_after(&mut client).await, 75);
    assert_eq!(stand.book.refusals(), []);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_sends_is_closed_without_record() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    about(closes_after(&mut client).await, 75);
    assert_eq!(stand.book.refusals(), []);
}

#[tokio::test(start_paused = true)]
async fn trap_half_a_head_has_a_deadline() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n").await;
    let since = Instant::now();
    assert_eq!(
        client.answer().await.body,
        b"the request head did not arrive in time"
    );
    about(since.elapsed(), 10);
    client.closed().await;
    assert_eq!(stand.book.refusals(), [Refusal::Timeout]);
    assert_eq!(stand.book.told()[0].host.as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn trap_the_deadline_is_for_the_whole_head_on_a_kept_connection_too() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client.ask(GET).await;
    let since = Instant::now();
    for byte in GET.iter().take(9) {
        client.send(&[*byte]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(client.answer().await.status, 400);
    about(since.elapsed(), 10);
    assert_eq!(stand.book.refusals(), [Refusal::Timeout]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_within_the_deadline_is_served() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    for piece in GET.chunks(4) {
        client.send(piece).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(client.answer().await.status, 200);
}

/// A body in pieces of this size, a second apart; how long the connection lived if it was not answered.
async fn dribble(piece: usize) -> Result<u16, Duration> {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client
        .send(b"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n")
        .await;
    let since = Instant::now();
    for piece in vec![b'0'; 5000].chunks(piece) {
        if client.0.write_all(piece).await.is_err() {
            return Err(since.elapsed());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(client.answer().await.status)
}

#[tokio::test(start_paused = true)]
async fn a_body_of_a_few_bytes_a_second_is_cut_and_a_slow_one_is_served() {
    about(dribble(30).await.unwrap_err(), 30 + 2);
    assert_eq!(dribble(40).await, Ok(200));
    assert_eq!(dribble(5000).await, Ok(200));
}

#[tokio::test(start_paused = true)]
async fn the_gateways_own_time_is_not_counted_against_the_client() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client
        .send(b"PUT /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n")
        .await;
    stand.app.entered.notified().await;
    tokio::time::sleep(Duration::from_secs(500)).await;
    stand.app.release.notify_one();
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn a_connection_closed_within_a_head_is_recorded() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client.send(b"GET /a HTTP/1.1\r\nHo").await;
    client.0.shutdown().await.unwrap();
    assert_eq!(client.answer().await.status, 400);
    assert_eq!(stand.book.refusals(), [Refusal::Closed]);
    assert_eq!(stand.book.told()[0].target.as_deref(), Some("/a"));
    assert_eq!(stand.book.told()[0].received, 19);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_reading_is_cut() {
    let stand = Stand::new(Limits::default()).await;
    let mut client = stand.connect().await;
    client
        .send(b"GET /size/100000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    while stand.app.served() == 0 {
        tokio::task::yield_now().await;
    }
    let since = Instant::now();
    stand.phase.send_replace(Phase::Draining);
    stand.front.drained().await;
    about(since.elapsed(), 60 + 2);
    drop(client);
}
