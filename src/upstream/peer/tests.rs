use super::*;
use crate::upstream::testing::settings;

const AUTHORITY: &[u8] = include_bytes!("../../../tests/data/tls/authority.pem");

fn endpoint(host: &str) -> Endpoint {
    settings(host, 9000, ("id", "secret")).endpoint
}

fn template(change: impl FnOnce(&mut UpstreamSettings)) -> Result<HttpPeer, BadCertificate> {
    let mut settings = settings("store.example", 443, ("id", "secret"));
    settings.endpoint.scheme = Scheme::Https;
    change(&mut settings);
    let address = "192.0.2.1:443".parse().unwrap();
    Template::new(&settings).map(|template| template.at(address))
}

#[tokio::test]
async fn an_ip_address_is_not_looked_up() {
    for (host, expected) in [("127.0.0.2", "127.0.0.2:9000"), ("::1", "[::1]:9000")] {
        let addresses = Addresses::new(&endpoint(host));
        assert_eq!(addresses.next().await.unwrap().to_string(), expected);
    }
}

#[tokio::test]
async fn a_name_is_looked_up_when_it_is_first_needed() {
    let addresses = Addresses::new(&endpoint("localhost"));
    assert!(addresses.next().await.unwrap().ip().is_loopback());
}

#[tokio::test]
async fn addresses_take_turns() {
    let addresses = Addresses::new(&endpoint("store.invalid"));
    let known = ["192.0.2.1:9000", "192.0.2.2:9000"].map(|it| it.parse().unwrap());
    addresses.known.store(Arc::new(known.to_vec()));
    let mut given = Vec::new();
    for _ in 0..4 {
        given.push(addresses.next().await.unwrap());
    }
    assert_eq!(given, [known, known].concat());
}

#[tokio::test]
async fn a_failed_look_up_keeps_what_was_known() {
    // No resolver is asked for a name with a NUL in it.
    let addresses = Addresses::new(&endpoint("no\0name"));
    let error = addresses.next().await.unwrap_err();
    assert_eq!(error.to_string(), "`no\0name` cannot be resolved");
    let known: SocketAddr = "192.0.2.1:9000".parse().unwrap();
    addresses.known.store(Arc::new(vec![known]));
    assert!(addresses.look_up().await.is_err());
    assert_eq!(addresses.next().await.unwrap(), known);
}

#[test]
fn connecting_has_timeouts_and_upgrades_are_denied() {
    let peer = template(|_| ()).unwrap();
    let options = &peer.options;
    assert!(options.connection_timeout.is_some());
    assert!(options.total_connection_timeout.is_some());
    let denied = HttpUpstreamRequestPolicy::deny_upgrades();
    assert_eq!(options.http_upstream_request_policy, denied);
    assert_eq!(options.alpn, ALPN::H1);
}

#[test]
fn every_certificate_of_a_file_is_trusted() {
    let own = template(|it| it.ca_pem = Some(AUTHORITY.to_vec())).unwrap();
    let twice = template(|it| it.ca_pem = Some([AUTHORITY, AUTHORITY].concat())).unwrap();
    assert_eq!(own.options.ca.as_ref().unwrap().len(), 1);
    assert_eq!(twice.options.ca.as_ref().unwrap().len(), 2);
}

#[test]
fn tls_always_has_a_name_to_verify() {
    for host in ["store.example", "192.0.2.1", "::1"] {
        let peer = template(|it| it.endpoint.host = host.into()).unwrap();
        assert!(peer.is_tls());
        assert_eq!(peer.sni, host);
        assert!(peer.options.verify_cert && peer.options.verify_hostname);
    }
}

#[test]
fn authorities_that_are_none_are_refused_by_name() {
    let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (pem, expected) in [
        ("", "upstream `lake`: `tls.ca` holds no certificate"),
        (
            garbled,
            "upstream `lake`: `tls.ca` holds an unusable certificate",
        ),
    ] {
        let error = template(|it| it.ca_pem = Some(pem.into())).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
