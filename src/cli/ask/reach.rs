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

/// For each read and write; a reload reads every file.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection, and what to say on it.
pub(super) struct Reached {
    /// For the head of a request.
    pub(super) host: String,
    /// For the same.
    pub(super) token: Option<Zeroizing<String>>,
    pub(super) stream: Box<dyn Duplex>,
}

pub(super) trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

enum Place {
    Unix(PathBuf),
    Plain(String),
    Tls(String),
}

/// Connects to the gateway that the arguments name.
pub(super) fn reach(running: &Running) -> anyhow::Result<Reached> {
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
    let (host, stream): (String, Box<dyn Duplex>) = match place {
        Place::Unix(path) => ("localhost".to_owned(), Box::new(unix(&path)?)),
        Place::Plain(address) => {
            let stream = tcp(&address)?;
            (address, Box::new(stream))
        }
        Place::Tls(address) => {
            let stream = tls(&address, running)?;
            (address, Box::new(stream))
        }
    };
    Ok(Reached {
        host,
        token,
        stream,
    })
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

fn unix(path: &Path) -> anyhow::Result<UnixStream> {
    let stream = UnixStream::connect(path)
        .with_context(|| format!("cannot reach the gateway at `{}`", path.display()))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn tcp(address: &str) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address)
        .with_context(|| format!("cannot reach the gateway at `{address}`"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn tls(
    address: &str,
    running: &Running,
) -> anyhow::Result<StreamOwned<ClientConnection, TcpStream>> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .with_context(|| format!("`{host}` is no name that a certificate can have"))?;
    let mut connection = ClientConnection::new(Arc::new(tls_config(running)?), name)?;
    let mut stream = tcp(address)?;
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
