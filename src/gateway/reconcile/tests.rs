mod locks;
mod model;

use super::*;
use crate::config::{self, Host};
use crate::gateway::start::{Running, start_over};
use crate::state::{MemoryStore, Store};
use portcullis_core::controls::acl::{Acl, Canned};
use portcullis_core::controls::settings::BucketSettings;
use portcullis_core::s3::names::{AccountId, BucketName};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// When the change was begun, and an hour and a minute around it.
const BEGUN: &str = "2026-03-04T05:06:07Z";
const BEFORE: &str = "Wed, 04 Mar 2026 04:06:07 GMT";
const AFTER: &str = "Wed, 04 Mar 2026 05:07:07 GMT";

/// A gateway before an upstream that answers everything so.
struct World {
    running: Running,
    store: Arc<dyn Store>,
    _folder: TempDir,
}

impl World {
    async fn new(profile: &str, answer: String) -> Self {
        Self::answering(profile, move |_| answer.clone()).await
    }

    /// The same, but it answers by the head of the request.
    async fn answering(profile: &str, answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let world = Self::over(Arc::new(MemoryStore::new()), profile, answer).await;
        world.create(BucketSettings::default()).await;
        world
    }

    /// The same over a store that is there, which has the bucket or not.
    async fn over(
        store: Arc<dyn Store>,
        profile: &str,
        answer: impl Fn(&str) -> String + Send + 'static,
    ) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, answer));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("portcullis.yaml");
        let text = format!(
            "listeners: {{ app: {{ bind: \"127.0.0.1:0\", principal: \"arn:aws:iam::111122223333:role/app\" }} }}\n\
             upstreams:\n  lake: {{ profile: {profile}, endpoint: \"http://{endpoint}\", owner_account: \"111122223333\", \
             buckets: [\"*\"], credentials: {{ access_key_id: AKIA, secret_access_key: a-secret-that-signs-nothing }} }}\n\
             logs: {{ json: {{ to: access.json }} }}\n"
        );
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let (settings, _) = config::load(&file, &Host).unwrap();
        let running = start_over(store.clone(), None, settings).await.unwrap();
        Self {
            running,
            store,
            _folder: folder,
        }
    }

    async fn create(&self, settings: BucketSettings) {
        let (bucket, owner) = (object().bucket, AccountId::parse("111122223333").unwrap());
        let claim = self.store.claim(&bucket, owner, "lake", settings, begun());
        self.store.commit(&claim.await.unwrap()).await.unwrap();
    }

    /// The version has this record.
    async fn with(self, version: &str, record: ObjectRecord) -> Self {
        let open = self.begin(Intent::Write(record)).await;
        let version = version.into();
        let done = vec![(open, Ending::Done { version })];
        self.store.settle(done).await.unwrap();
        self
    }

    async fn begin(&self, intent: Intent) -> OpenIntent {
        let begun = self.store.begin(vec![(object(), intent)], begun()).await;
        begun.unwrap().remove(0)
    }

    /// What is on record of the current version once a change of unknown fate was looked at; `None`: it is open still.
    async fn settled(&self, intent: Intent) -> Option<Vec<Option<ObjectRecord>>> {
        let open = self.begin(intent).await;
        let unknown = vec![(open.clone(), Ending::Unknown)];
        self.store.settle(unknown).await.unwrap();
        self.running.gateway.reconcile(&open).await.unwrap();
        match self.store.unresolved_intents().as_slice() {
            [] => Some(self.store.object(&object(), None).await.unwrap()),
            _ => None,
        }
    }
}

async fn serve(listener: TcpListener, answer: impl Fn(&str) -> String) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut head = Vec::new();
        let mut buffer = [0; 4096];
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => head.extend_from_slice(&buffer[..count]),
            }
        }
        let answer = answer(&String::from_utf8_lossy(&head));
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

fn head(status: &str, last_modified: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nlast-modified: {last_modified}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
}

/// A listing of versions of the key, each with its date.
fn listing(versions: &[(&str, &str)]) -> String {
    listing_of("key", versions)
}

