use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn pair() -> (Wire, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (far, _) = listener.accept().await.unwrap();
    let near = pingora::protocols::l4::stream::Stream::from(near);
    (Wire::new(Box::new(near)), far)
}

#[tokio::test]
async fn what_is_written_leaves_when_an_answer_is_waited_for() {
    let (mut wire, mut far) = pair().await;
    wire.write_all(b"head").await.unwrap();
    wire.flush().await.unwrap();
    wire.write_all(b"body").await.unwrap();
    assert_eq!(
        far.try_read(&mut [0; 8]).unwrap_err().kind(),
        io::ErrorKind::WouldBlock
    );
    let far = async {
        let mut seen = [0; 8];
        far.read_exact(&mut seen).await.unwrap();
        far.write_all(b"ok").await.unwrap();
        seen
    };
    let mut answer = [0; 2];
    let (read, seen) = tokio::join!(wire.read_exact(&mut answer), far);
    read.unwrap();
    assert_eq!((&seen, &answer), (b"headbody", b"ok"));
}

#[tokio::test]
async fn what_does_not_fit_leaves_at_once() {
    let (mut wire, mut far) = pair().await;
    let large = vec![7; UNSENT + 1];
    let mut seen = vec![0; UNSENT + 1];
    let (written, read) = tokio::join!(wire.write_all(&large), far.read_exact(&mut seen));
    written.unwrap();
    read.unwrap();
    assert_eq!(seen, large);
}

#[tokio::test]
async fn closing_sends_nothing_that_waited() {
    let (mut wire, mut far) = pair().await;
    wire.write_all(b"half").await.unwrap();
    AsyncWriteExt::shutdown(&mut wire).await.unwrap();
    drop(wire);
    let mut seen = Vec::new();
    far.read_to_end(&mut seen).await.unwrap();
    assert!(seen.is_empty());
}

#[tokio::test]
async fn a_wire_with_something_unsent_is_sent_before_it_counts_as_quiet() {
    let (mut wire, mut far) = pair().await;
    assert!(wire.is_quiet());
    wire.write_all(b"late").await.unwrap();
    assert!(wire.is_quiet());
    let mut seen = [0; 4];
    far.read_exact(&mut seen).await.unwrap();
    assert_eq!(&seen, b"late");
}

#[tokio::test]
async fn a_wire_with_something_unread_is_not_quiet() {
    let (mut wire, mut far) = pair().await;
    far.write_all(b"answer and more").await.unwrap();
    let mut answer = [0; 6];
    wire.read_exact(&mut answer).await.unwrap();
    assert!(!wire.is_quiet());
}

/// The far side leaves some bytes unread, so that its closing breaks the connection.
async fn broken_after(answer: &[u8]) -> Wire {
    let (mut wire, mut far) = pair().await;
    wire.write_all(&vec![7; UNSENT + 1]).await.unwrap();
    far.readable().await.unwrap();
    far.write_all(answer).await.unwrap();
    drop(far);
    wire.write_all(b"more").await.unwrap();
    wire
}

#[tokio::test]
async fn an_answer_that_came_is_read_though_nothing_can_be_sent_any_more() {
    let mut wire = broken_after(b"refused").await;
    let mut answer = [0; 7];
    wire.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"refused");
    wire.read_u8().await.unwrap_err();
}

#[tokio::test]
async fn without_an_answer_a_broken_connection_is_an_error() {
    let mut wire = broken_after(b"").await;
    wire.read(&mut [0; 8]).await.unwrap_err();
}
