//! HTTPS: what a client agrees on with the gateway, what policies and logs see of it, and what becomes of other speakers.

use super::client::{Answer, Client};
use super::origin::{self, Script};
use super::request::{OWNER, Request};
use super::stand::{Setup, Stand, inet};
use pingora::tls::{ClientTlsStream, TlsConnector};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;

const CERTIFICATE: &str = include_str!("../data/tls/first.crt");
const KEY: &str = include_str!("../data/tls/first.key");
/// The certificate's.
const HOST: &str = "s3.example";
const HTTP_1: &[u8] = b"http/1.1";
const TLS_1_2: &SupportedProtocolVersion = &rustls::version::TLS12;
const TLS_1_3: &SupportedProtocolVersion = &rustls::version::TLS13;

/// With a plain listener, and one with TLS beside it.
fn setup() -> Setup {
    Setup::default()
        .door(
            "tls",
            &format!(
                "bind: \"127.0.0.1:0\", hosts: [{HOST}], tls: {{ cert: \"file:tls.crt\", key: \"file:tls.key\" }}"
            ),
        )
        .file("tls.crt", CERTIFICATE)
        .file("tls.key", KEY)
        .with("health: \"127.0.0.1:0\"")
}

async fn socket(stand: &Stand) -> TcpStream {
    let address = inet(&stand.running.bound()[1]);
    TcpStream::connect(address).await.unwrap()
}

async fn shake(
    stand: &Stand,
    version: &'static SupportedProtocolVersion,
    alpn: &[&[u8]],
) -> io::Result<Client<ClientTlsStream<TcpStream>>> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes());
    roots.add(certificate.unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_protocol_versions(&[version])
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let name = ServerName::try_from(HOST).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, socket(stand).await).await?;
    let agreed = stream.get_ref().1.alpn_protocol();
    assert_eq!(agreed, alpn.first().copied());
    Ok(Client::new(stream))
}

async fn ask(client: &mut Client<ClientTlsStream<TcpStream>>, request: &Request) -> Answer {
    client.send(&request.bytes()).await;
    client.answer(request.method()).await
}

fn get() -> Request {
    Request::get("/lake-1/key").on(HOST).signed_by(OWNER)
}

#[tokio::test]
async fn a_signed_get_passes_and_the_log_names_cipher_and_version() {
    for (version, name, cipher) in [
        (TLS_1_3, "TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        (TLS_1_2, "TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ] {
        let stand = setup().start().await;
        let mut client = shake(&stand, version, &[HTTP_1]).await.unwrap();
        for _ in 0..2 {
            let answer = ask(&mut client, &get()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert!(answer.head.starts_with("HTTP/1.1 "), "{answer:?}");
        }
        assert_eq!(
            stand
                .metric("connections{listener=\"tls\"}")
                .await
                .as_deref(),
            Some("1")
        );
        drop(client);
        let ended = stand.end().await;
        let log = String::from_utf8(ended.log.clone()).unwrap();
        assert_eq!(log.lines().count(), 2, "{log}");
        let expected = format!(" SigV4 {cipher} AuthHeader {HOST} {name} ");
        assert!(log.lines().all(|line| line.contains(&expected)), "{log}");
        for record in &ended.records {
            assert_eq!(record["tls_version"], name, "{record:#}");
            assert_eq!(record["cipher_suite"], cipher, "{record:#}");
        }
    }
}

#[tokio::test]
async fn a_plain_request_has_neither_cipher_nor_version_in_the_log() {
    let stand = setup().start().await;
    let request = Request::get("/lake-1/key").signed_by(OWNER);
    assert_eq!(stand.ask(&request).await.status, 200);
    let ended = stand.end().await;
    let log = String::from_utf8(ended.log.clone()).unwrap();
    assert!(log.contains(" SigV4 - AuthHeader s3.test - "), "{log}");
}

#[tokio::test]
async fn a_body_streams_up_and_down_over_tls() {
    let stand = setup().start().await;
    let body = vec![b'x'; 300_000];
    let request = Request::put("/lake-1/key", body.clone()).on(HOST);
    let mut client = shake(&stand, TLS_1_3, &[HTTP_1]).await.unwrap();
    let answer = ask(&mut client, &request.signed_by(OWNER)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let said = origin::answer("200 OK", "", &body);
    stand.origin.will(Script::say(said));
    let answer = ask(&mut client, &get()).await;
    assert!(answer.whole && answer.body == body);
    drop(client);
    let ended = stand.end().await;
    assert_eq!(ended.origin.seen[0].body, body);
}

const ONLY_TLS: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": "s3:*",
    "Resource": ["arn:aws:s3:::lake-1", "arn:aws:s3:::lake-1/*"], "Condition": { "Bool": { "aws:SecureTransport": "false" } } }] }"#;

#[tokio::test]
async fn secure_transport_denies_over_plain_and_allows_over_tls() {
    let stand = setup().policy("lake-1", ONLY_TLS).start().await;
    let plain = Request::get("/lake-1/key").signed_by(OWNER);
    let denied = stand.ask(&plain).await;
    assert_eq!((denied.status, &*denied.code()), (403, "AccessDenied"));
    let mut client = shake(&stand, TLS_1_3, &[HTTP_1]).await.unwrap();
    let allowed = ask(&mut client, &get()).await;
    assert_eq!(allowed.status, 200, "{allowed:?}");
    let ended = stand.end().await;
    assert_eq!(ended.records.len(), 2, "{}", ended.lines);
    assert_eq!(ended.records[0]["ending"], "refused");
    assert_eq!(ended.records[1]["ending"], "answered");
    ended.seen();
}

/// Whatever a client or another proxy says of the way it came.
#[tokio::test]
async fn secure_transport_is_the_socket_s_and_no_header_s() {
    let stand = setup().policy("lake-1", ONLY_TLS).start().await;
    let plain = Request::get("/lake-1/key")
        .header("X-Forwarded-Proto", "https")
        .header("Forwarded", "proto=https")
        .signed_by(OWNER);
    let denied = stand.ask(&plain).await;
    stand.end().await.refused(&denied, 403, "AccessDenied");
}

#[tokio::test]
async fn a_name_without_a_protocol_is_served_and_http_2_alone_is_not() {
    let stand = setup().start().await;
    let mut client = shake(&stand, TLS_1_3, &[]).await.unwrap();
    assert_eq!(ask(&mut client, &get()).await.status, 200);
    assert!(shake(&stand, TLS_1_3, &[b"h2"]).await.is_err());
    drop(client);
    assert_eq!(stand.end().await.records.len(), 1);
}

#[tokio::test]
async fn who_speaks_plain_http_to_the_tls_port_is_closed_and_counted() {
    let stand = setup().start().await;
    let mut plain = Client::new(socket(&stand).await);
    plain.send(&get().bytes()).await;
    let said = plain.finished().await;
    // At most TLS's own alert.
    assert!(said.len() < 16 && !said.starts_with(b"HTTP"), "{said:?}");
    let failures = "tls_handshake_failures_total{listener=\"tls\"}";
    assert_eq!(stand.metric(failures).await.as_deref(), Some("1"));
    let mut client = shake(&stand, TLS_1_3, &[HTTP_1]).await.unwrap();
    assert_eq!(ask(&mut client, &get()).await.status, 200);
    assert_eq!(stand.metric(failures).await.as_deref(), Some("1"));
    drop(client);
    let ended = stand.end().await;
    assert_eq!(ended.records.len(), 1, "{}", ended.lines);
    ended.seen();
}
