//! For tests: sends requests that no admission allowed.

use super::Upstream;
use super::client::{Client, UpstreamAnswer, UpstreamError};
use super::settings::{
    Addressing, CredentialSettings, Endpoint, Scheme, Timeouts, UpstreamSettings,
};
use super::sign::{Body, UpstreamRequest};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use portcullis_core::identity::SecretKey;
use std::sync::Arc;

/// The clock of tests that talk to a server which has a real one.
#[expect(
    clippy::disallowed_methods,
    reason = "the servers of these tests look at the system's clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

pub(crate) fn settings(host: &str, port: u16, keys: (&str, &str)) -> UpstreamSettings {
    UpstreamSettings {
        name: "lake".into(),
        region: "us-east-1".into(),
        endpoint: Endpoint {
            scheme: Scheme::Http,
            host: host.into(),
            port,
        },
        addressing: Addressing::Path,
        ca_pem: None,
        timeouts: Timeouts::default(),
        credentials: CredentialSettings::Static {
            access_key_id: keys.0.into(),
            secret_access_key: SecretKey::new(keys.1.to_owned()),
            session_token: None,
        },
    }
}

/// A key as it stands in a request target.
pub(crate) fn on_the_wire(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    key.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect()
}

/// A client of one server.
pub(crate) struct Caller {
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) client: Client,
}

impl Caller {
    pub(crate) fn new(port: u16, keys: (&str, &str)) -> Self {
        // What the program does first; otherwise the first TLS user decides.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self {
            upstream: Arc::new(Upstream::new(settings("127.0.0.1", port, keys), now).unwrap()),
            client: Client::new(),
        }
    }

    pub(crate) async fn try_call(
        &self,
        method: Method,
        (bucket, key): (&str, &str),
        query: &str,
        pairs: &[(&str, &str)],
        body: &[u8],
    ) -> Result<UpstreamAnswer, UpstreamError> {
        let key = on_the_wire(key);
        let headers = headers(pairs);
        let request = UpstreamRequest {
            method: &method,
            bucket,
            key: &key,
            query,
            headers: &headers,
            body: Body::whole(body),
        };
        let body = Bytes::copy_from_slice(body);
        let limit = 16 * 1024 * 1024;
        self.client
            .call(&self.upstream, &request, body, limit, now())
            .await
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        target: (&str, &str),
        query: &str,
        pairs: &[(&str, &str)],
        body: &[u8],
    ) -> UpstreamAnswer {
        self.try_call(method, target, query, pairs, body)
            .await
            .unwrap()
    }
}
