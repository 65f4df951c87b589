//! Certificates and keys, read and checked before anything listens.

use super::super::place::At;
use super::super::raw;
use super::super::secrets;
use super::super::settings::ListenerTls;
use super::Check;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// A listener's certificate, which must belong to its key.
pub(super) fn listener(
    raw: raw::ListenerTls,
    at: &At<'_>,
    check: &mut Check<'_>,
) -> Option<ListenerTls> {
    let (cert_at, key_at) = (at.field("cert"), at.field("key"));
    let cert = check.required(&cert_at, raw.cert);
    let key = check.required(&key_at, raw.key);
    let cert_pem = cert.and_then(|text| secrets::public(&text, &cert_at, check));
    let key_pem = key.and_then(|text| secrets::secret(&text, &key_at, check));
    let chain = cert_pem
        .as_deref()
        .and_then(|pem| check.take(&cert_at, certificates(pem)));
    let key_pem = key_pem?;
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
        .map_err(|_| "no private key in PEM form here; a file is written `file:PATH`".to_owned());
    let key = check.take(&key_at, key)?;
    let certified =
        CertifiedKey::from_der(chain?, key, &aws_lc_rs::default_provider()).map_err(|error| {
            match error {
                rustls::Error::InconsistentKeys(_) => "the key is another certificate's".to_owned(),
                error => format!("cannot be used: {error}"),
            }
        });
    Some(ListenerTls {
        cert_pem: cert_pem?,
        certified: Arc::new(check.take(&cert_at, certified)?),
        key_pem: key_pem.as_bytes().to_vec().into(),
    })
}

/// Certificate authorities, as PEM.
pub(super) fn authorities(text: &str, at: &At<'_>, check: &mut Check<'_>) -> Option<Vec<u8>> {
    let pem = secrets::public(text, at, check)?;
    let parsed = certificates(&pem).and_then(|certificates| {
        let mut roots = rustls::RootCertStore::empty();
        let added = certificates.into_iter().try_for_each(|one| roots.add(one));
        added.map_err(|error| format!("not a certificate authority: {error}"))
    });
    check.take(at, parsed)?;
    Some(pem)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match parsed {
        Ok(certificates) if certificates.is_empty() => {
            Err("no certificate in PEM form here".to_owned())
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("not certificates in PEM form: {error}")),
    }
}
