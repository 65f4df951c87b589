use super::*;
use crate::config::{self, Host};
use crate::gateway::front::Bound;
use crate::gateway::start::{Running, start_over};
use crate::state::{
    Accounts, Buckets, Claim, Ending, Intent, Note, Notes, ObjectName, OpenIntent, Store,
    StoreError, VersionRecord,
};
use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use portcullis_core::admission::BucketRecord;
use portcullis_core::controls::objects::ObjectRecord;
use portcullis_core::controls::public_access::PublicAccessBlock;
use portcullis_core::controls::settings::{BucketSettings, SettingChange};
use portcullis_core::s3::names::{AccountId, BucketName};
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[track_caller]
fn check(panic: impl FnOnce() + Send + 'static, expected: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let panicking = pin!(async {
        tokio::task::yield_now().await;
        panic();
    });
    let caught = runtime.block_on(guarded(panicking));
    assert_eq!(caught, Err(Panicked(expected.into())));
}

#[test]
fn a_panic_is_caught_with_its_words_also_after_a_wait() {
    check(|| panic!("fixed words"), "fixed words");
    check(|| panic!("words of {}", 2), "words of 2");
    check(|| std::panic::panic_any(7), "a panic without words");
}

#[tokio::test]
async fn what_does_not_panic_passes() {
    let sum = pin!(async {
        tokio::task::yield_now().await;
        40 + 2
    });
    assert_eq!(guarded(sum).await, Ok(42));
}

/// The words of the store's panic, which could be a client's.
const WORDS: &str = "canary\nof a panic";

/// Panics in the first thing that CreateBucket asks of it.
struct Panics;

#[async_trait]
impl Store for Panics {
    async fn claim(
        &self,
        _: &BucketName,
        _: AccountId,
        _: &str,
        _: BucketSettings,
        _: Timestamp,
    ) -> Result<Claim, StoreError> {
        unreachable!()
    }
    async fn commit(&self, _: &Claim) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn abandon(&self, _: &Claim) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn release(&self, _: &Claim) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn forget(&self, _: &BucketName, _: u64) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn adopt(
        &self,
        _: &BucketName,
        _: AccountId,
        _: &str,
        _: Timestamp,
    ) -> Result<BucketRecord, StoreError> {
        unreachable!()
    }
    async fn change(
        &self,
        _: &BucketName,
        _: u64,
        _: SettingChange,
    ) -> Result<Arc<BucketSettings>, StoreError> {
        unreachable!()
    }
    async fn change_account(
        &self,
        _: AccountId,
        _: Option<PublicAccessBlock>,
    ) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn begin(
        &self,
        _: Vec<(ObjectName, Intent)>,
        _: Timestamp,
    ) -> Result<Vec<OpenIntent>, StoreError> {
        unreachable!()
    }
    async fn settle(&self, _: Vec<(OpenIntent, Ending)>) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn set_object(&self, _: &ObjectName, _: &str, _: ObjectRecord) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn object(
        &self,
        _: &ObjectName,
        _: Option<&str>,
    ) -> Result<Vec<Option<ObjectRecord>>, StoreError> {
        unreachable!()
    }
    async fn keep_upload(
        &self,
        _: &ObjectName,
        _: &str,
        _: ObjectRecord,
    ) -> Result<(), StoreError> {
        unreachable!()
    }
    async fn upload(&self, _: &ObjectName, _: &str) -> Result<Option<ObjectRecord>, StoreError> {
        unreachable!()
    }
    async fn drop_upload(&self, _: &ObjectName, _: &str) -> Result<(), StoreError> {
        unreachable!()
    }
    fn unresolved_intents(&self) -> Vec<OpenIntent> {
        Vec::new()
    }
    async fn note(&self, _: Note, _: Option<Bytes>) -> Result<(), StoreError> {
        panic!("{WORDS}")
    }

