//! What an idle client costs. Alone in its process, so that nobody else's memory is counted.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]
#![expect(
    dead_code,
    reason = "the gateway's tests share these and use more of them"
)]

#[path = "gateway/client.rs"]
mod client;
#[path = "gateway/origin.rs"]
mod origin;
#[path = "gateway/request.rs"]
mod request;
#[path = "gateway/stand.rs"]
mod stand;

use request::{OWNER, Request};
use stand::Stand;

const CONNECTIONS: usize = 500;
const MOST: usize = 100 << 20;

/// Resident memory of this process: the gateway, its clients and its origin.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<usize>().unwrap() << 10
}

#[tokio::test]
async fn idle_connections_cost_little() {
    let stand = Stand::start().await;
    let get = Request::get("/lake-1/key").signed_by(OWNER);
    // Whatever is made once is there already.
    assert_eq!(stand.ask(&get).await.status, 200);
    let before = resident();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = stand.connect().await;
        client.send(&get.bytes()).await;
        assert_eq!(
            client.answer("GET").await.header("connection"),
            Some("keep-alive")
        );
        clients.push(client);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < MOST, "{CONNECTIONS} connections took {grown} bytes");
    drop(clients);
    assert_eq!(stand.end().await.records.len(), CONNECTIONS + 1);
}
