//! Where the gateway listens, and the certificates it presents there, which are replaced while it serves.

use super::StartError;
use super::front::{Address, Secured, tls};
use crate::admin::AdminAddress;
use crate::config::settings::{Admin, Bind, Listener, ListenerTls, Settings};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::sign::CertifiedKey;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The certificates presented to clients and administrators.
#[derive(Debug)]
pub(super) struct Certificates {
    listeners: BTreeMap<Box<str>, Arc<tls::Certificate>>,
    admin: Option<Arc<tls::Certificate>>,
    provider: Arc<CryptoProvider>,
}

impl Certificates {
    pub(super) fn of(settings: &Settings) -> Self {
        let new =
            |own: &ListenerTls| Arc::new(tls::Certificate::new(own.certified.as_ref().clone()));
        let listeners = settings.listeners.iter();
        let listeners = listeners.filter_map(|listener| {
            let own = listener.tls.as_ref()?;
            Some((listener.name.clone(), new(own)))
        });
        Self {
            listeners: listeners.collect(),
            admin: admin_tls(settings).map(new),
            provider: Arc::new(default_provider()),
        }
    }

    /// The certificates of other settings, which have TLS on the same listeners.
    pub(super) fn of_others(&self, settings: &Settings) -> Vec<Replacement> {
        let listeners = settings.listeners.iter();
        let listeners = listeners.filter_map(|listener| {
            let own = listener.tls.as_ref()?;
            let name = format!("listeners.{}", listener.name);
            Some(Replacement::new(
                name,
                self.listeners.get(&listener.name)?,
                own,
            ))
        });
        let admin = self.admin.as_ref().zip(admin_tls(settings));
        let admin = admin.map(|(held, own)| Replacement::new("admin".to_owned(), held, own));
        listeners.chain(admin).collect()
    }

    /// The address of every listener with its name, in the order of the configuration.
    pub(super) fn addresses(
        &self,
        settings: &Settings,
    ) -> Result<Vec<(Box<str>, Address)>, StartError> {
        let listeners = settings.listeners.iter();
        let named = listeners.map(|listener| Ok((listener.name.clone(), self.address(listener)?)));
        named.collect()
    }

    fn address(&self, listener: &Listener) -> Result<Address, StartError> {
        let address = match &listener.bind {
            Bind::Unix(path) => return Ok(Address::Unix(path.clone())),
            Bind::Tcp(address) => *address,
        };
        let Some(certificate) = self.listeners.get(&listener.name) else {
            return Ok(Address::Tcp(address));
        };
        let config = tls::server_config(certificate.clone(), self.provider.clone());
        let config = config.map_err(|source| StartError::Tls {
            name: listener.name.clone(),
            source,
        })?;
        Ok(Address::Tls(address, Secured(Arc::new(config))))
    }

    /// The address of the admin listener.
    pub(super) fn admin_address(&self, admin: &Admin) -> Result<AdminAddress, StartError> {
        let address = match &admin.bind {
            Bind::Unix(path) => return Ok(AdminAddress::Unix(path.clone())),
            Bind::Tcp(address) => *address,
        };
        let tls = admin.tls.as_ref().zip(self.admin.as_ref());
        let tls = tls.map(|(own, certificate)| {
            let ca = own.client_ca.as_deref();
            tls::admin_config(certificate.clone(), ca, self.provider.clone())
                .map(Arc::new)
                .map_err(StartError::AdminTls)
        });
        Ok(AdminAddress::Tcp {
            address,
            token: admin.token.clone(),
            tls: tls.transpose()?,
        })
    }
}

fn admin_tls(settings: &Settings) -> Option<&ListenerTls> {
    let tls = settings.admin.as_ref()?.tls.as_ref()?;
    Some(&tls.own)
}

/// A certificate that is to take another's place.
pub(super) struct Replacement {
    name: String,
    held: Arc<tls::Certificate>,
    by: Arc<CertifiedKey>,
}

impl Replacement {
    fn new(name: String, held: &Arc<tls::Certificate>, own: &ListenerTls) -> Self {
        Self {
            name,
            held: held.clone(),
            by: own.certified.clone(),
        }
    }

    /// Presents it from the next handshake on.
    pub(super) fn present(self) {
        if self.held.replace(self.by.as_ref().clone()) {
            tracing::info!("`{}` presents another certificate from now on", self.name);
        }
    }
}

/// An address in words.
pub(super) fn shown(address: &Address) -> String {
    match address {
        Address::Tcp(address) | Address::Tls(address, _) => address.to_string(),
        Address::Unix(path) => path.display().to_string(),
    }
}
