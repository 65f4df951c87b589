//! TLS: the same guard and bodies, facts for the log, and a certificate replaced while serving.

use super::serving::{alone, echo, idle};
use super::*;
use crate::gateway::front::arrived::cipher_name;
use crate::gateway::front::tls::{BadCertificate, Certificate, certified_key, server_config};
use pingora::tls::{ClientTlsStream, TlsConnector};
use portcullis_core::admission::TlsVersion;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

const FIRST: (&[u8], &[u8]) = (
    include_bytes!("../../../../tests/data/tls/first.crt"),
    include_bytes!("../../../../tests/data/tls/first.key"),
);
const SECOND: (&[u8], &[u8]) = (
    include_bytes!("../../../../tests/data/tls/second.crt"),
    include_bytes!("../../../../tests/data/tls/second.key"),
);
const VERSIONS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

fn certificate() -> Arc<Certificate> {
    let key = certified_key(FIRST.0, FIRST.1, &provider()).unwrap();
    Arc::new(Certificate::new(key))
}

async fn secured(certificate: Arc<Certificate>, limits: Limits) -> Stand {
    let config = server_config(certificate, Arc::new(provider())).unwrap();
    let address = ANYWHERE.parse().unwrap();
    Stand::at(limits, Address::Tls(address, Secured(Arc::new(config)))).await
}

