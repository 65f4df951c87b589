//! Files that change under a running gateway: what is taken over by itself, what is not, and that nobody notices more than
//! that.

use super::client::{Answer, Client, PATIENCE};
use super::origin::{Origin, Script, answer};
use super::request::{CLERK, OWNER, Request, User, base64, sha256};
use super::stand::{ACCOUNT, Setup, Stand, inet};
use pingora::tls::{ClientTlsStream, TlsConnector};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

const CLOSED: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": "*",
  "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake-1/*" }] }"#;
const POLICY: &str = "policies/buckets/lake-1/policy.json";
const BROKEN: &str = "config_reload_failures_total{reason=\"broken\"}";
const FIRST: (&str, &str) = (
    include_str!("../data/tls/first.crt"),
    include_str!("../data/tls/first.key"),
);
const SECOND: (&str, &str) = (
    include_str!("../data/tls/second.crt"),
    include_str!("../data/tls/second.key"),
);
/// Both certificates'.
const HOST: &str = "s3.example";

fn watched() -> Setup {
    Setup::default().with("watch: 20ms\nhealth: \"127.0.0.1:0\"")
}

impl Stand {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Puts a file in its place by renaming, as whoever must not be read half-way does.
    fn replace(&self, name: &str, text: &str) {
        replace(&self.path(name), text);
    }

    /// Waits until a metric has a value.
    async fn until(&self, series: &str, value: &str) {
        let is_so = async || self.metric(series).await.as_deref() == Some(value);
        eventually(series, is_so).await;
    }

    /// Waits until as many changes are taken, each of which is one step.
    async fn reloads(&self, number: usize) {
        self.until("config_reloads_total", &number.to_string())
            .await;
    }

    /// Waits until the files are what is in force.
    async fn until_taken(&self) {
        self.until("config_last_reload_successful", "1").await;
    }

    /// Waits until somebody gets this answer.
    async fn until_get(&self, user: User, expected: (u16, String)) {
        eventually("GET", async || self.get(user).await == expected).await;
    }

    /// Gets an object as somebody; the origin has it.
    async fn get(&self, user: User) -> (u16, String) {
        let get = Request::get("/lake-1/key").signed_by(user);
        let answer = self.ask(&get).await;
        (answer.status, answer.code())
    }
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}: never so");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn replace(path: &Path, text: &str) {
    let new = path.with_file_name(".new");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&new, text).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).unwrap();
    fs::rename(&new, path).unwrap();
}

fn denied() -> (u16, String) {
    (403, "AccessDenied".to_owned())
}

fn allowed() -> (u16, String) {
    (200, String::new())
}

#[tokio::test]
async fn what_changes_is_in_force_by_itself() {
    let stand = watched().start().await;
    assert_eq!(stand.get(CLERK).await, allowed());
    // In folders that are not there yet.
    stand.replace(POLICY, CLOSED);
    stand.until_get(CLERK, denied()).await;
    fs::remove_dir_all(stand.path("policies/buckets/lake-1")).unwrap();
    stand.until_get(CLERK, allowed()).await;
    let config = stand.text("portcullis.yaml");
    stand.replace(
        "portcullis.yaml",
        &config.replace(CLERK.id, "AKIANEW0000000000001"),
    );
    let new = User {
        id: "AKIANEW0000000000001",
        ..CLERK
    };
    stand.until_get(new, allowed()).await;
    assert_eq!(
        stand.get(CLERK).await,
        (403, "InvalidAccessKeyId".to_owned())
    );
    stand.end().await;
}

#[tokio::test]
async fn watching_can_be_turned_off_and_on() {
    let stand = watched().start().await;
    let config = stand.text("portcullis.yaml");
    stand.replace(
        "portcullis.yaml",
        &config.replace("watch: 20ms", "watch: false"),
    );
    stand.reloads(1).await;
    stand.replace(POLICY, CLOSED);
    for _ in 0..50 {
        assert_eq!(stand.get(CLERK).await, allowed());
    }
    stand.running.reload().await.unwrap();
    assert_eq!(stand.get(CLERK).await, denied());
    stand.replace("portcullis.yaml", &config);
    stand.running.reload().await.unwrap();
    fs::remove_file(stand.path(POLICY)).unwrap();
    stand.until_get(CLERK, allowed()).await;
    stand.end().await;
}

/// A second upstream, with its key in files.
fn pond(port: u16) -> String {
    format!(
        "  pond:\n    profile: s3s\n    region: eu-west-1\n    endpoint: \"http://127.0.0.1:{port}\"\n    owner_account: \"{ACCOUNT}\"\n\
         \x20   buckets: [\"pond-*\"]\n    credentials: {{ access_key_id: \"file:pond/id\", secret_access_key: \"file:pond/secret\" }}"
    )
}

