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