fn connector(versions: &[&'static SupportedProtocolVersion], alpn: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for (chain, _) in [FIRST, SECOND] {
        roots
            .add(CertificateDer::from_pem_slice(chain).unwrap())
            .unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

async fn shake(
    stand: &Stand,
    connector: &TlsConnector,
) -> std::io::Result<Client<ClientTlsStream<TcpStream>>> {
    let socket = TcpStream::connect(stand.address).await.unwrap();
    let name = ServerName::try_from("s3.example").unwrap();
    connector.connect(name, socket).await.map(Client)
}

async fn connect(stand: &Stand) -> Client<ClientTlsStream<TcpStream>> {
    shake(stand, &connector(VERSIONS, &[b"http/1.1"]))
        .await
        .unwrap()
}

#[tokio::test]
async fn bodies_arrive_intact_over_tls() {
    let stand = secured(certificate(), Limits::default()).await;
    echo(connect(&stand).await, 10 * 1024 * 1024, 1024 * 1024).await;
    echo(connect(&stand).await, 300_000, 997).await;
    echo(connect(&stand).await, 500, 1).await;
}

#[tokio::test]
async fn a_connection_is_kept_over_tls() {
    let stand = secured(certificate(), Limits::default()).await;
    let mut client = connect(&stand).await;
    for _ in 0..100 {
        assert_eq!(client.ask(GET).await.status, 200);
    }
    let answered = client
        .ask(b"GET /size/1000000 HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    assert_eq!(answered.body.len(), 1_000_000);
    assert_eq!(client.ask(b"GET /a HTTP/1.1\r\n\r\n").await.status, 400);
    client.closed().await;
}

#[tokio::test]
async fn t39_a_pipelined_request_is_not_served_over_tls() {
    let stand = secured(certificate(), Limits::default()).await;
    let mut client = connect(&stand).await;
    assert_eq!(client.ask(&[GET, GET].concat()).await.status, 200);
    client.closed().await;
    assert_eq!(stand.app.served(), 1);
}

#[tokio::test]
async fn the_record_has_the_names_of_s3s_access_log() {
    let stand = secured(certificate(), Limits::default()).await;
    for (version, expected, cipher) in [
        (
            &rustls::version::TLS13,
            TlsVersion::V1_3,
            "TLS_AES_256_GCM_SHA384",
        ),
        (
            &rustls::version::TLS12,
            TlsVersion::V1_2,
            "ECDHE-ECDSA-AES256-GCM-SHA384",
        ),
    ] {
        let mut client = shake(&stand, &connector(&[version], &[])).await.unwrap();
        client.ask(GET).await;
        let arrived = stand.app.arrived.lock().unwrap().last().unwrap().clone();
        let tls = arrived.origin.tls.unwrap();
        assert_eq!(tls.version, expected);
        assert!(tls.version_name().starts_with("TLSv1."));
        assert_eq!(tls.cipher, cipher);
    }
}

#[test]
fn every_cipher_suite_of_the_provider_has_a_name() {
    for suite in provider().cipher_suites {
        assert_ne!(cipher_name(suite.suite()), "-", "{:?}", suite.suite());
    }
}

#[tokio::test]
async fn a_client_that_speaks_only_http_2_is_refused_in_the_handshake() {
    let stand = secured(certificate(), Limits::default()).await;
    assert!(shake(&stand, &connector(VERSIONS, &[b"h2"])).await.is_err());
    assert!(
        shake(&stand, &connector(VERSIONS, &[b"h2", b"http/1.1"]))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_certificate_is_replaced_without_disturbing_connections() {
    let certificate = certificate();
    let stand = secured(Arc::clone(&certificate), Limits::default()).await;
    let served = |client: &Client<ClientTlsStream<TcpStream>>| {
        client.0.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let mut old = connect(&stand).await;
    old.ask(GET).await;
    certificate.replace(certified_key(SECOND.0, SECOND.1, &provider()).unwrap());
    assert_eq!(old.ask(GET).await.status, 200);
    let mut new = connect(&stand).await;
    assert_eq!(new.ask(GET).await.status, 200);
    assert_eq!(
        served(&old),
        CertificateDer::from_pem_slice(FIRST.0).unwrap().to_vec()
    );
    assert_eq!(
        served(&new),
        CertificateDer::from_pem_slice(SECOND.0).unwrap().to_vec()
    );
}

#[tokio::test(start_paused = true)]
async fn a_handshake_has_a_deadline() {
    let stand = secured(certificate(), Limits::default()).await;
    let mut client = stand.connect().await;
    let since = tokio::time::Instant::now();
    client.closed().await;
    assert_eq!(since.elapsed().as_secs(), 10);
    assert_eq!(stand.book.refusals(), []);
    stand.ended().await;
    assert_eq!(stand.metric("tls_handshake_failures_total"), "1");
    assert_eq!(stand.metric("connections"), "0");
}

#[tokio::test]
async fn failed_handshakes_are_counted_and_sound_ones_are_not() {
    let stand = secured(certificate(), Limits::default()).await;
    connect(&stand).await.ask(GET).await;
    assert_eq!(stand.metric("tls_handshake_failures_total"), "0");
    assert!(shake(&stand, &connector(VERSIONS, &[b"h2"])).await.is_err());
    let mut plain = stand.connect().await;
    plain.send(GET).await;
    let mut said = Vec::new();
    let _ = plain.0.read_to_end(&mut said).await;
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    let mut mute = stand.connect().await;
    mute.0.shutdown().await.unwrap();
    mute.closed().await;
    stand.ended().await;
    assert_eq!(stand.metric("tls_handshake_failures_total"), "3");
    assert_eq!(stand.metric("connections"), "0");
    assert_eq!(stand.app.served(), 1);
}

#[test]
fn a_certificate_and_key_must_belong_together() {
    let check = |chain: &[u8], key: &[u8]| certified_key(chain, key, &provider()).unwrap_err();
    assert!(matches!(
        check(FIRST.0, SECOND.1),
        BadCertificate::Mismatch(_)
    ));
    assert!(matches!(check(b"", FIRST.1), BadCertificate::Empty));
    assert!(matches!(check(FIRST.0, b"nothing"), BadCertificate::Key(_)));
}

#[test]
fn five_hundred_idle_connections_over_tls_stay_under_100_mib() {
    alone("gateway::front::tests::tls::idle_connections_alone");
}

#[tokio::test]
#[ignore = "run by the test above"]
async fn idle_connections_alone() {
    let stand = secured(certificate(), Limits::default()).await;
    assert!(idle(async || connect(&stand).await).await < 100 * 1024);
}