fn with_pond(port: u16) -> Setup {
    Setup::default()
        .with(&pond(port))
        .with("watch: 20ms\nhealth: \"127.0.0.1:0\"")
        .file("pond/id", "AKIAPOND000000000001")
        .file("pond/secret", "canary-pond-secret/0123456789abcdef0")
}

/// Breaks the files and repairs them: what was in force stays, it is told once, and what is repaired is taken.
async fn check(what: &str, break_it: impl FnOnce(&Stand), repair: impl FnOnce(&Stand)) {
    let other = CLOSED.replace("lake-1", "lake-2");
    let stand = with_pond(1)
        .policy("lake-1", CLOSED)
        .policy("lake-2", &other)
        .start()
        .await;
    let revision = async || {
        let text = stand.metrics().await;
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with("portcullis_policies_info{"));
        line.unwrap().to_owned()
    };
    let before = revision().await;
    break_it(&stand);
    stand.until(BROKEN, "1").await;
    stand.until("config_last_reload_successful", "0").await;
    for _ in 0..20 {
        assert_eq!(stand.get(CLERK).await, denied(), "{what}");
    }
    assert_eq!(revision().await, before, "{what}");
    repair(&stand);
    stand.until_taken().await;
    let told = stand.metric(BROKEN).await;
    assert_eq!(told.as_deref(), Some("1"), "{what}: told once");
    assert_eq!(stand.get(CLERK).await, denied(), "{what}");
    // A later change is seen as before.
    fs::remove_file(stand.path(POLICY)).unwrap();
    stand.until_get(CLERK, allowed()).await;
    stand.end().await;
}

/// A file that is broken by another text.
async fn check_text(file: &str, text: impl Fn(&str) -> String) {
    let good = std::cell::OnceCell::new();
    let write = |stand: &Stand| {
        good.set(stand.text(file)).unwrap();
        stand.replace(file, &text(good.get().unwrap()));
    };
    let repair = |stand: &Stand| stand.replace(file, good.get().unwrap());
    check(file, write, repair).await;
}

fn half(text: &str) -> String {
    text[..text.len() / 2].to_owned()
}

#[tokio::test]
async fn a_file_half_written_keeps_what_was_in_force_until_it_is_whole() {
    check_text(POLICY, half).await;
    check_text(POLICY, |_| String::new()).await;
    check_text("portcullis.yaml", half).await;
    check_text("portcullis.yaml", |_| String::new()).await;
}

#[tokio::test]
async fn an_invalid_file_keeps_what_was_in_force_until_it_is_repaired() {
    check_text(POLICY, |text| text.replace("s3:GetObject", "s3:GetObjct")).await;
    check_text("portcullis.yaml", |text| format!("{text}unknown: 1\n")).await;
    check_text("pond/secret", |_| String::new()).await;
    check(
        "secret open to others",
        |stand| open_to(0o644, stand),
        |stand| open_to(0o600, stand),
    )
    .await;
}

