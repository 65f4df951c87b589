//! The configuration as it may be written. Every field can be missing here; [`super::check`] says which may not.
//!
//! The only place of the configuration with serde's derives. The JSON schema comes from the same types, so the
//! doc lines here are what an editor shows.

mod identities;
mod upstreams;

pub use identities::{
    AccessKey, Account, Group, Identities, IdentitiesField, KeyStatus, Organization, PolicyField,
    PublicAccessBlock, Role, Root, Unit, User,
};
pub use upstreams::{
    Addressing, Chunks, CredentialsField, CredentialsName, LockOwner, LookUps, SettingOwner,
    SettingOwners, Timeouts, Upstream, UpstreamTls, WrittenCredentials,
};

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Configuration of the Portcullis S3 gateway.
///
/// In every text `${NAME}` and `${NAME:-default}` stand for an environment variable, `$${` for a plain `${`; a
/// secret may be `file:PATH`, relative to the folder of the file it stands in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Configuration {
    /// The name of this gateway in request ids and logs. Default: the host name.
    pub instance: Option<String>,
    /// Worker threads. Default: one for each processor.
    pub threads: Option<u32>,
    /// Where clients connect, by name.
    #[schemars(required)]
    pub listeners: Option<BTreeMap<String, Listener>>,
    /// Address of `/livez`, `/readyz`, `/healthz` and `/metrics`, e.g. `0.0.0.0:9090`.
    pub health: Option<String>,
    /// Where `explain`, `reload` and the status are served: `unix:PATH`, or an address with a token or client certificates.
    #[schemars(with = "Option<AdminField>")]
    pub admin: Option<serde_json::Value>,
    /// The S3 stores behind the gateway, by name.
    #[schemars(required)]
    pub upstreams: Option<BTreeMap<String, Upstream>>,
    /// Accounts, users, roles and keys: a file, a folder of files, or written here.
    #[schemars(with = "Option<IdentitiesField>")]
    pub identities: Option<serde_json::Value>,
    /// The folder with `buckets/<bucket>/policy.json`, beside it perhaps a candidate, `policy.candidate.json`, and
    /// `guardrails/`.
    pub policies: Option<String>,
    /// How guardrails in Rego are judged by.
    pub guardrails: Option<Guardrails>,
    /// Modes of files below `policies`, by path in there or pattern: `*` any run, `?` one character. A path goes before
    /// patterns. Default: enforce; of a candidate: shadow.
    pub modes: Option<BTreeMap<String, SourceMode>>,
    /// What becomes of requests of authenticated callers that nothing denies and nothing allows. Default: enforce.
    pub decision: Option<DecisionMode>,
    /// What `validate` finds in policies and is meant.
    pub lint: Option<Lint>,
    /// Where durable settings are kept. Without it nothing is kept on disk.
    pub state: Option<State>,
    /// Access logs, by name. Default: one in JSON on standard output.
    pub logs: Option<BTreeMap<String, Log>>,
    /// Bounds on what one client may use.
    pub limits: Option<Limits>,
    /// How the gateway ends.
    pub shutdown: Option<Shutdown>,
    /// Whether changed files are taken over by themselves, and how often they are looked at: `true`, `false`, or a duration
    /// such as `5s`. Default: true, every second.
    #[schemars(with = "Option<WatchField>")]
    pub watch: Option<serde_json::Value>,
    /// Not in this version: refused.
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub audit: Option<serde_json::Value>,
}

/// Where clients connect.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Listener {
    /// `address:port` or `unix:PATH`.
    #[schemars(required)]
    pub bind: Option<String>,
    /// Host names; `bucket.NAME` is then a virtual-hosted-style request.
    pub hosts: Option<Vec<String>>,
    /// Clients speak TLS.
    pub tls: Option<ListenerTls>,
    /// ARN of the user or role that every request is made as. Presented credentials are then ignored.
    pub principal: Option<String>,
    /// Allows `principal` on an address that other hosts reach. Default: false.
    pub force: Option<bool>,
    /// What becomes of requests of authenticated callers that nothing denies and nothing allows. Default: as it is said
    /// for all listeners.
    pub decision: Option<DecisionMode>,
}

