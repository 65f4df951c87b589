//! Toward the upstream: who signs ([`credentials`]), what goes on the wire ([`sign`]), where it goes ([`peer`]), a
//! call that reads the answer whole ([`client`]), and what of an answer a client may see ([`answer`]).
//!
//! Nothing here decides anything: whatever is sent asks for a [`Permit`](portcullis_core::admission::Permit), which
//! only admission makes. Enter at [`Upstream`].

pub mod answer;
pub mod call;
mod chunks;
pub mod client;
pub mod credentials;
mod idle;
pub mod peer;
pub mod probe;
pub mod settings;
pub mod sign;
mod signing_key;
#[cfg(test)]
pub(crate) mod testing;
mod wire;

use credentials::{Access, Credentials, NoCredentials};
use idle::Idle;
use jiff::Timestamp;
use peer::{Addresses, BadCertificate, ResolveError, Template};
use pingora::upstreams::peer::HttpPeer;
use settings::{Endpoint, UpstreamSettings};
use signing_key::SigningKeys;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};

/// One configured upstream while the gateway runs: its settings, its credentials and its addresses.
#[derive(Debug)]
pub struct Upstream {
    settings: UpstreamSettings,
    credentials: Credentials,
    addresses: Addresses,
    template: Template,
    idle: Idle,
    signing_keys: SigningKeys,
}

impl Upstream {
    /// Builds the handle; nothing is looked up yet. `clock` tells the time that credentials expire by.
    pub fn new(
        settings: UpstreamSettings,
        clock: fn() -> Timestamp,
    ) -> Result<Self, BadCertificate> {
        Ok(Self {
            credentials: Credentials::new(&settings.credentials, &settings.region, clock),
            addresses: Addresses::new(&settings.endpoint),
            template: Template::new(&settings)?,
            idle: Idle::new(settings.timeouts.idle),
            signing_keys: SigningKeys::default(),
            settings,
        })
    }

    /// Its name under `upstreams` in the configuration.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// The region that requests are signed for.
    pub fn region(&self) -> &str {
        &self.settings.region
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &Endpoint {
        &self.settings.endpoint
    }

    /// All of its settings.
    pub fn settings(&self) -> &UpstreamSettings {
        &self.settings
    }

    /// What to sign with now, without waiting.
    pub fn access(&self) -> Result<Access, NoCredentials> {
        self.credentials.current()
    }

    /// Its credentials: readiness and expiry.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The next address to connect to. Waits only for the first look-up of the name.
    pub async fn address(&self) -> Result<SocketAddr, ResolveError> {
        self.addresses.next().await
    }

    /// How to connect to one of its addresses: TLS and timeouts.
    pub fn peer(&self, address: SocketAddr) -> HttpPeer {
        self.template.at(address)
    }

    fn signing_keys(&self) -> &SigningKeys {
        &self.signing_keys
    }

    /// Its connections that wait for another request.
    fn idle(&self) -> &Idle {
        &self.idle
    }

    /// To be called when connecting failed: the name is looked up again soon.
    pub fn connect_failed(&self) {
        self.addresses.look_up_soon();
    }

    /// Keeps credentials, addresses and idle connections fresh until the upstream is dropped. To be spawned once for
    /// each upstream.
    pub async fn maintain(this: Weak<Self>) {
        tokio::join!(
            credentials::maintain(&this, |upstream: &Self| &upstream.credentials),
            peer::maintain(&this, |upstream: &Self| &upstream.addresses),
            idle::maintain(&this, |upstream: &Self| &upstream.idle),
        );
    }

    /// Spawns [`Upstream::maintain`] on the current runtime.
    pub fn spawn(self: &Arc<Self>) {
        tokio::spawn(Self::maintain(Arc::downgrade(self)));
    }
}