fn open_to(mode: u32, stand: &Stand) {
    fs::set_permissions(stand.path("pond/secret"), fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn what_is_removed_keeps_what_was_in_force_until_it_is_back() {
    for name in ["policies", "portcullis.yaml", "pond", "pond/secret"] {
        let away = |stand: &Stand| fs::rename(stand.path(name), stand.path("away")).unwrap();
        let back = |stand: &Stand| fs::rename(stand.path("away"), stand.path(name)).unwrap();
        check(name, away, back).await;
    }
    // As it looks where a volume is not mounted.
    check(
        "an empty folder",
        |stand| fs::rename(stand.path("policies/buckets"), stand.path("away")).unwrap(),
        |stand| fs::rename(stand.path("away"), stand.path("policies/buckets")).unwrap(),
    )
    .await;
}

#[tokio::test]
async fn what_needs_a_restart_is_told_and_nothing_beside_it_is_taken() {
    let stand = watched().start().await;
    let config = stand.text("portcullis.yaml");
    stand.replace(POLICY, CLOSED);
    stand.replace("portcullis.yaml", &format!("{config}threads: 7\n"));
    let series = "config_reload_failures_total{reason=\"needs_restart\"}";
    stand.until(series, "1").await;
    assert_eq!(stand.metric(BROKEN).await.as_deref(), Some("0"));
    // Between the two writes may have been a look.
    let taken = stand.metric("config_reloads_total").await;
    if taken.as_deref() == Some("0") {
        assert_eq!(stand.get(CLERK).await, allowed());
    }
    stand.replace("portcullis.yaml", &config);
    stand.until_taken().await;
    assert_eq!(stand.get(CLERK).await, denied());
    stand.end().await;
}

/// A folder as Kubernetes mounts a ConfigMap or a Secret: links through `..data`, which a rename points elsewhere.
struct Mount(PathBuf);

impl Mount {
    fn new(folder: PathBuf, files: &[(&str, &str)]) -> Self {
        let mount = Self(folder);
        fs::create_dir_all(&mount.0).unwrap();
        mount.swap("..1", files);
        for (name, _) in files {
            let shown = name.split('/').next().unwrap();
            let _ = symlink(format!("..data/{shown}"), mount.0.join(shown));
        }
        mount
    }

    fn swap(&self, name: &str, files: &[(&str, &str)]) {
        for (file, text) in files {
            replace(&self.0.join(name).join(file), text);
        }
        symlink(name, self.0.join("..data_tmp")).unwrap();
        fs::rename(self.0.join("..data_tmp"), self.0.join("..data")).unwrap();
    }
}

#[tokio::test]
async fn mounts_of_kubernetes_are_taken_over_when_they_are_swapped() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "buckets/lake-1/policy.json";
    let other = CLOSED.replace("GetObject", "DeleteObject");
    let policies = Mount::new(folder.path().join("policies"), &[(policy, &other)]);
    let key = [
        "AKIAPOND000000000001",
        "canary-pond-secret/0123456789abcdef0",
    ];
    let keys = Mount::new(
        folder.path().join("pond"),
        &[("id", key[0]), ("secret", key[1])],
    );
    let origin = Origin::start().await;
    let setup = Setup::default()
        .with(&pond(origin.port))
        .with("watch: 20ms\nhealth: \"127.0.0.1:0\"");
    let stand = setup.start_at(origin, folder).await;
    assert_eq!(stand.get(CLERK).await, allowed());

    policies.swap("..2", &[(policy, CLOSED)]);
    stand.until_get(CLERK, denied()).await;

    let put = Request::put("/pond-1/key", "x").signed_by(OWNER);
    assert_eq!(stand.ask(&put).await.status, 200);
    keys.swap("..2", &[("id", "AKIAPOND000000000002"), ("secret", key[1])]);
    stand.reloads(2).await;
    assert_eq!(stand.ask(&put).await.status, 200);
    let seen = stand.origin.memory().seen;
    let ids = ["AKIAPOND000000000001", "AKIAPOND000000000002"];
    for (id, seen) in ids.iter().zip(&seen[seen.len() - 2..]) {
        assert!(
            seen.header("authorization").unwrap().contains(id),
            "{seen:?}"
        );
    }

    // The same again is no change, and a broken one is none that counts.
    policies.swap("..3", &[(policy, "{")]);
    stand.until(BROKEN, "1").await;
    assert_eq!(stand.get(CLERK).await, denied());
    policies.swap("..4", &[(policy, CLOSED)]);
    stand.until_taken().await;
    stand.end().await;
}

type Secure = Client<ClientTlsStream<TcpStream>>;

/// A client of either certificate's authority.
fn connector() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for (pem, _) in [FIRST, SECOND] {
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn shake(stream: TcpStream) -> (Secure, Vec<u8>) {
    let name = ServerName::try_from(HOST).unwrap();
    let stream = connector().connect(name, stream).await.unwrap();
    let presented = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    (Client::new(stream), presented)
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn ask(client: &mut Secure, request: &Request) -> Answer {
    client.send(&request.bytes()).await;
    client.answer(request.method()).await
}

fn der((pem, _): (&str, &str)) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .unwrap()
        .to_vec()
}

#[tokio::test]
async fn a_replaced_certificate_is_presented_and_no_connection_notices() {
    let tls = "tls: { cert: \"file:tls/tls.crt\", key: \"file:tls/tls.key\" }";
    let files = |(cert, key): (&'static str, &'static str)| [("tls.crt", cert), ("tls.key", key)];
    let folder = tempfile::tempdir().unwrap();
    let mount = Mount::new(folder.path().join("tls"), &files(FIRST));
    let stand = watched()
        .door(
            "tls",
            &format!("bind: \"127.0.0.1:0\", hosts: [{HOST}], {tls}"),
        )
        .with(&format!(
            "admin: {{ bind: \"127.0.0.1:0\", token: canary-admin-token-1, {tls} }}"
        ))
        .start_at(Origin::start().await, folder)
        .await;
    let address = inet(&stand.running.bound()[1]);
    let get = Request::get("/lake-1/key").on(HOST).signed_by(OWNER);
    let (mut open, presented) = shake(connect(address).await).await;
    assert_eq!(presented, der(FIRST));
    assert_eq!(ask(&mut open, &get).await.status, 200);
    // An upload in the middle, and a connection before its first byte.
    let put = Request::put("/lake-1/key", vec![b'x'; 100_000])
        .on(HOST)
        .signed_by(OWNER);
    let (mut busy, _) = shake(connect(address).await).await;
    let bytes = put.bytes();
    let (first, rest) = bytes.split_at(50_000);
    busy.send(first).await;
    let silent = connect(address).await;

    mount.swap("..2", &files(SECOND));
    stand.reloads(1).await;
    assert_eq!(ask(&mut open, &get).await.status, 200);
    busy.send(rest).await;
    assert_eq!(busy.answer("PUT").await.status, 200);
    let (mut late, presented) = shake(silent).await;
    assert_eq!(presented, der(SECOND));
    assert_eq!(ask(&mut late, &get).await.status, 200);
    for address in [address, stand.running.admin().unwrap()] {
        let (_, presented) = shake(connect(address).await).await;
        assert_eq!(presented, der(SECOND));
    }

    // A key of another certificate is not presented.
    mount.swap("..3", &[("tls.crt", FIRST.0), ("tls.key", SECOND.1)]);
    stand.until(BROKEN, "1").await;
    let (_, presented) = shake(connect(address).await).await;
    assert_eq!(presented, der(SECOND));
    let failures = "tls_handshake_failures_total{listener=\"tls\"}";
    assert_eq!(stand.metric(failures).await.as_deref(), Some("0"));
    drop((open, busy, late));
    stand.end().await;
}

/// The token stays; whoever changes it hears of it.
#[tokio::test]
async fn the_admin_listener_s_token_needs_a_restart() {
    let stand = watched()
        .with("admin: { bind: \"127.0.0.1:0\", token: \"file:token\" }")
        .file("token", "canary-admin-token-1")
        .start()
        .await;
    stand.replace("token", "canary-admin-token-2");
    let series = "config_reload_failures_total{reason=\"needs_restart\"}";
    stand.until(series, "1").await;
    stand.end().await;
}

const PUBLIC: &str = r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*",
  "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake-1/*" }] }"#;

