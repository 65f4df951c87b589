use super::super::http::{CONNECTIONS, HEAD_SIZE};
use super::*;
use crate::record::metrics::Sets;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn handles() -> (Readiness, Arc<Metrics>) {
    let metrics = Metrics::new(&Sets::default()).unwrap();
    (Readiness::new(), Arc::new(metrics))
}

async fn exchange(
    readiness: &Readiness,
    metrics: &Arc<Metrics>,
    request: &str,
) -> (String, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = serve_health(listener, readiness.clone(), Arc::clone(metrics), async {
        let _ = stopped.await;
    });
    let asked = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        stop.send(()).unwrap();
        answer
    };
    let ((), answer) = tokio::join!(served, asked);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[track_caller]
fn check((head, body): &(String, String), status: u16, holds: &str) {
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    assert!(body.contains(holds), "{body}");
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")
}

#[tokio::test]
async fn readiness_follows_the_checks() {
    let (readiness, metrics) = handles();
    let upstream = readiness.check("upstream lake");
    let unready =
        r#"{"ready":false,"checks":[{"name":"upstream lake","ok":false,"reason":"no \"route\""}]}"#;
    upstream.fail("no \"route\"");
    check(
        &exchange(&readiness, &metrics, &get("/readyz")).await,
        503,
        unready,
    );
    check(
        &exchange(&readiness, &metrics, &get("/healthz")).await,
        503,
        "not ready",
    );
    check(
        &exchange(&readiness, &metrics, &get("/livez")).await,
        200,
        "ok",
    );
    upstream.ok();
    let ready = r#"{"ready":true,"checks":[{"name":"upstream lake","ok":true}]}"#;
    check(
        &exchange(&readiness, &metrics, &get("/readyz")).await,
        200,
        ready,
    );
    check(
        &exchange(&readiness, &metrics, &get("/healthz?verbose")).await,
        200,
        "ok",
    );
    readiness.stopping();
    check(
        &exchange(&readiness, &metrics, &get("/readyz")).await,
        503,
        "stopping",
    );
    check(
        &exchange(&readiness, &metrics, &get("/healthz")).await,
        503,
        "not ready",
    );
    check(
        &exchange(&readiness, &metrics, &get("/livez")).await,
        200,
        "ok",
    );
}

#[tokio::test]
async fn metrics_are_scraped_in_the_text_format() {
    let (readiness, metrics) = handles();
    let answer = exchange(&readiness, &metrics, &get("/metrics")).await;
    check(&answer, 200, "portcullis_build_info{version=");
    assert!(
        answer.0.contains("content-type: text/plain; version=0.0.4"),
        "{}",
        answer.0
    );
}

#[tokio::test]
async fn t50_every_health_route_and_method() {
    const ROUTES: [&str; 4] = ["/livez", "/readyz", "/healthz", "/metrics"];
    const NO_ROUTES: [&str; 8] = [
        "/",
        "/readyz/",
        "/READYZ",
        "/livez/x",
        "//metrics",
        "/metrics%2f",
        "/admin",
        "/bucket/key",
    ];
    const METHODS: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW",
    ];
    let (readiness, metrics) = handles();
    readiness.check("policies").ok();
    for method in METHODS {
        for path in ROUTES {
            let request =
                format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
            let answer = exchange(&readiness, &metrics, &request).await;
            match method {
                "GET" => check(&answer, 200, ""),
                "HEAD" => {
                    check(&answer, 200, "");
                    assert_eq!(answer.1, "");
                }
                _ => {
                    check(&answer, 405, "");
                    assert!(answer.0.contains("allow: GET, HEAD"), "{}", answer.0);
                }
            }
        }
        for path in NO_ROUTES {
            let request =
                format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
            check(&exchange(&readiness, &metrics, &request).await, 404, "");
        }
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let (readiness, metrics) = handles();
    let request = format!(
        "GET /livez HTTP/1.1\r\nx: {}\r\n\r\n",
        "y".repeat(3 * HEAD_SIZE)
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = serve_health(listener, readiness, metrics, std::future::pending());
    let asked = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        // The rest of the head is never read, so the connection may be reset after the answer.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    };
    tokio::select! {
        () = served => unreachable!(),
        answer = asked => assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}"),
    }
}

#[tokio::test]
async fn many_idle_connections_do_not_stop_the_others_for_good() {
    let (readiness, metrics) = handles();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = serve_health(listener, readiness, metrics, std::future::pending());
    let asked = async {
        let mut idle = Vec::new();
        for _ in 0..CONNECTIONS - 1 {
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(get("/livez").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    tokio::select! {
        () = served => unreachable!(),
        answer = asked => assert!(answer.starts_with("HTTP/1.1 200"), "{answer}"),
    }
}