fn listing_of(key: &str, versions: &[(&str, &str)]) -> String {
    let version = |(id, at): &(&str, &str)| {
        format!(
            "<Version><Key>{key}</Key><VersionId>{id}</VersionId><LastModified>{at}</LastModified></Version>"
        )
    };
    let versions: String = versions.iter().map(version).collect();
    let body = format!("<ListVersionsResult>{versions}</ListVersionsResult>");
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn begun() -> Timestamp {
    BEGUN.parse().unwrap()
}

fn object() -> ObjectName {
    ObjectName {
        bucket: BucketName::parse("bucket").unwrap(),
        incarnation: 1,
        key: "key".into(),
    }
}

fn record(acl: Canned) -> ObjectRecord {
    let owner = "a".repeat(64);
    ObjectRecord {
        acl: Some(acl.expand(&owner, &owner)),
        ..ObjectRecord::of(&owner)
    }
}

fn public() -> ObjectRecord {
    record(Canned::PublicRead)
}

fn private() -> Intent {
    Intent::Write(record(Canned::Private))
}

/// Whether what is on record is public.
#[track_caller]
fn is_public(found: Option<Vec<Option<ObjectRecord>>>) -> bool {
    let found = found.expect("settled");
    let [Some(record)] = found.as_slice() else {
        panic!("{found:?}");
    };
    record.acl.as_ref().is_some_and(Acl::is_public)
}

#[tokio::test]
async fn an_object_that_is_older_than_the_write_is_what_was_there_before() {
    let world = World::new("demo", head("200 OK", BEFORE)).await;
    let world = world.with("null", public()).await;
    assert!(is_public(world.settled(private()).await));
}

#[tokio::test]
async fn one_that_may_have_been_written_has_the_narrower_record() {
    for (there, written) in [
        (public(), private()),
        (record(Canned::Private), Intent::Write(public())),
    ] {
        let world = World::new("demo", head("200 OK", AFTER)).await;
        let world = world.with("null", there).await;
        assert!(!is_public(world.settled(written).await));
    }
    let world = World::new("demo", head("200 OK", "some day")).await;
    let world = world.with("null", public()).await;
    assert!(!is_public(world.settled(private()).await));
}

#[tokio::test]
async fn what_is_not_there_was_not_written() {
    let world = World::new("demo", head("404 Not Found", BEFORE)).await;
    assert_eq!(world.settled(private()).await, Some(vec![None]));
}

#[tokio::test]
async fn an_upstream_that_does_not_say_is_asked_again() {
    for profile in ["demo", "ceph"] {
        let world = World::new(profile, head("500 Internal Server Error", AFTER)).await;
        let world = world.with("null", public()).await;
        assert_eq!(world.settled(private()).await, None);
        let both = world.store.object(&object(), None).await.unwrap();
        assert_eq!(both.len(), 2, "until then either may be so");
    }
}

#[tokio::test]
async fn the_version_that_was_written_gets_its_record() {
    let now = "2026-03-04T05:06:08.000Z";
    let world = World::new("ceph", listing(&[("v2", now), ("v1", now)])).await;
    let world = world.with("v1", public()).await;
    assert!(!is_public(world.settled(private()).await));
    let first = world.store.object(&object(), Some("v1")).await.unwrap();
    assert_eq!(first, [Some(public())]);
    // No new version: it was not written. One that is too old is not it.
    let world = World::new(
        "ceph",
        listing(&[("v1", now), ("v0", "2026-03-04T04:00:00.000Z")]),
    )
    .await;
    let world = world.with("v1", public()).await;
    assert!(is_public(world.settled(private()).await));
}

#[tokio::test]
async fn what_was_destroyed_leaves_no_record() {
    let destroy = || Intent::Destroy {
        version: "null".into(),
    };
    let world = World::new("demo", head("404 Not Found", BEFORE)).await;
    let world = world.with("null", public()).await;
    assert_eq!(world.settled(destroy()).await, Some(vec![None]));
    let world = World::new("demo", head("200 OK", BEFORE)).await;
    let world = world.with("null", public()).await;
    assert!(is_public(world.settled(destroy()).await));
}
