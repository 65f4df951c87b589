//! A gateway with an origin behind it, and what both had to say in the end.

use super::client::{Answer, Client};
use super::origin::{Memory, Origin};
use super::request::{CLERK, OWNER, PARTNER, REGION, Request, User};
use portcullis::config::{self, Host};
use portcullis::gateway::{self, Running, front::Bound};
use serde_json::Value;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const PARTNER_ACCOUNT: &str = "444455556666";
/// What the gateway signs with, toward the origin.
pub(crate) const UPSTREAM: User = User {
    id: "AKIAUPSTREAM00000001",
    secret: "canary-upstream-secret/0123456789abc",
};

/// A configuration that is being written.
#[derive(Default)]
pub(crate) struct Setup {
    listener: String,
    doors: String,
    upstream: String,
    rest: String,
    files: Vec<(String, String)>,
    silence: Option<Duration>,
    profile: Option<&'static str>,
}

impl Setup {
    /// Another profile of the upstream than `aws`.
    pub(crate) fn profile(mut self, profile: &'static str) -> Self {
        self.profile = Some(profile);
        self
    }

    /// More fields of the listener, in YAML's flow form.
    pub(crate) fn listener(mut self, fields: &str) -> Self {
        self.listener = format!(", {fields}");
        self
    }

    /// Another listener, by its name and all of its fields.
    pub(crate) fn door(mut self, name: &str, fields: &str) -> Self {
        self.doors += &format!("  {name}: {{ {fields} }}\n");
        self
    }

    /// More fields of the upstream, in lines.
    pub(crate) fn upstream(mut self, lines: &str) -> Self {
        self.upstream = format!("    {lines}\n");
        self
    }

    /// More lines at the top level, or more upstreams when indented.
    pub(crate) fn with(mut self, lines: &str) -> Self {
        self.rest.push_str(lines);
        self.rest.push('\n');
        self
    }

    pub(crate) fn policy(self, bucket: &str, document: &str) -> Self {
        self.file(&format!("policies/buckets/{bucket}/policy.json"), document)
    }

    /// Another file beside the configuration.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Clients that wait for long operations hear something after this.
    pub(crate) fn silence(mut self, silence: Duration) -> Self {
        self.silence = Some(silence);
        self
    }

    pub(crate) async fn start(self) -> Stand {
        let origin = Origin::start().await;
        self.start_at(origin, tempfile::tempdir().unwrap()).await
    }

    /// In a folder that a gateway may have used before.
    pub(crate) async fn start_at(self, origin: Origin, folder: TempDir) -> Stand {
        // Another test of this process may have installed it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let file = self.write(folder.path(), origin.port);
        let (mut settings, _) = config::load(&file, &Host).unwrap_or_else(|findings| {
            let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
            panic!("{}", findings.join("\n"))
        });
        if let Some(silence) = self.silence {
            settings.limits.silence = silence;
        }
        let running = gateway::start(settings).await.unwrap();
        let address = inet(&running.bound()[0]);
        Stand {
            origin,
            address,
            running,
            folder,
        }
    }

    /// Writes the files of a gateway whose origin is on `port`; gives the configuration's path.
    pub(crate) fn write(&self, folder: &Path, port: u16) -> PathBuf {
        let file = folder.join("portcullis.yaml");
        fs::create_dir_all(folder.join("policies/buckets")).unwrap();
        write(&file, &self.text(port));
        for (path, text) in &self.files {
            write(&folder.join(path), text);
        }
        file
    }

    fn text(&self, port: u16) -> String {
        let user = |name: &str, user: User, policies: &str| {
            let User { id, secret } = user;
            format!(
                "        {name}: {{ access_keys: [{{ id: {id}, secret: \"{secret}\" }}], policies: [{policies}] }}\n"
            )
        };
        let allow = |actions: &str| {
            format!(
                "{{ Version: \"2012-10-17\", Statement: [{{ Effect: Allow, Action: [{actions}], Resource: \"*\" }}] }}"
            )
        };
        let anything = allow("\"s3:*\"");
        let objects = allow("\"s3:GetObject\", \"s3:PutObject\", \"s3:DeleteObject\"");
        let users = user("owner", OWNER, &anything) + &user("clerk", CLERK, &objects);
        let partner = user("partner", PARTNER, &anything);
        let Self {
            listener,
            doors,
            upstream,
            rest,
            ..
        } = self;
        let User { id, secret } = UPSTREAM;
        let profile = self.profile.unwrap_or("aws");
        format!(
            "instance: gw-1\nlisteners:\n  s3: {{ bind: \"127.0.0.1:0\", hosts: [s3.test]{listener} }}\n{doors}\
             policies: policies\nlogs:\n  json: {{ to: access.json }}\n  s3: {{ format: s3, to: access.log }}\n\
             identities:\n  accounts:\n    \"{ACCOUNT}\":\n      users:\n{users}\
             \x20   \"{PARTNER_ACCOUNT}\":\n      users:\n{partner}\
             upstreams:\n  lake:\n    profile: {profile}\n    addressing: path\n    region: {REGION}\n\
             \x20   endpoint: \"http://127.0.0.1:{port}\"\n    owner_account: \"{ACCOUNT}\"\n    buckets: [\"lake-*\"]\n\
             \x20   credentials: {{ access_key_id: {id}, secret_access_key: \"{secret}\" }}\n{upstream}{rest}"
        )
    }
}

