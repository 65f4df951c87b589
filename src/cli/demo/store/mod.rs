//! The demo's upstream: an S3 server in this process, over files.
//!
//! s3s speaks the protocol and s3s-fs keeps the bytes. On its own s3s-fs uses keys as paths, and so loses some and
//! confuses others; it deletes buckets that are not empty and commits bodies before they are verified. Here each
//! body is written into a file of its own under a name that means nothing, and only then does the [`catalogue`]
//! say that this file is the object: keys may be anything, a write is seen whole or not at all, and conditions hold.

mod catalogue;
mod conditions;
mod listing;
mod multipart;
mod objects;
mod operations;

use bytes::Bytes;
use catalogue::Catalogue;
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use objects::internal;
use s3s::S3;
use s3s::auth::SimpleAuth;
use s3s::dto::{CreateBucketInput, PutObjectInput};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::RwLock;
use tokio::task::JoinSet;

/// The file that names the objects.
const CATALOGUE: &str = "catalogue.jsonl";

/// Serves S3 on `listener` from the files under `root` until `shutdown` ends. `keys` are the one access key id and
/// its secret that requests must be signed with. Requests still running then are cut: the gateway in front drains first.
pub async fn serve(
    listener: TcpListener,
    root: PathBuf,
    keys: (String, String),
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let service = service(&root, keys)?;
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new());
    let mut running = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = running.join_next() => continue,
            () = &mut shutdown => return Ok(()),
        };
        // Accepting fails for a connection that is already gone, and while file descriptors are short.
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // What is lost without this is 40 ms for every answer whose body comes in a second segment.
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        let answer = service_fn(move |request| answer(service.clone(), request));
        running.spawn(http.serve_connection(TokioIo::new(stream), answer));
    }
}

/// An object of a new store.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Its bucket, which is made too.
    pub bucket: &'static str,
    /// Its key.
    pub key: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes.
    pub text: &'static str,
}

/// Puts samples into the store under `root`, unless it has been filled before.
pub async fn fill(root: &Path, samples: &[Sample]) -> anyhow::Result<()> {
    if root.join(CATALOGUE).exists() {
        return Ok(());
    }
    let store = Store::open(root)?;
    for sample in samples {
        let bucket = CreateBucketInput {
            bucket: sample.bucket.to_owned(),
            ..CreateBucketInput::default()
        };
        // Several samples share a bucket, and then it is there.
        let _ = store.create_bucket(internal(bucket)).await;
        let body = s3s::Body::from(Bytes::from_static(sample.text.as_bytes()));
        let object = PutObjectInput {
            bucket: sample.bucket.to_owned(),
            key: sample.key.to_owned(),
            content_type: Some(sample.content_type.to_owned()),
            body: Some(body.into()),
            ..PutObjectInput::default()
        };
        store.put_object(internal(object)).await?;
    }
    Ok(())
}

async fn answer(
    service: S3Service,
    request: Request<Incoming>,
) -> Result<Response<s3s::Body>, s3s::HttpError> {
    let is_head = request.method() == Method::HEAD;
    let mut response = service.call(request.map(s3s::Body::from)).await?;
    // s3s has one status for every HEAD that succeeds.
    if is_head && response.headers().contains_key(header::CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

fn service(root: &Path, (id, secret): (String, String)) -> io::Result<S3Service> {
    let mut builder = S3ServiceBuilder::new(Store::open(root)?);
    builder.set_auth(SimpleAuth::from_single(id, secret));
    Ok(builder.build())
}

/// The store: files of s3s-fs and the catalogue that gives them their keys.
struct Store {
    files: Arc<FileSystem>,
    /// Where s3s-fs keeps its files.
    root: PathBuf,
    /// Held for reading from looking a key up until its file is open, and for writing while a key changes: a file
    /// is never removed between the two.
    catalogue: RwLock<Catalogue>,
}

impl Store {
    fn open(root: &Path) -> io::Result<Self> {
        let files = root.join("objects");
        std::fs::create_dir_all(&files)?;
        // Its error type is not an `Error`.
        let system = FileSystem::new(&files);
        let system = system.map_err(|error| io::Error::other(format!("{error:?}")))?;
        Ok(Self {
            files: Arc::new(system),
            catalogue: RwLock::new(Catalogue::open(&root.join(CATALOGUE))?),
            root: files,
        })
    }
}

#[cfg(test)]
mod tests;
