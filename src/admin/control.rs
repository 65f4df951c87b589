//! The admin listener: the status, explanations, reloads, the state store, and the settings and locks in it. `routes` says
//! what is asked how.
//!
//! Whoever can use it may learn what callers did, make the gateway read its files again, change what is set on buckets and
//! accounts, and have a copy of the state written where the gateway may write. So it is reached by the file rights of a Unix socket, a token or a client certificate. Browsers are kept out whatever they hold: no request with an
//! `Origin` is served, a plain TCP listener serves only under an address or `localhost`, and a POST says that it is JSON,
//! which no form can. It never answers secrets.

mod routes;

use super::http::{self, Socket, Text};
use ::http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use ::http::{HeaderMap, HeaderValue, Response, StatusCode};
use async_trait::async_trait;
use pingora::tls::TlsAcceptor;
use portcullis_core::s3::names::{AccountId, BucketName};
use routes::{refuse, respond};
use rustls::ServerConfig;
use serde_json::Value;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use zeroize::Zeroizing;

/// For a whole connection: copying a large state file takes its time.
const LIFETIME: Duration = Duration::from_secs(600);

/// What an admin listener asks of the gateway.
#[async_trait]
pub trait Control: Send + Sync + 'static {
    /// How things stand.
    fn status(&self) -> Value;

    /// Why an exchange was decided as it was, by its request id; `None` if it is not known, or not any more.
    fn explain(&self, id: &str) -> Option<Value>;

    /// Reads the files again: what is in force now, or why the files before stay in force.
    async fn reload(&self) -> Result<Value, Value>;

    /// What the state store holds: where it came from, and which settings of which buckets and accounts.
    fn state(&self) -> Result<Value, Refused>;

    /// Copies the state store to a new file while it serves.
    async fn backup(&self, to: PathBuf) -> Result<Value, Refused>;

    /// The settings that the store keeps of a bucket or an account: under `settings`, by kind, each what a file of
    /// configuration holds that says the same.
    fn settings(&self, of: &Holder) -> Result<Value, Refused>;

    /// Puts settings: `{"settings": {KIND: DOCUMENT}, "dry_run": false}`, each as [`Control::settings`] answers
    /// it. Answers, under `settings`, what became of each.
    async fn put_settings(&self, of: &Holder, wanted: &Value) -> Result<Value, Refused>;

    /// How Object Lock stands: its clock, whether locks may have been forgotten, and which buckets have it.
    fn locks(&self) -> Result<Value, Refused>;

    /// The buckets of the upstreams that keep locks too, as those list them.
    async fn locked_upstream(&self) -> Result<Value, Refused>;

    /// An operator has looked: what was in doubt is not any more.
    async fn acknowledge(&self, doubt: Doubt) -> Result<Value, Refused>;

    /// One page of work on the locks of a bucket: `{"after": PLACE}` goes on where `next` of the page before says.
    async fn work_on_locks(
        &self,
        work: LockWork,
        bucket: &BucketName,
        wanted: &Value,
    ) -> Result<Value, Refused>;
}

/// What an operator may take for right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The time by which locks are released.
    Clock,
    /// The state, which may have forgotten locks.
    Restore,
}

impl Doubt {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Clock, Self::Restore];

    /// As in the path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Restore => "restore",
        }
    }
}

/// What is done with the locks of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockWork {
    /// They are shown, in the order of the keys: `{"active": true}` those that protect something now.
    List,
    /// All that may be on record of an object's versions is shown: `{"key": KEY, "version": ID}`.
    Show,
    /// They are compared with the upstream.
    Verify,
    /// What the upstream has is added to them.
    Rebuild,
}

impl LockWork {
    /// As in the path.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Show => "show",
            Self::Verify => "verify",
            Self::Rebuild => "rebuild",
        }
    }
}

/// What has settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A bucket.
    Bucket(BucketName),
    /// An account.
    Account(AccountId),
}

/// Why something was not done; lower case, no full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The request is none.
    Malformed(String),
    /// It is about something that is not there.
    NotFound(String),
    /// As things stand, it cannot be.
    Conflict(String),
    /// It may work later.
    Unavailable(String),
}

/// Where an admin listener listens, and what keeps others out.
pub enum AdminAddress {
    /// A path; its owner alone may use it.
    Unix(PathBuf),
    /// An address, with a token, or TLS that asks for certificates, or both.
    Tcp {
        /// The address and port.
        address: SocketAddr,
        /// What callers present.
        token: Option<Zeroizing<String>>,
        /// Callers speak TLS.
        tls: Option<Arc<ServerConfig>>,
    },
}

/// A bound admin listener.
pub struct AdminListener {
    socket: Socket,
    gate: Gate,
    bound: Bound,
}

enum Bound {
    Tcp(SocketAddr),
    /// With the device and inode of the file, so that another's is not removed in the end.
    Unix(PathBuf, (u64, u64)),
}

