//! The server's side of TLS: versions, protocol, and a certificate that can be replaced while serving.

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// Why a certificate cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// The chain is not PEM.
    #[error("certificate chain: {0}")]
    Chain(pem::Error),
    /// The chain's file holds no certificate.
    #[error("certificate chain: no certificate in it")]
    Empty,
    /// The key is not PEM, or there is none.
    #[error("private key: {0}")]
    Key(pem::Error),
    /// The key is of an unknown kind, or of another certificate.
    #[error("private key: {0}")]
    Mismatch(#[from] rustls::Error),
}

/// A certificate chain and its key, from the text of two PEM files.
pub fn certified_key(
    chain: &[u8],
    key: &[u8],
    provider: &CryptoProvider,
) -> Result<CertifiedKey, BadCertificate> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(BadCertificate::Chain)?;
    if chain.is_empty() {
        return Err(BadCertificate::Empty);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(BadCertificate::Key)?;
    Ok(CertifiedKey::from_der(chain, key, provider)?)
}

/// The certificate of a listener. A replacement serves the next handshake and disturbs no connection.
#[derive(Debug)]
pub struct Certificate(ArcSwap<CertifiedKey>);

impl Certificate {
    /// Starts with this one.
    pub fn new(key: CertifiedKey) -> Self {
        Self(ArcSwap::from_pointee(key))
    }

    /// Serves this one from the next handshake on. `false`: it is the one that is served already.
    pub fn replace(&self, key: CertifiedKey) -> bool {
        let before = self.0.swap(Arc::new(key));
        before.cert != self.0.load().cert
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// The same for administrators, who present a certificate of one of the authorities in `client_ca`, if there are any.
pub fn admin_config(
    certificate: Arc<Certificate>,
    client_ca: Option<&[u8]>,
    provider: Arc<CryptoProvider>,
) -> Result<ServerConfig, String> {
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| error.to_string())?;
    let config = match client_ca {
        None => config.with_no_client_auth(),
        Some(pem) => {
            let mut roots = rustls::RootCertStore::empty();
            for authority in CertificateDer::pem_slice_iter(pem) {
                let authority = authority.map_err(|error| error.to_string())?;
                roots.add(authority).map_err(|error| error.to_string())?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = verifier.build().map_err(|error| error.to_string())?;
            config.with_client_cert_verifier(verifier)
        }
    };
    let mut config = config.with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// TLS 1.2 and 1.3 over HTTP/1.1, with the provider's own suites.
pub fn server_config(
    certificate: Arc<Certificate>,
    provider: Arc<CryptoProvider>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
