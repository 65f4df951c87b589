//! Over the wire, with requests as the gateway signs them.

use super::*;
use crate::upstream::client::UpstreamAnswer;
use crate::upstream::testing::{Caller, on_the_wire};
use http::Method;
use tokio::task::JoinHandle;

const KEYS: (&str, &str) = ("AKIATEST", "secret");

/// A store on a free port, with an empty bucket.
struct Running {
    caller: Caller,
    folder: tempfile::TempDir,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    async fn new() -> Self {
        let running = Self::over(tempfile::tempdir().unwrap()).await;
        let made = running
            .send(Method::PUT, ("bucket", ""), "", &[], b"")
            .await;
        assert_eq!(made.status, 200);
        running
    }

    async fn over(folder: tempfile::TempDir) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let keys = (KEYS.0.to_owned(), KEYS.1.to_owned());
        let root = folder.path().to_owned();
        let task = tokio::spawn(serve(listener, root, keys, std::future::pending()));
        Self {
            caller: Caller::new(port, KEYS),
            folder,
            task,
        }
    }

    async fn restarted(self) -> Self {
        self.task.abort();
        let _ = self.task.await;
        Self::over(self.folder).await
    }

    async fn send(
        &self,
        method: Method,
        target: (&str, &str),
        query: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> UpstreamAnswer {
        self.caller.call(method, target, query, headers, body).await
    }

    async fn put(&self, key: &str, body: &str) {
        let answer = self
            .send(Method::PUT, ("bucket", key), "", &[], body.as_bytes())
            .await;
        assert_eq!(answer.status, 200, "{key}: {}", text(&answer));
    }

    async fn get(&self, key: &str) -> (u16, String) {
        let answer = self.send(Method::GET, ("bucket", key), "", &[], b"").await;
        (answer.status.as_u16(), text(&answer))
    }

    async fn delete(&self, key: &str) -> u16 {
        let answer = self
            .send(Method::DELETE, ("bucket", key), "", &[], b"")
            .await;
        answer.status.as_u16()
    }

    /// The keys and common prefixes of one page, decoded.
    async fn list(&self, query: &str) -> (Vec<String>, Vec<String>, String) {
        let query = format!("encoding-type=url&list-type=2{query}");
        let answer = self
            .send(Method::GET, ("bucket", ""), &query, &[], b"")
            .await;
        let text = text(&answer);
        assert_eq!(answer.status, 200, "{text}");
        let prefixes = elements(&text, "CommonPrefixes");
        let prefixes = prefixes.iter().map(|it| elements(it, "Prefix").remove(0));
        let next = elements(&text, "NextContinuationToken");
        (elements(&text, "Key"), prefixes.collect(), next.concat())
    }

    fn files(&self) -> usize {
        let bucket = self.folder.path().join("objects/bucket");
        std::fs::read_dir(bucket).unwrap().count()
    }
}

fn text(answer: &UpstreamAnswer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// The texts of every element of this name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(open.as_str()).skip(1);
    parts
        .map(|part| part.split(close.as_str()).next().unwrap().to_owned())
        .collect()
}

fn code(answer: &UpstreamAnswer) -> (u16, String) {
    (
        answer.status.as_u16(),
        elements(&text(answer), "Code").concat(),
    )
}

#[tokio::test]
async fn awkward_keys_are_kept_apart_and_listed_in_order() {
    let store = Running::new().await;
    let long = "k".repeat(1024);
    let mut keys = [
        "a", "a/", "a/b", "a//b", "/a", "//", ".", "..", "../x", "a/../b", "a/./b", "a b", "a+b",
        "a%b", "a%2Fb", "dir/", "é", "日本", "?", "#", "<&>\"'", "\u{1}", "~", "a\\b", "con",
        &long,
    ];
    for key in keys {
        store.put(key, &format!("I am {key}")).await;
    }
    for key in keys {
        assert_eq!(store.get(key).await, (200, format!("I am {key}")), "{key}");
    }
    keys.sort_unstable();
    let expected = keys.map(on_the_wire);
    assert_eq!(store.list("").await.0, expected);
    let store = store.restarted().await;
    assert_eq!(store.list("").await.0, expected);
    for key in keys {
        assert_eq!(store.delete(key).await, 204, "{key}");
        assert_eq!(store.get(key).await.0, 404, "{key}");
    }
    assert_eq!(store.files(), 0);
}