/// Who may pass.
struct Gate {
    token: Option<Zeroizing<String>>,
    /// Under which names it may be reached matters only where names are not checked by TLS or do not exist.
    hosts: Hosts,
}

enum Hosts {
    Any,
    AddressesOnly,
}

impl AdminListener {
    /// Binds. A socket file that nobody answers on is replaced; nothing else is.
    pub async fn bind(address: AdminAddress) -> io::Result<Self> {
        match address {
            AdminAddress::Unix(path) => unix(path).await,
            AdminAddress::Tcp {
                address,
                token,
                tls,
            } => {
                let listener = TcpListener::bind(address).await?;
                let bound = Bound::Tcp(listener.local_addr()?);
                let hosts = match &tls {
                    Some(_) => Hosts::Any,
                    None => Hosts::AddressesOnly,
                };
                let socket = match tls {
                    Some(config) => Socket::Tls(listener, TlsAcceptor::from(config)),
                    None => Socket::Tcp(listener),
                };
                let gate = Gate { token, hosts };
                Ok(Self {
                    socket,
                    gate,
                    bound,
                })
            }
        }
    }

    /// The address it got; `None` for a Unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.bound {
            Bound::Tcp(address) => Some(address),
            Bound::Unix(..) => None,
        }
    }

    /// Serves until `shutdown` completes, then removes its socket file.
    pub async fn serve(self, control: Arc<dyn Control>, shutdown: impl Future<Output = ()>) {
        let Self {
            socket,
            gate,
            bound,
        } = self;
        let gate = Arc::new(gate);
        let handle = move |request: http::Request| {
            let (gate, control) = (gate.clone(), control.clone());
            async move { respond(request, &gate, &*control).await }
        };
        http::serve("admin", LIFETIME, socket, handle, shutdown).await;
        if let Bound::Unix(path, file) = bound
            && identity(&path).is_ok_and(|found| found == file)
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The file is bound in a folder that only its owner can enter and moved when its mode is set, so that there is no moment in
/// which others can connect, whatever the umask: that of a process cannot be changed for one thread alone.
async fn unix(path: PathBuf) -> io::Result<AdminListener> {
    refuse_taken(&path).await?;
    let folder = Private::beside(&path)?;
    let made = folder.0.join("s");
    let listener = UnixListener::bind(&made)?;
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&made, &path)?;
    let file = identity(&path)?;
    Ok(AdminListener {
        socket: Socket::Unix(listener),
        gate: Gate {
            token: None,
            hosts: Hosts::Any,
        },
        bound: Bound::Unix(path, file),
    })
}

/// Only a socket that nobody answers on may be replaced.
async fn refuse_taken(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            let message = "something that is no socket stands there";
            return Err(io::Error::new(ErrorKind::AlreadyExists, message));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::Error::new(
            ErrorKind::AddrInUse,
            "another process answers there",
        )),
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = std::fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// A folder of ours alone, removed with this.
struct Private(PathBuf);

impl Private {
    fn beside(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!(".a{}", std::process::id());
        let folder = path.with_file_name(name);
        // Left behind by a process of this number that was killed between two steps.
        let _ = std::fs::remove_file(folder.join("s"));
        let _ = std::fs::remove_dir(&folder);
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0.join("s"));
        let _ = std::fs::remove_dir(&self.0);
    }
}

impl Gate {
    fn pass(&self, headers: &HeaderMap) -> Result<(), Box<Response<Text>>> {
        if headers.contains_key(ORIGIN) {
            let message = "requests of web pages are not served";
            return Err(Box::new(refuse(StatusCode::FORBIDDEN, message)));
        }
        if matches!(self.hosts, Hosts::AddressesOnly) && !names_address(headers) {
            let message = "reach this by its address or as `localhost`";
            return Err(Box::new(refuse(StatusCode::MISDIRECTED_REQUEST, message)));
        }
        match &self.token {
            Some(token) if !presents(headers, token) => {
                let mut refusal = refuse(StatusCode::UNAUTHORIZED, "no token, or a wrong one");
                let scheme = HeaderValue::from_static("Bearer");
                refusal.headers_mut().insert(WWW_AUTHENTICATE, scheme);
                Err(Box::new(refusal))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// A name could be a page's own that was made to resolve to this host.
fn names_address(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let host = host.to_str().unwrap_or_default();
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next());
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    host == "localhost" || name == "localhost" || bare.unwrap_or(name).parse::<IpAddr>().is_ok()
}

fn presents(headers: &HeaderMap, token: &str) -> bool {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (Some(given), None) = (given.next(), given.next()) else {
        return false;
    };
    let given = given.as_bytes().strip_prefix(b"Bearer ");
    let same = |given: &[u8]| {
        aws_lc_rs::constant_time::verify_slices_are_equal(given, token.as_bytes()).is_ok()
    };
    given.is_some_and(same)
}

#[cfg(test)]
mod tests;
