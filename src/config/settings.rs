//! The checked configuration: what was written, after every check and with every default filled in.
//!
//! Nothing here can be wrong any more, so nobody checks it again. [`super::load`] makes it.

pub use super::inputs::Inputs;
pub use super::raw::SourceMode;
pub use crate::upstream::settings::{
    Addressing, CredentialSettings as Credentials, Endpoint, Scheme, Timeouts, UpstreamSettings,
};
use portcullis_core::admission::rego::Guardrails;
pub use portcullis_core::admission::{Chunks, DecisionMode, Locks};
use portcullis_core::controls::settings::{AccountSettings, BucketSettings, SettingKind};
use portcullis_core::identity::{Caller, Directory};
use portcullis_core::policy::Policy;
use portcullis_core::s3::names::{AccountId, BucketName};
use portcullis_core::s3::profiles::Profile;
use rustls::sign::CertifiedKey;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Everything the gateway runs from.
#[derive(Debug)]
pub struct Settings {
    /// The name of this gateway in request ids and records; the host name unless configured.
    pub instance: Box<str>,
    /// Worker threads; at least one.
    pub threads: usize,
    /// At least one, in the order written.
    pub listeners: Vec<Listener>,
    /// Where `/livez`, `/readyz`, `/healthz` and `/metrics` are served.
    pub health: Option<SocketAddr>,
    /// Where `explain`, `reload` and the status are served.
    pub admin: Option<Admin>,
    /// At least one, in the order written.
    pub upstreams: Vec<Upstream>,
    /// Every account, caller and key.
    pub directory: Directory,
    /// From `policies/buckets/<bucket>/`.
    pub buckets: HashMap<BucketName, BucketSettings>,
    /// What the identities say of accounts beside who is in them.
    pub accounts: HashMap<AccountId, AccountSettings>,
    /// Resource-control documents on what every account owns, known or not. Each account of `directory` has them among
    /// its own already.
    pub guardrails: Vec<Arc<Policy>>,
    /// The rules in Rego from `policies/guardrails/`.
    pub rego: Option<Arc<dyn Guardrails>>,
    /// Those that are in shadow.
    pub rego_in_shadow: Option<Arc<dyn Guardrails>>,
    /// Bucket policies that are tried beside those in force, from `policies/buckets/<bucket>/policy.candidate.json`.
    pub candidates: HashMap<BucketName, Arc<Policy>>,
    /// The files below `policies` that are not in force, with their modes.
    pub not_enforced: BTreeMap<Box<str>, SourceMode>,
    /// Where durable settings are kept; without it nothing is kept on disk.
    pub state: Option<StatePath>,
    /// At least one, in the order written; at most one goes to standard output.
    pub logs: Vec<Log>,
    /// Bounds on what one client may use.
    pub limits: Limits,
    /// How the gateway ends.
    pub shutdown: Shutdown,
    /// How often the files are looked at for changes; none: never.
    pub watch: Option<Duration>,
    /// The folder of policies.
    pub policies: Option<PathBuf>,
    /// The file all this was read from; a reload reads it again.
    pub file: PathBuf,
    /// All that this was made from.
    pub inputs: Inputs,
    /// Which configuration, identities and policies these are: 12 hexadecimal digits.
    pub revision: Arc<str>,
}

/// The admin listener. Over TCP it has a token or a `client_ca`.
#[derive(Clone)]
pub struct Admin {
    /// Where it listens.
    pub bind: Bind,
    /// What callers present as `Authorization: Bearer`.
    pub token: Option<Zeroizing<String>>,
    /// Set: callers speak TLS.
    pub tls: Option<AdminTls>,
    /// How many exchanges are kept for `explain`.
    pub recent: usize,
}

/// TLS of the admin listener.
#[derive(Debug, Clone)]
pub struct AdminTls {
    /// Its certificate.
    pub own: ListenerTls,
    /// Set: callers present a certificate of one of these authorities, in PEM.
    pub client_ca: Option<Vec<u8>>,
}

