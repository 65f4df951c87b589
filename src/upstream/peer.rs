//! Where an upstream is: its addresses, looked up in the background, and how to connect to one of them.

use super::settings::{Endpoint, Scheme, UpstreamSettings};
use arc_swap::ArcSwap;
use pingora::protocols::ALPN;
use pingora::protocols::l4::socket::SocketAddr as PeerAddress;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora::utils::tls::{WrappedX509, parse_x509};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// Between look-ups of a name.
const LOOK_UP_EVERY: Duration = Duration::from_secs(30);
/// At least this long between look-ups, however many connections fail.
const LOOK_UP_PAUSE: Duration = Duration::from_secs(1);

/// Why an upstream has no address.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The resolver's error.
    #[error("`{host}` cannot be resolved")]
    LookUp {
        /// The name asked for.
        host: Box<str>,
        /// What the resolver said.
        #[source]
        source: std::io::Error,
    },
    /// The name exists and has no address.
    #[error("`{0}` has no address")]
    NoAddress(Box<str>),
}

/// Why a CA file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// Not PEM.
    #[error("upstream `{name}`: `tls.ca` is not PEM")]
    Pem {
        /// The upstream.
        name: Box<str>,
        /// Where it is not.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// PEM without a certificate.
    #[error("upstream `{0}`: `tls.ca` holds no certificate")]
    Empty(Box<str>),
    /// Not a certificate that can be trusted.
    #[error("upstream `{name}`: `tls.ca` holds an unusable certificate")]
    Certificate {
        /// The upstream.
        name: Box<str>,
        /// Why it is unusable.
        #[source]
        source: rustls::Error,
    },
}

/// The addresses of one name: the last that were found, given out in turn.
#[derive(Debug)]
pub(super) struct Addresses {
    host: Box<str>,
    port: u16,
    known: ArcSwap<Vec<SocketAddr>>,
    turn: AtomicUsize,
    soon: Arc<Notify>,
}

impl Addresses {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        let literal = endpoint.host.parse::<IpAddr>();
        let known = literal.map(|ip| SocketAddr::new(ip, endpoint.port));
        Self {
            host: endpoint.host.clone(),
            port: endpoint.port,
            known: ArcSwap::from_pointee(known.into_iter().collect()),
            turn: AtomicUsize::new(0),
            soon: Arc::default(),
        }
    }

    /// The next address; looks the name up only if none was ever found.
    pub(super) async fn next(&self) -> Result<SocketAddr, ResolveError> {
        if let Some(address) = self.in_turn() {
            return Ok(address);
        }
        self.look_up().await?;
        self.in_turn()
            .ok_or_else(|| ResolveError::NoAddress(self.host.clone()))
    }

    fn in_turn(&self) -> Option<SocketAddr> {
        let known = self.known.load();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        turn.checked_rem(known.len())
            .and_then(|at| known.get(at).copied())
    }

    pub(super) fn look_up_soon(&self) {
        self.soon.notify_one();
    }

    /// Asks the resolver. What was known before stays if it finds nothing.
    async fn look_up(&self) -> Result<(), ResolveError> {
        let found = tokio::net::lookup_host((&*self.host, self.port)).await;
        let mut found: Vec<_> = found
            .map_err(|source| ResolveError::LookUp {
                host: self.host.clone(),
                source,
            })?
            .collect();
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            return Err(ResolveError::NoAddress(self.host.clone()));
        }
        self.known.store(Arc::new(found));
        Ok(())
    }
}

/// Looks the name up every 30 seconds, and soon after a failed connection, until the owner is dropped.
pub(super) async fn maintain<T>(owner: &Weak<T>, of: fn(&T) -> &Addresses) {
    loop {
        let soon = {
            let Some(owner) = owner.upgrade() else { return };
            let addresses = of(&owner);
            if addresses.host.parse::<IpAddr>().is_ok() {
                return;
            }
            if let Err(error) = addresses.look_up().await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "looking up an upstream failed");
            }
            Arc::clone(&addresses.soon)
        };
        tokio::time::sleep(LOOK_UP_PAUSE).await;
        let _ = tokio::time::timeout(LOOK_UP_EVERY, soon.notified()).await;
    }
}

/// Everything about connecting to an upstream but the address.
#[derive(Debug)]
pub(super) struct Template(HttpPeer);

impl Template {
    pub(super) fn new(settings: &UpstreamSettings) -> Result<Self, BadCertificate> {
        let tls = settings.endpoint.scheme == Scheme::Https;
        // Without a server name the framework does not verify the certificate at all. An IP address is a name too.
        let sni = if tls { &*settings.endpoint.host } else { "" };
        let nowhere = (Ipv4Addr::UNSPECIFIED, settings.endpoint.port);
        let mut peer = HttpPeer::new(nowhere, tls, sni.to_owned());
        let timeouts = settings.timeouts;
        peer.options.connection_timeout = Some(timeouts.connect);
        peer.options.total_connection_timeout = Some(timeouts.connect);
        peer.options.alpn = ALPN::H1;
        peer.options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
        if let Some(pem) = &settings.ca_pem {
            peer.options.ca = Some(authorities(pem, &settings.name)?);
        }
        Ok(Self(peer))
    }

    pub(super) fn at(&self, address: SocketAddr) -> HttpPeer {
        let mut peer = self.0.clone();
        peer._address = PeerAddress::Inet(address);
        peer
    }
}

fn authorities(pem: &[u8], name: &str) -> Result<Arc<CaType>, BadCertificate> {
    let mut store = RootCertStore::empty();
    let mut parsed = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|source| BadCertificate::Pem {
            name: name.into(),
            source,
        })?;
        let der = certificate.to_vec();
        // The framework's own parser panics on what is not a certificate, so ask one that does not first.
        store
            .add(certificate)
            .map_err(|source| BadCertificate::Certificate {
                name: name.into(),
                source,
            })?;
        parsed.push(WrappedX509::new(der, parse_x509));
    }
    if parsed.is_empty() {
        return Err(BadCertificate::Empty(name.into()));
    }
    Ok(parsed.into())
}

#[cfg(test)]
mod tests;
