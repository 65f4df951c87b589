use super::*;
use pingora::protocols::UniqueID as _;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const HERE: &str = "192.0.2.1:80";
const THERE: &str = "192.0.2.2:80";

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn idle() -> Idle {
    Idle::new(Duration::from_secs(60))
}

/// Both ends of a connection.
async fn pair() -> (Box<Wire>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (far, _) = listener.accept().await.unwrap();
    let near = pingora::protocols::l4::stream::Stream::from(near);
    (Box::new(Wire::new(Box::new(near))), far)
}

/// Waits until the reactor knows what the far end did.
async fn noticed(idle: &Idle) {
    for _ in 0..1000 {
        idle.sweep();
        if idle.lock().is_empty() {
            return;
        }
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the connection was kept");
}

#[tokio::test]
async fn a_connection_serves_its_address_again() {
    let idle = idle();
    let (wire, _far) = pair().await;
    idle.keep(at(HERE), wire);
    assert!(idle.take(at(THERE)).is_none());
    assert!(idle.take(at(HERE)).is_some());
    assert!(idle.take(at(HERE)).is_none());
}

#[tokio::test]
async fn the_last_used_serves_first() {
    let idle = idle();
    let ((first, _far), (last, _end)) = (pair().await, pair().await);
    let expected = [last.id(), first.id()];
    idle.keep(at(HERE), first);
    idle.keep(at(HERE), last);
    let taken = [idle.take(at(HERE)), idle.take(at(HERE))];
    assert_eq!(taken.map(|wire| wire.unwrap().id()), expected);
}

#[tokio::test]
async fn a_connection_the_upstream_closed_does_not_serve() {
    let idle = idle();
    let (wire, far) = pair().await;
    idle.keep(at(HERE), wire);
    drop(far);
    noticed(&idle).await;
    assert!(idle.take(at(HERE)).is_none());
}

#[tokio::test]
async fn a_connection_that_spoke_unasked_does_not_serve() {
    let idle = idle();
    let (wire, mut far) = pair().await;
    idle.keep(at(HERE), wire);
    far.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap();
    noticed(&idle).await;
}

#[tokio::test]
async fn a_connection_serves_until_its_time_is_over() {
    let idle = Idle::new(Duration::ZERO);
    let (wire, _far) = pair().await;
    idle.keep(at(HERE), wire);
    assert!(idle.take(at(HERE)).is_none());
}

#[tokio::test]
async fn beyond_the_limit_the_oldest_goes() {
    let idle = idle();
    let mut far = Vec::new();
    for number in 0..=KEPT {
        let (wire, end) = pair().await;
        idle.keep(at(if number == 0 { HERE } else { THERE }), wire);
        far.push(end);
    }
    assert_eq!(idle.lock().len(), KEPT);
    assert!(idle.take(at(HERE)).is_none());
}

#[tokio::test]
async fn owners_that_are_gone_are_not_maintained() {
    let owner = Arc::new(idle());
    let weak = Arc::downgrade(&owner);
    drop(owner);
    tokio::time::pause();
    maintain(&weak, |idle: &Idle| idle).await;
}
