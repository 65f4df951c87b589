//! The way to a running gateway's admin listener: a Unix socket, TCP or TLS.

use super::super::Running;
use crate::config::settings::{Admin, Bind};
use crate::config::{self, Host};
use anyhow::{Context as _, bail};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// The way to a gateway, known but not gone.
pub(super) struct Way<'r> {
    running: &'r Running,
    place: Place,
    token: Option<Zeroizing<String>>,
}

/// A connection, and what to say on it.
pub(super) struct Reached {
    /// For the head of a request.
    pub(super) host: String,
    pub(super) stream: Box<dyn Duplex>,
}

pub(super) trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

enum Place {
    Unix(PathBuf),
    Plain(String),
    Tls(String),
}

impl<'r> Way<'r> {
    /// Works out the way to the gateway that the arguments name.
    pub(super) fn to(running: &'r Running) -> anyhow::Result<Self> {
        let own = running.token_file.as_deref().map(read_token).transpose()?;
        let (place, token) = match &running.admin {
            Some(written) => (written_place(written)?, own),
            None => {
                let admin = configured(running)?;
                let place = match (admin.bind, admin.tls) {
                    (Bind::Unix(path), _) => Place::Unix(path),
                    (Bind::Tcp(address), None) => Place::Plain(address.to_string()),
                    (Bind::Tcp(address), Some(_)) => Place::Tls(address.to_string()),
                };
                (place, own.or(admin.token))
            }
        };
        Ok(Self {
            running,
            place,
            token,
        })
    }

    /// For the head of a request.
    pub(super) fn token(&self) -> Option<&Zeroizing<String>> {
        self.token.as_ref()
    }

    /// Connects; each read and write may take so long.
    pub(super) fn reach(&self, patience: Duration) -> anyhow::Result<Reached> {
        let (host, stream): (String, Box<dyn Duplex>) = match &self.place {
            Place::Unix(path) => ("localhost".to_owned(), Box::new(unix(path, patience)?)),
            Place::Plain(address) => (address.clone(), Box::new(tcp(address, patience)?)),
            Place::Tls(address) => {
                let stream = tls(address, self.running, patience)?;
                (address.clone(), Box::new(stream))
            }
        };
        Ok(Reached { host, stream })
    }
}

fn read_token(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.with_context(|| format!("cannot read `{}`", file.display()))?;
    Ok(Zeroizing::new(text.trim_end().to_owned()))
}

fn written_place(written: &str) -> anyhow::Result<Place> {
    let address = |rest: &str| rest.trim_end_matches('/').to_owned();
    let schemes = [
        written
            .strip_prefix("unix:")
            .map(|path| Place::Unix(path.into())),
        written
            .strip_prefix("http://")
            .map(|rest| Place::Plain(address(rest))),
        written
            .strip_prefix("https://")
            .map(|rest| Place::Tls(address(rest))),
    ];
    schemes.into_iter().flatten().next().with_context(|| {
        format!("`{written}` is none of `unix:PATH`, `http://ADDRESS:PORT` and `https://NAME:PORT`")
    })
}

fn configured(running: &Running) -> anyhow::Result<Admin> {
    let Some(file) = &running.config else {
        bail!("which gateway: give --admin, or --config or PORTCULLIS_CONFIG");
    };
    let (settings, _) = config::load(file, &Host).map_err(|_| {
        let file = file.display();
        anyhow::anyhow!("`{file}` has errors, see `portcullis validate`: give --admin")
    })?;
    settings
        .admin
        .with_context(|| format!("`{}` has no `admin`", file.display()))
}

fn unix(path: &Path, patience: Duration) -> anyhow::Result<UnixStream> {
    let stream = UnixStream::connect(path)
        .with_context(|| format!("cannot reach the gateway at `{}`", path.display()))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

fn tcp(address: &str, patience: Duration) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address)
        .with_context(|| format!("cannot reach the gateway at `{address}`"))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

fn tls(
    address: &str,
    running: &Running,
    patience: Duration,
) -> anyhow::Result<StreamOwned<ClientConnection, TcpStream>> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .with_context(|| format!("`{host}` is no name that a certificate can have"))?;
    let mut connection = ClientConnection::new(Arc::new(tls_config(running)?), name)?;
    let mut stream = tcp(address, patience)?;
    connection.complete_io(&mut stream).with_context(|| {
        format!("the gateway at `{address}` and this program do not agree on TLS")
    })?;
    Ok(StreamOwned::new(connection, stream))
}

fn tls_config(running: &Running) -> anyhow::Result<ClientConfig> {
    let Some(ca) = &running.ca else {
        bail!("the admin listener speaks TLS: give the authorities of its certificate with --ca");
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots
            .add(certificate)
            .with_context(|| format!("`{}` holds an unusable certificate", ca.display()))?;
    }
    // Another part of the process may have installed it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = ClientConfig::builder().with_root_certificates(roots);
    Ok(match (&running.cert, &running.key) {
        (Some(cert), Some(key)) => {
            let pem = std::fs::read(key).map(Zeroizing::new);
            let pem = pem.with_context(|| format!("cannot read `{}`", key.display()))?;
            let private = PrivateKeyDer::from_pem_slice(&pem)
                .with_context(|| format!("`{}` holds no key in PEM", key.display()))?;
            config
                .with_client_auth_cert(certificates(cert)?, private)
                .with_context(|| {
                    format!("`{}` is not the key of `{}`", key.display(), cert.display())
                })?
        }
        _ => config.with_no_client_auth(),
    })
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let pem = std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.with_context(|| format!("`{}` is not PEM", file.display()))?;
    match found.is_empty() {
        true => bail!("`{}` holds no certificate", file.display()),
        false => Ok(found),
    }
}