#[tokio::test]
async fn long_listings_come_in_pages() {
    let keys: Vec<_> = (0..2500).map(|number| format!("k{number:04}")).collect();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("objects/bucket")).unwrap();
    let mut catalogue = Catalogue::open(&folder.path().join(CATALOGUE)).unwrap();
    for key in &keys {
        let entry = r#"{"blob":"b","size":0,"etag":"e","modified":"2026-01-01T00:00:00Z"}"#;
        let entry = serde_json::from_str(entry).unwrap();
        catalogue.set("bucket", key, Some(entry)).unwrap();
    }
    let store = Running::over(folder).await;
    let mut listed = Vec::new();
    let mut token = String::new();
    for page in [1000, 1000, 500] {
        let query = match token.is_empty() {
            true => String::new(),
            false => format!("&continuation-token={token}"),
        };
        let (keys, _, next) = store.list(&query).await;
        assert_eq!(keys.len(), page);
        listed.extend(keys);
        token = next;
    }
    assert_eq!(listed, keys);
    assert!(token.is_empty());
}

#[tokio::test]
async fn both_versions_of_listing_roll_up_and_go_on() {
    let store = Running::new().await;
    for key in ["a/1", "a/2", "b", "c/1"] {
        store.put(key, "").await;
    }
    let (keys, prefixes, next) = store.list("&delimiter=%2F&max-keys=2").await;
    assert_eq!((keys, prefixes), (vec!["b".into()], vec!["a/".into()]));
    let query = format!("&continuation-token={next}&delimiter=%2F&max-keys=2");
    let (keys, prefixes, next) = store.list(&query).await;
    assert_eq!(
        (keys, prefixes, next),
        (vec![], vec!["c/".into()], String::new())
    );
    assert_eq!(store.list("&start-after=a%2F2").await.0, ["b", "c/1"]);
    assert_eq!(store.list("&prefix=a%2F").await.0, ["a/1", "a/2"]);

    let first = store
        .send(
            Method::GET,
            ("bucket", ""),
            "delimiter=%2F&max-keys=1",
            &[],
            b"",
        )
        .await;
    assert_eq!(elements(&text(&first), "NextMarker"), ["a/"]);
    let query = "delimiter=%2F&marker=a%2F&max-keys=1";
    let second = store
        .send(Method::GET, ("bucket", ""), query, &[], b"")
        .await;
    assert_eq!(elements(&text(&second), "Key"), ["b"]);
}

#[tokio::test]
async fn a_wrong_continuation_token_is_refused() {
    let store = Running::new().await;
    let query = "continuation-token=zz&list-type=2";
    let answer = store
        .send(Method::GET, ("bucket", ""), query, &[], b"")
        .await;
    assert_eq!(code(&answer), (400, "InvalidArgument".into()));
}

#[tokio::test]
async fn a_bucket_is_deleted_only_when_it_is_empty() {
    let store = Running::new().await;
    store.put("key", "").await;
    let answer = store
        .send(Method::DELETE, ("bucket", ""), "", &[], b"")
        .await;
    assert_eq!(code(&answer), (409, "BucketNotEmpty".into()));
    assert_eq!(store.get("key").await.0, 200);
    assert_eq!(store.delete("key").await, 204);
    let answer = store
        .send(Method::DELETE, ("bucket", ""), "", &[], b"")
        .await;
    assert_eq!(answer.status, 204);
    let answer = store.send(Method::HEAD, ("bucket", ""), "", &[], b"").await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_bucket_of_ones_own_is_not_made_twice() {
    let store = Running::new().await;
    let answer = store.send(Method::PUT, ("bucket", ""), "", &[], b"").await;
    assert_eq!(code(&answer), (409, "BucketAlreadyOwnedByYou".into()));
}

#[tokio::test]
async fn reads_can_be_partial_and_conditional() {
    let store = Running::new().await;
    store.put("key", "0123456789").await;
    let head = store
        .send(Method::HEAD, ("bucket", "key"), "", &[], b"")
        .await;
    let header = |name: &str| head.headers.get(name).unwrap().to_str().unwrap();
    let (etag, modified) = (header("etag"), header("last-modified"));
    for (name, value, status, body) in [
        ("range", "bytes=2-4", 206, "234"),
        ("range", "bytes=-3", 206, "789"),
        ("range", "bytes=8-99", 206, "89"),
        ("range", "bytes=10-", 416, ""),
        ("if-match", etag, 200, "0123456789"),
        ("if-match", "\"other\"", 412, ""),
        ("if-none-match", etag, 304, ""),
        ("if-none-match", "\"other\"", 200, "0123456789"),
        ("if-modified-since", modified, 304, ""),
        (
            "if-modified-since",
            "Thu, 01 Jan 2015 00:00:00 GMT",
            200,
            "0123456789",
        ),
        ("if-unmodified-since", modified, 200, "0123456789"),
        (
            "if-unmodified-since",
            "Thu, 01 Jan 2015 00:00:00 GMT",
            412,
            "",
        ),
    ] {
        let answer = store
            .send(Method::GET, ("bucket", "key"), "", &[(name, value)], b"")
            .await;
        assert_eq!(answer.status, status, "{name}: {value}");
        if status < 300 {
            assert_eq!(text(&answer), body, "{name}: {value}");
        }
        let head = store
            .send(Method::HEAD, ("bucket", "key"), "", &[(name, value)], b"")
            .await;
        assert_eq!(head.status, status, "HEAD {name}: {value}");
    }
}

#[tokio::test]
async fn writes_can_be_conditional() {
    let store = Running::new().await;
    let put = async |name: &str, value: &str| {
        let answer = store
            .send(Method::PUT, ("bucket", "key"), "", &[(name, value)], b"x")
            .await;
        answer.status.as_u16()
    };
    assert_eq!(put("if-match", "\"other\"").await, 404);
    assert_eq!(put("if-none-match", "*").await, 200);
    assert_eq!(put("if-none-match", "*").await, 412);
    assert_eq!(put("if-match", "\"other\"").await, 412);
    assert_eq!(
        put("if-match", "\"9dd4e461268c8034f5c8564e155c67a6\"").await,
        200
    );
    assert_eq!(store.files(), 1);
}

#[tokio::test]
async fn of_many_creators_one_wins() {
    let store = Running::new().await;
    let create = || {
        store.send(
            Method::PUT,
            ("bucket", "key"),
            "",
            &[("if-none-match", "*")],
            b"x",
        )
    };
    let answers = tokio::join!(create(), create(), create(), create(), create(), create());
    let answers = [
        answers.0, answers.1, answers.2, answers.3, answers.4, answers.5,
    ];
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1);
    assert_eq!(store.files(), 1);
}

