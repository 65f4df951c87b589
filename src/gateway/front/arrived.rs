//! What the front knows of a request, for the adapter and for the record of a refusal.

use super::head::Refusal;
use bytes::Bytes;
use pingora::tls::ServerTlsStream;
use portcullis_core::admission::TlsVersion;
use rustls::{CipherSuite, ProtocolVersion};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;
use tokio::net::TcpStream;

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Over TCP.
    Inet(SocketAddr),
    /// A process on this machine, over a Unix socket.
    Unix,
}

impl Peer {
    /// The address policies see: loopback for a Unix socket, IPv4 for an IPv4 client of an IPv6 listener.
    pub fn ip(&self) -> IpAddr {
        match self {
            Self::Inet(address) => address.ip().to_canonical(),
            Self::Unix => IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }
}

/// What a TLS handshake agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsFacts {
    /// The version; [`Self::version_name`] is its name in S3's access log.
    pub version: TlsVersion,
    /// OpenSSL's name of the cipher suite, as S3's access log has it: `ECDHE-RSA-AES128-GCM-SHA256`.
    pub cipher: &'static str,
}

impl TlsFacts {
    /// `TLSv1.2` or `TLSv1.3`, as S3's access log has it.
    pub fn version_name(&self) -> &'static str {
        match self.version {
            TlsVersion::V1_2 => "TLSv1.2",
            TlsVersion::V1_3 => "TLSv1.3",
        }
    }

    /// Of a stream whose handshake is done.
    pub(super) fn of(stream: &ServerTlsStream<TcpStream>) -> Self {
        let session = stream.get_ref().1;
        Self {
            // The listener's configuration offers no other version.
            version: match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => TlsVersion::V1_3,
                Some(_) | None => TlsVersion::V1_2,
            },
            cipher: session
                .negotiated_cipher_suite()
                .map_or("-", |suite| cipher_name(suite.suite())),
        }
    }
}

/// OpenSSL's name for a cipher suite; `-`, which the access log has for "none", for one that no provider of ours has.
pub(super) fn cipher_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            "ECDHE-ECDSA-CHACHA20-POLY1305"
        }
        _ => "-",
    }
}

/// The facts of a connection, the same for each of its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The position its owner gave the listener.
    pub listener: usize,
    /// The socket's other end.
    pub peer: Peer,
    /// `None` on a plain connection.
    pub tls: Option<TlsFacts>,
}

/// Where a request stands among those of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// The connection was made for it.
    First,
    /// The connection was kept alive by an earlier one.
    Later,
}

/// The facts of one request whose head passed the guard; it comes with the framework's session as its user context.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// Which connection it came by.
    pub origin: Origin,
    /// When its first byte was read.
    pub began: Instant,
    /// The head as it came, request line to blank line.
    pub head: Bytes,
    /// First on its connection, or a later one.
    pub turn: Turn,
    /// Bytes on the connection for this request, counted while it runs.
    pub traffic: Arc<Traffic>,
}

/// Bytes that went over a connection for one request, heads and framing included, TLS not.
#[derive(Debug, Default)]
pub struct Traffic {
    pub(super) received: AtomicU64,
    pub(super) sent: AtomicU64,
}

impl Traffic {
    /// Bytes read from the client so far.
    pub fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Bytes handed to the client's socket so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Relaxed)
    }
}

/// What could be read of a head that was refused. Everything in it is the client's, unchecked and possibly cut short.
#[derive(Debug, Clone)]
pub struct HeadSketch<'a> {
    /// Which connection it came by.
    pub origin: Origin,
    /// When its first byte was read.
    pub began: Instant,
    /// How many bytes were read.
    pub received: usize,
    /// The first word of the request line.
    pub method: Option<&'a [u8]>,
    /// The second word of the request line.
    pub target: Option<&'a [u8]>,
    /// The first `Host`.
    pub host: Option<&'a [u8]>,
    /// The first `User-Agent`.
    pub user_agent: Option<&'a [u8]>,
}

impl<'a> HeadSketch<'a> {
    /// Reads what it can; bytes that belong to no complete line are left out.
    pub(super) fn read(origin: Origin, began: Instant, head: &'a [u8]) -> Self {
        let mut lines = head
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"))
            .map(<[u8]>::trim_ascii);
        let mut words = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
        let mut sketch = Self {
            origin,
            began,
            received: head.len(),
            method: words.next().filter(|word| !word.is_empty()),
            target: words.next().filter(|word| !word.is_empty()),
            host: None,
            user_agent: None,
        };
        for line in lines.take_while(|line| !line.is_empty()) {
            sketch.note(line);
        }
        sketch
    }

    fn note(&mut self, line: &'a [u8]) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default();
        let value = parts.next().map(<[u8]>::trim_ascii);
        if name.eq_ignore_ascii_case(b"host") {
            self.host = self.host.or(value);
        } else if name.eq_ignore_ascii_case(b"user-agent") {
            self.user_agent = self.user_agent.or(value);
        }
    }
}

/// Answers and records the requests that the front refuses. The owner knows S3's error document and the record.
pub trait Refuser: Send + Sync + 'static {
    /// Writes the record, and gives the complete answer, which must say `Connection: close` and have no body for
    /// `HEAD`. Called once for each refused head; it must not block.
    fn refuse(&self, refusal: Refusal, head: &HeadSketch<'_>) -> Bytes;
}