    async fn records(
        &self,
        _: &BucketName,
        _: u64,
        _: Option<(Box<str>, Box<str>)>,
        _: usize,
    ) -> Result<Vec<VersionRecord>, StoreError> {
        panic!("{WORDS}")
    }

    fn notes(&self) -> Arc<Notes> {
        Arc::default()
    }

    fn buckets(&self) -> Arc<Buckets> {
        panic!("{WORDS}")
    }
    fn accounts(&self) -> Arc<Accounts> {
        Arc::default()
    }
    fn unresolved(&self) -> Vec<Claim> {
        Vec::new()
    }
}

const CONFIG: &str = "\
listeners:
  app: { bind: \"127.0.0.1:0\", principal: \"arn:aws:iam::111122223333:role/app\" }
upstreams:
  lake:
    profile: aws
    region: eu-west-1
    addressing: path
    endpoint: \"http://127.0.0.1:9\"
    owner_account: \"111122223333\"
    buckets: [\"lake-*\"]
    credentials: { access_key_id: AKIA, secret_access_key: a-secret-that-signs-nothing }
identities:
  accounts:
    \"111122223333\":
      roles:
        app:
          policies:
            - { Version: \"2012-10-17\", Statement: [{ Effect: Allow, Action: \"s3:CreateBucket\", Resource: \"*\" }] }
logs:
  json: { to: access.json }
";
const CREATE: &str = "PUT /lake-1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n";
const REFUSED: &str = "GET /lake-1/key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

async fn gateway(folder: &Path) -> Running {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let file = folder.join("portcullis.yaml");
    std::fs::write(&file, CONFIG).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let (settings, _) = config::load(&file, &Host).unwrap();
    start_over(Arc::new(Panics), None, settings).await.unwrap()
}

/// All that is said until the other end closes.
async fn ask(running: &Running, request: &str) -> String {
    let [Bound::Tcp(address)] = running.bound() else {
        panic!("{:?}", running.bound())
    };
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    let mut said = String::new();
    client.read_to_string(&mut said).await.unwrap();
    said
}

/// Diagnostics, as the program writes them.
#[derive(Clone, Default)]
struct Diagnostics(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Diagnostics {
    fn write(&mut self, said: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(said);
        Ok(said.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Diagnostics {
    /// Of this thread, which is the test's own with all its tasks.
    fn heard(&self) -> tracing::subscriber::DefaultGuard {
        let heard = self.clone();
        let layer = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || heard.clone());
        tracing::subscriber::set_default(layer.finish())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn a_panicking_exchange_is_answered_recorded_and_told_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let diagnostics = Diagnostics::default();
    let heard = diagnostics.heard();
    let running = gateway(folder.path()).await;

    let answer = ask(&running, CREATE).await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("<Code>InternalError</Code>"), "{answer}");
    assert!(!answer.contains("canary"), "{answer}");
    assert!(
        answer.to_lowercase().contains("\r\nconnection: close\r\n"),
        "{answer}"
    );
    let next = ask(&running, REFUSED).await;
    assert!(next.starts_with("HTTP/1.1 403 "), "{next}");
    running.stop(Duration::ZERO, Duration::from_secs(10)).await;
    drop(heard);

    let log = std::fs::read_to_string(folder.path().join("access.json")).unwrap();
    let records: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [panicked, _] = &*records else {
        panic!("{log}")
    };
    assert_eq!(panicked["ending"], "failed");
    assert_eq!(panicked["http_status"], 500);
    assert_eq!(panicked["error_code"], "InternalError");
    let id = panicked["request_id"].as_str().unwrap();
    assert!(answer.contains(id), "{answer}");
    let told = diagnostics.text();
    let lines: Vec<&str> = told.lines().filter(|line| line.contains(id)).collect();
    assert_eq!(lines.len(), 1, "{told}");
    assert!(lines[0].contains("ERROR") && lines[0].contains("canary\\nof a panic"));
}
