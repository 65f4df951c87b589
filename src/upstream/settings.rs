//! What the configuration says of one upstream, checked.

use portcullis_core::identity::SecretKey;
use std::fmt;
use std::time::Duration;

/// One upstream as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// Its name under `upstreams` in the configuration.
    pub name: Box<str>,
    /// The region that requests are signed for.
    pub region: Box<str>,
    /// Where it listens.
    pub endpoint: Endpoint,
    /// How the bucket is named in a request.
    pub addressing: Addressing,
    /// Certificates, PEM, trusted instead of the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// How long to wait for it.
    pub timeouts: Timeouts,
    /// What requests are signed with.
    pub credentials: CredentialSettings,
}

/// Where an upstream listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// With or without TLS.
    pub scheme: Scheme,
    /// A host name or an IP address; IPv6 without brackets.
    pub host: Box<str>,
    /// The TCP port.
    pub port: u16,
}

/// With or without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plain TCP.
    Http,
    /// TLS 1.2 or 1.3.
    Https,
}

impl Scheme {
    /// The port that a `Host` header leaves out.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority())
    }
}

impl Endpoint {
    /// The value of a `Host` header: IPv6 in brackets, the port unless it is the scheme's own.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.to_string()
        };
        if self.port == self.scheme.default_port() {
            host
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

/// How the bucket is named in a request.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// `/bucket/key`
    Path,
    /// `Host: bucket.endpoint`
    VirtualHosted,
}

/// How long to wait for an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, TLS included.
    pub connect: Duration,
    /// For the next bytes of an answer.
    pub read: Duration,
    /// To hand over the next bytes of a request.
    pub write: Duration,
    /// An unused connection is closed after this. Must be below the upstream's own limit: a request sent on a
    /// connection that the upstream is just closing is lost.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(60),
            write: Duration::from_secs(60),
            idle: Duration::from_secs(50),
        }
    }
}

/// What requests to an upstream are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialSettings {
    /// The default chain of the AWS SDKs, or only the named profile of it.
    Chain {
        /// A profile of the shared configuration files; the environment is then not looked at.
        profile: Option<Box<str>>,
    },
    /// A key from the configuration.
    Static {
        /// The access key id.
        access_key_id: Box<str>,
        /// The secret access key.
        secret_access_key: SecretKey,
        /// Of temporary credentials.
        session_token: Option<SecretKey>,
    },
    /// Requests go unsigned.
    Anonymous,
}