#[tokio::test]
async fn an_account_s_flags_by_configuration_end_what_a_public_policy_gives() {
    let stand = watched()
        .policy("lake-1", PUBLIC)
        .with("state: { redb: state.redb }")
        .start()
        .await;
    let control = |method: &str, body: &str| {
        let request = Request::new(method, "/v20180820/configuration/publicAccessBlock")
            .header("x-amz-account-id", ACCOUNT);
        let request = match body {
            "" => request,
            body => request
                .header("x-amz-checksum-sha256", base64(&sha256(body.as_bytes())))
                .body(body),
        };
        request.signed_by(OWNER)
    };
    let flags = |on: &str| {
        format!(
            "<PublicAccessBlockConfiguration><RestrictPublicBuckets>{on}</RestrictPublicBuckets></PublicAccessBlockConfiguration>"
        )
    };
    let stranger = Request::get("/lake-1/key");
    stand.origin.will(Script::say(answer("200 OK", "", "x")));
    assert_eq!(stand.ask(&stranger).await.status, 200);
    let put = control("PUT", &flags("false"));
    assert_eq!(stand.ask(&put).await.status, 200);

    let config = stand.text("portcullis.yaml");
    let account = format!("    \"{ACCOUNT}\":\n");
    let block = format!("{account}      public_access_block: {{ RestrictPublicBuckets: true }}\n");
    assert!(config.contains(&account));
    stand.replace("portcullis.yaml", &config.replace(&account, &block));
    stand.reloads(1).await;
    assert_eq!(stand.ask(&stranger).await.status, 403);
    assert_eq!(stand.get(OWNER).await, allowed());
    for request in [&put, &control("DELETE", "")] {
        let refused = stand.ask(request).await;
        assert_eq!((refused.status, &*refused.code()), (403, "AccessDenied"));
        assert!(
            refused.text().contains("managed by configuration"),
            "{refused:?}"
        );
    }
    let told = stand.ask(&control("GET", "")).await;
    assert_eq!(told.element("RestrictPublicBuckets"), "true");
    assert_eq!(told.element("BlockPublicPolicy"), "false");

    // What was set before is in force again without it.
    stand.replace("portcullis.yaml", &config);
    stand.reloads(2).await;
    assert_eq!(stand.ask(&stranger).await.status, 200);
    assert_eq!(stand.ask(&put).await.status, 200);
    stand.end().await;
}