#[tokio::test]
async fn a_body_that_fails_its_check_leaves_what_was_there() {
    let store = Running::new().await;
    store.put("key", "old").await;
    let headers = [("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")];
    let answer = store
        .send(Method::PUT, ("bucket", "key"), "", &headers, b"new")
        .await;
    assert_eq!(code(&answer), (400, "BadDigest".into()));
    assert_eq!(store.get("key").await, (200, "old".into()));
    assert_eq!(store.files(), 1);
}

#[tokio::test]
async fn metadata_comes_back_without_the_transfers_own_coding() {
    let store = Running::new().await;
    let headers = [
        ("content-type", "text/csv"),
        ("content-encoding", "aws-chunked,gzip"),
        ("x-amz-meta-team", "data"),
    ];
    store
        .send(Method::PUT, ("bucket", "key"), "", &headers, b"x")
        .await;
    let copy = [("x-amz-copy-source", "bucket/key")];
    let copied = store
        .send(Method::PUT, ("bucket", "copy"), "", &copy, b"")
        .await;
    assert_eq!(copied.status, 200, "{}", text(&copied));
    for key in ["key", "copy"] {
        let head = store
            .send(Method::HEAD, ("bucket", key), "", &[], b"")
            .await;
        let header = |name: &str| head.headers.get(name).unwrap().to_str().unwrap();
        assert_eq!(header("content-type"), "text/csv");
        assert_eq!(header("content-encoding"), "gzip");
        assert_eq!(header("x-amz-meta-team"), "data");
        assert_eq!(header("content-length"), "1");
    }
}

#[tokio::test]
async fn a_copy_onto_itself_must_change_something() {
    let store = Running::new().await;
    store.put("a key", "x").await;
    let copy = ("x-amz-copy-source", "bucket/a%20key");
    let answer = store
        .send(Method::PUT, ("bucket", "a key"), "", &[copy], b"")
        .await;
    assert_eq!(code(&answer), (400, "InvalidRequest".into()));
    let replace = [
        copy,
        ("x-amz-metadata-directive", "REPLACE"),
        ("content-type", "text/plain"),
    ];
    let answer = store
        .send(Method::PUT, ("bucket", "a key"), "", &replace, b"")
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(store.get("a key").await, (200, "x".into()));
}

#[tokio::test]
async fn many_keys_are_deleted_at_once() {
    let store = Running::new().await;
    store.put("a b", "").await;
    store.put("kept", "").await;
    let body = b"<Delete><Object><Key>a b</Key></Object><Object><Key>none</Key></Object></Delete>";
    let sum = [("content-md5", "not looked at")];
    let answer = store
        .send(Method::POST, ("bucket", ""), "delete=", &sum[..0], body)
        .await;
    assert_eq!(elements(&text(&answer), "Key"), ["a b", "none"]);
    assert_eq!(store.list("").await.0, ["kept"]);
}

/// Begins an upload and puts these parts; returns its id and the parts' ETags.
async fn upload(store: &Running, parts: &[(i32, &[u8])]) -> (String, Vec<String>) {
    let begun = store
        .send(
            Method::POST,
            ("bucket", "big"),
            "uploads=",
            &[("content-type", "a/b")],
            b"",
        )
        .await;
    let id = elements(&text(&begun), "UploadId").remove(0);
    let mut etags = Vec::new();
    for (number, bytes) in parts {
        let query = format!("partNumber={number}&uploadId={id}");
        let part = store
            .send(Method::PUT, ("bucket", "big"), &query, &[], bytes)
            .await;
        etags.push(
            part.headers
                .get("etag")
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned(),
        );
    }
    (id, etags)
}

