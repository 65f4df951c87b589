//! `portcullis demo`: a gateway with everything around it, in one process and one folder.
//!
//! [`prepare`] makes the folder, or takes the one of an earlier demo, and starts the store; [`Demo::welcome`] is
//! what to print once the gateway serves [`Demo::config`].

mod files;
mod keys;
pub mod store;

use crate::config;
use anyhow::{Context as _, bail};
use files::{Access, Keys, Layout};
use keys::KeyPair;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::runtime::Runtime;

/// Runs the demo until it is told to stop.
pub(super) fn run(arguments: &super::Demo) -> ExitCode {
    super::finish(demo(arguments))
}

fn demo(arguments: &super::Demo) -> anyhow::Result<()> {
    let demo = prepare(arguments.dir.as_deref(), arguments.port)?;
    let (settings, _) = config::load(&demo.config(), &config::Host).map_err(|findings| {
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(
            "the demo's configuration is not usable:\n{}",
            findings.join("\n")
        )
    })?;
    super::serve::serve(settings, || println!("{}", demo.welcome()))
}

/// A prepared demo: its folder is complete and its store is serving. Both end with it; a folder that was not asked
/// for is removed.
#[derive(Debug)]
pub struct Demo {
    layout: Layout,
    port: u16,
    // Fields drop in this order: the store stops before its folder is free for others, or goes.
    _store: RunningStore,
    _lock: File,
    _folder: Option<Temporary>,
}

/// Makes a demo in `dir`, or in a folder of its own. The gateway is to listen on `port` of the loopback address; 0
/// takes a free one. A folder that was used before keeps its keys, data and settings.
pub fn prepare(dir: Option<&Path>, port: u16) -> anyhow::Result<Demo> {
    let temporary = match dir {
        Some(_) => None,
        None => Some(Temporary::new()?),
    };
    let dir = dir.or(temporary.as_ref().map(|folder| folder.0.as_path()));
    let dir = dir.context("there is no folder")?;
    files::create_dir(dir)?;
    let dir = dir.canonicalize();
    let layout = Layout(dir.context("the folder cannot be resolved")?);
    let lock = lock(&layout)?;
    let port = match port {
        0 => loopback(0)?.local_addr()?.port(),
        port => port,
    };
    let store = if layout.config().exists() {
        take_up(&layout, port)?
    } else {
        begin(&layout, port)?
    };
    files::replace(&layout.endpoint(), Access::Everyone, &endpoint(port))?;
    Ok(Demo {
        layout,
        port,
        _store: store,
        _lock: lock,
        _folder: temporary,
    })
}

impl Demo {
    /// The configuration that the gateway runs from.
    pub fn config(&self) -> PathBuf {
        self.layout.config()
    }

    /// Where clients find the gateway.
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// What to do next, for the terminal: at most twelve lines.
    pub fn welcome(&self) -> String {
        let endpoint = self.endpoint();
        let path = |path: PathBuf| quoted(&path.display().to_string());
        let credentials = path(self.layout.credentials());
        let policy = path(self.layout.private_policy());
        let log = path(self.layout.json_log());
        let explain = match self.layout.has_admin() {
            true => format!(
                "; why: portcullis explain --config {} REQUEST_ID",
                path(self.layout.config())
            ),
            false => String::new(),
        };
        format!(
            "\
Portcullis serves S3 on {endpoint}, files in {dir}. Stop with Ctrl-C. In another terminal:

unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
export AWS_SHARED_CREDENTIALS_FILE={credentials} AWS_CONFIG_FILE=/dev/null
export AWS_ENDPOINT_URL_S3={endpoint} AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1

aws --profile analyst s3 cp s3://demo-private/reports/q1.csv -                                     # allowed
aws --profile analyst s3api get-object --bucket demo-private --key notes/secret.txt /dev/stdout    # denied

Who may do what in demo-private stands in {policy}
Every decision is a line in {log}{explain}
",
            dir = path(self.layout.0.clone()),
        )
    }
}

/// What the store needs to be found again at the next start.
#[derive(Serialize, Deserialize)]
struct StoreFile {
    port: u16,
    gateway_port: u16,
    access_key_id: String,
    secret_access_key: String,
}

impl StoreFile {
    fn keys(&self) -> (String, String) {
        (self.access_key_id.clone(), self.secret_access_key.clone())
    }