pub(crate) fn inet(bound: &Bound) -> SocketAddr {
    match bound {
        Bound::Tcp(address) => *address,
        Bound::Unix(path) => panic!("{}", path.display()),
    }
}

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A gateway that serves, with its origin.
pub(crate) struct Stand {
    pub(crate) origin: Origin,
    pub(crate) address: SocketAddr,
    pub(crate) running: Running,
    pub(crate) folder: TempDir,
}

impl Stand {
    pub(crate) async fn start() -> Self {
        Setup::default().start().await
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends a request on a connection of its own.
    pub(crate) async fn ask(&self, request: &Request) -> Answer {
        let mut client = self.connect().await;
        client.try_send(&request.bytes()).await;
        client.answer(request.method()).await
    }

    /// The value of a series in what is scraped, if it is there.
    pub(crate) async fn metric(&self, series: &str) -> Option<String> {
        let text = self.metrics().await;
        let prefix = format!("portcullis_{series} ");
        let mut lines = text.lines();
        lines.find_map(|line| Some(line.strip_prefix(&prefix)?.to_owned()))
    }

    /// All that is scraped.
    pub(crate) async fn metrics(&self) -> String {
        let health = self.running.health().unwrap();
        let mut client = Client::new(TcpStream::connect(health).await.unwrap());
        client
            .send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            .await;
        client.answer("GET").await.text()
    }

    /// Stops the gateway and gives what is left.
    pub(crate) async fn end(self) -> Ended {
        self.running
            .stop(Duration::ZERO, Duration::from_secs(10))
            .await;
        let lines = fs::read_to_string(self.folder.path().join("access.json")).unwrap();
        Ended {
            records: lines
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
            lines,
            log: fs::read(self.folder.path().join("access.log")).unwrap(),
            port: self.origin.port,
            origin: self.origin.memory(),
            folder: self.folder,
        }
    }
}

/// What is left of a stand.
pub(crate) struct Ended {
    pub(crate) records: Vec<Value>,
    /// The JSON log as it was written.
    pub(crate) lines: String,
    /// The S3 access log as it was written.
    pub(crate) log: Vec<u8>,
    pub(crate) origin: Memory,
    /// The origin's.
    pub(crate) port: u16,
    pub(crate) folder: TempDir,
}

impl Ended {
    /// The only record.
    #[track_caller]
    pub(crate) fn record(&self) -> &Value {
        assert_eq!(self.records.len(), 1, "{}", self.lines);
        &self.records[0]
    }

    /// The only request the origin saw.
    #[track_caller]
    pub(crate) fn seen(&self) -> &super::origin::Seen {
        assert_eq!(self.origin.seen.len(), 1, "{:#?}", self.origin.seen);
        &self.origin.seen[0]
    }

    /// Refused before anything went out: the S3 error, nothing at the origin, one record.
    #[track_caller]
    pub(crate) fn refused(&self, answer: &Answer, status: u16, code: &str) {
        assert_eq!(
            (answer.status, &*answer.code()),
            (status, code),
            "{answer:?}"
        );
        assert_eq!(self.origin.opened, 0, "{:#?}", self.origin.seen);
        self.recorded(answer, status, code);
    }

    /// The body was refused on its way: the S3 error, no object at the origin, one record.
    #[track_caller]
    pub(crate) fn body_refused(&self, answer: &Answer, status: u16, code: &str) {
        assert_eq!(
            (answer.status, &*answer.code()),
            (status, code),
            "{answer:?}"
        );
        let committed = self.origin.seen.iter().filter(|seen| seen.whole).count();
        assert_eq!(committed, 0, "{:#?}", self.origin.seen);
        self.recorded(answer, status, code);
    }

    /// The one record says what the client was told.
    #[track_caller]
    pub(crate) fn recorded(&self, answer: &Answer, status: u16, code: &str) {
        let record = self.record();
        assert_eq!(record["http_status"], status, "{record:#}");
        assert_eq!(record["error_code"], code, "{record:#}");
        assert_eq!(
            record["request_id"],
            *answer.header("x-amz-request-id").unwrap()
        );
    }
}