/// One place where clients connect.
#[derive(Debug)]
pub struct Listener {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// Where it listens.
    pub bind: Bind,
    /// Host names, lower case; `bucket.NAME` is then a virtual-hosted-style request.
    pub hosts: Vec<Box<str>>,
    /// Set: clients speak TLS.
    pub tls: Option<ListenerTls>,
    /// Set: every request is this caller's, and presented credentials are ignored.
    pub principal: Option<Arc<Caller>>,
    /// What becomes of requests that nothing denies and nothing allows.
    pub decision: DecisionMode,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bind {
    /// An address and port; port 0 lets the system choose.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// A listener's certificate, checked to belong to its key.
#[derive(Clone)]
pub struct ListenerTls {
    /// The certificate chain as PEM, the listener's own first.
    pub cert_pem: Vec<u8>,
    /// The private key as PEM.
    pub key_pem: Zeroizing<Vec<u8>>,
    /// Both, parsed.
    pub certified: Arc<CertifiedKey>,
}

/// One upstream S3.
#[derive(Debug)]
pub struct Upstream {
    /// How it is reached and signed for.
    pub connection: UpstreamSettings,
    /// What kind of store it is.
    pub profile: &'static Profile,
    /// The account that owns its buckets.
    pub owner_account: AccountId,
    /// Bucket patterns: `*` any run, `?` one character.
    pub buckets: Vec<Box<str>>,
    /// Takes the buckets that match no pattern of any upstream.
    pub default: bool,
    /// How bodies go there of which the client said no hash.
    pub chunks: Chunks,
    /// Settings of its buckets that are the store's own.
    pub theirs: Vec<SettingKind>,
    /// Whether it is told of locks.
    pub locks: Locks,
    /// How often it is asked for facts that decisions depend on.
    pub look_ups: LookUpLimits,
}

/// How much an upstream is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookUpLimits {
    /// At one time.
    pub concurrent: usize,
    /// In a second; as many at once after a pause.
    pub per_second: NonZeroU32,
}

impl Default for LookUpLimits {
    fn default() -> Self {
        Self {
            concurrent: 64,
            per_second: NonZeroU32::new(1000).unwrap_or(NonZeroU32::MIN),
        }
    }
}

/// The file of the embedded store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatePath(pub PathBuf);

/// One access log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its name in the configuration.
    pub name: Box<str>,
    /// How a record is written.
    pub format: LogFormat,
    /// Where it is written.
    pub to: LogTarget,
}

/// How a record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// S3's server access log line.
    S3,
    /// One JSON object a line.
    Json,
}

/// Where records are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard output.
    Stdout,
    /// A file that is appended to.
    File(PathBuf),
}

/// Bounds on what one client may use. Every value is above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time, over all listeners.
    pub max_connections: usize,
    /// The longest request head, in bytes.
    pub header_bytes: usize,
    /// From the first byte of a head to its last.
    pub header_timeout: Duration,
    /// Between two requests of a connection.
    pub idle_timeout: Duration,
    /// Between two reads of a request's body, and between two writes of an answer's.
    pub body_idle_timeout: Duration,
    /// The longest body that is read whole (XML and JSON documents), in bytes.
    pub document_bytes: usize,
    /// After which a client that waits for a long operation hears a sign of life. Not written in a file: clients give up
    /// after a minute, and what proxies between allow is no less.
    pub silence: Duration,
}

/// How the gateway ends after SIGTERM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shutdown {
    /// `/readyz` fails while requests are still accepted, so that load balancers turn away first.
    pub delay: Duration,
    /// For which requests in flight may finish after that.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            header_bytes: 16 * 1024,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            body_idle_timeout: Duration::from_secs(60),
            document_bytes: 2 * 1024 * 1024,
            silence: Duration::from_secs(10),
        }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            delay: Duration::from_secs(5),
            drain: Duration::from_secs(30),
        }
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Admin({}, ***)", self.bind)
    }
}

impl fmt::Debug for ListenerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListenerTls(***)")
    }
}