    fn text(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

/// Keeps a second demo out of the folder: both would write the same files.
fn lock(layout: &Layout) -> anyhow::Result<File> {
    let folder = File::open(&layout.0)?;
    let locked = folder.try_lock();
    locked.with_context(|| format!("another demo uses `{}`", layout.0.display()))?;
    Ok(folder)
}

/// The first start in a folder.
fn begin(layout: &Layout, port: u16) -> anyhow::Result<RunningStore> {
    let keys = Keys {
        store: KeyPair::random()?,
        owner: KeyPair::random()?,
        analyst: KeyPair::random()?,
        partner: KeyPair::random()?,
    };
    let listener = loopback(0)?;
    let store = StoreFile {
        port: listener.local_addr()?.port(),
        gateway_port: port,
        access_key_id: keys.store.id.clone(),
        secret_access_key: keys.store.secret.clone(),
    };
    files::create_dir(&layout.0.join("secrets"))?;
    files::write_new(&layout.store(), Access::Owner, &store.text()?)?;
    files::create(layout, &keys, port, store.port)?;
    RunningStore::start(listener, layout.data(), store.keys())
}

/// A later start: whatever was edited stays; only the ports may move.
fn take_up(layout: &Layout, port: u16) -> anyhow::Result<RunningStore> {
    let text = files::read(&layout.store())?;
    let mut store: StoreFile = serde_json::from_str(&text)
        .with_context(|| format!("`{}` is damaged", layout.store().display()))?;
    let listener = loopback(store.port).or_else(|_| loopback(0))?;
    let store_port = listener.local_addr()?.port();
    let config = files::read(&layout.config())?;
    let at = |port: u16| format!("127.0.0.1:{port}\"");
    let moved = config
        .replace(&at(store.port), &at(store_port))
        .replace(&at(store.gateway_port), &at(port));
    if !moved.contains(&at(port)) {
        bail!(
            "`{}` has no listener on port {}: give its port with --port",
            layout.config().display(),
            store.gateway_port
        );
    }
    if moved != config {
        files::replace(&layout.config(), Access::Everyone, &moved)?;
    }
    (store.port, store.gateway_port) = (store_port, port);
    files::replace(&layout.store(), Access::Owner, &store.text()?)?;
    RunningStore::start(listener, layout.data(), store.keys())
}

/// The store on a runtime of its own, so that it is no part of the gateway under load.
#[derive(Debug)]
struct RunningStore(Option<Runtime>);

impl RunningStore {
    /// Fills an empty store with samples, then serves it.
    fn start(listener: TcpListener, root: PathBuf, keys: (String, String)) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("demo-store")
            .enable_all()
            .build()?;
        runtime.block_on(store::fill(&root, SAMPLES))?;
        listener.set_nonblocking(true)?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        runtime.spawn(async move {
            let served = store::serve(listener, root, keys, std::future::pending()).await;
            if let Err(error) = served {
                tracing::error!(%error, "the demo's store cannot serve");
            }
        });
        Ok(Self(Some(runtime)))
    }
}

impl Drop for RunningStore {
    fn drop(&mut self) {
        // Dropping a runtime inside another one panics; this does not wait for its tasks and may be done anywhere.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// What a new store holds: bucket, key, content type, text.
const SAMPLES: &[store::Sample] = &[
    store::Sample {
        bucket: "demo-private",
        key: "reports/q1.csv",
        content_type: "text/csv",
        text: "region,revenue\nnorth,1200\nsouth,950\n",
    },
    store::Sample {
        bucket: "demo-private",
        key: "notes/secret.txt",
        content_type: "text/plain",
        text: "The analyst should never read this.\n",
    },
    store::Sample {
        bucket: "demo-public",
        key: "hello.txt",
        content_type: "text/plain",
        text: "Hello from behind the gateway.\n",
    },
];

fn loopback(port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// A word for a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A folder that goes with the process.
#[derive(Debug)]
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> anyhow::Result<Self> {
        let mut name = "portcullis-demo-".to_owned();
        for byte in keys::random::<8>()? {
            write!(name, "{byte:02x}")?;
        }
        let path = std::env::temp_dir().join(name);
        files::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed now is the system's to clean.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests;