/// What becomes of a request that nothing denies and nothing allows.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DecisionMode {
    /// It is refused.
    Enforce,
    /// It passes, and its record says what enforcement would have answered.
    Observe,
}

/// What becomes of a policy's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SourceMode {
    /// It decides.
    Enforce,
    /// It decides nothing; records say where it would.
    Shadow,
    /// It is checked, and otherwise as if it were not there.
    Off,
}

impl SourceMode {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Shadow => "shadow",
            Self::Off => "off",
        }
    }
}

/// A listener's certificate.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ListenerTls {
    /// The certificate chain: `file:PATH` or PEM.
    #[schemars(required)]
    pub cert: Option<String>,
    /// The private key: `file:PATH` or PEM.
    #[schemars(required)]
    pub key: Option<String>,
}

/// Schema of `watch`.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum WatchField {
    /// Every second, or never.
    Whether(bool),
    /// A duration.
    Every(String),
}

/// Schema of `admin`.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum AdminField {
    /// `unix:PATH`.
    Path(String),
    /// With more to say.
    Written(Admin),
}

/// The admin listener.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Admin {
    /// `unix:PATH` or `address:port`.
    #[schemars(required)]
    pub bind: Option<String>,
    /// What callers over TCP present as `Authorization: Bearer`, best as `file:PATH`; 16 characters or more.
    pub token: Option<String>,
    /// Callers over TCP speak TLS.
    pub tls: Option<AdminTls>,
    /// How many exchanges are kept for `explain`. Default: 4096.
    pub recent: Option<u32>,
}

/// TLS of the admin listener.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AdminTls {
    /// The certificate chain: `file:PATH` or PEM.
    #[schemars(required)]
    pub cert: Option<String>,
    /// The private key: `file:PATH` or PEM.
    #[schemars(required)]
    pub key: Option<String>,
    /// Authorities of callers' certificates: `file:PATH` or PEM. A caller without such a certificate is refused.
    pub client_ca: Option<String>,
}

/// How guardrails in Rego are judged by.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Guardrails {
    /// How long they may take for one request; one that takes longer is refused. Default: 10ms.
    pub deadline: Option<String>,
}

/// What `validate` finds in policies and is meant.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Lint {
    /// By policy file, relative to this one: names of rules, each with the reason why its finding is meant.
    pub allow: Option<BTreeMap<String, BTreeMap<String, String>>>,
}

/// Where durable settings are kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct State {
    /// The file of the embedded store.
    pub redb: Option<String>,
    /// Not in this version: refused.
    #[schemars(with = "Option<String>")]
    pub postgres: Option<serde_json::Value>,
}

/// One access log.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Log {
    /// How a record is written. Default: json.
    pub format: Option<LogFormat>,
    /// `stdout` or a file. Default: stdout.
    pub to: Option<String>,
}

/// How a record is written.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// S3's server access log line.
    S3,
    /// One JSON object a line.
    Json,
}

/// Bounds on what one client may use.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Limits {
    /// Connections at one time, over all listeners. Default: 10000.
    pub max_connections: Option<u32>,
    /// The longest request head in bytes. Default: 16384.
    pub header_bytes: Option<u32>,
    /// From the first byte of a head to its last. Default: 10s.
    pub header_timeout: Option<String>,
    /// Between two requests of a connection. Default: 60s.
    pub idle_timeout: Option<String>,
    /// Between two reads or writes of a body. Default: 60s.
    pub body_idle_timeout: Option<String>,
    /// The longest document (XML, JSON) a client may send, in bytes. Default: 2097152.
    pub document_bytes: Option<u32>,
}

/// How the gateway ends after SIGTERM.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Shutdown {
    /// How long `/readyz` already fails while requests are still accepted. Default: 5s.
    pub delay: Option<String>,
    /// How long requests in flight may take after that. Default: 30s.
    pub drain: Option<String>,
}
