use super::*;
use std::fs;

async fn bind(path: &Path) -> io::Result<AdminListener> {
    AdminListener::bind(AdminAddress::Unix(path.to_owned())).await
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_one_in_use_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener = bind(&path).await.unwrap();
    let second = bind(&path).await.err().unwrap();
    assert_eq!(second.kind(), ErrorKind::AddrInUse);
    UnixStream::connect(&path).await.unwrap();
    drop(listener);
}

#[tokio::test]
async fn what_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin.sock");
    fs::write(&path, "precious").unwrap();
    let refused = bind(&path).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn there_must_be_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    assert!(bind(&folder.path().join("none/admin.sock")).await.is_err());
    assert!(bind(&folder.path().join("admin.sock")).await.is_ok());
}

#[test]
fn t50_only_addresses_and_localhost_are_hosts() {
    let host = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, text.parse().unwrap());
        names_address(&headers)
    };
    for good in [
        "127.0.0.1",
        "127.0.0.1:9091",
        "localhost",
        "localhost:1",
        "[::1]",
        "[::1]:9091",
    ] {
        assert!(host(good), "{good}");
    }
    for bad in [
        "",
        "evil.example",
        "evil.example:9091",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
    ] {
        assert!(!host(bad), "{bad}");
    }
    assert!(!names_address(&HeaderMap::new()));
}

const TOKEN: &str = "canary-admin-token-0123456789";

/// Does everything that it is asked, so that what keeps a caller out is the listener.
struct Willing;

#[async_trait]
impl Control for Willing {
    fn status(&self) -> Value {
        Value::from("done")
    }
    fn explain(&self, _: &str) -> Option<Value> {
        Some(Value::from("done"))
    }
    async fn reload(&self) -> Result<Value, Value> {
        Ok(Value::from("done"))
    }
    fn state(&self) -> Result<Value, Refused> {
        Ok(Value::from("done"))
    }
    async fn backup(&self, _: PathBuf) -> Result<Value, Refused> {
        Ok(Value::from("done"))
    }
    fn settings(&self, _: &Holder) -> Result<Value, Refused> {
        Ok(Value::from("done"))
    }
    async fn put_settings(&self, _: &Holder, wanted: &Value) -> Result<Value, Refused> {
        match wanted.get("no") {
            Some(_) => Err(Refused::Conflict("not now".to_owned())),
            None => Ok(Value::from("done")),
        }
    }
    fn locks(&self) -> Result<Value, Refused> {
        Ok(Value::from("done"))
    }
    async fn locked_upstream(&self) -> Result<Value, Refused> {
        Ok(Value::from("done"))
    }
    async fn acknowledge(&self, _: Doubt) -> Result<Value, Refused> {
        Ok(Value::from("done"))
    }
    async fn work_on_locks(
        &self,
        _: LockWork,
        _: &BucketName,
        _: &Value,
    ) -> Result<Value, Refused> {
        Ok(Value::from("done"))
    }
}

async fn served() -> SocketAddr {
    let listener = AdminListener::bind(AdminAddress::Tcp {
        address: "127.0.0.1:0".parse().unwrap(),
        token: Some(Zeroizing::new(TOKEN.to_owned())),
        tls: None,
    });
    let listener = listener.await.unwrap();
    let address = listener.address().unwrap();
    tokio::spawn(listener.serve(Arc::new(Willing), std::future::pending()));
    address
}

/// The status of a request, and the whole answer.
async fn ask(address: SocketAddr, line: &str, headers: &[&str], body: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let text = format!(
        "{line} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    // A listener that refuses a long body does not wait for its end.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    (status.unwrap_or_default(), answer)
}

/// Each row with a path that means something.
fn every_row() -> impl Iterator<Item = (&'static routes::Row, String)> {
    routes::ROWS.iter().map(|row| {
        let segment = match row.path {
            "/settings/accounts/" => "111122223333",
            "/locks/acknowledge/" => "clock",
            path if path.ends_with('/') => "lake",
            _ => "",
        };
        (row, format!("{} {}{segment}", row.method, row.path))
    })
}

const RIGHT: &str = "authorization: Bearer canary-admin-token-0123456789";
const JSON: &str = "content-type: application/json";
const BODY: &str = r#"{ "to": "/tmp/a", "settings": {} }"#;

#[tokio::test]
async fn t50_every_route_wants_the_token() {
    let address = served().await;
    for (_, line) in every_row() {
        let status = async |credential: &[&str]| {
            let headers = [credential, &[JSON]].concat();
            ask(address, &line, &headers, BODY).await.0
        };
        assert_eq!(status(&[]).await, 401, "{line}");
        for wrong in [
            "authorization: Bearer canary-admin-token-012345678",
            "authorization: Bearer canary-admin-token-0123456789x",
            "authorization: Basic canary-admin-token-0123456789",
            "authorization: Bearer ",
            "cookie: token=canary-admin-token-0123456789",
        ] {
            assert_eq!(status(&[wrong]).await, 401, "{line} {wrong}");
        }
        assert_eq!(status(&[RIGHT, RIGHT]).await, 401, "{line} twice");
        assert_eq!(status(&[RIGHT]).await, 200, "{line}");
    }
}

#[tokio::test]
async fn t50_no_route_serves_pages_of_browsers() {
    let address = served().await;
    for (row, line) in every_row() {
        let origin = [RIGHT, JSON, "origin: https://evil.example"];
        assert_eq!(ask(address, &line, &origin, BODY).await.0, 403, "{line}");
        let plain = ask(address, &line, &[RIGHT, "content-type: text/plain"], BODY).await;
        let expected = if row.method == ::http::Method::POST {
            415
        } else {
            200
        };
        assert_eq!(plain.0, expected, "{line}");
        let path = line.split(' ').nth(1).unwrap();
        let other = ask(address, &format!("DELETE {path}"), &[RIGHT, JSON], BODY).await;
        assert_eq!(other.0, 405, "{line}");
        assert!(other.1.contains("allow: "), "{}", other.1);
    }
}

#[tokio::test]
async fn what_is_no_route_or_names_nothing_is_not_found() {
    let address = served().await;
    for line in [
        "GET /",
        "GET /state/",
        "GET /statex",
        "GET /settings",
        "GET /settings/buckets/",
        "GET /settings/buckets/a/b",
        "GET /settings/buckets/UPPER",
        "GET /settings/buckets/..",
        "GET /settings/accounts/12345",
        "POST /settings/accounts/lake",
    ] {
        let (status, _) = ask(address, line, &[RIGHT, JSON], BODY).await;
        assert_eq!(status, 404, "{line}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_must_say_what_is_wanted() {
    let address = served().await;
    let line = "POST /settings/buckets/lake";
    let long = format!("{{{}}}", " ".repeat(routes::BODY_SIZE));
    for (line, body, expected) in [
        (line, "{}", 200),
        (line, r#"{ "no": 1 }"#, 409),
        (line, "", 400),
        (line, "<xml/>", 400),
        (line, &*long, 413),
        ("POST /state/backup", r#"{ "to": "/tmp/a" }"#, 200),
        ("POST /state/backup", r#"{ "to": "relative" }"#, 400),
        ("POST /state/backup", "{}", 400),
    ] {
        let (status, answer) = ask(address, line, &[RIGHT, JSON], body).await;
        assert_eq!(status, expected, "{line} {:.40}: {answer}", body);
    }
}
