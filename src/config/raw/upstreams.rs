//! Upstreams as they may be written.

use schemars::JsonSchema;
use serde::Deserialize;

/// An S3 store behind the gateway.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Upstream {
    /// The kind of store, which says what it may be sent: `aws`, `ceph`, `garage`, `minio`, `s3s` or `generic`.
    #[schemars(required)]
    pub profile: Option<String>,
    /// The region requests are signed for. Needed for profile `aws`; default elsewhere: us-east-1.
    pub region: Option<String>,
    /// `https://host[:port]` or `http://host[:port]`. Default for profile `aws`: S3 in that region.
    pub endpoint: Option<String>,
    /// How a bucket is named. Default: `virtual-hosted` for profile `aws`, else `path`.
    pub addressing: Option<Addressing>,
    /// How uploads go to the store whose SHA-256 the client does not say beforehand: signed chunks, and all that is
    /// `UNSIGNED-PAYLOAD` or has a trailer. Default: plain, and with a trailing checksum still behind them where the client
    /// put one there and the store takes trailers.
    pub chunks: Option<Chunks>,
    /// Who keeps a kind of setting of its buckets. Default: the gateway, each of them.
    pub settings: Option<SettingOwners>,
    /// How the store's certificate is checked.
    pub tls: Option<UpstreamTls>,
    /// How long the store may take.
    pub timeouts: Option<Timeouts>,
    /// How often the gateway asks the store for facts that decisions depend on, tags of objects say.
    pub look_ups: Option<LookUps>,
    /// The account that owns the store's buckets: 12 digits, in quotes.
    #[schemars(required)]
    pub owner_account: Option<String>,
    /// Names or patterns of its buckets: `*` any run, `?` one character.
    pub buckets: Option<Vec<String>>,
    /// Takes the buckets that match no pattern of any upstream. Default: false.
    pub default: Option<bool>,
    /// What requests are signed with. Default for profile `aws`: `chain`.
    #[schemars(with = "Option<CredentialsField>")]
    pub credentials: Option<serde_json::Value>,
}

/// Bounds on the gateway's own look-ups at a store; beyond them requests that need one are 503 SlowDown.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LookUps {
    /// At one time. Default: 64.
    pub concurrent: Option<u32>,
    /// In a second. Default: 1000.
    pub per_second: Option<u32>,
}

/// How a bucket is named toward a store.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Addressing {
    /// `https://host/bucket/key`
    Path,
    /// `https://bucket.host/key`
    VirtualHosted,
}

/// How uploads go to a store.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Chunks {
    /// As plain bodies; trailing checksums end here.
    Plain,
    /// In chunks with a checksum behind them: the client's, or CRC32 behind an object that came without any. For stores that
    /// take trailers: profiles `aws`, `garage`, `minio`, `moto`, `localstack`.
    Trailer,
    /// In chunks of 64 KiB, each signed with the upstream's key.
    Signed,
}

/// Who keeps the settings of a store's buckets.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SettingOwners {
    /// Bucket policies.
    pub policy: Option<SettingOwner>,
    /// Block Public Access of buckets; that of accounts is always the gateway's.
    pub public_access_block: Option<SettingOwner>,
    /// Cross-origin resource sharing: the calls, the preflights, and what answers say to browsers.
    pub cors: Option<SettingOwner>,
    /// ACLs and Object Ownership.
    pub acl: Option<SettingOwner>,
    /// Object Lock. Default: `both` of stores that have it, `gateway` of others.
    pub object_lock: Option<LockOwner>,
}

/// Who keeps a kind of setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SettingOwner {
    /// The gateway answers the calls and enforces what was set.
    Gateway,
    /// The gateway decides whether a call may be made and sends it on; what was set is the store's matter alone.
    Upstream,
}

/// Who keeps locks on objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LockOwner {
    /// The gateway, which enforces them; the store hears of none.
    Gateway,
    /// The gateway, which enforces them, and the store, which is told of each.
    Both,
    /// The gateway decides whether a call may be made and sends it on; locks are the store's matter alone.
    Upstream,
}

/// How a store's certificate is checked.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct UpstreamTls {
    /// Certificate authorities: `file:PATH` or PEM. Default: the system's.
    pub ca: Option<String>,
}

/// How long a store may take; durations such as `500ms`, `5s`, `2m`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Timeouts {
    /// To connect, TLS included. Default: 5s.
    pub connect: Option<String>,
    /// Between two reads of an answer. Default: 60s.
    pub read: Option<String>,
    /// Between two writes of a request. Default: 60s.
    pub write: Option<String>,
    /// For which an unused connection is kept. Default: 60s.
    pub idle: Option<String>,
}

/// Schema of `credentials`.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum CredentialsField {
    /// `chain` or `anonymous`.
    Named(CredentialsName),
    /// A fixed key, or a profile of the credential chain.
    Written(WrittenCredentials),
}

/// Credentials that need no further word.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CredentialsName {
    /// AWS's chain: environment, shared files, web identity, containers, instance.
    Chain,
    /// Requests go unsigned.
    Anonymous,
}

/// A fixed key, or a profile of the credential chain.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WrittenCredentials {
    /// The profile of the shared files that the chain takes; stands alone.
    pub profile: Option<String>,
    /// The access key id; `file:PATH` where it changes together with its secret.
    pub access_key_id: Option<String>,
    /// The secret access key, best as `file:PATH` or `${NAME}`.
    pub secret_access_key: Option<String>,
    /// The token of temporary credentials.
    pub session_token: Option<String>,
}