async fn complete(store: &Running, id: &str, parts: &[(i32, &str)]) -> UpstreamAnswer {
    let parts: String = parts
        .iter()
        .map(|(number, etag)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        })
        .collect();
    let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
    let query = format!("uploadId={id}");
    store
        .send(
            Method::POST,
            ("bucket", "big"),
            &query,
            &[],
            body.as_bytes(),
        )
        .await
}

#[tokio::test]
async fn an_upload_in_parts_becomes_one_object() {
    let store = Running::new().await;
    let big = vec![b'x'; 5 * 1024 * 1024];
    let (id, etags) = upload(&store, &[(2, &big), (7, b"end")]).await;
    let listed = store
        .send(
            Method::GET,
            ("bucket", "big"),
            &format!("uploadId={id}"),
            &[],
            b"",
        )
        .await;
    assert_eq!(elements(&text(&listed), "PartNumber"), ["2", "7"]);
    let done = complete(&store, &id, &[(2, &etags[0]), (7, &etags[1])]).await;
    assert_eq!(done.status, 200, "{}", text(&done));
    let (status, body) = store.get("big").await;
    assert_eq!((status, body.len()), (200, big.len() + 3));
    assert!(body.ends_with("xend"));
    let head = store
        .send(Method::HEAD, ("bucket", "big"), "partNumber=2", &[], b"")
        .await;
    let header = |name: &str| head.headers.get(name).unwrap().to_str().unwrap();
    assert_eq!(header("content-length"), "3");
    assert_eq!(header("x-amz-mp-parts-count"), "2");
    assert_eq!(header("content-type"), "a/b");
    assert!(header("etag").ends_with("-2\""));
    assert_eq!(store.files(), 1);
    let again = complete(&store, &id, &[(2, &etags[0])]).await;
    assert_eq!(code(&again), (404, "NoSuchUpload".into()));
}

#[tokio::test]
async fn an_upload_is_completed_only_as_it_was_sent() {
    let store = Running::new().await;
    let (id, etags) = upload(&store, &[(1, b"small"), (2, b"end")]).await;
    for (parts, expected) in [
        (vec![(1, "\"other\"")], "InvalidPart"),
        (vec![(3, etags[0].as_str())], "InvalidPart"),
        (
            vec![(2, etags[1].as_str()), (1, etags[0].as_str())],
            "InvalidPartOrder",
        ),
        (
            vec![(1, etags[0].as_str()), (2, etags[1].as_str())],
            "EntityTooSmall",
        ),
        (vec![], "MalformedXML"),
    ] {
        assert_eq!(
            code(&complete(&store, &id, &parts).await),
            (400, expected.into())
        );
    }
    let done = complete(&store, &id, &[(1, &etags[0])]).await;
    assert_eq!(done.status, 200, "{}", text(&done));
    assert_eq!(store.get("big").await, (200, "small".into()));
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let store = Running::new().await;
    let (id, _) = upload(&store, &[(1, b"part")]).await;
    let uploads = store
        .send(Method::GET, ("bucket", ""), "uploads=", &[], b"")
        .await;
    assert_eq!(elements(&text(&uploads), "UploadId"), [id.as_str()]);
    let query = format!("uploadId={id}");
    let aborted = store
        .send(Method::DELETE, ("bucket", "big"), &query, &[], b"")
        .await;
    assert_eq!(aborted.status, 204);
    assert_eq!(store.files(), 0);
    let again = store
        .send(Method::DELETE, ("bucket", "big"), &query, &[], b"")
        .await;
    assert_eq!(code(&again), (404, "NoSuchUpload".into()));
}

#[tokio::test]
async fn what_does_not_exist_is_called_by_its_name() {
    let store = Running::new().await;
    for (target, expected) in [
        (("bucket", "none"), "NoSuchKey"),
        (("nobucket", "none"), "NoSuchBucket"),
    ] {
        let answer = store.send(Method::GET, target, "", &[], b"").await;
        assert_eq!(code(&answer), (404, expected.into()));
    }
}

#[tokio::test]
async fn another_key_is_refused() {
    let store = Running::new().await;
    let port = store.caller.upstream.endpoint().port;
    let stranger = Caller::new(port, (KEYS.0, "guess"));
    let answer = stranger
        .call(Method::GET, ("bucket", "key"), "", &[], b"")
        .await;
    assert_eq!(code(&answer), (403, "SignatureDoesNotMatch".into()));
}
